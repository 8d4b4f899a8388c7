"""Real servers, each test in a directory of its own that the unprivileged account can pass through."""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, NullPool, create_engine, text
from support import server_root

import app_db
from app_db.server import EmbeddedServer
from app_db.server.directory import make_root

PACKAGE_PARENT = Path(app_db.__file__).resolve().parent.parent


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's, and no .env of the checkout, has a say."""
    for name in os.environ:
        if name.startswith(("APP_DB_", "PG")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def root() -> Iterator[Path]:
    with server_root() as directory:
        yield directory


@pytest.fixture(scope="module")
def module_root() -> Iterator[Path]:
    with server_root() as directory:
        yield directory


@pytest.fixture(scope="session")
def _template() -> Iterator[Path]:
    """A stopped server, made once: most tests are not about initdb."""
    with server_root() as directory:
        server = EmbeddedServer.temporary(root=directory)
        server.start()
        server.stop(remove=False)
        yield server.directory


@pytest.fixture
def plant(root: Path, _template: Path) -> Callable[..., EmbeddedServer]:
    """Return a server of this name, stopped, in `root`."""

    def copy(name: str = "default", *, ephemeral: bool = False) -> EmbeddedServer:
        server = EmbeddedServer(name, root=root, ephemeral=ephemeral)
        make_root(root)
        subprocess.run(["cp", "-a", _template, server.directory], check=True)
        home = server._home
        home.write_state(dataclasses.replace(home.read_state(), ephemeral=ephemeral, owner_pid=None))
        return server

    return copy


@pytest.fixture
def query() -> Callable[..., Any]:
    def ask(url: URL, statement: str) -> Any:
        engine = create_engine(url, poolclass=NullPool)
        with engine.connect() as connection:
            return connection.execute(text(statement)).scalar_one()

    return ask


@pytest.fixture
def client(root: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start another Python process in which `root`, `os` and everything of `app_db.server` is at hand."""
    begun: list[subprocess.Popen[str]] = []

    def run(code: str) -> subprocess.Popen[str]:
        head = f"import os, time\nfrom pathlib import Path\nfrom app_db.server import *\nroot = Path({str(root)!r})\n"
        process = subprocess.Popen(
            [sys.executable, "-c", head + code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(PACKAGE_PARENT), *sys.path[1:]])},
        )
        begun.append(process)
        return process

    yield run
    for process in begun:
        process.kill()
        process.communicate()


@pytest.fixture
def until() -> Callable[[Callable[[], Any]], Any]:
    def wait(condition: Callable[[], Any], seconds: float = 20) -> Any:
        deadline = time.monotonic() + seconds
        while not (found := condition()):
            assert time.monotonic() < deadline, "waited in vain"
            time.sleep(0.005)
        return found

    return wait
