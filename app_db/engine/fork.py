"""What a fork leaves behind: engines made before it work in both processes, and the parent's connections stay its own.

A child that uses an inherited connection, or merely closes it, speaks to the server in its parent's name (PostgreSQL
manual, "libpq: Database Connection Control Functions").
"""

from __future__ import annotations

import os
import threading
from typing import Protocol
from weakref import WeakSet

from sqlalchemy import Engine

_LONGEST_WAIT = 30.0  # seconds; whoever forks while a server lets somebody wait for it must not wait for ever


class Heirloom(Protocol):
    """A connection that children inherit."""

    def disinherit(self) -> None:
        """Make it harmless in this process, which is a child of the one that opened it."""


class Connecting:
    """Around each attempt to connect: a fork waits for its end, and the next attempt for the fork's.

    While it connects, libpq holds locks of the C libraries below it, which nobody in a child could free.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._attempts = 0

    def __enter__(self) -> None:
        with self._changed:
            self._attempts += 1

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._attempts -= 1
            self._changed.notify_all()

    def pause(self) -> None:
        """Wait until nobody connects, and let nobody begin to."""
        self._changed.acquire()
        self._changed.wait_for(lambda: self._attempts == 0, _LONGEST_WAIT)

    def go_on(self) -> None:
        """Undo `pause`, in the process that forked."""
        self._changed.release()


connections: WeakSet[Heirloom] = WeakSet()
engines: WeakSet[Engine] = WeakSet()
connecting = Connecting()


def _start_anew() -> None:
    connecting.__init__()  # type: ignore[misc]  # its lock is held by a thread that is not here
    for connection in list(connections):
        connection.disinherit()
    for engine in list(engines):
        engine.dispose(close=False)  # a new pool, with locks that no thread of the parent holds


os.register_at_fork(before=connecting.pause, after_in_parent=connecting.go_on, after_in_child=_start_anew)
