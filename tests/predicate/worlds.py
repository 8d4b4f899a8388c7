"""Two ways to see one tenant's rows: by row-level security alone, and by the predicate alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.orm import Session

from app_db.context import TenantContext
from app_db.engine.binding import CONTEXT_OPTION
from app_db.engine.predicate import TenantCompiler, TenantExecutionContext

TABLES = ("a", "b", "c", "links", "pets", "dogs")
Case = Callable[[Session], Any]
Outcome = tuple[Any, list[str]]


class PredicateDialect(PGDialect_psycopg2):
    """Stock psycopg2 with the predicate."""

    supports_statement_cache = True
    tenant_predicate = True
    statement_compiler = TenantCompiler
    execution_ctx_cls = TenantExecutionContext


@dataclass(frozen=True)
class Worlds:
    """The engines and the two tenants."""

    secured: Engine
    all_seeing: Engine
    both: Engine
    tenants: tuple[UUID, UUID]

    @property
    def tenant(self) -> UUID:
        return self.tenants[0]

    def under_rls(self, case: Case, tenant: UUID | None = None) -> Outcome:
        """Run the case as the application's login; return its result and the tenant's rows after it."""
        return self._run(self.secured, case, tenant or self.tenant)

    def by_predicate(self, case: Case, tenant: UUID | None = None) -> Outcome:
        """Run the case as a login that sees every row; the other tenant's rows must not change."""
        return self._run(self.all_seeing, case, tenant or self.tenant)

    def by_both(self, case: Case, tenant: UUID | None = None) -> Outcome:
        """Run the case as the application's login, with the predicate: as in production."""
        return self._run(self.both, case, tenant or self.tenant)

    @contextmanager
    def fresh_cache(self) -> Iterator[None]:
        """Forget what was compiled, before and after."""
        self.all_seeing.clear_compiled_cache()
        yield
        self.all_seeing.clear_compiled_cache()

    def view(self, tenant: Any) -> Engine:
        """Return the predicate's engine for a tenant."""
        context = TenantContext(tenant) if isinstance(tenant, UUID) else tenant
        return self.all_seeing.execution_options(**{CONTEXT_OPTION: context})

    def _run(self, engine: Engine, case: Case, tenant: UUID) -> Outcome:
        (other,) = set(self.tenants) - {tenant}
        view = engine.execution_options(**{CONTEXT_OPTION: TenantContext(tenant)})
        with view.connect() as connection, connection.begin() as transaction:
            foreign = [row for row in rows(connection, other) if row[:7] != "colours"]
            with Session(connection, join_transaction_mode="rollback_only") as session:
                result = comparable(case(session))
                session.flush()
            own = rows(connection, tenant)
            changed = [row for row in rows(connection, other) if row[:7] != "colours"] != foreign
            transaction.rollback()
        return result, [*own, *(["another tenant's row was changed"] if changed else [])]


def secure(engine: Engine) -> Engine:
    """Bind the tenant at BEGIN, for the policies."""

    @event.listens_for(engine, "begin")
    def bind(connection: Connection) -> None:
        tenant = connection.get_execution_options()[CONTEXT_OPTION].tenant_id
        connection.exec_driver_sql("select set_config('app.current_tenant_id', %s, true)", (str(tenant),))

    return engine


def rows(connection: Connection, tenant: UUID) -> list[str]:
    """Return a tenant's rows in all tables, without ids made by the case; by text, to which nothing is added."""
    found = [f"colours {code}" for code in connection.scalars(text("select code from probe.colours"))]
    for table in TABLES:
        query = text(f"select (to_jsonb(t) - 'id')::text from probe.{table} t where tenant_id = :tenant")
        found.extend(f"{table} {row}" for row in connection.scalars(query, {"tenant": tenant}))
    return sorted(found)


def comparable(value: Any) -> Any:
    """Return rows in an order of their own."""
    if hasattr(value, "all"):
        value = value.all()
    if isinstance(value, list):
        return sorted((tuple(row) if hasattr(row, "_mapping") else row for row in value), key=repr)
    return value


@contextmanager
def statements(engine: Engine) -> Iterator[list[str]]:
    """Collect what is sent."""
    sent: list[str] = []

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
