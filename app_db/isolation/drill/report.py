"""What a drill is over: how its units ended, what leaked, and what could not be tried."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ...engine import PoolFigures
from .ledger import Ledger
from .memory import Memory
from .plan import DrillPlan


@dataclass(frozen=True, slots=True)
class DrillReport:
    """The outcome; `left_out` are steps and faults that were not tried, each with the reason.

    `figures` are those of the pool, None for a unit of work that brings its own.
    """

    way: str
    database: str
    server: str
    figures: PoolFigures | None
    plan: DrillPlan
    ledger: Ledger
    memory: Memory
    left_out: dict[str, str] = field(default_factory=dict)
    seconds: float = 0

    @property
    def shows_something(self) -> bool:
        """Whether a unit of work was committed at all: where none was, that nothing leaked says nothing."""
        return self.ledger.endings["committed"] > 0

    @property
    def succeeded(self) -> bool:
        """Whether nothing leaked, memory did not go on growing, and units of work came to their end."""
        return self.ledger.leaks == 0 and not self.memory.grows and self.shows_something

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "succeeded": self.succeeded, "way": self.way, "database": self.database, "server": self.server,
            "pool": self.figures and asdict(self.figures), "plan": self.plan.as_dict(), "units": self.ledger.units,
            "leaks": self.ledger.leaks, **self.ledger.as_dict(), "left_out": self.left_out,
            "memory": self.memory.as_dict(), "seconds": round(self.seconds, 1),
        }  # fmt: skip
