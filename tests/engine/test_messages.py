"""What reaches the server: the begin of each transaction, its options, its tenant and its first statement, at once."""

from __future__ import annotations

import io
import select as waiting
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest
from sqlalchemy import URL, Engine, create_engine, event, insert, select, text
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import Session
from support import make_tenant

from app_db.context import TenantContext
from app_db.engine import PoolFigures, bound_to, pooled_engine
from app_db.errors import TenantNotBound, UnsafeTransaction
from app_db.models import Material
from app_db.session import Database
from app_db.settings import Settings

Sent = Callable[[], list[str]]
ONE = text("select 1")


def bind(tenant: UUID) -> str:
    return f"set local app.current_tenant_id = '{tenant}'"


@pytest.fixture
def after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every checkout comes so long after the last use of its connection that it has to be asked for its health."""
    monkeypatch.setattr("app_db.engine.connection.TRUSTED_FOR", -1)


def row(code: str, tenant: UUID | None = None) -> dict[str, object]:
    return {"code": code, "name": "Brick", "unit": "pcs", "price_minor": 1}


def test_a_unit_of_work_is_two_messages(watched: Database, sent: Sent) -> None:
    tenant = uuid4()
    with watched.tenant(tenant) as session:
        session.execute(ONE)
    assert sent() == [f"begin; {bind(tenant)}; select 1", "commit"]


def test_the_person_rides_in_the_same_message(watched: Database, sent: Sent) -> None:
    tenant, user = uuid4(), uuid4()
    with watched.tenant(tenant, user_id=user) as session:
        session.execute(ONE)
    assert sent()[0] == f"begin; {bind(tenant)}; set local app.current_user_id = '{user}'; select 1"


def test_a_session_without_statements_sends_nothing(watched: Database, sent: Sent) -> None:
    with watched.tenant(uuid4()):
        pass
    assert sent() == []


@pytest.mark.parametrize(
    ("options", "begin"),
    [
        ({"read_only": True}, "begin read only"),
        ({"isolation_level": "SERIALIZABLE"}, "begin isolation level serializable"),
        ({"isolation_level": "REPEATABLE READ", "read_only": True}, "begin isolation level repeatable read read only"),
    ],
)
def test_options_of_a_session_ride_in_the_same_message(
    watched: Database, sent: Sent, options: dict[str, object], begin: str
) -> None:
    tenant = uuid4()
    with watched.tenant(tenant, **options) as session:  # type: ignore[arg-type]
        session.execute(ONE)
    with watched.tenant(tenant) as session:
        session.execute(ONE)
    assert sent() == [f"{begin}; {bind(tenant)}; select 1", "commit", f"begin; {bind(tenant)}; select 1", "commit"]


def test_sqlalchemys_own_options_on_an_engine_ride_in_the_same_message(watched: Database, sent: Sent) -> None:
    tenant = uuid4()
    engine = watched.engine(tenant).execution_options(
        isolation_level="SERIALIZABLE", postgresql_readonly=True, postgresql_deferrable=True
    )
    with engine.begin() as connection:
        connection.execute(ONE)
    begin = "begin isolation level serializable read only deferrable"
    assert sent() == [f"{begin}; {bind(tenant)}; select 1", "commit"]


def test_options_given_after_the_checkout_are_not_lost(watched: Database, sent: Sent) -> None:
    tenant = uuid4()
    with watched.engine(tenant).connect() as connection:
        connection.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ").execute(ONE)
    assert sent()[0] == f"begin isolation level repeatable read read only; {bind(tenant)}; select 1"
    with watched.tenant(tenant) as session:
        assert session.scalar(text("select current_setting('transaction_read_only')")) == "off"


def test_options_given_after_a_ping_that_began_begin_anew(watched: Database, sent: Sent, after_a_pause: None) -> None:
    """One more message takes back what the ping has begun, in the same breath as the right begin."""
    tenant = uuid4()
    with watched.engine(tenant).connect() as connection:
        connection.execution_options(postgresql_readonly=True, isolation_level="REPEATABLE READ")
        assert connection.scalar(text("select current_setting('transaction_read_only')")) == "on"
        assert connection.scalar(text("select current_setting('transaction_isolation')")) == "repeatable read"
    messages = sent()
    assert messages[1] == f"rollback; begin isolation level repeatable read read only; {bind(tenant)}"
    with watched.tenant(tenant) as session:
        assert session.scalar(text("select current_setting('transaction_read_only')")) == "off"


def test_each_transaction_of_a_session_is_bound(watched: Database, sent: Sent) -> None:
    tenant = uuid4()
    with watched.tenant(tenant) as session:
        session.execute(ONE)
        session.commit()
        session.execute(ONE)
        session.rollback()
    assert sent() == [f"begin; {bind(tenant)}; select 1", "commit", f"begin; {bind(tenant)}; select 1", "rollback"]


def test_savepoints_are_as_ever(watched: Database, sent: Sent) -> None:
    with watched.tenant(uuid4()) as session:
        with session.begin_nested():
            session.execute(ONE)
        with pytest.raises(RuntimeError), session.begin_nested():
            session.execute(ONE)
            raise RuntimeError
    first, *others = sent()
    assert first.lower().startswith("begin; set local app.current_tenant_id = ")
    assert "; savepoint" in first.lower()
    kinds = [message.split()[0].lower() for message in others]
    assert kinds == ["select", "release", "savepoint", "select", "rollback", "commit"]


def test_two_phases_are_prepared_and_committed_by_name(watched: Database, sent: Sent) -> None:
    tenant = uuid4()
    with watched.engine(tenant).connect() as connection:
        transaction = connection.begin_twophase("it's one")
        connection.execute(ONE)
        transaction.prepare()
        transaction.commit()
    prepared = ["prepare transaction 'it''s one'", "commit prepared 'it''s one'"]
    assert sent() == [f"begin; {bind(tenant)}; select 1", *prepared]


@pytest.mark.parametrize("end", ["commit_prepared", "rollback_prepared"])
def test_what_was_prepared_by_somebody_who_died_is_found_and_ended(watched: Database, db: Database, end: str) -> None:
    name = f"lost {uuid4()}"
    with watched.engine(uuid4()).connect() as connection:
        transaction = connection.begin_twophase(name)
        connection.execute(ONE)
        transaction.prepare()
        connection.invalidate()
    with db.engine(uuid4()).connect() as connection:
        assert name in connection.recover_twophase()
        getattr(connection, end)(name, recover=True)
        assert name not in connection.recover_twophase()


def test_rows_stay_on_the_server_until_they_are_fetched_and_end_with_the_transaction(
    watched: Database, db: Database, tenant: UUID, sent: Sent
) -> None:
    with db.tenant(tenant) as session:
        session.execute(insert(Material), [row(f"S-{number}") for number in range(25)])
    with watched.tenant(tenant) as session:
        stream = session.execute(select(Material.code), execution_options={"yield_per": 10})
        first = stream.fetchmany(3)
        messages = sent()
        assert len(first) == 3
        assert sum("fetch forward" in message.lower() for message in messages) <= 2
        assert any("; declare" in message for message in messages)
        session.commit()
        with pytest.raises(Exception, match=r"closed|does not exist"):
            list(stream)
    with watched.tenant(tenant) as session:
        assert len(session.execute(select(Material.code), execution_options={"yield_per": 10}).all()) == 25


def test_a_server_side_cursor_locks_its_rows(watched: Database, db: Database, tenant: UUID) -> None:
    with db.tenant(tenant) as session:
        session.execute(insert(Material), [row("L-1")])
    with watched.tenant(tenant) as session:
        locking = select(Material).with_for_update()
        assert session.execute(locking, execution_options={"stream_results": True}).one()


def test_an_empty_stream_knows_its_columns(watched: Database) -> None:
    with watched.tenant(uuid4()) as session:
        result = session.execute(select(Material.code, Material.name), execution_options={"stream_results": True})
        assert list(result.keys()) == ["code", "name"]
        assert result.all() == []


def test_copy_through_the_sessions_connection_is_bound(watched: Database, tenant: UUID, sent: Sent) -> None:
    with watched.tenant(tenant) as session:
        session.execute(insert(Material), [row("C-1")])
        cursor = session.connection().connection.cursor()
        out = io.StringIO()
        cursor.copy_expert("copy (select code from catalog.materials) to stdout", out)
        session.execute(text("create temporary table copied (code text) on commit drop"))
        cursor.copy_expert("copy copied from stdin", io.StringIO("A\nB\n"))
        assert session.scalar(text("select count(*) from copied")) == 2
    assert out.getvalue() == "C-1\n"
    assert sent()[0].lower().startswith(f"begin; {bind(tenant)}; insert")


def test_copy_as_the_first_thing_is_bound(watched: Database, tenant: UUID, sent: Sent) -> None:
    """COPY can't travel with BEGIN, so BEGIN goes ahead of it."""
    with watched.tenant(tenant) as session:
        session.connection().connection.cursor().copy_expert(
            "copy (select app.current_tenant_id()) to stdout", out := io.StringIO()
        )
    assert out.getvalue() == f"{tenant}\n"
    assert sent()[0] == f"begin; {bind(tenant)}"


