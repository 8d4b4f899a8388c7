"""The schemas of all services in a database at head, as its owner sees them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import URL, Connection

from app_db.engine import admin_engine
from app_db.reflection import made_extensions
from app_db.schema import RoleNames, placed_services
from app_db.schema.services import EXTENSIONS
from app_db.settings import Settings


@pytest.fixture
def owner_url(app_db_settings: Settings) -> URL:
    """The migrations' login, which is the owner of nearly everything."""
    url = app_db_settings.database(None).migration_url
    assert isinstance(url, URL)
    return url


@pytest.fixture
def schemas(owner_url: URL) -> list[str]:
    """Those that our revisions fill, on this server."""
    with admin_engine(owner_url).connect() as connection:
        services = placed_services(None, made_extensions(connection))
    return [schema for service in services for schema in service.schemas if schema != EXTENSIONS]


@pytest.fixture
def names(app_db_settings: Settings) -> RoleNames:
    return RoleNames(app_db_settings.role_prefix)


@pytest.fixture
def owner(owner_url: URL) -> Iterator[Connection]:
    """A connection of the owner, in a transaction that is rolled back: so a violation goes again."""
    with admin_engine(owner_url).connect() as connection:
        yield connection
        connection.rollback()
