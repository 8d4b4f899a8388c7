"""Where two catalogues differ."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ..reflection import Catalogue, Thing

MISSING, UNEXPECTED, CHANGED = "missing", "unexpected", "changed"


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference: a thing that is missing or unexpected, or an attribute of it that has changed."""

    kind: str
    name: str
    what: str
    attribute: str | None = None
    expected: Any = None
    found: Any = None

    def __str__(self) -> str:
        if self.attribute is None:
            return f"{self.kind} {self.name} is {self.what}"
        if isinstance(self.expected, list) or isinstance(self.found, list):
            return f"{self.kind} {self.name}: {self.attribute}: {self._entries()}"
        return f"{self.kind} {self.name}: {self.attribute} is {self.found!r} and not {self.expected!r}"

    def _entries(self) -> str:
        expected, found = self.expected or [], self.found or []
        lost = [f"without {entry!r}" for entry in expected if entry not in found]
        more = [f"with {entry!r}" for entry in found if entry not in expected]
        return ", ".join([*more, *lost]) or f"in another order: {found!r}"


def compare(expected: Catalogue, found: Catalogue) -> list[Drift]:
    """Return the differences, in the order of the expected catalogue; things that nobody expects come last.

    What belongs to something that is missing or unexpected as a whole (the columns of a table) is not told as well.
    """
    gone = [thing for thing in expected if thing not in found]
    new = [thing for thing in found if thing not in expected]
    return [
        *(Drift(thing.kind, thing.name, MISSING) for thing in _topmost(gone)),
        *(drift for thing in expected if thing in found for drift in _changes(thing, expected, found)),
        *(Drift(thing.kind, thing.name, UNEXPECTED) for thing in _topmost(new)),
    ]


def _topmost(things: list[Thing]) -> Iterator[Thing]:
    wholes = {thing.name for thing in things if thing.kind in {"relation", "schema"}}
    for thing in things:
        parts = thing.name.split(".")
        inside = any(".".join(parts[:length]) in wholes for length in range(1, len(parts)))
        repeats = thing.kind not in {"relation", "schema"} and thing.name in wholes
        if not inside and not repeats:
            yield thing


def _changes(thing: Thing, expected: Catalogue, found: Catalogue) -> Iterator[Drift]:
    before, after = expected[thing], found[thing]
    for attribute in dict.fromkeys([*before, *after]):
        if before.get(attribute) != after.get(attribute):
            yield Drift(thing.kind, thing.name, CHANGED, attribute, before.get(attribute), after.get(attribute))
