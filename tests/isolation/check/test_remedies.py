"""What is printed, typed in the order printed, ends with nothing to be found."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

import pytest
from isolation.check.conftest import Place

from app_db.isolation import check_isolation

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


def left(place: Place, mistakes: tuple[str, ...]) -> list[str]:
    """Return what is found after the remedies were typed, and what the policies are then."""
    inner = place.connection.begin_nested()
    try:
        plant(place, mistakes)
        before = check_isolation(place.connection, place.bounds).findings
        assert before, mistakes
        for finding in before:
            place.execute(finding.remedy)
        return [str(finding) for finding in check_isolation(place.connection, place.bounds).findings]
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
    (policy,) = place.connection.exec_driver_sql(
        "select qual, with_check from pg_policies where tablename = 'items' and policyname = 'tenant_rows'"
    ).all()
    assert all("private" in text or "memberships" in text for text in policy)


def test_of_two_policies_the_wider_one_is_made_restrictive(place: Place) -> None:
    place.run(
        f"alter policy tenant_rows on example.items using ({OWN} and id = {PERSON})",
        f"create policy help on example.items for select to app_tenant using ({OWN})",
    )
    (finding,) = check_isolation(place.connection, place.bounds).findings
    assert (finding.rule, finding.thing) == ("ISO312", "example.items.help")
    assert "create policy help on example.items as restrictive for select" in finding.remedy
