"""A real pooler is noticed, in both of its modes, and what it hands from one client to the next."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pgbouncer import PgBouncer, require_pgbouncer
from sqlalchemy import URL, Connection, Engine, text

from app_db.engine import admin_engine
from app_db.isolation import Bounds, check_isolation, probe_pooler
from app_db.isolation.check.facts import Pooler
from app_db.settings import Settings

pytestmark = pytest.mark.parametrize("server", ["18"], indirect=True, scope="session")


@pytest.fixture
def url(check_settings: Settings) -> URL:
    assert check_settings.url is not None
    return check_settings.url


@contextmanager
def looking(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection:
        yield connection


def probed(url: URL) -> Pooler:
    engine = admin_engine(url)
    return probe_pooler(lambda: looking(engine), url.host)


def test_a_server_without_a_pooler_has_none(url: URL) -> None:
    assert probed(url) == Pooler(None, "127.0.0.1")


@pytest.mark.parametrize(("mode", "pool_size"), [("transaction", 1), ("transaction", 2), ("session", 2)])
def test_the_mode_of_a_pooler_is_found_out(mode: str, pool_size: int, url: URL) -> None:
    require_pgbouncer()
    with PgBouncer([url], pool_size=pool_size, pool_mode=mode) as pooler:
        assert probed(pooler.through(url)).mode == mode


def test_a_session_pool_without_a_second_connection_is_one_by_session(url: URL) -> None:
    require_pgbouncer()
    with PgBouncer([url], pool_size=1, pool_mode="session") as pooler:
        assert probed(pooler.through(url)).mode == "session"


def test_what_one_client_left_set_is_told_to_the_next_one(url: URL, check_settings: Settings) -> None:
    require_pgbouncer()
    bounds = Bounds(schemas=("app",), role_prefix=check_settings.role_prefix)
    with PgBouncer([url], pool_size=1) as pooler:
        engine = admin_engine(pooler.through(url))
        with engine.connect() as connection:
            assert check_isolation(connection, bounds).findings == ()
        with engine.begin() as connection:
            connection.execute(text("select set_config('app.current_tenant_id', 'left', false)"))
        with engine.connect() as connection:
            found = check_isolation(connection, bounds).findings
    assert [(finding.rule, finding.thing) for finding in found] == [("ISO605", "app.current_tenant_id")]
