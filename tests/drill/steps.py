"""What a unit of work may do, and what may happen to it; every row that it reads or writes is checked."""

from __future__ import annotations

import contextlib
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import psycopg2
from sqlalchemy import exc as sa_exc
from sqlalchemy import text
from sqlalchemy.orm import Session

from app_db.errors import AppDbError

from .ledger import Ledger
from .ways import Way

CURRENT = text("select app.current_tenant_id()")
ROWS = text("select tenant_id, code from catalog.materials limit 50")
INSERT = text("""
    insert into catalog.materials (code, name, unit, price_minor) values (:code, 'Brick', 'pcs', 1)
    returning tenant_id, code
""")
UPDATE = text("""
    update catalog.materials set price_minor = price_minor + 1
    where id in (select id from catalog.materials limit 1) returning tenant_id, code
""")
END_MINE = text("select pg_terminate_backend(pg_backend_pid())")
END_ANOTHER = text("""
    select pg_terminate_backend(pid) from (
      select pid from pg_stat_activity
      where usename = current_user and datname = current_database() and pid <> pg_backend_pid()
      order by random() limit 1
    ) as another
""")
SLEEP = text("select pg_sleep(0.02)")

# what an application of the wrong ways would catch; ours promises more, see `is_typed`
FAILURES = (sa_exc.SQLAlchemyError, AppDbError)


class Deliberate(Exception):
    """An application's own error."""


@dataclass(frozen=True)
class Unit:
    """One unit of work under way."""

    way: Way
    session: Session
    tenant: UUID
    others: list[UUID]
    chance: random.Random
    ledger: Ledger


Step = Callable[[Unit], None]


def read(unit: Unit) -> None:
    """Read whose unit it is, and rows."""
    unit.ledger.check_tenant(unit.tenant, unit.session.scalar(CURRENT), "read")
    unit.ledger.check_rows(unit.tenant, unit.session.execute(ROWS).all(), "read")


def write(unit: Unit) -> None:
    """Write a row that says who wrote it, and no word of whose it is; then change one."""
    for statement in (INSERT, UPDATE):
        rows = unit.session.execute(
            statement, {"code": f"{unit.tenant.hex}-{uuid4().hex[:16]}"} if statement is INSERT else {}
        )
        unit.ledger.check_rows(unit.tenant, rows.all(), "write")


def savepoint(unit: Unit) -> None:
    """Write inside of a savepoint, and take it back or not."""
    with contextlib.suppress(Deliberate), unit.session.begin_nested():
        write(unit)
        if unit.chance.random() < 0.5:
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
    driver = unit.session.connection().connection.dbapi_connection

    def cancel_it() -> None:
        with contextlib.suppress(psycopg2.Error):  # somebody may have ended it before
            driver.cancel()  # type: ignore[union-attr]

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
    """Terminate the backend of whoever works just now."""
    unit.session.execute(END_ANOTHER)
    read(unit)


def stranger(unit: Unit) -> None:
    """Look as nobody: there is no tenant and no row."""
    unit.session.commit()
    with unit.way.stranger() as session:
        unit.ledger.check_tenant(None, session.scalar(CURRENT), "stranger")
        unit.ledger.check_rows(None, session.execute(ROWS).all(), "stranger")


def interleave(unit: Unit) -> None:
    """Open a session of another tenant's meanwhile, and let both connect for the first time in turn."""
    unit.session.commit()
    other = unit.chance.choice(unit.others)
    with unit.way.unit(other) as session:
        read(unit)
        unit.session.commit()
        read(Unit(unit.way, session, other, unit.others, unit.chance, unit.ledger))


def exhaust(unit: Unit) -> None:
    """Hold one connection and want another, as long as the pool has patience."""
    read(unit)
    with unit.way.stranger() as session:
        session.execute(ROWS)


def raw(unit: Unit) -> None:
    """Work with the driver's connection, and give it back as it is."""
    unit.session.commit()
    # the driver's own errors, which nobody makes typed
    with contextlib.suppress(psycopg2.Error), contextlib.closing(unit.way.raw(unit.tenant)) as connection:
        cursor = connection.cursor()
        cursor.execute(str(ROWS))
        unit.ledger.check_rows(unit.tenant, ((UUID(str(owner)), code) for owner, code in cursor.fetchall()), "raw")


COMMON: tuple[Step, ...] = (read, write, savepoint, commit, roll_back, stranger, interleave, raw)
RARE: tuple[Step, ...] = (fail, cancel, end_mine, end_another, exhaust)
