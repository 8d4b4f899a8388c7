"""What goes wrong around the threads of a drill, and whether they may have it go wrong."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import exc as sa_exc
from sqlalchemy import text

from .steps import END_MINE
from .threads import thread, working
from .way import DrillPlace, Way
from .work import Work

DISPOSE, KILL = "dispose", "kill"
AROUND = (DISPOSE, KILL)
ENDING = ("end-mine", "end-another")

_DISPOSE_SECONDS = 0.3
_LIFE_SECONDS = 2  # of a client: the first one is Python's
_MAY_END = text("""
select has_function_privilege('pg_catalog.pg_terminate_backend(integer, bigint)', 'execute'),
  session_user, current_user
""")
_INSUFFICIENT_PRIVILEGE = "42501"


def why_not_end_backends(way: Way, tenant: UUID) -> str | None:
    """End a backend of the way's own, to see whether it may; return what keeps it from that, with what to type."""
    try:
        with way.unit(tenant) as session:
            may_call, login, role = session.execute(_MAY_END).one()
            session.execute(END_MINE)
    except sa_exc.DBAPIError as error:
        driver: Any = error.orig
        if (getattr(driver, "pgcode", None) or getattr(driver, "sqlstate", None)) != _INSUFFICIENT_PRIVILEGE:
            return None  # it has ended
        grant = (
            f"grant pg_signal_backend to {role}" if may_call
            else f"grant execute on function pg_catalog.pg_terminate_backend(integer, bigint) to {role}"
        )  # fmt: skip
        return f"{login} may not end backends of its own, acting as {role}: type `{grant}`, as a superuser"
    except Exception:  # noqa: BLE001  # an application may have an error of its own for a connection that is lost
        return None
    return "a backend was told to end and did not: a pooler or a proxy that answers for it is in between"


@contextmanager
def around(work: Work, way_name: str | None, place: DrillPlace) -> Iterator[None]:
    """Have everything go wrong that is not left out, until the block ends."""
    over = threading.Event()
    threads = []
    if DISPOSE not in work.left_out:
        threads.append(thread(_dispose_at_times, work, over))
    if KILL not in work.left_out and way_name is not None:
        threads.append(thread(_kill_clients, work, way_name, place, over))
    with working(threads, over):
        yield


def start_client(work: Work, way_name: str, place: DrillPlace, report: Path) -> subprocess.Popen[bytes]:
    """Start a process that works on the same table until it is killed; what it finds it writes into `report`."""
    order = {
        "way": way_name, "place": place.as_dict(), "tenants": [str(tenant) for tenant in work.tenants],
        "report": str(report), "left_out": sorted(work.left_out), "may_end": work.may_end,
    }  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    process = subprocess.Popen(  # noqa: S603  # this Python, and a module of ours
        [sys.executable, "-m", f"{__package__}.client"],
        env=environment,
        stdin=subprocess.PIPE,  # not on the command line, where others read it: the URL has a password
        start_new_session=True,  # Ctrl-C is for the one who waits for it
    )
    if process.stdin is not None:
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.flush()
    return process


def end_client(process: subprocess.Popen[bytes]) -> None:
    """Kill it, whatever it is doing."""
    process.kill()
    process.wait()
    if process.stdin is not None:
        process.stdin.close()


def _dispose_at_times(work: Work, over: threading.Event) -> None:
    while True:
        work.way.dispose()
        work.ledger.took(DISPOSE)
        if over.wait(_DISPOSE_SECONDS):
            return


def _kill_clients(work: Work, way_name: str, place: DrillPlace, over: threading.Event) -> None:
    """Have another process work on the same table, and kill it again and again in the middle of its work."""
    directory = tempfile.mkdtemp(prefix="isolation-drill-")
    report = Path(directory, "findings.json")
    try:
        while not over.is_set():
            process = start_client(work, way_name, place, report)
            try:
                over.wait(_LIFE_SECONDS)
            finally:
                end_client(process)
            work.ledger.took(KILL)
            if report.exists():
                work.ledger.merge(json.loads(report.read_text("utf-8")))
                report.unlink()
    finally:
        shutil.rmtree(directory)
