"""The pytest plugin: options, markers, hooks. Registered under the entry point `pytest11` as `app_db`."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING

import pytest

from .fixtures import (
    FAILED,
    MARKER,
    _app_db_proof,
    _app_db_recipe,
    _app_db_worker,
    admin_session,
    app_db,
    app_db_server,
    app_db_settings,
    app_db_url,
    assert_tenant_isolated,
    make_row,
    other_tenant,
    query_recorder,
    tenant,
    tenant_session,
)
from .run import RECORD_OPTION, RUN, URL_VARIABLE, Run

if TYPE_CHECKING:
    from ..settings import Settings

__all__ = [
    "_app_db_proof",
    "_app_db_recipe",
    "_app_db_worker",
    "admin_session",
    "app_db",
    "app_db_server",
    "app_db_settings",
    "app_db_url",
    "assert_tenant_isolated",
    "make_row",
    "other_tenant",
    "query_recorder",
    "tenant",
    "tenant_session",
]


class Hooks:
    """The plugin's own hooks, for a `conftest.py`."""

    @pytest.hookspec
    def pytest_app_db_seed(self, settings: Settings) -> None:
        """Fill in rows that every test begins with, once, while the template is built.

        `settings` are those of the template database: `Database(settings)`, or `change_schema(settings, …)`. The file
        that holds the hook counts as part of the template.
        """


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    parser.getgroup("app_db").addoption(
        "--app-db-url",
        metavar="URL",
        help="an administrator's URL of the server to test on (a superuser, or CREATEROLE and CREATEDB); "
        f"default: {URL_VARIABLE}, else a server of pytest-postgresql, else one that is started for the run",
    )
    parser.getgroup("app_db").addoption(
        RECORD_OPTION,
        metavar="FILE",
        help="write each statement that tests send for a tenant into this file, once, for `app-db isolation advise`",
    )
    parser.getgroup("app_db").addoption(
        "--app-db-isolation",
        nargs="?",
        const="cases",
        choices=["cases", "mutate"],
        help="add tests that prove, table by table, that tenants are apart; with =mutate, that each guard is noticed",
    )
    parser.addini("app_db_examples", "a TOML file for the proof of isolation: values, exemptions, harmless mutants")
    parser.addini("app_db_alembic", "alembic.ini of the application's own revisions (default: ./alembic.ini)", "args")
    parser.addini("app_db_postgresql", "the process or no-process fixture of pytest-postgresql to take the server from")


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Declare the plugin's own hooks."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Begin the run, and declare the marker."""
    config.addinivalue_line(
        "markers",
        'app_db(mode): how the test is kept apart: "sandbox" (default, rolled back), "commit" (real commits, swept '
        'away) or "fresh" (a database of its own)',
    )
    config.stash[RUN] = Run(config)
    config.pluginmanager.register(config.stash[RUN], "app_db_run")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(session: pytest.Session, config: pytest.Config, items: list[pytest.Item]) -> None:
    """A test that is marked has a database, whether it asks for one or not; the proof of isolation adds its own."""
    if mode := config.getoption("app_db_isolation"):
        from .proof import proof_items

        items += proof_items(session, items, mode)
    for item in items:
        names: list[str] = getattr(item, "fixturenames", ["app_db"])
        if item.get_closest_marker(MARKER) is not None and "app_db" not in names:
            names.insert(0, "app_db")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note that a test has failed, before its fixtures end."""
    report = yield
    if report.failed:
        item.stash[FAILED] = True
    return report
