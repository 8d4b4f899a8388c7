"""Runs a drill: the threads that work, and what goes wrong around them."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import URL, text

from app_db.engine import admin_engine
from app_db.errors import AppDbError

from .ledger import Ledger
from .steps import COMMON, FAILURES, RARE, Deliberate, Unit
from .ways import WAYS, Place, Way

TESTS = Path(__file__).parents[1]
ALL_ROWS = text("select tenant_id, code from catalog.materials where tenant_id = any(:tenants)")


@dataclass(frozen=True)
class Plan:
    """How much is done. It ends with the units, or where `seconds` are given, with them."""

    threads: int = 32
    units: int = 5000
    seconds: float | None = None
    clients: bool = True
    seed: int = 0


def drill(name: str, place: Place, tenants: Sequence[UUID], admin: URL, plan: Plan) -> Ledger:
    """Run the drill on one of the `WAYS` and return what it saw; `admin` is a login that sees all rows."""
    way, ledger = WAYS[name](place), Ledger()
    over = threading.Event()
    around = [threading.Thread(target=_dispose_at_times, args=(way, over, ledger))]
    if plan.clients:
        around.append(threading.Thread(target=_kill_clients, args=(name, place, tenants, over, ledger)))
    workers = [
        threading.Thread(target=_work, args=(way, tenants, ledger, _quota(plan, ledger), plan.seed + number))
        for number in range(plan.threads)
    ]
    for thread in (*around, *workers):
        thread.start()
    for thread in workers:
        thread.join()
    over.set()
    for thread in around:
        thread.join()
    way.dispose()
    _look_at_everything(admin, tenants, ledger)
    return ledger


def start_client(name: str, place: Place, tenants: Sequence[UUID], report: Path) -> subprocess.Popen[bytes]:
    """Start a process that works on the same database until it is killed; what it finds it writes into `report`."""
    tenant_ids = [str(tenant) for tenant in tenants]
    order = json.dumps({"name": name, "place": asdict(place), "tenants": tenant_ids, "report": str(report)})
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    process = subprocess.Popen([sys.executable, "-m", "drill.client"], env=environment, stdin=subprocess.PIPE)
    assert process.stdin is not None
    process.stdin.write(order.encode())
    process.stdin.close()
    return process


def work_for_ever(name: str, place: Place, tenants: Sequence[UUID], report: Path) -> None:
    """Work until killed, as a client of its own; findings are written down at once."""
    way, ledger = WAYS[name](place), Ledger()

    def go_on() -> bool:
        if ledger.leaks:
            draft = report.with_suffix(f".{threading.get_ident()}")
            draft.write_text(json.dumps(ledger.as_dict()))
            draft.replace(report)  # whole, whenever the end comes
        return True

    threads = [
        threading.Thread(target=_work, args=(way, tenants, ledger, go_on, os.getpid() + number)) for number in range(4)
    ]
    for thread in threads:
        thread.start()


def _quota(plan: Plan, ledger: Ledger) -> Callable[[], bool]:
    if plan.seconds is None:
        return lambda: ledger.units < plan.units
    end = time.monotonic() + plan.seconds
    return lambda: time.monotonic() < end


def _work(way: Way, tenants: Sequence[UUID], ledger: Ledger, go_on: Callable[[], bool], seed: int) -> None:
    chance = random.Random(seed)
    while go_on():
        try:
            ledger.ended(_unit(way, tenants, ledger, chance))
        except Exception as error:  # noqa: BLE001  # whatever else an application would have to expect
            ledger.found("odd error", f"{type(error).__name__}: {error}")
            ledger.ended("odd error")


def _unit(way: Way, tenants: Sequence[UUID], ledger: Ledger, chance: random.Random) -> str:
    """Run one unit of work and return how it ended."""
    tenant = chance.choice(tenants)
    others = [other for other in tenants if other != tenant]
    try:
        with way.unit(tenant) as session:
            unit = Unit(way, session, tenant, others, chance, ledger)
            for _ in range(chance.randint(1, 4)):
                step = chance.choice(RARE if chance.random() < 0.06 else COMMON)
                ledger.took(step.__name__)
                step(unit)
    except Deliberate:
        return "its own error"
    except FAILURES as error:
        if way.is_typed and not isinstance(error, AppDbError):
            raise
        return type(error).__name__
    return "committed"


def _dispose_at_times(way: Way, over: threading.Event, ledger: Ledger) -> None:
    while not over.wait(0.3):
        way.dispose()
        ledger.took("dispose")


def _kill_clients(name: str, place: Place, tenants: Sequence[UUID], over: threading.Event, ledger: Ledger) -> None:
    """Have another process work on the same database, and kill it again and again in the middle of its work."""
    directory = tempfile.mkdtemp(prefix="drill-")
    report = Path(directory, "findings.json")
    while not over.is_set():
        process = start_client(name, place, tenants, report)
        over.wait(2)  # the first second is Python's
        process.kill()
        process.wait()
        ledger.took("kill -9 of a client")
    if report.exists():
        ledger.merge(json.loads(report.read_text()))
    shutil.rmtree(directory)


def _look_at_everything(admin: URL, tenants: Sequence[UUID], ledger: Ledger) -> None:
    """Look at every row that the tenants have in the end, as a login that sees them all."""
    with admin_engine(admin).connect() as connection:
        for owner, code in connection.execute(ALL_ROWS, {"tenants": list(tenants)}):
            if not code.startswith(owner.hex):
                ledger.found("foreign row written", f"a row of {owner} was written by {code[:32]} (at the end)")
