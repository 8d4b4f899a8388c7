"""Items and their lines, twice: under row-level security as any tenant table, and plain, with the same rows."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    DateTime,
    MetaData,
    Select,
    Table,
    Text,
    Uuid,
    cast,
    func,
    select,
    text,
)

from app_db.schema import RoleNames, Scope, ScopeKind

SECURED, PLAIN = "bench", "plain"
# a vacuum or analyze that comes by itself would hold back the visibility map of one copy and not of the other
QUIET = "with (autovacuum_enabled = false)"
UNITS = "array['kg','m2','m3','pcs','t']"


@dataclass(frozen=True)
class Tables:
    """The tables of one schema."""

    items: Table
    lines: Table


def tables(schema: str) -> Tables:
    """Return the tables of the schema; the secured ones say whose rows they hold, as a model does."""
    metadata = MetaData(schema=schema)
    texts = [Column(name, Text) for name in ("code", "name", "unit")]
    made_at = Column("created_at", DateTime(timezone=True))
    items = Table("items", metadata, *_key(), *texts, Column("price", BigInteger), made_at)
    lines = Table("lines", metadata, *_key(), Column("item_id", Uuid), Column("quantity", BigInteger))
    if schema == SECURED:
        for table in (items, lines):
            Scope(ScopeKind.TENANT, tenant_column="tenant_id").attach_to(table)
    return Tables(items, lines)


def queries(found: Tables, item: UUID, tenant: UUID | None = None) -> dict[str, Select[Any]]:
    """Return what applications ask most: without a word of the tenant, or with its filter written by hand."""
    items, lines = found.items.c, found.lines.c
    own = [] if tenant is None else [items.tenant_id == tenant]
    own_both = [] if tenant is None else [*own, lines.tenant_id == tenant]
    joined = (items.tenant_id == lines.tenant_id) & (items.id == lines.item_id)
    both = select(items.name, lines.quantity).join_from(found.lines, found.items, joined)
    return {
        "point": select(found.items).where(items.id == item, *own),
        "newest 50": select(found.items).where(*own).order_by(items.created_at.desc(), items.id.desc()).limit(50),
        "count": select(func.count()).select_from(found.items).where(*own),
        "join": both.where(*own_both).order_by(lines.id.desc()).limit(50),
        "aggregate": select(items.unit, func.count(), func.sum(items.price)).where(*own).group_by(items.unit),
    }


def sizes(connection: Connection) -> dict[str, tuple[UUID, int, UUID]]:
    """Return tenant, number of its items and the key of one of them: of a large, a medium and a small tenant."""
    items = tables(SECURED).items.c
    one = cast(func.min(cast(items.id, Text)), Uuid)
    by_size = select(items.tenant_id, func.count(), one).group_by(items.tenant_id).order_by(func.count().desc())
    found = connection.execute(by_size).all()
    chosen = {"large": found[0], "medium": found[len(found) // 20], "small": found[-1]}
    return {size: (row[0], row[1], row[2]) for size, row in chosen.items()}


def _key() -> list[Column[Any]]:
    return [Column("tenant_id", Uuid, primary_key=True), Column("id", Uuid, primary_key=True)]


def create(connection: Connection, names: RoleNames) -> None:
    """Create both schemas and their tables, as the owner."""
    for schema in (SECURED, PLAIN):
        for statement in _statements(schema, names):
            connection.execute(text(statement))


def fill(connection: Connection, rows: int, tenants: int) -> Iterator[str]:
    """Make tenants of unequal size with `rows` items in all: one has a third, the others follow a power law.

    Yields what was done. Every fifth item has a line.
    """
    connection.execute(text("select setseed(0.5)"))
    connection.execute(text(_TENANTS), {"tenants": tenants})
    yield f"{tenants} tenants"
    done = 0
    while done < rows:
        step = min(100_000, rows - done)
        connection.execute(text(_ITEMS), {"first": done + 1, "last": done + step, "tenants": tenants})
        done += step
        yield f"{done} items"
    connection.execute(text(_LINES))
    for name in ("items", "lines"):
        connection.execute(text(f"insert into {PLAIN}.{name} select * from {SECURED}.{name}"))
    yield "lines and plain copies"


def analyse(connection: Connection) -> None:
    """Have statistics and the visibility map made, outside of a transaction; of all copies alike.

    A row is not taken for visible to all before its commit has reached the disk, so that once may not be enough.
    """
    for table in (f"{schema}.{name}" for schema in (SECURED, PLAIN) for name in ("items", "lines")):
        for _ in range(50):
            connection.execute(text(f"vacuum analyze {table}"))
            if connection.scalar(_ALL_VISIBLE, {"table": table}):
                break
            time.sleep(0.1)
        else:
            raise RuntimeError(f"{table} has pages that vacuum does not take for visible to all: end what is open")


_ALL_VISIBLE = text("select relallvisible = relpages from pg_class where oid = cast(:table as regclass)")

_TENANTS = """
insert into tenancy.tenants (id, slug, name)
select md5('tenant ' || number)::uuid, 'bench-' || number, 'Tenant ' || number
from generate_series(0, :tenants - 1) as number
"""

_ITEMS = f"""
insert into {SECURED}.items (tenant_id, code, name, unit, price, created_at)
select
  md5('tenant ' || case when chance < 1.0 / 3 then 0 else 1 + floor((:tenants - 1) * power(size, 3))::int end)::uuid,
  'code ' || number, 'The name of item ' || number, ({UNITS})[1 + number % 5], number % 10000,
  now() - interval '1 year' + number * interval '1 second'
from (
  select number, random() as chance, random() as size from generate_series(cast(:first as int), :last) as number
) as drawn
"""

_LINES = f"""
insert into {SECURED}.lines (tenant_id, item_id, quantity)
select tenant_id, id, price from {SECURED}.items where price % 5 = 0
"""


def _statements(schema: str, names: RoleNames) -> list[str]:
    everyone = ", ".join(map(names, ("app_tenant", "app_tenant_admin", "app_all")))
    key = "tenant_id uuid not null references tenancy.tenants, id uuid default app.uuid7() not null"
    columns = "code text, name text, unit text, price bigint, created_at timestamptz"
    made = [
        f"create schema {schema}",
        f"grant usage on schema {schema} to {everyone}",
        f"create table {schema}.items ({key}, {columns}, primary key (tenant_id, id)) {QUIET}",
        f"create index on {schema}.items (tenant_id, created_at desc, id desc)",
        f"create table {schema}.lines ({key}, item_id uuid, quantity bigint, primary key (tenant_id, id)) {QUIET}",
        f"create index on {schema}.lines (tenant_id, item_id)",
    ]
    for table in (f"{schema}.items", f"{schema}.lines"):
        made.append(f"grant select on {table} to {names('app_rw')}, {names('app_admin')}")
        if schema == SECURED:
            made += _policies(table, names)
    return made


def _policies(table: str, names: RoleNames) -> list[str]:
    own = "tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"  # as revisions write it
    tenants = f"{names('app_tenant')}, {names('app_tenant_admin')}"
    return [
        f"alter table {table} enable row level security",
        f"alter table {table} force row level security",
        f"create policy tenant_rows on {table} to {tenants} using ({own}) with check ({own})",
        f"create policy all_rows on {table} to {names('app_all')} using (true) with check (true)",
    ]
