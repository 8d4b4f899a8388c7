"""What proves that tenants are apart, on any database whose models inherit from our base classes.

What is named here is loaded when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .check import Bounds, Finding, Report, Severity, check_isolation, probe_pooler, require_isolation

__all__ = ["Bounds", "Finding", "Report", "Severity", "check_isolation", "probe_pooler", "require_isolation"]

_HOMES = {
    "Bounds": "check",
    "Finding": "check",
    "Report": "check",
    "Severity": "check",
    "check_isolation": "check",
    "probe_pooler": "check",
    "require_isolation": "check",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
