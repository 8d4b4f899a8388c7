"""Which account runs the server: one's own, or for root an unprivileged one, since PostgreSQL refuses to be root."""

from __future__ import annotations

import os
import pwd
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ServerError

_UNPRIVILEGED = ("postgres", "nobody")


class NotPermittedError(ServerError):
    """The server's account may not execute a program."""


@dataclass(frozen=True, slots=True)
class Account:
    """An account of this machine."""

    name: str
    uid: int
    gid: int


def server_account() -> Account | None:
    """Return the account that root's servers run as, or None for everybody else, whose servers are their own.

    Raises ServerError where root finds no unprivileged account.
    """
    if os.geteuid() != 0:
        return None
    for name in _UNPRIVILEGED:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if entry.pw_uid != 0:
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise ServerError(
        "PostgreSQL refuses to run as root, and there is neither an account 'postgres' nor 'nobody' to run it as: "
        "make one (useradd --system postgres), or work as an ordinary user"
    )


def run(
    command: Sequence[str | Path], *, seconds: float, pass_fds: Sequence[int] = ()
) -> subprocess.CompletedProcess[str]:
    """Run `command` as the server's account, with an environment that holds nobody's secrets and no PG* variable.

    Raises NotPermittedError where the account may not execute it, and ServerError where it can't be run at all or
    takes longer than `seconds`.
    """
    account = server_account()
    try:
        return subprocess.run(  # noqa: S603  # the command is made of our own words and paths
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=seconds,
            cwd="/",
            env=_environment(),
            pass_fds=pass_fds,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except PermissionError:
        who = account.name if account else "this account"
        raise NotPermittedError(
            f"{who!r}, as which the server runs, may not execute {command[0]}, or may not be switched to: "
            "set APP_DB_SERVER_BINARIES to programs that everybody may execute, or work as an ordinary user"
        ) from None
    except subprocess.TimeoutExpired:
        raise ServerError(f"{command[0]} did not end within {seconds:.0f} s: see how busy the machine is") from None
    except OSError as error:
        raise ServerError(f"{command[0]} can't be run ({error.strerror}): set APP_DB_SERVER_BINARIES") from None


def hand_over(path: Path) -> None:
    """Give a file of the server's own directory to the account that runs the server."""
    account = server_account()
    if account is not None:
        os.chown(path, account.uid, account.gid, follow_symlinks=False)


def require_passage(directory: Path) -> None:
    """Raise ServerError where the server's account can't reach `directory`; no mode is changed to let it."""
    account = server_account()
    if account is None or run(["/bin/sh", "-c", 'cd "$1"', "sh", directory], seconds=10).returncode == 0:
        return
    raise ServerError(
        f"the server of root runs as {account.name!r}, and that account can't pass through to {directory}, whose "
        "parents are closed to it: set APP_DB_SERVER_DIRECTORY to a directory below open ones, such as /var/lib/app_db"
    )


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ}
    return {"PATH": os.defpath, **kept, "LC_ALL": "C", "TZ": "UTC"}
