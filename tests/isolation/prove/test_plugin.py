"""`pytest --app-db-isolation` adds a test for each table to a suite, and fails where tenants are not apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from runs.project import Project
from support import server_root

_MISTAKE = '    ddl.execute("alter policy user_rows on shop.notes using (true)")\n'


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """The shop, in whose revision somebody has weakened a policy."""
    with server_root() as servers:
        made = Project(tmp_path / "shop", servers)
        revision = next((made.folder / "migrations" / "versions").glob("*.py"))
        before, downgrade, after = revision.read_text("utf-8").partition("\n\ndef downgrade")
        revision.write_text(f"{before}{_MISTAKE}{downgrade}{after}", "utf-8")
        yield made


def test_a_suite_gets_a_test_for_each_table_and_fails_for_the_weak_one(project: Project) -> None:
    outcome = project.run("--app-db-isolation=mutate", "-k", "shop.customers or shop.notes")
    assert (outcome.code, outcome.count("passed"), outcome.count("failed")) == (1, 3, 1), outcome.said
    assert "FAILED tests::isolation[shop.notes]" in outcome.said
    assert re.search(r"^shop\.notes: \d+ findings$", outcome.said, re.MULTILINE), outcome.said
    assert "  select (all rows): 3 foreign rows; as app_login, app_readonly_login; context none" in outcome.said
    assert outcome.said.count("\n  ") < 30


def test_a_suite_that_imports_no_model_has_a_test_for_each_table(project: Project) -> None:
    project.write("tests/conftest.py", "")
    project.write("tests/test_billing.py", "def test_nothing():\n    assert True\n")
    outcome = project.run("--collect-only", "-q", "--app-db-isolation")
    assert outcome.code == 0, outcome.said
    assert [line for line in outcome.said.splitlines() if "isolation[shop" in line] == [
        f"tests::isolation[shop.{name}]" for name in ("customers", "invoices", "notes")
    ]


def test_models_that_can_not_be_imported_are_a_usage_error(project: Project) -> None:
    project.append("migrations/env.py", "import nosuch_application\n")
    outcome = project.run("--collect-only", "-q", "--app-db-isolation")
    assert outcome.code == pytest.ExitCode.USAGE_ERROR
    assert "env.py (line 8) can't be loaded (ModuleNotFoundError" in outcome.said
    assert "Traceback" not in outcome.said


def test_a_suite_that_does_not_ask_for_it_has_none(project: Project) -> None:
    outcome = project.run("--collect-only", "-q")
    assert outcome.code == 0
    assert "isolation[" not in outcome.said
