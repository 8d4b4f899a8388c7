"""Whose rows plans are made for: the tenant, and the person in it, with the most of them."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection, text

_SAMPLED = 100_000  # rows; of larger tables that many are looked at

# Tables with a policy, the largest by the last ANALYZE first.
_TABLES = text("""
select format('%I.%I', n.nspname, c.relname), c.reltuples::bigint
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relrowsecurity and c.relkind in ('r', 'p') and not c.relispartition and c.reltuples > 0
and has_table_privilege(c.oid, 'select') and (
  select count(*) from pg_attribute a
  where a.attrelid = c.oid and a.attname = any (:columns) and a.atttypid = 'uuid'::regtype
) = cardinality(:columns)
order by 2 desc, 1
""")


def busiest_tenant(everything: Connection) -> UUID:
    """Return the tenant with the most rows in the largest table of tenants; a nil UUID where there are no rows."""
    for table, rows in everything.execute(_TABLES, {"columns": ["tenant_id"]}):
        found = everything.scalar(text(_most("tenant_id", table, rows)))
        if found is not None:
            return UUID(str(found))
    return UUID(int=0)


def busiest_person(everything: Connection, tenant: UUID) -> UUID | None:
    """Return the person with the most of that tenant's rows in the largest table of persons, or None."""
    for table, rows in everything.execute(_TABLES, {"columns": ["tenant_id", "user_id"]}):
        query = _most("user_id", table, rows, "where tenant_id = :tenant and user_id is not null")
        found = everything.scalar(text(query), {"tenant": tenant})
        if found is not None:
            return UUID(str(found))
    return None


def _most(column: str, table: str, rows: int, where: str = "") -> str:
    share = min(100.0, 100 * _SAMPLED / rows)
    sample = "" if share >= 100 else f" tablesample system ({share:.4f})"  # noqa: PLR2004  # all of it
    return f"select {column} from {table}{sample} {where} group by {column} order by count(*) desc, {column} limit 1"
