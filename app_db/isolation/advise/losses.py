"""A loss: an index that a policy keeps from being used, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

from .keys import Key, Table

_LEAST = 0.1  # of a cost, or ms: below that, differences are noise


@dataclass(frozen=True, slots=True)
class Loss:
    """An index that a policy keeps from being used, by which condition, and what that costs.

    Each pair of figures is the tenant's, and that of the same conditions without a policy. `cost` is the planner's,
    None where it would not use the index with so few rows. `rows` that were read and `ms` are measured, where that was
    asked for.
    """

    table: Table
    key: Key
    condition: str
    cost: tuple[float, float] | None = None
    rows: tuple[float, float] | None = None
    ms: tuple[float, float] | None = None

    @property
    def ratio(self) -> float | None:
        """How many times as much it costs, reads or takes, whichever is most; None where nothing was measured."""
        pairs = ((self.cost, _LEAST), (self.rows, 1.0), (self.ms, _LEAST))
        return max((pair[0] / max(pair[1], least) for pair, least in pairs if pair is not None), default=None)

    @property
    def is_of_rows(self) -> bool:
        """Whether rows are missing, since an index of vectors is read that finds those of all tenants."""
        return self.key.is_vectors and self.ratio is None
