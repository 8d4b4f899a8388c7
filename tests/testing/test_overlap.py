"""Two transactions at once, on one connection: let through where it makes no difference, refused where it would."""

from __future__ import annotations

import threading
from uuid import UUID

import pytest
from psycopg2 import extensions
from sqlalchemy import text
from sqlalchemy.exc import InternalError, ProgrammingError

from app_db.engine import admin_engine
from app_db.errors import SandboxOverlap, SandboxRefused
from app_db.session import Database
from app_db.testing import SuiteServer
from app_db.testing.modes import Mode
from app_db.testing.worker import Worker

ADD = text("insert into catalog.materials (code, name, unit, price_minor) values (:code, 'Brick', 'pc', 1)")
COUNT = text("select count(*) from catalog.materials")
WHO = text("select app.current_tenant_id()")
HIDDEN = text("""
with added as (
  insert into catalog.materials (code, name, unit, price_minor) values ('h', 'Brick', 'pc', 1) returning 1
) select count(*) from added
""")


def test_two_readers_take_turns_and_keep_their_tenants(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(tenant) as first, app_db.tenant(other_tenant) as second:
        for _ in range(3):
            assert first.scalar(WHO) == tenant
            assert second.scalar(WHO) == other_tenant


def test_a_reader_sees_what_others_commit_between_its_statements(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as reader:
        assert reader.scalar(COUNT) == 0
        with app_db.tenant(tenant) as writer:
            writer.execute(ADD, {"code": "a"})
        assert reader.scalar(COUNT) == 1
        reader.rollback()
    with app_db.tenant(tenant) as session:
        assert session.scalar(COUNT) == 1


def test_a_second_one_beside_a_writer_is_refused_with_both_places(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as writer:
        writer.execute(ADD, {"code": "a"})
        with pytest.raises(SandboxOverlap) as caught, app_db.tenant(tenant) as second:
            second.scalar(COUNT)
        assert "test_overlap.py" in caught.value.first
        assert "test_overlap.py" in caught.value.second
        assert caught.value.first != caught.value.second
        assert "Commit or close the first one before" in str(caught.value)
        assert writer.scalar(COUNT) == 1
    with app_db.tenant(tenant) as session:
        assert session.scalar(COUNT) == 1


def test_a_writer_that_looks_like_a_reader_is_found_out_by_the_server(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(SandboxOverlap), app_db.tenant(tenant) as writer:
        writer.scalar(HIDDEN)
        with pytest.raises(SandboxOverlap), app_db.tenant(tenant) as second:
            second.scalar(COUNT)
        writer.scalar(COUNT)


def test_without_asking_the_server_its_work_would_be_lost_in_silence(
    app_db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app_db.testing.sandbox._NUMBERS", "select 0")
    with app_db.tenant(tenant) as writer:
        writer.scalar(HIDDEN)
        with app_db.tenant(tenant) as second:
            second.scalar(COUNT)
    with app_db.tenant(tenant) as session:
        assert session.scalar(COUNT) == 0


def test_a_reader_with_a_snapshot_of_its_own_is_not_interrupted(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant, isolation_level="REPEATABLE READ") as reader:
        assert reader.scalar(COUNT) == 0
        with pytest.raises(SandboxOverlap), app_db.tenant(tenant) as second:
            second.scalar(COUNT)


def test_a_failed_transaction_stays_failed_after_another_one(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as failed:
        with pytest.raises(ProgrammingError):
            failed.execute(text("selec 1"))
        with app_db.tenant(tenant) as second:
            second.execute(ADD, {"code": "a"})
        with pytest.raises(InternalError, match="current transaction is aborted"):
            failed.scalar(COUNT)
        failed.rollback()
        assert failed.scalar(COUNT) == 1


def test_a_thread_beside_a_writer_is_refused_and_does_not_hang(app_db: Database, tenant: UUID) -> None:
    refused: list[BaseException] = []

    def look() -> None:
        try:
            with app_db.tenant(tenant) as session:
                session.scalar(COUNT)
        except SandboxOverlap as error:
            refused.append(error)

    with app_db.tenant(tenant) as writer:
        writer.execute(ADD, {"code": "a"})
        thread = threading.Thread(target=look)
        thread.start()
        thread.join(20)
    assert len(refused) == 1


@pytest.mark.parametrize(
    "statement",
    ["commit", "COMMIT", " begin", "rollback", "start transaction", "end", "abort", "prepare transaction 'x'"],
)
def test_a_statement_that_would_end_the_sandbox_is_refused(app_db: Database, tenant: UUID, statement: str) -> None:
    with pytest.raises(SandboxRefused, match="as a statement would end the sandbox"), app_db.tenant(tenant) as session:
        session.execute(ADD, {"code": "a"})
        session.execute(text(statement))
    with app_db.tenant(tenant) as session:
        assert session.scalar(COUNT) == 0


@pytest.mark.parametrize("way", ["behind another statement", "by a cursor of the driver's"])
def test_one_that_is_not_recognised_is_noticed_and_what_it_committed_is_swept_away(
    worker: Worker, app_db_server: SuiteServer, way: str
) -> None:
    worker.begin(Mode.SANDBOX)
    tenant = worker.new_tenant()
    if way == "behind another statement":
        with pytest.raises(SandboxRefused, match="ended the transaction"), worker.database.tenant(tenant) as session:
            session.execute(ADD, {"code": "a"})
            session.execute(text("select 1; commit"))
    else:
        raw = worker.database.engine(tenant).raw_connection()
        raw.cursor(cursor_factory=extensions.cursor).execute("select 1; commit")
        raw.close()
    with pytest.raises(SandboxRefused, match="committed past the sandbox"):
        worker.end(Mode.SANDBOX, keep=False)
    with admin_engine(app_db_server.admin_url.set(database=worker.name)).connect() as connection:
        assert connection.scalar(text("select count(*) from tenancy.tenants")) == 0


@pytest.mark.parametrize("statement", ["vacuum", "create database x"])
def test_what_must_be_outside_of_a_transaction_is_refused_with_the_way(
    app_db: Database, tenant: UUID, statement: str
) -> None:
    with pytest.raises(SandboxRefused, match=r'app_db\("commit"\)'), app_db.tenant(tenant) as session:
        session.execute(text(statement))


def test_a_large_object_is_refused(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session, pytest.raises(SandboxRefused, match="large object"):
        session.connection().connection.dbapi_connection.lobject()  # type: ignore[union-attr]
