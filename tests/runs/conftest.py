"""Projects in folders of their own, on servers of their own or on a named one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from runs.project import COUNTING, MIXED, Project
from support import server_root


@pytest.fixture
def servers() -> Iterator[Path]:
    """Nothing is cached there."""
    with server_root() as directory:
        yield directory


@pytest.fixture(scope="module")
def warm_servers() -> Iterator[Path]:
    """The first run of a module has filled the cache."""
    with server_root() as directory:
        yield directory


@pytest.fixture
def shop(tmp_path: Path, warm_servers: Path) -> Project:
    """The example application as it is."""
    return Project(tmp_path / "shop", warm_servers)


@pytest.fixture
def mixed(tmp_path: Path, servers: Path) -> Project:
    """The application with tests of every kind, which counts how often a template is built; nothing is cached."""
    project = Project(tmp_path / "mixed", servers)
    (project.folder / "tests" / "test_billing.py").unlink()
    project.append("tests/conftest.py", COUNTING)
    project.write("tests/test_mixed.py", MIXED)
    return project
