"""An installation at head on PostgreSQL 18, with two connections for all; a drill does not depend on the version."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine
from support import installation, make_creator

from app_db.engine import admin_engine
from app_db.migrations import upgrade
from app_db.server import EmbeddedServer
from app_db.settings import Settings


@pytest.fixture(scope="session")
def settings(server_18: EmbeddedServer) -> Iterator[Settings]:
    with installation(make_creator(server_18.superuser_url())) as made:
        upgrade(made)
        yield made.model_copy(update={"pool_size": 2, "max_overflow": 0})


@pytest.fixture
def superuser(settings: Settings, server_18: EmbeddedServer) -> Engine:
    """In the database of the drill."""
    assert settings.url is not None
    return admin_engine(server_18.superuser_url(str(settings.url.database)))
