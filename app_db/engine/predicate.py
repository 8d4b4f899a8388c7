"""Writes `tenant_id = :tenant` into the statements of a tenant's session, for every tenant table that they touch.

Row-level security stays the proof; this is the plan: with the tenant in the text the planner knows its statistics and
prunes partitions, and the policy becomes a filter that runs once. The condition is added when a statement is compiled,
so it rides SQLAlchemy's compiled cache; the value is bound at each execution, from the options of the connection.

An element of FROM gets its condition in WHERE, the nullable side of an outer join in that join's ON. The sides of a
FULL JOIN, `text()` and tables without a scope have row-level security alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import BindParameter, Connection, Dialect, Table, Uuid
from sqlalchemy.dialects.postgresql.base import PGCompiler
from sqlalchemy.dialects.postgresql.psycopg2 import PGExecutionContext_psycopg2
from sqlalchemy.engine.interfaces import ExecutionContext
from sqlalchemy.sql.elements import ClauseElement, ColumnElement
from sqlalchemy.sql.selectable import Alias, FromGrouping, Join, TableSample

from ..context import TenantContext
from ..schema import scope_of
from .options import CONTEXT_OPTION

Place = Literal["select", "join", "update", "update from", "delete", "delete using"]


class TenantBind(BindParameter[UUID]):
    """The tenant of whoever executes; NULL, which equals no tenant, until the execution fills it in."""

    __visit_name__ = "app_db_tenant"
    inherit_cache = True


# unique, so that SQLAlchemy keeps its name apart from those of an application's parameters
TENANT = TenantBind("app_db_tenant_id", None, Uuid(), unique=True)

_KEY = TENANT.key


class Filtered(ClauseElement):
    """What a statement asks for, and the tenant's conditions."""

    __visit_name__ = "app_db_filtered"

    def __init__(self, asked: Sequence[ClauseElement], added: Sequence[ClauseElement]) -> None:
        self.asked = asked
        self.added = added


class TenantCompiler(PGCompiler):
    """Compiles to PostgreSQL's SQL, with the tenant's conditions where the dialect has `tenant_predicate`."""

    @property
    def _is_asked_for(self) -> bool:
        return getattr(self.dialect, "tenant_predicate", False)

    def tenant_conditions(self, place: Place, elements: Iterable[Any]) -> list[ColumnElement[bool]]:
        """Return the conditions for elements of FROM, or for the target, of a statement."""
        del place  # for tests, which take one place out
        if not self._is_asked_for:
            return []
        return [
            column == TENANT
            for element in elements
            for relation, name in _tenant_relations(element)
            for column in relation.c
            if column.name == name
        ]

    def _compose_select_body(
        self,
        text: Any,
        select: Any,
        compile_state: Any,
        inner_columns: Any,
        froms: Any,
        *args: Any,
    ) -> Any:
        select = _filtered(select, self.tenant_conditions("select", froms))
        return super()._compose_select_body(  # type: ignore[no-untyped-call]
            text, select, compile_state, inner_columns, froms, *args
        )

    def visit_join(self, join: Any, asfrom: bool = False, from_linter: Any = None, **kwargs: Any) -> Any:
        """Render a join; the nullable side of an outer join is filtered before it is joined, as by a policy."""
        if join.isouter and not join.full:
            added = self.tenant_conditions("join", [join.right])
            if added:
                join = join._clone()  # noqa: SLF001
                join.onclause = Filtered([join.onclause], added)
        return super().visit_join(join, asfrom, from_linter, **kwargs)  # type: ignore[no-untyped-call]

    def visit_update(self, update_stmt: Any, visiting_cte: Any = None, **kw: Any) -> str:
        """Render an UPDATE; its target and its FROM are filtered."""
        prepared = self._prepare(update_stmt, "update", "update from", kw)
        return super().visit_update(prepared, visiting_cte, **kw)

    def visit_delete(self, delete_stmt: Any, visiting_cte: Any = None, **kw: Any) -> Any:
        """Render a DELETE; its target and its USING are filtered."""
        prepared = self._prepare(delete_stmt, "delete", "delete using", kw)
        return super().visit_delete(prepared, visiting_cte, **kw)  # type: ignore[no-untyped-call]

    def visit_app_db_filtered(self, element: Filtered, **kw: Any) -> str:
        """Render both; what was asked for in parentheses, because SQLAlchemy sees no OR in a text()."""
        asked: str = self._generate_delimited_and_list(element.asked, **kw)  # type: ignore[no-untyped-call]
        added: str = self._generate_delimited_and_list(element.added, **kw)  # type: ignore[no-untyped-call]
        end = "\n" if "--" in asked else ""  # a text() may end in a comment
        return f"({asked}{end}) AND {added}" if asked else added

    def visit_app_db_tenant(self, bind: TenantBind, literal_binds: bool = False, **kw: Any) -> Any:
        """Render the tenant as a parameter; where nobody executes, and so binds, as the database's own view of it."""
        if literal_binds or self.column_keys is None:
            return "app.current_tenant_id()"
        # the same value for every row: neither a literal nor, in an upsert, a reason to send row by row
        kw.update(literal_execute=False, is_upsert_set=False)
        return self.visit_bindparam(bind, **kw)  # type: ignore[no-untyped-call]

    def _prepare(self, statement: Any, target_place: Place, others_place: Place, kw: dict[str, Any]) -> Any:
        """Return what the stock method takes for the statement, with its compile state made and filtered.

        Only the state knows which other tables the statement reads, and an ORM statement makes it once.
        """
        if not self._is_asked_for:
            return statement
        state = statement._compile_state_factory(statement, self, **kw)  # noqa: SLF001
        target = self.tenant_conditions(target_place, [state.statement.table])
        others = self.tenant_conditions(others_place, state._extra_froms)  # noqa: SLF001
        state.statement = _filtered(state.statement, target + others)
        return SimpleNamespace(_compile_state_factory=lambda *_args, **_kw: state)


