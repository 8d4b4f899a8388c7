"""Threads that end with the block that they work for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager


def thread(work: Callable[..., None], *arguments: object) -> threading.Thread:
    """Return a thread that keeps no process from ending, for a drill that is interrupted where no block is open yet."""
    return threading.Thread(target=work, args=arguments, daemon=True)


@contextmanager
def working(threads: Sequence[threading.Thread], over: threading.Event) -> Iterator[None]:
    """Start the threads, and whatever ends the block, or the starting, tell them by `over` and wait for their end."""
    try:
        for one in threads:
            one.start()
        yield
    finally:
        over.set()
        for one in threads:
            if one.is_alive():  # an interrupt may come before all of them are started
                one.join()
