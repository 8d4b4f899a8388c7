"""What is asked most, at volume, as the application asks it: each beside the most that it may take."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from plans.place import LARGE, Place
from plans.queries import ALL
from plans.told import Plans

from .measure import interleave

# a target has to be kept with this factor in hand, as other machines are slower and busier
IN_HAND = 5


class Quiet(Place):
    """As the place of the plan tests, collecting no plans."""

    @contextmanager
    def tenant(self, tenant: UUID = LARGE, person: UUID | None = None) -> Iterator[tuple[Any, Plans]]:
        with self.db.tenant(tenant, user_id=person) as session:
            yield session, Plans()

    @contextmanager
    def auth(self) -> Iterator[tuple[Any, Plans]]:
        with self.auth_session() as session:
            yield session, Plans()


@dataclass(frozen=True)
class Answer:
    """What a query takes, in milliseconds, from the beginning of its transaction to the commit."""

    query: str
    minimum: float
    median: float
    runs: int
    target: float

    @property
    def verdict(self) -> str:
        """Whether the median keeps a fifth of the target, or the target alone."""
        if self.median <= self.target / IN_HAND:
            return "kept"
        return "kept, less than 5 in hand" if self.median <= self.target else "MISSED"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


def run(place: Quiet, seconds: float) -> Iterator[Answer]:
    """Ask everything in turns for that many seconds each."""
    ways = {name: (lambda query=query: query.ask(place)) for name, query in ALL.items()}
    rounds = interleave(ways, seconds)
    for name, query in ALL.items():
        took = sorted(one[name][0] / 1000 for one in rounds)
        yield Answer(name, took[0], took[len(took) // 2], len(took), query.target)


def table(answers: list[Answer]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield "| query | minimum ms | median ms | target ms | |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for one in answers:
        yield f"| {one.query} | {one.minimum:.2f} | {one.median:.2f} | {one.target:.0f} | {one.verdict} |"
