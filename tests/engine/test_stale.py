"""Connections that the server gave up are replaced before anything was sent; a lost COMMIT is never hidden."""

from __future__ import annotations

import threading
from uuid import UUID, uuid4

import pytest
from proxy import CountingProxy
from sqlalchemy import text

from app_db.engine import admin_engine
from app_db.engine.connection import AppDbConnection
from app_db.errors import CommitOutcomeUnknown, ConnectionLost
from app_db.server import EmbeddedServer
from app_db.session import Database


def _end_all(server: EmbeddedServer, database: str) -> None:
    with admin_engine(server.superuser_url(), autocommit=True).connect() as connection:
        others = "pg_stat_activity where datname = :name and pid <> pg_backend_pid()"
        ended = f"select pg_terminate_backend(pid, 5000) from {others}"
        connection.execute(text(ended), {"name": database})


def test_a_stale_connection_is_replaced_without_the_caller_noticing(db: Database, server: EmbeddedServer) -> None:
    tenant = uuid4()
    sessions = [db.engine(tenant).connect() for _ in range(5)]
    for connection in sessions:
        connection.close()
    _end_all(server, str(db.info().database))
    for _ in range(6):
        with db.tenant(tenant) as session:
            assert session.scalar(text("select app.current_tenant_id()")) == tenant


@pytest.mark.parametrize("end", ["drop", "half_close"])
def test_a_connection_that_ended_a_moment_ago_is_replaced_before_anything_is_sent_on_it(
    watched: Database, proxy: CountingProxy, end: str
) -> None:
    """It was in use too lately to be asked for its health, but its end stands in its socket."""
    with watched.tenant(uuid4()) as session:
        session.execute(text("select 1"))
    getattr(proxy, end)()
    proxy.reset()
    with watched.tenant(uuid4()) as session:
        session.execute(text("select 2"))
    assert len([query for query in proxy.queries if "select 2" in query]) == 1


def test_without_a_look_at_the_socket_it_would_not_be(
    watched: Database, proxy: CountingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(AppDbConnection, "is_trusted", lambda _connection: True)
    with pytest.raises(ConnectionLost):
        test_a_connection_that_ended_a_moment_ago_is_replaced_before_anything_is_sent_on_it(watched, proxy, "drop")


def test_a_first_statement_is_never_sent_twice(watched: Database, proxy: CountingProxy) -> None:
    """A connection that dies with the first statement on its way is no stale one: the statement may have run."""
    with watched.tenant(uuid4()) as session:
        session.execute(text("select 1"))
    proxy.stall()
    threading.Timer(0.2, proxy.drop).start()
    with pytest.raises(ConnectionLost), watched.tenant(uuid4()) as session:
        session.execute(text("select 2"))
    assert len([query for query in proxy.queries if "select 2" in query]) == 1


def test_a_proxy_that_dropped_its_connections_is_survived(watched: Database, proxy: CountingProxy) -> None:
    tenant = uuid4()
    for _ in range(3):
        with watched.tenant(tenant) as session:
            assert session.scalar(text("select app.current_tenant_id()")) == tenant
        proxy.drop()


def test_a_connection_lost_in_the_middle_is_said_and_the_next_unit_works(
    watched: Database, proxy: CountingProxy
) -> None:
    with pytest.raises(ConnectionLost) as caught, watched.tenant(uuid4()) as session:
        session.execute(text("select 1"))
        proxy.drop()
        session.execute(text("select 2"))
    assert not isinstance(caught.value, CommitOutcomeUnknown)
    with watched.tenant(uuid4()) as session:
        assert session.scalar(text("select 1")) == 1


def test_an_answer_to_commit_that_was_lost_is_said_to_be_unknown(
    watched: Database, proxy: CountingProxy, tenant: UUID
) -> None:
    with pytest.raises(CommitOutcomeUnknown, match="look whether the work was done"), watched.tenant(tenant) as session:
        session.execute(text("update tenancy.tenants set name = 'maybe'"))
        proxy.stall()
        threading.Timer(0.2, proxy.drop).start()
    proxy.resume()
    with watched.tenant(tenant) as session:
        assert session.scalar(text("select name from tenancy.tenants")) in {"maybe", "A tenant"}


def test_a_commit_that_the_server_refuses_is_not_unknown(db: Database, tenant: UUID) -> None:
    from app_db.errors import DatabaseError

    deferred = """
        create temporary table parent (id int primary key);
        create temporary table child (id int references parent deferrable initially deferred)
    """
    with pytest.raises(DatabaseError) as caught, db.tenant(tenant) as session:
        for statement in deferred.split(";"):
            session.execute(text(statement))
        session.execute(text("insert into child values (1)"))
    assert caught.value.sqlstate == "23503"
    assert not isinstance(caught.value, CommitOutcomeUnknown)
