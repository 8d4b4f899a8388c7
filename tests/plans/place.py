"""A database with generated rows, which tells the plans of what its logins do.

40,000 materials in the default run; a million with VOLUME=full, as `make bench-search` runs it, which names a database
that has them already in PLANS_AT.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from plans.told import Plans, tell_plans, told
from sqlalchemy import URL, text
from sqlalchemy.orm import Session
from support import installation, make_creator

from app_db.engine import NO_TENANT, PoolFigures, admin_engine, bound_to, pooled_engine
from app_db.migrations import upgrade
from app_db.seeds import Volume, load
from app_db.server import EmbeddedServer
from app_db.session import Database, TenantSession
from app_db.settings import Environment, LoginUrl, Settings, load_settings

IS_FULL = os.environ.get("VOLUME") == "full"
SHORT, FULL = Volume(40_000, 40_000, 1_500), Volume(1_000_000, 1_000_000, 100_000)
LARGE, SMALL = (UUID(f"01900000-0000-7000-8001-{number:012x}") for number in (1, 50))


@dataclass(frozen=True)
class Learning:
    """The tenant with the most courses, one of those, its owner, and a person who learns in it."""

    tenant: UUID
    course: UUID
    owner: UUID
    learner: UUID
    term: str
    vector: list[float]


class Place:
    """That database, as its logins use it."""

    def __init__(self, settings: Settings, superuser: URL | str | None = None) -> None:
        self.settings = settings
        self.db = Database.from_settings(settings)
        assert settings.url is not None
        assert settings.auth_url is not None
        if superuser is not None:
            with admin_engine(superuser, autocommit=True).connect() as connection:
                tell_plans(connection, str(settings.url.database), settings.role_prefix)
        self._auth = pooled_engine(settings.auth_url, PoolFigures(pool_size=1), application_name="t", needs_tenant=True)
        self.parents = dict(self.rows(
            "select c.relname, p.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid "
            "join pg_class as p on p.oid = i.inhparent where p.relkind = 'I'"
        ))  # fmt: skip
        self.email = self.rows("select email from auth.users order by id limit 1")[0][0]
        self.member = self.rows(f"select user_id from tenancy.memberships where tenant_id = '{LARGE}' limit 1")[0][0]
        self.learning = Learning(*self.rows(_LEARNING)[0])

    def rows(self, query: str) -> list[Any]:
        """Return what an administrator reads."""
        assert self.settings.admin_url is not None
        with admin_engine(self.settings.admin_url).connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    @contextmanager
    def tenant(self, tenant: UUID = LARGE, person: UUID | None = None) -> Iterator[tuple[TenantSession, Plans]]:
        """Open a session of the application's login, and collect the plans of what it does."""
        with self.db.tenant(tenant, user_id=person) as session:
            # what a first connection asks is not collected; and the few courses of the default run would be read as
            # a whole, and rightly
            session.execute(text(f"set local enable_seqscan = {'on' if IS_FULL or person is None else 'off'}"))
            with told(self.parents) as plans:
                yield session, plans

    @contextmanager
    def auth(self) -> Iterator[tuple[Session, Plans]]:
        """Open a session of the login that is used before a tenant is known."""
        with self.auth_session() as session:
            session.execute(text("select 1"))
            with told(self.parents) as plans:
                yield session, plans

    def auth_session(self) -> Session:
        """Return a session of that login."""
        return Session(bound_to(self._auth, NO_TENANT))

    def close(self) -> None:
        self.db.dispose()
        self._auth.dispose()


# a parenthesis of numbers is how PostgreSQL writes a vector, and JSON how Python reads it
_LEARNING = """
select c.tenant_id, c.id, c.user_id,
  (select p.user_id from learning.chapter_progress as p where p.tenant_id = c.tenant_id and p.course_id = c.id
    order by p.user_id limit 1),
  (select k.term from learning.keywords as k where k.tenant_id = c.tenant_id and k.course_id = c.id
    order by k.id limit 1),
  (select d.embedding::real[] from learning.processed_documents as d where d.tenant_id = c.tenant_id limit 1)
from learning.courses as c
where c.tenant_id = (
  select tenant_id from learning.courses group by tenant_id order by count(*) desc, tenant_id limit 1
)
order by c.id limit 1
"""


@contextmanager
def make_place(server: EmbeddedServer) -> Iterator[Place]:
    """Make the database and fill it, or take the one that PLANS_AT names."""
    if given := os.environ.get("PLANS_AT"):
        described = json.loads(given)
        settings = load_settings(**described["settings"])
        yield from _opened(settings, described["superuser"])
        return
    with installation(make_creator(server.superuser_url())) as made:
        upgrade(made)
        settings = made.model_copy(update={"environment": Environment.TEST})
        load(settings, FULL if IS_FULL else SHORT)
        assert settings.url is not None
        yield from _opened(settings, server.superuser_url(str(settings.url.database)))


def _opened(settings: Settings, superuser: URL | str) -> Iterator[Place]:
    place = Place(settings, superuser)
    try:
        yield place
    finally:
        place.close()


def describe(settings: Settings, superuser: str) -> str:
    """Return what PLANS_AT is to hold for that database."""
    urls = {
        login.field: url.render_as_string(hide_password=False)
        for login in LoginUrl
        if (url := settings.login_url(login)) is not None
    }
    return json.dumps({"settings": {**urls, "role_prefix": settings.role_prefix, "environment": "test"},
                       "superuser": superuser})  # fmt: skip
