"""A database at head, its owner, its superuser, and what the comparison says about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from lasting import settings
from sqlalchemy import URL, Connection

from app_db.drift import Inspection, inspect_database
from app_db.engine import admin_engine
from app_db.reflection import made_extensions
from app_db.schema import RoleNames, placed_services
from app_db.server import EmbeddedServer
from app_db.settings import Settings

__all__ = ["settings"]

Inspect = Callable[[], Inspection]


@pytest.fixture
def superuser(settings: Settings, server: EmbeddedServer) -> Iterator[Connection]:
    """A connection of the server's superuser, in a transaction that is rolled back: so the drift goes again."""
    database = settings.database(None).migration_url
    assert isinstance(database, URL)
    with admin_engine(server.superuser_url(str(database.database))).connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def inspect(settings: Settings, superuser: Connection) -> Inspect:
    names = RoleNames(settings.role_prefix)
    services = placed_services(settings.services, made_extensions(superuser))
    return lambda: inspect_database(superuser, services, names)
