"""Finds the revisions: in the wheel they ride inside the package, in a checkout they stand at the top level."""

from __future__ import annotations

from pathlib import Path

from alembic.config import Config

from ..errors import MigrationError
from ..settings import Settings

_PACKAGED = Path(__file__).parent / "_alembic"
_CHECKOUT = Path(__file__).parents[2] / "alembic"


def script_directory() -> Path:
    """Return the folder that holds `env.py` and `versions/`; raises MigrationError when neither place has it."""
    for folder in (_PACKAGED, _CHECKOUT):
        if (folder / "env.py").is_file():
            return folder
    raise MigrationError(f"no revisions found in {_PACKAGED} or {_CHECKOUT}: install app_db anew")


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
