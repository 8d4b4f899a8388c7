"""A database with its logins: the door through which an application works."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from ..context import TenantContext, current_tenant
from ..engine import DEFAULT_MODE, NO_TENANT, BoundEngine, Mode, PoolFigures, bound_to, pooled_engine
from ..errors import SettingsError, UnsafeTransaction
from ..schema import RoleNames
from ..server.development import development_urls
from ..settings import LoginUrl, Settings, load_settings
from .admin import audited
from .gate import Gate
from .info import DatabaseInfo, read_info
from .lock import ProcessLock
from .orm import TenantSession
from .work import UnitOfWork

IsolationLevel = Literal["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
_READ_ONLY = Mode(read_only=True)
_ISOLATION_LEVELS = ("READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE")


class Database:
    """One database: a pool for each login that is used, and sessions that see one tenant.

    Lifetime: the process. Make one with `Database.from_settings()`, keep it, `dispose()` of it at the end. Nothing is
    connected before the first statement; the first connection of each login passes the start-up gate.
    """

    def __init__(self, settings: Settings, name: str | None = None) -> None:
        self._settings = settings
        self._database = settings.database(name)
        self._engines: dict[LoginUrl, BoundEngine] = {}
        self._application: BoundEngine | None = None  # the one of every request, without a look-up
        self._lock = ProcessLock()

    @classmethod
    def from_settings(cls, settings: Settings | None = None, *, name: str | None = None) -> Database:
        """Return the database that the environment describes; `name` chooses one of `APP_DB_DATABASES__…`.

        Raises SettingsError, which names the variable at fault.
        """
        return cls(settings or load_settings(), name)

    @property
    def settings(self) -> Settings:
        """The settings that it was made from."""
        return self._settings

    def __repr__(self) -> str:
        return f"<Database {self._database.url or 'embedded'}>"

    def tenant(
        self,
        tenant_id: UUID | str,
        *,
        user_id: UUID | str | None = None,
        read_only: bool = False,
        isolation_level: IsolationLevel | None = None,
    ) -> AbstractContextManager[TenantSession]:
        """Open a session that sees this tenant's rows and nothing else; commits at the end of the block.

        An exception rolls back. Of user-scoped tables it sees the rows of `user_id` only. Raises TenantNotBound when
        `tenant_id` is no UUID, before anything is sent.
        """
        context = TenantContext(tenant_id, user_id)
        mode = _mode(read_only, isolation_level) if read_only or isolation_level else DEFAULT_MODE
        engine = self._application or self._engine(LoginUrl.APPLICATION)
        return UnitOfWork(TenantSession(engine.rebound(context, mode), context))

    def tenant_admin(
        self,
        tenant_id: UUID | str,
        *,
        user_id: UUID | str | None = None,
        read_only: bool = False,
        isolation_level: IsolationLevel | None = None,
    ) -> AbstractContextManager[TenantSession]:
        """As `tenant`, for the tenant's administrator, who also sees the rows of every person of the tenant."""
        context = TenantContext(tenant_id, user_id)
        engine = self._engine(LoginUrl.TENANT_ADMIN).rebound(context, _mode(read_only, isolation_level))
        return UnitOfWork(TenantSession(engine, context))

    def shared(self, *, read_only: bool = False) -> AbstractContextManager[Session]:
        """Open a session without a tenant, for global tables; of tenants' tables it sees no row."""
        return UnitOfWork(Session(self._engine(LoginUrl.APPLICATION).rebound(NO_TENANT, _mode(read_only))))

    def admin(self, *, reason: str, actor: str) -> AbstractContextManager[Session]:
        """Open a session of the administrators' login, which sees every row; recorded in `ops.system_event`."""
        return audited(self._engine(LoginUrl.ADMIN), reason=reason, actor=actor)

    def engine(
        self,
        tenant_id: UUID | str | None = None,
        *,
        user_id: UUID | str | None = None,
        read_only: bool = False,
        isolation_level: IsolationLevel | None = None,
    ) -> Engine:
        """Return an engine (over the shared pool) whose every transaction is bound to this tenant.

        Without `tenant_id` the tenant current here, now; raises TenantNotBound where there is none.
        """
        context = current_tenant() if tenant_id is None else TenantContext(tenant_id, user_id)
        return bound_to(self._engine(LoginUrl.APPLICATION), context, _mode(read_only, isolation_level))

    def session_factory(
        self, *, read_only: bool = False, isolation_level: IsolationLevel | None = None, **options: Any
    ) -> Callable[[], TenantSession]:
        """Return a factory of sessions for the tenant current where and when it is called.

        `options` go to SQLAlchemy's Session, e.g. `expire_on_commit=False`. The caller commits and closes.
        """
        mode = _mode(read_only, isolation_level)

        def make_session() -> TenantSession:
            context = current_tenant()
            return TenantSession(self._engine(LoginUrl.APPLICATION).rebound(context, mode), context, **options)

        return make_session

    def info(self) -> DatabaseInfo:
        """Return server, database, revisions and pool; no secrets in it."""
        return read_info(self._engine(LoginUrl.APPLICATION).rebound(NO_TENANT))

    def dispose(self) -> None:
        """Close the connections of every pool; the database can be used again afterwards."""
        with self._lock:
            engines, self._engines, self._application = self._engines, {}, None
        for engine in engines.values():
            engine.dispose()

    def _engine(self, login: LoginUrl) -> BoundEngine:
        engine = self._engines.get(login)
        if engine is None:
            with self._lock:
                engine = self._engines.get(login) or self._make_engine(login)
                self._engines[login] = engine
                self._application = self._engines.get(LoginUrl.APPLICATION)
        return engine

    def _make_engine(self, login: LoginUrl) -> BoundEngine:
        settings = self._settings
        services = self._database.services or settings.services
        return pooled_engine(
            self._url(login),
            pool_figures(settings),
            application_name=settings.application_name,
            needs_tenant=login is not LoginUrl.ADMIN,
            hide_parameters=not settings.is_local,
            echo=settings.echo,
            first_connection=Gate(login, services, RoleNames(settings.role_prefix), strict=not settings.is_local),
        )

    def _url(self, login: LoginUrl) -> URL:
        url = self._database.login_url(login)
        if url is not None:
            return url
        if self._settings.is_local and self._database.url is None:
            return development_urls(self._settings)[login]
        raise SettingsError(f"{login} is not set: set it to the URL of the login that `app-db bootstrap` made for it")


def pool_figures(settings: Settings) -> PoolFigures:
    """Return the figures of a pool that the settings ask for."""
    return PoolFigures(**{field: getattr(settings, field) for field in PoolFigures.__dataclass_fields__})


def _mode(read_only: bool, isolation_level: str | None = None) -> Mode:
    if isolation_level is None:
        return _READ_ONLY if read_only else DEFAULT_MODE
    level = isolation_level.upper()
    if level not in _ISOLATION_LEVELS:
        raise UnsafeTransaction(
            f"isolation_level {isolation_level!r} can't carry a tenant: use one of {', '.join(_ISOLATION_LEVELS)}"
        )
    return Mode(level, read_only or None)
