"""What PostgreSQL refuses arrives as a class of its own, with SQLSTATE, table and constraint."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
from sqlalchemy import exc, text

from app_db import errors
from app_db.engine import admin_engine
from app_db.session import Database
from app_db.settings import Environment, Settings, load_settings
from app_db.testing import SuiteServer

INSERT = "insert into catalog.materials (code, name, unit, price_minor) values (:code, :name, 'pcs', :price)"
BRICK = {"code": "A", "name": "Brick", "price": 1}


def _insert(app_db: Database, tenant: UUID, **values: object) -> None:
    with app_db.tenant(tenant) as session:
        session.execute(text(INSERT), {**BRICK, **values})


@pytest.mark.parametrize(
    ("values", "kind", "sqlstate", "constraint"),
    [
        ({"code": "TWICE"}, errors.UniqueViolation, "23505", "uq_materials_tenant_id_code"),
        ({"price": -1}, errors.CheckViolation, "23514", "ck_materials_price_minor"),
        ({"name": None}, errors.NotNullViolation, "23502", None),
    ],
)
def test_a_broken_constraint_names_itself(
    app_db: Database, tenant: UUID, values: dict[str, object], kind: type[errors.DatabaseError], sqlstate: str,
    constraint: str | None,
) -> None:  # fmt: skip
    _insert(app_db, tenant, code="TWICE")
    with pytest.raises(kind) as caught:
        _insert(app_db, tenant, **values)
    error = caught.value
    assert (error.sqlstate, error.schema_name, error.table_name) == (sqlstate, "catalog", "materials")
    assert error.constraint_name == constraint
    assert isinstance(error, exc.IntegrityError)


def test_a_missing_referent_names_the_key(app_db: Database) -> None:
    with pytest.raises(errors.ForeignKeyViolation) as caught:
        _insert(app_db, uuid4())
    assert caught.value.constraint_name == "fk_materials_tenant_id"


def test_a_flush_raises_the_same_classes_as_a_statement(app_db: Database, tenant: UUID) -> None:
    from app_db.models import Material

    with pytest.raises(errors.CheckViolation), app_db.tenant(tenant) as session:
        session.add(Material(code="A", name="Brick", unit="pcs", price_minor=-1))


def test_a_statement_that_runs_too_long_is_cancelled(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(errors.QueryCanceled, match="EXPLAIN") as caught, app_db.tenant(tenant) as session:
        session.execute(text("set local statement_timeout = '20ms'"))
        session.execute(text("select pg_sleep(30)"))
    assert caught.value.sqlstate == "57014"


@pytest.mark.app_db("commit")
def test_a_lock_that_is_not_granted_in_time_is_named(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as holder:
        holder.execute(text("update tenancy.tenants set name = 'held'"))
        with pytest.raises(errors.LockNotAvailable) as caught, app_db.tenant(tenant) as session:
            session.execute(text("set local lock_timeout = '20ms'"))
            session.execute(text("update tenancy.tenants set name = 'wanted'"))
    assert isinstance(caught.value, exc.OperationalError)


@pytest.mark.app_db("commit")
def test_a_serialization_failure_says_to_run_it_again(app_db: Database, tenant: UUID) -> None:
    with (
        pytest.raises(errors.SerializationFailure, match="run the whole unit of work again"),
        app_db.tenant(tenant, isolation_level="REPEATABLE READ") as session,
    ):
        session.execute(text("select count(*) from tenancy.tenants"))
        with app_db.tenant(tenant) as other:
            other.execute(text("update tenancy.tenants set name = 'first'"))
        session.execute(text("update tenancy.tenants set name = 'second'"))


@pytest.mark.app_db("commit")
def test_a_deadlock_is_named(app_db: Database, tenant: UUID) -> None:
    for code in ("A", "B"):
        _insert(app_db, tenant, code=code)
    both, outcomes = threading.Barrier(2), []

    def work(first: str, second: str) -> None:
        try:
            with app_db.tenant(tenant) as session:
                session.execute(text("update catalog.materials set unit = 'm' where code = :code"), {"code": first})
                both.wait(10)
                session.execute(text("update catalog.materials set unit = 'm' where code = :code"), {"code": second})
        except errors.DeadlockDetected as error:
            outcomes.append(error.sqlstate)

    threads = [threading.Thread(target=work, args=pair) for pair in (("A", "B"), ("B", "A"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert outcomes == ["40P01"]


@pytest.mark.app_db("commit")
def test_a_connection_that_was_ended_is_named(app_db: Database, tenant: UUID, app_db_server: SuiteServer) -> None:
    with pytest.raises(errors.ConnectionLost) as caught, app_db.tenant(tenant) as session:
        pid = session.scalar(text("select pg_backend_pid()"))
        with admin_engine(app_db_server.admin_url, autocommit=True).connect() as connection:
            connection.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        session.execute(text("select 1"))
    assert caught.value.connection_invalidated
    assert "a unit of work not yet committed may be run again" in str(caught.value)
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select 1")) == 1


def test_a_server_that_is_not_there_is_named_with_what_to_look_at() -> None:
    database = Database.from_settings(load_settings(url="postgresql://u:p@127.0.0.1:1/d"))
    with pytest.raises(errors.ConnectionLost, match="no connection was made: see that the server runs") as caught:
        database.info()
    assert "unit of work" not in str(caught.value)
    assert caught.value.retryable


@pytest.mark.app_db("commit")
def test_a_database_that_does_not_exist_is_no_lost_connection_of_ours(app_db_settings: Settings) -> None:
    assert app_db_settings.url is not None
    nowhere = app_db_settings.url.set(database="nowhere")
    database = Database.from_settings(app_db_settings.model_copy(update={"url": nowhere}))
    with pytest.raises(exc.OperationalError, match="nowhere"):
        database.info()


@pytest.mark.app_db("commit")
def test_outside_development_values_stay_out_of_messages(app_db_settings: Settings, tenant: UUID) -> None:
    staging = Database.from_settings(app_db_settings.model_copy(update={"environment": Environment.STAGING}))
    with pytest.raises(errors.CheckViolation) as caught:
        _insert(staging, tenant, name="a private name", price=-1)
    staging.dispose()
    assert "parameters hidden" in str(caught.value)


def test_constraint_names_of_a_distributed_cluster_lose_the_number_of_their_shard() -> None:
    class FromAShard(Exception):
        pgcode = "23505"

    origin = FromAShard('duplicate key value violates unique constraint "uq_materials_tenant_id_code_102483"')
    error = errors.typed(exc.IntegrityError("insert", {}, origin))
    assert isinstance(error, errors.UniqueViolation)
    assert error.constraint_name == "uq_materials_tenant_id_code"


def test_what_has_no_class_of_ours_stays_as_it_is(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(exc.ProgrammingError) as caught, app_db.tenant(tenant) as session:
        session.execute(text("selekt 1"))
    assert not isinstance(caught.value, errors.AppDbError)
