"""Each construct returns by the predicate alone exactly what row-level security alone returns."""

from __future__ import annotations

from typing import Any

import pytest
from predicate import core_cases, dml_cases, orm_cases
from predicate.worlds import Worlds
from sqlalchemy.exc import SAWarning, SQLAlchemyError
from support import ON_18

from app_db.engine.predicate import TenantCompiler

CASES = {
    f"{module.__name__.removeprefix('predicate.')}-{name}": case
    for module in (core_cases, orm_cases, dml_cases)
    for name, case in module.CASES.items()
}
# what is taken away is taken from the compiler, which is the same for every server
every_case = pytest.mark.parametrize("case", CASES.values(), ids=CASES)


@every_case
def test_the_predicate_alone_and_with_the_policies_returns_what_the_policies_alone_return(
    worlds: Worlds, case: Any
) -> None:
    for tenant in worlds.tenants:
        expected = worlds.under_rls(case, tenant)
        assert worlds.by_predicate(case, tenant) == expected
        assert worlds.by_both(case, tenant) == expected


@pytest.mark.parametrize("case", core_cases.RLS_ALONE)
def test_what_has_the_policies_alone_is_not_disturbed(worlds: Worlds, case: Any) -> None:
    for tenant in worlds.tenants:
        assert worlds.by_both(case, tenant) == worlds.under_rls(case, tenant)
        assert worlds.by_predicate(case, tenant) != worlds.under_rls(case, tenant)


@ON_18
@every_case
def test_a_case_would_show_a_missing_predicate(worlds: Worlds, case: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = both_under_rls(worlds, case)
    monkeypatch.setattr(TenantCompiler, "tenant_conditions", lambda *_: [])
    with worlds.fresh_cache():
        assert differs(worlds, case, expected)


@ON_18
@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("select", "core_cases-a_table"),
        ("join", "core_cases-an_outer_join"),
        ("join", "core_cases-an_inner_join_in_an_outer_join"),
        ("join", "orm_cases-a_joinedload"),
        ("update", "dml_cases-update_all"),
        ("update", "dml_cases-orm_update"),
        ("update from", "dml_cases-update_from_where_of_a_global_table"),
        ("update from", "dml_cases-update_from_values_alone"),
        ("delete", "dml_cases-delete_all"),
        ("delete", "dml_cases-orm_delete_fetch"),
        ("delete using", "dml_cases-delete_using_of_a_global_table"),
    ],
)
def test_a_place_without_its_condition_shows(
    worlds: Worlds, place: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, stock = both_under_rls(worlds, CASES[name]), TenantCompiler.tenant_conditions
    with worlds.fresh_cache():
        assert not differs(worlds, CASES[name], expected)

    def mutant(self: TenantCompiler, where: Any, elements: Any) -> Any:
        return [] if where == place else stock(self, where, elements)

    monkeypatch.setattr(TenantCompiler, "tenant_conditions", mutant)
    with worlds.fresh_cache():
        assert differs(worlds, CASES[name], expected)


def both_under_rls(worlds: Worlds, case: Any) -> list[Any]:
    return [worlds.under_rls(case, tenant) for tenant in worlds.tenants]


def differs(worlds: Worlds, case: Any, expected: list[Any]) -> bool:
    try:
        return [worlds.by_predicate(case, tenant) for tenant in worlds.tenants] != expected
    except (AssertionError, ValueError, SQLAlchemyError, SAWarning):  # another tenant's row where one was expected
        return True
