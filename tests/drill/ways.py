"""Ways to give a session its tenant that are seen in the wild and leak."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.dialects import registry
from sqlalchemy.engine import make_url
from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.orm import Session

from app_db.context import TenantContext, tenant_context
from app_db.context import _current as ambient
from app_db.engine import bound_to
from app_db.engine.begin import Binding
from app_db.engine.binding import set_local
from app_db.engine.connection import AppDbConnection
from app_db.engine.dialect import AppDbDialect
from app_db.isolation import DrillPlace, Way

SET_SESSION = text("select set_config('app.current_tenant_id', :tenant, false)")


class Stock(Way):
    """SQLAlchemy's own engine; what a wrong way adds to it is in its subclass."""

    dialect = "postgresql+psycopg2"
    options: ClassVar[dict[str, Any]] = {}

    def __init__(self, place: DrillPlace) -> None:
        super().__init__(place)
        self.engine: Engine = create_engine(
            make_url(place.url).set(drivername=self.dialect), pool_size=place.figures.pool_size, max_overflow=0,
            pool_timeout=place.figures.pool_timeout, pool_pre_ping=True, **self.options,
        )  # fmt: skip

    @contextmanager
    def unit(self, tenant: UUID) -> Iterator[Session]:
        with Session(self.engine) as session, session.begin():
            self.bind(session, tenant)
            yield session

    def bind(self, session: Session, tenant: UUID) -> None:
        """Tell the database the tenant."""

    @contextmanager
    def stranger(self) -> Iterator[Session]:
        with Session(self.engine) as session, session.begin():
            yield session

    def raw(self, tenant: UUID) -> PoolProxiedConnection:
        return self.engine.raw_connection()

    def dispose(self) -> None:
        self.engine.dispose()


class SessionScoped(Stock):
    """`set_config(…, false)` at the begin of a unit: the setting stays on the connection, whoever has it next."""

    @contextmanager
    def unit(self, tenant: UUID) -> Iterator[Session]:
        with Session(self.engine) as session:
            session.execute(SET_SESSION, {"tenant": str(tenant)})
            yield session
            session.commit()

    def raw(self, tenant: UUID) -> PoolProxiedConnection:
        raw = self.engine.raw_connection()
        raw.cursor().execute("select set_config('app.current_tenant_id', %s, false)", (str(tenant),))
        return raw


class AmbientDialect(AppDbDialect):
    """Ours, but for whom a transaction is bound is asked of the ContextVar when a connection is checked out."""

    supports_statement_cache = True

    def do_ping(self, dbapi_connection: Any) -> bool:
        dbapi_connection.lend(_ambient())
        return True

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        super().engine_created(engine)
        event.listen(engine, "checkout", lambda connection, *_: connection.lend(_ambient()))


def _ambient() -> Binding:
    context = ambient.get()
    return Binding(set_local(context) if context is not None else "")


registry.register("postgresql.ambient", "drill.ways", AmbientDialect.__name__)


class AmbientAtPing(Stock):
    """A ContextVar that is read at the checkout: a lazy session gets the tenant that is current by then."""

    dialect = "postgresql+ambient"

    @contextmanager
    def unit(self, tenant: UUID) -> Iterator[Session]:
        with tenant_context(tenant), Session(self.engine) as session:
            yield session
            session.commit()

    def raw(self, tenant: UUID) -> PoolProxiedConnection:
        with tenant_context(tenant):
            return self.engine.raw_connection()


class ForgetfulConnection(AppDbConnection):
    """Ours, but it leaves to the pool what a checkout leaves open."""

    def _leave(self) -> None:
        """Leave it."""


class ForgetfulDialect(AppDbDialect):
    """Ours, on such connections."""

    supports_statement_cache = True

    def connect(self, *args: Any, **options: Any) -> Any:
        return self.loaded_dbapi.connect(*args, **options, connection_factory=ForgetfulConnection)


registry.register("postgresql.forgetful", "drill.ways", ForgetfulDialect.__name__)


class NoReset(Stock):
    """A pool that resets nothing: who is next finds a transaction open, and in it the tenant before him."""

    dialect = "postgresql+forgetful"
    options: ClassVar[dict[str, Any]] = {"pool_reset_on_return": None}

    @contextmanager
    def unit(self, tenant: UUID) -> Iterator[Session]:
        with Session(self._view(tenant)) as session:
            yield session
            session.commit()

    def raw(self, tenant: UUID) -> PoolProxiedConnection:
        return self._view(tenant).raw_connection()

    def _view(self, tenant: UUID) -> Engine:
        return bound_to(self.engine, TenantContext(tenant))


WRONG: dict[str, type[Way]] = {
    "session-scoped": SessionScoped,
    "contextvar-at-ping": AmbientAtPing,
    "no-reset": NoReset,
}
