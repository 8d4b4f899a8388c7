"""Sends the cases, each on its own savepoint, as the role that it is about."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection

from .actors import Context
from .oracle import Keys, Outcome
from .tables import Column

_BIND = "select set_config('app.current_tenant_id', %s, true), set_config('app.current_user_id', %s, true)"
# Of PostgreSQL's source: where a row is refused by WITH CHECK. A message may be in any language.
_BY_POLICY = {"ExecWithCheckOptions"}
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_BECOME = "select set_config('role', %s, true)"


class Sender:
    """Sends statements in the transaction of a connection, by the driver's cursor: there are tens of thousands."""

    def __init__(self, connection: Connection, *, becomes: bool = True) -> None:
        self._becomes = becomes  # else the connection is that of the role itself
        self._connection = connection
        self._cursor: Any = connection.connection.cursor()
        self.error = connection.dialect.loaded_dbapi.Error
        self.sent = 0

    @contextmanager
    def acting(self, role: str, context: Context) -> Iterator[None]:
        """Act as the role, bound to the context, until the end of the block; what was done in it is undone."""
        self._cursor.execute("savepoint actor")
        try:
            if context.tenant is not None:
                self.bind(context)
            if self._becomes:
                self._cursor.execute(_BECOME, (role,))
            self._cursor.execute("savepoint tried")
            yield
        finally:
            self._cursor.execute("rollback to savepoint actor")
            self._cursor.execute("release savepoint actor")

    @contextmanager
    def undone(self) -> Iterator[None]:
        """Undo at the end of the block what was done in it."""
        self._cursor.execute("savepoint undone")
        try:
            yield
        finally:
            self._cursor.execute("rollback to savepoint undone")
            self._cursor.execute("release savepoint undone")

    def execute(self, sql: str, parameters: tuple[Any, ...] = ()) -> None:
        """Execute what has to succeed."""
        self._cursor.execute(sql, parameters)

    def bind(self, context: Context) -> None:
        """Bind the transaction from now on."""
        self._cursor.execute(_BIND, (context.tenant, context.person))

    def become(self, role: str) -> None:
        """Act as the role from now on; `none` is the administrator himself."""
        self._cursor.execute(_BECOME, (role,))

    def change(self, owner: str, statements: tuple[str, ...]) -> str:
        """Execute statements as the owner, and return why they were refused where they were."""
        self._cursor.execute("savepoint change")
        try:
            self.become(owner)
            for statement in statements:
                self._cursor.execute(statement)
            self.become("none")
        except self.error as error:
            self._cursor.execute("rollback to savepoint change")
            return str(error).strip().splitlines()[0]
        return ""

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query that has to succeed."""
        self._cursor.execute(sql, parameters)
        return [tuple(row) for row in self._cursor.fetchall()]

    def outcome(
        self, sql: str, parameters: tuple[Any, ...], *, copies: tuple[Column, ...] = (), fetches: bool = False
    ) -> Outcome:
        """Return what comes of a statement, and undo it; of a COPY the values of those columns."""
        self.sent += 1
        try:
            if copies:
                found = self._copied(sql, copies)
                return Outcome(rows=len(found), found=found)
            self._cursor.execute(sql, parameters)
            if fetches and self._cursor.description is not None:  # a procedure may return no row
                found = frozenset(map(tuple, self._cursor.fetchall()))
                return Outcome(rows=len(found), found=found)
            return Outcome(rows=self._cursor.rowcount)
        except self.error as error:
            return _refusal(error)
        finally:
            self._cursor.execute("rollback to savepoint tried")

    def reached(self, sql: str, parameters: tuple[Any, ...]) -> Outcome:
        """Return which rows a statement reaches, as a trigger has noted their keys, and undo it."""
        self.sent += 1
        try:
            self._cursor.execute(sql, parameters)
            self._cursor.execute("select current_setting('app_db.reached', true)")
            noted = self._cursor.fetchone()[0] or ""
            found = frozenset(tuple(json.loads(line)) for line in noted.splitlines())
            return Outcome(rows=len(found), found=found)
        except self.error as error:
            return _refusal(error)
        finally:
            self._cursor.execute("rollback to savepoint tried")

    def followed(
        self, sql: str, parameters: tuple[Any, ...], role: str, query: str, values: tuple[Any, ...]
    ) -> tuple[Outcome, list[tuple[Any, ...]]]:
        """Return what comes of a statement, and what a query of the role sees after it, and undo both."""
        self.sent += 1
        try:
            self._cursor.execute(sql, parameters)
            rows = [tuple(row) for row in self._cursor.fetchall()] if self._cursor.description is not None else []
            self.become(role)
            return Outcome(rows=len(rows), found=frozenset(rows)), self.rows(query, values)
        except self.error as error:
            return _refusal(error), []
        finally:
            self._cursor.execute("rollback to savepoint tried")

    def attempt(self, sql: str, parameters: tuple[Any, ...]) -> None:
        """Execute what may be refused."""
        self._cursor.execute("savepoint attempt")
        try:
            self._cursor.execute(sql, parameters)
        except self.error:
            self._cursor.execute("rollback to savepoint attempt")

    def _copied(self, sql: str, columns: tuple[Column, ...]) -> Keys:
        file = io.StringIO()
        self._cursor.copy_expert(sql, file)
        written = file.getvalue().removesuffix("\n")
        if not written:
            return frozenset()  # it was no COPY TO
        header, *lines = ([*map(_uncopied, line.split("\t"))] for line in written.split("\n"))
        places = [(header.index(column.name), column.kind) for column in columns]
        return frozenset(tuple(_as_text(line[place], kind) for place, kind in places) for line in lines)


def _uncopied(value: str) -> str | None:
    """Return a value of COPY's text format."""
    return None if value == r"\N" else re.sub(r"\\(.)", lambda found: _ESCAPED.get(found[1], found[1]), value)


def _as_text(value: str | None, kind: str) -> str | None:
    """Return what a cast to text makes of a value that COPY has written."""
    if kind == "bpchar" and value is not None:
        return value.rstrip(" ")
    return {"t": "true", "f": "false"}.get(value or "", value) if kind == "bool" else value


def _refusal(error: Any) -> Outcome:
    told = error.diag
    return Outcome(
        state=error.pgcode or "lost",
        constraint=told.constraint_name or "",
        by_trigger="PL/pgSQL function" in (told.context or ""),
        by_policy=told.source_function in _BY_POLICY,
    )
