"""An application with five tables of its own: autogenerate writes the whole revision, and it holds."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support import ON_18, ROOT, environment_of

from app_db.drift import inspect_database, load_snapshot
from app_db.engine import admin_engine
from app_db.reflection import made_extensions
from app_db.schema import RoleNames, placed_services
from app_db.settings import Settings

STUDIO = ROOT / "docs" / "examples" / "studio"
KEPT = load_snapshot(STUDIO / "studio.schema.json")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STUDIO, tmp_path / "studio", ignore=shutil.ignore_patterns("__pycache__")))


def alembic(project: Path, settings: Settings, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "alembic", *arguments], cwd=project, env={**os.environ, **environment_of(settings)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def drifts(settings: Settings, *, with_studio: bool = True) -> list[str]:
    names = RoleNames(settings.role_prefix)
    url = settings.database(None).migration_url
    assert url is not None
    with admin_engine(url).connect() as connection:
        services = placed_services(None, made_extensions(connection))
        found = inspect_database(connection, services, names, [KEPT] if with_studio else [])
    return [str(drift) for drift in found.drifts]


@ON_18
def test_autogenerate_writes_the_whole_revision(project: Path, own_settings: Settings) -> None:
    for file in (project / "migrations" / "versions").glob("*.py"):
        file.unlink()
    alembic(project, own_settings, "revision", "--autogenerate", "-m", "tables", "--rev-id", "studio_0001")
    (written,) = (project / "migrations" / "versions").glob("*.py")
    for line in ('ddl.tenant_policies("studio.rooms")', 'ddl.user_policies("studio.diaries")', "op.create_trigger("):
        assert line in written.read_text("utf-8")
    alembic(project, own_settings, "upgrade", "head")
    assert "No new upgrade operations" in alembic(project, own_settings, "check")
    assert drifts(own_settings) == []


@ON_18
def test_down_takes_away_what_is_theirs_and_nothing_of_ours(project: Path, own_settings: Settings) -> None:
    alembic(project, own_settings, "upgrade", "head")
    assert drifts(own_settings) == []
    alembic(project, own_settings, "downgrade", "base")
    assert drifts(own_settings, with_studio=False) == []
    alembic(project, own_settings, "upgrade", "head")
    assert drifts(own_settings) == []


def test_their_tests_pass(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"], cwd=project,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
