"""Debian's PgBouncer, as a rule in transaction mode, in front of a server of the tests'."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Self

import pytest
from sqlalchemy import URL

from app_db.server.account import server_account

PROGRAM = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
START_SECONDS = 10.0
WAIT_SECONDS = 1  # for a connection to the server; by itself it is two minutes


def require_pgbouncer() -> None:
    """Skip the test where it is not installed; in CI that is a failure."""
    if PROGRAM is None:
        pytest.skip("PgBouncer is not installed here: apt-get install pgbouncer")


class PgBouncer:
    """Passes the logins of `urls`, which are all on one server, through `pool_size` connections for each."""

    def __init__(self, urls: Iterable[URL], *, pool_size: int = 2, pool_mode: str = "transaction") -> None:
        self._urls = list(urls)
        self._pool_size = pool_size
        self._pool_mode = pool_mode
        self._directory = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    def through(self, url: URL) -> URL:
        """Return the URL of the same database through the pooler."""
        return url.set(host="127.0.0.1", port=self.port)

    def start(self) -> None:
        """Start it; returns when it answers."""
        assert PROGRAM is not None
        account = server_account()
        self._write(account.uid if account else os.getuid())
        self._process = subprocess.Popen(
            [PROGRAM, "-q", str(self._directory / "pgbouncer.ini")], stderr=subprocess.DEVNULL,
            user=account.uid if account else None, group=account.gid if account else None,
            extra_groups=[] if account else None,
        )  # fmt: skip
        self._wait()

    def stop(self) -> None:
        """End it at once, as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        shutil.rmtree(self._directory)

    def _write(self, owner: int) -> None:
        server = self._urls[0]
        users = "".join(f'"{url.username}" "{url.password}"\n' for url in self._urls)
        (self._directory / "users.txt").write_text(users)
        (self._directory / "pgbouncer.ini").write_text(
            f"[databases]\n* = host={server.host} port={server.port}\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {self.port}\nunix_socket_dir =\n"
            f"auth_type = scram-sha-256\nauth_file = {self._directory}/users.txt\nlogfile = {self._directory}/log\n"
            f"pool_mode = {self._pool_mode}\ndefault_pool_size = {self._pool_size}\nmax_client_conn = 1000\n"
            f"query_wait_timeout = {WAIT_SECONDS}\nserver_login_retry = 1\n"
        )
        for path in (self._directory, *self._directory.iterdir()):
            os.chown(path, owner, -1)

    def _wait(self) -> None:
        assert self._process is not None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        log = self._directory / "log"
        raise RuntimeError(f"PgBouncer does not answer: {log.read_text() if log.exists() else 'no log'}")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
