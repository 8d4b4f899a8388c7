"""The connections of a test process: each knows where it was opened, and speaks through the sandbox while one is on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import wraps
from typing import TYPE_CHECKING, Any

from ..engine.begin import Binding
from ..engine.connection import AppDbConnection
from ..engine.cursor import Cursor
from .callers import Place, caller
from .statements import PREPARED, refuse_control

if TYPE_CHECKING:
    from .recorder import QueryRecorder
    from .recording import Recording
    from .sandbox import Sandbox


class Watch:
    """What the connections of one database have in common; `sandbox` is set for as long as a test is in one."""

    def __init__(self) -> None:
        self.sandbox: Sandbox | None = None
        self.recorder: QueryRecorder | None = None
        self.recording: Recording | None = None
        self.lent: set[WatchedConnection] = set()


class WatchedConnection(AppDbConnection):
    """A connection of a login, as in production; lent in a sandbox, it has that one's connection speak for it.

    So a pool, a gate and a password are tried for real, and nothing that a test sends can be committed.
    """

    watch: Watch | None = None
    role = ""  # whom the login works as, once it has logged in
    limits: Mapping[str, str] = {}  # the settings of its session that the sandbox's has otherwise
    sandbox: Sandbox | None = None
    opened_at: Place = ()

    def lend(self, binding: Binding | None) -> None:
        """As always, and note where."""
        if self.watch is not None:
            self.sandbox = self.watch.sandbox
            self.opened_at = caller()
            self.watch.lent.add(self)
        super().lend(binding)

    def take_back(self) -> None:
        """As always; from now on nobody speaks for it."""
        super().take_back()
        self.sandbox = None
        if self.watch is not None:
            self.watch.lent.discard(self)

    @property
    def begin_message(self) -> str:
        """In a sandbox a transaction is a savepoint's, which stands already: the role and the context are left."""
        if self.sandbox is None:
            return super().begin_message
        parts = [
            f'set local role "{self.role}"',
            "set transaction read only" if self.mode.read_only else "",
            *(f"set local {name} = '{value}'" for name, value in self.limits.items()),
            self.always,
            self.binding.statements if self.binding is not None else "",
        ]
        return "; ".join(part for part in parts if part)

    def is_trusted(self) -> bool:
        """A sandbox's connection is as alive as the test."""
        return self.sandbox is not None or super().is_trusted()

    def get_transaction_status(self) -> int:
        """Return the status of this connection's own transaction."""
        return super().get_transaction_status() if self.sandbox is None else self.sandbox.status(self)

    def send(self, statements: str) -> None:
        """Send statements as one message."""
        if not self.is_lent:
            super().send(statements)
            return
        if statements in {"commit", "rollback"}:
            self.record(statements)
        if self.sandbox is None:
            super().send(statements)
        elif statements == "commit":
            self.sandbox.commit(self)
        elif statements == "rollback":
            self.sandbox.rollback(self)
        else:
            refuse_control(statements, PREPARED)
            self.sandbox.enter(self)
            self.sandbox.send(statements)

    def new_cursor(self, *args: Any, **kwargs: Any) -> Any:
        """Return a cursor; one of a class that was asked for is the driver's own, and is not counted."""
        if not self.is_lent:
            return super().new_cursor(*args, **kwargs)
        if not args and not kwargs:
            return WatchedCursor(self if self.sandbox is None else self.sandbox.connection, self)
        if self.sandbox is None:
            return super().new_cursor(*args, **kwargs)
        self.sandbox.enter(self)
        return self.sandbox.connection.new_cursor(*args, **kwargs)

    def lobject(self, *args: Any, **kwargs: Any) -> Any:
        """Return a large object; psycopg2 wants its own transaction for it, which a sandbox can't give."""
        if self.sandbox is not None:
            raise self.sandbox.refused("a large object")
        return super().lobject(*args, **kwargs)

    def close(self) -> None:
        """As always; what it had open in the sandbox is rolled back."""
        if self.sandbox is not None:
            self.sandbox.rollback(self)
        super().close()
        if self.watch is not None:
            self.watch.lent.discard(self)

    def record(self, statement: str, count: int = 1) -> None:
        """Tell the recorder, where there is one, of a message that goes to the server."""
        if self.watch is not None and self.watch.recorder is not None:
            self.watch.recorder.note(statement, count)

    @contextmanager
    def turn(self, statement: str, count: int = 1) -> Iterator[None]:
        """Have the block send the statement in this connection's own transaction."""
        self.record(statement, count)
        if self.sandbox is None:
            yield
            return
        with self.sandbox.statement(self, statement):
            yield


def _in_turn(method: Callable[..., Any]) -> Any:
    """Return the cursor's method, sent when it is its connection's turn."""

    @wraps(method)
    def send(cursor: WatchedCursor, *args: Any, **kwargs: Any) -> Any:
        count = len(args[1]) if method.__name__ == "executemany" and len(args) > 1 else 1
        with cursor.connection.turn(str(args[0]) if args else method.__name__, count):
            return method(cursor, *args, **kwargs)

    return send


class WatchedCursor(Cursor):
    """A cursor of a watched connection, on the connection that speaks for it."""

    connection: Any = None  # hides the driver's attribute, which names the connection that speaks

    def __init__(self, speaker: AppDbConnection, owner: WatchedConnection) -> None:
        super().__init__(speaker)
        self.connection = owner

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002  # psycopg2's own name
        """Execute a statement, and have it written where the run is recorded."""
        owner = self.connection
        if owner.watch is not None and owner.watch.recording is not None and isinstance(query, str):
            binding = owner.binding.statements if owner.binding is not None else ""
            owner.watch.recording.note(query, vars, self, binding)
        with owner.turn(query if isinstance(query, str) else str(query)):
            super().execute(query, vars)

    executemany = _in_turn(Cursor.executemany)
    callproc = _in_turn(Cursor.callproc)
    copy_expert = _in_turn(Cursor.copy_expert)
    copy_from = _in_turn(Cursor.copy_from)
    copy_to = _in_turn(Cursor.copy_to)
