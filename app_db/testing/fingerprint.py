"""What a template database was built from, as a short hash: another hash is another template."""

from __future__ import annotations

import configparser
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from pathlib import Path

import app_db

from ..errors import SuiteError
from ..migrations.location import script_directory

_PACKAGE = Path(app_db.__file__).parent
# What builds a database: the revisions' runner and helpers, roles, bootstrap, the sweep, the server's own settings.
_BUILDERS = ("migrations", "schema", "bootstrap", "testing", "server")
_SUFFIXES = {".py", ".sql", ".ini", ".toml", ".csv", ".json", ".mako"}
_LENGTH = 12


def fingerprint(*parts: str, files: Iterable[Path]) -> str:
    """Return the hash of these texts, of these files, and of all in app_db that has a say in a database."""
    digest = hashlib.sha256("\0".join([app_db.__version__, *parts]).encode())
    for path in sorted({*files, *_own_files()}):
        digest.update(f"\0{path.name}\0".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_LENGTH]


def tree_files(ini: Path) -> list[Path]:
    """Return the files of the Alembic tree that `ini` configures; raises SuiteError where it can't be found."""
    parser = configparser.ConfigParser({"here": str(ini.parent)})
    try:
        parser.read(ini, "utf-8")
        locations = [parser.get("alembic", "script_location")]
        locations += parser.get("alembic", "version_locations", fallback="").split()
    except configparser.Error as error:
        raise SuiteError(
            f"{ini} is no configuration of Alembic ({error}): name the right file in app_db_alembic, "
            "or set it to nothing where there is no tree"
        ) from None
    return [ini, *(path for location in locations for path in _files(_folder(ini, location)))]


def _own_files() -> Iterator[Path]:
    for folder in _BUILDERS:
        yield from _files(_PACKAGE / folder)
    yield from _files(script_directory())


def is_own_tree(ini: Path) -> bool:
    """Tell whether `ini` configures the revisions of app_db itself."""
    return script_directory().resolve() in {path.parent.resolve() for path in tree_files(ini)}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())


def _folder(ini: Path, location: str) -> Path:
    package, colon, inside = location.partition(":")
    if colon and (spec := importlib.util.find_spec(package)) is not None and spec.submodule_search_locations:
        return Path(spec.submodule_search_locations[0], *inside.split(":"))
    folder = (ini.parent / location).resolve()
    if not folder.is_dir():
        raise SuiteError(f"{ini} has its revisions in {folder}, which is no directory: correct script_location there")
    return folder
