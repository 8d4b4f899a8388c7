"""Conditions as EXPLAIN prints them are taken apart and asked again."""

from __future__ import annotations

import pytest

from app_db.isolation.advise.plans import Scan, aliases, alone, conjuncts, unwrapped


@pytest.mark.parametrize(("condition", "parts"), [
    ("", []),
    ("(a = 1)", ["(a = 1)"]),
    ("((a = 1) AND (b = 2))", ["(a = 1)", "(b = 2)"]),
    ("((a = 1) AND ((b = 2) OR (c = 3)))", ["(a = 1)", "((b = 2) OR (c = 3))"]),
    ("((a = 1) OR ((b = 2) AND (c = 3)))", ["((a = 1) OR ((b = 2) AND (c = 3)))"]),
    ("((a = ') AND ('::text) AND is_open)", ["(a = ') AND ('::text)", "is_open"]),
    ("((\"x AND )\" = 1) AND (b = 'it''s AND'::text))", ["(\"x AND )\" = 1)", "(b = 'it''s AND'::text)"]),
])  # fmt: skip
def test_a_condition_has_parts(condition: str, parts: list[str]) -> None:
    assert conjuncts(condition) == parts


@pytest.mark.parametrize(("text", "inner"), [("(a)", "a"), ("(a) + (b)", "(a) + (b)"), ("a", "a"), ("((a))", "(a)")])
def test_parentheses_around_all_of_it_go(text: str, inner: str) -> None:
    assert unwrapped(text) == inner


def test_what_stands_in_quotes_is_no_alias() -> None:
    assert aliases("((a.x = 'b.y'::text) AND (\"C d\".z = lower(e.f)))") == {"a", "C d", "e"}


def scan(*conditions: str) -> Scan:
    return Scan("s", "t", "a", conditions, 1.0, None)


@pytest.mark.parametrize(("condition", "given", "asked"), [
    ("(a.x = b.y)", 0, ["(a.x = $1)"]),
    ("(a.x = b.y)", 2, ["(a.x = $3)"]),
    ("(a.x = $2)", 2, ["(a.x = $2)"]),
    ("(a.x = $0)", 2, ["(a.x = $3)"]),
    ("(a.x = (InitPlan 1).col1)", 0, ["(a.x = $1)"]),
    ("(a.x = 'b.y $1'::text)", 0, ["(a.x = 'b.y $1'::text)"]),
    ("(a.x = app.now())", 0, ["(a.x = app.now())"]),
    ("(NOT (SubPlan 1))", 0, []),
    ("(\"a\".x = \"b\".y)", 0, ["(\"a\".x = $1)"]),
])  # fmt: skip
def test_what_comes_from_elsewhere_becomes_a_parameter(condition: str, given: int, asked: list[str]) -> None:
    assert alone(scan(condition), {"a", "b"}, given) == asked
