"""The statements that are tried on a table, made from its catalogue for one set of rights."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ...schema import ScopeKind
from .rows import Row, insert_statement, missing_key
from .tables import Column, Table, Unique, quoted
from .whose import COLLEAGUE, FOREIGN, OWN, TRAVELLER
from .world import World

May = Callable[[str, str | None], bool]  # a privilege on the table, or on a column of it
Need = tuple[str, str | None]

_VERBS = ("select", "insert", "update")


class Promise(StrEnum):
    """What is to come of a statement that its role may send.

    ROWS: of a row that is seen, what comes of it for the owner; of another, as if it were not there.
    WRITES: as ROWS, and refused where the row that it leaves is not one's own.
    EXACTLY: all rows that are seen, and no other.
    UNLEARNED: nothing that tells of a row that is not seen.
    UNREFERRED: refused as if the row that is referred to were not there.
    REFUSED: an error.
    """

    ROWS = "rows"
    WRITES = "writes"
    EXACTLY = "exactly"
    UNLEARNED = "unlearned"
    UNREFERRED = "unreferred"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Case:
    """A statement: its verb, whose row it is about, what its role needs, and what was promised.

    Of a COPY, `copies` are the columns by which a copied row is found.
    `leaves` says whose the row is afterwards; `twin` is the statement with which a row that is not there is named,
    `pointing` what a row returns that refers to the target.
    """

    verb: str
    target: str
    sql: str
    parameters: tuple[Any, ...]
    needs: tuple[Need, ...]
    promise: Promise
    leaves: str = ""
    copies: tuple[Column, ...] = ()
    twin: tuple[str, tuple[Any, ...]] | None = None
    pointing: tuple[str | None, ...] = ()


def cases_of(table: Table, world: World, may: May) -> Iterator[Case]:
    """Yield the cases of a table for who may do what `may` says; columns are chosen so that most can be done."""
    changed = _changed_column(table, may)
    yield from _whole_table(table)
    yield from _columns(table, may)
    for target, row in world.targets(table).items():
        yield from _on_row(table, target, row, changed)
        yield from _upserts(table, target, row, changed)
    for target, draft in world.drafts[table.name].items():
        yield from _inserts(table, target, draft)
    yield from _moves(table, world)
    if table.scope.kind is not ScopeKind.SYSTEM:
        yield from _copies(table, world)
        for unique in table.uniques:
            yield from _collisions(table, world, unique)
    yield from _references(table, world)


def match(table: Table, row: Mapping[str, str | None]) -> tuple[str, tuple[Any, ...]]:
    """Return the condition by which exactly this row is found, and its parameters."""
    columns = [name for name in table.key if row[name] is not None]
    condition = " and ".join(f"{quoted(name)} = {_cast(table.columns[name])}" for name in columns)
    return condition, tuple(row[name] for name in columns)


def key_list(table: Table) -> str:
    """Return the columns of the key."""
    return ", ".join(f"{quoted(name)}::text" for name in table.key)


def _cast(column: Column) -> str:
    return f"cast(%s as {column.type})"


def _changed_column(table: Table, may: May) -> str:
    """Return the column that an UPDATE sets to itself."""
    written = [name for name, column in table.columns.items() if column.is_written]
    plain = [name for name in written if name not in table.key and name not in table.owners]
    may_change = [name for name in (*plain, *written) if may("update", name) and may("select", name)]
    return (may_change or plain or written)[0]


def _select(*names: str) -> tuple[Need, ...]:
    return tuple(("select", name) for name in names)


def _whole_table(table: Table) -> Iterator[Case]:
    keys, everything = _select(*table.key), _select(*table.columns)
    name, promise = table.sql, Promise
    copied = tuple(table.columns[name] for name in table.key)
    yield Case("select", "all", f"select {key_list(table)} from {name}", (), keys, promise.EXACTLY)
    yield Case("copy to", "all", f"copy {name} to stdout (header)", (), everything, promise.EXACTLY, copies=copied)
    query = f"copy (select {key_list(table)} from {name}) to stdout (header)"
    yield Case("copy query", "all", query, (), keys, promise.EXACTLY, copies=copied)
    yield Case("copy from", "all", f"copy {name} from stdin", (), (), promise.REFUSED, copies=copied)
    yield Case("truncate", "all", f"truncate {name}", (), (("truncate", None),), promise.REFUSED)
    # without a row, so that the privilege alone decides
    for column in table.key:
        if table.columns[column].is_written:
            yield _insert_of_nothing(table, column, "insert nothing")
    lock = f"lock table {name} in access exclusive mode"
    yield Case("lock table", "all", lock, (), (("update or delete", None),), promise.ROWS)


def _insert_of_nothing(table: Table, column: str, verb: str) -> Case:
    value = f"cast(null as {table.columns[column].type})"
    sql = f"insert into {table.sql} ({quoted(column)}) select {value} where false"
    return Case(verb, "all", sql, (), (("insert", column),), Promise.ROWS)


def _on_row(table: Table, target: str, row: Row, changed: str) -> Iterator[Case]:
    condition, key = match(table, row)
    keys, change = _select(*table.key), f"{quoted(changed)} = {quoted(changed)}"
    changing = (*keys, ("update", changed), ("select", changed))
    deleting, returning = (*keys, ("delete", None)), f" returning {key_list(table)}"
    statements: dict[str, tuple[str, tuple[Need, ...]]] = {
        "select": (f"select 1 from {table.sql} where {condition}", keys),
        "update": (f"update {table.sql} set {change} where {condition}", changing),
        "update returning": (f"update {table.sql} set {change} where {condition}{returning}", changing),
        "delete": (f"delete from {table.sql} where {condition}", deleting),
        "delete returning": (f"delete from {table.sql} where {condition}{returning}", deleting),
    }
    for strength in ("update", "share"):
        sql = f"select 1 from {table.sql} where {condition} for {strength}"
        statements[f"lock for {strength}"] = (sql, (*keys, ("update", "*")))
    for verb, (sql, needs) in statements.items():
        yield Case(verb, target, sql, key, needs, Promise.ROWS)


def _columns(table: Table, may: May) -> Iterator[Case]:
    """Yield statements without a row on each column, where some may be used and others not: privileges alone decide."""
    partial = {verb for verb in _VERBS if len({may(verb, name) for name in table.columns}) > 1}
    for name, column in table.columns.items():
        if "insert" in partial and column.is_written:
            yield _insert_of_nothing(table, name, f"insert {name}")
        if partial:
            sql = f"select {quoted(name)} from {table.sql} limit 0"
            yield Case(f"select {name}", "all", sql, (), (("select", name),), Promise.ROWS)
        if "update" in partial and column.is_written:
            sql = f"update {table.sql} set {quoted(name)} = default where false"
            yield Case(f"update {name}", "all", sql, (), (("update", name),), Promise.ROWS)


def _inserts(table: Table, target: str, draft: Row) -> Iterator[Case]:
    sql, values = insert_statement(table, draft)
    inserting: tuple[Need, ...] = tuple(("insert", name) for name in draft)
    yield Case("insert", target, sql, values, inserting, Promise.WRITES, leaves=target)
    returning, needs = f"{sql} returning {key_list(table)}", (*inserting, *_select(*table.key))
    yield Case("insert returning", target, returning, values, needs, Promise.WRITES, leaves=target)


def _upserts(table: Table, target: str, row: Row, changed: str) -> Iterator[Case]:
    written = {name: row[name] for name, column in table.columns.items() if column.is_written}
    sql, values = insert_statement(table, written)
    inserting: tuple[Need, ...] = tuple(("insert", name) for name in written)
    nothing = f"{sql} on conflict do nothing"
    yield Case("upsert nothing", target, nothing, values, inserting, Promise.WRITES, leaves=target)
    if any(unique.is_primary for unique in table.uniques):
        key = ", ".join(map(quoted, table.key))
        update = f"{sql} on conflict ({key}) do update set {quoted(changed)} = excluded.{quoted(changed)}"
        needs = (*inserting, *_select(*table.key), ("update", changed), ("select", changed))
        yield Case("upsert update", target, update, values, needs, Promise.WRITES, leaves=target)


def _moves(table: Table, world: World) -> Iterator[Case]:
    """Yield changes of whose an own row is."""
    rows = world.targets(table)
    if OWN not in rows:
        return
    condition, key = match(table, rows[OWN])
    scope = table.scope
    goals: dict[str, str | None] = {FOREIGN: scope.tenant_column or scope.user_column}
    if scope.kind is ScopeKind.USER:
        goals[COLLEAGUE] = scope.user_column
    for goal, column in goals.items():
        if column is not None:
            sql = f"update {table.sql} set {quoted(column)} = {_cast(table.columns[column])} where {condition}"
            needs = (*_select(*table.key), ("update", column))
            yield Case("move", OWN, sql, (rows[goal][column], *key), needs, Promise.WRITES, leaves=goal)


def _copies(table: Table, world: World) -> Iterator[Case]:
    """Yield the foreign row as one's own: with every key that it has, those of generated columns too."""
    foreign, drafts = world.targets(table)[FOREIGN], world.drafts[table.name]
    copied = {name: foreign[name] for name, column in table.columns.items()
              if column.is_written and name not in table.owners}  # fmt: skip
    for whose in {TRAVELLER, OWN} & drafts.keys():
        owners = {name: drafts[whose][name] for name in table.owners}
        sql, values = insert_statement(table, {**copied, **owners})
        needs: tuple[Need, ...] = tuple(("insert", name) for name in {**copied, **owners})
        yield Case("insert key of the row", FOREIGN, sql, values, needs, Promise.UNLEARNED, leaves=whose)


