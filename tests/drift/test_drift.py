"""Whatever is changed by hand is found, and told by its name."""

from __future__ import annotations

import pytest
from drift.conftest import Inspect
from sqlalchemy import Connection, text

from app_db.drift import inspect_database
from app_db.schema import RoleNames, placed_services
from app_db.settings import Settings

MATERIALS = "catalog.materials"
FUNCTION = "catalog.search_materials(query text, result_limit integer)"

# what somebody does by hand; what is said about it
DRIFTS = {
    "a policy dropped": (
        "drop policy tenant_rows on catalog.materials",
        ["policy catalog.materials.tenant_rows is missing"],
    ),
    "a policy weakened": (
        "alter policy tenant_rows on catalog.materials using (true)",
        ["policy catalog.materials.tenant_rows: using is 'true' and not"],
    ),
    "a policy for more roles": (
        "alter policy all_rows on catalog.materials to {app_all}, {app_rw}",
        ["policy catalog.materials.all_rows: roles: with 'app_rw'"],
    ),
    "a policy added": (
        "create policy helper on catalog.materials for select using (true)",
        ["policy catalog.materials.helper is unexpected"],
    ),
    "row security disabled": (
        "alter table catalog.materials disable row level security",
        ["row security catalog.materials: enabled is False and not True"],
    ),
    "row security not forced": (
        "alter table catalog.materials no force row level security",
        ["row security catalog.materials: forced is False and not True"],
    ),
    "a check dropped": (
        "alter table catalog.materials drop constraint ck_materials_currency",
        ["constraint catalog.materials.ck_materials_currency is missing"],
    ),
    "a check of the same name with another condition": (
        (
            "alter table catalog.materials drop constraint ck_materials_price_minor, "
            "add constraint ck_materials_price_minor check (price_minor > -5)"
        ),
        ["constraint catalog.materials.ck_materials_price_minor: definition is \"CHECK ((price_minor > '-5'"],
    ),
    "a check that holds for new rows only": (
        (
            "alter table catalog.materials drop constraint ck_materials_unit, add constraint ck_materials_unit "
            "check (length(unit) >= 1 and length(unit) <= 32) not valid"
        ),
        ["constraint catalog.materials.ck_materials_unit: definition is", "is_validated is False and not True"],
    ),
    "a foreign key that lets go": (
        (
            "alter table catalog.materials drop constraint fk_materials_tenant_id, "
            "add constraint fk_materials_tenant_id foreign key (tenant_id) references tenancy.tenants on delete cascade"
        ),
        ["constraint catalog.materials.fk_materials_tenant_id: definition is"],
    ),
    "a partial index": (
        (
            "drop index catalog.ix_materials_tenant_id_created_at; create index ix_materials_tenant_id_created_at on "
            "catalog.materials (tenant_id, created_at desc, id desc) where price_minor > 5"
        ),
        ["index catalog.materials.ix_materials_tenant_id_created_at: definition is"],
    ),
    "an index that is invalid": (
        (
            "update pg_index set indisvalid = false "
            "where indexrelid = 'catalog.ix_materials_tenant_id_created_at'::regclass"
        ),
        ["index catalog.materials.ix_materials_tenant_id_created_at: is_valid is False and not True"],
    ),
    "an index added": (
        "create index by_hand on catalog.materials (name)",
        ["index catalog.materials.by_hand is unexpected"],
    ),
    "a domain": ("create domain catalog.price as bigint check (value > 0)", ["type catalog.price is unexpected"]),
    "an enum": ("create type catalog.colour as enum ('red', 'blue')", ["type catalog.colour is unexpected"]),
    "a trigger": (
        (
            "create trigger by_hand before update on catalog.materials for each row "
            "execute function suppress_redundant_updates_trigger()"
        ),
        ["trigger catalog.materials.by_hand is unexpected"],
    ),
    "a rule": (
        "create rule by_hand as on delete to catalog.materials do instead nothing",
        ["rule catalog.materials.by_hand is unexpected"],
    ),
    "the body of a function": (
        (
            "create or replace function app.set_current_user_id(user_id uuid) returns void language plpgsql "
            "set search_path = pg_catalog, pg_temp as 'begin null\n;end'"
        ),
        ["function app.set_current_user_id(user_id uuid): body is 'begin null\\n;end' and not"],
    ),
    "a function without its search path": (
        "alter function catalog.search_materials(text, integer) reset search_path",
        [f"function {FUNCTION}: settings: without 'search_path=pg_catalog, pg_temp'"],
    ),
    "a function that runs as its caller": (
        "alter function catalog.search_materials(text, integer) security invoker",
        [f"function {FUNCTION}: is_security_definer is False and not True"],
    ),
    "a function that claims to be leakproof": (
        "alter function app.uuid7() leakproof",
        ["function app.uuid7(): is_leakproof is True and not False"],
    ),
    "a function for everybody": (
        "grant execute on function catalog.search_materials(text, integer) to public",
        [f"function {FUNCTION}: grants: with 'public: execute'"],
    ),
    "a grant added": (
        "grant truncate on catalog.materials to {app_rw}",
        ["relation catalog.materials: grants: with 'app_rw: truncate'"],
    ),
    "a grant on a column": (
        "grant update (subscription_plan) on tenancy.tenants to {app_rw}",
        ["column tenancy.tenants.subscription_plan: grants: with 'app_rw: update'"],
    ),
    "a grant taken": (
        "revoke select on catalog.materials from {app_ro}",
        ["relation catalog.materials: grants: without 'app_ro: select'"],
    ),
    "grants to come": (
        "alter default privileges for role {app_owner} in schema catalog grant select on tables to {app_rw}",
        ["default privileges catalog."],
    ),
    "an owner": (
        "alter table catalog.materials owner to {app_admin}",
        ["relation catalog.materials: owner is 'app_admin' and not 'app_owner'"],
    ),
    "a default": (
        "alter table catalog.materials alter column currency set default 'USD'",
        ["column catalog.materials.currency: default is \"'USD'::text\" and not \"'RUB'::text\""],
    ),
    "a column that may be null": (
        "alter table catalog.materials alter column name drop not null",
        ["column catalog.materials.name: not_null is False and not True"],
    ),
    "a column added": (
        "alter table catalog.materials add column by_hand text",
        ["column catalog.materials.by_hand is unexpected"],
    ),
    "a type of a column": (
        "alter table catalog.materials alter column unit type varchar(40)",
        ["column catalog.materials.unit: type is 'character varying(40)' and not 'text'"],
    ),
    "a comment": (
        "comment on column catalog.materials.unit is 'pounds'",
        ["column catalog.materials.unit: comment is 'pounds' and not"],
    ),
    "an option of a table": (
        "alter table catalog.materials set (autovacuum_enabled = false)",
        ["relation catalog.materials: options: with 'autovacuum_enabled=false'"],
    ),
    "a table that is not logged": (
        "alter table ops.system_event set unlogged",
        ["relation ops.system_event: persistence is 'unlogged' and not 'permanent'"],
    ),
    "a table added, told once": (
        "create table catalog.by_hand (id integer primary key)",
        ["relation catalog.by_hand is unexpected"],
    ),
    "a table dropped, told once": ("drop table profile.addresses", ["relation profile.addresses is missing"]),
    "a view that runs as its owner": (
        "create view catalog.by_hand as select 1 as one",
        ["relation catalog.by_hand is unexpected"],
    ),
    "an extension of another version": (
        "update pg_extension set extversion = '0.9' where extname = 'btree_gin'",
        ["extension extensions.btree_gin: version is '0.9' and not 'as installed on the server'"],
    ),
    "an attribute of a role": (
        "alter role {app_rw} bypassrls",
        ["role app_rw: attributes: with 'bypassrls'"],
    ),
    "a membership": (
        "grant {app_all} to {app_login}",
        ["role app_login: member_of: with 'app_all'"],
    ),
    "a stranger who sees all rows": (
        "create role by_hand_{app_all} login in role {app_all}",
        ["role app_all: members that are not ours: with 'by_hand_"],
    ),
    "a default tenant of a login": (
        (
            "do $do$ begin execute format('alter role {app_login} in database %I set app.current_tenant_id = ''x''', "
            "current_database()); end $do$"
        ),
        ["role app_login: settings: with 'app.current_tenant_id=x'"],
    ),
    "a database for everybody": (
        "do $do$ begin execute format('grant connect on database %I to public', current_database()); end $do$",
        ["database current: grants: with 'public: connect'"],
    ),
    "a partition that is open": (
        "alter table ops.audit_log_default disable row level security",
        [
            "partitions ops.audit_log: unlike_their_table: with 'audit_log_default row security is not as in",
        ],
    ),
    "a partition that may be read past its table": (
        "grant select on ops.audit_log_default to {app_rw}",
        ["partitions ops.audit_log: unlike_their_table: with 'audit_log_default has grants of its own'"],
    ),
    "a trigger that is disabled": (
        "alter table ops.audit_log disable trigger refuse_update",
        ["trigger ops.audit_log.refuse_update: fires is 'disabled' and not 'origin'"],
    ),
    "a revision taken back by hand": (
        "update app.alembic_version set version_num = 'catalog_0000' where version_num like 'catalog%'",
        ["revision catalog: number is 'catalog_0000' and not"],
    ),
}


