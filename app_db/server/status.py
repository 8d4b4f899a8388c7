"""What can be said of a server from outside, whoever started it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ..errors import ServerError
from .home import ServerHome, State
from .owner import is_alive
from .postmaster import Postmaster, find_postmaster

StateName = Literal["running", "stopped", "orphaned", "missing", "broken"]


@dataclass(frozen=True, slots=True)
class ServerStatus:
    """A server as it was a moment ago.

    `orphaned`: made for a process that is gone, and swept away by the next start or stop. `broken`: half made (by a
    process that was killed, or is still at it), or its `server.json` is lost.
    """

    name: str
    state: StateName
    port: int | None
    pid: int | None
    version: str | None
    directory: Path
    owner_pid: int | None


def inspect(home: ServerHome) -> ServerStatus:
    """Return the status of the server that lives in `home`, changing nothing."""
    try:
        state = home.read_state()
    except ServerError:
        state = None
    postmaster = find_postmaster(home.data)
    return ServerStatus(
        name=home.name,
        state=_word(home, state, postmaster),
        port=postmaster.port if postmaster else (state.port or None) if state else None,
        pid=postmaster.pid if postmaster else None,
        version=state.version or None if state else None,
        directory=home.directory,
        owner_pid=state.owner_pid if state else None,
    )


def is_orphaned(state: State | None) -> bool:
    """Tell whether the server was made for a process that is gone."""
    if state is None or not state.ephemeral or state.owner_pid is None:
        return False
    return not is_alive(state.owner_pid, state.owner_started)


def _word(home: ServerHome, state: State | None, postmaster: Postmaster | None) -> StateName:
    if not home.directory.is_dir():
        return "missing"
    if is_orphaned(state):
        return "orphaned"
    if postmaster is not None:
        return "running"
    return "stopped" if state is not None and state.ready else "broken"
