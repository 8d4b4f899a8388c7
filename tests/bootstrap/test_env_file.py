"""The file with the URLs: private, whole, and never in the place of another."""

from __future__ import annotations

import os
import stat

import pytest
from dotenv import dotenv_values
from sqlalchemy.engine import URL

from app_db.bootstrap import BootstrapReport, env_file, write_env_file
from app_db.errors import BootstrapError
from app_db.settings import LoginUrl, load_settings


def report(password="p@ss w#rd$x", prefix="shop_"):
    url = URL.create("postgresql+psycopg2", "login", password, "db.example", 5432, "shop", {"sslmode": "require"})
    return BootstrapReport(dict.fromkeys(LoginUrl, url), (), (), (), (), prefix)


def test_it_is_read_by_its_owner_alone_whatever_the_umask(tmp_path):
    previous = os.umask(0)
    try:
        write_env_file(tmp_path / ".env", report())
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_settings_read_back_what_was_written(tmp_path, monkeypatch):
    for name in (*(login.value for login in LoginUrl), "APP_DB_ROLE_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    write_env_file(tmp_path / ".env", report())
    settings = load_settings(tmp_path)
    assert settings.role_prefix == "shop_"
    assert {settings.login_url(login) for login in LoginUrl} == set(report().urls.values())
    assert dotenv_values(tmp_path / ".env")["DATABASE_URL"].startswith("postgresql://login:")


def test_without_a_prefix_none_is_written(tmp_path):
    write_env_file(tmp_path / ".env", report(prefix=""))
    assert "ROLE_PREFIX" not in (tmp_path / ".env").read_text()


def test_a_login_without_known_password_becomes_a_comment(tmp_path):
    write_env_file(tmp_path / ".env", report(password=None))
    assert set(dotenv_values(tmp_path / ".env")) == {"APP_DB_ROLE_PREFIX"}
    assert "# DATABASE_URL: login existed before" in (tmp_path / ".env").read_text()


def test_a_file_that_exists_is_refused_and_stays(tmp_path):
    (tmp_path / ".env").write_text("MINE=1\n")
    with pytest.raises(BootstrapError, match=r"exists.*--env-file.*--rotate-passwords"):
        write_env_file(tmp_path / ".env", report())
    assert (tmp_path / ".env").read_text() == "MINE=1\n"


def test_a_dangling_link_is_refused(tmp_path):
    (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BootstrapError, match="exists"):
        write_env_file(tmp_path / ".env", report())
    assert not (tmp_path / "elsewhere").exists()


def test_a_file_that_appears_meanwhile_is_refused_too(tmp_path, monkeypatch):
    monkeypatch.setattr(env_file, "check_env_file", lambda path, *, replace: path.write_text("MINE=1\n"))
    with pytest.raises(BootstrapError, match="exists"):
        write_env_file(tmp_path / ".env", report())
    assert (tmp_path / ".env").read_text() == "MINE=1\n"
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_a_folder_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(BootstrapError, match="mkdir -p"):
        write_env_file(tmp_path / "none" / ".env", report())


def test_replacing_keeps_the_lines_of_others_and_makes_the_file_private(tmp_path):
    path = tmp_path / ".env"
    path.write_text("# mine\nMINE=1\nDATABASE_URL=postgresql://old/old\n# APP_DB_AUTH_URL: x existed before\n")
    path.chmod(0o644)
    write_env_file(path, report(), replace=True)
    text = path.read_text()
    assert text.startswith("# mine\nMINE=1\n")
    assert "old" not in text
    assert "existed before" not in text
    assert text.count("DATABASE_URL=") == 1
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
