"""The pytest plugin of app_db, and what a test suite uses beside its fixtures.

What is named here is loaded when it is first asked for: the plugin is loaded by every pytest that finds it installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .installation import SuiteServer
    from .isolation import assert_tenant_isolated
    from .recorder import QueryRecorder
    from .rows import RowMaker, set_example
    from .servers import named_server

__all__ = ["QueryRecorder", "RowMaker", "SuiteServer", "assert_tenant_isolated", "named_server", "set_example"]

_HOMES = {
    "QueryRecorder": "recorder",
    "RowMaker": "rows",
    "SuiteServer": "installation",
    "assert_tenant_isolated": "isolation",
    "named_server": "servers",
    "set_example": "rows",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
