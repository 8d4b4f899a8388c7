"""Whether a condition keeps to the tenant is told by its words, as PostgreSQL prints them."""

from __future__ import annotations

import pytest

from app_db.isolation.check.predicate import (
    casts,
    has_word,
    holds,
    is_wrapped,
    mentions,
    names_a_role,
    reads_a_table,
    settings_read,
)

COLUMNS = {"tenant_id", "id", "user_id", "text", "or", "name", "uuid"}
READ = "(NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid"
EQUAL = f"(tenant_id = {READ})"

HOLDING = [
    EQUAL,
    f"({READ} = tenant_id)",
    f"({EQUAL} AND (user_id = {READ}))",
    f"((name IS NOT NULL) AND ({EQUAL} AND (name <> ' OR true'::text)))",
    f'({EQUAL} AND ("or" = 1))',
    "(tenant_id = app.current_tenant_id())",
    f'(tenant_id = ( SELECT {READ} AS "nullif"))',
    "((tenant_id)::text = current_setting('app.current_tenant_id'::text, true))",
    "((tenant_id)::text = replace((CURRENT_USER)::text, 'tenant_'::text, ''::text))",
    "(tenant_id = ANY (app.my_tenants()))",
    f"(tenant_id = ANY (ARRAY[{READ}, {READ}]))",
    f"(items.tenant_id = {READ})".replace("items.", ""),
]
OPEN = [
    "true",
    "(tenant_id = id)",
    "(tenant_id IS NOT NULL)",
    "(tenant_id = '00000000-0000-0000-0000-000000000001'::uuid)",
    f"({EQUAL} OR (name = 'all'::text))",
    f"(({EQUAL} AND (id = id)) OR (current_setting('rls.bypass'::text, true) = 'on'::text))",
    f"(NOT {EQUAL})",
    f"CASE WHEN (name IS NULL) THEN true ELSE {EQUAL} END",
    f"(id = {READ})",
    f"(tenant_id <> {READ})",
    "(tenant_id = lower(text))",
    "(tenant_id = ANY (ARRAY[id, user_id]))",
    f"(tenant_id = ANY (ARRAY[{READ}, '00000000-0000-0000-0000-000000000001'::uuid]))",
    f"(tenant_id = ANY (ARRAY[{READ}] || '{{00000000-0000-0000-0000-000000000001}}'::uuid[]))",
    "(name = 'tenant_id = f()'::text)",
    f"(EXISTS ( SELECT 1 FROM tenancy.tenants WHERE {EQUAL}))",
]


@pytest.mark.parametrize("expression", HOLDING)
def test_an_equation_of_the_tenant_with_who_asks_holds(expression: str) -> None:
    assert holds(expression, "tenant_id", COLUMNS)


@pytest.mark.parametrize("expression", OPEN)
def test_anything_else_is_open(expression: str) -> None:
    assert not holds(expression, "tenant_id", COLUMNS)


def test_keywords_in_strings_and_quoted_names_are_none() -> None:
    assert not has_word("((name = ' or '::text) AND (\"or\" = 1))", "or")
    assert has_word("((name = 'x'::text) OR (id = id))", "or")


@pytest.mark.parametrize(
    ("expression", "reads", "wrapped"),
    [
        (f"(tenant_id = ( SELECT {READ} AS uuid))", False, True),
        ("(tenant_id IN ( SELECT m.tenant_id FROM tenancy.memberships m))", True, False),
        ("(tenant_id = ( SELECT f(EXTRACT(year FROM now())) AS f))", False, True),
        ("(name = ' SELECT x FROM y'::text)", False, False),
        ("(EXTRACT(year FROM now()) > 2000)", False, False),
    ],
)
def test_a_sub_select_that_reads_a_table_is_told_from_one_that_does_not(
    expression: str, reads: bool, wrapped: bool
) -> None:
    assert (reads_a_table(expression), is_wrapped(expression)) == (reads, wrapped)


def test_the_settings_and_what_to_do_without_them_are_read() -> None:
    text = "current_setting('a.b'::text, true) || current_setting('c.d') || current_setting('a.b'::text)"
    assert settings_read(text) == {"a.b": False, "c.d": False}
    assert settings_read("nullif(current_setting('a.b', true), '')") == {"a.b": True}


def test_a_conversion_of_the_column_is_told_from_one_of_the_setting() -> None:
    assert casts("((tenant_id)::text = 'x'::text)", "tenant_id")
    assert not casts(EQUAL, "tenant_id")


def test_a_type_or_a_call_of_the_name_of_a_column_is_none() -> None:
    assert not mentions("((name)::text = text(name))", "text")
    assert mentions("((text)::text = 'x'::text)", "text")


def test_who_asks_is_found_outside_of_strings() -> None:
    assert names_a_role("(tenant_id = (CURRENT_USER)::text)")
    assert not names_a_role("(name = 'CURRENT_USER'::text)")
