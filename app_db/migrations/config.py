"""Alembic's configuration, as `alembic.ini` describes it for the command line."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config

from ..settings import Settings
from .location import script_directory


def alembic_config(settings: Settings, database: str | None = None) -> Config:
    """Return Alembic's configuration for that database, as `alembic.ini` describes it for the command line."""
    folder = script_directory()
    config = Config(attributes={"app_db_settings": settings, "app_db_database": database})
    config.set_main_option("script_location", _escaped(folder))
    config.set_main_option("path_separator", "newline")
    chains = sorted(path for path in (folder / "versions").iterdir() if path.is_dir() and path.name != "__pycache__")
    config.set_main_option("version_locations", "\n".join(_escaped(path) for path in chains))
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")
