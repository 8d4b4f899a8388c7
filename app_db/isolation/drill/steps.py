"""What a unit of work may do, and what may happen to it; every row that it reads or writes is checked."""

from __future__ import annotations

import contextlib
import contextvars
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy import exc as sa_exc
from sqlalchemy.orm import Session

from ...errors import AppDbError
from .backends import Backends
from .ground import TABLE, DrillGround
from .ledger import Ledger
from .way import OpenUnit, Way

ROWS = text(f"select tenant_id, author from {TABLE} limit 50")  # a name of ours, here and below
INSERT = text(f"insert into {TABLE} (author) values (:author) returning tenant_id, author")
UPDATE = text(f"""
    update {TABLE} set changes = changes + 1
    where id in (select id from {TABLE} limit 1) returning tenant_id, author
""")
END_MINE = text("select pg_terminate_backend(pg_backend_pid())")
END_ANOTHER = text("""
    select pg_terminate_backend(pid) from pg_stat_activity
    where pid = :pid and usename = session_user and datname = current_database()
""")
SLEEP = text("select pg_sleep(0.02)")

# what an application expects of SQLAlchemy and of ours; a way that is typed promises more
FAILURES = (sa_exc.SQLAlchemyError, AppDbError)


class Deliberate(Exception):
    """An application's own error."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of work under way.

    `backends` are those that this process has been seen on; `may_end` tells whether its transaction may be ended inside
    of its block.
    """

    way: Way
    session: OpenUnit
    tenant: UUID
    others: list[UUID]
    chance: random.Random
    ledger: Ledger
    backends: Backends
    may_end: bool = True

    @property
    def connection(self) -> Connection:
        """Its connection, checked out."""
        return self.session.connection() if isinstance(self.session, Session) else self.session

    def of(self, session: OpenUnit, tenant: UUID) -> Unit:
        """Return another one that is under way meanwhile."""
        return replace(self, session=session, tenant=tenant)

    def let_go(self) -> None:
        """Give the connection back, where that can be done before the end."""
        if self.may_end:
            self.session.commit()


Step = Callable[[Unit], None]


def current_of(ground: DrillGround) -> Any:
    """Return the query that says whom the database takes a unit for, and on which backend it works."""
    return text(f"select {ground.current}, pg_backend_pid()")


def read(unit: Unit) -> None:
    """Read whose unit it is, and rows."""
    current, backend = unit.session.execute(current_of(unit.way.ground)).one()
    unit.backends.seen(backend)
    unit.ledger.check_tenant(unit.tenant, current, "read")
    unit.ledger.check_rows(unit.tenant, _pairs(unit.session.execute(ROWS)), "read")


def write(unit: Unit) -> None:
    """Write a row that says who wrote it, and no word of whose it is; then change one."""
    unit.ledger.check_rows(unit.tenant, _pairs(unit.session.execute(INSERT, {"author": unit.tenant})), "write")
    unit.ledger.check_rows(unit.tenant, _pairs(unit.session.execute(UPDATE)), "write")


def savepoint(unit: Unit) -> None:
    """Write inside of a savepoint, and take it back or not."""
    with contextlib.suppress(Deliberate), unit.session.begin_nested():
        write(unit)
        if unit.chance.random() < 0.5:  # noqa: PLR2004  # as often as not
            raise Deliberate
    read(unit)


def commit(unit: Unit) -> None:
    """Commit, and go on in a new transaction."""
    unit.session.commit()
    read(unit)


def roll_back(unit: Unit) -> None:
    """Roll back, and go on in a new transaction."""
    write(unit)
    unit.session.rollback()
    read(unit)


def fail(unit: Unit) -> None:
    """Raise an error of the application's own."""
    write(unit)
    raise Deliberate


def cancel(unit: Unit) -> None:
    """Have the statement cancelled from another thread, at any moment, and go on."""
    connection = unit.connection
    driver: Any = connection.connection.dbapi_connection
    ended = connection.dialect.loaded_dbapi.Error

    def cancel_it() -> None:
        with contextlib.suppress(ended):  # somebody may have ended it before
            driver.cancel()

    timer = threading.Timer(unit.chance.uniform(0, 0.01), cancel_it)
    timer.start()
    try:
        unit.session.execute(SLEEP)
    except FAILURES:
        unit.session.rollback()
    timer.join()  # a cancel that came late is still this unit's
    unit.session.rollback()
    read(unit)


def end_mine(unit: Unit) -> None:
    """Have the backend under one's feet terminated, and go on."""
    with contextlib.suppress(*FAILURES):
        unit.session.execute(END_MINE)
    unit.session.rollback()
    read(unit)


def end_another(unit: Unit) -> None:
    """Terminate the backend of another unit of this process, which may be at work just now."""
    victim = unit.backends.choose(unit.chance)
    if victim is not None:
        unit.session.execute(END_ANOTHER, {"pid": victim})
    read(unit)


def stranger(unit: Unit) -> None:
    """Look as nobody: there is no tenant and no row. In a thread that has no context of this unit's."""
    unit.let_go()

    def look() -> None:
        with unit.way.stranger() as session:
            current, _ = session.execute(current_of(unit.way.ground)).one()
            unit.ledger.check_tenant(None, current, "stranger")
            unit.ledger.check_rows(None, _pairs(session.execute(ROWS)), "stranger")

    _apart(look)


def interleave(unit: Unit) -> None:
    """Open a session of another tenant's meanwhile, and let both connect for the first time in turn."""
    unit.let_go()
    other = unit.chance.choice(unit.others)
    with unit.way.unit(other) as session:
        read(unit)
        unit.let_go()
        read(unit.of(session, other))


def exhaust(unit: Unit) -> None:
    """Hold one connection and want another, for as long as the pool has patience."""
    read(unit)
    other = unit.chance.choice(unit.others)
    with unit.way.unit(other) as session:
        read(unit.of(session, other))


def raw(unit: Unit) -> None:
    """Work with the driver's connection, and give it back as it is."""
    errors = unit.connection.dialect.loaded_dbapi.Error  # the driver's own, which nobody makes typed
    unit.let_go()
    with contextlib.suppress(errors), contextlib.closing(unit.way.raw(unit.tenant)) as connection:
        cursor = connection.cursor()
        cursor.execute(str(ROWS))
        found = [(UUID(str(owner)), UUID(str(author))) for owner, author in cursor.fetchall()]
        unit.ledger.check_rows(unit.tenant, found, "raw")


def _pairs(result: Any) -> list[tuple[UUID, UUID]]:
    return [(owner, author) for owner, author in result]


def _apart(work: Callable[[], None]) -> None:
    """Do it in a thread that inherits neither thread-local nor context variables; raises what it raises."""
    failed: list[BaseException] = []

    def run() -> None:
        try:
            contextvars.Context().run(work)
        except BaseException as error:  # noqa: BLE001  # whatever it is, it is raised where it is awaited
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]


def name_of(step: Step) -> str:
    """Return what tables and options call it."""
    return step.__name__.replace("_", "-")


COMMON: tuple[Step, ...] = (read, write, savepoint, commit, roll_back, stranger, interleave, raw)
RARE: tuple[Step, ...] = (fail, cancel, end_mine, end_another, exhaust)
ENDING_INSIDE = ("commit", "roll-back", "cancel", "end-mine")  # they end the transaction and go on
STEPS: dict[str, Step] = {name_of(step): step for step in (*COMMON, *RARE)}
