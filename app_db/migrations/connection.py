"""Connects as the owner of the schema."""

from __future__ import annotations

from typing import Any

from sqlalchemy import URL, Engine, event

from ..engine import admin_engine
from ..errors import MigrationError, SettingsError
from ..schema import RoleNames
from ..server.development import development_urls
from ..settings import DatabaseSettings, LoginUrl, Settings

BOOTSTRAP_REMEDY = "run `app-db bootstrap --admin-url … --database …` first, as a login with CREATEROLE and CREATEDB"


def migration_url(settings: Settings, database: DatabaseSettings) -> URL:
    """Return the URL of the migrations' login; in development without any URL, that of the embedded server."""
    if database.migration_url is not None:
        return database.migration_url
    if settings.is_local and database.url is None:
        return development_urls(settings)[LoginUrl.MIGRATION]
    raise SettingsError(
        f"{LoginUrl.MIGRATION} is not set, and the application's login may not change the schema: "
        "set it to the URL of the migrations' login, which `app-db bootstrap` makes"
    )


def owner_engine(url: URL, names: RoleNames) -> Engine:
    """Return an engine whose connections act as app_owner; connecting raises MigrationError where they may not."""
    engine = admin_engine(url, application_name="app_db migrations")
    event.listen(engine, "connect", lambda connection, _record: _become_owner(connection, names))
    return engine


def _become_owner(connection: Any, names: RoleNames) -> None:
    # on the driver's connection, before SQLAlchemy sees it: a statement on Alembic's own connection would begin a
    # transaction that Alembic then takes for somebody else's and never commits
    owner = names("app_owner")
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", (owner,))
        if cursor.fetchone() is None:
            raise MigrationError(f"the role {owner} does not exist on this server: {BOOTSTRAP_REMEDY}")
        try:
            cursor.execute(f"set role {owner}")
        except connection.ProgrammingError:
            raise MigrationError(
                f"the login of {LoginUrl.MIGRATION} may not act as {owner}, who owns the schema: "
                "use the migrations' login that `app-db bootstrap` made"
            ) from None
        # so that nothing is found by accident, and autogenerate sees every table with its schema
        cursor.execute("set search_path to pg_catalog")
    connection.commit()