def test_a_raw_connection_of_a_tenants_engine_is_bound_and_so_is_it_after_a_commit(
    watched: Database, tenant: UUID
) -> None:
    raw = watched.engine(tenant).raw_connection()
    for _ in range(2):
        cursor = raw.cursor()
        cursor.execute("select app.current_tenant_id()")
        assert cursor.fetchone() == (tenant,)
        raw.commit()
    raw.close()


def test_a_large_object_lives_in_the_transaction(watched: Database) -> None:
    with watched.tenant(uuid4()) as session:
        stored = session.connection().connection.dbapi_connection.lobject(0, "wb")  # type: ignore[union-attr]
        stored.write(b"abc")
        oid = stored.oid
        stored.close()
        assert session.scalar(text("select lo_get(:oid)"), {"oid": oid}).tobytes() == b"abc"
        session.rollback()


def test_notifications_arrive(settings: Settings) -> None:
    assert settings.url is not None
    engine = create_engine(settings.url.set(drivername="postgresql+app_db"), isolation_level="AUTOCOMMIT")
    with engine.connect() as listener, engine.connect() as speaker:
        listener.exec_driver_sql("listen news")
        speaker.exec_driver_sql("notify news, 'hello'")
        driver = listener.connection.dbapi_connection
        assert driver is not None
        waiting.select([driver], [], [], 5)
        driver.poll()  # type: ignore[attr-defined]
        assert [notice.payload for notice in driver.notifies] == ["hello"]  # type: ignore[attr-defined]
    engine.dispose()


