"""An application in a folder of its own, whose tests are run by another pytest."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from support import ROOT

SHOP = ROOT / "docs" / "examples" / "shop"
PATIENCE = 120

# Some of each kind, whose rows would be in each other's way if anything were left.
MIXED = """
from uuid import uuid4
import pytest
from shop.models import Customer
from sqlalchemy import func, select
from app_db.models import Tenant

def all_customers(app_db):
    with app_db.admin(reason="look", actor="tests") as session:
        return session.scalar(select(func.count()).select_from(Customer))

def add_one(app_db, tenant):
    assert all_customers(app_db) == 0
    with app_db.tenant(tenant) as session:
        session.add(Customer(email="anna@example.com"))
    assert all_customers(app_db) == 1

@pytest.mark.parametrize("number", range(12))
def test_sandbox(app_db, tenant, number):
    add_one(app_db, tenant)

@pytest.mark.app_db("commit")
@pytest.mark.parametrize("number", range(12))
def test_commit(app_db, tenant, number):
    add_one(app_db, tenant)

@pytest.mark.app_db("fresh")
@pytest.mark.parametrize("number", range(4))
def test_fresh(app_db, tenant, number):
    add_one(app_db, tenant)
"""
MIXED_COUNT = 28

COUNTING = """
import os
from pathlib import Path

def pytest_app_db_seed(settings):
    with (Path(__file__).parent / "built").open("a") as file:
        file.write("built\\n")
"""


@dataclass
class Project:
    """A copy of the example application; `servers` is where its embedded servers are, `python` who runs it."""

    folder: Path
    servers: Path
    python: Path = Path(sys.executable)
    variables: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        shutil.copytree(SHOP, self.folder, ignore=shutil.ignore_patterns("__pycache__", ".pytest_cache"))

    def write(self, name: str, text: str) -> None:
        """Write a file of the project."""
        (self.folder / name).write_text(text, "utf-8")

    def append(self, name: str, text: str) -> None:
        """Add to a file of the project."""
        self.write(name, (self.folder / name).read_text("utf-8") + text)

    @property
    def environment(self) -> dict[str, str]:
        """The machine's, without any setting of ours."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("APP_DB_", "DATABASE_URL"))}
        return {**clean, "APP_DB_SERVER_DIRECTORY": str(self.servers), **self.variables}

    def command(self, *arguments: str) -> list[str]:
        """Return the command of a run."""
        return [str(self.python), "-m", "pytest", "-p", "no:cacheprovider", "-W", "error", *arguments]

    def run(self, *arguments: str) -> Outcome:
        """Run the project's tests to the end."""
        done = subprocess.run(
            self.command(*arguments), cwd=self.folder, env=self.environment, capture_output=True, text=True,
            check=False, timeout=PATIENCE,
        )  # fmt: skip
        return Outcome(done.returncode, done.stdout + done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Begin a run in a session of its own, so that it can be killed as a whole."""
        return subprocess.Popen(
            self.command(*arguments), cwd=self.folder, env=self.environment, start_new_session=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip

    def builds(self) -> int:
        """Return how often a template was built, where the project counts it."""
        path = self.folder / "tests" / "built"
        return len(path.read_text("utf-8").splitlines()) if path.exists() else 0

    def living(self) -> list[str]:
        """Return the names of servers that are there."""
        place = self.servers / "servers"
        return sorted(path.name for path in place.iterdir() if not path.name.startswith(".")) if place.exists() else []


@dataclass(frozen=True)
class Outcome:
    """How a run ended, and what it said."""

    code: int
    said: str

    def count(self, word: str) -> int:
        """Return the number before `passed`, `failed` or `error` in the last line."""
        found = re.search(rf"(\d+) {word}", self.said.strip().splitlines()[-1])
        return int(found[1]) if found else 0

    def require_passed(self, count: int) -> None:
        """Fail, with what was said, unless so many tests passed and nothing else happened."""
        assert (self.code, self.count("passed")) == (0, count), self.said
