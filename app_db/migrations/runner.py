"""Runs Alembic's commands from Python."""

from __future__ import annotations

from alembic import command
from alembic.runtime.migration import MigrationContext

from ..engine import admin_engine
from ..settings import Settings
from .config import alembic_config
from .environment import VERSION_SCHEMA, migration_url


def upgrade(settings: Settings, target: str = "head", *, database: str | None = None) -> None:
    """Bring the database to `target`: `head` (of the services placed there), `<chain>@head` or a revision.

    Raises MigrationError for a target that is ambiguous or not placed.
    """
    command.upgrade(alembic_config(settings, database), target)


def applied_revisions(settings: Settings, *, database: str | None = None) -> list[str]:
    """Return the newest applied revision of each chain, as the version table names them."""
    engine = admin_engine(migration_url(settings, settings.database(database)), application_name="app_db migrations")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
        return sorted(context.get_current_heads())
