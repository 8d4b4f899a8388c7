"""The tenant in the text of statements: tried as the owner, who sees every row, so that nothing else filters."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, get_args
from uuid import UUID

from sqlalchemy import Column, Connection, MetaData, Select, Uuid, and_, delete, func, select, true, update
from sqlalchemy import Table as SqlTable
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import NullType

from ...context import TenantContext
from ...engine import PoolFigures, bound_to, pooled_engine
from ...engine.predicate import Place as Hook
from ...engine.predicate import TenantCompiler
from ...errors import ProofError
from ...models import Base
from ...settings import LoginUrl
from .findings import Finding, Kind, Tally
from .place import ProofPlace
from .tables import Table
from .whose import FOREIGN, OWN
from .world import World

HOOKS: tuple[Hook, ...] = get_args(Hook)

Statement = Callable[[Any, Any], Any]


def predicate_findings(
    place: ProofPlace, world: World, tables: list[Table], tally: Tally
) -> Generator[Finding, None, None]:
    """Yield where a statement of a session reaches a foreign row that no policy keeps from its login.

    Each statement asks for the foreign tenant's rows, and has to find none.
    """
    url = place.settings.login_url(LoginUrl.MIGRATION)
    if url is None:
        raise ProofError("the place has no login of the owner: set APP_DB_MIGRATION_URL")
    engine = pooled_engine(url, PoolFigures(pool_size=1), application_name="app_db isolation prove", needs_tenant=True)
    own, foreign = UUID(world.owners[OWN].tenant), UUID(world.owners[FOREIGN].tenant)
    try:
        with bound_to(engine, TenantContext(own)).connect() as connection:
            for table in tables:
                if table.scope.tenant_column is not None:
                    yield from _of_table(connection, table, own, foreign, tally)
    finally:
        engine.dispose()


def _of_table(connection: Connection, table: Table, own: UUID, foreign: UUID, tally: Tally) -> Iterator[Finding]:
    mapped = _sql_table(table)
    tenant = mapped.c[str(table.scope.tenant_column)]
    for verb, statement in _STATEMENTS.items():
        tally.count(table.name, "predicate")
        found = _reached(connection, statement(mapped, tenant == foreign))
        if found:
            yield Finding(table.name, f"predicate of {verb}", FOREIGN, "the owner", "own", found)
    tally.count(table.name, "predicate")
    if not connection.scalar(_counted(mapped, tenant == own)):
        yield Finding(table.name, "predicate of select", OWN, "the owner", "own", "its own rows are missing",
                      Kind.MISSING)  # fmt: skip


def _reached(connection: Connection, statement: Any) -> str:
    """Return what was reached, and undo it."""
    try:
        with connection.begin_nested() as savepoint:
            result = connection.execute(statement)
            rows = int(result.scalar_one()) if isinstance(statement, Select) else int(result.rowcount)
            savepoint.rollback()
    except DBAPIError as error:
        return f"reached a row that is not seen: {type(error).__name__}"
    return f"reached a row that is not seen: {rows} rows" if rows else ""


def _sql_table(table: Table) -> SqlTable:
    """Return the model's table, or one that has what the proof needs of it."""
    known = Base.metadata.tables.get(table.name)
    if known is not None:
        return known
    schema, _, name = table.name.partition(".")
    columns = [
        Column(column.name, Uuid() if column.kind == "uuid" else NullType()) for column in table.columns.values()
    ]
    made = SqlTable(name, MetaData(), *columns, schema=schema)
    table.scope.attach_to(made)
    return made


def _counted(table: Any, condition: Any) -> Any:
    return select(func.count()).select_from(table).where(condition)


def _joined(table: Any, condition: Any) -> Any:
    """The nullable side of an outer join, whose rows are those that are asked for."""
    other = table.alias()
    joined = table.outerjoin(other, true())
    return select(func.count()).select_from(joined).where(_on(other, table, condition))


def _on(other: Any, table: Any, condition: Any) -> Any:
    """The foreign rows of the other one, each beside a row of somebody else."""
    tenant = condition.left.name
    return and_(other.c[tenant] == condition.right, other.c[tenant].is_distinct_from(table.c[tenant]))


def _unchanged(table: Any) -> dict[str, Any]:
    column = next(column for column in table.columns if column.computed is None and not column.primary_key)
    return {column.name: column}


def _updated_from(table: Any, condition: Any) -> Any:
    other = table.alias()
    return update(table).values(_unchanged(table)).where(_on(other, table, condition))


def _deleted_using(table: Any, condition: Any) -> Any:
    return delete(table).where(_on(table.alias(), table, condition))


_STATEMENTS: dict[Hook, Statement] = {
    "select": _counted,
    "join": _joined,
    "update": lambda table, condition: update(table).values(_unchanged(table)).where(condition),
    "update from": _updated_from,
    "delete": lambda table, condition: delete(table).where(condition),
    "delete using": _deleted_using,
}


@contextmanager
def without_hook(hook: Hook) -> Iterator[None]:
    """Take away, inside the block, what the engine adds to statements at one place."""
    original = TenantCompiler.tenant_conditions

    def conditions(self: TenantCompiler, place: Hook, elements: Any) -> Any:
        return [] if place == hook else original(self, place, elements)

    TenantCompiler.tenant_conditions = conditions  # type: ignore[method-assign]
    try:
        yield
    finally:
        TenantCompiler.tenant_conditions = original  # type: ignore[method-assign]
