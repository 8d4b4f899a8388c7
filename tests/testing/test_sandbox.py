"""What code under test does in a sandbox has the effect that it has in production, and none of it outlives the test."""

from __future__ import annotations

import io
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError

from app_db.engine import NO_TENANT, Mode, admin_engine, bound_to
from app_db.errors import CheckViolation, ForeignKeyViolation, ReadOnlyTransaction, UniqueViolation
from app_db.models import Material, Membership
from app_db.session import Database, TenantSession
from app_db.settings import LoginUrl
from app_db.testing import QueryRecorder, SuiteServer
from app_db.testing.worker import Worker

ADD = text("insert into catalog.materials (code, name, unit, price_minor) values (:code, 'Brick', 'pc', 1)")
CODES = text("select code from catalog.materials order by code")
WHO = text("select current_user, app.current_tenant_id()")


def add(app_db: Database, tenant: UUID, *codes: str) -> None:
    with app_db.tenant(tenant) as session:
        for code in codes:
            session.execute(ADD, {"code": code})


def codes(app_db: Database, tenant: UUID) -> list[str]:
    with app_db.tenant(tenant) as session:
        return list(session.scalars(CODES))


@pytest.fixture
def outside(app_db_server: SuiteServer, worker: Worker) -> Iterator[list[int]]:
    """How many materials somebody sees who looks at the same database from without, before and after."""
    counts: list[int] = []
    with admin_engine(app_db_server.admin_url.set(database=worker.name)).connect() as connection:
        counts.append(connection.scalar(text("select count(*) from catalog.materials")) or 0)
        connection.rollback()
        yield counts
        counts.append(connection.scalar(text("select count(*) from catalog.materials")) or 0)
    assert counts == [0, 0]


@pytest.mark.parametrize("turn", [1, 2])
def test_what_is_committed_is_seen_by_the_next_session_and_by_nobody_outside(
    outside: list[int], app_db: Database, tenant: UUID, turn: int
) -> None:
    add(app_db, tenant, "a", "b")
    assert codes(app_db, tenant) == ["a", "b"]
    with app_db.admin(reason="look", actor="tests") as session:
        assert session.scalar(text("select count(*) from catalog.materials")) == 2
    assert outside == [0]


def test_what_is_rolled_back_is_gone_and_what_was_committed_before_is_not(app_db: Database, tenant: UUID) -> None:
    add(app_db, tenant, "a")
    with pytest.raises(RuntimeError), app_db.tenant(tenant) as session:
        session.execute(ADD, {"code": "b"})
        raise RuntimeError
    assert codes(app_db, tenant) == ["a"]


