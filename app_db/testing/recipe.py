"""What a suite's template database is made of: our schema, the application's own, and its seed rows."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import pytest

from ..errors import SuiteError
from ..migrations import upgrade, upgrade_project
from ..settings import Settings, load_settings
from .fingerprint import fingerprint, is_own_tree, tree_files
from .installation import environment


@dataclass(frozen=True, slots=True)
class Recipe:
    """The Alembic trees of the application, by their `alembic.ini`, and what fills in rows that every test has.

    `seed_files` hold the code of `seed`.
    """

    trees: tuple[Path, ...] = ()
    seed: Callable[[Settings], object] = lambda _settings: None
    seed_files: tuple[Path, ...] = ()

    def key(self, *parts: str) -> str:
        """Return the hash of all of it, and of `parts`."""
        files = [*self.seed_files, *(path for tree in self.trees for path in tree_files(tree))]
        services = load_settings(environment="test").services
        return fingerprint(version("alembic"), version("sqlalchemy"), str(services), *parts, files=files)

    def build(self, settings: Settings) -> None:
        """Bring an empty, bootstrapped database to where every test begins."""
        upgrade(settings)
        with environment(settings):
            for tree in self.trees:
                upgrade_project(settings, tree)
            self.seed(settings)


def find_recipe(config: pytest.Config) -> Recipe:
    """Return what the suite says: `app_db_alembic`, else the `alembic.ini` in its root, and its hooks."""
    hook = config.hook.pytest_app_db_seed
    files = (inspect.getsourcefile(implementation.function) for implementation in hook.get_hookimpls())
    return Recipe(
        tuple(_trees(config)), lambda settings: hook(settings=settings), tuple(Path(file) for file in files if file)
    )


def _trees(config: pytest.Config) -> Iterator[Path]:
    named = [config.rootpath / name for name in config.getini("app_db_alembic")]
    for path in named or [config.rootpath / "alembic.ini"]:
        if path.is_file() and not is_own_tree(path):
            yield path.resolve()
        elif named and not path.is_file():
            raise SuiteError(
                f"app_db_alembic names {path}, which is no file: name an alembic.ini, relative to the root"
            )
