"""A lock of one process: a child of a fork gets a new one, since a thread that it has not may hold the old one."""

from __future__ import annotations

import os
import threading
from weakref import WeakSet


class ProcessLock:
    """A `threading.Lock` for `with`, which a fork frees in the child."""

    def __init__(self) -> None:
        self.renew()
        _locks.add(self)

    def renew(self) -> None:
        """Forget who holds it."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


_locks: WeakSet[ProcessLock] = WeakSet()


def _renew() -> None:
    for lock in list(_locks):
        lock.renew()


os.register_at_fork(after_in_child=_renew)
