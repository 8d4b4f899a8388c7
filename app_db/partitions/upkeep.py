"""Makes and drops partitions, as the owner of the schema, without holding up whoever reads and writes.

A statement that waits for a lock holds up all who come after it. So the functions in the database wait briefly and give
up; here they are tried again, with a pause in which the others go on.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, Row, text
from sqlalchemy.exc import OperationalError

from ..errors import LockNotAvailable
from ..migrations.connection import migration_url, owner_engine
from ..schema import RoleNames
from ..settings import Settings

TRIES = 60
PAUSE = 1.0  # seconds
_LOCK_NOT_AVAILABLE = "55P03"

_AT = "coalesce(cast(:at as timestamptz), now())"
_ENSURE = text(f"select ops.ensure_partitions({_AT})")
_DROP = text(f"select ops.drop_expired_partition({_AT})")
_LIST = text("""
select s.parent as table_name, cast(cast(i.inhrelid as regclass) as text) as name,
  pg_get_expr(c.relpartbound, c.oid) as bounds, pg_total_relation_size(c.oid) as bytes
from ops.partition_sets as s
join pg_inherits as i on i.inhparent = to_regclass(s.parent)
join pg_class as c on c.oid = i.inhrelid
order by 1, 2
""")


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition: of which table, its name, its bounds as PostgreSQL writes them, and its size with its indexes."""

    table_name: str
    name: str
    bounds: str
    bytes: int

    def as_dict(self) -> dict[str, Any]:
        """Return it as plain values, for JSON."""
        return asdict(self)


def list_partitions(settings: Settings, *, database: str | None = None) -> list[Partition]:
    """Return the partitions of every registered table, by table and name."""
    engine = _owner(settings, database)
    with engine.connect() as connection:
        return [Partition(**row) for row in connection.execute(_LIST).mappings()]


def ensure_partitions(
    settings: Settings,
    at: dt.datetime | None = None,
    *,
    database: str | None = None,
    tries: int = TRIES,
    pause: float = PAUSE,
) -> int:
    """Make the missing partitions for that time (now without it) and ahead of it; return how many were made.

    Rows of that time which lie in the default partition are moved. Raises LockNotAvailable when it had to give up
    `tries` times, `pause` seconds apart; nothing is half done.
    """
    found = _tried(_owner(settings, database), _ENSURE, at, tries, pause)
    return int(found[0])


def drop_partitions(
    settings: Settings,
    at: dt.datetime | None = None,
    *,
    database: str | None = None,
    tries: int = TRIES,
    pause: float = PAUSE,
    progress: Callable[[str], None] | None = None,
) -> list[str]:
    """Drop the partitions whose rows are past the retention of their table at that time; return their names.

    Each is dropped in a transaction of its own, oldest first, and told to `progress`. Raises LockNotAvailable when one
    could not be locked within 100 ms for `tries` times, `pause` seconds apart; the next call goes on from there.
    """
    engine = _owner(settings, database)
    dropped: list[str] = []
    while (name := _tried(engine, _DROP, at, tries, pause)[0]) is not None:
        dropped.append(name)
        if progress is not None:
            progress(name)
    return dropped


def _owner(settings: Settings, database: str | None) -> Engine:
    return owner_engine(migration_url(settings, settings.database(database)), RoleNames(settings.role_prefix))


def _tried(engine: Engine, statement: Any, at: dt.datetime | None, tries: int, pause: float) -> Row[Any]:
    for left in range(tries - 1, -1, -1):
        try:
            with engine.begin() as connection:
                return connection.execute(statement, {"at": at}).one()
        except OperationalError as error:
            is_locked = isinstance(error, LockNotAvailable) or getattr(error.orig, "pgcode", "") == _LOCK_NOT_AVAILABLE
            if not is_locked or not left:
                raise
        time.sleep(pause)
    raise ValueError(f"tries is {tries}: try at least once")
