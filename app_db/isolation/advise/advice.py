"""What is advised: a loss, and the remedy for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from .losses import Loss
from .remedies import Remedy

_LONGEST = 200  # characters of a condition that are shown: one with a vector has thousands
_FEW = 1000  # rows: of more an index is read where it finds few
MISSING_ROWS = "rows are missing"


@dataclass(frozen=True, slots=True)
class Advice:
    """An index that a policy keeps from being used, and what to do about it.

    `statement` is None where the index was found in the catalogue. Figures of `loss` are None where the planner would
    not read the index either way, as with too few rows; of an index of vectors, where not time is lost but rows.
    """

    loss: Loss
    remedy: Remedy
    statement: str | None = None

    @property
    def index(self) -> str:
        """The index, with its schema."""
        return f"{self.loss.key.schema}.{self.loss.key.index}"

    @property
    def lost(self) -> str:
        """How much is lost, in words."""
        loss, parts = self.loss, []
        if loss.cost is not None:
            parts.append(f"cost {loss.cost[0]:,.0f} instead of {loss.cost[1]:,.0f}")
        if loss.rows is not None:
            parts.append(f"{loss.rows[0]:,.0f} rows read instead of {loss.rows[1]:,.0f}")
        if loss.ms is not None:
            parts.append(f"{loss.ms[0]:,.1f} ms instead of {loss.ms[1]:,.1f}")
        return ", ".join(parts) or (MISSING_ROWS if loss.is_of_rows else _without_figures(loss))

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        loss = self.loss
        return {
            "statement": self.statement, "table": loss.key.relation, "index": self.index,
            "condition": loss.condition if len(loss.condition) <= _LONGEST else f"{loss.condition[:_LONGEST]} …",
            "ratio": None if loss.ratio is None else round(loss.ratio, 1), "cost": loss.cost, "rows": loss.rows,
            "ms": loss.ms, "lost": self.lost, "remedy": {**asdict(self.remedy), "anchor": self.remedy.anchor,
                                                "locks": self.remedy.locks},
        }  # fmt: skip


def _without_figures(loss: Loss) -> str:
    """Say why the planner would not read the index for an example either, whoever asks."""
    if not loss.table.rows:
        return "not analyzed, so that nothing can be told"
    return "too few rows to tell" if loss.table.rows < _FEW else "no cost: whoever asks, the example is read otherwise"


@dataclass(frozen=True, slots=True)
class AdviceReport:
    """What is advised, what could not be planned and why, and which indexes are accepted as they are.

    `undecided` lose an index at a cost that the planner can't tell, or that was below the minimum by its estimate
    alone: under a policy it has no statistics for what is not leakproof. `stale` are accepted indexes of which nothing
    would be advised. `indexes` and `statements` count what was looked at.
    """

    advice: list[Advice]
    undecided: list[Advice] = field(default_factory=list)
    skipped: dict[str, str] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    stale: list[str] = field(default_factory=list)
    indexes: int = 0
    statements: int = 0

    def __add__(self, other: AdviceReport) -> AdviceReport:
        return AdviceReport(
            [*self.advice, *other.advice], [*self.undecided, *other.undecided], self.skipped | other.skipped,
            self.accepted | other.accepted, [*self.stale, *other.stale],
            self.indexes + other.indexes, self.statements + other.statements,
        )  # fmt: skip

    def as_dict(self) -> Mapping[str, Any]:
        """Return it as plain values, for JSON."""
        return {"advice": [one.as_dict() for one in self.advice],
                "undecided": [one.as_dict() for one in self.undecided], "skipped": self.skipped,
                "accepted": self.accepted, "stale": self.stale, "indexes": self.indexes,
                "statements": self.statements}  # fmt: skip
