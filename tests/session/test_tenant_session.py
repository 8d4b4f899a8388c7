from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session
from support import heads

from app_db.context import TenantContext, tenant_context
from app_db.errors import (
    ReadOnlyTransaction,
    SettingsError,
    TenantMismatch,
    TenantNotBound,
    UnsafeTransaction,
)
from app_db.models import Material, Membership, Tenant
from app_db.session import Database, TenantSession
from app_db.settings import Settings, load_settings


def brick(**values: object) -> Material:
    return Material(**{"code": "A-1", "name": "Brick", "unit": "pcs", "price_minor": 100, **values})


def test_a_unit_of_work_commits_at_its_end(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.add(brick())
    with app_db.tenant(tenant) as session:
        assert session.scalars(select(Material.code)).all() == ["A-1"]


def test_an_exception_rolls_back(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(RuntimeError), app_db.tenant(tenant) as session:
        session.add(brick())
        session.flush()
        raise RuntimeError
    with app_db.tenant(tenant) as session:
        assert session.scalars(select(Material)).all() == []


def test_what_was_loaded_stays_readable_after_the_end(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.add(brick())
    with app_db.tenant(tenant) as session:
        material = session.scalars(select(Material)).one()
    assert material.name == "Brick"


def test_after_a_commit_within_the_block_the_tenant_is_bound_again(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.add(brick())
        session.commit()
        assert session.scalars(select(Material.code)).all() == ["A-1"]
        session.rollback()
        assert session.scalar(text("select app.current_tenant_id()")) == tenant


def test_a_new_row_gets_the_sessions_tenant_and_an_id_without_asking_the_server(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        material = brick()
        session.add(material)
        session.flush()
        assert material.tenant_id == tenant
        assert material.id.version == 7


def test_rows_written_by_core_get_the_tenant_from_the_transaction(app_db: Database, tenant: UUID) -> None:
    rows = [{"code": f"C-{n}", "name": "x", "unit": "x", "price_minor": n} for n in range(5)]
    with app_db.tenant(tenant) as session:
        session.execute(insert(Material), rows)
    with app_db.engine(tenant).connect() as connection:
        assert set(connection.scalars(select(Material.tenant_id))) == {tenant}


def test_get_fills_in_the_tenant(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        material = brick()
        session.add(material)
    with app_db.tenant(tenant) as session:
        assert session.get(Material, material.id) is not None
        assert session.get_one(Material, material.id).code == "A-1"
        assert session.get(Material, (tenant, material.id)) is not None
        assert session.get(Material, {"tenant_id": tenant, "id": material.id}) is not None
        assert session.get(Tenant, tenant) is not None
    with app_db.tenant(other_tenant) as session:
        assert session.get(Material, material.id) is None
        assert session.get(Material, (tenant, material.id)) is None
        assert session.get(Tenant, tenant) is None


@pytest.mark.parametrize("value", [None, "", "acme", 7])
def test_a_tenant_that_is_no_uuid_is_refused_before_anything_is_sent(nowhere: Database, value: object) -> None:
    with pytest.raises(TenantNotBound):
        nowhere.tenant(value)  # type: ignore[arg-type]


@pytest.fixture
def nowhere() -> Iterator[Database]:
    """A database whose server only counts who calls: nobody may."""
    calls: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_count_calls, args=(listener, calls), daemon=True).start()
        port = listener.getsockname()[1]
        database = Database.from_settings(load_settings(url=f"postgresql://u:p@127.0.0.1:{port}/d", connect_timeout=2))
        yield database
        listener.shutdown(socket.SHUT_RDWR)
    assert calls == []


def _count_calls(listener: socket.socket, calls: list[object]) -> None:
    try:
        while True:
            connection, address = listener.accept()
            calls.append(address)
            connection.close()
    except OSError:
        return


def test_without_a_tenant_nothing_is_sent(nowhere: Database) -> None:
    for use in (nowhere.engine, nowhere.session_factory()):
        with pytest.raises(TenantNotBound, match="no tenant is bound here"):
            use()


def test_an_engine_without_a_tenant_begins_nothing(app_db: Database, tenant: UUID) -> None:
    plain = app_db.engine(tenant).execution_options(app_db_context=None)
    for use in (plain.connect, plain.raw_connection):
        with pytest.raises(TenantNotBound, match="without a tenant"):
            use()


def test_a_session_keeps_its_tenant_for_life(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        with pytest.raises(AttributeError):
            session.context = TenantContext(other_tenant)  # type: ignore[misc]
        with tenant_context(other_tenant):
            assert session.scalar(text("select app.current_tenant_id()")) == tenant


def test_a_row_of_another_tenant_is_refused_before_it_is_sent(
    app_db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    with pytest.raises(TenantMismatch, match="leave tenant_id out"), app_db.tenant(tenant) as session:
        session.add(brick(tenant_id=other_tenant))


def test_a_loaded_row_is_not_moved_to_another_tenant(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.add(brick())
    with pytest.raises(TenantMismatch), app_db.tenant(tenant) as session:
        session.scalars(select(Material)).one().tenant_id = other_tenant


def test_a_pooled_connection_comes_back_without_a_tenant(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant, user_id=uuid4()) as session:
        session.execute(text("select 1"))
    with app_db.shared() as session:
        left = session.execute(
            text("select current_setting('app.current_tenant_id', true), current_setting('app.current_user_id', true)")
        ).one()
    assert left == ("", "")


def test_all_tenants_share_one_pool(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    assert app_db.engine(tenant).pool is app_db.engine(other_tenant).pool


def test_a_person_of_one_unit_of_work_is_not_the_person_of_the_next(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant, user_id=uuid4()) as session:
        session.execute(text("select 1"))
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select app.current_user_id()")) is None


def test_savepoints_keep_the_tenant(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        with pytest.raises(RuntimeError), session.begin_nested():
            session.add(brick())
            session.flush()
            raise RuntimeError
        assert session.scalar(text("select app.current_tenant_id()")) == tenant
        session.add(brick())
    with app_db.tenant(tenant) as session:
        assert len(session.scalars(select(Material)).all()) == 1


def test_a_read_only_session_writes_nothing_and_says_so(app_db: Database, tenant: UUID) -> None:
    with (
        pytest.raises(ReadOnlyTransaction, match="without `read_only=True`"),
        app_db.tenant(tenant, read_only=True) as s,
    ):
        s.add(brick())
    with app_db.tenant(tenant) as session:
        session.add(brick())


@pytest.mark.parametrize("level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.app_db("commit")
def test_an_isolation_level_holds_for_its_unit_of_work(app_db: Database, tenant: UUID, level: str) -> None:
    shown = text("select current_setting('transaction_isolation')")
    with app_db.tenant(tenant, isolation_level=level) as session:  # type: ignore[arg-type]
        assert session.scalar(shown) == level.lower()
        assert session.scalar(text("select app.current_tenant_id()")) == tenant
    with app_db.tenant(tenant) as session:
        assert session.scalar(shown) == "read committed"


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "autocommit", "CHAOS"])
def test_a_level_that_can_not_carry_a_tenant_is_refused(app_db: Database, tenant: UUID, level: str) -> None:
    with pytest.raises(UnsafeTransaction, match="use one of"), app_db.tenant(tenant, isolation_level=level):  # type: ignore[arg-type]
        pytest.fail("a session was opened")


def test_autocommit_behind_our_back_is_refused(app_db: Database, tenant: UUID) -> None:
    with app_db.engine(tenant).connect() as connection, pytest.raises(UnsafeTransaction, match="autocommit"):
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("select 1"))
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select app.current_tenant_id()")) == tenant


@pytest.mark.app_db("commit")
def test_a_two_phase_transaction_is_bound_too(app_db: Database, tenant: UUID) -> None:
    with app_db.engine(tenant).connect() as connection:
        transaction = connection.begin_twophase()
        connection.execute(insert(Material).values(code="2P", name="Brick", unit="pcs", price_minor=1))
        transaction.prepare()
        transaction.commit()
    with app_db.tenant(tenant) as session:
        assert session.scalars(select(Material.code)).all() == ["2P"]


def test_a_session_without_a_tenant_sees_no_tenants_row_and_writes_none(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.add(brick())
        session.add(Membership(user_id=uuid4()))
    with app_db.shared() as session:
        assert type(session) is Session
        for table in ("catalog.materials", "tenancy.memberships", "tenancy.tenants"):
            assert session.scalar(text(f"select count(*) from {table}")) == 0


def test_a_factory_makes_sessions_for_the_tenant_current_at_each_call(
    app_db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    make = app_db.session_factory(expire_on_commit=False)
    with tenant_context(tenant):
        mine = make()
    with tenant_context(other_tenant):
        theirs = make()
    with mine, theirs:
        assert isinstance(mine, TenantSession)
        assert mine.scalar(text("select app.current_tenant_id()")) == tenant
        assert theirs.scalar(text("select app.current_tenant_id()")) == other_tenant


@pytest.mark.app_db("commit")
def test_a_login_that_is_not_set_up_is_named(app_db_settings: Settings) -> None:
    database = Database.from_settings(app_db_settings.model_copy(update={"tenant_admin_url": None}))
    with pytest.raises(SettingsError, match="APP_DB_TENANT_ADMIN_URL is not set"), database.tenant_admin(uuid4()):
        pytest.fail("a session was opened")


@pytest.mark.app_db("commit")
def test_neither_repr_nor_info_shows_the_password(app_db: Database, app_db_settings: Settings) -> None:
    assert app_db_settings.url is not None
    assert str(app_db_settings.url.password) not in f"{app_db!r}{app_db.info()!r}{app_db.info().as_dict()}"


@pytest.mark.app_db("commit")
def test_the_information_is_that_of_the_database(app_db: Database, app_db_settings: Settings) -> None:
    info = app_db.info()
    assert info.revisions == tuple(heads(app_db_settings))
    assert app_db_settings.url is not None
    assert (info.database, info.login) == (app_db_settings.url.database, app_db_settings.url.username)
    assert info.pool_size == 20
    assert info.size > 0


@pytest.mark.app_db("commit")
def test_limits_and_time_zone_are_those_of_the_settings(app_db: Database, tenant: UUID) -> None:
    names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout", "TimeZone", "application_name")
    with app_db.tenant(tenant) as session:
        shown = [session.scalar(text("select current_setting(:name)"), {"name": name}) for name in names]
    assert shown == ["1min", "10s", "1min", "UTC", "app_db"]


def test_a_disposed_database_works_again(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.execute(text("select 1"))
    app_db.dispose()
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select 1")) == 1
