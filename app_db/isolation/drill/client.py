"""A client that works until it is killed, or until who started it is gone.

What it is to do it reads as a line of JSON from its standard input, which stays open for as long as it is wanted.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path
from typing import Any
from uuid import UUID

from .ledger import Ledger
from .unit_of_work import make_way
from .way import DrillPlace
from .work import Work

_THREADS = 4


def work_until_killed(order: dict[str, Any]) -> None:
    """Start the threads; findings are written down at once, as there is no later."""
    way, ledger = make_way(order["way"], DrillPlace.from_dict(order["place"])), Ledger()
    work = Work(way, [UUID(one) for one in order["tenants"]], ledger, frozenset(order["left_out"]), order["may_end"])
    report = Path(order["report"])

    def write_down() -> bool:
        if ledger.leaks:
            draft = report.with_suffix(f".{threading.get_ident()}")
            draft.write_text(json.dumps(ledger.as_dict()), "utf-8")
            draft.replace(report)  # whole, whenever the end comes
        return True

    for number in range(_THREADS):
        threading.Thread(target=work.go_on, args=(write_down, os.getpid() + number), daemon=True).start()


if __name__ == "__main__":
    given = json.loads(sys.stdin.readline())
    work_until_killed(given)
    sys.stdin.read()  # until the other end is closed, by whatever end of the process that has it
    os._exit(0)
