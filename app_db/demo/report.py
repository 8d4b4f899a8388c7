"""What the demonstration found, for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..catalog import MaterialHit, Problem
from ..session import DatabaseInfo


@dataclass(frozen=True, slots=True)
class View:
    """What one tenant sees: how many materials, and a few of them."""

    tenant: str
    materials: int
    newest: list[str]


@dataclass(frozen=True, slots=True)
class Crossing:
    """One attempt to cross the border between tenants: what was tried, what came of it, and whether it was stopped."""

    attempt: str
    outcome: str
    stopped: bool


@dataclass(slots=True)
class DemoReport:
    """Everything that the demonstration shows; times in seconds."""

    server: str = ""
    seconds: dict[str, float] = field(default_factory=dict)
    source: str = ""
    loaded: dict[str, int] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unbound: str = ""
    views: list[View] = field(default_factory=list)
    crossing_as: str = ""
    crossing_at: str = ""
    crossings: list[Crossing] = field(default_factory=list)
    search_words: str = ""
    search_tenant: str = ""
    hits: list[MaterialHit] = field(default_factory=list)
    info: DatabaseInfo | None = None

    @property
    def succeeded(self) -> bool:
        """Whether everything was loaded and every crossing was stopped."""
        return not self.problems and bool(self.crossings) and all(crossing.stopped for crossing in self.crossings)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"succeeded": self.succeeded, **asdict(self)}
