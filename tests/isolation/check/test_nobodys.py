"""Rows without a tenant that a policy shows to everybody on purpose are told once, and never closed by SQL."""

from __future__ import annotations

import pytest
from isolation.check.conftest import Place

from app_db.isolation import Finding, check_isolation

# what they are about does not differ between versions
pytestmark = pytest.mark.parametrize("server", ["18"], indirect=True, scope="session")

OWN = "tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"
TO = "to app_tenant, app_tenant_admin"
SPLIT = (
    "drop policy tenant_rows on example.items",
    f"create policy made on example.items for insert {TO} with check ({OWN})",
    f"create policy changed on example.items for update {TO} using ({OWN}) with check ({OWN})",
    f"create policy dropped on example.items for delete {TO} using ({OWN})",
)


@pytest.fixture
def nullable(place: Place) -> Place:
    place.run(
        "alter table example.items drop constraint items_pkey",
        "alter table example.items alter column tenant_id drop not null",
        "alter table example.items add constraint items_pkey primary key (id)",
    )
    return place


def told(place: Place) -> list[Finding]:
    return list(check_isolation(place.connection, place.bounds).findings)


def reads(place: Place, condition: str) -> None:
    place.run(*SPLIT, f"create policy reads on example.items for select {TO} using ({condition})")


@pytest.mark.parametrize(
    "condition",
    [
        f"tenant_id is null or {OWN}",
        f"{OWN} or (tenant_id is null and name <> 'draft')",
        f"({OWN} or tenant_id is null) and name <> 'draft'",
        f"{OWN} or tenant_id is null and name <> 'draft' or tenant_id is null and name = 'old'",
    ],
)
def test_rows_for_everybody_to_read_are_told_once_and_in_words(condition: str, nullable: Place) -> None:
    reads(nullable, condition)
    (finding,) = told(nullable)
    assert (finding.rule, finding.thing, finding.severity) == ("ISO407", "example.items", "warning")
    assert finding.message.endswith("as reads says")
    assert finding.remedy.startswith("put what belongs to everybody into a table of its own")


@pytest.mark.parametrize("condition", ["{}", "{} and name <> 'draft'", "{0} and name = 'a' or {0} and name = 'b'"])
def test_a_policy_for_such_rows_alone_is_told_once_as_well(condition: str, nullable: Place) -> None:
    shown = condition.format("tenant_id is null")
    nullable.run(f"create policy everybodys on example.items for select {TO} using ({shown})")
    (finding,) = told(nullable)
    assert (finding.rule, finding.severity) == ("ISO407", "warning")


@pytest.mark.parametrize(
    "statements",
    [
        (f"alter policy tenant_rows on example.items using ({OWN} and (name = 'a' or tenant_id is null))",),
        (
            f"alter policy tenant_rows on example.items using ({OWN} or tenant_id is null)",
            f"create policy floor on example.items as restrictive {TO} using ({OWN})",
        ),
    ],
    ids=["the tenant is compared beside", "a floor"],
)
def test_what_asks_for_such_rows_and_shows_none_hides_no_error(statements: tuple[str, ...], nullable: Place) -> None:
    nullable.run(*statements)
    (error,) = (finding for finding in told(nullable) if finding.severity == "error")
    assert (error.rule, error.remedy.split()[-3:]) == ("ISO407", ["set", "not", "null"])


@pytest.mark.parametrize(
    ("statements", "rule"),
    [
        ((f"alter policy tenant_rows on example.items using (tenant_id is null or {OWN})",), "ISO303"),
        (
            (
                *SPLIT,
                f"create policy reads on example.items for select {TO} using ({OWN})",
                f"alter policy made on example.items with check ({OWN} or tenant_id is null)",
            ),
            "ISO303",
        ),
        (
            (
                *SPLIT,
                f"create policy reads on example.items for select {TO} using ({OWN} or tenant_id is null)",
                "alter policy dropped on example.items using (tenant_id is null)",
            ),
            "ISO301",
        ),
    ],
    ids=["for all commands", "for an insert", "for a delete"],
)
def test_where_every_tenant_may_write_them_it_is_an_error(
    statements: tuple[str, ...], rule: str, nullable: Place
) -> None:
    nullable.run(*statements)
    (finding,) = told(nullable)
    assert (finding.rule, finding.severity) == (rule, "error")
    assert finding.remedy.startswith("keep this policy to the tenant")


@pytest.mark.parametrize(
    ("condition", "rule"),
    [
        (f"{OWN} or tenant_id is null or name = 'open'", "ISO303"),
        ("tenant_id = current_setting('app.current_tenant_id', true)::uuid or tenant_id is null", "ISO316"),
        ("name = 'open' or (tenant_id is null and name <> 'draft')", "ISO301"),
    ],
)
def test_what_else_is_wrong_is_told_and_mended_with_such_rows_still_shown(
    condition: str, rule: str, nullable: Place
) -> None:
    reads(nullable, condition)
    before = told(nullable)
    assert {finding.rule for finding in before} == {rule, "ISO407"}
    nullable.execute(next(finding.remedy for finding in before if finding.rule == rule))
    assert [finding.rule for finding in told(nullable)] == ["ISO407"]
    asked = "select qual from pg_policies where tablename = 'items' and policyname = 'reads'"
    assert "tenant_id IS NULL" in str(nullable.connection.exec_driver_sql(asked).scalar())
