"""A server that is stopped and started, or crashes, under load; and one that is not there yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults.load import Load
from sqlalchemy import text
from support import SYSTEM_15, installation, make_creator, make_tenant

from app_db.engine import admin_engine
from app_db.errors import CommitOutcomeUnknown, ConnectionLost
from app_db.migrations import upgrade
from app_db.server import EmbeddedServer
from app_db.server.account import run
from app_db.server.binaries import find_binaries
from app_db.session import Database
from app_db.settings import Settings

THREADS, UNITS = 8, 500


class Restartable:
    """A server of the test's own, whose commits are in the WAL when they are acknowledged."""

    def __init__(self, server: EmbeddedServer, binaries: Path, settings: Settings) -> None:
        self._server, self._binaries, self.settings = server, binaries, settings

    def restart(self, mode: str) -> None:
        """Stop it in this mode (PostgreSQL manual, pg_ctl) and start it on the same port."""
        command = [self._binaries / "pg_ctl", "restart", "-D", self._server.directory / "data", "-m", mode, "-w"]
        done = run([*command, "-l", self._server.directory / "data" / "restart.log"], seconds=60)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module", params=["18", "15"])
def restartable(request: pytest.FixtureRequest) -> Iterator[Restartable]:
    request.getfixturevalue(f"server_{request.param}")  # which skips, or fails, where there is no such version
    binaries = SYSTEM_15 if request.param == "15" else find_binaries()
    with (
        EmbeddedServer.temporary(prefix="restart", binaries=binaries) as server,
        installation(make_creator(server.superuser_url())) as settings,
    ):
        upgrade(settings)
        assert settings.url is not None
        with admin_engine(server.superuser_url(), autocommit=True).connect() as connection:
            connection.execute(text(f"alter database {settings.url.database} set synchronous_commit = on"))
        yield Restartable(server, binaries, settings)


@pytest.fixture
def load(restartable: Restartable) -> Iterator[Load]:
    settings = restartable.settings.model_copy(update={"pool_size": THREADS, "max_overflow": 0})
    database = Database.from_settings(settings)
    made = Load(database, make_tenant(database))
    made.prepare(THREADS)
    yield made
    database.dispose()


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_a_restart_under_load_loses_nothing_and_does_nothing_twice(
    restartable: Restartable, load: Load, mode: str
) -> None:
    faults: list[tuple[float, float]] = []

    def around() -> None:
        time.sleep(0.3)
        began = time.monotonic()
        restartable.restart(mode)
        faults.append((began, time.monotonic()))
        time.sleep(0.3)

    load.run(THREADS, UNITS, around)
    assert load.oddities() == []
    assert load.failed_outside(faults) == []
    assert any(isinstance(unit.error, ConnectionLost) for unit in load.units)
    assert len(load.acknowledged) > UNITS / 4
    assert restartable.settings.admin_url is not None
    load.check(admin_engine(restartable.settings.admin_url))


def test_the_first_units_after_a_restart_notice_nothing(restartable: Restartable, load: Load) -> None:
    """As many as there are connections in the pool, each of which is a stale one."""
    restartable.restart("fast")
    load.run(THREADS, THREADS, lambda: time.sleep(0.01))
    assert [unit.error for unit in load.units] == [None] * len(load.units)


def test_a_unit_in_the_middle_fails_and_may_be_run_again(restartable: Restartable, load: Load) -> None:
    with pytest.raises(ConnectionLost) as caught, load.db.tenant(load.tenant) as session:
        session.execute(text("select 1"))
        restartable.restart("fast")
        session.execute(text("select 2"))
    assert caught.value.retryable
    assert not isinstance(caught.value, CommitOutcomeUnknown)
    with load.db.tenant(load.tenant) as session:
        assert session.scalar(text("select 3")) == 3
