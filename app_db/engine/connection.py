"""The driver's connection: held in autocommit, it begins each transaction with a message of its own.

The message is BEGIN with its options, the limits of a session behind a pooler, and the context: `begin isolation level
serializable read only; set local app.current_tenant_id = '…'`. psycopg2 would send BEGIN by itself, without them.

Where it can, the message waits and travels with the first statement (see `cursor`), which saves its round trip.

Lent to a checkout and taken back after it: what a transaction is bound to belongs to the checkout and to nobody after.
"""

from __future__ import annotations

import contextlib
import os
import select
import time
from dataclasses import replace
from typing import Any

from psycopg2 import Error, OperationalError, extensions

from . import fork
from .begin import DEFAULT_MODE, Binding, Mode
from .cursor import INHERITED, Cursor

_IDLE = extensions.TRANSACTION_STATUS_IDLE

# Seconds for which a connection is trusted after its last use, if its socket is silent. What forgets a connection
# without a word (a firewall, a NAT gateway) does so after minutes; who ends one in words leaves them in the socket.
TRUSTED_FOR = 1.0


class AppDbConnection(extensions.connection):
    """A psycopg2 connection that the dialect begins, commits and rolls back by messages of its own.

    `pending` is the message that begins the transaction, for as long as it waits for a first statement.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cursor_factory = Cursor
        self.mode = DEFAULT_MODE
        self.always = ""
        self.binding: Binding | None = None
        self.is_lent = False
        self.pending: str | None = None
        self._begun: Mode | None = None
        self._is_managed = self._is_raw = self._has_plain_cursors = False
        self._control: Any = None
        self._own_mode = DEFAULT_MODE
        self._socket: select.poll | None = None
        self._used_at = time.monotonic()
        self._is_inherited = False
        fork.connections.add(self)

    def lend(self, binding: Binding | None) -> None:
        """Begin a checkout; its transactions are bound by `binding`, or by nothing."""
        if self._begun is not None:  # by a pool's own ping, which knows of no binding
            self.rollback()
        self.is_lent = True
        self.binding = binding
        self._own_mode = self.mode
        if binding is not None and binding.mode is not DEFAULT_MODE:
            self.mode = binding.mode

    def take_back(self) -> None:
        """End the checkout: nothing of it is left for the next one, whatever the pool was told to reset."""
        self.is_lent = self._is_managed = self._is_raw = self._has_plain_cursors = False
        self.binding = self.pending = self._begun = None
        if not self.closed and not (self.autocommit and self.get_transaction_status() == _IDLE):
            self._leave()
        self.mode = self._own_mode
        self._used_at = time.monotonic()

    @property
    def begin_message(self) -> str:
        """The message that begins a transaction."""
        binding = self.binding
        if binding is not None and self.mode is binding.mode and not self.always:
            return binding.message
        parts = [self.mode.begin(), self.always, binding.statements if binding is not None else ""]
        return "; ".join(part for part in parts if part)

    def is_trusted(self) -> bool:
        """Tell whether the connection is alive for all that can be known without asking the server."""
        if time.monotonic() - self._used_at > TRUSTED_FOR or self.closed:
            return False
        if self._socket is None:
            self._socket = select.poll()
            self._socket.register(self.fileno(), select.POLLIN)
        return not self._socket.poll(0)  # a goodbye would be there to be read, or an end of the stream

    @property
    def is_usable(self) -> bool:
        """Whether something can be sent on it."""
        return not self.closed and not self._is_inherited

    def begin_ahead(self) -> None:
        """Begin at checkout, in place of a ping; `begin` finds the transaction open. In autocommit just ask."""
        if self.mode.autocommit:
            self.send("select 1")
        else:
            self.send(self.begin_message)
            self._begun = self.mode

    def begin(self) -> None:
        """See that the next statement is in a transaction of the wanted mode; sends nothing unless it must."""
        ahead, self._begun = self._begun, None
        self._is_managed, self._is_raw = True, False
        if ahead is None:
            self.wait_to_begin()
        elif self.mode.autocommit:
            self.send("rollback")
        elif ahead is not self.mode and ahead != self.mode:
            self.send(f"rollback; {self.begin_message}")

    def wait_to_begin(self) -> None:
        """Have the next statement begin a transaction, unless one is open; in autocommit nothing is begun."""
        is_asked_for = self.autocommit and not self.mode.autocommit
        if is_asked_for and self.pending is None and self.get_transaction_status() == _IDLE:
            self.pending = self.begin_message

    def send_pending(self) -> None:
        """Send the message that waits by itself, for what can't travel with it."""
        if self.pending is not None:
            self.send(self.pending)
            self.pending = None

    def fail(self) -> None:
        """Leave the transaction as a statement leaves it that PostgreSQL refused: open, and good for ROLLBACK alone.

        A message is parsed as a whole, so a syntax error in the statement has kept BEGIN from being executed, and what
        follows would run outside of any transaction. Going back to a savepoint that does not exist fails by design.
        """
        with contextlib.suppress(Error):
            self.send(f"{self.begin_message}; rollback to savepoint app_db_failed_statement")

    def change_mode(self, **changes: Any) -> None:
        """Change the mode of transactions to come; as in psycopg2, one that is open is rolled back."""
        self.mode = replace(self.mode, **changes)
        self.pending = None
        if self._begun is None and self.get_transaction_status() != _IDLE:
            self.send("rollback")

    def send(self, statements: str) -> None:
        """Send statements as one message."""
        if self._is_inherited:
            raise OperationalError(
                "connection not open in this process: it was opened before the fork and belongs to the parent"
            )
        if self._control is None:
            self._control = super().cursor(cursor_factory=extensions.cursor)
        self._control.execute(statements)

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """Return a cursor; whoever works past SQLAlchemy has a transaction begun, as by psycopg2."""
        if self.is_lent and not self._is_managed:
            self._is_raw = True
            self.wait_to_begin()
        if args or kwargs:  # of a class that knows nothing of messages that wait
            self._has_plain_cursors = self.is_lent
            self.send_pending()
        return self.new_cursor(*args, **kwargs)

    def new_cursor(self, *args: Any, **kwargs: Any) -> Any:
        """Return a cursor, and begin nothing."""
        return super().cursor(*args, **kwargs)

    def lobject(self, *args: Any, **kwargs: Any) -> Any:
        """Return a large object. psycopg2 wants a transaction of its own for it, so it is told of the one there is.

        Its BEGIN, inside ours, is a warning to the server and no more.
        """
        if self.is_lent and not self.mode.autocommit:
            self.wait_to_begin()
            self.send_pending()
            self.autocommit = False
        return super().lobject(*args, **kwargs)

    def close(self) -> None:
        """Close the connection; in a child of its process, where the farewell would be its parent's, do nothing."""
        if not self._is_inherited:
            super().close()

    def disinherit(self) -> None:
        """Make this copy of a parent's connection harmless: what is written to it goes nowhere, and it says so.

        Not by closing it: a thread of the parent may hold psycopg2's lock on it, which nobody here would free.
        """
        if not self.closed:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
        self._is_inherited = True
        self.pending = INHERITED

    def commit(self) -> None:
        """Commit, where a transaction is open."""
        self._end("commit")

    def rollback(self) -> None:
        """Roll back, where a transaction is open."""
        if not self._is_inherited:
            self._end("rollback")

    def _leave(self) -> None:
        """Roll back what a checkout leaves open; a connection that can't is closed."""
        try:
            self.rollback()
        except Error:
            self.close()

    def _end(self, statement: str) -> None:
        is_raw, self._is_managed = self._is_raw, False
        self._begun = self.pending = None
        if not self.autocommit:
            super().commit() if statement == "commit" else super().rollback()
            self.autocommit = True
        elif self.get_transaction_status() != _IDLE:
            self.send(statement)
        if is_raw:  # whoever works past SQLAlchemy may go on with a cursor that he has: bound, in a new transaction
            self.wait_to_begin()
            if self._has_plain_cursors:
                self.send_pending()
