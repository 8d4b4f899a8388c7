"""What is everybody's: who writes it, and what its deletion does to rows that policies keep apart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from isolation.check.conftest import Place
from sqlalchemy import Column, MetaData, Table, Text, Uuid
from sqlalchemy.exc import IntegrityError

from app_db.isolation import Finding, check_isolation
from app_db.schema import Grant, Scope, ScopeKind, attach

# what they are about does not differ between versions
pytestmark = pytest.mark.parametrize("server", ["18"], indirect=True, scope="session")

OWN, OTHER = "00000000-0000-0000-0000-00000000000a", "00000000-0000-0000-0000-00000000000b"
KINDS = "create table example.kinds (id uuid primary key, name text)"
REFERS = "alter table example.items add column kind_id uuid"
KEY = "alter table example.items add constraint fk foreign key (kind_id) references example.kinds on {}"
MAY = "grant select, {} on example.kinds to app_rw"
TENANTS_OWN = "id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"


def told(place: Place) -> list[Finding]:
    return list(check_isolation(place.connection, place.bounds).findings)


def others_row(place: Place) -> tuple[object, ...] | None:
    found = place.connection.exec_driver_sql(f"select kind_id from example.items where tenant_id = '{OTHER}'").first()
    return None if found is None else tuple(found)


@pytest.mark.parametrize(
    ("action", "verb", "statement", "left"),
    [
        ("delete cascade", "delete", "delete from example.kinds", None),
        ("delete set null", "delete", "delete from example.kinds", (None,)),
        ("update set null", "update (id)", f"update example.kinds set id = '{OTHER}'", (None,)),
    ],
)
def test_an_action_does_reach_another_tenants_row_until_the_remedy_is_typed(
    action: str, verb: str, statement: str, left: object, place: Place
) -> None:
    place.run(KINDS, REFERS, KEY.format(action), MAY.format(verb), f"insert into example.kinds values ('{OWN}')")
    place.run(f"insert into example.items (tenant_id, id, kind_id) values ('{OTHER}', '{OTHER}', '{OWN}')")
    (finding,) = told(place)
    assert (finding.rule, finding.thing, finding.severity) == ("ISO408", "example.items.fk", "error")
    as_tenant = ("set local role app_login", f"set local app.current_tenant_id = '{OWN}'")

    inner = place.connection.begin_nested()
    place.run(*as_tenant, statement, "reset role")
    assert others_row(place) == left
    inner.rollback()

    place.execute(finding.remedy)
    assert told(place) == []
    place.run(*as_tenant)
    with pytest.raises(IntegrityError), place.connection.begin_nested():
        place.run(statement)


def test_what_is_reached_by_the_cascade_of_another_table_is_told(place: Place) -> None:
    place.run(
        KINDS, REFERS, KEY.format("delete cascade"), "create table example.groups (id uuid primary key)",
        "alter table example.kinds add foreign key (id) references example.groups on delete cascade",
        "grant delete on example.groups to app_rw",
    )  # fmt: skip
    (finding,) = told(place)
    assert (finding.rule, finding.thing) == ("ISO408", "example.items.fk")
    assert "rows of example.kinds" in finding.message


def test_a_delete_that_sets_the_tenant_is_told_once(place: Place) -> None:
    sets = "alter table example.items add constraint fk foreign key (tenant_id) references example.kinds on delete "
    place.run(KINDS, MAY.format("delete"), sets + "set null")
    assert [finding.rule for finding in told(place)] == ["ISO408"]
    place.execute(told(place)[0].remedy)
    assert told(place) == []


@pytest.mark.parametrize(
    "statements",
    [
        [KEY.format("delete restrict"), MAY.format("delete, update")],
        [KEY.format("delete cascade"), MAY.format("insert, update")],
        [KEY.format("update cascade"), MAY.format("delete, update (name)")],
        [KEY.format("delete cascade"), "grant delete on example.kinds to app_admin"],
        [KEY.format("delete cascade"), MAY.format("delete"), "alter table example.kinds enable row level security"],
        [
            KEY.format("delete cascade").replace("kind_id", "tenant_id"), MAY.format("delete"),
            "alter table example.kinds enable row level security",
            f"create policy own on example.kinds to app_tenant using ({TENANTS_OWN})",
        ],
    ],
    ids=["restrict", "no right to delete", "another column", "an administrator", "no policy", "the tenant's own row"],
)  # fmt: skip
def test_what_reaches_nobody_elses_row_is_not_told(statements: list[str], place: Place) -> None:
    place.run(KINDS, REFERS, *statements)
    assert told(place) == []


def declared(*privileges: str) -> MetaData:
    metadata = MetaData()
    kinds = Table("kinds", metadata, Column("id", Uuid, primary_key=True), Column("name", Text), schema="example")
    Scope(ScopeKind.SHARED).attach_to(kinds)
    if privileges:
        attach(metadata, Grant(on="example.kinds", role="app_rw", privileges=privileges))
    return metadata


@pytest.mark.parametrize(
    ("privileges", "held", "told_of"),
    [
        ((), "insert, delete", "DELETE, INSERT"),
        ((), "update (name)", "UPDATE"),
        (("select", "insert"), "insert, update", "UPDATE"),
        (("select", "update (id, name)"), "update (name)", None),
        (("select", "update (name)"), "update", "UPDATE"),
        (("select", "update"), "update (name)", None),
        ((), "references", None),
    ],
)
def test_who_may_write_what_is_everybodys_is_told_unless_a_grant_declares_it(
    privileges: tuple[str, ...], held: str, told_of: str | None, place: Place
) -> None:
    place.run(KINDS, MAY.format(held))
    place.bounds = replace(place.bounds, metadata=(declared(*privileges),))
    found = told(place)
    assert [finding.rule for finding in found] == (["ISO220"] if told_of else [])
    for finding in found:
        assert f"may {told_of}," in finding.message
        place.execute(finding.remedy)
    assert told(place) == []
    if "update (name)" in privileges:  # what is declared is left
        who = place.named("app_rw")
        asked = f"select has_column_privilege('{who}', 'example.kinds', 'name', 'update')"
        assert place.connection.exec_driver_sql(asked).scalar()
