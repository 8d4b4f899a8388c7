"""The driver's connection: held in autocommit, it begins each transaction with one message of its own.

The message is BEGIN with its options, the limits of a session behind a pooler, and the context: `begin isolation level
serializable read only; set local app.current_tenant_id = '…'`. psycopg2 would send BEGIN by itself, without them.

Lent to a checkout and taken back after it: what a transaction is bound to belongs to the checkout and to nobody after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from psycopg2 import extensions

_IDLE = extensions.TRANSACTION_STATUS_IDLE


@dataclass(frozen=True, slots=True)
class Mode:
    """The options of BEGIN; None leaves one to the server. `autocommit` begins nothing."""

    isolation_level: str | None = None
    read_only: bool | None = None
    deferrable: bool | None = None
    autocommit: bool = False

    def begin(self) -> str:
        """Return the statement that begins a transaction of this mode."""
        words = ["begin"]
        if self.isolation_level is not None:
            words.append(f"isolation level {self.isolation_level.lower()}")
        if self.read_only is not None:
            words.append("read only" if self.read_only else "read write")
        if self.deferrable is not None:
            words.append("deferrable" if self.deferrable else "not deferrable")
        return " ".join(words)


DEFAULT_MODE = Mode()


class Binding:
    """What a checkout hands over: the statements that bind each of its transactions, and their mode.

    `message` begins such a transaction. (No dataclass: one is made for each session.)
    """

    __slots__ = ("message", "mode", "statements")

    def __init__(self, statements: str = "", mode: Mode = DEFAULT_MODE) -> None:
        self.statements = statements
        self.mode = mode
        begin = "begin" if mode is DEFAULT_MODE else mode.begin()
        self.message = f"{begin}; {statements}" if statements else begin


class AppDbConnection(extensions.connection):
    """A psycopg2 connection that the dialect begins, commits and rolls back by messages of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.mode = DEFAULT_MODE
        self.always = ""
        self.binding: Binding | None = None
        self.is_lent = False
        self._begun: Mode | None = None
        self._is_managed = False
        self._control: Any = None
        self._own_mode = DEFAULT_MODE

    def lend(self, binding: Binding | None) -> None:
        """Begin a checkout; its transactions are bound by `binding`, or by nothing."""
        self.is_lent = True
        self.binding = binding
        self._own_mode = self.mode
        if binding is not None and binding.mode is not DEFAULT_MODE:
            self.mode = binding.mode

    def take_back(self) -> None:
        """End the checkout: nothing of it is left for the next one."""
        self.is_lent = self._is_managed = False
        self.binding = None
        self._begun = None
        self.mode = self._own_mode
        if not self.autocommit and not self.closed:
            self.autocommit = True

    @property
    def begin_message(self) -> str:
        """The one message that begins a transaction."""
        binding = self.binding
        if binding is not None and self.mode is binding.mode and not self.always:
            return binding.message
        parts = [self.mode.begin(), self.always, binding.statements if binding is not None else ""]
        return "; ".join(part for part in parts if part)

    def begin_ahead(self) -> None:
        """Begin at checkout, in place of a ping; `begin` finds the transaction open."""
        self.send(self.begin_message)
        self._begun = self.mode

    def begin(self) -> None:
        """See that a transaction of the wanted mode is open; sends nothing where the ping has begun it."""
        ahead, self._begun = self._begun, None
        self._is_managed = True
        if ahead is not None and (ahead is self.mode or ahead == self.mode):
            return
        if self.mode.autocommit:
            if ahead is not None:
                self.send("rollback")
        elif ahead is not None:
            self.send(f"rollback; {self.begin_message}")
        else:
            self.begin_unless_open()

    def begin_unless_open(self) -> None:
        """Begin for whoever works past SQLAlchemy, as psycopg2 would; in autocommit nothing is begun."""
        if self.autocommit and not self.mode.autocommit and self.get_transaction_status() == _IDLE:
            self.send(self.begin_message)

    def change_mode(self, **changes: Any) -> None:
        """Change the mode of transactions to come; as in psycopg2, one that is open is rolled back."""
        self.mode = replace(self.mode, **changes)
        if self._begun is None and self.get_transaction_status() != _IDLE:
            self.send("rollback")

    def send(self, statements: str) -> None:
        """Send statements as one message."""
        if self._control is None:
            self._control = super().cursor()
        self._control.execute(statements)

    def cursor(self, *args: Any, **kwargs: Any) -> Any:
        """Return a cursor; whoever works past SQLAlchemy finds a transaction begun."""
        if self.is_lent and not self._is_managed:
            self.begin_unless_open()
        return super().cursor(*args, **kwargs)

    def lobject(self, *args: Any, **kwargs: Any) -> Any:
        """Return a large object. psycopg2 wants a transaction of its own for it, so it is told of the one there is.

        Its BEGIN, inside ours, is a warning to the server and no more.
        """
        if self.is_lent and not self.mode.autocommit:
            self.begin_unless_open()
            self.autocommit = False
        return super().lobject(*args, **kwargs)

    def commit(self) -> None:
        """Commit, where a transaction is open."""
        self._end("commit")

    def rollback(self) -> None:
        """Roll back, where a transaction is open."""
        self._end("rollback")

    def _end(self, statement: str) -> None:
        was_managed, self._is_managed, self._begun = self._is_managed, False, None
        if not self.autocommit:
            super().commit() if statement == "commit" else super().rollback()
            self.autocommit = True
        elif self.get_transaction_status() != _IDLE:
            self.send(statement)
        # whoever works past SQLAlchemy may go on with a cursor that he has, and expects psycopg2 to begin; where a
        # tenant is bound it must not, since that transaction would be bound to none
        if self.is_lent and not was_managed and self.binding is None and not self.mode.autocommit:
            self.autocommit = False
