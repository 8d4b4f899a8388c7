"""Clients that are killed, and numbers of processes that mean another one by now."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time

import pytest

from app_db.errors import ServerError
from app_db.server import EmbeddedServer, account, list_servers, owner, postmaster, stop_servers
from app_db.server.directory import locked, make_root

HOLD = """
EmbeddedServer('held', root=root, ephemeral=True).start()
print('up', flush=True)
time.sleep(60)
"""
LOCK = """
from app_db.server.directory import locked
with locked(root / 'lock'):
    print(flush=True)
    time.sleep(60)
"""


@pytest.fixture
def orphan(root, client, plant):
    plant("held", ephemeral=True)
    process = client(HOLD)
    assert process.stdout.readline() == "up\n"
    process.kill()
    process.wait()
    return EmbeddedServer("held", root=root).status()


def _alive(pid):
    return owner.is_alive(pid)


def _ends(pid):
    """Wait for a process that has let go of its directory until the system has let go of it."""
    deadline = time.monotonic() + 10
    while _alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _alive(pid)


def test_the_server_of_a_killed_client_is_listed_and_can_be_stopped(root, orphan):
    assert (orphan.state, orphan.pid is not None) == ("orphaned", True)
    assert [status.state for status in list_servers(root)] == ["orphaned"]
    assert [status.name for status in stop_servers(root=root)] == ["held"]
    assert _ends(orphan.pid)
    assert list_servers(root) == []
    assert list(root.glob("*/*")) == []


def test_starting_any_server_sweeps_orphans_away(root, orphan, plant):
    with plant() as server:
        assert [status.name for status in list_servers(root)] == [server.name]
        assert _ends(orphan.pid)


def test_an_orphan_of_the_same_name_is_replaced(root, orphan):
    with EmbeddedServer("held", root=root, ephemeral=True) as server:
        assert server.status().state == "running"
        assert server.status().pid != orphan.pid
        assert server.status().owner_pid == os.getpid()


def test_an_owner_that_died_and_whose_number_is_reused_is_gone(root, plant):
    server = plant("used", ephemeral=True)
    server.start()
    state = server.directory / "server.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "owner_started": 1.0}))
    assert server.status().state == "orphaned"


def test_a_server_whose_owner_lives_is_spared_unless_all_or_named(root, plant):
    one, two = plant("one", ephemeral=True), plant("two", ephemeral=True)
    one.start()
    two.start()
    assert stop_servers(root=root) == []
    assert (one.status().state, two.status().state) == ("running", "running")
    stop_servers(one.name, root=root)
    assert (one.status().state, two.status().state) == ("missing", "running")
    stop_servers(everything=True, root=root)
    assert two.status().state == "missing"


def test_stopping_all_keeps_the_data_of_the_development_server(root, plant):
    server = plant()
    server.start()
    stop_servers(everything=True, root=root)
    assert server.status().state == "stopped"


def test_a_client_killed_in_initdb_leaves_what_the_next_start_rebuilds(root, client, until, query):
    server = EmbeddedServer(root=root)
    process = client("EmbeddedServer(root=root).start()")
    until((server.directory / "data" / "base").exists)
    process.kill()
    process.wait()
    assert server.status().state == "broken"
    server.start()
    assert query(server.superuser_url(), "select 1") == 1


@pytest.mark.parametrize("milliseconds", [0, 20, 60, 150])
def test_a_client_killed_while_the_server_starts_leaves_what_the_next_start_finds(
    root, client, until, plant, milliseconds
):
    server = plant()
    (server.directory / "log").unlink()
    process = client("EmbeddedServer(root=root).start()")
    until((server.directory / "log").exists)
    time.sleep(milliseconds / 1000)
    process.kill()
    process.wait()
    server.start()
    with socket.create_connection(("127.0.0.1", server.superuser_url().port)):
        pass
    stop_servers(root=root)
    assert postmaster.find_postmaster(server.directory / "data") is None


def test_an_ephemeral_server_killed_while_it_starts_is_ended_for_good(root, client, until):
    process = client(HOLD)
    directory = root / "servers" / "held"
    until((directory / "log").exists)
    process.kill()
    process.wait()
    stop_servers(root=root)
    assert list_servers(root) == []
    shown = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(directory) not in shown


def test_the_lock_of_a_killed_process_is_free(root, client):
    path = root / "lock"
    process = client(LOCK)
    process.stdout.readline()
    with pytest.raises(ServerError, match="another process holds"), locked(path, seconds=0.05):
        pass
    process.kill()
    process.wait()
    with locked(path, seconds=0.05):
        pass


def test_what_killed_processes_left_half_done_is_swept_away(root, plant):
    make_root(root)
    (root / "servers" / "begun").mkdir()
    (root / "servers" / ".removed-x" / "data").mkdir(parents=True)
    (root / "locks" / "gone.lock").touch()
    stop_servers(root=root)
    assert list(root.glob("*/*")) == []


def test_what_a_living_process_is_making_is_not_swept_away(root):
    make_root(root)
    (root / "servers" / "begun").mkdir()
    with locked(root / "locks" / "begun.lock"), locked(root / "locks" / "soon.lock"):
        EmbeddedServer.temporary(root=root).start()
        assert (root / "servers" / "begun").exists()
        assert (root / "locks" / "soon.lock").exists()


@pytest.fixture
def crashed(plant):
    """A server that died without removing its postmaster.pid."""
    server = plant()
    server.start()
    pid = server.status().pid
    os.kill(pid, signal.SIGKILL)
    while owner.is_alive(pid):
        time.sleep(0.01)
    return server


@pytest.fixture
def bystander():
    """A foreign program of the very account that runs the server."""
    runs_as = account.server_account()
    process = subprocess.Popen(["sleep", "60"], **({"user": runs_as.uid} if runs_as else {}))
    yield process
    process.kill()
    process.wait()


def _name_in_pid_file(server, pid):
    path = server.directory / "data" / "postmaster.pid"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([str(pid), *lines[1:]]) + "\n")


def test_a_crashed_server_is_stopped_and_starts_again(crashed, query):
    assert crashed.status().state == "stopped"
    crashed.start()
    assert query(crashed.superuser_url(), "select 1") == 1


def test_a_stale_number_that_is_a_foreign_process_is_not_killed(crashed, bystander, query):
    _name_in_pid_file(crashed, bystander.pid)
    assert crashed.status().state == "stopped"
    crashed.stop()
    assert bystander.poll() is None
    crashed.start()
    assert query(crashed.superuser_url(), "select 1") == 1
    assert bystander.poll() is None


def test_a_stale_number_that_is_the_server_of_other_data_is_not_killed(crashed, plant):
    with plant("other") as other:
        _name_in_pid_file(crashed, other.status().pid)
        assert crashed.status().state == "stopped"
        crashed.stop()
        assert other.status().state == "running"
        crashed.start()
        assert {crashed.status().state, other.status().state} == {"running"}


@pytest.mark.parametrize("content", ["", "x\n", "0\n\n\n1\n", "-1\n\n\n1\n", "1\n\n\n1\n", "99999999\n\n\n1\n"])
def test_a_pid_file_of_nonsense_names_no_server(tmp_path, content):
    (tmp_path / "postmaster.pid").write_text(content)
    assert postmaster.find_postmaster(tmp_path) is None


def test_a_hanging_server_is_stopped_the_hard_way(plant, monkeypatch):
    monkeypatch.setattr(postmaster, "_FAST_SECONDS", 0.0)
    server = plant()
    server.start()
    pid = server.status().pid
    server.stop()
    assert _ends(pid)


def test_removing_virtual_environment_and_all_does_not_save_a_server_from_stop(root, plant):
    server = plant("homeless", ephemeral=True)
    server.start()
    state = server.directory / "server.json"
    state.write_text(json.dumps({**json.loads(state.read_text()), "binaries": "/nonexistent"}))
    stop_servers(server.name, root=root)
    assert server.status().state == "missing"
