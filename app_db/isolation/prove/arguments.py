"""Arguments made of foreign rows, each with the same ones about a row that is not there."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable, Iterator

from uuid_utils.compat import uuid7

from .definers import Definer
from .rows import Row
from .tables import Column, Table
from .whose import FOREIGN
from .world import World

Arguments = tuple[str, ...]

UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST = 40  # values of foreign rows that are tried for one argument
_LEAST = 1000  # a smaller number means nothing by itself
SHORTEST = 4  # characters; nor does a shorter text
_USUAL = {
    "int2": "10", "int4": "10", "int8": "10", "float4": "0.5", "float8": "0.5", "numeric": "1", "bool": "true",
    "interval": "1 day", "jsonb": "{}", "json": "{}",
}  # fmt: skip
_MOMENTS = {"timestamptz", "timestamp", "date"}
_TEXTS = {"text", "varchar", "bpchar", "citext", "bytea"}
_NUMBERS = {"int2", "int4", "int8", "numeric"}
_OTHER_DIGITS = str.maketrans("0123456789", "5678901234")


def is_distinctive(column: Column, value: str | None) -> bool:
    """Whether the value says which row it is from: an id, a text with a number, a large number."""
    if value is None:
        return False
    if column.kind in _NUMBERS:
        return abs(float(value)) >= _LEAST
    return bool(UUID.fullmatch(value)) or (
        column.kind in _TEXTS and len(value) >= SHORTEST and any(map(str.isdigit, value))
    )


class ForeignArguments:
    """Makes arguments of the foreign rows of a world."""

    def __init__(self, world: World, tables: Iterable[Table]) -> None:
        self._world = world
        self._tables = {table.name: table for table in tables}

    def of(self, definer: Definer) -> Iterator[tuple[Arguments, Arguments]]:
        """Yield what to call it with: what is usual, one value of a row among that, all that one row has."""
        usual = self._usual(definer)
        yield usual, usual
        for place in range(len(usual)):
            for value, absent in itertools.islice(self._values(definer, place), _MOST):
                yield _put(usual, place, value), _put(usual, place, absent)
        if len(usual) > 1:
            yield from self._of_rows(definer, usual)

    def _usual(self, definer: Definer) -> Arguments:
        moments = itertools.chain(["2000-01-01"], itertools.repeat("2100-01-01"))
        return tuple(next(moments) if kind in _MOMENTS else _usual(kind) for kind in definer.kinds)

    def _rows(self, schema: str) -> Iterator[tuple[Table, Row, Row]]:
        """Yield the foreign rows of a schema, each with one that is not there."""
        for name, rows in self._world.rows.items():
            table = self._tables.get(name)
            if table is not None and table.schema == schema and FOREIGN in rows:
                row = rows[FOREIGN]
                yield table, row, {name: _absent(table.columns[name], value) for name, value in row.items()}

    def _values(self, definer: Definer, place: int) -> Iterator[tuple[str, str]]:
        kind, found = definer.kinds[place], []
        for table, row, absent in self._rows(definer.schema):
            if kind == table.name:
                found.append((False, _composite(row), _composite(absent)))
            elif kind in {"json", "jsonb"}:
                found.append((False, json.dumps(row), json.dumps(absent)))
            else:
                found += [
                    (not _is_named(column, definer.names[place]), *pair)
                    for column in table.columns.values()
                    if (pair := _pair(kind, column, row, absent)) is not None
                ]
        # what is named as the argument first, and each value once
        yield from {value: other for _, value, other in sorted(found, key=lambda one: one[0])}.items()

    def _of_rows(self, definer: Definer, usual: Arguments) -> Iterator[tuple[Arguments, Arguments]]:
        for table, row, absent in self._rows(definer.schema):
            given, other = usual, usual
            for place, kind in enumerate(definer.kinds):
                columns = sorted(table.columns.values(), key=lambda one: not _is_named(one, definer.names[place]))
                pair = next((pair for one in columns if (pair := _pair(kind, one, row, absent)) is not None), None)
                if pair is not None and kind not in _MOMENTS and kind not in _USUAL:
                    given, other = _put(given, place, pair[0]), _put(other, place, pair[1])
            if given != usual:
                yield given, other


def _usual(kind: str) -> str:
    if kind.startswith("_"):
        return "{}"
    return _USUAL.get(kind, str(uuid7()) if kind == "uuid" else "x")


def _put(arguments: Arguments, place: int, value: str) -> Arguments:
    return (*arguments[:place], value, *arguments[place + 1 :])


def _is_named(column: Column, argument: str) -> bool:
    return bool(argument) and (argument in column.name or column.name in argument)


def _pair(kind: str, column: Column, row: Row, absent: Row) -> tuple[str, str] | None:
    value, other = row[column.name], absent[column.name]
    if value is None or other is None or value == "":
        return None
    if kind == column.kind or (kind in _TEXTS and column.kind in _TEXTS and "bytea" not in {kind, column.kind}):
        return value, other
    return (_array(value), _array(other)) if kind == f"_{column.kind}" else None


def _absent(column: Column, value: str | None) -> str | None:
    """Return a value of the same form that no row has; the same one where it says nothing of a row."""
    if value is None or not is_distinctive(column, value):
        return value
    return str(uuid7()) if UUID.fullmatch(value) else value.translate(_OTHER_DIGITS)


def _escaped(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _array(value: str) -> str:
    return "{" + _escaped(value) + "}"


def _composite(row: Row) -> str:
    return "(" + ",".join("" if value is None else _escaped(value) for value in row.values()) + ")"
