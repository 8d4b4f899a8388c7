"""`pytest --app-db-isolation` adds a test for each table to a suite, and fails where tenants are not apart."""

from __future__ import annotations

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
    assert "shop.notes: select (all rows) as app_login, context none: 3 foreign rows" in outcome.said


def test_a_suite_that_does_not_ask_for_it_has_none(project: Project) -> None:
    outcome = project.run("--collect-only", "-q")
    assert outcome.code == 0
    assert "isolation[" not in outcome.said
