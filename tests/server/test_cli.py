"""`app-db server`: what is printed, and what is refused."""

from __future__ import annotations

import json
import sys
import types

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from app_db.cli.server import server as group
from app_db.errors import ServerError
from app_db.server import EmbeddedServer
from app_db.settings import LoginUrl


@pytest.fixture
def cli(root, monkeypatch, plant):
    monkeypatch.setenv("APP_DB_SERVER_DIRECTORY", str(root))

    def urls(settings):
        if not (root / "servers" / "default").exists():
            plant()
        EmbeddedServer(root=settings.server_directory).start()
        return {login: make_url(f"postgresql://{login.field}:secret@127.0.0.1/app") for login in LoginUrl}

    development = types.ModuleType("app_db.server.development")
    development.development_urls = urls
    monkeypatch.setitem(sys.modules, development.__name__, development)

    def run(*words, catch_exceptions=False):
        return CliRunner().invoke(group, words, catch_exceptions=catch_exceptions)

    return run


def test_status_of_nothing_says_how_to_start(cli):
    assert "app-db server start" in cli("status").output
    assert json.loads(cli("status", "--json").output) == []


def test_start_status_url_and_stop_go_together(cli, root):
    started = json.loads(cli("start", "--json").output)
    assert (started["name"], started["state"]) == ("default", "running")
    assert json.loads(cli("status", "--json").output) == [started]
    assert f"127.0.0.1:{started['port']}" in cli("status").output
    assert cli("url").output == "postgresql://url:secret@127.0.0.1/app\n"
    assert json.loads(cli("url", "--role", "tenant-admin", "--json").output) == {
        "role": "tenant-admin",
        "url": "postgresql://tenant_admin_url:secret@127.0.0.1/app",
    }
    superuser = make_url(cli("url", "--role", "superuser").output.strip())
    assert (superuser.username, superuser.port, superuser.database) == ("postgres", started["port"], "app")
    assert cli("stop").output == "stopped default\n"
    assert json.loads(cli("stop", "--json").output) == []


def test_no_password_is_shown_but_by_url(cli, root):
    shown = cli("start").output + cli("status").output + cli("status", "--json").output
    assert EmbeddedServer(root=root).superuser_url().password not in shown
    assert "secret" not in shown


def test_stop_by_name_and_all_at_once_is_refused(cli):
    result = cli("stop", "default", "--all")
    assert (result.exit_code, "either NAME or --all" in result.output) == (2, True)


def test_stopping_an_unknown_name_is_refused(cli):
    with pytest.raises(ServerError, match="no server 'other'"):
        cli("stop", "other")


def test_the_url_of_an_unknown_role_is_refused(cli):
    assert cli("url", "--role", "owner").exit_code == 2
