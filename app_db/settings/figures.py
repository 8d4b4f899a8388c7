"""Presets: the figures of the pool and the timeouts, by kind of process."""

from __future__ import annotations

from typing import Any

from ..errors import SettingsError

_LARGE_POOL = {
    "pool_size": 20,
    "max_overflow": 40,
    "pool_timeout": 30,
    "pool_recycle": 3600,
    "statement_timeout": 60,
    "lock_timeout": 10,
    "idle_in_transaction_timeout": 60,
}

# One of several services that share a server: a small pool each, and connections given back soon.
_SERVICE = {
    "pool_size": 5,
    "max_overflow": 0,
    "pool_timeout": 30,
    "pool_recycle": 300,
    "statement_timeout": 30,
    "lock_timeout": 10,
    "idle_in_transaction_timeout": 30,
}
_SERVICE_IN_PRODUCTION = {"pool_size": 10}


def preset_figures(name: str, *, production: bool) -> dict[str, Any]:
    """Return the figures of the preset `default` or `service`; raises SettingsError for another name."""
    if name == "default":
        return dict(_LARGE_POOL)
    if name == "service":
        return {**_SERVICE, **(_SERVICE_IN_PRODUCTION if production else {})}
    raise SettingsError(f"APP_DB_PRESET is {name!r}, which is no preset: set it to 'default' or 'service'")
