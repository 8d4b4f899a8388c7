"""A run of pytest, its workers included: which servers are its own, and what it leaves behind.

Imports what needs a database when a test asks for it: a suite that has no such test pays for nothing.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .installation import SuiteServer
    from .recipe import Recipe
    from .recording import Recording

RUN = pytest.StashKey["Run"]()
KEPT = "app_db_kept"
URL_OPTION, URL_VARIABLE = "app_db_url", "APP_DB_TEST_URL"
RECORD_OPTION = "--app-db-record"
_WORKER_INPUT = "app_db_run"


class Run:
    """This process's part of the run; itself a plugin of pytest's, for the hooks that need to know of the run."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        told = getattr(config, "workerinput", {}).get(_WORKER_INPUT)
        self._is_main = told is None
        named: tuple[str, int] = told or (f"pytest-{os.getpid()}-{secrets.token_hex(3)}", os.getpid())
        self.name, self.owner_pid = named
        self._may_have_servers = False
        self._kept: list[tuple[str, str]] = []
        self.recording: Recording | None = None

    def pytest_sessionstart(self) -> None:
        """Begin the recording, where that was asked for: before there are workers, who add to it."""
        path = self._config.getoption(RECORD_OPTION)
        if path:
            from .recording import begin_recording

            self.recording = begin_recording(path, is_main=self._is_main)

    def own_server(self, recipe: Recipe, binaries: Path | None = None) -> SuiteServer:
        """Return the server that is started for the run."""
        from .servers import own_server

        self._may_have_servers = True
        return own_server(recipe, run=self.name, owner_pid=self.owner_pid, binaries=binaries)

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker of pytest-xdist of the run, so that all share one server, which belongs to this process."""
        self._may_have_servers = True
        node.workerinput[_WORKER_INPUT] = (self.name, self.owner_pid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what tests have kept, those of workers included."""
        if report.when == "teardown":
            self._kept += [(report.nodeid, str(value)) for name, value in report.user_properties if name == KEPT]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Say where the databases of failed tests are."""
        if self._kept:
            terminalreporter.section("databases of failed tests, kept by app_db for a day")
            for test, url in self._kept:
                terminalreporter.write_line(f"{test}\n    {url}")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Stop the run's servers, or leave them running for whoever looks into a kept database."""
        if self._is_main and self._may_have_servers:
            from .servers import end_run

            end_run(self.name, keep=bool(self._kept))


def run_of(config: pytest.Config) -> Run:
    """Return this process's part of the run."""
    return config.stash[RUN]
