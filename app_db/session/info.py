"""What a person wants to know of a database at a glance; no secrets."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Engine, QueuePool, text

from ..schema import newest_by_chain

_QUERY = text("""
select
  current_setting('server_version'), current_database(), current_user, pg_is_in_recovery(),
  coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false),
  pg_database_size(current_database()),
  (select array_agg(version_num::text) from app.alembic_version)
""")


@dataclass(frozen=True, slots=True)
class DatabaseInfo:
    """Server, database, schema and pool; sizes in bytes, counts of connections."""

    server_version: str
    database: str
    login: str
    is_replica: bool
    tls: bool
    size: int
    revisions: tuple[str, ...]
    pool_size: int
    pool_checked_out: int
    pool_overflow: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields by name, for JSON."""
        return asdict(self)


def read_info(engine: Engine) -> DatabaseInfo:
    """Ask the database about itself; `engine` is one that needs no tenant. One query."""
    with engine.connect() as connection:
        version, database, login, replica, tls, size, revisions = connection.execute(_QUERY).one()
        pool = engine.pool
        queue = pool if isinstance(pool, QueuePool) else None
        return DatabaseInfo(
            server_version=version,
            database=database,
            login=login,
            is_replica=replica,
            tls=tls,
            size=size,
            revisions=tuple(newest_by_chain(revisions or ()).values()),
            pool_size=queue.size() if queue else 0,
            pool_checked_out=queue.checkedout() if queue else 1,
            pool_overflow=max(queue.overflow(), 0) if queue else 0,
        )
