"""Load while something breaks: units of work, what became of each of them, and whether the database agrees."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from sqlalchemy import Engine, text

from app_db.errors import AppDbError, CommitOutcomeUnknown
from app_db.session import Database

INSERT = text("insert into catalog.materials (code, name, unit, price_minor) values (:code, 'Brick', 'pcs', 0)")
COUNT = text("update catalog.materials set price_minor = price_minor + 1 where code = :code")
WRITTEN = text("select code from catalog.materials where tenant_id = :tenant and code like 'unit-%'")
COUNTED = text("select sum(price_minor) from catalog.materials where tenant_id = :tenant and code like 'counter-%'")


@dataclass(frozen=True)
class Unit:
    """One unit of work: when it began and ended, and the error that it ended with, if any."""

    code: str
    began: float
    ended: float
    error: Exception | None


@dataclass
class Load:
    """Threads that work for a tenant; each unit writes a row and counts it, in one transaction."""

    db: Database
    tenant: UUID
    units: list[Unit] = field(default_factory=list)

    def run(self, threads: int, units: int, around: Callable[[], None]) -> None:
        """Work until so many units have ended; `around` is called again and again meanwhile."""
        workers = [threading.Thread(target=self._work, args=(f"counter-{n}", units)) for n in range(threads)]
        for worker in workers:
            worker.start()
        while any(worker.is_alive() for worker in workers):
            around()
        for worker in workers:
            worker.join()

    def _work(self, counter: str, units: int) -> None:
        while len(self.units) < units:
            unit = self._unit(f"unit-{uuid4().hex}", counter)
            self.units.append(unit)
            if unit.error is not None:
                time.sleep(0.05)  # as anybody would who tries again

    def _unit(self, code: str, counter: str) -> Unit:
        began, error = time.monotonic(), None
        try:
            with self.db.tenant(self.tenant) as session:
                session.execute(INSERT, {"code": code})
                session.execute(COUNT, {"code": counter})
        except Exception as caught:  # noqa: BLE001  # which ones may come is what is tested
            error = caught
        return Unit(code, began, time.monotonic(), error)

    def prepare(self, threads: int) -> None:
        """Make the counters, and have as many connections as threads in the pool."""
        with self.db.tenant(self.tenant) as session:
            session.execute(INSERT, [{"code": f"counter-{n}"} for n in range(threads)])
        engine = self.db.engine(self.tenant)
        for connection in [engine.connect() for _ in range(threads)]:
            connection.close()

    @property
    def acknowledged(self) -> set[str]:
        return {unit.code for unit in self.units if unit.error is None}

    @property
    def unknown(self) -> set[str]:
        return {unit.code for unit in self.units if isinstance(unit.error, CommitOutcomeUnknown)}

    def oddities(self) -> list[str]:
        """Return the errors that are neither retryable nor say that the outcome is unknown."""
        return [
            repr(unit.error)
            for unit in self.units
            if unit.error is not None
            and not isinstance(unit.error, CommitOutcomeUnknown)
            and not (isinstance(unit.error, AppDbError) and unit.error.retryable)
        ]

    def failed_outside(self, faults: list[tuple[float, float]]) -> list[str]:
        """Return the errors of units in whose time nothing broke and nothing was broken."""
        return [
            repr(unit.error)
            for unit in self.units
            if unit.error is not None and not any(begin <= unit.ended and unit.began <= end for begin, end in faults)
        ]

    def check(self, all_seeing: Engine) -> None:
        """Compare with the database: nothing acknowledged is lost, nothing else is there, nothing was done twice."""
        with all_seeing.connect() as connection:
            written = list(connection.scalars(WRITTEN, {"tenant": self.tenant}))
            counted = connection.scalar(COUNTED, {"tenant": self.tenant})
        assert self.acknowledged <= set(written)
        assert set(written) <= self.acknowledged | self.unknown
        assert counted == len(written) == len(set(written))
