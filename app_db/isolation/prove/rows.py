"""Makes rows of any table for a tenant and a person, and what they refer to.

Rows are made as the owner, whom the policies let see everything; nothing but the catalogue says what they look like.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from uuid_utils.compat import uuid7

from ...errors import ProofError, UniqueViolation
from ...schema import ScopeKind
from .candidates import OMITTED, Candidate
from .examples import Examples
from .solving import solve
from .tables import ForeignKey, Table, quoted

Row = dict[str, str | None]

_TRIES = 5


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose a row is: a tenant and a person."""

    tenant: str
    person: str


class _OpenCircle(ProofError):
    """A key that refers to a row which waits for this one, and can't be checked later."""

    def __init__(self, table: Table, key: ForeignKey) -> None:
        super().__init__(
            f"no row of {table.name} could be made: {key.name} refers to {key.target}, whose row refers to it in turn "
            f"and has to be there before it: make {key.name} deferrable"
        )
        self.table = table
        self.key = key


class RowMaker:
    """Makes rows on a connection that acts as the owner. Texts are what PostgreSQL prints for each value."""

    def __init__(self, connection: Connection, tables: Mapping[str, Table], examples: Examples, seed: int = 0) -> None:
        self._connection = connection
        self._tables = tables
        self._examples = examples
        self._numbers = itertools.count(seed * 1000 + 1001)
        self._solved: dict[tuple[str, str], dict[str, Candidate]] = {}
        self._fixed: dict[tuple[str, tuple[str | None, ...]], Row] = {}
        self._is_deferred = False
        self._begun: set[str] = set()
        self._waiting: list[tuple[str, Owner, Row]] = []  # rows to be inserted after those that they refer to

    def draft(self, table: Table, owner: Owner, given: Mapping[str, str | None] | None = None, wish: str = "") -> Row:
        """Return the values of a row that could be inserted; what it refers to is made. `wish` is as in `solve`."""
        return self._draft(table, owner, given or {}, wish, is_inserted=False)

    def _draft(
        self, table: Table, owner: Owner, given: Mapping[str, str | None], wish: str, *, is_inserted: bool
    ) -> Row:
        number = next(self._numbers)
        chosen = self._candidates(table, wish)
        row: Row = {name: one.value(number) for name, one in chosen.items() if one.make is not None}
        row |= _scope_values(table, owner)
        row |= given
        if is_inserted:
            self._waiting.append((table.name, owner, row))
        try:
            for key in sorted(table.foreign_keys, key=lambda key: len(key.columns)):
                self._refer(table, key, row, owner, given, chosen)
        finally:
            if is_inserted:
                self._waiting.pop()
        return row

    def insert(self, table: Table, owner: Owner, given: Mapping[str, str | None] | None = None, wish: str = "") -> Row:
        """Insert a row and return all of its columns; raises ProofError where the database refuses what was tried."""
        refusal: DBAPIError | None = None
        for _ in range(_TRIES):
            try:
                row = self._draft(table, owner, given or {}, wish, is_inserted=True)
            except _OpenCircle as circle:
                return self._begun_elsewhere(table, owner, given or {}, circle)
            try:
                with self._connection.begin_nested():
                    return self._inserted(table, row)
            except UniqueViolation as error:  # another number may do
                refusal = error
            except DBAPIError as error:
                refusal = error
                break
        there = self._find(table, _scope_values(table, owner)) if isinstance(refusal, UniqueViolation) else None
        if there is not None:  # one that a trigger has made, or the only one that there may be
            return there
        raise ProofError(_refused(table, refusal))

    def _begun_elsewhere(self, table: Table, owner: Owner, given: Mapping[str, str | None], circle: _OpenCircle) -> Row:
        """Return a row of a circle of keys that is begun with another of its tables, by whose key it may be closed."""
        if self._waiting or circle.table.name in self._begun or circle.key.target != table.name:
            raise circle
        self._begun.add(circle.table.name)
        try:
            referring = self.insert(circle.table, owner)
        finally:
            self._begun.discard(circle.table.name)
        keys = zip(circle.key.columns, circle.key.referred, strict=True)
        found = self._find(table, {referred: referring[name] for name, referred in keys})
        if found is None or any(found[name] != value for name, value in given.items()):
            raise circle
        return found

    def _inserted(self, table: Table, row: Row) -> Row:
        columns = ", ".join(map(quoted, table.columns))
        texts = ", ".join(f"{quoted(name)}::text" for name in table.columns)
        statement, values = insert_statement(table, row)
        found = self._connection.exec_driver_sql(
            f"with made as ({statement} returning {columns}) select {texts} from made", values
        )
        made = dict(zip(table.columns, found.one(), strict=True))
        if not self._waiting and self._is_deferred:  # the rows of the circle are all there
            self._connection.exec_driver_sql("set constraints all immediate")
            self._is_deferred = False
        return made

    def _candidates(self, table: Table, wish: str) -> dict[str, Candidate]:
        if (table.name, wish) not in self._solved:
            self._solved[table.name, wish] = solve(self._connection, table, self._examples.of(table), wish)
        return self._solved[table.name, wish]

    def _refer(
        self, table: Table, key: ForeignKey, row: Row, owner: Owner, given: Mapping[str, str | None],
        chosen: Mapping[str, Candidate],
    ) -> None:  # fmt: skip
        """Fill in a foreign key that has to be, by a row that is there already or is made for it."""
        target = self._tables.get(key.target)
        own = [name for name in key.columns if name not in table.owners and name not in given]
        refers_to_none = any(row.get(name) is None for name in key.columns if name not in own)
        if target is None or refers_to_none or (own and all(chosen[name] is OMITTED for name in own)):
            return
        fixed = {
            referred: row[name]
            for name, referred in zip(key.columns, key.referred, strict=True)
            if name not in own and name in row
        }
        first = next((one for one in self._waiting if one[:2] == (key.target, owner)), None)
        if first is not None and any(table.columns[name].must_be_given for name in own):
            self._close(table, key, row, first[2], target)
            return
        # a row of the same table that it refers to refers to none itself
        cut = [name for name in own if key.target == table.name and not table.columns[name].must_be_given]
        parent = self._parent(target, owner, fixed, is_known=not own, cut=cut)
        for name, referred in zip(key.columns, key.referred, strict=True):
            row[name] = parent[referred]

    def _close(self, table: Table, key: ForeignKey, row: Row, waiting: Row, target: Table) -> None:
        """Refer to the row itself, or to one that is inserted after it: a circle of keys that have to be filled in."""
        if waiting is not row:
            if not key.is_deferrable:
                raise _OpenCircle(table, key)
            self._is_deferred = True
            self._connection.exec_driver_sql(f"set constraints {key.sql} deferred")
        for name, referred in zip(key.columns, key.referred, strict=True):
            if name not in table.owners:
                row[name] = waiting[referred] = self._value_of(target, referred, waiting, key)

    def _value_of(self, target: Table, name: str, row: Row, key: ForeignKey) -> str | None:
        """Return what a row that is not there yet will have in a column: what is given, or what its default gives."""
        column = target.columns[name]
        if row.get(name) is None and column.is_written and column.default is not None:
            query = f"select cast({column.default} as {column.type})::text"
            return self._connection.exec_driver_sql(query, execution_options={"no_parameters": True}).scalar()
        if row.get(name) is None:
            raise ProofError(
                f"no row of {target.name} could be made: {key.name} closes a circle, and its {name} is not known "
                f"before it is there: let {key.name} be null"
            )
        return row[name]

    def _parent(self, target: Table, owner: Owner, fixed: Row, *, is_known: bool, cut: Iterable[str]) -> Row:
        """Return the row that is referred to: where its key says whose it is, there is one of it."""
        cache = (target.name, tuple(fixed.values()))
        if not is_known:
            return self.insert(target, owner, {**fixed, **dict.fromkeys(cut)})
        if cache not in self._fixed:
            found = self._find(target, fixed)
            self._fixed[cache] = found if found is not None else self.insert(target, owner, fixed)
        return self._fixed[cache]

    def _find(self, target: Table, fixed: Row) -> Row | None:
        texts = ", ".join(f"{quoted(name)}::text" for name in target.columns)
        match = " and ".join(f"{quoted(name)} = cast(%s as {target.columns[name].type})" for name in fixed) or "true"
        found = self._connection.exec_driver_sql(
            f"select {texts} from {target.sql} where {match}", tuple(fixed.values())
        ).first()
        return None if found is None else dict(zip(target.columns, found, strict=True))


