"""A server-side cursor by DECLARE and FETCH: psycopg2's own refuses to work in the driver's autocommit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from psycopg2 import extensions

_IN_TRANSACTION = extensions.TRANSACTION_STATUS_INTRANS


class ServerSideCursor:
    """A cursor of the DB-API whose rows stay on the server until they are fetched; it ends with the transaction.

    See the PostgreSQL manual, DECLARE. The name is made by SQLAlchemy and needs no more than quotes.
    """

    arraysize = 1
    itersize = 2000

    def __init__(self, connection: Any, name: str) -> None:
        self.name = name
        connection.begin_unless_open()
        self._cursor = connection.cursor()
        self._is_open = False

    def __getattr__(self, attribute: str) -> Any:
        return getattr(self._cursor, attribute)

    def execute(self, statement: str, parameters: Any = None) -> None:
        """Declare the cursor for the statement."""
        self._cursor.execute(f'declare "{self.name}" cursor without hold for {statement}', parameters)
        self._is_open = True

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        self._fetch("1")
        return self._cursor.fetchone()

    def fetchmany(self, size: int | None = None) -> list[Any]:
        """Return the next `size` rows."""
        self._fetch(str(self.arraysize if size is None else size))
        return list(self._cursor.fetchall())

    def fetchall(self) -> list[Any]:
        """Return all rows that are left."""
        self._fetch("all")
        return list(self._cursor.fetchall())

    def __iter__(self) -> Iterator[Any]:
        while rows := self.fetchmany(self.itersize):
            yield from rows

    def close(self) -> None:
        """Close it on the server too, where its transaction still stands."""
        if self._is_open and self._cursor.connection.get_transaction_status() == _IN_TRANSACTION:
            self._cursor.execute(f'close "{self.name}"')
        self._is_open = False
        self._cursor.close()

    def _fetch(self, count: str) -> None:
        self._cursor.execute(f'fetch forward {count} from "{self.name}"')
