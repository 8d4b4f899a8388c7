"""Keeps a second one out of work on a whole database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, text

from ..errors import AppDbError

_KEY = 0x6170705F7273  # "app_rs" in ASCII


@contextmanager
def alone(engine: Engine, refusal: AppDbError) -> Iterator[None]:
    """Hold the lock of whoever empties or initialises the database; raises `refusal` where another one holds it."""
    with engine.connect() as connection:
        if not connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": _KEY}):
            raise refusal
        connection.commit()  # the lock is the session's; an open transaction would hold back vacuum
        yield
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": _KEY})
        connection.commit()
