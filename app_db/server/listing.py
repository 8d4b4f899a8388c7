"""All servers of a user: lists them, stops them, sweeps away those whose owner is gone."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from ..errors import ServerError
from .directory import find_roots
from .home import TRASH, ServerHome
from .postmaster import await_starters, stop_postmaster
from .status import ServerStatus, inspect

DEFAULT_NAME = "default"


def list_servers(root: Path | None = None) -> list[ServerStatus]:
    """Return every server of this user, by name; raises ServerError where the directory is somebody else's."""
    return [inspect(home) for place in find_roots(root) for home in _homes(place)]


def stop_servers(name: str | None = None, *, everything: bool = False, root: Path | None = None) -> list[ServerStatus]:
    """Stop servers and return how each of them was found that was running or orphaned.

    Without `name` the default server is stopped and orphans are removed; with it, that server alone; with `everything`
    all of them, ephemeral ones whose owner lives included. Data are kept, those of ephemeral servers excepted. Raises
    ServerError for a name that no server has, and after the others are stopped for one that does not stop.
    """
    places = find_roots(root)
    homes = [home for place in places for home in _homes(place)]
    if name is not None and not everything:
        homes = _known(homes, name)
    found = [(home, inspect(home)) for home in homes]
    if name is None and not everything:
        found = [(home, status) for home, status in found if home.name == DEFAULT_NAME or status.state == "orphaned"]
    failures = []
    for home, _ in found:
        try:
            shut_down(home)
        except ServerError as error:
            failures.append(str(error))
    for place in places:
        reap_orphans(place)
    if failures:
        raise ServerError("; ".join(failures))
    return [status for _, status in found if status.pid is not None or status.state == "orphaned"]


def shut_down(home: ServerHome, *, remove: bool | None = None) -> None:
    """Stop one server and, with `remove`, remove it (default: an ephemeral one is); raises ServerError."""
    if home.directory.is_dir():
        with home.locked():
            _end(home, remove)


def reap_orphans(root: Path) -> None:
    """Stop and remove servers whose owner is gone, and rubbish; what can't be removed now stays listed as it is."""
    for home in _homes(root):
        # busy means that somebody starts or stops it at this moment
        with suppress(ServerError, OSError):
            if _is_reapable(home):
                with home.locked(seconds=0):
                    _reap(home)
    for trash in (root / "servers").glob(f"{TRASH}*"):
        shutil.rmtree(trash, ignore_errors=True)
    for lock in (root / "locks").glob("*.lock"):
        with suppress(ServerError, OSError):
            _reap_lock(ServerHome(root, lock.stem))


def _reap(home: ServerHome) -> None:
    # looked at again now that nobody else can change it
    if _is_reapable(home):
        _end(home, remove=True)


def _reap_lock(home: ServerHome) -> None:
    # held by whoever is about to make the server; those who wait for it notice that the file is gone
    if not home.directory.exists():
        with home.locked(seconds=0):
            if not home.directory.exists():
                home.lock_file.unlink(missing_ok=True)


def _is_reapable(home: ServerHome) -> bool:
    if not home.directory.is_dir():
        return False
    nothing_in_it = home.read_state() is None and not home.data.exists()
    return nothing_in_it or inspect(home).state == "orphaned"


def _end(home: ServerHome, remove: bool | None) -> None:
    await_starters(home.data)
    stop_postmaster(home.data)
    if remove is None:
        with suppress(ServerError):
            state = home.read_state()
            remove = state is not None and state.ephemeral
    if remove and home.directory.is_dir():
        home.remove()


def _known(homes: list[ServerHome], name: str) -> list[ServerHome]:
    found = [home for home in homes if home.name == name]
    if not found:
        known = ", ".join(home.name for home in homes) or "none"
        raise ServerError(f"there is no server {name!r} (there are: {known}): type `app-db server status`")
    return found


def _homes(root: Path) -> list[ServerHome]:
    try:
        entries = sorted((root / "servers").iterdir())
    except FileNotFoundError:
        return []
    homes = []
    for entry in entries:
        if entry.is_dir() and not entry.name.startswith("."):
            with suppress(ServerError):
                homes.append(ServerHome(root, entry.name))
    return homes
