"""An interrupt leaves no thread behind that keeps the process from ending, whenever it comes."""

from __future__ import annotations

import subprocess
import sys
from threading import Event, Thread

import pytest

from app_db.isolation.drill.threads import thread, working

# as Ctrl-C in the moment between a start and the block that the threads work for
INTERRUPTED = """
from threading import Event
from app_db.isolation.drill.threads import thread
thread(Event().wait).start()
raise KeyboardInterrupt
"""


class Interrupted(Thread):
    """Is interrupted before it is started."""

    def start(self) -> None:
        raise KeyboardInterrupt


def test_an_interrupt_while_threads_are_started_ends_those_that_are() -> None:
    over = Event()
    first = thread(over.wait)
    with pytest.raises(KeyboardInterrupt), working([first, Interrupted()], over):
        pytest.fail("not all of them were started")
    assert over.is_set()
    assert not first.is_alive()


def test_an_interrupt_in_the_block_ends_them() -> None:
    over = Event()
    both = [thread(over.wait), thread(over.wait)]
    with pytest.raises(KeyboardInterrupt), working(both, over):
        raise KeyboardInterrupt
    assert not any(one.is_alive() for one in both)


def test_one_that_nobody_ends_keeps_no_process_from_ending() -> None:
    done = subprocess.run([sys.executable, "-c", INTERRUPTED], capture_output=True, check=False, timeout=60)
    assert done.stderr.rstrip().endswith(b"KeyboardInterrupt")
