"""What the threads of a drill do: one unit of work after the other, until they are told to stop."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from ...errors import AppDbError
from .backends import Backends
from .ledger import Ledger
from .steps import COMMON, FAILURES, RARE, Deliberate, Step, Unit, name_of
from .way import Way

_MOST_STEPS = 4  # of a unit of work
_RARELY = 0.06


@dataclass(frozen=True, slots=True)
class Work:
    """What the threads share: whose units they are, what is done in them, and what is seen.

    `may_end` tells whether a unit's transaction may be ended inside of its block.
    """

    way: Way
    tenants: Sequence[UUID]
    ledger: Ledger
    left_out: frozenset[str] = frozenset()
    may_end: bool = True
    backends: Backends = field(default_factory=Backends)
    _first: deque[Step] = field(default_factory=deque)
    _often: list[Step] = field(default_factory=list)
    _rarely: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Sort the steps that are not left out."""
        for step in (*COMMON, *RARE):
            if name_of(step) not in self.left_out:
                self._first.append(step)
                (self._often if step in COMMON else self._rarely).append(step)

    def go_on(self, may_go_on: Callable[[], bool], seed: int) -> None:
        """Do units of work for as long as one may."""
        chance = random.Random(seed)  # noqa: S311  # no secret comes of it
        while may_go_on():
            try:
                how = self._unit(chance)
            except Exception as error:  # noqa: BLE001  # whatever else an application would have to expect
                how = type(error).__name__
                if self.way.is_typed:
                    self.ledger.found("odd error", f"{how}: {error}")
            self.ledger.ended(how)

    def _unit(self, chance: random.Random) -> str:
        """Do one unit of work and return how it ended."""
        tenant = chance.choice(self.tenants)
        others = [other for other in self.tenants if other != tenant]
        try:
            with self.way.unit(tenant) as session:
                unit = Unit(self.way, session, tenant, others, chance, self.ledger, self.backends, self.may_end)
                for _ in range(chance.randint(1, _MOST_STEPS)):
                    step = self._next(chance)
                    self.ledger.took(name_of(step))
                    step(unit)
        except Deliberate:
            return "its own error"
        except FAILURES as error:
            if self.way.is_typed and not isinstance(error, AppDbError):
                raise
            return type(error).__name__
        return "committed"

    def _next(self, chance: random.Random) -> Step:
        """Return a step: each one once, then by chance."""
        try:
            return self._first.popleft()
        except IndexError:
            rarely = chance.random() < _RARELY
            return chance.choice((self._rarely if rarely else self._often) or self._often or self._rarely)
