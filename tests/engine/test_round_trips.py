"""A unit of work of a tenant is two round trips, and three after a pause; the usual way takes five."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from proxy import CountingProxy
from sqlalchemy import create_engine, select, text
from sqlalchemy.orm import Session
from support import make_tenant

from app_db.engine.connection import TRUSTED_FOR
from app_db.models import Material
from app_db.session import Database
from app_db.settings import Settings

THREADS, UNITS = 60, 20


@pytest.fixture
def proxy(settings: Settings) -> Iterator[CountingProxy]:
    with CountingProxy("127.0.0.1", settings.url.port) as made:
        yield made


@pytest.fixture
def near(settings: Settings, proxy: CountingProxy) -> Iterator[Database]:
    """The database through the proxy."""
    url = settings.url.set(host="127.0.0.1", port=proxy.port)
    database = Database.from_settings(settings.model_copy(update={"url": url}))
    yield database
    database.dispose()


def unit(db: Database, tenant: UUID, *statements: str) -> None:
    with db.tenant(tenant) as session:
        for statement in statements:
            session.execute(text(statement))


def begins(message: str, tenant: UUID, statement: str = "") -> bool:
    pattern = rf"begin[^;]*; set local app\.current_tenant_id = '{tenant}'"
    return re.fullmatch(f"{pattern};\n{statement}" if statement else pattern, message, re.IGNORECASE) is not None


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every checkout comes after a pause so long that the connection has to be asked for its health."""
    monkeypatch.setattr("app_db.engine.connection.TRUSTED_FOR", -1)


def test_a_unit_of_work_is_two_round_trips_and_nothing_but_its_own_messages(
    near: Database, proxy: CountingProxy, tenant: UUID
) -> None:
    unit(near, tenant, "select 1")
    proxy.reset()
    unit(near, tenant, "select 42")
    first, *rest = proxy.queries
    assert begins(first, tenant, "select 42")
    assert [message.lower() for message in rest] == ["commit"]
    assert proxy.round_trips == len(proxy.messages) == 2


def test_after_a_pause_it_is_three_with_the_liveness_check_as_begin(
    near: Database, proxy: CountingProxy, tenant: UUID, paused: None
) -> None:
    unit(near, tenant, "select 1")
    proxy.reset()
    unit(near, tenant, "select 42")
    first, *rest = proxy.queries
    assert begins(first, tenant)
    assert [message.lower() for message in rest] == ["select 42", "commit"]
    assert proxy.round_trips == len(proxy.messages) == 3


def test_a_connection_that_rested_is_asked_for_its_health(near: Database, proxy: CountingProxy, tenant: UUID) -> None:
    unit(near, tenant, "select 1")
    proxy.reset()
    time.sleep(TRUSTED_FOR + 0.1)
    unit(near, tenant, "select 42")
    assert begins(proxy.queries[0], tenant)
    assert proxy.round_trips == 3


def test_each_further_statement_is_one_more(near: Database, proxy: CountingProxy, tenant: UUID) -> None:
    unit(near, tenant, "select 1")
    proxy.reset()
    unit(near, tenant, "select 1", "select 2", "select 3")
    assert proxy.round_trips == len(proxy.messages) == 4


def test_the_orm_adds_none(near: Database, proxy: CountingProxy, tenant: UUID) -> None:
    def work() -> None:
        with near.tenant(tenant) as session:
            session.scalars(select(Material).limit(50)).all()

    work()
    proxy.reset()
    work()
    assert proxy.round_trips == len(proxy.messages) == 2


def test_a_transaction_after_a_commit_is_bound_anew_at_the_same_price(
    near: Database, proxy: CountingProxy, tenant: UUID
) -> None:
    unit(near, tenant, "select 1")
    proxy.reset()
    with near.tenant(tenant) as session:
        session.execute(text("select 1"))
        session.commit()
        session.execute(text("select 2"))
    first, _, second, _ = proxy.queries
    assert begins(first, tenant, "select 1")
    assert begins(second, tenant, "select 2")
    assert proxy.round_trips == 4


def test_a_rollback_is_one_round_trip(near: Database, proxy: CountingProxy, tenant: UUID) -> None:
    unit(near, tenant, "select 1")
    proxy.reset()
    with pytest.raises(ZeroDivisionError), near.tenant(tenant) as session:
        session.execute(text("select 1"))
        raise ZeroDivisionError
    assert [message.lower() for message in proxy.queries[1:]] == ["rollback"]
    assert proxy.round_trips == 2


def test_a_session_that_does_nothing_says_nothing(near: Database, proxy: CountingProxy, tenant: UUID) -> None:
    unit(near, tenant, "select 1")
    proxy.reset()
    unit(near, tenant)
    assert proxy.messages == []


def test_every_tenant_is_told_to_the_server_in_its_own_begin(near: Database, proxy: CountingProxy) -> None:
    tenants = [uuid4() for _ in range(3)]
    unit(near, tenants[0], "select 1")
    proxy.reset()
    for tenant in tenants:
        unit(near, tenant, "select 1")
    assert all(begins(*pair, "select 1") for pair in zip(proxy.queries[::2], tenants, strict=True))


def test_sixty_threads_take_two_round_trips_a_unit_and_no_more(
    near: Database, proxy: CountingProxy, db: Database
) -> None:
    tenants = [make_tenant(db) for _ in range(5)]
    warm, counted = threading.Barrier(THREADS), threading.Barrier(THREADS, action=proxy.reset)

    def work(number: int) -> None:
        tenant = tenants[number % len(tenants)]
        with near.tenant(tenant) as session:
            session.execute(text("select 1"))
            warm.wait(timeout=60)  # now there are as many connections as threads
            session.rollback()
            counted.wait(timeout=60)
            for _ in range(UNITS):
                session.execute(text("select 1"))
                session.commit()

    run_together(work)
    assert proxy.round_trips == 2 * THREADS * UNITS


def test_the_usual_way_takes_five(settings: Settings, proxy: CountingProxy, tenant: UUID) -> None:
    engine = create_engine(settings.url.set(host="127.0.0.1", port=proxy.port), pool_pre_ping=True)

    def work() -> None:
        with Session(engine) as session, session.begin():
            session.execute(text("select set_config('app.current_tenant_id', :id, true)"), {"id": str(tenant)})
            session.execute(text("select 42"))

    work()
    proxy.reset()
    work()
    assert [message.split(" ")[0].lower() for message in proxy.queries] == [
        "select", "begin", "select", "select", "commit",
    ]  # fmt: skip
    assert proxy.round_trips == 5
    engine.dispose()


def run_together(work) -> None:
    failed: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as error:  # noqa: BLE001  # told to the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=guarded, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
