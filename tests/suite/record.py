"""A pytest plugin that writes the outcome of every test into a JSON file: `--record FILE`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

# what weighs more wins: a test that passed and failed in its teardown has failed
WEIGHT = ("passed", "skipped", "failed", "error")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--record", type=Path, help="write the outcome of every test into this file")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(_Recorder(config.getoption("--record")))


class _Recorder:
    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        outcome = "error" if report.failed and report.when != "call" else report.outcome
        if outcome == "passed" and report.when != "call":
            return
        name = plain_name(report.nodeid)
        self._outcomes[name] = max(self._outcomes.get(name, "passed"), outcome, key=WEIGHT.index)

    def pytest_sessionfinish(self) -> None:
        if self._path is not None:
            self._path.write_text(json.dumps(self._outcomes, indent=0, sort_keys=True))


def plain_name(node_id: str) -> str:
    """Return the test's id without what SQLAlchemy adds: `IsolationLevelTest_postgresql+psycopg2_18_6`."""
    return re.sub(r"_postgresql\+\w+?(_\d+)+(?=::)", "", node_id.split("::", 1)[-1])
