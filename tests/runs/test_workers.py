"""Any number of workers, in any order, with this pytest or the one before: one template, and no test sees another."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from runs.project import MIXED_COUNT, Project
from sqlalchemy import URL

RUNS = 20 if os.environ.get("SOAK") else 1

SHUFFLE = """
import os, random

def pytest_collection_modifyitems(items):
    random.Random(os.environ["SEED"]).shuffle(items)
"""


@pytest.mark.parametrize("turn", range(RUNS))
def test_four_workers_with_nothing_cached_build_one_template(mixed: Project, turn: int) -> None:
    mixed.run("-n", "4").require_passed(MIXED_COUNT)
    assert mixed.builds() == 1
    assert mixed.living() == []


@pytest.mark.parametrize("turn", range(RUNS))
def test_four_workers_on_a_named_server_build_one_template(mixed: Project, creator: URL, turn: int) -> None:
    mixed.variables["APP_DB_TEST_URL"] = creator.render_as_string(hide_password=False)
    mixed.run("-n", "4").require_passed(MIXED_COUNT)
    mixed.run().require_passed(MIXED_COUNT)
    assert mixed.builds() == 1


@pytest.mark.parametrize("seed", range(RUNS))
def test_the_order_does_not_matter(shop: Project, seed: int) -> None:
    shop.write("shuffle.py", SHUFFLE)
    shop.variables["SEED"] = str(seed)
    shop.run("-p", "shuffle").require_passed(8)
    shop.run("-p", "shuffle", "-n", "2", "--app-db-record=recorded.jsonl").require_passed(8)
    recorded = [json.loads(line) for line in (shop.folder / "recorded.jsonl").read_text("utf-8").splitlines()]
    assert any("from shop.customers" in row["statement"].lower() for row in recorded)


@pytest.fixture(scope="module")
def pytest_8(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pytest-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--target", str(folder)]
    subprocess.run([*pip, "pytest<9", "pytest-xdist"], check=True, capture_output=True)
    return folder


def test_the_pytest_before_this_one_runs_it_too(shop: Project, pytest_8: Path) -> None:
    shop.variables["PYTHONPATH"] = str(pytest_8)
    outcome = shop.run("-n", "2")
    outcome.require_passed(8)
    assert "pytest-8." in outcome.said


def test_a_suite_that_uses_no_database_starts_nothing(shop: Project, servers: Path) -> None:
    shop.servers = servers
    shop.write("tests/test_billing.py", "def test_nothing() -> None:\n    assert True\n")
    shop.run().require_passed(1)
    assert not any(servers.iterdir())


def test_a_changed_revision_is_another_template_and_the_old_one_is_used_again(mixed: Project) -> None:
    revision = "migrations/versions/shop_0001_tables.py"
    before = (mixed.folder / revision).read_text("utf-8")
    mixed.run("-k", "sandbox").require_passed(12)
    mixed.append(revision, "\n# changed\n")
    mixed.run("-k", "sandbox").require_passed(12)
    assert mixed.builds() == 2
    mixed.write(revision, before)
    mixed.run("-k", "sandbox").require_passed(12)
    assert mixed.builds() == 2
