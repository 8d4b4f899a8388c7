"""Three designs of others, in their own words: each is told by its decisive fault, and not by how it is spelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from isolation.check.conftest import Place
from sqlalchemy import text

from app_db.isolation import Bounds, Finding, check_isolation

# as rls 0.3.2 writes a policy (rls/_sql_gen.py), without its flag
BY_SESSION = (
    "create table foreign_design.docs (tenant_id integer not null, id serial primary key, body text)",
    "alter table foreign_design.docs enable row level security",
    (
        "create policy docs_all_policy_0 on foreign_design.docs as permissive for all "
        "using (tenant_id = cast(nullif(current_setting('rls.tenant_id', true), '') as integer))"
    ),
    (
        "create function foreign_design.bind(tenant text) returns void language plpgsql as "
        "$$begin perform set_config('rls.tenant_id', tenant, false); end$$"
    ),
    "grant select, insert, update, delete on foreign_design.docs to foreign_app",
)
# the same with the flag that it adds to each policy
BY_FLAG = (
    *BY_SESSION[:2],
    (
        "create policy docs_all_policy_0 on foreign_design.docs as permissive for all "
        "using ((tenant_id = cast(nullif(current_setting('rls.tenant_id', true), '') as integer)) "
        "or cast(nullif(current_setting('rls.bypass_rls', true), '') as boolean) = true)"
    ),
    BY_SESSION[4],
)
SHORT_FLAG = (
    *BY_SESSION[:2],
    (
        "create policy docs on foreign_design.docs "
        "using (tenant_id = nullif(current_setting('rls.tenant_id', true), '')::integer "
        "or current_setting('rls.bypass_rls', true) = 'on')"
    ),
    BY_SESSION[4],
)
# as sqlalchemy-tenants 0.2.0 does (sqlalchemy_tenants/core.py, managers.py), for 31 tenants
BY_ROLE = (
    "create table foreign_design.docs (tenant varchar not null, id serial primary key, body text)",
    (
        "create function foreign_design.sqlalchemy_tenants_get_tenant() returns text language sql security invoker "
        "stable as $$select replace(current_user, 'tenant_', '')$$"
    ),
    "alter table foreign_design.docs enable row level security",
    (
        "create policy sqlalchemy_tenants_all on foreign_design.docs as permissive for all "
        "using (tenant = (select foreign_design.sqlalchemy_tenants_get_tenant()::varchar)) "
        "with check (tenant = (select foreign_design.sqlalchemy_tenants_get_tenant()::varchar))"
    ),
    (
        "do $$ begin for n in 1..31 loop execute format('create role tenant_%s', n); "
        "execute format('grant tenant_%s to foreign_app', n); "
        "execute format('grant select, insert, update, delete on foreign_design.docs to tenant_%s', n); "
        "end loop; end $$"
    ),
    "alter table foreign_design.docs owner to foreign_app",
)


@pytest.fixture
def foreign(place: Place) -> Iterator[Place]:
    place.run("create schema foreign_design", "create role foreign_app login")
    place.bounds = Bounds(
        schemas=("foreign_design",),
        application_roles=("foreign_app",),
        tenant_columns=("tenant_id", "tenant"),
        context_settings=("rls.tenant_id",),
    )
    return place


def told(place: Place) -> dict[str, list[Finding]]:
    found: dict[str, list[Finding]] = {}
    for finding in check_isolation(place.connection, place.bounds).findings:
        found.setdefault(finding.rule, []).append(finding)
    return found


def test_a_setting_of_the_session_is_told(foreign: Place) -> None:
    foreign.run(*BY_SESSION)
    found = told(foreign)
    (decisive,) = found["ISO505"]
    assert decisive.severity == "error"
    assert decisive.thing == "foreign_design.bind(tenant text)"
    assert "for the session, and the pool keeps it" in decisive.message
    # not forced, for everybody, and keys that tell of others; the condition itself is as it should be
    assert found.keys() == {"ISO505", "ISO202", "ISO311", "ISO404"}


def test_a_setting_that_nobody_has_declared_is_told_as_well(foreign: Place) -> None:
    foreign.run(*BY_SESSION)
    foreign.bounds = replace(foreign.bounds, context_settings=("app.current_tenant_id",))
    assert {"ISO309", "ISO505"} <= told(foreign).keys()


@pytest.mark.parametrize("design", [BY_FLAG, SHORT_FLAG], ids=["as rls writes it", "in short"])
def test_a_flag_that_opens_all_tenants_is_told(design: tuple[str, ...], foreign: Place) -> None:
    foreign.run(*design)
    found = told(foreign)
    (flag,) = found["ISO309"]
    assert flag.severity == "error"
    assert "it believes rls.bypass_rls, which every session may set" in flag.message
    assert [finding.thing for finding in found["ISO303"]] == [flag.thing]


def test_a_role_for_each_tenant_is_told(foreign: Place) -> None:
    foreign.run(*BY_ROLE)
    found = told(foreign)
    (decisive,) = found["ISO310"]
    assert decisive.severity == "error"
    assert "from the name of the role, which a rollback changes" in decisive.message
    assert "31 roles" in found["ISO218"][0].message
    # whoever has logged in owns the tables, so after a rollback he sees everything
    assert {finding.thing for finding in found["ISO104"]} == {"foreign_app"}
    assert {"ISO202", "ISO311"} <= found.keys()


def test_the_flag_does_open_all_tenants_and_the_remedy_closes_it(foreign: Place) -> None:
    foreign.run(
        *SHORT_FLAG,
        "grant usage on schema foreign_design to foreign_app",
        "insert into foreign_design.docs (tenant_id) values (1), (2)",
        "set local role foreign_app",
        "set local rls.tenant_id = '1'",
        "set local rls.bypass_rls = 'on'",
    )
    count = text("select count(*) from foreign_design.docs")
    assert foreign.connection.scalar(count) == 2
    foreign.run("reset role")
    foreign.execute(told(foreign)["ISO309"][0].remedy)
    foreign.run("set local role foreign_app")
    assert foreign.connection.scalar(count) == 1
