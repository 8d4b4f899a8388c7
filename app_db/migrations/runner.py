"""Runs Alembic's commands from Python."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import chdir
from io import StringIO
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from ..errors import MigrationError
from ..schema import RoleNames, newest_by_chain
from ..settings import Settings
from .config import alembic_config
from .connection import migration_url, owner_engine
from .ddl.v1 import ROLE_NAMES
from .environment import VERSION_SCHEMA


def upgrade(settings: Settings, target: str = "head", *, database: str | None = None) -> None:
    """Bring the database to `target`: `head` (of the services placed there), `<chain>@head` or a revision.

    Raises MigrationError for a target that is ambiguous, not placed, or not there.
    """
    try:
        command.upgrade(alembic_config(settings, database), target)
    except CommandError as error:
        raise MigrationError(f"{error}: see `alembic history` for what there is") from None


def upgrade_project(settings: Settings, ini: Path) -> None:
    """Bring the tree of an application, whose `alembic.ini` is named, to all of its heads.

    Raises MigrationError where Alembic refuses. Its `env.py` calls `environment.run_project`, or reads the settings
    from `config.attributes["app_db_settings"]`.
    """
    try:
        with chdir(ini.parent):  # what its paths are relative to, as for whoever types `alembic` there
            command.upgrade(Config(ini.name, attributes={"app_db_settings": settings}), "heads")
    except CommandError as error:
        raise MigrationError(f"{ini}: {error}: see `alembic --config {ini} history`") from None


def load_project(settings: Settings, ini: Path) -> None:
    """Run the `env.py` of an application's tree without a database, so that its models are loaded; nothing is applied.

    As for `--sql`, but nothing is printed. Raises MigrationError where Alembic refuses.
    """
    config = Config(ini.name, attributes={"app_db_settings": settings}, output_buffer=StringIO())
    try:
        with chdir(ini.parent):
            script = ScriptDirectory.from_config(config)
            with EnvironmentContext(config, script, fn=lambda _revisions, _context: [], as_sql=True):
                script.run_env()
    except CommandError as error:
        raise MigrationError(f"{ini}: {error}: see `alembic --config {ini} history`") from None


def change_schema(settings: Settings, change: Callable[[], None], *, database: str | None = None) -> None:
    """Call `change`, which uses `op` and the helpers of `migrations.ddl`, as the owner and in one transaction.

    For a throw-away table of a test or a demonstration; what is to stay belongs into a revision.
    """
    url = migration_url(settings, settings.database(database))
    names = RoleNames(settings.role_prefix)
    with owner_engine(url, names).begin() as connection:
        context = MigrationContext.configure(connection, opts={ROLE_NAMES: names})
        with Operations.context(context):
            change()


def applied_revisions(settings: Settings, *, database: str | None = None) -> list[str]:
    """Return the newest applied revision of each chain, by name."""
    url = migration_url(settings, settings.database(database))
    with owner_engine(url, RoleNames(settings.role_prefix)).connect() as connection:
        context = MigrationContext.configure(connection, opts={"version_table_schema": VERSION_SCHEMA})
        return list(newest_by_chain(context.get_current_heads()).values())
