"""What is printed, typed in the order printed, ends with nothing to be found."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
from isolation.check.conftest import Place

from app_db.isolation import Finding, check_isolation

# what they are about does not differ between versions
pytestmark = pytest.mark.parametrize("server", ["18"], indirect=True, scope="session")

OWN = "tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"
PERSON = "nullif(current_setting('app.current_user_id', true), '')::uuid"
FLAG = "current_setting('example.flag', true) = 'on'"
# in this order, each makes the condition worse
IN_CONDITIONS: dict[str, Callable[[str], str]] = {
    "cast": lambda own: own.replace("tenant_id =", "tenant_id::text =").replace(")::uuid", ")"),
    "no nullif": lambda own: own.replace("nullif(", "(").replace(", '')", ")"),
    "no missing_ok": lambda own: own.replace(", true)", ")"),
    "list": lambda own: (
        own.replace("= ", "in (", 1) + f", {own.split(' = ')[1].replace('app.current_tenant_id', 'x')})"
    ),
    "open": lambda _: "name is not null",
    "looked up": lambda _: "tenant_id in (select id from tenancy.tenants)",
    "mode": lambda own: f"({own}) and {FLAG}",
    "or": lambda own: f"({own}) or {FLAG}",
    "case": lambda own: f"case when name = 'x' then true else ({own}) end",
}
BESIDE = {
    "to public": "alter policy tenant_rows on example.items to public",
    "beside": "create policy beside on example.items for select to app_ro using (true)",
    "same beside": f"create policy same on example.items for select to app_tenant using ({OWN})",
}
MISTAKES = [*IN_CONDITIONS, *BESIDE]
CLASHING = [{"cast", "list"}, {"open", "case"}]


def plant(place: Place, mistakes: tuple[str, ...]) -> None:
    condition = OWN
    for mistake in mistakes:
        condition = IN_CONDITIONS.get(mistake, str)(condition)
    checked = "" if "open" in mistakes else f" with check ({condition})"
    place.run(
        f"alter policy tenant_rows on example.items using ({condition}){checked}",
        *(BESIDE[mistake] for mistake in mistakes if mistake in BESIDE),
    )


def is_sql(finding: Finding) -> bool:
    return finding.remedy.split()[0] in {"alter", "create", "drop"}


def left(place: Place, mistakes: tuple[str, ...]) -> list[str]:
    """Return what is found after the remedies were typed, and what the policies are then."""
    inner = place.connection.begin_nested()
    try:
        plant(place, mistakes)
        before = check_isolation(place.connection, place.bounds).findings
        assert before, mistakes
        for finding in filter(is_sql, before):
            place.execute(finding.remedy)
        after = check_isolation(place.connection, place.bounds).findings
        # what hides rows by a setting stays, and is told in words
        return [str(finding) for finding in after if "mode" not in mistakes or is_sql(finding)]
    finally:
        inner.rollback()


def test_remedies_of_several_mistakes_in_one_policy_do_not_undo_each_other(place: Place) -> None:
    chosen = [*combinations(MISTAKES, 2), *list(combinations(MISTAKES, 3))[::15]]
    tried = [those for those in chosen if not any(pair <= set(those) for pair in CLASHING)]
    assert {those: found for those in tried if (found := left(place, those))} == {}


@pytest.mark.parametrize(
    "condition",
    [
        f"{OWN} and (name <> 'private' or id = {PERSON})",
        f"{OWN} and id in (select m.user_id from tenancy.memberships m where m.user_id = {PERSON})",
        f"{OWN} and exists (select from tenancy.memberships m where m.tenant_id = items.tenant_id)",
        f"({OWN} and name <> 'private') or ({OWN} and id = {PERSON})",
    ],
)
def test_what_hides_rows_within_the_tenant_is_never_taken_away(condition: str, place: Place) -> None:
    place.run(f"alter policy tenant_rows on example.items using ({condition}) with check ({condition})")
    for finding in check_isolation(place.connection, place.bounds).findings:
        if finding.remedy.startswith("alter policy"):
            place.execute(finding.remedy)
    assert all("private" in text or "memberships" in text for text in conditions_of(place, "tenant_rows"))


def test_of_two_policies_the_wider_one_is_made_restrictive(place: Place) -> None:
    place.run(
        f"alter policy tenant_rows on example.items using ({OWN} and id = {PERSON})",
        f"create policy help on example.items for select to app_tenant using ({OWN})",
    )
    (finding,) = check_isolation(place.connection, place.bounds).findings
    assert (finding.rule, finding.thing) == ("ISO312", "example.items.help")
    assert "create policy help on example.items as restrictive for select" in finding.remedy


@pytest.mark.parametrize(
    "condition",
    [
        f"{OWN} and (name <> 'hidden' or {FLAG})",
        f"({OWN} and (name <> 'hidden' or {FLAG})) or {FLAG}",
        f"{OWN} and (name <> 'hidden' or example.is_open())",
    ],
)
def test_a_way_in_by_a_setting_is_closed_and_all_else_is_kept(condition: str, place: Place) -> None:
    place.run(f"create function example.is_open() returns boolean language sql stable return {FLAG}")
    place.run(f"alter policy tenant_rows on example.items using ({condition}) with check ({condition})")
    before = check_isolation(place.connection, place.bounds).findings
    place.execute(next(finding.remedy for finding in before if finding.rule == "ISO309"))
    assert {finding.rule for finding in check_isolation(place.connection, place.bounds).findings} == set()
    for kept in conditions_of(place, "tenant_rows"):
        assert "hidden" in kept


@pytest.mark.parametrize(
    ("condition", "kind"),
    [
        (f"{OWN} and {FLAG}", "permissive"),
        (f"{OWN} and not (name = 'hidden' and {FLAG})", "permissive"),
        (f"{OWN} and case when {FLAG} then name <> 'hidden' else false end", "permissive"),
        (FLAG, "restrictive"),
    ],
)
def test_what_hides_rows_by_a_setting_is_not_taken_away_by_sql(condition: str, kind: str, place: Place) -> None:
    place.run(f"create policy beside on example.items as {kind} for select to app_ro using ({condition})")
    findings = check_isolation(place.connection, place.bounds).findings
    assert "ISO309" in {finding.rule for finding in findings}
    assert [finding for finding in findings if finding.rule == "ISO309" and is_sql(finding)] == []
    for finding in filter(is_sql, findings):
        place.execute(finding.remedy)
    assert all("example.flag" in text for text in conditions_of(place, "beside"))


def conditions_of(place: Place, policy: str) -> list[str]:
    asked = f"select qual, with_check from pg_policies where tablename = 'items' and policyname = '{policy}'"
    (row,) = place.connection.exec_driver_sql(asked).all()
    return [text for text in row if text is not None]
