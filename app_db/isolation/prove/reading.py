"""Reads the tables of some schemas from the catalogue, in a fixed number of queries."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, TextClause, text

from ...schema import Scope
from .tables import Check, Column, ForeignKey, Table, Unique

ScopeOf = Callable[[str, Mapping[str, Column]], Scope]

_OURS = "n.nspname = any(:schemas) and c.relkind in ('r', 'p')"

_TABLES = text(f"""
select c.oid, n.nspname || '.' || c.relname as name, format('%I.%I', n.nspname, c.relname) as sql,
  array(select format('%I.%I', pn.nspname, p.relname) from pg_partition_tree(c.oid) t join pg_class p on p.oid = t.relid
    join pg_namespace pn on pn.oid = p.relnamespace where t.isleaf and p.oid <> c.oid order by p.relname) as partitions
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where {_OURS} and not c.relispartition and not exists (
  select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 2
""")

_COLUMNS = text(f"""
select c.oid, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, b.typname as kind,
  (select e.typname from pg_type e where e.oid = b.typelem and b.typcategory = 'A') as element,
  a.attnotnull or t.typnotnull as is_required,
  case when a.attgenerated = '' then coalesce(pg_get_expr(d.adbin, d.adrelid), t.typdefault) end as default,
  a.attgenerated = '' and a.attidentity = '' as is_written,
  array(select e.enumlabel::text from pg_enum e where e.enumtypid = b.oid order by e.enumsortorder) as labels,
  nullif(greatest(
    m.typmod - case when ltrim(b.typname, '_') in ('varchar', 'bpchar', 'numeric') then 4 else 0 end, 0), 0) as length
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid join pg_type b on b.oid = coalesce(nullif(t.typbasetype, 0), t.oid)
cross join lateral (select case when t.typbasetype = 0 then a.atttypmod else t.typtypmod end) m (typmod)
left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
where {_OURS} and not c.relispartition and a.attnum > 0 and not a.attisdropped
order by c.oid, a.attnum
""")

_CONSTRAINTS = text(f"""
select c.oid, k.conname as name, k.contype::text as kind, k.condeferrable as is_deferrable,
  format('%I.%I', n.nspname, k.conname) as sql, pg_get_expr(k.conbin, k.conrelid) as expression,
  array(select a.attname::text from unnest(k.conkey) with ordinality u (num, place)
    join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.num order by u.place) as columns,
  fn.nspname || '.' || f.relname as target,
  array(select a.attname::text from unnest(k.confkey) with ordinality u (num, place)
    join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.num order by u.place) as referred
from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_class f on f.oid = k.confrelid left join pg_namespace fn on fn.oid = f.relnamespace
where {_OURS} and not c.relispartition and k.contype in ('c', 'f') and k.conparentid = 0
order by c.oid, k.conname
""")

_UNIQUES = text(f"""
select c.oid, x.relname as name, pg_get_expr(i.indpred, i.indrelid) as where, i.indisprimary as is_primary,
  i.indisexclusion as is_exclusion, pg_get_indexdef(i.indexrelid) as definition,
  0 = any(i.indkey) as has_expressions,
  array(select a.attname::text from unnest(i.indkey) with ordinality u (num, place)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = u.num where u.place <= i.indnkeyatts order by u.place)
    as columns,
  array(select distinct a.attname::text from pg_depend d
    join pg_attribute a on a.attrelid = c.oid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid and d.refobjid = c.oid and d.refobjsubid > 0)
    as mentioned
from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
where {_OURS} and not c.relispartition and (i.indisunique or i.indisexclusion)
order by c.oid, x.relname
""")


def read_tables(connection: Connection, schemas: Iterable[str], scope_of: ScopeOf) -> dict[str, Table]:
    """Return the tables of the schemas by name, partitions under their parents; `scope_of` says whose rows they hold.

    What an extension has made is left out.
    """
    wanted = {"schemas": sorted(schemas)}
    columns = _grouped(connection, _COLUMNS, wanted)
    constraints = _grouped(connection, _CONSTRAINTS, wanted)
    uniques = _grouped(connection, _UNIQUES, wanted)
    return {
        row["name"]: _table(row, columns[row["oid"]], constraints[row["oid"]], uniques[row["oid"]], scope_of)
        for row in _rows(connection, _TABLES, wanted)
    }


def _rows(connection: Connection, query: TextClause, wanted: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{str(name): value for name, value in row.items()} for row in connection.execute(query, wanted).mappings()]


def _grouped(
    connection: Connection, query: TextClause, wanted: Mapping[str, Any]
) -> dict[int, list[Mapping[str, Any]]]:
    found: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in _rows(connection, query, wanted):
        found[row["oid"]].append(row)
    return found


def _table(
    row: Mapping[str, Any],
    columns: list[Mapping[str, Any]],
    constraints: list[Mapping[str, Any]],
    uniques: list[Mapping[str, Any]],
    scope_of: ScopeOf,
) -> Table:
    by_name = {column["name"]: _column(column) for column in columns}
    checks = [Check(k["name"], k["expression"], tuple(k["columns"])) for k in constraints if k["kind"] == "c"]
    # so that a partial index has the row in it, and a probe can meet it there
    wishes = [
        Check(u["name"], u["where"], _named(u["where"], u["mentioned"]), is_wish=True) for u in uniques if u["where"]
    ]
    return Table(
        name=row["name"],
        sql=row["sql"],
        oid=row["oid"],
        columns=by_name,
        checks=(*checks, *wishes),
        foreign_keys=tuple(_foreign_key(k) for k in constraints if k["kind"] == "f"),
        uniques=tuple(
            Unique(
                name=u["name"],
                columns=tuple(u["mentioned"] if u["has_expressions"] else u["columns"]),
                where=u["where"],
                is_primary=u["is_primary"],
                is_exclusion=u["is_exclusion"],
                definition=u["definition"],
            )
            for u in uniques
        ),
        partitions=tuple(row["partitions"]),
        scope=scope_of(row["name"], by_name),
    )


def _foreign_key(row: Mapping[str, Any]) -> ForeignKey:
    given = {name: row[name] for name in ("name", "target", "sql", "is_deferrable")}
    return ForeignKey(**given, columns=tuple(row["columns"]), referred=tuple(row["referred"]))


def _column(row: Mapping[str, Any]) -> Column:
    given = {name: row[name] for name in Column.__slots__ if name != "labels"}
    return Column(**given, labels=tuple(row["labels"]))


def _named(expression: str, columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(name for name in columns if re.search(rf"\b{re.escape(name)}\b", expression))
