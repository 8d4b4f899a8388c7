"""One bootstrap at a time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text

from ..errors import BootstrapError

_KEY = 0x6170705F6462  # "app_db" in ASCII
_PATIENCE = 30.0  # seconds; a run takes about one
_PAUSE = 0.1  # seconds between two tries

_TRY = text("select pg_try_advisory_lock(:key)")
_RELEASE = text("select pg_advisory_unlock(:key)")
_HOLDER = text("""
    select pid from pg_locks
     where locktype = 'advisory' and granted
       and database = (select oid from pg_database where datname = current_database())
       and (classid::bigint << 32 | objid::bigint) = :key and objsubid = 1
""")


@contextmanager
def only_run(connection: Connection) -> Iterator[None]:
    """Hold the lock of bootstrap in the database connected to, which is the same for everybody who names it.

    Raises BootstrapError where another run holds it for longer than it should take.
    """
    deadline = time.monotonic() + _PATIENCE
    # polled, because a wait inside the server would hold a snapshot for as long as it lasts
    while not connection.scalar(_TRY, {"key": _KEY}):
        if time.monotonic() >= deadline:
            pid = connection.scalar(_HOLDER, {"key": _KEY})
            raise BootstrapError(
                f"another bootstrap holds its lock for more than {_PATIENCE:.0f} s: wait for it to end and run this "
                f"again, or, if it is dead, type select pg_terminate_backend({pid})"
            )
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.execute(_RELEASE, {"key": _KEY})
