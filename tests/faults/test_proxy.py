"""A network that breaks under load: five ways, each again and again, while units of work come and go."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from uuid import UUID

import pytest
from faults.load import Load
from pgbouncer import PgBouncer, require_pgbouncer
from proxy import CountingProxy

from app_db.engine import admin_engine
from app_db.errors import ConnectionLost
from app_db.session import Database
from app_db.settings import Settings

THREADS, UNITS, BETWEEN = 8, 400, 60  # 400 units for each of six kinds, and 60 from fault to fault
Fault = Callable[[CountingProxy], None]


def drop(proxy: CountingProxy) -> None:
    """Reset every connection, as a machine does that was started anew."""
    proxy.drop()


def half_close(proxy: CountingProxy) -> None:
    """Say no more to clients, and go on listening to them."""
    proxy.half_close()


def vanish(proxy: CountingProxy) -> None:
    """Let nothing through for a while, and then reset: a machine without power, or a firewall that forgot."""
    proxy.stall()
    time.sleep(0.1)
    proxy.drop()


def refuse(proxy: CountingProxy) -> None:
    """Reset every connection and let nobody connect for a while: a failover."""
    proxy.refuse()
    proxy.drop()
    time.sleep(0.1)
    proxy.refuse(refusing=False)


def delay(proxy: CountingProxy) -> None:
    """Be slow for a while."""
    proxy.delay = 0.02
    time.sleep(0.1)
    proxy.delay = 0


@pytest.fixture
def proxy(settings: Settings) -> Iterator[CountingProxy]:
    assert settings.url is not None
    with CountingProxy("127.0.0.1", settings.url.port or 0) as made:
        yield made


@pytest.fixture
def load(settings: Settings, proxy: CountingProxy, tenant: UUID) -> Iterator[Load]:
    assert settings.url is not None
    url = settings.url.set(host="127.0.0.1", port=proxy.port)
    database = Database(settings.model_copy(update={"url": url, "pool_size": THREADS, "max_overflow": 0}))
    made = Load(database, tenant)
    made.prepare(THREADS)
    yield made
    database.dispose()


def break_again_and_again(load: Load, fault: Callable[[], None]) -> list[tuple[float, float]]:
    """Run the load through a fault every so many units, and return when each began and ended."""
    faults: list[tuple[float, float]] = []
    due = BETWEEN

    def around() -> None:
        nonlocal due
        time.sleep(0.005)
        if len(load.units) >= due:
            began = time.monotonic()
            fault()
            faults.append((began, time.monotonic()))
            due = len(load.units) + BETWEEN

    load.run(THREADS, UNITS, around)
    return faults


@pytest.mark.parametrize("fault", [drop, half_close, vanish, refuse, delay])
def test_what_is_under_way_fails_in_a_way_that_can_be_told_and_nothing_is_lost_or_done_twice(
    load: Load, proxy: CountingProxy, settings: Settings, fault: Fault
) -> None:
    faults = break_again_and_again(load, lambda: fault(proxy))
    assert len(load.units) >= UNITS
    assert len(faults) > 2
    assert load.oddities() == []
    assert load.failed_outside(faults) == []
    assert len(load.acknowledged) > UNITS / 4
    assert any(unit.error is not None for unit in load.units) is (fault is not delay)
    assert settings.admin_url is not None
    load.check(admin_engine(settings.admin_url))


def test_a_pooler_that_is_killed_and_started_is_survived(settings: Settings, tenant: UUID) -> None:
    require_pgbouncer()
    assert settings.url is not None
    with PgBouncer([settings.url], pool_size=4) as pooler:
        update = {"url": pooler.through(settings.url), "transaction_pooler": True, "pool_size": THREADS}
        load = Load(Database(settings.model_copy(update=update)), tenant)
        load.prepare(THREADS)

        def kill_and_start() -> None:
            pooler.stop()
            pooler.start()

        faults = break_again_and_again(load, kill_and_start)
        load.db.dispose()
    assert load.oddities() == []
    assert load.failed_outside(faults) == []
    assert any(isinstance(unit.error, ConnectionLost) for unit in load.units)
    assert settings.admin_url is not None
    load.check(admin_engine(settings.admin_url))
