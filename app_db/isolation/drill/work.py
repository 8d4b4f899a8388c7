"""What the threads of a drill do: one unit of work after the other, until they are told to stop."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ...errors import AppDbError
from .backends import Backends
from .ledger import Ledger
from .steps import COMMON, FAILURES, RARE, Deliberate, Step, Unit, name_of
from .way import Way

_MOST_STEPS = 4  # of a unit of work
_RARELY = 0.1


@dataclass(frozen=True, slots=True)
class Work:
    """What the threads share: whose units they are, what is done in them, and what is seen."""

    way: Way
    tenants: Sequence[UUID]
    ledger: Ledger
    left_out: frozenset[str] = frozenset()
    backends: Backends = field(default_factory=Backends)

    def steps(self) -> tuple[list[Step], list[Step]]:
        """Return the steps that are taken often, and those that are taken rarely."""
        often, rarely = ([step for step in kind if name_of(step) not in self.left_out] for kind in (COMMON, RARE))
        return (often, rarely or often) if often else (rarely, rarely)

    def go_on(self, may_go_on: Callable[[], bool], seed: int) -> None:
        """Do units of work for as long as one may."""
        chance, steps = random.Random(seed), self.steps()  # noqa: S311  # no secret comes of it
        while may_go_on():
            try:
                how = self._unit(chance, steps)
            except Exception as error:  # noqa: BLE001  # whatever else an application would have to expect
                how = type(error).__name__
                if self.way.is_typed:
                    self.ledger.found("odd error", f"{how}: {error}")
            self.ledger.ended(how)

    def _unit(self, chance: random.Random, steps: tuple[list[Step], list[Step]]) -> str:
        """Do one unit of work and return how it ended."""
        tenant = chance.choice(self.tenants)
        others = [other for other in self.tenants if other != tenant]
        often, rarely = steps
        try:
            with self.way.unit(tenant) as session:
                unit = Unit(self.way, session, tenant, others, chance, self.ledger, self.backends)
                for _ in range(chance.randint(1, _MOST_STEPS)):
                    step = chance.choice(rarely if chance.random() < _RARELY else often)
                    self.ledger.took(name_of(step))
                    step(unit)
        except Deliberate:
            return "its own error"
        except FAILURES as error:
            if self.way.is_typed and not isinstance(error, AppDbError):
                raise
            return type(error).__name__
        return "committed"