def _collisions(table: Table, world: World, unique: Unique) -> Iterator[Case]:
    """Yield rows of one's own that have the key of a foreign row, apart from whose they are."""
    usual = world.targets(table)[FOREIGN], world.drafts[table.name]
    foreign, drafts = world.partial.get((table.name, unique.name), usual)
    shared = {name: foreign[name] for name in unique.columns
              if name not in table.owners and table.columns[name].is_written}  # fmt: skip
    if not shared and not (set(unique.columns) & set(table.owners)):
        return
    for whose in {TRAVELLER, OWN} & drafts.keys():
        sql, values = insert_statement(table, {**drafts[whose], **shared})
        needs: tuple[Need, ...] = tuple(("insert", name) for name in {**drafts[whose], **shared})
        yield Case(f"insert key of {unique.name}", FOREIGN, sql, values, needs, Promise.UNLEARNED, leaves=whose)
    changes = {name: value for name, value in shared.items() if value is not None}
    if changes and OWN in world.targets(table):
        condition, key = match(table, world.targets(table)[OWN])
        assigned = ", ".join(f"{quoted(name)} = {_cast(table.columns[name])}" for name in changes)
        sql = f"update {table.sql} set {assigned} where {condition}"
        changing = (*_select(*table.key), *(("update", name) for name in changes))
        yield Case(f"update to key of {unique.name}", FOREIGN, sql, (*changes.values(), *key), changing,
                   Promise.UNLEARNED, leaves=OWN)  # fmt: skip


