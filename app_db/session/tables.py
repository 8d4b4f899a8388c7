"""Builds the tables of a throw-away database."""

from __future__ import annotations

from ..errors import SettingsError
from ..settings import Settings, load_settings


def create_tables(settings: Settings | None = None) -> None:
    """Bring the development or test database to head by applying the revisions, so that its policies exist too.

    Raises SettingsError in staging and production, where `alembic upgrade head` is run on purpose.
    """
    settings = settings or load_settings()
    if not settings.is_local:
        raise SettingsError(
            f"create_tables() is for throw-away databases and APP_DB_ENVIRONMENT is {settings.environment.value!r}: "
            "run `alembic upgrade head` or `app-db upgrade` as a step of its own"
        )
    from ..migrations import upgrade  # noqa: PLC0415  # the one import upwards, and only when called

    upgrade(settings)
