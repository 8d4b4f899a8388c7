"""Data directories that are made once and copied for each server: what is in them is worth a second of work."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .binaries import find_binaries, usable_binaries
from .directory import find_temporary_root, locked, make_directory, make_root, passable
from .embedded import EmbeddedServer
from .home import TRASH, ServerHome
from .process import flush_data

# Each is about 50 MB, and in memory where that has room.
_MOST = 6
_OLDEST = 7 * 24 * 3600.0  # seconds since it was last used


def cached_data(
    key: str, build: Callable[[EmbeddedServer], None], *, binaries: Path | None = None, root: Path | None = None
) -> ServerHome:
    """Return a stopped server whose data `build` has made, by `key`; built on a new server where there is none yet.

    Any number of processes may ask at once, and one of them builds. One that is killed leaves an orphaned server, which
    the next start of any server sweeps away: what is in the cache was renamed into it whole.
    """
    place = make_root(find_temporary_root(root))
    home = ServerHome(place / "cached", key)
    make_directory(home.root, passable())
    make_directory(home.directory.parent, passable())
    if not home.directory.exists():
        with locked(place / "locks" / f"cached-{key}.lock"):
            if not home.directory.exists():
                _build(home, build, binaries, root)
    os.utime(home.directory)
    _prune(home)
    return home


def _build(home: ServerHome, build: Callable[[EmbeddedServer], None], binaries: Path | None, root: Path | None) -> None:
    with EmbeddedServer.temporary("build", root=root, binaries=binaries) as server:
        build(server)
        server.stop(remove=False)
        flush_data(
            ServerHome(server.directory.parents[1], server.name),
            usable_binaries(find_binaries(binaries), make_root(root)),
        )
        server.directory.rename(home.directory)


def _prune(current: ServerHome) -> None:
    """Remove what has not been used for long, and all but the last used few."""
    store = current.directory.parent
    for trash in store.glob(f"{TRASH}*"):
        shutil.rmtree(trash, ignore_errors=True)
    by_use = sorted((path for path in store.iterdir() if path != current.directory), key=_used_at, reverse=True)
    for position, path in enumerate(by_use, start=1):
        if position >= _MOST or time.time() - _used_at(path) > _OLDEST:
            trash = path.with_name(f"{TRASH}{path.name}-{os.getpid()}")
            with suppress(OSError):  # somebody else was faster
                path.rename(trash)
                shutil.rmtree(trash, ignore_errors=True)


def _used_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
