"""An installation at head for each server, shared by tests that watch the wire or break connections.

They work below the plugin, on a database of their own that lasts for the session, in which each has its own tenants.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import URL
from support import installation, make_tenant

from app_db.migrations import upgrade
from app_db.session import Database
from app_db.settings import Settings


@pytest.fixture(scope="session")
def settings(creator: URL) -> Iterator[Settings]:
    with installation(creator) as made:
        upgrade(made)
        yield made


@pytest.fixture
def db(settings: Settings) -> Iterator[Database]:
    database = Database.from_settings(settings)
    yield database
    database.dispose()


@pytest.fixture
def tenant(db: Database) -> UUID:
    return make_tenant(db)


@pytest.fixture
def other_tenant(db: Database) -> UUID:
    return make_tenant(db)
