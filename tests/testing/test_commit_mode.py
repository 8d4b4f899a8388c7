"""Real commits, swept away afterwards; and connections that a test leaves open."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from app_db.engine import admin_engine
from app_db.errors import SuiteError
from app_db.session import Database
from app_db.settings import Settings
from app_db.testing import SuiteServer
from app_db.testing.modes import Mode
from app_db.testing.worker import Worker

ADD = text("insert into catalog.materials (code, name, unit, price_minor) values (:code, 'Brick', 'pc', 1)")
COUNT = text("select count(*) from catalog.materials")
STATE = text("""
select (select count(*) from catalog.materials), (select count(*) from tenancy.tenants),
  (select count(*) from ops.system_event), (select count(*) > 0 from app.alembic_version)
""")


def look(server: SuiteServer, worker: Worker) -> list[object]:
    with admin_engine(server.admin_url.set(database=worker.name)).connect() as connection:
        return list(connection.execute(STATE).one())


@pytest.mark.parametrize("turn", [1, 2])
def test_what_is_committed_is_there_for_everybody_and_gone_after_the_test(
    app_db_server: SuiteServer, worker: Worker, turn: int
) -> None:
    worker.begin(Mode.COMMIT)
    tenant = worker.new_tenant()
    with worker.database.tenant(tenant) as session:
        session.execute(ADD, {"code": "a"})
    with worker.database.admin(reason="look", actor="tests"):
        pass
    assert look(app_db_server, worker) == [1, 1, 2, True]
    assert worker.end(Mode.COMMIT, keep=False) is None
    assert look(app_db_server, worker) == [0, 0, 0, True]


@pytest.mark.app_db("commit")
def test_two_sessions_at_once_are_two_transactions(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as first, app_db.tenant(tenant) as second:
        first.execute(ADD, {"code": "a"})
        assert second.scalar(COUNT) == 0
        first.commit()
        assert second.scalar(COUNT) == 1


def test_a_transaction_that_somebody_left_open_is_named_and_the_next_test_has_a_clean_database(
    app_db_server: SuiteServer, worker: Worker
) -> None:
    worker.begin(Mode.COMMIT)
    with worker.database.tenant(worker.new_tenant()) as session:
        session.execute(ADD, {"code": "a"})
    other = admin_engine(app_db_server.admin_url.set(database=worker.name)).connect()
    other.exec_driver_sql("alter function app_db_testing.sweep() set lock_timeout = '50ms'")
    other.commit()
    other.exec_driver_sql("lock table catalog.materials")
    with pytest.raises(SuiteError, match=r"process \d+ \(postgres\): lock table catalog.materials"):
        worker.end(Mode.COMMIT, keep=False)
    other.invalidate()
    other.close()
    assert look(app_db_server, worker) == [0, 0, 0, True]


@pytest.mark.parametrize("mode", list(Mode))
def test_a_connection_left_open_fails_the_test_and_harms_no_other(worker: Worker, mode: Mode) -> None:
    worker.begin(mode)
    tenant = worker.new_tenant()
    left = worker.database.engine(tenant).connect()
    left.execute(ADD, {"code": "a"})
    with pytest.raises(SuiteError, match=r"test_commit_mode.py:\d+ in test_a_connection_left_open"):
        worker.end(mode, keep=False)
    left.invalidate()
    worker.begin(Mode.SANDBOX)
    with worker.database.tenant(worker.new_tenant()) as session:
        assert session.scalar(COUNT) == 0
    worker.end(Mode.SANDBOX, keep=False)


def test_one_that_was_closed_or_lost_does_not_count(app_db_server: SuiteServer, worker: Worker) -> None:
    worker.begin(Mode.COMMIT)
    engine = worker.database.engine(worker.new_tenant())
    with engine.connect() as connection:
        connection.execute(COUNT)
    with engine.connect() as connection:
        pid = connection.scalar(text("select pg_backend_pid()"))
        with admin_engine(app_db_server.admin_url, autocommit=True).connect() as other:
            other.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(Exception, match="terminat"):
            connection.execute(COUNT)
    worker.end(Mode.COMMIT, keep=False)


@pytest.mark.app_db("fresh")
def test_a_fresh_database_is_like_the_template_and_is_the_tests_own(
    app_db: Database, tenant: UUID, app_db_settings: Settings, worker: Worker
) -> None:
    assert app_db_settings.url is not None
    assert app_db_settings.url.database != worker.name
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select current_database()")) == app_db_settings.url.database
        privileges = session.scalar(text("select datacl::text from pg_database where datname = current_database()"))
    assert "{=" not in privileges
    assert ",=" not in privileges
