"""A database seen through a proxy that notes every message."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from lasting import db, other_tenant, settings, tenant
from proxy import CountingProxy
from sqlalchemy import URL

from app_db.session import Database
from app_db.settings import Settings

__all__ = ["db", "other_tenant", "settings", "tenant"]


@pytest.fixture
def proxy(settings: Settings) -> Iterator[CountingProxy]:
    assert settings.url is not None
    with CountingProxy(settings.url.host or "127.0.0.1", settings.url.port or 5432) as made:
        yield made


@pytest.fixture
def through(settings: Settings, proxy: CountingProxy) -> URL:
    """The application's URL, through the proxy."""
    assert settings.url is not None
    return settings.url.set(host="127.0.0.1", port=proxy.port)


@pytest.fixture
def watched(settings: Settings, through: URL) -> Iterator[Database]:
    """The database through the proxy, on a pool of one connection."""
    update = {"url": through, "pool_size": 1, "max_overflow": 0}
    database = Database.from_settings(settings.model_copy(update=update))
    yield database
    database.dispose()


@pytest.fixture
def sent(watched: Database, proxy: CountingProxy) -> Callable[[], list[str]]:
    """What was sent since the last call, as SQL."""
    with watched.shared() as session:
        session.connection()

    def since() -> list[str]:
        queries = [" ".join(query.split()) for query in proxy.queries]
        proxy.reset()
        return queries

    since()
    return since
