"""A database with planted mistakes for each server, which lasts for the session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from isolation.advise.planted import CASES, LARGE, MATERIALS, OTHERS, ROWS, SMALL, VECTORS, Planted, plant
from sqlalchemy import URL, text
from support import copy_of

from app_db.engine import admin_engine
from app_db.server import EmbeddedServer
from app_db.session import Database
from app_db.settings import Settings


@pytest.fixture(scope="session")
def planted(template: Settings, creator: URL, server: EmbeddedServer) -> Iterator[Planted]:
    with copy_of(template, creator) as settings:
        assert settings.url is not None
        superuser = server.superuser_url(str(settings.url.database))
        db = Database.from_settings(settings)
        with admin_engine(superuser).begin() as connection:
            has_vectors = connection.scalar(text("select count(*) from pg_extension where extname = 'vector'"))
            for tenant, slug in ((LARGE, "large"), (SMALL, "small")):
                connection.execute(
                    text("insert into tenancy.tenants (id, slug, name) values (:id, :slug, 'T')"),
                    {"id": tenant, "slug": slug},
                )
                connection.execute(text(MATERIALS), {"tenant": tenant, "rows": ROWS[tenant]})
            connection.execute(text("analyze catalog.materials"))
        cases = [*CASES, *OTHERS] + (VECTORS if has_vectors else [])
        plant(settings, cases)
        yield Planted(settings, db, cases, superuser)
        db.dispose()