def test_a_tenant_listens_and_is_told_what_another_session_of_it_says(db: Database, tenant: UUID) -> None:
    raw = db.engine(tenant).raw_connection()
    raw.cursor().execute("listen news_of_a_tenant")
    raw.commit()
    with db.tenant(tenant) as session:
        session.execute(text("select pg_notify('news_of_a_tenant', app.current_tenant_id()::text)"))
    driver = raw.dbapi_connection
    assert driver is not None
    waiting.select([driver], [], [], 5)
    driver.poll()  # type: ignore[attr-defined]
    assert [notice.payload for notice in driver.notifies] == [str(tenant)]  # type: ignore[attr-defined]
    raw.invalidate()
    raw.close()


@pytest.fixture
def plain(through: URL) -> Iterator[object]:
    """The dialect as somebody uses it who has no tenants."""
    engine = create_engine(through.set(drivername="postgresql+app_db"), pool_pre_ping=True, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


class TestWithoutTenants:
    """`create_engine("postgresql+app_db://…")` behaves as SQLAlchemy's own dialect."""

    @staticmethod
    def sent_by_a_unit(plain, proxy) -> list[str]:
        with plain.connect():
            pass
        proxy.reset()
        with Session(plain) as session:
            session.execute(ONE)
            session.commit()
        return proxy.queries

    def test_a_transaction_begins_with_its_first_statement(self, plain, proxy) -> None:
        assert self.sent_by_a_unit(plain, proxy) == ["begin;\nselect 1", "commit"]

    def test_after_a_pause_the_ping_is_the_begin(self, plain, proxy, after_a_pause) -> None:
        assert self.sent_by_a_unit(plain, proxy) == ["begin", "select 1", "commit"]

    def test_autocommit_begins_nothing(self, plain, proxy) -> None:
        with plain.connect():
            pass
        proxy.reset()
        with plain.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("select 2"))
            connection.execute(text("select 3"))
        assert proxy.queries == ["select 2", "select 3"]
        with plain.connect() as connection:
            assert connection.get_isolation_level() == "READ COMMITTED"

    def test_a_raw_connection_works_as_psycopg2_does(self, plain, proxy) -> None:
        for _ in range(2):
            raw = plain.raw_connection()
            cursor = raw.cursor()
            cursor.execute("create temporary table raw_rows (n int)")
            raw.rollback()
            cursor.execute("select to_regclass('raw_rows')")
            assert cursor.fetchone() == (None,)
            cursor.execute("create temporary table raw_rows (n int)")
            raw.rollback()
            raw.close()

    def test_a_connection_of_ours_that_somebody_else_made_is_prepared(self, through) -> None:
        import psycopg2

        from app_db.engine.connection import AppDbConnection

        plain_url = through.set(drivername="postgresql").render_as_string(hide_password=False)
        made = create_engine(
            "postgresql+app_db://", creator=lambda: psycopg2.connect(plain_url, connection_factory=AppDbConnection)
        )
        with made.connect() as connection:
            assert connection.scalar(ONE) == 1
        made.dispose()

    def test_a_connection_that_somebody_else_made_is_refused(self, through) -> None:
        import psycopg2

        plain_url = through.set(drivername="postgresql").render_as_string(hide_password=False)
        engine = create_engine("postgresql+app_db://", creator=lambda: psycopg2.connect(plain_url))
        with pytest.raises(ArgumentError, match=r"app_db\.engine\.connection\.AppDbConnection"):
            engine.connect()

    def test_a_connection_factory_of_ones_own_is_refused(self, through) -> None:
        from psycopg2.extensions import connection

        engine = create_engine(
            through.set(drivername="postgresql+app_db"), connect_args={"connection_factory": connection}
        )
        with pytest.raises(ArgumentError, match="connection_factory"):
            engine.connect()


