"""Starting, and what is refused."""

from __future__ import annotations

import socket
import stat
from dataclasses import asdict
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from app_db.errors import ServerError
from app_db.server import EmbeddedServer, list_servers, process, stop_servers

PG15 = Path("/usr/lib/postgresql/15/bin")


def test_a_cold_start_gives_a_url_that_works(root, query):
    with EmbeddedServer.temporary("demo", root=root) as server:
        url = server.superuser_url()
        assert (url.drivername, url.host, url.database) == ("postgresql+psycopg2", "127.0.0.1", "postgres")
        assert query(url, "select lower('Ж')") == "ж"
        assert server.status().state == "running"
        assert [status.name for status in list_servers(root)] == [server.name]
    assert server.status().state == "missing"
    assert list(root.glob("*/*")) == []


@pytest.mark.parametrize(
    ("setting", "ephemeral", "development"),
    [
        ("fsync", "off", "on"),
        ("full_page_writes", "off", "on"),
        ("synchronous_commit", "off", "off"),
        ("autovacuum", "on", "on"),
        ("listen_addresses", "127.0.0.1", "127.0.0.1"),
        ("unix_socket_directories", "", ""),
        ("max_connections", "200", "200"),
        ("max_prepared_transactions", "20", "20"),
        ("TimeZone", "UTC", "UTC"),
        ("server_encoding", "UTF8", "UTF8"),
        ("shared_preload_libraries", "pg_stat_statements", "pg_stat_statements"),
    ],
)
def test_servers_are_set_up_for_their_purpose(both_kinds, query, setting, ephemeral, development):
    shown = [query(server.superuser_url(), f"select current_setting('{setting}')") for server in both_kinds]
    assert shown == [ephemeral, development]


@pytest.fixture(scope="module")
def both_kinds(module_root):
    servers = EmbeddedServer.temporary(root=module_root), EmbeddedServer(root=module_root)
    for server in servers:
        server.start()
    return servers


def test_the_environment_of_the_server_holds_no_secret(plant, monkeypatch):
    monkeypatch.setenv("SOME_API_KEY", "hunter2")
    monkeypatch.setenv("PGPORT", "1")
    with plant() as server:
        environment = Path(f"/proc/{server.status().pid}/environ").read_bytes()
    assert b"hunter2" not in environment


def test_starting_twice_is_one_server(root, plant):
    server = plant("twice", ephemeral=True)
    server.start()
    first = server.status()
    server.start()
    EmbeddedServer("twice", root=root).start()
    assert server.status() == first


def test_a_restart_keeps_data_and_port(plant, query):
    server = plant()
    server.start()
    port = server.status().port
    query(server.superuser_url(), "create table kept as select 1; commit; select 1")
    server.stop()
    assert server.status().state == "stopped"
    server.start()
    assert server.status().port == port
    assert query(server.superuser_url(), "select count(*) from kept") == 1


def test_a_port_taken_meanwhile_is_exchanged(plant, query):
    server = plant()
    server.start()
    port = server.status().port
    server.stop()
    with socket.create_server(("127.0.0.1", port)):
        server.start()
        assert server.status().port != port
        assert query(server.superuser_url(), "select 1") == 1


