"""How the schema changes: Alembic run our way. The only importer of Alembic.

What is named here is loaded when it is first asked for: where the revisions are can be known without Alembic.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .config import alembic_config
    from .runner import applied_revisions, change_schema, load_project, upgrade, upgrade_project

__all__ = ["alembic_config", "applied_revisions", "change_schema", "load_project", "upgrade", "upgrade_project"]

_HOMES = {name: "config" if name == "alembic_config" else "runner" for name in __all__}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
