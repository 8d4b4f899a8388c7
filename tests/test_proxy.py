"""The counting proxy counts what was sent, and breaks what it is told to break."""

from __future__ import annotations

import io
import struct
import threading
import time
from collections.abc import Iterator

import psycopg2
import pytest
from proxy import CountingProxy
from psycopg2 import extensions
from wire import Conversation, Message

from app_db.server import EmbeddedServer


@pytest.fixture
def proxy(server_18: EmbeddedServer) -> Iterator[CountingProxy]:
    url = server_18.superuser_url()
    with CountingProxy(url.host, url.port) as made:
        yield made


@pytest.fixture
def connection(proxy: CountingProxy, server_18: EmbeddedServer) -> Iterator[extensions.connection]:
    made = connect(proxy, server_18)
    proxy.reset()
    yield made
    made.close()


def connect(proxy: CountingProxy, server: EmbeddedServer) -> extensions.connection:
    url = server.superuser_url()
    made = psycopg2.connect(
        host="127.0.0.1", port=proxy.port, user=url.username, password=url.password, dbname=url.database
    )
    made.autocommit = True
    return made


def run(connection: extensions.connection, sql: str) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall() if cursor.description else []


def typed(kind: bytes, payload: bytes = b"") -> bytes:
    return kind + struct.pack("!i", len(payload) + 4) + payload


STARTUP = struct.pack("!iii", 12, 196608, 0)
READY = typed(b"Z", b"I")


def test_a_login_is_told_apart_from_round_trips(proxy: CountingProxy, server_18: EmbeddedServer) -> None:
    made = connect(proxy, server_18)
    assert [message.kind for message in proxy.messages][:2] == ["SSLRequest", "StartupMessage"]
    assert proxy.round_trips == 0
    assert proxy.connections == 1
    made.close()


def test_statements_and_round_trips_are_counted_with_their_text(
    proxy: CountingProxy, connection: extensions.connection
) -> None:
    run(connection, "select 1")
    run(connection, "select 'grün'; select 2")
    assert proxy.queries == ["select 1", "select 'grün'; select 2"]
    assert proxy.round_trips == 2


def test_a_failed_statement_is_a_round_trip_too(proxy: CountingProxy, connection: extensions.connection) -> None:
    with pytest.raises(psycopg2.errors.UndefinedTable):
        run(connection, "select * from nothing")
    assert proxy.round_trips == 1


def test_long_statements_and_answers_pass_unharmed(proxy: CountingProxy, connection: extensions.connection) -> None:
    letters = "x" * 3_000_000
    assert run(connection, f"select '{letters}', generate_series(1, 3)")[2] == (letters, 3)
    assert proxy.round_trips == 1
    assert len(proxy.queries[0]) > 3_000_000


def test_copy_is_counted_when_the_server_is_ready_again(
    proxy: CountingProxy, connection: extensions.connection
) -> None:
    run(connection, "create temporary table copied (number int)")
    with connection.cursor() as cursor:
        cursor.copy_expert("copy copied from stdin", io.StringIO("1\n2\n"))
    assert run(connection, "select sum(number) from copied") == [(3,)]
    assert proxy.round_trips == 3
    assert {"d", "c"} <= {message.kind for message in proxy.messages}


def test_a_closed_connection_counts_no_more(proxy: CountingProxy, connection: extensions.connection) -> None:
    connection.close()
    until(lambda: proxy.connections == 0)
    assert [message.kind for message in proxy.messages] == ["X"]


def test_connections_at_once_are_counted_exactly(proxy: CountingProxy, server_18: EmbeddedServer) -> None:
    made = [connect(proxy, server_18) for _ in range(40)]
    proxy.reset()
    threads = [threading.Thread(target=lambda one=one: [run(one, "select 1") for _ in range(25)]) for one in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert proxy.round_trips == len(proxy.messages) == 1000
    assert len({message.connection for message in proxy.messages}) == proxy.connections == 40
    for one in made:
        one.close()


def test_a_round_trip_takes_the_delay_longer(proxy: CountingProxy, connection: extensions.connection) -> None:
    proxy.delay = 0.05
    began = time.monotonic()
    run(connection, "select 1")
    assert time.monotonic() - began >= 0.05


def test_a_dropped_connection_is_reset(proxy: CountingProxy, connection: extensions.connection) -> None:
    proxy.drop()
    assert proxy.connections == 0
    with pytest.raises(psycopg2.OperationalError, match=r"reset by peer|closed the connection"):
        run(connection, "select 1")


def test_a_stalled_connection_can_be_dropped(proxy: CountingProxy, connection: extensions.connection) -> None:
    proxy.stall()
    threading.Timer(0.1, proxy.drop).start()
    with pytest.raises(psycopg2.OperationalError):
        run(connection, "select 1")


def test_a_stalled_connection_answers_when_it_flows_again(
    proxy: CountingProxy, connection: extensions.connection
) -> None:
    proxy.stall()
    threading.Timer(0.1, proxy.resume).start()
    began = time.monotonic()
    assert run(connection, "select 1") == [(1,)]
    assert time.monotonic() - began >= 0.09


def test_a_half_closed_connection_ends_for_the_client(proxy: CountingProxy, connection: extensions.connection) -> None:
    proxy.half_close()
    with pytest.raises(psycopg2.OperationalError, match="closed the connection"):
        run(connection, "select 1")


def test_new_connections_are_possible_after_a_fault(proxy: CountingProxy, server_18: EmbeddedServer) -> None:
    proxy.drop()
    made = connect(proxy, server_18)
    assert run(made, "select 1") == [(1,)]
    made.close()


def test_a_server_that_is_not_there_ends_the_connection(proxy: CountingProxy) -> None:
    with CountingProxy("127.0.0.1", 9) as nowhere, pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(host="127.0.0.1", port=nowhere.port, user="nobody", dbname="nothing")


def test_the_extended_protocol_is_one_round_trip_to_its_sync() -> None:
    talk = Conversation(7)
    talk.from_client(STARTUP)
    talk.from_server(READY)
    parse = typed(b"P", b"name\0select $1\0" + struct.pack("!h", 0))
    found = talk.from_client(parse + typed(b"B") + typed(b"E") + typed(b"S"))
    assert [message.kind for message in found] == ["P", "B", "E", "S"]
    assert found[0] == Message(7, "P", "select $1")
    assert talk.from_server(typed(b"1") + typed(b"2") + typed(b"C") + READY) == 1


def test_messages_may_arrive_in_any_pieces() -> None:
    talk = Conversation(0)
    sent = struct.pack("!ii", 8, 80877103) + STARTUP + typed(b"Q", b"select 1\0") + typed(b"Q", b"select 2\0")
    found = []
    for byte in sent[:8]:
        found += talk.from_client(bytes([byte]))
    assert talk.from_server(b"N") == 0
    for byte in sent[8:20]:
        found += talk.from_client(bytes([byte]))
    assert sum(talk.from_server(bytes([byte])) for byte in READY) == 0
    for byte in sent[20:]:
        found += talk.from_client(bytes([byte]))
    assert [message.kind for message in found] == ["SSLRequest", "StartupMessage", "Q", "Q"]
    assert sum(talk.from_server(bytes([byte])) for byte in READY + READY) == 1


def test_an_encrypted_connection_passes_uncounted() -> None:
    talk = Conversation(0)
    talk.from_client(struct.pack("!ii", 8, 80877103))
    assert talk.from_server(b"S") == 0
    assert talk.from_client(b"\x16\x03\x01 whatever") == []
    assert talk.from_server(READY) == 0


def until(condition) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)
