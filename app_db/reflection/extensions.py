"""Which extensions a database has."""

from __future__ import annotations

from sqlalchemy import Connection, text

_MADE = text("select extname from pg_extension")


def made_extensions(connection: Connection) -> frozenset[str]:
    """Return the names of the extensions that are made in the database connected to."""
    return frozenset(connection.scalars(_MADE))