def test_a_port_lost_between_choice_and_use_is_exchanged(plant, query, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ports = iter([taken.getsockname()[1]])
        choose = process.free_port
        monkeypatch.setattr(process, "free_port", lambda wanted: next(ports, None) or choose(wanted))
        with plant() as server:
            assert query(server.superuser_url(), "select 1") == 1


def test_four_processes_that_start_one_name_at_once_share_one_server(root, client):
    code = "server = EmbeddedServer('shared', root=root)\nserver.start()\nprint(server.status().pid)"
    ended = [(each, *each.communicate(timeout=60)) for each in [client(code) for _ in range(4)]]
    assert [(each.returncode, err) for each, _, err in ended] == [(0, "")] * 4
    assert len({out for _, out, _ in ended}) == 1
    assert [status.state for status in list_servers(root)] == ["running"]


def test_two_names_started_at_once_are_two_servers(root, client):
    code = "server = EmbeddedServer({!r}, root=root)\nserver.start()\nprint(server.status().port)"
    both = [client(code.format(name)) for name in ("one", "two")]
    assert len({each.communicate(timeout=60)[0] for each in both}) == 2
    assert [status.state for status in list_servers(root)] == ["running", "running"]


def test_a_log_that_grew_long_starts_anew(plant):
    server = plant()
    with (server.directory / "log").open("r+b") as log:
        log.truncate(11 * 1024 * 1024)
    server.start()
    assert (server.directory / "log").stat().st_size < 100_000


def test_the_systems_postgresql_15_serves_as_well(root, query):
    if not PG15.exists():
        pytest.skip(f"{PG15} is missing")
    with EmbeddedServer.temporary(root=root, binaries=PG15) as server:
        assert query(server.superuser_url(), "show server_version").startswith("15.")
        assert query(server.superuser_url(), "select lower('Ж')") == "ж"
        assert server.status().version.startswith("15.")


def test_a_wrong_password_is_refused(plant, query):
    with (
        plant() as server,
        pytest.raises(OperationalError, match="password authentication failed"),
    ):
        query(server.superuser_url().set(password="wrong"), "select 1")


def test_the_password_stays_in_a_file_for_its_owner(root):
    with EmbeddedServer.temporary(root=root) as server:
        password = server.superuser_url().password
        assert len(password) == 32
        assert stat.S_IMODE((server.directory / "server.json").stat().st_mode) == 0o600
        shown = [repr(server), str(server), repr(server.status()), str(asdict(server.status()))]
        shown += [repr(server._home.read_state()), str(server.superuser_url())]
        assert [text for text in shown if password in text] == []
        holders = [path for path in root.rglob("*") if path.is_file() and password.encode() in path.read_bytes()]
        assert [path.name for path in holders] == ["server.json"]


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "-x", "a b", "x" * 64, "ж"])
def test_impossible_names_are_refused(root, name):
    with pytest.raises(ServerError, match="can't be the name"):
        EmbeddedServer(name, root=root)


def test_a_server_never_started_has_no_url(root):
    server = EmbeddedServer(root=root)
    assert server.status().state == "missing"
    with pytest.raises(ServerError, match="start it first"):
        server.superuser_url()


def test_stopping_a_server_that_is_not_there_is_nothing(root):
    EmbeddedServer(root=root).stop()
    assert stop_servers(root=root) == []


def test_stopping_a_name_that_no_server_has_is_refused(root):
    with pytest.raises(ServerError, match="no server 'other'"):
        stop_servers("other", root=root)


@pytest.fixture
def stopped(plant):
    return plant()


def test_data_of_another_major_version_are_refused_and_kept(stopped):
    (stopped.directory / "data" / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServerError, match=r"made by PostgreSQL 14.*app-db server stop default.*remove") as refusal:
        stopped.start()
    assert str(stopped.directory) in str(refusal.value)
    assert (stopped.directory / "data" / "base").exists()


def test_data_without_state_are_refused_and_kept(stopped):
    (stopped.directory / "server.json").unlink()
    assert stopped.status().state == "broken"
    with pytest.raises(ServerError, match="password"):
        stopped.start()
    assert (stopped.directory / "data" / "base").exists()


def test_an_unreadable_state_is_refused_and_data_are_kept(stopped):
    (stopped.directory / "server.json").write_text("{")
    assert stopped.status().state == "broken"
    with pytest.raises(ServerError, match="can't be read"):
        stopped.start()
    assert (stopped.directory / "data" / "base").exists()


def test_data_that_lost_their_version_are_refused_and_kept(stopped):
    (stopped.directory / "data" / "PG_VERSION").unlink()
    with pytest.raises(ServerError, match="not ours to empty"):
        stopped.start()
    assert (stopped.directory / "data" / "base").exists()


def test_a_server_that_ends_at_once_is_reported_with_its_log(stopped):
    with (stopped.directory / "data" / "postgresql.auto.conf").open("a") as file:
        file.write("shared_buffers = 'much'\n")
    with pytest.raises(ServerError, match=r"did not start.*(?s:.*)shared_buffers"):
        stopped.start()
    assert stopped.status().state == "stopped"


def test_a_running_server_without_state_is_refused_and_can_be_stopped(root, plant):
    server = plant()
    server.start()
    (server.directory / "server.json").unlink()
    with pytest.raises(ServerError, match="password"):
        server.start()
    assert [status.name for status in stop_servers("default", root=root)] == ["default"]
    assert server.status().state == "broken"
