"""Makes engines: a pool for an application's login, or single connections for an administrator's work."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.dialects import registry
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from .binding import BoundEngine
from .failures import raise_typed

DRIVER = "postgresql+app_db"
DbapiConnection = Any

# A server that is gone without a goodbye is noticed after a minute, and not after the two hours that systems wait.
# Seconds; `tcp_user_timeout` milliseconds (PostgreSQL manual, "Parameter Key Words" of libpq).
_KEEPALIVES = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 60_000}

# for whoever imports us without an installed entry point
registry.register("postgresql.app_db", "app_db.engine.dialect", "AppDbDialect")


@dataclass(frozen=True, slots=True)
class PoolFigures:
    """The size of a pool and the limits of its sessions; times in seconds, 0 for no limit.

    Behind a pooler in transaction mode (`transaction_pooler`) the limits are part of each transaction: a pooler has no
    session to keep them in, and PgBouncer refuses libpq's options.
    """

    pool_size: int = 20
    max_overflow: int = 40
    pool_timeout: float = 30
    pool_recycle: float = 3600
    pool_pre_ping: bool = True
    statement_timeout: float = 60
    lock_timeout: float = 10
    idle_in_transaction_timeout: float = 60
    connect_timeout: int = 10
    transaction_pooler: bool = False


def pooled_engine(
    url: URL,
    figures: PoolFigures,
    *,
    application_name: str,
    needs_tenant: bool,
    hide_parameters: bool = True,
    echo: bool = False,
    first_connection: Callable[[DbapiConnection], None] | None = None,
) -> BoundEngine:
    """Return an engine over a LIFO pool, so that connections a quiet hour doesn't need grow old and are closed.

    It is bound to nothing; `BoundEngine.rebound` makes views that are bound. It may be made before a fork.
    With `needs_tenant` a transaction without a TenantContext raises TenantNotBound instead of beginning, and each
    statement names the tenant as well.
    `first_connection` is called with the driver's connection before the first one is used, and again on the next one
    for as long as it raises.
    """
    engine = create_engine(
        url.set(drivername=DRIVER),
        require_context=needs_tenant,
        tenant_predicate=needs_tenant,
        pre_ping=figures.pool_pre_ping,
        always=_limits(figures) if figures.transaction_pooler else "",
        pool_size=figures.pool_size,
        max_overflow=figures.max_overflow,
        pool_timeout=figures.pool_timeout,
        pool_recycle=int(figures.pool_recycle),
        pool_use_lifo=True,
        hide_parameters=hide_parameters,
        echo=echo,
        pool_reset_on_return=None,  # `AppDbConnection.take_back` does it, without a word where nothing is open
        connect_args=_connect_args(url, figures, application_name),
    )
    event.listen(engine, "handle_error", raise_typed)
    if first_connection is not None:
        _call_once(engine, first_connection)
    return BoundEngine(engine, {})


def admin_engine(url: URL, *, application_name: str = "app_db admin", autocommit: bool = False) -> Engine:
    """Return an engine without pool and without limits, for migrations, bootstrap and servers of one's own."""
    engine = create_engine(
        url,
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"application_name": application_name, "connect_timeout": 10},
        **({"isolation_level": "AUTOCOMMIT"} if autocommit else {}),
    )
    event.listen(engine, "handle_error", raise_typed)
    return engine


def _connect_args(url: URL, figures: PoolFigures, application_name: str) -> dict[str, Any]:
    arguments: dict[str, Any] = {name: value for name, value in _KEEPALIVES.items() if name not in url.query}
    arguments |= {"application_name": application_name, "connect_timeout": figures.connect_timeout}
    if figures.transaction_pooler:
        return arguments
    options = [f"-c {name}={value}" for name, value in session_settings(figures).items()]
    return {**arguments, "options": " ".join(options)}


def _limits(figures: PoolFigures) -> str:
    return "; ".join(f"set local {name} = '{value}'" for name, value in session_settings(figures).items())


def session_settings(figures: PoolFigures) -> dict[str, str]:
    """Return what is set for the sessions of a pool, by the names of PostgreSQL."""
    milliseconds = {
        "statement_timeout": figures.statement_timeout,
        "lock_timeout": figures.lock_timeout,
        "idle_in_transaction_session_timeout": figures.idle_in_transaction_timeout,
    }
    return {**{name: str(int(seconds * 1000)) for name, seconds in milliseconds.items()}, "timezone": "UTC"}


def _call_once(engine: Engine, check: Callable[[DbapiConnection], None]) -> None:
    passed = False

    def on_connect(connection: DbapiConnection, _record: Any) -> None:
        nonlocal passed
        if not passed:
            check(connection)
            passed = True

    event.listen(engine, "connect", on_connect)