def test_a_savepoint_of_the_code_is_its_own(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.execute(ADD, {"code": "a"})
        with pytest.raises(UniqueViolation), session.begin_nested():
            session.execute(ADD, {"code": "a"})
        session.execute(ADD, {"code": "b"})
    assert codes(app_db, tenant) == ["a", "b"]


@pytest.mark.parametrize("login", [LoginUrl.APPLICATION, LoginUrl.TENANT_ADMIN, LoginUrl.READONLY, LoginUrl.ADMIN])
def test_each_login_works_as_itself(app_db: Database, tenant: UUID, login: LoginUrl) -> None:
    engine = app_db._engine(login)
    expected = app_db._settings.login_url(login)
    assert expected is not None
    view = engine if login is LoginUrl.ADMIN else bound_to(engine, NO_TENANT)
    with view.connect() as connection:
        row = connection.execute(text("select current_user, rolsuper, rolbypassrls from pg_roles "
                                      "where rolname = current_user")).one()  # fmt: skip
    assert row == (expected.username, False, False)


def test_the_sandboxs_own_login_has_no_right_to_anything(app_db: Database, worker: Worker) -> None:
    speaker = worker._sandbox.connection
    for table in ("catalog.materials", "tenancy.tenants", "ops.system_event"):
        with pytest.raises(speaker.ProgrammingError, match="permission denied"):
            speaker.send(f"select count(*) from {table}")


def test_after_a_commit_nothing_local_is_left(app_db: Database, tenant: UUID) -> None:
    with app_db.shared() as session:
        session.execute(text("set local statement_timeout = '7s'"))
        session.execute(text("select app.set_current_tenant_id(:t)"), {"t": tenant})
        session.execute(text("select set_config('shop.color', 'red', true)"))
        session.commit()
        assert session.scalar(text("select current_setting('statement_timeout')")) == "1min"
        assert session.scalar(text("select app.current_tenant_id()")) is None
        assert not session.scalar(text("select current_setting('shop.color', true)"))


def test_after_a_rollback_nothing_local_is_left(app_db: Database, tenant: UUID) -> None:
    with app_db.shared() as session:
        session.execute(text("select app.set_current_tenant_id(:t)"), {"t": tenant})
        session.rollback()
        assert session.scalar(text("select app.current_tenant_id()")) is None


def test_a_deferred_key_is_checked_at_each_commit_and_not_before(app_db: Database, tenant: UUID) -> None:
    for _ in range(2):
        with pytest.raises(ForeignKeyViolation), app_db.tenant(tenant) as session:
            session.execute(text("insert into demo.late_lines (material_id) values (app.uuid7())"))
            assert session.scalar(text("select count(*) from demo.late_lines")) == 1
        assert codes(app_db, tenant) == []
        add(app_db, tenant)


@pytest.mark.parametrize("first", ["selec 1", "select 1 where tenant_id = 'x'"])
def test_an_error_in_the_first_statement_loses_nothing(app_db: Database, tenant: UUID, first: str) -> None:
    add(app_db, tenant, "a")
    with pytest.raises(ProgrammingError), app_db.tenant(tenant) as session:
        session.execute(text(first))
    assert codes(app_db, tenant) == ["a"]


def test_a_value_that_the_driver_refuses_leaves_role_and_tenant_to_the_next_statement(
    app_db: Database, tenant: UUID
) -> None:
    with app_db.tenant(tenant) as session:
        with pytest.raises(DBAPIError, match="can't adapt"):
            session.execute(text("select :value"), {"value": object()})
        user, bound = session.execute(WHO).one()
    assert (user, bound) == (app_db._settings.url.username, tenant)  # type: ignore[union-attr]


def test_an_engine_that_begins_by_itself_does_not_escape(outside: list[int], app_db: Database, tenant: UUID) -> None:
    with app_db.engine(tenant).begin() as connection:
        connection.execute(ADD, {"code": "a"})
    raw = app_db.engine(tenant).raw_connection()
    cursor = raw.cursor()
    cursor.execute("insert into catalog.materials (code, name, unit, price_minor) values ('b', 'x', 'pc', 1)")
    raw.commit()
    cursor.executemany(
        "insert into catalog.materials (code, name, unit, price_minor) values (%s, 'x', 'pc', 1)", [("c",), ("d",)]
    )
    raw.commit()
    raw.close()
    assert codes(app_db, tenant) == ["a", "b", "c", "d"]


def test_copy_stays_inside(outside: list[int], app_db: Database, tenant: UUID) -> None:
    with app_db.engine(tenant).begin() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("create temporary table incoming (code text) on commit drop")
        cursor.copy_expert("copy incoming from stdin", io.StringIO("a\nb\n"))
        cursor.execute("insert into catalog.materials (code, name, unit, price_minor) "
                       "select code, 'x', 'pc', 1 from incoming")  # fmt: skip
    assert codes(app_db, tenant) == ["a", "b"]
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select to_regclass('pg_temp.incoming')")) is None


def test_rows_on_the_server_are_streamed_inside(app_db: Database, tenant: UUID) -> None:
    add(app_db, tenant, *(f"{number:03d}" for number in range(25)))
    with app_db.tenant(tenant) as session:
        streamed = session.scalars(select(Material.code).order_by(Material.code).execution_options(yield_per=10))
        assert len(list(streamed)) == 25


def test_autocommit_commits_each_statement_inside(outside: list[int], app_db: Database, tenant: UUID) -> None:
    engine = bound_to(app_db._engine(LoginUrl.APPLICATION), NO_TENANT, Mode(autocommit=True))
    with engine.connect() as connection:
        connection.execute(text("create temporary table kept (n int)"))
        with pytest.raises(ProgrammingError):
            connection.execute(text("selec 1"))
        connection.execute(text("insert into kept values (1)"))
        assert connection.scalar(text("select count(*) from kept")) == 1


def test_a_read_only_session_writes_nothing_and_the_next_one_does(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(ReadOnlyTransaction), app_db.tenant(tenant, read_only=True) as session:
        session.execute(ADD, {"code": "a"})
    add(app_db, tenant, "b")
    assert codes(app_db, tenant) == ["b"]


def test_a_commit_that_fails_leaves_the_session_fit_to_go_on(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.execute(text("insert into demo.late_lines (material_id) values (app.uuid7())"))
        with pytest.raises(IntegrityError):
            session.commit()
        session.rollback()
        session.execute(ADD, {"code": "a"})
    assert codes(app_db, tenant) == ["a"]


def _work(app_db: Database, tenant: UUID, recorder: QueryRecorder) -> tuple[list[str], int]:
    recorder.clear()
    add(app_db, tenant, "a", "b")
    with app_db.tenant(tenant) as session:
        session.add(Material(code="c", name="Brick", unit="pc", price_minor=1))
        session.flush()
        session.rollback()
    codes(app_db, tenant)
    return recorder.statements, recorder.round_trips


@pytest.fixture(scope="module")
def counted() -> list[tuple[list[str], int]]:
    return []


@pytest.mark.parametrize("mode", [pytest.param("sandbox"), pytest.param("commit", marks=pytest.mark.app_db("commit"))])
def test_statements_and_round_trips_are_those_of_production(
    app_db: Database, tenant: UUID, query_recorder: QueryRecorder, counted: list[tuple[list[str], int]], mode: str
) -> None:
    counted.append(_work(app_db, tenant, query_recorder))
    assert (len(counted[0][0]), counted[0][1]) == (4, 7)
    assert all(one == counted[0] for one in counted)


def test_a_flush_that_fails_as_expected_leaves_nothing_to_commit(tenant_session: TenantSession) -> None:
    """The fixture's own commit, after this, would fail as well."""
    tenant_session.add(Membership(user_id=uuid4(), role="king"))
    with pytest.raises(CheckViolation):
        tenant_session.flush()
