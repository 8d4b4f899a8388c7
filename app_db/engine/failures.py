"""Turns driver errors into the errors of `app_db.errors`, for every statement of an engine."""

from __future__ import annotations

from sqlalchemy import ExceptionContext
from sqlalchemy.exc import DBAPIError

from ..errors import typed


def raise_typed(context: ExceptionContext) -> DBAPIError | None:
    """Return the typed error for SQLAlchemy to raise in place of its own (the `handle_error` event)."""
    error = context.sqlalchemy_exception
    return typed(error) if isinstance(error, DBAPIError) else None
