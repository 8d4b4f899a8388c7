"""The driver's cursors: one that sends BEGIN along with the first statement, and one whose rows stay on the server.

Both know the `AppDbConnection` that they belong to, and what waits there to be sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

from psycopg2 import extensions

_IDLE = extensions.TRANSACTION_STATUS_IDLE
_IN_TRANSACTION = extensions.TRANSACTION_STATUS_INTRANS
_execute = extensions.cursor.execute

# Waits on a connection that is a parent's: whoever looks has to go through the connection, which refuses.
INHERITED = "inherited"


def _after_begin(method: Callable[..., Any]) -> Any:
    """Return the cursor's method, for what can't travel with BEGIN: it is sent ahead."""

    @wraps(method)
    def send(cursor: Cursor, *args: Any, **kwargs: Any) -> Any:
        cursor.connection.send_pending()
        return method(cursor, *args, **kwargs)

    return send


class Cursor(extensions.cursor):
    """A psycopg2 cursor. What begins its transaction, if that still waits, is sent in the message of its statement."""

    connection: Any

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  # psycopg2's own name
        """Execute a statement, and begin the transaction before it where that is still to be done."""
        connection = self.connection
        begin = connection.pending
        if begin is None:
            _execute(self, query, vars)
        elif type(query) is str and query and begin is not INHERITED:
            connection.pending = None
            try:
                # on a line of its own, so that "LINE 2" of a message is the first one of the statement
                _execute(self, f"{begin};\n{query}", vars)
            except BaseException as error:
                self._after(error, begin)
                raise
        else:
            connection.send_pending()
            _execute(self, query, vars)

    def _after(self, error: BaseException, begin: str) -> None:
        """Leave the transaction as it is after an error: not begun where nothing was sent, else good for nothing."""
        connection = self.connection
        if not connection.closed and connection.get_transaction_status() == _IDLE:
            if getattr(error, "pgcode", None) is None:  # psycopg2 could not make sense of the values
                connection.pending = begin
            else:
                connection.fail()

    executemany = _after_begin(extensions.cursor.executemany)
    callproc = _after_begin(extensions.cursor.callproc)
    copy_expert = _after_begin(extensions.cursor.copy_expert)
    copy_from = _after_begin(extensions.cursor.copy_from)
    copy_to = _after_begin(extensions.cursor.copy_to)


class ServerSideCursor:
    """A cursor of the DB-API whose rows stay on the server until they are fetched; it ends with the transaction.

    See the PostgreSQL manual, DECLARE. The name is made by SQLAlchemy and needs no more than quotes.
    """

    arraysize = 1
    itersize = 2000

    def __init__(self, connection: Any, name: str) -> None:
        self.name = name
        self._connection = connection
        connection.wait_to_begin()
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
        if self._is_open and self._connection.get_transaction_status() == _IN_TRANSACTION:
            self._cursor.execute(f'close "{self.name}"')
        self._is_open = False
        self._cursor.close()

    def _fetch(self, count: str) -> None:
        self._cursor.execute(f'fetch forward {count} from "{self.name}"')
