"""The login that works before any tenant is known, and the people whom tests are about."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import URL, Connection, Engine, text

from app_db.engine import NO_TENANT, admin_engine, bound_to
from app_db.models import User
from app_db.session import Database
from app_db.settings import LoginUrl, Settings
from app_db.testing import RowMaker, SuiteServer


@pytest.fixture
def auth_engine(app_db: Database) -> Engine:
    return bound_to(app_db._engine(LoginUrl.AUTH), NO_TENANT)


@pytest.fixture
def call(auth_engine: Engine) -> Callable[..., Any]:
    """Executes and commits one statement as that login; returns the first row as a tuple, its only value, or None."""

    def execute(statement: str, **values: Any) -> Any:
        with auth_engine.begin() as connection:
            result = connection.execute(text(statement), values)
            row = result.first() if result.returns_rows else None
        return row if row is None or len(row) > 1 else row[0]

    return execute


@pytest.fixture
def person(make_row: RowMaker) -> UUID:
    return make_row(User, email="anna@example.com", status="active").id


@pytest.fixture
def superuser_url(app_db_server: SuiteServer, app_db_settings: Settings) -> URL:
    assert app_db_settings.url is not None
    return app_db_server.admin_url.set(database=app_db_settings.url.database)


@pytest.fixture
def superuser(superuser_url: URL) -> Iterator[Connection]:
    with admin_engine(superuser_url).connect() as connection:
        yield connection
