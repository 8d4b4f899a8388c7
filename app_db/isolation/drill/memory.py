"""Whether this process goes on growing."""

from __future__ import annotations

import resource
import threading
from pathlib import Path
from typing import Any, Self

from .threads import thread

_STATM = Path("/proc/self/statm")  # Linux; elsewhere nothing is sampled
_GROWTH = 1.10  # of resident memory, from the end of the first quarter to the end
_FILLING_SECONDS = 600  # its caches fill in the first two minutes, so nothing is said of less than ten


class Memory:
    """Samples the resident memory, in MiB, once a second."""

    def __init__(self) -> None:
        self._samples: list[float] = []
        self._over = threading.Event()
        self._thread = thread(self._sample)

    @property
    def quarter(self) -> float | None:
        """What it was after a quarter of the time; None where nothing was sampled."""
        return self._samples[len(self._samples) // 4] if self._samples else None

    @property
    def end(self) -> float | None:
        """What it was at the end."""
        return self._samples[-1] if self._samples else None

    @property
    def grows(self) -> bool:
        """Whether it went on growing; judged after ten minutes."""
        return len(self._samples) > _FILLING_SECONDS and self._samples[-1] > _GROWTH * (self.quarter or 0)

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON."""
        return {"quarter_mib": self.quarter, "end_mib": self.end, "grows": self.grows}

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._over.wait(1) and _STATM.exists():
            pages = int(_STATM.read_text().split()[1])
            self._samples.append(pages * resource.getpagesize() / 2**20)
