"""Tells whether two URLs lead to the same database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, text

_IDENTITY = text("select oid::bigint, pg_postmaster_start_time() from pg_database where datname = current_database()")


def identity(connection: Connection) -> tuple[Any, ...]:
    """Return values that are the same for the same database of the same server, whatever a URL calls it."""
    return tuple(connection.execute(_IDENTITY).one())
