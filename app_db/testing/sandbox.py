"""One connection for a whole test, whose transaction is never committed.

Every transaction of the code under test is a savepoint in it, on behalf of whichever login and pool:

    begin; savepoint app_db_sandbox;
        set local role "app_login"; set local app.current_tenant_id = '…';
        <statement>
        …
    commit:    set constraints all immediate; release savepoint app_db_sandbox; reset all; set local role none;
               set constraints <what is deferred by nature> deferred; savepoint app_db_sandbox;
    rollback:  rollback to savepoint app_db_sandbox;
    …
    rollback;

So a commit checks what is deferred and ends what is local to a transaction, as PostgreSQL's own does (manual, "SET
CONSTRAINTS", "SET"). Two transactions at once can't be had on one connection: a second one is let in while the first
has only read, and is refused otherwise.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from ..engine.connection import AppDbConnection
from ..errors import SandboxOverlap, SandboxRefused
from .callers import caller, shown
from .connection import WatchedConnection
from .statements import NOT_IN_TRANSACTION, dropped_at_commit, only_reads, refuse_control

IDLE, IN_TRANSACTION, IN_ERROR = 0, 2, 3  # as psycopg2 numbers them

_BEGIN = "begin; savepoint app_db_sandbox; "
_UNDO = "rollback to savepoint app_db_sandbox"
_FAIL = "rollback to savepoint app_db_failed_statement"
_DEFERRED = """
select coalesce(string_agg(format('%I.%I', n.nspname, c.conname), ', '), '')
from pg_catalog.pg_constraint c join pg_catalog.pg_namespace n on n.oid = c.connamespace where c.condeferred
"""
# each transaction or savepoint that has written holds a lock on its own number; a reader has none
_NUMBERS = """
select count(*) from pg_catalog.pg_locks where locktype = 'transactionid' and pid = pg_catalog.pg_backend_pid()
"""


class Sandbox:
    """The connection, and whose transaction is open on it. `connect` makes the connection, anew if it was lost."""

    def __init__(self, connect: Callable[[], AppDbConnection]) -> None:
        self._connect = connect
        self._lock = threading.RLock()
        self._speaker: AppDbConnection | None = None
        self._restore = ""
        self._current: WatchedConnection | None = None
        self._is_open = self._has_escaped = False
        self._has_written = False
        self._temporary: list[str] = []
        self._paused: set[WatchedConnection] = set()
        self._failed: set[WatchedConnection] = set()
        self._spoiled: dict[WatchedConnection, SandboxOverlap] = {}

    @property
    def connection(self) -> AppDbConnection:
        """The one connection."""
        if self._speaker is None or self._speaker.closed:
            self._speaker = self._connect()
            self._is_open = False
            deferred = self._ask(_DEFERRED)
            self._restore = f"set constraints {deferred} deferred; " if deferred else ""
        return self._speaker

    def arrange(self, role: str, statement: str, values: Mapping[str, Any]) -> None:
        """Do and commit one statement as that role, in a message of its own: what a test begins with."""
        with self._lock:
            if self._current is not None:
                raise SandboxOverlap(shown(self._current.opened_at), shown(caller()))
            opening = self._opening()
            cursor = self.connection.new_cursor()
            try:
                cursor.execute(f'{opening}set local role "{role}"; {statement}; {self._commit}', values)
            finally:
                cursor.close()

    def reset(self) -> bool:
        """Roll everything back: the test is over. Tell whether something of it has been committed for all that."""
        with self._lock:
            self._forget()
            for known in (self._paused, self._failed, self._spoiled):
                known.clear()
            speaker = self._speaker
            if speaker is not None and not speaker.closed:
                self._notice_escape()
                if speaker.get_transaction_status() != IDLE:
                    try:
                        speaker.send("rollback")
                    except speaker.Error:
                        speaker.close()
            has_escaped, self._is_open, self._has_escaped = self._has_escaped, False, False
            return has_escaped

    def close(self) -> None:
        """End the connection."""
        self.reset()
        if self._speaker is not None:
            self._speaker.close()

    def status(self, connection: WatchedConnection) -> int:
        """Return the status of that connection's transaction."""
        if connection in self._spoiled or connection in self._failed:
            return IN_ERROR
        if connection is self._current:
            return self.connection.get_transaction_status()
        return IN_TRANSACTION if connection in self._paused else IDLE

    def send(self, statements: str) -> None:
        """Send statements as one message, in the transaction that is open."""
        self.connection.send(statements)

    def enter(self, connection: WatchedConnection) -> None:
        """Make the connection's transaction the open one."""
        with self._lock:
            if connection in self._spoiled:
                raise self._spoiled[connection]
            if connection is self._current:
                return
            if self._current is not None:
                self._pause(self._current, connection)
            if opening := self._opening():
                self.send(opening)
            self._current, self._has_written = connection, False
            self._resume(connection)

    @contextmanager
    def statement(self, connection: WatchedConnection, statement: str) -> Iterator[None]:
        """Have the block send a statement of the connection."""
        with self._lock:
            refuse_control(statement)
            self.enter(connection)
            pending = connection.pending
            if connection.mode.autocommit:
                self.send(connection.begin_message)
            try:
                yield
            except BaseException as error:
                self._after(error, connection, pending)
                raise
            self._note(statement)
            if self.connection.get_transaction_status() == IDLE:
                self._forget()
                raise self.refused("a statement that ended the transaction which the sandbox stands in")
            if connection.mode.autocommit:
                self.commit(connection)

    def commit(self, connection: WatchedConnection) -> None:
        """Do what a commit does, but for keeping it."""
        with self._lock:
            if connection in self._spoiled:
                raise self._spoiled.pop(connection)
            if connection is not self._current:
                self._paused.discard(connection)
                self._failed.discard(connection)
                return
            if self.connection.get_transaction_status() == IN_ERROR:  # the server answers COMMIT with ROLLBACK
                self.rollback(connection)
                return
            dropped = "".join(f"drop table if exists {table}; " for table in self._temporary)
            try:
                self.send(dropped + self._commit)
            except BaseException:
                self.rollback(connection)
                raise
            self._forget()

    def rollback(self, connection: WatchedConnection) -> None:
        """Undo what the connection's transaction did."""
        with self._lock:
            self._spoiled.pop(connection, None)
            self._paused.discard(connection)
            self._failed.discard(connection)
            if connection is self._current:
                self._forget()
                if not self.connection.closed and self.connection.get_transaction_status() != IDLE:
                    self.send(_UNDO)

    @staticmethod
    def refused(what: str) -> SandboxRefused:
        """Return the error for what can't be undone."""
        return SandboxRefused(
            f"{what} can't be undone at the end of the test, and a sandbox undoes everything: mark the test with "
            '@pytest.mark.app_db("commit"), or with "fresh" where it changes the schema'
        )

    def _opening(self) -> str:
        """Return what begins, where the test has sent nothing yet.

        Only `reset` ends it: where it has ended otherwise, the test has committed.
        """
        self._notice_escape()
        if self.connection.get_transaction_status() != IDLE:
            return ""
        self._is_open = True
        return _BEGIN

    def _notice_escape(self) -> None:
        self._has_escaped |= self._is_open and self.connection.get_transaction_status() == IDLE

    def _pause(self, first: WatchedConnection, second: WatchedConnection) -> None:
        """Let a transaction that has only read step aside; raises SandboxOverlap for one that has written.

        Between two statements a reader (READ COMMITTED) sees what others commit, so nothing is lost when its savepoint
        goes and a new one is made. Whether it has written the server tells best: by what goes with the savepoint.
        """
        overlap = SandboxOverlap(shown(first.opened_at), shown(second.opened_at))
        if self._has_written or first.mode.isolation_level not in {None, "READ COMMITTED"}:
            raise overlap
        failed = self.connection.get_transaction_status() == IN_ERROR
        before = None if failed else self._ask(_NUMBERS)
        self.send(_UNDO)
        self._forget()
        if failed:
            self._failed.add(first)
        elif self._ask(_NUMBERS) != before:  # by a function, say: gone now, and both have to know
            self._spoiled[first] = overlap
            raise overlap
        else:
            self._paused.add(first)

    def _resume(self, connection: WatchedConnection) -> None:
        """Give a transaction that stepped aside its role and context again, or its failure."""
        if connection in self._paused or connection in self._failed:
            self.send(connection.begin_message)
        if connection in self._failed:
            with suppress(self.connection.Error):
                self.send(_FAIL)
        self._paused.discard(connection)
        self._failed.discard(connection)

    def _note(self, statement: str) -> None:
        if not only_reads(statement):
            self._has_written = True
            if table := dropped_at_commit(statement):
                self._temporary.append(table)

    def _after(self, error: BaseException, connection: WatchedConnection, pending: str | None) -> None:
        """Leave the transaction as the error leaves it in production."""
        sqlstate = getattr(error, "pgcode", None)
        if connection.mode.autocommit:
            self.rollback(connection)
        elif sqlstate is None and self.connection.get_transaction_status() == IN_TRANSACTION:
            connection.pending = pending  # the driver refused the values, and nothing was sent
        if sqlstate == NOT_IN_TRANSACTION:
            raise self.refused("a statement that has to be outside of any transaction") from error

    @property
    def _commit(self) -> str:
        return (
            "set constraints all immediate; release savepoint app_db_sandbox; reset all; set local role none; "
            f"{self._restore}savepoint app_db_sandbox"
        )

    def _forget(self) -> None:
        self._current = None
        self._temporary = []

    def _ask(self, query: str) -> str:
        speaker = self.connection
        cursor = speaker.new_cursor()
        try:
            cursor.execute(query)
            return str(cursor.fetchone()[0])
        finally:
            cursor.close()
