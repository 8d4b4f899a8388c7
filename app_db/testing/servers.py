"""Which server the tests have: one that is named, one of pytest-postgresql, or one that is started for the run."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

from ..errors import SuiteError
from ..server import EmbeddedServer, cached_data, find_binaries, list_servers, stop_servers
from ..server.binaries import postgres_version, usable_binaries
from ..server.directory import find_temporary_root, make_root
from ..settings import load_settings
from ..settings.url import DRIVER
from .installation import Installation, SuiteServer
from .recipe import Recipe
from .template import ensure_template

PREFIX = "pytest-"
_PEERS_OWN_HOST = "127.0.0.1"  # what pytest-postgresql says where nobody has said anything
_KEPT_FOR = 24 * 3600.0


def own_server(recipe: Recipe, *, run: str, owner_pid: int, binaries: Path | None = None) -> SuiteServer:
    """Return the server of this run, started now where no other worker has done so.

    Its data are a copy of a directory that holds the template already. It belongs to the process `owner_pid`.
    """
    binaries = usable_binaries(find_binaries(binaries), make_root())
    prefix = load_settings(environment="test").role_prefix
    key = recipe.key(str(binaries), postgres_version(binaries), prefix)

    def build(server: EmbeddedServer) -> None:
        ensure_template(Installation(_suite_server(server, prefix)), recipe)

    _stop_kept_of_yesterday()
    source = cached_data(key, build, binaries=binaries)
    server = EmbeddedServer(
        f"{run}-{key}", root=find_temporary_root(), binaries=binaries, ephemeral=True, owner_pid=owner_pid,
        copy_of=source,
    )  # fmt: skip
    server.start()
    return _suite_server(server, prefix)


def end_run(run: str, *, keep: bool) -> list[str]:
    """Stop the servers of the run, or with `keep` let them go on without an owner; return their names."""
    names = [status.name for status in list_servers() if status.name.startswith(run)]
    for name in names:
        if keep:
            EmbeddedServer(name, root=find_temporary_root()).disown()
        else:
            stop_servers(name)
    return names


def postgresql_fixture(request: pytest.FixtureRequest) -> str | None:
    """Return the fixture of pytest-postgresql whose server the suite has, or None.

    It is what `app_db_postgresql` names; else the no-process fixture where its host is configured; else what a
    `conftest.py` has under one of the plugin's own names.
    """
    config = request.config
    if named := str(config.getini("app_db_postgresql")):
        if not _fixtures_named(named, request):
            raise SuiteError(
                f"app_db_postgresql names {named!r}, which is no fixture of the suite: name one that is made by "
                "pytest_postgresql.factories, in the conftest.py at the root of the tests"
            )
        return named
    if not config.pluginmanager.has_plugin("pytest_postgresql"):
        return None
    if config.getoption("postgresql_host", None) or config.getini("postgresql_host") != _PEERS_OWN_HOST:
        return "postgresql_noproc"
    for name in ("postgresql_proc", "postgresql_noproc"):
        if len(_fixtures_named(name, request)) > 1:  # the plugin's own, and one that overrides it
            return name
    return None


def _fixtures_named(name: str, request: pytest.FixtureRequest) -> Sequence[object]:
    # Nothing public tells which fixtures a suite has. The first test that asks stands for all: the session itself sees
    # nothing of a conftest.py below the root directory.
    return request._fixturemanager.getfixturedefs(name, request._pyfuncitem) or ()  # noqa: SLF001


def postgresql_server(executor: Any) -> SuiteServer:
    """Return the server of a process or no-process fixture of pytest-postgresql."""
    url = URL.create(
        DRIVER, executor.user, executor.password or None, str(executor.host), int(executor.port), "postgres"
    )
    return named_server(url)


def named_server(url: URL | str) -> SuiteServer:
    """Return the server behind the URL of an administrator; passwords there are derived from a secret of this user."""
    return SuiteServer.of(url, secret=_user_secret())


def _suite_server(server: EmbeddedServer, prefix: str) -> SuiteServer:
    url = server.superuser_url()
    secret = hashlib.sha256(str(url.password).encode()).hexdigest()
    return SuiteServer(url, secret=secret, role_prefix=prefix, is_ours=True)


def _user_secret() -> str:
    path = make_root() / "testing-secret"
    if not path.exists():
        temporary = path.with_name(f"{path.name}-{os.getpid()}-{secrets.token_hex(4)}")
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(secrets.token_hex(32))
        try:
            os.link(temporary, path)  # fails where another process was first, whose secret it is then
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_text("utf-8")


def _stop_kept_of_yesterday() -> None:
    for status in list_servers():
        is_kept = status.name.startswith(PREFIX) and status.owner_pid is None
        if is_kept and status.state == "running" and time.time() - status.directory.stat().st_mtime > _KEPT_FOR:
            stop_servers(status.name)
