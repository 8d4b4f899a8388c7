"""What a user installs from an index works without a checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from runs.project import Project
from support import ROOT, environment_of, heads, server_root

from app_db.settings import Settings

USE = """
from uuid import uuid4
from sqlalchemy import select
from app_db.models import Material, Tenant
from app_db.session import Database

db = Database.from_settings()
tenant_id = uuid4()
with db.admin(reason="packaging", actor="tests") as session:
    session.add(Tenant(id=tenant_id, slug="wheel", name="Wheel"))
with db.tenant(tenant_id) as session:
    session.add(Material(code="A-1", name="Brick", unit="pcs", price_minor=100))
with db.tenant(tenant_id) as session:
    print(session.scalars(select(Material.code)).all())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that holds the wheel and what it asks for, and nothing else."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    pip = [str(folder / "bin" / "pip"), "--disable-pip-version-check", "install", "--quiet", f"{wheel}[testing]"]
    subprocess.run(pip, check=True, capture_output=True)
    return folder / "bin"


def test_the_wheel_carries_the_revisions_and_installs_nothing_over_alembic(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert "app_db/migrations/_alembic/versions/core/core_0001_schemas.py" in names
    assert "app_db/migrations/_alembic/env.py" in names
    assert "app_db/py.typed" in names
    assert "app_db/demo/materials.csv" in names
    assert {name.split("/")[0] for name in names} == {"app_db", f"app_db-{wheel.name.split('-')[1]}.dist-info"}
    assert not [name for name in names if "__pycache__" in name]


def test_installed_from_the_wheel_a_database_is_brought_to_head_and_used(
    installed: Path, empty_settings: Settings, tmp_path: Path
) -> None:
    environment = environment_of(empty_settings)
    upgraded = subprocess.run([installed / "app-db", "upgrade"], cwd=tmp_path, env=environment, capture_output=True,
                              text=True, check=True)  # fmt: skip
    assert upgraded.stdout == f"upgraded from nothing to {', '.join(heads(empty_settings))}\n"
    used = subprocess.run([installed / "python", "-c", USE], cwd=tmp_path, env=environment, capture_output=True,
                          text=True, check=True)  # fmt: skip
    assert used.stdout == "['A-1']\n"
    assert used.stderr == ""


def test_installed_from_the_wheel_the_demonstration_runs(installed: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    done = subprocess.run([installed / "app-db", "demo"], cwd=tmp_path, env=home, capture_output=True, text=True,
                          check=True)  # fmt: skip
    assert done.stdout.count("stopped:") == 6


def test_a_project_with_models_and_revisions_of_its_own_is_tested_with_the_wheel_alone(
    installed: Path, tmp_path: Path
) -> None:
    with server_root() as servers:
        project = Project(tmp_path / "shop", servers, python=installed / "python")
        project.run().require_passed(8)
        assert project.living() == []
