"""Services are placed as wanted: any choice of them on one database, and any split over two."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import pytest
from alembic import command
from sqlalchemy import URL, text
from support import ON_18, provide_extensions, settings_for

from app_db.bootstrap import bootstrap
from app_db.drift import inspect_database
from app_db.engine import admin_engine
from app_db.migrations import alembic_config, upgrade
from app_db.migrations.connection import migration_url
from app_db.reflection import made_extensions
from app_db.schema import SERVICES, RoleNames, placed_services
from app_db.server import EmbeddedServer
from app_db.settings import Settings

OPTIONAL = sorted(set(SERVICES) - {"core"})
# none, each alone, all but one, all: what stands on another service is missed by the one, or in the way of the other
COUNTS = (0, 1, len(OPTIONAL) - 1, len(OPTIONAL))
CHOICES = [choice for count in COUNTS for choice in combinations(OPTIONAL, count)]


def drifts(settings: Settings, database: str | None = None) -> list[str]:
    place = settings.database(database)
    with admin_engine(migration_url(settings, place)).connect() as connection:
        placed = placed_services(place.services, made_extensions(connection))
        return [str(drift) for drift in inspect_database(connection, placed, RoleNames(settings.role_prefix)).drifts]


def schemas(settings: Settings) -> set[str]:
    with admin_engine(migration_url(settings, settings.database(None))).connect() as connection:
        query = text("select nspname from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'")
        return set(connection.scalars(query)) - {"public"}


@ON_18
@pytest.mark.parametrize("choice", CHOICES, ids=lambda choice: "-".join(choice) or "core alone")
def test_any_choice_of_services_is_built_and_taken_away_again(
    choice: tuple[str, ...], empty_settings: Settings
) -> None:
    settings = empty_settings.model_copy(update={"services": choice})
    before = schemas(settings)
    upgrade(settings)
    assert schemas(settings) == {schema for service in placed_services(choice) for schema in service.schemas}
    assert drifts(settings) == []
    command.downgrade(alembic_config(settings), "base")
    assert schemas(settings) == {"app"} | before


@pytest.fixture
def second(creator: URL, server: EmbeddedServer, empty_settings: Settings) -> Iterator[dict[str, URL]]:
    """A second database of the same roles."""
    names = f"{empty_settings.migration_url.database}_second"  # type: ignore[union-attr]
    report = bootstrap(creator, names, role_prefix=empty_settings.role_prefix, rotate_passwords=True)
    provide_extensions(creator, names, empty_settings.role_prefix)
    yield {login.field: url for login, url in report.urls.items()}
    with admin_engine(server.superuser_url(), autocommit=True).connect() as connection:
        connection.execute(text(f'drop database "{names}" with (force)'))


@ON_18
@pytest.mark.parametrize("there", [("billing",), ("auth", "profile"), ("auth", "billing", "catalog"), ()])
def test_any_split_over_two_databases_is_built_each_with_its_tenants(
    there: tuple[str, ...], empty_settings: Settings, second: dict[str, URL]
) -> None:
    here = tuple(service for service in OPTIONAL if service not in there)
    first: dict[Any, URL] = {
        login: url.set(database=empty_settings.migration_url.database)  # type: ignore[union-attr]
        for login, url in _by_login(second).items()
    }
    settings = settings_for(
        first, role_prefix=empty_settings.role_prefix, services=here,
        databases={"second": {**second, "services": there}},
    )  # fmt: skip
    upgrade(settings)
    upgrade(settings, database="second")
    assert (drifts(settings), drifts(settings, "second")) == ([], [])


def _by_login(urls: dict[str, URL]) -> dict[Any, URL]:
    from app_db.settings import LoginUrl

    return {login: urls[login.field] for login in LoginUrl if login.field in urls}


def test_twice_in_a_row_changes_nothing(empty_settings: Settings) -> None:
    settings = empty_settings.model_copy(update={"services": ("billing",)})
    upgrade(settings)
    upgrade(settings)
    assert drifts(settings) == []


def test_a_service_placed_later_is_really_built(empty_settings: Settings) -> None:
    upgrade(empty_settings.model_copy(update={"services": ("catalog",)}))
    later = empty_settings.model_copy(update={"services": ("catalog", "auth")})
    assert "schema auth is missing" in drifts(later)
    upgrade(later)
    assert drifts(later) == []
