"""Finds the revisions: in the wheel they ride inside the package, in a checkout they stand at the top level."""

from __future__ import annotations

from pathlib import Path

from ..errors import MigrationError

_PACKAGED = Path(__file__).parent / "_alembic"
_CHECKOUT = Path(__file__).parents[2] / "alembic"


def script_directory() -> Path:
    """Return the folder that holds `env.py` and `versions/`; raises MigrationError when neither place has it."""
    for folder in (_PACKAGED, _CHECKOUT):
        if (folder / "env.py").is_file():
            return folder
    raise MigrationError(f"no revisions found in {_PACKAGED} or {_CHECKOUT}: install app_db anew")
