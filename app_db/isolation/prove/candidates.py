"""Values that a column might have, as text that PostgreSQL casts to the column's type.

What checks say about a column is not understood here, only hinted at: their literals, numbers and patterns become
candidates, and the server says which of them fulfil the checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from uuid_utils.compat import uuid7

from .pattern import matching_text
from .tables import Check, Column

Make = Callable[[int], str]

_LITERAL = re.compile(r"(~\*? )?'((?:[^']|'')*)'")
_NUMBER = re.compile(r"(?<![\w.'])-?\d+(?:\.\d+)?(?![\w'])")
_LONGEST = 5000
_DAY = 24 * 60
_MOMENTS = (60, 120, 0, -60, _DAY, 40 * _DAY, -_DAY)  # minutes from now


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value for each number, different for different numbers where it can be; None where the column is left out."""

    make: Make | None

    def value(self, number: int) -> str | None:
        """Return the text for that number."""
        return None if self.make is None else self.make(number)


OMITTED = Candidate(None)


def candidates(column: Column, checks: Iterable[Check], *, is_wanted: bool) -> list[Candidate]:
    """Return what to try, the most ordinary first.

    A column that may be left out is, unless it `is_wanted`: a key that is null collides with nothing.
    """
    hints = [check.expression for check in checks]
    values = [Candidate(make) for make in _makers(column.kind, column, hints)]
    if column.must_be_given or not column.is_written:
        return values
    return [*values, OMITTED] if is_wanted and column.default is None else [OMITTED, *values]


def _makers(kind: str, column: Column, hints: list[str]) -> Iterator[Make]:
    if column.labels:
        yield from (_constant(label) for label in column.labels)
    elif kind in _TEXTS:
        yield from _texts(column, hints)
    elif kind in _NUMBERS:
        yield _number(column)
        yield from (_constant(value) for value in ("1", "0", *_numbers(hints)))
    elif kind == "bytea":
        for length in (32, *_lengths(hints)):
            yield lambda number, length=length: rf"\x{(number % 256 ** min(length, 6)).to_bytes(length, 'big').hex()}"  # type: ignore[misc]
    elif column.element is not None:
        yield _constant("{}")
        yield from (_array_of(make) for make in _makers(column.element, _element(column), hints))
    else:
        yield from _OTHERS.get(kind, _unknown)(column)


def _unknown(_column: Column) -> Iterator[Make]:
    return iter(())


def _element(column: Column) -> Column:
    return Column(
        column.name, column.element or "", column.element or "", None, is_required=True, default=None,
        is_written=True, labels=(), length=column.length,
    )  # fmt: skip


def _array_of(make: Make) -> Make:
    escaped = str.maketrans({'"': r"\"", "\\": r"\\"})
    return lambda number: '{"' + make(number).translate(escaped) + '"}'


def _constant(value: str) -> Make:
    return lambda _number: value


def _texts(column: Column, hints: list[str]) -> Iterator[Make]:
    plain = column.name.replace("_", "-")
    yield _cut(lambda number: f"{plain}-{number}", column.length)
    for is_pattern, literal in _literals(hints):
        yield _matching(literal) if is_pattern else _constant(literal)
    yield lambda number: f"person-{number}@example.com"
    yield lambda number: f"https://example.com/{number}"
    yield str
    for length in _lengths(hints):
        yield lambda number, length=length: f"{number:0{max(length, 0)}d}"[-length:] if length else ""  # type: ignore[misc]
    yield _constant("")


def _number(column: Column) -> Make:
    """Return numbers that a numeric of the column's precision and scale holds; without one, whole numbers."""
    if column.kind != "numeric" or column.length is None:
        return lambda number: str(number % 30000)
    precision, scale = column.length >> 16, ((column.length & 0x7FF) ^ 0x400) - 0x400
    if precision - scale >= len("30000"):
        return lambda number: str(number % 30000)
    return lambda number: f"{Decimal(number % min(30000, 10**precision)).scaleb(-scale):f}"


def _cut(make: Make, length: int | None) -> Make:
    return make if length is None else lambda number: make(number)[-length:]


