"""How much is done in a drill, and with what left out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class DrillPlan:
    """How much is done: `units` of work in all, or where `seconds` are given, as many as fit into them.

    `seed` decides what each thread does; what comes between two threads it does not. `without` names steps and faults
    that are left out (see `steps.STEPS` and `faults.AROUND`).
    """

    threads: int = 32
    tenants: int = 20
    units: int = 2000
    seconds: float | None = None
    seed: int = 0
    without: frozenset[str] = frozenset()

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {
            "threads": self.threads, "tenants": self.tenants, "units": None if self.seconds else self.units,
            "seconds": self.seconds, "seed": self.seed, "without": sorted(self.without),
        }  # fmt: skip
