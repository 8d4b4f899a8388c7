"""The backends that a drill was seen on, so that it ends its own and nobody else's."""

from __future__ import annotations

import random
import threading
import time

# A number of a backend that ended may become somebody else's, but not within seconds.
_REMEMBERED_SECONDS = 5.0


class Backends:
    """Thread-safe. Behind a pooler a backend is whoever's who has a transaction on it."""

    def __init__(self) -> None:
        self._seen: dict[int, float] = {}
        self._lock = threading.Lock()

    def seen(self, backend: int) -> None:
        """Note that a unit works on it."""
        with self._lock:
            self._seen[backend] = time.monotonic()

    def choose(self, chance: random.Random) -> int | None:
        """Return one that was seen a moment ago, and forget it; None where there is none."""
        with self._lock:
            oldest = time.monotonic() - _REMEMBERED_SECONDS
            self._seen = {backend: at for backend, at in self._seen.items() if at >= oldest}
            if not self._seen:
                return None
            chosen = chance.choice(sorted(self._seen))
            del self._seen[chosen]
            return chosen
