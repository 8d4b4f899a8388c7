"""Binds the tenant to each transaction, right after BEGIN.

The context travels as an execution option of the session's own view of the engine, so that ORM, Core, flush, refresh
and every other user of that view are covered, and none can see another session's. It is transaction-local: it ends with
the transaction, whatever pool or pooler the connection goes back to.
"""

from __future__ import annotations

from typing import Any, NoReturn
from uuid import UUID

from sqlalchemy import Connection, Engine, event

from ..context import TenantContext
from ..errors import TenantNotBound, UnsafeTransaction

CONTEXT_OPTION = "app_db_context"


class NoTenant:
    """Says in a session's options that it works on global tables: policies then show no tenant's row."""


NO_TENANT = NoTenant()


def bound_to(engine: Engine, context: TenantContext | NoTenant, **options: Any) -> Engine:
    """Return a view of the engine (same pool) whose transactions are bound to the context.

    `options` are SQLAlchemy's execution options, e.g. `isolation_level` or `postgresql_readonly`.
    """
    return engine.execution_options(**{CONTEXT_OPTION: context}, **options)


def require_context(engine: Engine) -> None:
    """Make every transaction of the engine and its views carry a tenant, or not begin."""
    event.listen(engine, "begin", _bind)
    event.listen(engine, "begin_twophase", _refuse_two_phase)


def set_local(context: TenantContext) -> str:
    """Return the statements that bind the context to the current transaction.

    The one place where a value is written into SQL: SET takes no parameters (PostgreSQL manual, SET), and only UUID
    objects come here, whose text has neither quote nor backslash.
    """
    statements = [f"set local app.current_tenant_id = '{_text(context.tenant_id)}'"]
    if context.user_id is not None:
        statements.append(f"set local app.current_user_id = '{_text(context.user_id)}'")
    return "; ".join(statements)


def _text(value: UUID) -> str:
    if type(value) is not UUID:
        raise TenantNotBound(f"{value!r} is no UUID: make a TenantContext, which parses it")
    return str(value)


def _bind(connection: Connection) -> None:
    options = connection.get_execution_options()
    context = options.get(CONTEXT_OPTION)
    if context is None:
        raise TenantNotBound(
            "a transaction was about to begin on a tenant's engine without a tenant: "
            "use `db.tenant(tenant_id)`, `db.engine(tenant_id)` or, for global tables, `db.shared()`"
        )
    if isinstance(context, NoTenant):
        return
    if connection.connection.dbapi_connection.autocommit:  # type: ignore[union-attr]
        raise UnsafeTransaction(
            "a tenant can't be bound in autocommit, where SET LOCAL has no effect: "
            "leave the isolation level as it is, and commit after each statement instead"
        )
    cursor = connection.connection.cursor()
    try:
        cursor.execute(set_local(context))
    finally:
        cursor.close()


def _refuse_two_phase(_connection: Connection, _xid: Any) -> NoReturn:
    raise UnsafeTransaction(
        "a tenant can't be bound to a two-phase transaction yet: use a plain transaction, "
        "with an outbox row where two systems must agree"
    )