@pytest.mark.parametrize("placed", [["core"], ["core", "catalog"], ["core", "billing"]])
def test_a_service_that_is_not_placed_is_not_missed_nor_is_what_it_left(
    superuser: Connection, settings: Settings, placed: list[str]
) -> None:
    names, services = RoleNames(settings.role_prefix), placed_services(placed)
    assert inspect_database(superuser, services, names).drifts == ()
    superuser.execute(text("drop extension btree_gist cascade"))
    drifts = [drift.name for drift in inspect_database(superuser, services, names).drifts]
    assert ("extensions.btree_gist" in drifts) == ("billing" in placed)
    assert "billing" in placed or drifts == []


def test_a_database_at_head_is_as_the_revisions_build_it(inspect: Inspect) -> None:
    inspection = inspect()
    assert [str(drift) for drift in inspection.drifts] == []
    assert inspection.things > 100


@pytest.mark.parametrize("drift", DRIFTS)
def test_what_was_changed_by_hand_is_found_and_nothing_else(
    drift: str, superuser: Connection, inspect: Inspect, settings: Settings
) -> None:
    by_hand, expected = DRIFTS[drift]
    _change(superuser, by_hand, settings)
    said = [str(found) for found in inspect().drifts]
    assert said != []
    for part in expected:
        assert any(part in line for line in said), said
    assert len(said) <= max(2, len(expected)), said


