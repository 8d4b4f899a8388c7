"""Conveniences on a process-wide default database, for applications that have just one.

The default is made from the environment at first use; `set_default_database` puts another in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager

from sqlalchemy.exc import SQLAlchemyError

from ..context import current_tenant
from ..errors import StartupRefused
from .database import Database
from .info import DatabaseInfo
from .lock import ProcessLock
from .orm import TenantSession

_lock = ProcessLock()
_default: Database | None = None


def default_database() -> Database:
    """Return the process-wide database, made from the environment at first use."""
    global _default  # noqa: PLW0603  # one per process is what it is for
    with _lock:
        if _default is None:
            _default = Database.from_settings()
        return _default


def set_default_database(database: Database | None) -> None:
    """Make `database` the process-wide one; None has the next use make one from the environment."""
    global _default  # noqa: PLW0603
    with _lock:
        _default = database


def tenant_session() -> AbstractContextManager[TenantSession]:
    """Open a session for the current tenant (see `tenant_context`); commits at the end of the block.

    Raises TenantNotBound where no tenant is current, before anything is sent.
    """
    context = current_tenant()
    return default_database().tenant(context.tenant_id, user_id=context.user_id)


def get_db() -> Iterator[TenantSession]:
    """Yield a session for the current tenant: a FastAPI dependency, `Depends(get_db, scope="function")`.

    With `scope="function"` FastAPI commits before the response is sent, so that a failed commit is not answered with
    success. A middleware, or an `async def` dependency that yields, opens the `tenant_context`.
    """
    with tenant_session() as session:
        yield session


def check_database_connection() -> bool:
    """Tell whether the database answers and is fit to work with; raises SettingsError where none is set up."""
    try:
        get_database_info()
    except (SQLAlchemyError, StartupRefused):
        return False
    return True


def get_database_info() -> DatabaseInfo:
    """Return server, database, revisions and pool of the default database; no secrets in it."""
    return default_database().info()
