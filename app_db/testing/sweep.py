"""Takes away what tests have committed: one function of the template, which every clone has.

It deletes, because TRUNCATE makes new files for every table and costs fifty times as much on small ones. Where an
administrator who is a superuser built the template, triggers and foreign keys keep still (`session_replication_role`).
Elsewhere the function works with the rights of app_owner: children first, and triggers on delete and truncate are
disabled for as long as it takes; where foreign keys form a circle it truncates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sqlalchemy import Connection, Engine, Row, text

from ..engine import admin_engine
from ..migrations.connection import owner_engine
from ..settings import LoginUrl
from .installation import Installation

SCHEMA = "app_db_testing"
CALL = f"select {SCHEMA}.sweep()"
LOCK_TIMEOUT = "5s"

_VERSION_TABLE = "alembic_version"
_TABLES = text("""
select c.oid, format('%I.%I', n.nspname, c.relname) as name,
  (select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute
    where attrelid = c.oid and attnum > 0 and not attisdropped and attgenerated = '') as columns
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition and c.relname <> :version_table
and n.nspname not in ('pg_catalog', 'information_schema', :schema) and n.nspname !~ '^pg_'
and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')
order by 2
""")
# Triggers on delete (8) and on truncate (32), of partitions too: a parent's are not copied to them where they are for
# each statement.
_TRIGGERS = text("""
select distinct format('%I.%I', n.nspname, c.relname) from pg_trigger t
join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where not t.tgisinternal and t.tgparentid = 0 and t.tgtype & 40 <> 0
order by 1
""")
_REFERENCES = text("select conrelid, confrelid from pg_constraint where contype = 'f' and conrelid <> confrelid")
_SEQUENCES = text("""
select format('%I.%I', schemaname, sequencename) as name, last_value, start_value from pg_sequences
where schemaname <> :schema
""")
_DEFERRING_SCHEMAS = text("""
select distinct quote_ident(n.nspname) from pg_constraint c join pg_namespace n on n.oid = c.connamespace
where c.condeferred
""")


@dataclass(frozen=True, slots=True)
class _Seed:
    """A table that has rows in the template, and where their copy is."""

    table: Row[Any]
    copy: str


def install_sweep(installation: Installation, database: str, *, is_superuser: bool) -> None:
    """Make the function in the database, whose rows at this moment are those that it restores."""
    with _engine(installation, database, is_superuser=is_superuser).begin() as connection:
        connection.exec_driver_sql(f"create schema {SCHEMA}")
        connection.exec_driver_sql(f"comment on schema {SCHEMA} is 'What the test plugin needs in a test database.'")
        for statement in _function(connection, is_superuser=is_superuser):
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        schemas = [SCHEMA, *connection.scalars(_DEFERRING_SCHEMAS)]
        sandbox = installation.sandbox_login
        # the schemas of deferred constraints, whose names it has to say after a commit
        connection.exec_driver_sql(f'grant usage on schema {", ".join(schemas)} to "{sandbox}"')
        connection.exec_driver_sql(f"revoke execute on function {SCHEMA}.sweep() from public")
        connection.exec_driver_sql(f'grant execute on function {SCHEMA}.sweep() to "{sandbox}"')


def _engine(installation: Installation, database: str, *, is_superuser: bool) -> Engine:
    if is_superuser:
        return admin_engine(installation.admin_url(database), application_name="app_db testing")
    return owner_engine(installation.urls(database)[LoginUrl.MIGRATION], installation.names)


def _function(connection: Connection, *, is_superuser: bool) -> Iterable[str]:
    tables = connection.execute(_TABLES, {"schema": SCHEMA, "version_table": _VERSION_TABLE}).all()
    ordered = tables if is_superuser else _children_first(connection, tables)
    seeds = [
        _Seed(table, f"{SCHEMA}.seed_{number}")
        for number, table in enumerate(reversed(ordered or tables))
        if connection.exec_driver_sql(f"select exists (select from {table.name})").scalar()
    ]
    for seed in seeds:
        yield f"create table {seed.copy} as select {seed.table.columns} from {seed.table.name}"
    if ordered is None:
        emptying = [f"truncate {', '.join(table.name for table in tables)}"]
    else:
        emptying = [f"delete from {table.name}" for table in ordered]
    quiet = [] if is_superuser else list(connection.scalars(_TRIGGERS))
    steps = [
        *(f"alter table {name} disable trigger user" for name in quiet),
        *emptying,
        *map(_restored, seeds),
        *(f"alter table {name} enable trigger user" for name in quiet),
        *_rewound(connection),
    ]
    body = "".join(f"  {step};\n" for step in steps)
    replica = "set session_replication_role = replica" if is_superuser else ""
    yield (
        f"create function {SCHEMA}.sweep() returns void language plpgsql security definer\n"
        f"set search_path = pg_catalog, pg_temp set lock_timeout = '{LOCK_TIMEOUT}' {replica}\n"
        f"as $body$\nbegin\n{body}  return;\nend\n$body$"
    )
    yield f"comment on function {SCHEMA}.sweep() is 'Takes away what tests have committed; restores the seed rows.'"


def _children_first(connection: Connection, tables: Sequence[Row[Any]]) -> list[Row[Any]] | None:
    """Return the tables, those that refer before those referred to; None where deletes can't do it."""
    by_oid = {table.oid: table for table in tables}
    order: TopologicalSorter[int] = TopologicalSorter({oid: set() for oid in by_oid})
    for child, parent in connection.execute(_REFERENCES):
        if child in by_oid and parent in by_oid:
            order.add(parent, child)
    try:
        return [by_oid[oid] for oid in order.static_order()]
    except CycleError:
        return None


def _restored(seed: _Seed) -> str:
    columns = seed.table.columns
    return f"insert into {seed.table.name} ({columns}) overriding system value select {columns} from {seed.copy}"


def _rewound(connection: Connection) -> Iterable[str]:
    for name, last, start in connection.execute(_SEQUENCES, {"schema": SCHEMA}):
        value, called = (start, "false") if last is None else (last, "true")
        yield (
            f"if pg_sequence_last_value('{name}') is distinct from {'null' if last is None else last} then "
            f"perform setval('{name}', {value}, {called}); end if"
        )