def test_the_search_path_of_who_looks_makes_no_difference(superuser: Connection, inspect: Inspect) -> None:
    """PostgreSQL prints what stands in the search path without its schema."""
    superuser.execute(text("set search_path to catalog, tenancy, app, ops"))
    printed = "select pg_get_constraintdef(oid) from pg_constraint where conname = 'fk_materials_tenant_id'"
    assert "REFERENCES tenants(" in str(superuser.scalar(text(printed)))
    assert [str(drift) for drift in inspect().drifts] == []


def test_what_is_compared_is_not_locked(superuser: Connection, inspect: Inspect) -> None:
    inspect()
    held = superuser.scalars(
        text("select distinct mode from pg_locks where pid = pg_backend_pid() and locktype in ('relation', 'object')")
    )
    assert set(held) == {"AccessShareLock"}


def test_everybody_may_look_and_nobody_is_changed(inspect: Inspect, superuser: Connection, settings: Settings) -> None:
    """As the application's own login, read-only: the comparison needs no right that the application has not."""
    names = RoleNames(settings.role_prefix)
    superuser.execute(text("set transaction read only"))
    superuser.execute(text(f"set local role {names('app_login')}"))
    assert inspect().drifts == ()


def _change(superuser: Connection, by_hand: str, settings: Settings) -> None:
    names = RoleNames(settings.role_prefix)
    roles = ("app_all", "app_rw", "app_ro", "app_owner", "app_admin", "app_login")
    superuser.execute(text("set local role none"))
    for role in roles:
        by_hand = by_hand.replace(f"{{{role}}}", names(role))
    for statement in [by_hand] if "$do$" in by_hand else by_hand.split("; "):
        superuser.exec_driver_sql(statement, execution_options={"no_parameters": True})
