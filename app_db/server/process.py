"""Calls initdb and pg_ctl: makes a data directory, starts a server on it."""

from __future__ import annotations

import secrets
import socket
import time
from dataclasses import replace
from pathlib import Path

from ..errors import ServerError
from .account import run
from .binaries import has_library, major_version, postgres_version
from .directory import POLL_SECONDS
from .home import ServerHome, State
from .postmaster import find_postmaster, forget_stale_number

SUPERUSER = "postgres"
HOST = "127.0.0.1"
_INITDB_SECONDS = 120.0
_START_SECONDS = 60
_ATTEMPTS = 10
# a port that somebody else took first; the sessions of a crashed server, which end by themselves
_PASSING = ("Address already in use", "is still in use")
_BUILTIN_LOCALE_SINCE = 17


def new_state(*, ephemeral: bool) -> State:
    """Return the state of a server that is yet to be made."""
    return State(port=0, password=secrets.token_urlsafe(24), ephemeral=ephemeral)


def make_data(home: ServerHome, state: State, binaries: Path, lock: int) -> State:
    """Make the data directory and return the state that says so; raises ServerError.

    `lock` is the descriptor of the server's lock. initdb inherits it, so that nobody begins anew while an initdb whose
    caller was killed still writes.
    """
    version = postgres_version(binaries)
    state = replace(state, binaries=str(binaries), version=version, ready=False)
    home.write_state(state)
    home.empty_data()
    password = home.write_password(state.password)
    try:
        _initdb(home, state, binaries, password, lock)
    finally:
        password.unlink(missing_ok=True)
    state = replace(state, ready=True)
    home.write_state(state)
    return state


def copy_data(home: ServerHome, state: State, source: ServerHome) -> State:
    """Copy the data directory of a stopped server, its password with it; return the state that says so.

    Raises ServerError where there is nothing whole to copy.
    """
    original = source.read_state()
    if original is None or not original.ready or find_postmaster(source.data) is not None:
        raise ServerError(f"{source.directory} holds no stopped server whose data could be copied: remove it")
    state = replace(state, password=original.password, version=original.version, ready=False)
    home.write_state(state)
    home.empty_data()
    said = run(["cp", "-a", f"{source.data}/.", f"{home.data}/"], seconds=_INITDB_SECONDS)
    if said.returncode != 0:
        raise ServerError(f"{source.data} can't be copied to {home.data}: {said.stderr.strip()}")
    state = replace(state, ready=True)
    home.write_state(state)
    return state


def flush_data(home: ServerHome, binaries: Path) -> None:
    """Have the data of a stopped server written to the disk; raises ServerError."""
    said = run([binaries / "initdb", "--sync-only", f"--pgdata={home.data}"], seconds=_INITDB_SECONDS)
    if said.returncode != 0:
        raise ServerError(f"{home.data} could not be written to the disk: {said.stderr.strip()}")


def require_same_major(home: ServerHome, binaries: Path) -> None:
    """Raise ServerError where another major version than that of `binaries` made the data directory."""
    made_by = (home.data / "PG_VERSION").read_text("utf-8").strip()
    version = postgres_version(binaries)
    if str(major_version(version)) != made_by:
        raise ServerError(
            f"the data of server {home.name!r} were made by PostgreSQL {made_by}, and {binaries} is PostgreSQL "
            f"{version}, which can't read them: set APP_DB_SERVER_BINARIES to PostgreSQL {made_by}, or type "
            f"`app-db server stop {home.name}` and remove {home.directory}, whose data are lost then"
        )


def launch(home: ServerHome, state: State, binaries: Path) -> None:
    """Start the server, on the port it had where that is free; raises ServerError with the end of its log."""
    forget_stale_number(home.data)
    version = postgres_version(binaries)
    for _ in range(_ATTEMPTS):
        state = replace(state, port=free_port(state.port), binaries=str(binaries), version=version)
        home.write_state(state)
        if _pg_ctl_start(home, state, binaries):
            return
        time.sleep(POLL_SECONDS)
    raise ServerError(
        f"server {home.name!r} did not start: {_ATTEMPTS} times its port was taken by somebody else, or sessions of a "
        f"crashed server were still at work on its data: see {home.log}, and try again"
    )


def free_port(wanted: int = 0) -> int:
    """Return `wanted` where nobody listens on it, else a port that is free now (and may be lost before it's used)."""
    for port in (wanted, 0):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerError(f"{HOST} has no free port: see what listens with ss -ltn")


def _initdb(home: ServerHome, state: State, binaries: Path, password: Path, lock: int) -> None:
    command: list[str | Path] = [
        binaries / "initdb", f"--pgdata={home.data}", f"--username={SUPERUSER}", f"--pwfile={password}",
        "--auth=scram-sha-256", "--encoding=UTF8", *(["--no-sync"] if state.ephemeral else []),
    ]  # fmt: skip
    for locale in _locales(major_version(state.version)):
        said = run([*command, *locale], seconds=_INITDB_SECONDS, pass_fds=[lock])
        if said.returncode == 0:
            return
        if "locale" not in said.stderr:
            break
        home.empty_data()
    raise ServerError(f"initdb failed, so there is no server {home.name!r}: {said.stderr.strip()}")


def _locales(major: int) -> list[list[str]]:
    """By code point everywhere, and knowing the letters of all languages where the system or the server does."""
    builtin = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    return [["--locale=C.UTF-8"], *([builtin] if major >= _BUILTIN_LOCALE_SINCE else []), ["--no-locale"]]


def _pg_ctl_start(home: ServerHome, state: State, binaries: Path) -> bool:
    """Start; False where another attempt may succeed. pg_ctl is silent, or it would die with its caller."""
    before = home.open_log()
    said = run(
        [
            binaries / "pg_ctl", "start", "-s", "-w", "-t", str(_START_SECONDS),
            "-D", home.data, "-l", home.log, "-o", _options(state, binaries),
        ],
        seconds=_START_SECONDS + 10,
    )  # fmt: skip
    if said.returncode == 0 or find_postmaster(home.data) is not None:
        return True
    with home.log.open("rb") as file:
        file.seek(before)
        log = file.read().decode("utf-8", "replace")
    if any(failure in log for failure in _PASSING):
        return False
    end = "\n".join(log.splitlines()[-10:])
    raise ServerError(f"server {home.name!r} did not start: {said.stderr.strip()}\n{end}\n(see {home.log})")


def _options(state: State, binaries: Path) -> str:
    settings = {
        "port": str(state.port),
        "listen_addresses": HOST,
        "unix_socket_directories": "''",
        "max_connections": "200",
        "max_prepared_transactions": "20",
        "timezone": "UTC",
        "log_timezone": "UTC",
        "password_encryption": "scram-sha-256",
        "synchronous_commit": "off",
    }
    if state.ephemeral:
        settings |= {"fsync": "off", "full_page_writes": "off", "bgwriter_lru_maxpages": "0"}
    if has_library(binaries, "pg_stat_statements"):
        settings["shared_preload_libraries"] = "pg_stat_statements"
    return " ".join(f"-c {name}={value}" for name, value in settings.items())