def _matching(pattern: str) -> Make:
    def make(number: int) -> str:
        try:
            return matching_text(pattern, number)
        except (ValueError, IndexError):  # a form that is not known; another candidate may do
            return ""

    return make


def _literals(hints: list[str]) -> Iterator[tuple[bool, str]]:
    for hint in hints:
        for operator, literal in _LITERAL.findall(hint):
            yield bool(operator), literal.replace("''", "'")


def _numbers(hints: list[str]) -> list[str]:
    found = [float(number) for hint in hints for number in _NUMBER.findall(hint)]
    near = [value + step for value in found for step in (0, 1, -1)]
    return list(dict.fromkeys(f"{value:g}" for value in near if abs(value) < 10**9))


def _lengths(hints: list[str]) -> list[int]:
    found = (int(float(number)) for number in _numbers(hints))
    return [length for length in found if 0 <= length <= _LONGEST]


def _moments(cast: str) -> Callable[[Column], Iterator[Make]]:
    def moments(_column: Column) -> Iterator[Make]:
        for minutes in _MOMENTS:
            yield lambda number, minutes=minutes: _moment(number, minutes, cast)  # type: ignore[misc]

    return moments


def _moment(number: int, minutes: int, cast: str) -> str:
    moment = datetime.now(UTC) + timedelta(minutes=minutes, milliseconds=number % 50_000)
    return {"date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M:%S.%f}"}.get(cast, moment.isoformat())


def _ranges(low: Callable[[int], str], high: Callable[[int], str]) -> Callable[[Column], Iterator[Make]]:
    def ranges(_column: Column) -> Iterator[Make]:
        yield lambda number: f"[{low(number)},{high(number)})"

    return ranges


def _vector(column: Column) -> Iterator[Make]:
    zeros = ",0" * ((column.length or 3) - 2)
    yield lambda number: f"[1,{number % 1000}{zeros}]"


def _each(*makers: Make) -> Callable[[Column], Iterator[Make]]:
    return lambda _column: iter(makers)


_TEXTS = {"text", "varchar", "bpchar", "name", "citext"}
_NUMBERS = {"int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid"}
_OTHERS: dict[str, Callable[[Column], Iterator[Make]]] = {
    "uuid": _each(lambda _number: str(uuid7())),
    "bool": _each(_constant("false"), _constant("true")),
    "json": _each(_constant("{}"), _constant("[]"), _constant("true"), _constant('"x"'), str),
    "jsonb": _each(_constant("{}"), _constant("[]"), _constant("true"), _constant('"x"'), str),
    "timestamptz": _moments("timestamp"),
    "timestamp": _moments("timestamp"),
    "date": _moments("date"),
    "time": _moments("time"),
    "interval": _each(_constant("1 day"), _constant("1 hour"), _constant("0"), _constant("31 days")),
    "inet": _each(lambda number: f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}"),
    "cidr": _each(lambda number: f"10.{number // 256 % 256}.{number % 256}.0/24"),
    "macaddr": _each(lambda number: f"02:00:00:00:{number // 256 % 256:02x}:{number % 256:02x}"),
    "tsvector": _each(lambda number: f"word{number}"),
    "xml": _each(lambda number: f"<a>{number}</a>"),
    "point": _each(lambda number: f"({number},1)"),
    "ltree": _each(lambda number: f"a.b{number}"),
    "vector": _vector,
    "halfvec": _vector,
    "tstzrange": _ranges(lambda n: _moment(n, 0, "timestamp"), lambda n: _moment(n, _DAY, "timestamp")),
    "tsrange": _ranges(lambda n: _moment(n, 0, "timestamp")[:-6], lambda n: _moment(n, _DAY, "timestamp")[:-6]),
    "daterange": _ranges(lambda n: _moment(n, 0, "date"), lambda n: _moment(n, 40 * _DAY, "date")),
    "int4range": _ranges(str, lambda n: str(n + 1)),
    "int8range": _ranges(str, lambda n: str(n + 1)),
    "numrange": _ranges(str, lambda n: str(n + 1)),
}
