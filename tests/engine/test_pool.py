"""What a pool promises beside its size: a checkout leaves nothing behind, and who finds none is told what to do."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import TimeoutError as NoneInTime

from app_db.context import TenantContext
from app_db.engine import BoundEngine, PoolFigures, bound_to, pooled_engine
from app_db.engine.connection import AppDbConnection
from app_db.errors import PoolExhausted
from app_db.session import Database
from app_db.settings import Settings


@pytest.fixture
def one(settings: Settings) -> Iterator[BoundEngine]:
    """A tenants' engine over a pool of one connection."""
    assert settings.url is not None
    figures = PoolFigures(pool_size=1, max_overflow=0, pool_timeout=0.05)
    engine = pooled_engine(settings.url, figures, application_name="t", needs_tenant=True)
    yield engine
    engine.dispose()


def seen_after_a_raw_checkout_that_was_left_open(engine: BoundEngine) -> UUID | None:
    """Leave a transaction of one tenant open, and return whom the next one's session sees."""
    raw = bound_to(engine, TenantContext(uuid4())).raw_connection()
    raw.cursor().execute("select 1")
    raw.close()
    with bound_to(engine, TenantContext(MINE)).connect() as connection:
        found: UUID | None = connection.scalar(text("select app.current_tenant_id()"))
        return found


MINE = uuid4()


def test_a_transaction_that_was_left_open_ends_with_its_checkout(one: BoundEngine) -> None:
    assert seen_after_a_raw_checkout_that_was_left_open(one) == MINE


def test_without_that_the_next_tenant_would_be_the_last_one(one: BoundEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AppDbConnection, "_leave", lambda _connection: None)
    assert seen_after_a_raw_checkout_that_was_left_open(one) not in {MINE, None}


def test_a_pool_that_was_told_to_reset_nothing_is_reset_all_the_same(settings: Settings) -> None:
    assert settings.url is not None
    url = settings.url.set(drivername="postgresql+app_db")
    engine = create_engine(url, pool_size=1, max_overflow=0, pool_reset_on_return=None)
    raw = engine.raw_connection()
    raw.cursor().execute("set local app.current_tenant_id = 'left behind'")
    raw.close()
    with engine.connect() as connection:
        assert connection.scalar(text("select current_setting('app.current_tenant_id', true)")) in {None, ""}
    engine.dispose()


def test_who_finds_no_connection_in_time_is_told_what_to_do(one: BoundEngine) -> None:
    tenant = bound_to(one, TenantContext(uuid4()))
    with tenant.connect(), pytest.raises(PoolExhausted, match="raise APP_DB_POOL_SIZE") as caught:
        tenant.connect()
    assert isinstance(caught.value, NoneInTime)
    assert caught.value.retryable
    with tenant.connect() as connection:
        assert connection.scalar(text("select 1")) == 1


def test_a_server_that_vanished_is_noticed_after_a_minute(db: Database) -> None:
    with db.tenant(uuid4()) as session:
        driver = session.connection().connection.dbapi_connection
        found = driver.get_dsn_parameters()  # type: ignore[union-attr]
    assert (found["keepalives_idle"], found["keepalives_count"], found["tcp_user_timeout"]) == ("30", "3", "60000")


def test_but_who_says_otherwise_in_the_url_is_heard(settings: Settings) -> None:
    assert settings.url is not None
    url = settings.url.update_query_dict({"keepalives_idle": "5"})
    database = Database.from_settings(settings.model_copy(update={"url": url}))
    with database.tenant(uuid4()) as session:
        driver = session.connection().connection.dbapi_connection
        assert driver.get_dsn_parameters()["keepalives_idle"] == "5"  # type: ignore[union-attr]
    database.dispose()
