"""The tables that hold rows of a tenant, ours and the application's, as the catalogue tells.

A table belongs to it by a foreign key to tenancy.tenants, or by one that carries the tenant to such a table. Partitions
are reached through their parents.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from ..errors import TenantRefused
from ..models import Base
from ..schema import scope_of

TENANTS = "tenancy.tenants"

_KEYS = text("""
select format('%I.%I', n.nspname, c.relname) as child, format('%I.%I', pn.nspname, p.relname) as parent,
  array(select attname::text from unnest(k.conkey) with ordinality u (num, i)
    join pg_attribute on attrelid = k.conrelid and attnum = u.num order by i) as columns,
  array(select attname::text from unnest(k.confkey) with ordinality u (num, i)
    join pg_attribute on attrelid = k.confrelid and attnum = u.num order by i) as referred
from pg_constraint k
join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
join pg_class p on p.oid = k.confrelid join pg_namespace pn on pn.oid = p.relnamespace
where k.contype = 'f' and not c.relispartition and not p.relispartition
""")

# Without a policy by which the login sees all rows, an export would be empty and a deletion would do nothing.
_TABLES = text("""
select format('%I.%I', n.nspname, c.relname) as name,
  array(select quote_ident(attname) from pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped
    and attgenerated = '' order by attnum) as columns,
  array(select format_type(atttypid, atttypmod) from pg_attribute where attrelid = c.oid and attnum > 0
    and not attisdropped and attgenerated = '' order by attnum) as types,
  array(select quote_ident(a.attname) || case when a.attcollation <> 0 then ' collate "C"' else '' end
    from pg_index i cross join unnest(i.indkey) with ordinality u (num, place)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = u.num
    where i.indrelid = c.oid and i.indisprimary order by u.place) as key,
  has_table_privilege(c.oid, 'select') as may_select, has_table_privilege(c.oid, 'insert') as may_insert,
  has_table_privilege(c.oid, 'delete') as may_delete,
  not c.relrowsecurity or exists (
    select from pg_policy p where p.polrelid = c.oid and p.polpermissive and p.polcmd = '*'
    and pg_get_expr(p.polqual, p.polrelid) = 'true'
    and exists (select from unnest(p.polroles) r where r <> 0 and pg_has_role(r, 'usage'))
  ) as sees_all
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p') and not c.relispartition
  and format('%I.%I', n.nspname, c.relname) = any(:names)
""")

_WITH_A_TENANT = text("""
select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relkind in ('r', 'p') and not c.relispartition and n.nspname !~ '^pg_' and n.nspname <> 'app_db_testing'
order by 1
""")

# Tables whose rows go by a function, as no login may delete them.
PURGES = {"ops.audit_log": "ops.purge_audit_log"}

# People's rows that name a tenant: they go with the person, and are void once the membership is gone.
OF_PEOPLE = {"auth.sessions"}


@dataclass(frozen=True, slots=True)
class TenantTable:
    """A table with rows of tenants; every name is quoted where that is needed.

    `is_tree` where it refers to itself: then its rows are moved and deleted in one statement, since no order of batches
    would be right.
    """

    name: str
    tenant_column: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    key: tuple[str, ...]
    is_tree: bool
    lacks: frozenset[str]

    @property
    def select_rows(self) -> str:
        """The statement that returns each row of `:tenant` as a JSON array of texts, in the order of the key."""
        values = ", ".join(f"{column}::text" for column in self.columns)
        order = ", ".join(self.key or self.columns)
        return (
            f"select to_json(array[{values}]::text[])::text from {self.name} "
            f"where {self.tenant_column} = :tenant order by {order}"
        )

    @property
    def insert_rows(self) -> str:
        """The statement that inserts a JSON array `:rows` of such arrays."""
        values = ", ".join(f"cast(r ->> {place} as {kind})" for place, kind in enumerate(self.types))
        return (
            f"insert into {self.name} ({', '.join(self.columns)}) overriding system value "
            f"select {values} from json_array_elements(cast(:rows as json)) as r"
        )

    @property
    def delete_rows(self) -> str:
        """The statement that deletes `:batch` rows of `:tenant`, or all where they can't be told apart."""
        if self.name in PURGES:
            return f"select {PURGES[self.name]}(:tenant, :batch)"
        if self.is_tree or not self.key:
            return f"delete from {self.name} where {self.tenant_column} = :tenant"
        key = ", ".join(column.removesuffix(' collate "C"') for column in self.key)
        return (
            f"delete from {self.name} where {self.tenant_column} = :tenant and ({key}) in "
            f"(select {key} from {self.name} where {self.tenant_column} = :tenant limit :batch)"
        )

    @property
    def count_rows(self) -> str:
        """The statement that counts the rows of `:tenant`."""
        return f"select count(*) from {self.name} where {self.tenant_column} = :tenant"