def _references(table: Table, world: World) -> Iterator[Case]:
    """Yield rows of one's own that refer to a foreign row, for each foreign key."""
    drafts = world.drafts[table.name]
    for key in table.foreign_keys:
        parents = world.rows.get(key.target, {})
        own = [name for name in key.columns if name not in table.owners]
        if OWN not in drafts or FOREIGN not in parents or not own:
            continue
        referred = dict(zip(key.columns, key.referred, strict=True))
        pointing = {name: parents[FOREIGN][referred[name]] for name in own}
        nowhere = {name: missing_key() if table.columns[name].kind == "uuid" else pointing[name] for name in own}
        sql, values = insert_statement(table, {**drafts[OWN], **pointing})
        _, elsewhere = insert_statement(table, {**drafts[OWN], **nowhere})
        sql += _returning(pointing)
        needs = (*_select(*pointing), *(("insert", name) for name in itertools.chain(drafts[OWN], own)))
        yield Case(f"refer by {key.name}", FOREIGN, sql, values, needs, Promise.UNREFERRED, leaves=OWN,
                   twin=(sql, elsewhere), pointing=tuple(pointing.values()))  # fmt: skip
        yield from _repointing(table, world, key.name, pointing, nowhere)


def _returning(columns: Iterable[str]) -> str:
    # a trigger may have put something else into the row
    return " returning " + ", ".join(f"{quoted(name)}::text" for name in columns)


def _repointing(table: Table, world: World, name: str, pointing: Row, nowhere: Row) -> Iterator[Case]:
    condition, key = match(table, world.targets(table)[OWN])
    assigned = ", ".join(f"{quoted(column)} = {_cast(table.columns[column])}" for column in pointing)
    sql = f"update {table.sql} set {assigned} where {condition}{_returning(pointing)}"
    needs = (*_select(*table.key, *pointing), *(("update", column) for column in pointing))
    yield Case(f"update to refer by {name}", FOREIGN, sql, (*pointing.values(), *key), needs, Promise.UNREFERRED,
               leaves=OWN, twin=(sql, (*nowhere.values(), *key)), pointing=tuple(pointing.values()))  # fmt: skip