def test_behind_a_transaction_pooler_the_limits_ride_in_the_message(
    settings: Settings, through: URL, proxy, tenant: UUID
) -> None:
    update = {"url": through, "transaction_pooler": True, "lock_timeout": 3}
    database = Database.from_settings(settings.model_copy(update=update))
    with database.tenant(tenant) as session:
        shown = [session.scalar(text(f"select current_setting('{name}')")) for name in ("lock_timeout", "TimeZone")]
    begin = next(query for query in proxy.queries if query.startswith("begin"))
    assert begin.startswith("begin; set local statement_timeout = '60000'; set local lock_timeout = '3000'; ")
    assert begin.endswith(f"{bind(tenant)};\nselect current_setting('lock_timeout')")
    assert shown == ["3s", "UTC"]
    assert not any("options" in message.sql for message in proxy.messages if message.kind == "startup")
    database.dispose()


def test_an_engine_that_needs_a_tenant_sends_nothing_without_one(through: URL, proxy) -> None:
    engine = pooled_engine(through, PoolFigures(pool_size=1), application_name="t", needs_tenant=True)
    with bound_to(engine, TenantContext(uuid4())).connect() as connection:
        connection.execute(ONE)
    proxy.reset()
    with pytest.raises(TenantNotBound), engine.connect() as connection:
        connection.execute(ONE)
    assert proxy.queries == []
    engine.dispose()


def test_it_sends_nothing_without_one_after_a_pause_either(through: URL, proxy, after_a_pause: None) -> None:
    test_an_engine_that_needs_a_tenant_sends_nothing_without_one(through, proxy)


def test_a_tenant_in_autocommit_is_refused_before_its_statement(watched: Database, sent: Sent) -> None:
    with (
        watched.engine(uuid4()).connect() as connection,
        pytest.raises(UnsafeTransaction),
    ):
        connection.execution_options(isolation_level="AUTOCOMMIT").execute(text("select 'never sent'"))
    assert not any("never sent" in message for message in sent())


def test_so_is_an_engine_in_autocommit_whose_raw_connections_would_be_bound_to_nobody(watched: Database) -> None:
    with pytest.raises(UnsafeTransaction, match="commit after each statement"):
        watched.engine(uuid4()).execution_options(isolation_level="AUTOCOMMIT")


def test_the_binding_of_a_checkout_is_gone_with_it(watched: Database, settings: Settings) -> None:
    """Without a ping too: the connection forgets at checkin, and not at the next checkout."""
    assert settings.url is not None
    figures = PoolFigures(pool_size=1, max_overflow=0, pool_pre_ping=False)
    engine = pooled_engine(settings.url, figures, application_name="t", needs_tenant=False)
    tenant = uuid4()
    with bound_to(engine, TenantContext(tenant)).connect() as connection:
        assert connection.scalar(text("select app.current_tenant_id()")) == tenant
    with engine.connect() as connection:
        assert connection.scalar(text("select app.current_tenant_id()")) is None
    engine.dispose()


def test_a_listener_that_came_after_a_session_hears_the_next_one_of_the_same_tenant(db: Database) -> None:
    tenant, heard = uuid4(), []
    with db.tenant(tenant) as session:
        session.execute(ONE)

    def hear(_connection, _cursor, statement, *_rest) -> None:
        heard.append(statement)

    event.listen(Engine, "before_cursor_execute", hear)
    try:
        with db.tenant(tenant) as session:
            session.execute(ONE)
    finally:
        event.remove(Engine, "before_cursor_execute", hear)
    assert heard == ["select 1"]


def test_tenants_alternating_on_one_connection_never_meet(watched: Database, db: Database) -> None:
    tenants = [make_tenant(db) for _ in range(3)]
    for number in range(60):
        tenant = tenants[number % 3]
        with watched.tenant(tenant, read_only=number % 2 == 0) as session:
            assert session.scalar(text("select app.current_tenant_id()")) == tenant
