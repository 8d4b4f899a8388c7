"""Real servers for all tests: PostgreSQL 18 (embedded) and 15 (the system's), each with an installation at head.

Everything below a server is made by a login with CREATEROLE and CREATEDB alone, and used as the unprivileged logins
that it makes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from ground import pytest_app_db_seed
from sqlalchemy import URL
from support import SYSTEM_15, copy_of, installation, make_creator

from app_db.migrations import upgrade
from app_db.server import EmbeddedServer
from app_db.session import Database, set_default_database
from app_db.settings import Settings
from app_db.testing import SuiteServer
from app_db.testing.recipe import Recipe
from app_db.testing.run import run_of

__all__ = ["pytest_app_db_seed"]

collect_ignore = ["benchmarks/suites"]  # they run on a server that the benchmark prepares


# Folders whose modules have few tests and take minutes: a worker that began one last would go on alone.
_FIRST = {"runs", "packaging", "migrations", "drill", "faults", "plans", "tenants"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the rest stays in its order."""
    folder = Path(__file__).parent
    items.sort(key=lambda item: item.path.relative_to(folder).parts[0] not in _FIRST)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """In CI a test that was skipped has failed."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped") and exitstatus == 0:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No setting of the machine's leaks into a test, and no default database out of one."""
    for name in list(os.environ):
        if name == "DATABASE_URL" or (name.startswith("APP_DB_") and name != "APP_DB_SERVER_DIRECTORY"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path_factory.getbasetemp())
    yield
    set_default_database(None)


@pytest.fixture(scope="session")
def server_18() -> Iterator[EmbeddedServer]:
    with EmbeddedServer.temporary(prefix="test") as server:
        yield server


@pytest.fixture(scope="session")
def server_15() -> Iterator[EmbeddedServer]:
    with EmbeddedServer.temporary(prefix="test15", binaries=_system_15()) as server:
        yield server


def _system_15() -> Path:
    if not SYSTEM_15.is_dir():
        message = "PostgreSQL 15 is not installed here: apt-get install postgresql-15"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return SYSTEM_15


@pytest.fixture(scope="session", params=["18", "15"])
def server(request: pytest.FixtureRequest) -> EmbeddedServer:
    found: EmbeddedServer = request.getfixturevalue(f"server_{request.param}")
    return found


@pytest.fixture(scope="session", params=["18", "15"])
def app_db_server(request: pytest.FixtureRequest, _app_db_recipe: Recipe) -> SuiteServer:
    """The plugin's server, of either version."""
    return run_of(request.config).own_server(_app_db_recipe, None if request.param == "18" else _system_15())


@pytest.fixture(scope="session")
def creator(server: EmbeddedServer) -> URL:
    return make_creator(server.superuser_url())


@pytest.fixture
def empty_settings(creator: URL) -> Iterator[Settings]:
    """A bootstrapped database of the test's own, without a schema."""
    with installation(creator) as made:
        yield made


@pytest.fixture(scope="session")
def template(creator: URL) -> Iterator[Settings]:
    """A database at head that nobody works in, so that it can be copied."""
    with installation(creator) as made:
        upgrade(made)
        yield made


@pytest.fixture
def own_settings(template: Settings, creator: URL) -> Iterator[Settings]:
    """A database of the test's own, at head; its roles are those of other tests' databases too."""
    with copy_of(template, creator) as made:
        yield made


@pytest.fixture
def own_db(own_settings: Settings) -> Iterator[Database]:
    database = Database.from_settings(own_settings)
    yield database
    database.dispose()
