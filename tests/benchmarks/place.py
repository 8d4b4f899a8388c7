"""Where it is measured: a server of its own with a database at head, and the ways to work with it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.orm import Session
from support import make_creator, provide_extensions, settings_for

from app_db.bootstrap import bootstrap
from app_db.migrations import upgrade
from app_db.server import EmbeddedServer
from app_db.session import Database
from app_db.settings import Settings

STOCK = "postgresql+psycopg2"
Work = Callable[[Session], Any]


@dataclass
class Place:
    """An installation and the engines that were made for it; times come out for a warm pool."""

    settings: Settings
    db: Database
    superuser: URL | None = None
    engines: list[Engine] = field(default_factory=list)

    @property
    def application(self) -> URL:
        return self._url(self.settings.url)

    @property
    def administrator(self) -> URL:
        return self._url(self.settings.admin_url)

    @property
    def owner(self) -> URL:
        return self._url(self.settings.migration_url)

    def ours(self, tenant: UUID, work: Work) -> Callable[[], object]:
        """Our session of the tenant, with its liveness check."""
        return ours(self.db, tenant, work)

    def plain(self, url: URL, work: Work, *, ping: bool = False) -> Callable[[], object]:
        """SQLAlchemy's own session on its own dialect, without any context."""
        engine = self._stock(url, ping)

        def unit() -> object:
            with Session(engine) as session, session.begin():
                return work(session)

        return unit

    def usual(self, url: URL, tenant: UUID, work: Work) -> Callable[[], object]:
        """The usual way: SQLAlchemy's own, with pre-ping, and the tenant set by a statement."""
        engine, bind = self._stock(url, ping=True), text("select set_config('app.current_tenant_id', :id, true)")

        def unit() -> object:
            with Session(engine) as session, session.begin():
                session.execute(bind, {"id": str(tenant)})
                return work(session)

        return unit

    def _stock(self, url: URL, ping: bool) -> Engine:
        self.engines.append(create_engine(url.set(drivername=STOCK), pool_pre_ping=ping, pool_use_lifo=True))
        return self.engines[-1]

    @staticmethod
    def _url(url: URL | None) -> URL:
        assert url is not None
        return url


def ours(db: Database, tenant: UUID, work: Work) -> Callable[[], object]:
    """Return a unit of work through `Database.tenant`."""

    def unit() -> object:
        with db.tenant(tenant) as session:
            return work(session)

    return unit


@contextmanager
def place() -> Iterator[Place]:
    """Start a server, bootstrap and upgrade a database on it, as a login with CREATEROLE and CREATEDB alone."""
    with EmbeddedServer.temporary(prefix="bench") as server:
        _keep_on_one_processor(server)
        creator = make_creator(server.superuser_url())
        report = bootstrap(creator, "bench")
        settings = settings_for(report.urls)
        provide_extensions(creator, "bench", settings.role_prefix)
        upgrade(settings)
        made = Place(settings, Database.from_settings(settings), server.superuser_url("bench"))
        try:
            yield made
        finally:
            made.db.dispose()
            for engine in made.engines:
                engine.dispose()


def _keep_on_one_processor(server: EmbeddedServer) -> None:
    """Bind this process and the server's to come to one processor, where the system can.

    A client and its backend take turns anyway; where the scheduler puts a backend made up to a factor of two, which
    would then count for or against whatever way of working owns that connection.
    """
    if not hasattr(os, "sched_setaffinity"):
        return
    one = {max(os.sched_getaffinity(0))}
    postmaster = (server.directory / "data" / "postmaster.pid").read_text().split()[0]
    for process in (0, int(postmaster)):
        os.sched_setaffinity(process, one)
