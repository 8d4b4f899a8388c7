"""Is it really ours: finds the server process of a data directory, and ends that one and no other."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ..errors import ServerError
from .directory import POLL_SECONDS
from .owner import PROC, has_proc

_FAST_SECONDS = 20.0
_IMMEDIATE_SECONDS = 10.0
_START_SECONDS = 60.0
_NO_PROCESS = 2**31 - 1  # above every system's limit


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The server process of a data directory."""

    pid: int
    port: int
    ready: bool


def find_postmaster(data: Path) -> Postmaster | None:
    """Return the server that runs on `data`, or None.

    `postmaster.pid` alone proves nothing: after a crash its number may belong to any other program.
    """
    lines = _pid_file(data)
    try:
        pid, port = int(lines[0]), int(lines[3])
    except (IndexError, ValueError):
        return None
    if not is_postmaster(pid, data):
        return None
    return Postmaster(pid, port, ready=len(lines) > 7 and lines[7].strip() == "ready")  # noqa: PLR2004  # its 8th line


def is_postmaster(pid: int, data: Path) -> bool:
    """Tell whether process `pid` is a PostgreSQL server, and the one of `data`."""
    words = _command(pid)
    if not words or Path(words[0]).name not in {"postgres", "postmaster"}:
        return False
    try:
        return (PROC / str(pid) / "cwd").readlink() == data.resolve()
    except OSError:
        # in a container root may lack the right to see another account's directory
        return str(data) in words


def forget_stale_number(data: Path) -> None:
    """Take the number out of a `postmaster.pid` that is not our server's: PostgreSQL would not start because of it.

    Any program may have it by now, or the dead server lies unburied in a container. The rest of the file stays, since
    by it PostgreSQL sees whether sessions of the dead server still write.
    """
    lines = _pid_file(data)
    if not lines or find_postmaster(data) is not None:
        return
    with suppress(FileNotFoundError):
        descriptor = os.open(data / "postmaster.pid", os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join([str(_NO_PROCESS), *lines[1:]]) + "\n")


def await_starters(data: Path) -> None:
    """Wait for a `pg_ctl start` whose caller was killed: its server may not have written `postmaster.pid` yet."""
    deadline = time.monotonic() + _START_SECONDS
    while has_proc() and time.monotonic() < deadline:
        commands = (_command(int(entry.name)) for entry in PROC.iterdir() if entry.name.isdigit())
        if not any(words and Path(words[0]).name == "pg_ctl" and str(data) in words for words in commands):
            return
        time.sleep(POLL_SECONDS)


def await_ready(data: Path, log: Path) -> Postmaster:
    """Return the server of `data` as soon as it accepts connections; raises ServerError when it ends or takes long."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        found = find_postmaster(data)
        if found is None:
            raise ServerError(f"the server ended while it started: see why in {log}")
        if found.ready:
            return found
        time.sleep(POLL_SECONDS)
    raise ServerError(f"the server did not accept connections within {_START_SECONDS:.0f} s: see why in {log}")


def stop_postmaster(data: Path) -> None:
    """End the server of `data`, where one runs: sessions are broken off; when that hangs, without a checkpoint.

    The signals are those of `pg_ctl stop`, whose program may be gone along with its virtual environment by now.
    Raises ServerError for a server that survives.
    """
    found = find_postmaster(data)
    if found is None:
        return
    for number, seconds in ((signal.SIGINT, _FAST_SECONDS), (signal.SIGQUIT, _IMMEDIATE_SECONDS)):
        if is_postmaster(found.pid, data):
            with suppress(ProcessLookupError):
                os.kill(found.pid, number)
        if _ended(found.pid, data, seconds):
            return
    raise ServerError(
        f"the server with process id {found.pid} on {data} does not stop: see its log, then kill -9 {found.pid}"
    )


def _ended(pid: int, data: Path, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_postmaster(pid, data):
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _pid_file(data: Path) -> list[str]:
    try:
        return (data / "postmaster.pid").read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _command(pid: int) -> list[str]:
    """Return the words of a living process's command line, or none."""
    if pid <= 1:
        return []
    if has_proc():
        try:
            return (PROC / str(pid) / "cmdline").read_text("utf-8", "replace").rstrip("\0").split("\0")
        except OSError:
            return []
    said = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)  # noqa: S603
    return said.stdout.split()
