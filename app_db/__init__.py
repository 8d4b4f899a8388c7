"""app_db: the PostgreSQL data layer of a multi-tenant Python application.

Start with `from app_db.session import Database`. What is named here is loaded when it is first asked for, so that
`app-db --help` needs no SQLAlchemy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import TenantContext, current_tenant, tenant_context
    from .errors import AppDbError, TenantNotBound
    from .session import Database

__all__ = [
    "AppDbError",
    "Database",
    "TenantContext",
    "TenantNotBound",
    "__version__",
    "current_tenant",
    "tenant_context",
]
__version__ = "0.1.0"

_HOMES = {
    "AppDbError": "errors",
    "Database": "session",
    "TenantContext": "context",
    "TenantNotBound": "errors",
    "current_tenant": "context",
    "tenant_context": "context",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f".{_HOMES[name]}", __name__), name)
