"""Remedies by a function with its owner's rights, which has the tenant's filter inside."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ....schema import Function, RoleNames
from ..keys import Key, Operator, Table
from .base import Code, Remedy, also, free_name, installed, short_name, where, where_in_model, written

_READERS = ("app_rw", "app_ro")
_SETTINGS = ("search_path=pg_catalog, pg_temp", "plan_cache_mode=force_custom_plan")
# So many vectors are compared one by one; beyond it the index pays (docs/decisions/0021).
_ONE_BY_ONE = 2000
_SPARE = 10

_UNBOUND = """
  if {unbound} then
    raise exception 'no tenant is bound to this transaction' using errcode = 'TN001';
  end if;"""

_SEARCH = """
#variable_conflict use_column
begin{check}
  return query
    select t.* from {table} as t
    where {own} and {what} {operator} query{also}
    limit row_limit;
end
"""

_NEAREST = """
#variable_conflict use_column
declare
  near {key_type}[];
  former text := current_setting('{method}.iterative_scan', true);
begin{check}
  if {bound} < (
    select count(*) from (select from {table} as t where {own} limit {bound} + 1) as c
  ) then
    perform set_config('{method}.iterative_scan', 'relaxed_order', true);
    near := array(
      select t.{key} from {table} as t where {own}
      order by {what} {operator} query{cast} limit row_limit + {spare}
    );
    perform set_config('{method}.iterative_scan', coalesce(nullif(former, ''), 'off'), true);
  end if;
  if cardinality(near) < row_limit then
    near := null;
  end if;
  return query
    select t.* from {table} as t
    where {own} and (near is null or t.{key} = any (near))
    order by t.{column} {operator} query, t.{key} limit row_limit;
end
"""


def existing_function(key: Key, functions: Sequence[str]) -> Remedy:
    """For an index that a function reads already: that function."""
    return Remedy(
        "existing-function", f"the function that there is: {', '.join(functions)}",
        f"it reads {key.index} as one who sees all rows, and filters by the tenant itself",
        Code("", (), f"select * from {functions[0]}(…)"),
    )  # fmt: skip


def search_function(table: Table, key: Key, operator: Operator, names: RoleNames) -> Remedy:
    """For full text, trigrams, arrays, documents, ranges and whatever else: a function over an index of the tenant."""
    body = _SEARCH.format(
        check=_check(table),
        table=table.relation,
        own=_own(table),
        what=_of_t(key),
        operator=operator.written,
        also=also(key),
    )
    argument = operator.right
    function = _function(table, key, argument, body, "Rows of the current tenant")
    index = _index(table, key)
    models = "\n".join([*_index_model(table, key), written(function)])
    return Remedy(
        "search-function", "a search function with the tenant's filter inside",
        f"{operator.sign} is not leakproof, so no index is read by it below a policy; the function acts as its owner, "
        "who sees all rows, and filters by the tenant itself",
        Code(models, (*index, *installed(function.create(), names)),
             f"select * from {function.name}(cast(:query as {argument}))"),
    )  # fmt: skip


def vector_function(table: Table, key: Key, names: RoleNames) -> Remedy:
    """For vectors: a function that compares few one by one, and asks the index until it has enough of many."""
    operator = key.sample
    sign = operator.written if operator is not None else "operator(extensions.<=>)"
    is_cast = key.column is None
    argument = f"{operator.schema}.vector" if operator is not None else "extensions.vector"
    column = key.columns[0]
    own_key, key_type = next((pair for pair in table.key.items() if pair[0] != table.tenant_column), ("id", "uuid"))
    body = _NEAREST.format(
        check=_check(table), table=table.relation, own=f"{_own(table)} and t.{column} is not null{also(key)}",
        method=key.method, key=own_key, key_type=key_type, bound=_ONE_BY_ONE,
        spare=_SPARE, column=column, operator=sign, cast=_cast_of(key) if is_cast else "",
        what=_of_t(key),
    )  # fmt: skip
    function = _function(table, key, argument, body, "The nearest rows of the current tenant", enable_sort=False)
    return Remedy(
        "vector-function", "a function that finds the nearest rows of one tenant",
        "an index of vectors finds the nearest rows of all tenants; filtered afterwards, too few are left",
        Code(written(function), installed(function.create(), names),
             f"select * from {function.name}(cast(:query as {argument}), 10)"),
    )  # fmt: skip


def _function(
    table: Table, key: Key, argument: str, body: str, what: str, *, enable_sort: bool = True
) -> Function:  # fmt: skip
    return Function(
        name=f"{table.schema}.{short_name('find', table.name, 'by', key.columns[0])}",
        arguments=f"query {argument}, row_limit integer DEFAULT 20",
        returns=f"SETOF {table.relation}",
        language="plpgsql",
        volatility="stable",
        security_definer=True,
        settings=_SETTINGS if enable_sort else (*_SETTINGS, "enable_sort=off"),
        body=body,
        execute=_READERS,
        comment=f"{what}, by {', '.join(key.columns)}.",
    )


def _of_t(key: Key) -> str:
    """Return the key of the index, its columns as those of `t`."""
    names = "|".join(re.escape(column) for column in key.columns)
    return re.sub(rf"(?<![\w.'])(\"?)({names})\1(?![\w(.'])", r"t.\g<0>", key.expression)


def _own(table: Table) -> str:
    """Return the condition of the table's policy, for `t`."""
    person = f" and t.{table.person_column} = app.current_user_id()" if table.person_column else ""
    tenant = f"t.{table.tenant_column} = app.current_tenant_id()" if table.tenant_column else ""
    return f"{tenant}{person}".removeprefix(" and ")


def _check(table: Table) -> str:
    bound = {"tenant": table.tenant_column, "user": table.person_column}
    things = [f"app.current_{thing}_id() is null" for thing, column in bound.items() if column]
    return _UNBOUND.format(unbound=" or ".join(things))


def _cast_of(key: Key) -> str:
    """Return the cast of an index of an expression such as `(embedding)::halfvec(768)`."""
    _, separator, cast = key.expression.rpartition("::")
    return separator + cast.rstrip(")") + (")" if "(" in cast else "") if separator else ""


def _index(table: Table, key: Key) -> tuple[str, ...]:
    """Return the statement for an index that begins with the tenant; none where there is one, or it can't begin so."""
    if _has_tenant(table, key):
        return ()
    keys = f"({table.tenant_column}, {key.expression} {key.opclass})"
    return (f"create index {_index_name(table, key)} on {table.relation} using {key.method} {keys}{where(key)}",)


def _index_model(table: Table, key: Key) -> list[str]:
    if _has_tenant(table, key):
        return []
    what = f'"{key.column}"' if key.column else f"text({key.expression!r})"
    ops = f', postgresql_ops={{"{key.column}": "{key.opclass}"}}' if key.column else ""
    partial = "".join(f", {option}" for option in where_in_model(key))
    options = f'postgresql_using="{key.method}"{ops}{partial}'
    return [
        "# in __table_args__:",
        f'Index("{_index_name(table, key)}", "{table.tenant_column}", {what}, {options}),',
    ]


def _has_tenant(table: Table, key: Key) -> bool:
    return key.method not in ("gin", "gist") or table.tenant_column is None or table.tenant_column in key.leading


def _index_name(table: Table, key: Key) -> str:
    return free_name(table.taken, "ix", table.name, str(table.tenant_column), key.columns[0], "search")
