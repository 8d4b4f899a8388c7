"""Every role tries everything on every table and column, and may do what the page says and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from docs.pages import DOCS, code_spans, section, tables
from lasting import settings
from sqlalchemy import Connection, text

from app_db.engine import admin_engine
from app_db.schema import ROLES, SERVICES, RoleNames
from app_db.server import EmbeddedServer
from app_db.settings import Settings

__all__ = ["settings"]

PAGE = DOCS / "reference" / "privileges.md"
SCHEMAS = [schema for service in SERVICES.values() for schema in service.schemas]
OWNERS = {"app_owner", "app_secrets", "app_definer"}  # who own something, or are members of who does

# Tries each statement as each role; what it may do is undone at once.
TRY = """
create function pg_temp.may(role text, statement text) returns boolean language plpgsql as $body$
begin
  execute format('set local role %I', role);
  execute statement;
  raise exception using errcode = 'XX999';
exception
  when insufficient_privilege then return false;
  when sqlstate 'XX999' then return true;
end
$body$
"""
COLUMNS = """
select n.nspname || '.' || c.relname as table, a.attname as column, format_type(a.atttypid, a.atttypmod) as type,
  a.attgenerated <> '' or a.attidentity = 'a' as is_made
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(:schemas) and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
order by 1, a.attnum
"""
PER_COLUMN = {
    "select": "select {column} from {table} where false",
    "insert": "insert into {table} ({column}) select null::{type} where false",
    "update": "update {table} set {column} = null::{type} where false",
}
PER_TABLE = {"delete": "delete from {table} where false", "truncate": "truncate {table}"}
Right = tuple[str, str, str, str]


@pytest.fixture
def superuser(settings: Settings, server: EmbeddedServer) -> Iterator[Connection]:
    database = settings.database(None).migration_url
    assert database is not None
    with admin_engine(server.superuser_url(str(database.database))).connect() as connection:
        connection.execute(text(TRY))
        yield connection
        connection.rollback()


def test_each_role_may_do_what_the_page_says_and_nothing_else(superuser: Connection, settings: Settings) -> None:
    trying = {name: _trying(superuser, name, settings) for name in HAS_RIGHTS_OF if name not in OWNERS}
    columns = superuser.execute(text(COLUMNS), {"schemas": SCHEMAS}).mappings().all()
    attempts: list[Right] = []
    statements: list[str] = []
    for role in trying:
        for column in columns:
            for verb, form in PER_COLUMN.items():
                if verb == "select" or not column["is_made"]:
                    attempts.append((role, column["table"], column["column"], verb))
                    statements.append(form.format(**column))
        for table in dict.fromkeys(column["table"] for column in columns):
            for verb, form in PER_TABLE.items():
                attempts.append((role, table, "", verb))
                statements.append(form.format(table=table))
    assert len(attempts) > 1000
    roles = [trying[attempt[0]] for attempt in attempts]
    query = text("select pg_temp.may(role, statement) from unnest(:roles, :statements) as t (role, statement)")
    results = superuser.scalars(query.bindparams(roles=roles, statements=statements)).all()
    may = {attempt for attempt, result in zip(attempts, results, strict=True) if result}
    said = {attempt for attempt in attempts if is_said(*attempt)}
    assert (sorted(may - said), sorted(said - may)) == ([], [])


def test_no_role_may_refer_to_a_table_or_put_a_trigger_on_it(superuser: Connection, settings: Settings) -> None:
    names = RoleNames(settings.role_prefix)
    query = text("""
        select r.rolname, c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
        cross join pg_roles r
        where n.nspname = any(:schemas) and c.relkind in ('r', 'p') and r.rolname = any(:roles)
        and (has_table_privilege(r.oid, c.oid, 'references') or has_table_privilege(r.oid, c.oid, 'trigger'))
    """)
    roles = [names(role.name) for role in ROLES if role.name not in OWNERS]
    assert superuser.execute(query, {"schemas": SCHEMAS, "roles": roles}).all() == []


def _trying(superuser: Connection, role: str, settings: Settings) -> str:
    """Make a role with the rights of this one and of a visibility role, without which nobody looks into a schema."""
    names = RoleNames(settings.role_prefix)
    name = names.prefix + "try_" + role
    superuser.execute(text(f"create role {name} in role {names(role)}, {names('app_tenant')}"))
    return name


def is_said(role: str, table: str, column: str, verb: str) -> bool:
    """Tell whether the page gives the right to the role, or to one whose rights it has."""
    return any((verb, "") in rights(who, table) or (verb, column) in rights(who, table) for who in HAS_RIGHTS_OF[role])


@cache
def rights(role: str, table: str) -> set[tuple[str, str]]:
    """Return the verbs of a role on a table as the page has them, each with a column, or none for all columns."""
    found: set[tuple[str, str]] = set()
    for heading, *rows in tables(section(PAGE, table))[:1]:
        for who, *cells in rows:
            for verb, cell in zip(heading[1:], cells, strict=True):
                if who == f"`{role}`" and cell:
                    found |= {(verb, "")} if cell == "yes" else {(verb, column) for column in code_spans(cell)}
    return found


def reach(role: str) -> set[str]:
    members = {entry.name: entry.member_of for entry in ROLES}
    return {"public", role}.union(*(reach(other) for other in members[role]))


HAS_RIGHTS_OF = {role.name: reach(role.name) | reach("app_tenant") for role in ROLES}
