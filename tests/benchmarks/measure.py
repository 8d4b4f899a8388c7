"""Measures ways of doing the same thing against each other: interleaved, so that the machine's moods hit all alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

Unit = Callable[[], object]
BATCH_SECONDS = 0.01


@dataclass(frozen=True)
class Figures:
    """What a unit of work takes, in microseconds: wall clock and this process's CPU."""

    minimum: float
    median: float
    cpu: float


@dataclass(frozen=True)
class Line:
    """One way of one measure; `ratio` is what ours takes, divided by what this way takes, with its target if any."""

    measure: str
    way: str
    figures: Figures
    ratio: float | None
    target: float | None

    @property
    def verdict(self) -> str:
        """Whether the target is kept; nothing where there is none."""
        if self.ratio is None or self.target is None:
            return ""
        return "kept" if self.ratio <= self.target else "MISSED"

    def as_dict(self) -> dict[str, Any]:
        return {**asdict(self), "verdict": self.verdict}


def compare(measure: str, ways: Mapping[str, Unit], target: float, seconds: float) -> Iterator[Line]:
    """Measure all ways; the first one is ours, and the target is for its ratio to the second.

    A ratio is the median of each round's own, so that a slow moment of the machine weighs on both.
    """
    rounds = interleave(ways, seconds)
    ours, held_against = list(ways)[:2]
    for way in ways:
        wall, cpu = zip(*(one[way] for one in rounds), strict=True)
        ratio = None if way == ours else median(one[ours][0] / one[way][0] for one in rounds)
        figures = Figures(min(wall), median(wall), median(cpu))
        yield Line(measure, way, figures, ratio, target if way == held_against else None)


def interleave(ways: Mapping[str, Unit], seconds: float) -> list[dict[str, tuple[float, float]]]:
    """Run A B C A B C … in short batches for `seconds` per way, five rounds at least; wall clock and CPU of each."""
    batches = {way: _batch(unit) for way, unit in ways.items()}
    rounds: list[dict[str, tuple[float, float]]] = []
    gc.collect()
    gc.freeze()  # what was imported is not looked through again in whoever's turn it is
    end = time.perf_counter() + seconds * len(ways)
    while time.perf_counter() < end or len(rounds) < 5:
        rounds.append({way: _time(unit, batches[way]) for way, unit in ways.items()})
    return rounds


def _batch(unit: Unit) -> int:
    """Return how many units make a batch long enough for the clock; warms up on the way."""
    for _ in range(20):
        unit()
    took, _ = _time(unit, 5)
    return max(1, round(BATCH_SECONDS * 1e6 / took))


def _time(unit: Unit, times: int) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(times):
        unit()
    return (time.perf_counter() - wall) / times * 1e6, (time.process_time() - cpu) / times * 1e6