def _refused(table: Table, refusal: DBAPIError | None) -> str:
    name = getattr(refusal, "constraint_name", None)
    columns = next((sorted(set(check.columns)) for check in table.checks if check.name == name), None)
    told = str(refusal.orig).strip().splitlines()[0] if refusal is not None else ""  # without the row
    return (
        f"a row of {table.name} was refused ({told}): give examples of "
        f"{' and '.join(columns) if columns else 'its columns'} in a file for --examples, under [{table.name}]"
    )


def _scope_values(table: Table, owner: Owner) -> Row:
    values = {table.scope.tenant_column: owner.tenant, table.scope.user_column: owner.person}
    return {
        name: value for name, value in values.items() if name is not None and table.scope.kind is not ScopeKind.SYSTEM
    }


def insert_statement(
    table: Table, row: Mapping[str, str | None], *, head: str = "insert into"
) -> tuple[str, tuple[Any, ...]]:
    """Return an INSERT of the row, and its parameters."""
    names = ", ".join(map(quoted, row))
    values = ", ".join(f"cast(%s as {table.columns[name].type})" for name in row)
    return f"{head} {table.sql} ({names}) values ({values})", tuple(row.values())


def missing_key() -> str:
    """Return an id that no row has."""
    return str(uuid7())


def in_order(tables: Mapping[str, Table]) -> Iterator[Table]:
    """Yield the tables so that one that is referred to comes before those that refer to it, as far as it can be."""
    done: set[str] = set()

    def visit(table: Table) -> Iterator[Table]:
        if table.name in done:
            return
        done.add(table.name)
        for key in table.foreign_keys:
            if key.target in tables:
                yield from visit(tables[key.target])
        yield table

    for table in tables.values():
        yield from visit(table)
