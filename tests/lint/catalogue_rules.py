"""Rules that every schema of ours keeps, each as one look at the catalogue that returns what breaks it.

A look is a query, which returns names of things with their schema, or a function of what `app_db.reflection` has read,
where that says it in fewer words. Partitions are left out but for their own rule: they are as their table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

from app_db.reflection import Catalogue, Thing

VISIBILITY = {"app_tenant", "app_tenant_admin", "app_all"}
INVOKERS = {"security_invoker=true", "security_invoker=on"}
PINNED = "search_path=pg_catalog, pg_temp"

_TABLES = "pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = any(:schemas)"
_CONSTRAINTS = f"{_TABLES} join pg_constraint k on k.conrelid = c.oid and k.conparentid = 0"
_INDEXES = f"""{_TABLES} join pg_index i on i.indrelid = c.oid and not c.relispartition
join pg_class x on x.oid = i.indexrelid"""

# The index may be without rows that refer to nothing; its first columns are those of the key, in any order.
_COVERS = """
i.indrelid = k.conrelid and i.indisvalid
and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) = any(
  select format('(%I IS NOT NULL)', a.attname) from pg_attribute a
  where a.attrelid = k.conrelid and a.attnum = any(k.conkey)))
and (i.indkey::smallint[])[0:cardinality(k.conkey) - 1] @> k.conkey
"""

# `one` says nothing that `other` does not: its columns are the first ones of the other, in the same order and for the
# same rows, and it forbids nothing that the other allows. Of two that are the same the later one is told.
_REPEATS = """
one.indexrelid <> other.indexrelid and one_class.relam = other_class.relam and one.indisvalid and other.indisvalid
and pg_get_expr(one.indpred, c.oid) is not distinct from pg_get_expr(other.indpred, c.oid)
and pg_get_expr(one.indexprs, c.oid) is not distinct from pg_get_expr(other.indexprs, c.oid)
and (other.indkey::text || ' ') like (one.indkey::text || ' %')
and (other.indclass::text || ' ') like (one.indclass::text || ' %')
and (other.indcollation::text || ' ') like (one.indcollation::text || ' %')
and (other.indoption::text || ' ') like (one.indoption::text || ' %')
and (not one.indisunique or (other.indisunique and one.indkey = other.indkey))
and not (one.indkey = other.indkey and one.indisunique = other.indisunique and one.indexrelid < other.indexrelid)
"""

# What `narrow` forbids, `wide` forbids already; unless a foreign key needs it to refer to.
_IMPLIED = """
wide.indexrelid <> narrow.indexrelid and wide.indisunique and narrow.indisunique and narrow.indpred is null
and narrow.indexprs is null and wide.indkey::smallint[] @> narrow.indkey::smallint[]
and cardinality(wide.indkey::smallint[]) > cardinality(narrow.indkey::smallint[])
and not exists (select from pg_constraint f where f.contype = 'f' and f.conindid = wide.indexrelid)
"""

QUERIES = {
    "a foreign key is covered by an index": f"""
        select n.nspname || '.' || c.relname || '.' || k.conname from {_CONSTRAINTS}
        where k.contype = 'f' and not exists (select from pg_index i where {_COVERS})
    """,
    "a foreign key says what happens on delete": f"""
        select n.nspname || '.' || c.relname || '.' || k.conname from {_CONSTRAINTS}
        where k.contype = 'f' and k.confdeltype = 'a'
    """,
    "an index repeats no other": f"""
        select n.nspname || '.' || one_class.relname || ' by ' || other_class.relname from {_TABLES}
        join pg_index one on one.indrelid = c.oid and not c.relispartition
        join pg_index other on other.indrelid = one.indrelid
        join pg_class one_class on one_class.oid = one.indexrelid
        join pg_class other_class on other_class.oid = other.indexrelid
        where {_REPEATS}
    """,
    "a unique index forbids more than a narrower one": f"""
        select n.nspname || '.' || wide_class.relname || ' by ' || narrow_class.relname from {_TABLES}
        join pg_index wide on wide.indrelid = c.oid and not c.relispartition
        join pg_index narrow on narrow.indrelid = wide.indrelid
        join pg_class wide_class on wide_class.oid = wide.indexrelid
        join pg_class narrow_class on narrow_class.oid = narrow.indexrelid
        where {_IMPLIED}
    """,
    "a constraint has a name that somebody gave it": f"""
        select n.nspname || '.' || c.relname || '.' || k.conname from {_CONSTRAINTS}
        where k.contype not in ('n', 't') and k.conname !~ case k.contype
          when 'p' then '^pk_' when 'f' then '^fk_' when 'u' then '^uq_' when 'c' then '^ck_' else '^ex_' end
    """,
    "an index of tenants' rows leads with the tenant": f"""
        select n.nspname || '.' || x.relname from {_INDEXES}
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and a.attnotnull
        where i.indkey[0] <> a.attnum
    """,
}

Rule = Callable[[Catalogue], Iterator[str]]


def _of(kind: str, catalogue: Catalogue) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((thing.name, dict(attributes)) for thing, attributes in catalogue.items() if thing.kind == kind)


def unpinned_definers(catalogue: Catalogue) -> Iterator[str]:
    """Functions that act as their owner, and find names where their caller says."""
    return (
        name
        for name, is_ in _of("function", catalogue)
        if is_["is_security_definer"] and PINNED not in is_.get("settings", [])
    )


def public_functions(catalogue: Catalogue) -> Iterator[str]:
    """Functions that everybody may execute."""
    return (name for name, is_ in _of("function", catalogue) if "public: execute" in is_.get("grants", []))


def owners_views(catalogue: Catalogue) -> Iterator[str]:
    """Views that show what their owner sees, and copies of it."""
    return (
        name
        for name, is_ in _of("relation", catalogue)
        if is_["kind"] == "materialized view" or (is_["kind"] == "view" and not INVOKERS & set(is_.get("options", [])))
    )


def open_tables(catalogue: Catalogue) -> Iterator[str]:
    """Tables without row security, without FORCE, or without a policy."""
    with_policy = {name.rsplit(".", 1)[0] for name, _ in _of("policy", catalogue)}
    return (
        name
        for name, is_ in _of("row security", catalogue)
        if not (is_["enabled"] and is_["forced"] and name in with_policy)
    )


def misplaced_policies(catalogue: Catalogue) -> Iterator[str]:
    """Policies to a role that says which tables, or to everybody."""
    return (name for name, is_ in _of("policy", catalogue) if not set(is_["roles"]) <= VISIBILITY)


def wide_policies(catalogue: Catalogue) -> Iterator[str]:
    """Policies that show or accept every row, and are not for app_all alone."""
    return (
        name
        for name, is_ in _of("policy", catalogue)
        if "true" in (is_.get("using"), is_.get("with_check")) and is_["roles"] != ["app_all"]
    )


def doubled_policies(catalogue: Catalogue) -> Iterator[str]:
    """Policies beside another one for the same role and command: PostgreSQL joins them with OR."""
    by_table: dict[str, list[tuple[str, Any]]] = {}
    for name, is_ in _of("policy", catalogue):
        by_table.setdefault(name.rsplit(".", 1)[0], []).append((name, is_))
    for policies in by_table.values():
        for (_, one), (name, other) in combinations(policies, 2):
            same_command = one["command"] == other["command"] or "all" in (one["command"], other["command"])
            if same_command and set(one["roles"]) & set(other["roles"]):
                yield name


_BRANCH = re.compile(r"\b(or|case|select)\b", re.IGNORECASE)


def branching_policies(catalogue: Catalogue) -> Iterator[str]:
    """Policies with OR, CASE or a sub-select."""
    return (
        name
        for name, is_ in _of("policy", catalogue)
        if _BRANCH.search(_without_strings(f"{is_.get('using')} {is_.get('with_check')}"))
    )


def _without_strings(sql: str) -> str:
    return re.sub(r"'[^']*'", "''", sql)


_NO_TYPES = re.compile(r"(character|timestamp.* without time zone|time.* without time zone|money|json\b)")


def unwanted_types(catalogue: Catalogue) -> Iterator[str]:
    """Columns of a type that the house does not use, serial ones, and enums."""
    yield from (
        name
        for name, is_ in _of("column", catalogue)
        if _NO_TYPES.match(str(is_["type"])) or str(is_.get("default", "")).startswith("nextval(")
    )
    yield from (name for name, is_ in _of("type", catalogue) if is_["kind"] == "enum")


def unlike_partitions(catalogue: Catalogue) -> Iterator[str]:
    """Partitions that are not protected as their table is, or have grants of their own."""
    return (
        f"{Thing('partitions', name).schema}.{told}"
        for name, is_ in _of("partitions", catalogue)
        for told in is_.get("unlike_their_table", [])
    )


LOOKS: dict[str, Rule] = {
    "a function that acts as its owner pins its search path": unpinned_definers,
    "nobody executes a function without a grant": public_functions,
    "a view shows what who asks may see": owners_views,
    "a table has row security, enabled and forced, and policies": open_tables,
    "a policy is for roles that say which rows": misplaced_policies,
    "a role has one policy for a command": doubled_policies,
    "only app_all sees every row": wide_policies,
    "a policy has no OR, CASE or sub-select": branching_policies,
    "a column has a type of the house": unwanted_types,
    "a partition is protected as its table": unlike_partitions,
}
