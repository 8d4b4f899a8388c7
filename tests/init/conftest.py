"""A database at head that init works on, and what it holds afterwards."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, text

from app_db.init import InitReport, initialise
from app_db.migrations.connection import owner_engine
from app_db.schema import RoleNames
from app_db.settings import Settings

Ask = Callable[..., list[Any]]


def owner_of(settings: Settings) -> Engine:
    assert settings.migration_url is not None
    return owner_engine(settings.migration_url, RoleNames(settings.role_prefix))


def rows(settings: Settings, query: str, **values: Any) -> list[Any]:
    with owner_of(settings).connect() as connection:
        return [*connection.execute(text(query), values)]


def init(settings: Settings, email: str | None = "anna@example.com", **options: Any) -> tuple[InitReport, InitReport]:
    """Initialise, and return the report that was announced and the one that was returned."""
    announced: list[InitReport] = []
    returned = initialise(settings, announce=announced.append, email=email, **options)
    assert len(announced) == 1
    return announced[0], returned


@pytest.fixture
def owner(app_db_settings: Settings) -> Engine:
    return owner_of(app_db_settings)


@pytest.fixture
def ask(app_db_settings: Settings) -> Ask:
    return lambda query, **values: rows(app_db_settings, query, **values)
