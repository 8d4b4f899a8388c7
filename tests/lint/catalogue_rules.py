"""Rules that every schema of ours keeps beside those of `app-db isolation check`, each as one look at the catalogue.

A look returns the names of what breaks the rule. It is a query, or a function of what `app_db.reflection` has read,
where that says it in fewer words. Partitions are left out: they are as their table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from app_db.reflection import Catalogue

VISIBILITY = {"app_tenant", "app_tenant_admin", "app_all"}

_TABLES = "pg_class c join pg_namespace n on n.oid = c.relnamespace and n.nspname = any(:schemas)"
_CONSTRAINTS = f"{_TABLES} join pg_constraint k on k.conrelid = c.oid and k.conparentid = 0"

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
}

Rule = Callable[[Catalogue], Iterator[str]]


def _of(kind: str, catalogue: Catalogue) -> Iterator[tuple[str, dict[str, Any]]]:
    return ((thing.name, dict(attributes)) for thing, attributes in catalogue.items() if thing.kind == kind)


def public_functions(catalogue: Catalogue) -> Iterator[str]:
    """Functions that everybody may execute."""
    return (name for name, is_ in _of("function", catalogue) if "public: execute" in is_.get("grants", []))


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


_NO_TYPES = re.compile(r"(character|timestamp.* without time zone|time.* without time zone|money|json\b)")


def unwanted_types(catalogue: Catalogue) -> Iterator[str]:
    """Columns of a type that the house does not use, serial ones, and enums."""
    yield from (
        name
        for name, is_ in _of("column", catalogue)
        if _NO_TYPES.match(str(is_["type"])) or str(is_.get("default", "")).startswith("nextval(")
    )
    yield from (name for name, is_ in _of("type", catalogue) if is_["kind"] == "enum")


LOOKS: dict[str, Rule] = {
    "nobody executes a function without a grant": public_functions,
    "a table has row security, enabled and forced, and policies": open_tables,
    "a policy is for roles that say which rows": misplaced_policies,
    "a column has a type of the house": unwanted_types,
}
