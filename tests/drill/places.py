"""Two connections to the server for all: a pool of two, or many clients of a pooler that has two."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pgbouncer import PgBouncer, require_pgbouncer

from app_db.settings import Settings

THROUGH = ("pool", "pgbouncer")


@contextmanager
def two_connections(settings: Settings, through: str) -> Iterator[Settings]:
    """Yield settings with which an application works on two connections."""
    assert settings.url is not None
    if through == "pool":
        yield settings.model_copy(update={"pool_size": 2, "max_overflow": 0})
        return
    require_pgbouncer()
    with PgBouncer([settings.url], pool_size=2) as pooler:
        figures = {"pool_size": 40, "max_overflow": 0, "transaction_pooler": True}
        yield settings.model_copy(update={**figures, "url": pooler.through(settings.url)})
