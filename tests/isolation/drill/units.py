"""Units of work as an application would have them, found by their names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from functools import cache
from itertools import count
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.orm import Session

from app_db.session import Database
from app_db.settings import load_settings

TELL = text("select set_config('app.current_tenant_id', :tenant, true)")


@cache
def db() -> Database:
    return Database.from_settings()


@cache
def stock() -> Engine:
    url = load_settings().url
    assert url is not None
    return create_engine(url, pool_size=8)


def by_session(tenant: UUID) -> AbstractContextManager[Session]:
    return db().tenant(tenant)


@contextmanager
def by_connection(tenant: UUID) -> Iterator[Connection]:
    with db().engine(tenant).connect() as connection:
        yield connection
        connection.commit()


def in_one_transaction(tenant: UUID) -> AbstractContextManager[Connection]:
    return db().engine(tenant).begin()


@contextmanager
def for_life(tenant: UUID) -> Iterator[Session]:
    """Told for the connection's life: it leaks."""
    with Session(stock()) as session:
        session.execute(text("select set_config('app.current_tenant_id', :tenant, false)"), {"tenant": str(tenant)})
        yield session
        session.commit()


_opened = count()


@contextmanager
def never_ends_well(tenant: UUID) -> Iterator[Session]:
    with db().tenant(tenant) as session:
        yield session
        if next(_opened):  # but for the very first time
            raise RuntimeError("always")


@contextmanager
def writes_elsewhere(tenant: UUID) -> Iterator[Session]:
    with db().tenant(tenant) as session:
        yield session
        session.rollback()
        session.execute(text("insert into ops.audit_log (action) values ('drill.seen')"))


_tenant: ContextVar[UUID | None] = ContextVar("tenant", default=None)


@cache
def ambient() -> Engine:
    url = load_settings().url
    assert url is not None
    engine = create_engine(url, pool_size=8)

    @event.listens_for(engine, "begin")
    def tell(connection: Connection) -> None:
        tenant = _tenant.get()
        if tenant is not None:
            connection.execute(TELL, {"tenant": str(tenant)})

    return engine


@contextmanager
def by_context_variable(tenant: UUID) -> Iterator[Session]:
    before = _tenant.set(tenant)
    try:
        with Session(ambient()) as session:
            yield session
            session.commit()
    finally:
        _tenant.reset(before)


def no_context_manager(tenant: UUID) -> UUID:
    return tenant


@contextmanager
def no_session(tenant: UUID) -> Iterator[Any]:
    yield tenant


def raises(tenant: UUID) -> Any:
    raise LookupError(f"no configuration for {tenant}")


NOTHING_TO_CALL = 7
