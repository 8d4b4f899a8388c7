"""A function is named only where it asks what the statement asks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app_db.isolation.advise.functions import Function, plain
from app_db.isolation.advise.keys import Key, Operator

OPERATORS = tuple(
    Operator(sign, "pg_catalog", "numeric", "s", number, is_leakproof=False, category="N")
    for number, sign in enumerate(("<", "<=", "=", ">=", ">"), 1)
)
CREDIT = Key(
    "hire", "customers", "ix", 2, "btree", "credit", "credit", ("credit",), "numeric", "numeric", "b", 2, (), None,
    "pg_catalog.numeric_ops", leaky_functions=False, leading=("tenant_id",), operators=OPERATORS,
)  # fmt: skip
FROM = "select c.id from hire.customers c where "
RANGE, EQUAL = "(credit >= '5'::numeric)", "(credit = '5'::numeric)"


def reads(condition: str, asked: str | None, types: str = "numeric N", key: Key = CREDIT) -> bool:
    type_, _, category = types.rpartition(" ")
    return Function("hire.f", True, plain(condition), {"given": (type_, category)}).reads(key, asked)


@pytest.mark.parametrize(("body", "asked", "types"), [
    ("select c.credit from hire.customers c where c.id = given", EQUAL, "uuid U"),
    (f"{FROM} c.id = given and c.credit > 5", "(credit > '5'::numeric)", "uuid U"),
    (f"{FROM} (c.credit = given)", RANGE, "numeric N"),
    (f"{FROM} (c.credit = given)", EQUAL, "text S"),
    (f"{FROM} (c.credit = c.worth)", EQUAL, "numeric N"),
    ("select from hire.others where (credit = given)", EQUAL, "numeric N"),
])  # fmt: skip
def test_a_function_that_asks_something_else_is_not_named(body: str, asked: str, types: str) -> None:
    assert not reads(body, asked, types)


@pytest.mark.parametrize(("body", "asked", "types"), [
    (f"{FROM} (c.credit = given)", EQUAL, "numeric N"),
    (f"{FROM} c.credit >= given", RANGE, "integer N"),
    (f"{FROM} c.credit between given and given + 1", RANGE, "numeric N"),
    (f"{FROM} c.credit = any (given)", EQUAL, "numeric[] A"),
    (f"{FROM} c.credit = given::numeric", EQUAL, "text S"),
    (f"declare low numeric(12,2) := given; begin return query {FROM} c.credit = low; end", EQUAL, "text S"),
])  # fmt: skip
def test_a_function_that_asks_the_same_is_named(body: str, asked: str, types: str) -> None:
    assert reads(body, asked, types)
    assert reads(body, None, types), "and its index is not lost"


def test_like_is_asked_of_a_b_tree_by_what_it_begins_with() -> None:
    text = tuple(replace(one, right="text", category="S") for one in OPERATORS)
    key = replace(CREDIT, type="text", operators=text)
    assert reads(f"{FROM} c.credit ^@ given", "(credit ~~ 'a%'::text)", "text S", key)
    assert not reads(f"{FROM} c.credit = given", "(credit ~~ 'a%'::text)", "text S", key)
