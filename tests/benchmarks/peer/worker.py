"""A process with one library: it is told by lines of JSON what to do, and answers by lines of JSON.

python -m benchmarks.peer.worker MODULE, with the places to work at as its first line.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from .library import SCENARIOS, Library, units


class Worker:
    """Does what it is told."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._units: dict[str, dict[str, Callable[[], object]]] = {}

    def do(self, order: dict[str, Any]) -> Any:
        return getattr(self, order.pop("do"))(**order)

    def versions(self) -> dict[str, str]:
        return self._library.versions()

    def prepare(self, rows: int) -> None:
        self._library.prepare(rows)

    def scenario(self, name: str) -> tuple[str, str]:
        try:
            return SCENARIOS[name](self._library)
        except Exception as error:  # noqa: BLE001  # an error is an outcome
            return "fails", f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"

    def batch(self, unit: str, times: int, place: str = "direct") -> float:
        """Return the microseconds that a unit took."""
        if place not in self._units:
            self._units[place] = units(self._library, place)
        work = self._units[place][unit]
        begun = time.perf_counter()
        for _ in range(times):
            work()
        return (time.perf_counter() - begun) / times * 1e6


def main() -> None:
    """Answer until nobody asks any more."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a library prints is no answer
    module = importlib.import_module(f"benchmarks.peer.{sys.argv[1]}")
    worker = Worker(module.library(json.loads(sys.stdin.readline())))
    for line in sys.stdin:
        print(json.dumps(worker.do(json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