class TenantExecutionContext(PGExecutionContext_psycopg2):
    """Executes compiled statements; gives those that name the tenant the one of the connection's options."""

    @classmethod
    def _init_compiled(
        cls,
        dialect: Dialect,
        connection: Connection,
        dbapi_connection: Any,
        execution_options: Any,
        compiled: Any,
        parameters: Any,
        *args: Any,
        **kw: Any,
    ) -> ExecutionContext:
        if TENANT in compiled.bind_names:
            tenant = _tenant_of(connection)
            parameters = [{**each, _KEY: tenant} for each in parameters] if parameters else [{_KEY: tenant}]
        return super()._init_compiled(
            dialect, connection, dbapi_connection, execution_options, compiled, parameters, *args, **kw
        )


def _tenant_of(connection: Connection) -> UUID | None:
    # the connection's options and not the statement's, which code that runs in the session could set
    context = connection.get_execution_options().get(CONTEXT_OPTION)
    return context.tenant_id if isinstance(context, TenantContext) else None


def _tenant_relations(element: Any) -> Iterator[tuple[Any, str]]:
    """Yield the tenant tables, under the names they have here, that a condition after the joins filters rightly."""
    if isinstance(element, FromGrouping):
        yield from _tenant_relations(element.element)
    elif isinstance(element, Join):
        if not element.full:
            yield from _tenant_relations(element.left)
        if not element.full and not element.isouter:
            yield from _tenant_relations(element.right)
    else:
        scope = scope_of(_table_of(element))
        if scope is not None and scope.tenant_column is not None:
            yield element, scope.tenant_column


def _table_of(element: Any) -> Table | None:
    while isinstance(element, Alias | TableSample):
        element = element.element
    if not isinstance(element, Table):
        return None
    # the ORM's annotated copies have `info` only if it was there when they were made
    return element._deannotate()  # noqa: SLF001


def _filtered(statement: Any, added: Sequence[ClauseElement]) -> Any:
    if not added:
        return statement
    statement = statement._generate()  # noqa: SLF001  # a shallow copy: threads share the original
    statement._where_criteria = (Filtered(statement._where_criteria, added),)  # noqa: SLF001
    return statement
