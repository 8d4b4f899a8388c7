"""Where servers live: a directory per user, a directory per server, its state file and its lock."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ServerError
from ..settings import load_settings

_FOR_ROOT = Path("/var/lib/app_db")
_FOR_ROOT_ELSE = Path("/var/tmp/app_db-0")  # noqa: S108  # refused where somebody else made it
_MEMORY = Path("/dev/shm")  # noqa: S108  # refused where somebody else made ours
_ENOUGH = 2 * 1024**3
_UNQUOTABLE = set("\"$`\\\n'")
POLL_SECONDS = 0.02
LOCK_SECONDS = 120.0


def find_root(explicit: Path | None = None) -> Path:
    """Return the directory of this user's servers, which need not exist yet.

    It is `explicit`, APP_DB_SERVER_DIRECTORY, or the user's own default. Raises ServerError where it is somebody
    else's.
    """
    root = (explicit or load_settings().server_directory or _default_root()).expanduser().absolute()
    if _UNQUOTABLE & set(str(root)):
        raise ServerError(
            f"the directory of servers {str(root)!r} has a quote, $ or backslash in its name, which pg_ctl's shell "
            "would read as its own: set APP_DB_SERVER_DIRECTORY to a plain name"
        )
    if os.path.lexists(root):
        _require_ours(root)
    return root.resolve()


def find_temporary_root(explicit: Path | None = None) -> Path:
    """Return the directory for servers that will be thrown away: in memory where that has room, else `find_root`.

    A database is hundreds of small files, which a disk is slow to make. Raises ServerError as `find_root` does.
    """
    if explicit is not None or load_settings().server_directory is not None or not _memory_has_room():
        return find_root(explicit)
    return find_root(_in_memory())


def find_roots(explicit: Path | None = None) -> list[Path]:
    """Return every directory in which this user's servers may be, or `explicit` alone; raises ServerError."""
    roots = [find_root(explicit)]
    if explicit is None and load_settings().server_directory is None and _in_memory().is_dir():
        roots.append(find_root(_in_memory()))
    return roots


def _in_memory() -> Path:
    return _MEMORY / f"app_db-{os.geteuid()}"


def _memory_has_room() -> bool:
    if not _MEMORY.is_dir() or not os.access(_MEMORY, os.W_OK | os.X_OK):
        return False
    runs_programs = not os.statvfs(_MEMORY).f_flag & os.ST_NOEXEC
    return runs_programs and shutil.disk_usage(_MEMORY).free > _ENOUGH


def make_root(explicit: Path | None = None) -> Path:
    """Return `find_root(explicit)`, made where it is missing. What exists keeps its mode; raises ServerError."""
    root = find_root(explicit)
    try:
        for ancestor in (path for path in reversed(root.parents) if not path.is_dir()):
            make_directory(ancestor, 0o755 if os.geteuid() == 0 else 0o700)
        make_directory(root, passable())
        _require_ours(root)
        for part in ("servers", "locks"):
            make_directory(root / part, passable())
    except OSError as error:
        raise ServerError(
            f"the directory of servers {root} can't be made ({error.strerror}): set APP_DB_SERVER_DIRECTORY to a "
            "directory that you may write to"
        ) from None
    return root


def make_directory(path: Path, mode: int) -> None:
    """Make `path` with exactly this mode, whatever the umask says; leave alone what exists."""
    try:
        path.mkdir(mode=mode)
    except FileExistsError:
        return
    path.chmod(mode)


def passable() -> int:
    """Return the mode of directories that the server's account passes through: it is another one only for root."""
    return 0o711 if os.geteuid() == 0 else 0o700


@contextmanager
def locked(path: Path, *, seconds: float = LOCK_SECONDS) -> Iterator[int]:
    """Hold the lock `path`, waiting up to `seconds` for it; yields its descriptor. Raises ServerError when it's busy.

    The kernel releases it when the process dies. A child that inherits the descriptor keeps it held for its own life.
    """
    descriptor = _acquire(path, time.monotonic() + seconds)
    try:
        yield descriptor
        fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        # after an exception only closed: a child that still works on the directory keeps the lock until it ends
        os.close(descriptor)


def _acquire(path: Path, deadline: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_still(path, descriptor):
                return descriptor
        except BlockingIOError:
            pass
        os.close(descriptor)
        if time.monotonic() > deadline:
            raise ServerError(f"another process holds {path}, and did not let go of it: see what it is doing, wait")
        time.sleep(POLL_SECONDS)


def _is_still(path: Path, descriptor: int) -> bool:
    # whoever removes a server removes its lock file too, and we may have waited for the file that is gone
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _default_root() -> Path:
    if os.geteuid() == 0:
        writable = os.access(_FOR_ROOT if _FOR_ROOT.exists() else _FOR_ROOT.parent, os.W_OK)
        return _FOR_ROOT if writable else _FOR_ROOT_ELSE
    data = Path(os.environ.get("XDG_DATA_HOME", ""))
    if data.is_absolute():
        return data / "app_db"
    try:
        return Path.home() / ".local" / "share" / "app_db"
    except RuntimeError:
        raise ServerError("this account has no home directory: set APP_DB_SERVER_DIRECTORY") from None


def _require_ours(root: Path) -> None:
    # the link counts as well as what it leads to: somebody else's link may lead to a directory of ours
    link, target = root.lstat(), root.stat() if root.exists() else None
    if target is None or not stat.S_ISDIR(target.st_mode):
        raise ServerError(f"{root} is no directory, so no server can live in it: remove it")
    if {link.st_uid, target.st_uid} != {os.geteuid()}:
        raise ServerError(
            f"the directory of servers {root} belongs to user {target.st_uid} or is a link of user {link.st_uid}, and "
            f"you are user {os.geteuid()}: whoever owns it could read your passwords and replace your data. "
            "Set APP_DB_SERVER_DIRECTORY to a directory of your own"
        )
    if target.st_mode & stat.S_IWOTH:
        raise ServerError(
            f"everybody may write to the directory of servers {root}, and so replace your data: chmod o-w {root}"
        )
