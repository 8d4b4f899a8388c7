"""The first statement travels with BEGIN, and whatever becomes of it, nothing runs outside of its transaction."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest
from psycopg2 import extras, sql
from psycopg2.extensions import cursor as plain_cursor
from sqlalchemy import exc, text
from sqlalchemy.orm import Session

from app_db.engine.connection import AppDbConnection
from app_db.errors import QueryCanceled
from app_db.session import Database
from app_db.settings import Settings

TENANT = text("select app.current_tenant_id()")
# PostgreSQL parses a message as a whole and refuses these before BEGIN is executed
NOT_PARSED = ["selekt 1", "select 'open", "select 1 limit 1, 2"]
# and these after it
NOT_EXECUTED = ["select 1 / 0", "select * from nowhere", "vacuum", "rollback to savepoint nowhere"]


def fail(session: Session, statement: str) -> None:
    with pytest.raises(exc.DBAPIError):
        session.connection().execute(text(statement))


@pytest.mark.parametrize("statement", NOT_PARSED + NOT_EXECUTED)
def test_a_statement_that_is_refused_leaves_a_transaction_that_can_only_be_rolled_back(
    watched: Database, statement: str
) -> None:
    tenant = uuid4()
    with watched.tenant(tenant) as session:
        fail(session, statement)
        with pytest.raises(exc.InternalError, match="current transaction is aborted"):
            session.connection().execute(TENANT)
        session.rollback()
        assert session.scalar(TENANT) == tenant


@pytest.mark.parametrize("statement", NOT_PARSED)
def test_without_that_the_next_one_would_run_outside_of_any_transaction(
    watched: Database, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AppDbConnection, "fail", lambda _connection: None)
    with watched.tenant(uuid4()) as session:
        fail(session, statement)
        assert session.connection().execute(TENANT).scalar() is None
        session.rollback()


def test_an_error_names_the_line_of_the_statement(watched: Database) -> None:
    with pytest.raises(exc.ProgrammingError, match="LINE 2: selekt 1"), watched.tenant(uuid4()) as session:
        session.execute(text("selekt 1"))


@pytest.mark.parametrize(("statement", "value"), [("select :value", object()), ("select :value || :value", {"a"})])
def test_values_that_the_driver_does_not_know_leave_everything_as_it_was(
    watched: Database, sent: Callable[[], list[str]], statement: str, value: object
) -> None:
    tenant = uuid4()
    with watched.tenant(tenant) as session:
        with pytest.raises(exc.ProgrammingError, match="can't adapt"):
            session.connection().execute(text(statement), {"value": value})
        assert sent() == []
        assert session.scalar(TENANT) == tenant


def test_an_empty_statement_is_refused_as_by_psycopg2(watched: Database) -> None:
    with pytest.raises(exc.ProgrammingError, match="empty query"), watched.tenant(uuid4()) as session:
        session.execute(text(""))


def test_the_level_of_the_transaction_may_still_be_chosen(watched: Database) -> None:
    with watched.tenant(uuid4()) as session:
        session.execute(text("set transaction isolation level serializable"))
        assert session.scalar(text("select current_setting('transaction_isolation')")) == "serializable"


def test_limits_that_travel_with_it_hold_for_it(settings: Settings) -> None:
    update = {"transaction_pooler": True, "statement_timeout": 0.05}
    database = Database.from_settings(settings.model_copy(update=update))
    with pytest.raises(QueryCanceled), database.tenant(uuid4()) as session:
        session.execute(text("select pg_sleep(30)"))
    database.dispose()


class TestPastSqlalchemy:
    """Whoever works with the driver's connection of a tenant's engine is bound in each of his transactions."""

    @pytest.fixture
    def tenant(self) -> UUID:
        return uuid4()

    @pytest.mark.parametrize(
        "query", ["select app.current_tenant_id()", b"select app.current_tenant_id()",
                  sql.SQL("select app.current_tenant_id()")],
    )  # fmt: skip
    @pytest.mark.parametrize("kind", [None, plain_cursor, extras.DictCursor])
    def test_any_query_by_any_cursor(self, watched: Database, tenant: UUID, query: object, kind: type | None) -> None:
        raw = watched.engine(tenant).raw_connection()
        cursor = raw.cursor(cursor_factory=kind) if kind else raw.cursor()
        for end in (raw.commit, raw.rollback, raw.commit):
            cursor.execute(query)
            assert cursor.fetchone()[0] == tenant
            end()
        raw.close()

    def test_many_values_a_function_and_batches(self, watched: Database, tenant: UUID) -> None:
        raw = watched.engine(tenant).raw_connection()
        cursor = raw.cursor()
        first: list[Callable[[], object]] = [
            lambda: cursor.executemany("select app.current_tenant_id(), %s", [(1,)]),
            lambda: cursor.callproc("app.current_tenant_id"),
            lambda: extras.execute_batch(cursor, "select app.current_tenant_id(), %s", [(1,)]),
        ]
        for run in first:
            run()
            cursor.execute("select app.current_tenant_id()")
            assert cursor.fetchone() == (tenant,)
            raw.commit()
        raw.close()

    def test_a_transaction_that_nobody_used_is_not_begun(
        self, watched: Database, tenant: UUID, sent: Callable[[], list[str]]
    ) -> None:
        raw = watched.engine(tenant).raw_connection()
        raw.cursor()
        raw.commit()
        raw.close()
        assert sent() == []
