"""Says where a dialect falls short of stock, test by test."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

OUTCOMES = ("passed", "failed", "error", "skipped")


@dataclass(frozen=True)
class Difference:
    """A test that ended otherwise than with stock; `worse` where it passed with stock."""

    test: str
    stock: str
    ours: str

    @property
    def worse(self) -> bool:
        return self.stock == "passed"

    def __str__(self) -> str:
        return f"{self.test}: {self.stock} with stock, {self.ours} with ours"


def differences(stock: Mapping[str, str], ours: Mapping[str, str]) -> list[Difference]:
    """Compare by test; one that did not run at all is `missing`."""
    pairs = ((test, stock.get(test, "missing"), ours.get(test, "missing")) for test in sorted({*stock, *ours}))
    return [Difference(test, before, after) for test, before, after in pairs if before != after]


def table(results: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """Yield the lines of a Markdown table: how many tests ended how, with each dialect."""
    yield f"| dialect | {' | '.join(OUTCOMES)} |"
    yield "| --- |" + " ---: |" * len(OUTCOMES)
    for dialect, outcomes in results.items():
        counts = Counter(outcomes.values())
        yield f"| {dialect} | {' | '.join(str(counts[outcome]) for outcome in OUTCOMES)} |"
