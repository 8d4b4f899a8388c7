"""The fixtures. What they need is imported when they are asked for: see `run`."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from .run import KEPT, URL_OPTION, URL_VARIABLE, run_of

if TYPE_CHECKING:
    from sqlalchemy import URL
    from sqlalchemy.orm import Session

    from ..isolation.prove import Proof
    from ..session import Database, TenantSession
    from ..settings import Settings
    from .installation import SuiteServer
    from .modes import Mode
    from .recipe import Recipe
    from .recorder import QueryRecorder
    from .rows import RowMaker
    from .worker import Worker


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Say what can't be in its own words: a traceback of ours would help nobody, and may show a password."""
    from ..errors import AppDbError

    try:
        yield
    except AppDbError as error:
        raise pytest.fail.Exception(str(error), pytrace=False) from None


FAILED = pytest.StashKey[bool]()
MARKER = "app_db"


@pytest.fixture(scope="session")
def _app_db_recipe(request: pytest.FixtureRequest) -> Recipe:
    """What the template database of the suite is made of."""
    from .recipe import find_recipe

    with _told_plainly():
        return find_recipe(request.config)


@pytest.fixture(scope="session")
def app_db_server(request: pytest.FixtureRequest, _app_db_recipe: Recipe) -> SuiteServer:
    """The server that the suite is tested on; a suite may have its own fixture of this name."""
    from .servers import named_server, postgresql_fixture, postgresql_server

    with _told_plainly():
        url = request.config.getoption(URL_OPTION) or os.environ.get(URL_VARIABLE)
        if url:
            return named_server(url)
        if (name := postgresql_fixture(request)) is not None:
            return postgresql_server(request.getfixturevalue(name))
        return run_of(request.config).own_server(_app_db_recipe)


@pytest.fixture(scope="session")
def _app_db_proof(
    request: pytest.FixtureRequest, app_db_server: SuiteServer, _app_db_recipe: Recipe
) -> Iterator[Proof]:
    """A proof of isolation on a copy of the template, with its rows made."""
    from .proof import prepared_proof

    with _told_plainly(), prepared_proof(request.config, app_db_server, _app_db_recipe) as proof:
        yield proof


@pytest.fixture(scope="session")
def _app_db_worker(
    request: pytest.FixtureRequest, app_db_server: SuiteServer, _app_db_recipe: Recipe
) -> Iterator[Worker]:
    """The database of this process, and what is done to it around each test; the environment names it meanwhile."""
    from .installation import Installation, environment
    from .worker import Worker

    with _told_plainly():
        worker = Worker(Installation(app_db_server), _app_db_recipe)
        worker.watch.recording = run_of(request.config).recording
    with environment(worker.settings):
        yield worker
    worker.close()


@pytest.fixture
def app_db(request: pytest.FixtureRequest, _app_db_worker: Worker) -> Iterator[Database]:
    """The database that this test has for itself, as the application uses it; also the process-wide default one."""
    from ..session import set_default_database

    with _told_plainly():
        mode = _mode(request)
        _app_db_worker.begin(mode)
    set_default_database(_app_db_worker.database)
    yield _app_db_worker.database
    set_default_database(None)
    with _told_plainly():
        kept = _app_db_worker.end(mode, keep=request.node.stash.get(FAILED, False))
    if kept is not None:
        request.node.user_properties.append((KEPT, _app_db_worker.kept_url(kept)))


@pytest.fixture
def make_row(app_db: Database, request: pytest.FixtureRequest) -> RowMaker:
    """Makes a row of any mapped model: `make_row(Invoice, total=3)`; by default of the fixture `tenant`."""
    from .rows import RowMaker

    return RowMaker(app_db, lambda: request.getfixturevalue("tenant"))


@pytest.fixture
def tenant(app_db: Database, _app_db_worker: Worker) -> UUID:
    """The id of a tenant that no other test has."""
    return _app_db_worker.new_tenant()


@pytest.fixture
def other_tenant(app_db: Database, _app_db_worker: Worker) -> UUID:
    """The id of a second tenant."""
    return _app_db_worker.new_tenant()


@pytest.fixture
def tenant_session(app_db: Database, tenant: UUID) -> Iterator[TenantSession]:
    """A session of the tenant, committed at the end of the test if that is not done before.

    One whose flush has failed, as a test may expect, is rolled back instead.
    """
    with app_db.tenant(tenant) as session:
        yield session
        if not session.is_active:
            session.rollback()


@pytest.fixture
def admin_session(app_db: Database) -> Iterator[Session]:
    """A session that sees every tenant's rows, recorded as in production."""
    with app_db.admin(reason="a test", actor="pytest") as session:
        yield session


@pytest.fixture
def app_db_settings(request: pytest.FixtureRequest, app_db: Database, _app_db_worker: Worker) -> Settings:
    """The settings of the test's database, for engines and programs of its own; not in a sandbox."""
    from .modes import Mode
    from .sandbox import Sandbox

    if _mode(request) is Mode.SANDBOX:
        with _told_plainly():
            raise Sandbox.refused("what other connections do, for which app_db_url and app_db_settings are,")
    return _app_db_worker.settings_now


@pytest.fixture
def app_db_url(app_db_settings: Settings) -> URL | None:
    """The URL of the application's login in the test's database; not in a sandbox."""
    return app_db_settings.url


@pytest.fixture
def query_recorder(app_db: Database, _app_db_worker: Worker) -> Iterator[QueryRecorder]:
    """Records what is sent to the database from now on."""
    from .recorder import QueryRecorder

    _app_db_worker.watch.recorder = recorder = QueryRecorder()
    yield recorder
    _app_db_worker.watch.recorder = None


@pytest.fixture
def assert_tenant_isolated(app_db: Database, make_row: RowMaker) -> Callable[..., None]:
    """Fails where tenants are not apart on a model: `assert_tenant_isolated(Invoice)`."""
    from .isolation import assert_tenant_isolated as check

    def assert_isolated(model: type[Any], **values: Any) -> None:
        __tracebackhide__ = True
        check(app_db, make_row, model, **values)

    return assert_isolated


def _mode(request: pytest.FixtureRequest) -> Mode:
    from .modes import Mode, parse_mode

    marker = request.node.get_closest_marker(MARKER)
    return parse_mode(*marker.args) if marker is not None and marker.args else Mode.SANDBOX
