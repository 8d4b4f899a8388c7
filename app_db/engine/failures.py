"""The errors of an engine: what the driver raises, in the classes of `app_db.errors`, and what the engine refuses."""

from __future__ import annotations

from sqlalchemy import ExceptionContext
from sqlalchemy.exc import DBAPIError

from ..errors import TenantNotBound, UnsafeTransaction, typed


def raise_typed(context: ExceptionContext) -> DBAPIError | None:
    """Return the typed error for SQLAlchemy to raise in place of its own (the `handle_error` event)."""
    error = context.sqlalchemy_exception
    if not isinstance(error, DBAPIError):
        return None
    return typed(error, is_connected=context.connection is not None or context.is_pre_ping)


def no_tenant() -> TenantNotBound:
    """Return what is raised for work on a tenant's engine without a tenant."""
    return TenantNotBound(
        "work on a tenant's engine was about to begin without a tenant: "
        "use `db.tenant(tenant_id)`, `db.engine(tenant_id)` or, for global tables, `db.shared()`"
    )


def autocommit_for_a_tenant() -> UnsafeTransaction:
    """Return what is raised for autocommit on a tenant's engine."""
    return UnsafeTransaction(
        "a tenant can't be bound in autocommit, where SET LOCAL has no effect: "
        "leave the isolation level as it is, and commit after each statement instead"
    )