@dataclass(frozen=True, slots=True)
class Layout:
    """All of them, those referred to before those that refer; `unlinked` have a tenant_id that refers to nothing."""

    tables: tuple[TenantTable, ...]
    unlinked: tuple[str, ...]

    def require(self, verb: str) -> None:
        """Raise TenantRefused where the login may not do this to every table, or not to every row."""
        for table in self.tables:
            if "rows" in table.lacks:
                raise TenantRefused(
                    f"the administrators' login does not see every row of {table.name}, so the tenant would be taken "
                    "for smaller than it is: give the table the policy all_rows to app_all, as ddl.tenant_policies does"
                )
            if verb in table.lacks and not (verb == "delete" and table.name in PURGES):
                raise TenantRefused(
                    f"the administrators' login may not {verb} rows of {table.name}, which belong to the tenant: "
                    f"add a revision with ddl.grant('select, insert, update, delete', '{table.name}', ['app_admin'])"
                )


def find_layout(session: Session) -> Layout:
    """Return the tables of tenants; raises TenantRefused where their references form a circle."""
    keys = session.execute(_KEYS).all()
    columns = _tenant_columns(keys)
    parents = {
        name: {key.parent for key in keys if key.child == name and key.parent in columns and key.parent != name}
        for name in columns
    }
    try:
        order = tuple(TopologicalSorter({name: sorted(parents[name]) for name in sorted(parents)}).static_order())
    except CycleError as error:
        raise TenantRefused(
            f"{' and '.join(error.args[1][:-1])} refer to each other, so there is no order in which a tenant's rows "
            "could go or come: drop one of the foreign keys, or let one table refer through a third one"
        ) from None
    rows = {row.name: row for row in session.execute(_TABLES, {"names": list(columns)})}
    trees = {key.child for key in keys if key.child == key.parent}
    linked = {*columns, TENANTS}
    unlinked = tuple(name for name in session.scalars(_WITH_A_TENANT) if name not in linked | OF_PEOPLE)
    return Layout(tuple(_table(rows[name], columns[name], name in trees) for name in order), unlinked)


def _of_no_tenant() -> Iterable[str]:
    """Yield the tables whose models say that their rows are no tenant's, such as a person's sessions."""
    for table in Base.metadata.tables.values():
        scope = scope_of(table)
        if scope is not None and scope.tenant_column is None:
            yield table.fullname


def _tenant_columns(keys: Iterable[Any]) -> dict[str, str]:
    """Return each table of tenants with the column that carries the tenant."""
    found = {key.child: key.columns[0] for key in keys if key.parent == TENANTS and key.referred == ["id"]}
    grown = True
    while grown:
        grown = False
        for key in keys:
            if key.parent in found and key.child not in found and found[key.parent] in key.referred:
                found[key.child] = key.columns[key.referred.index(found[key.parent])]
                grown = True
    return found


def _table(row: Any, tenant_column: str, is_tree: bool) -> TenantTable:
    may = {"select": row.may_select, "insert": row.may_insert, "delete": row.may_delete, "rows": row.sees_all}
    lacks = frozenset(verb for verb, granted in may.items() if not granted)
    column = next(name for name in row.columns if name.strip('"') == tenant_column)
    return TenantTable(row.name, column, tuple(row.columns), tuple(row.types), tuple(row.key), is_tree, lacks)
