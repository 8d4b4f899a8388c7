"""Counts what a test sends to the server, and shows it: a query in a loop is seen at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .callers import Place, caller, shown

_ENDS = {"commit", "rollback"}
_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Query:
    """A message to the server: its statement, how many round trips it took, and where it was sent."""

    statement: str
    round_trips: int
    place: Place


class QueryRecorder:
    """What was sent since the test began, or since `clear()`, by every session and connection of the database.

    A round trip is a message and its answer: a statement (BEGIN and the tenant travel with the first one), a commit, a
    rollback. The numbers are those of production, also in a sandbox.
    """

    def __init__(self) -> None:
        self.queries: list[Query] = []

    @property
    def statements(self) -> list[str]:
        """The statements, without commits and rollbacks."""
        return [query.statement for query in self.queries if query.statement not in _ENDS]

    @property
    def count(self) -> int:
        """How many statements were sent."""
        return len(self.statements)

    @property
    def round_trips(self) -> int:
        """How many messages were sent and answered."""
        return sum(query.round_trips for query in self.queries)

    def note(self, statement: str, round_trips: int = 1) -> None:
        """Note a message; called by the connections."""
        self.queries.append(Query(statement, round_trips, caller()))

    def clear(self) -> None:
        """Forget what was sent so far, e.g. while a test arranged its rows."""
        self.queries.clear()

    @contextmanager
    def only(self) -> Iterator[QueryRecorder]:
        """Record what is sent inside the block, and nothing before it."""
        self.clear()
        yield self

    def assert_at_most(self, statements: int) -> None:
        """Fail where more statements were sent, and show them, the most repeated first."""
        __tracebackhide__ = True
        if self.count > statements:
            raise AssertionError(f"{self.count} statements were sent, and at most {statements} were expected:\n{self}")

    def __str__(self) -> str:
        counts = Counter(self.statements)
        places: dict[str, Place] = {}
        for query in self.queries:
            places.setdefault(query.statement, query.place)
        lines = []
        for statement, count in counts.most_common():
            text = " ".join(statement.split())
            text = text if len(text) <= _WIDTH else f"{text[:_WIDTH]} …"
            lines.append(f"{count:5d} × {text}\n        first sent at {shown(places[statement])}")
        ends = ", ".join(f"{count} {word}" for word, count in Counter(self._ends()).items())
        return "\n".join([*lines, f"        and {ends or 'no commit'}; {self.round_trips} round trips in all"])

    def _ends(self) -> list[str]:
        return [query.statement for query in self.queries if query.statement in _ENDS]
