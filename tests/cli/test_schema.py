"""`app-db schema`, as an operator types it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lasting import settings
from sqlalchemy import text
from support import ROOT, environment_of

from app_db.cli.main import app_db
from app_db.engine import admin_engine
from app_db.migrations import upgrade
from app_db.server import EmbeddedServer
from app_db.settings import Settings

__all__ = ["settings"]

SHOP = ROOT / "docs" / "examples" / "shop"


def run(settings: Settings | None, *arguments: str) -> Result:
    return CliRunner().invoke(app_db, ["schema", *arguments], env=environment_of(settings) if settings else {})


def test_no_difference_is_said_in_a_line(settings: Settings) -> None:
    done = run(settings, "diff")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1), done.output
    assert done.stdout.startswith("no difference: ")


def test_differences_are_told_one_a_line_with_what_to_do(own_settings: Settings, server: EmbeddedServer) -> None:
    database = own_settings.database(None).migration_url
    assert database is not None
    with admin_engine(server.superuser_url(str(database.database))).begin() as superuser:
        superuser.execute(text("alter table catalog.materials disable row level security"))
        superuser.execute(text("create index by_hand on catalog.materials (name)"))
    done = run(own_settings, "diff")
    assert done.exit_code == 1
    first, second, empty, remedy = done.stdout.splitlines()
    assert first == "~ row security catalog.materials: enabled is False and not True"
    assert (second, empty) == ("+ index catalog.materials.by_hand is unexpected", "")
    assert remedy.startswith("2 differences in ")
    assert "new revision" in remedy

    told = json.loads(run(own_settings, "diff", "--json").stdout)
    assert [drift["message"] for drift in told["drifts"]] == [first[2:], second[2:]]


def test_a_database_without_our_schema_misses_each_service(empty_settings: Settings) -> None:
    done = run(empty_settings, "diff")
    assert done.exit_code == 1
    assert "- revision core is missing" in done.stdout
    assert "- schema catalog is missing" in done.stdout
    assert "column" not in done.stdout


def test_a_database_behind_the_release_is_told_its_revision(empty_settings: Settings) -> None:
    upgrade(empty_settings, "core_0003")
    assert "revision core: number is 'core_0003' and not" in run(empty_settings, "diff").stdout


@pytest.mark.parametrize("name", ["missing.json", "nonsense.json"])
def test_a_snapshot_that_is_none_is_refused(name: str, settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "nonsense.json").write_text("nonsense", "utf-8")
    done = run(settings, "diff", "--expect", str(tmp_path / name))
    assert "is no snapshot of a schema" in str(done.exception)


def test_an_applications_own_tree_is_built_kept_and_drawn(tmp_path: Path) -> None:
    kept, picture = tmp_path / "shop.json", tmp_path / "shop.svg"
    tree = ["--tree", str(SHOP / "alembic.ini"), "--schema", "shop"]
    done = run(None, "snapshot", *tree, "--output", str(kept))
    assert (done.exit_code, done.stdout) == (0, f"written: {kept}\n")
    assert '"policy shop.invoices.tenant_rows"' in kept.read_text("utf-8")
    run(None, "diagram", "--expect", str(kept), "--output", str(picture))
    assert '<g id="shop.invoices">' in picture.read_text("utf-8")


def test_the_dump_is_the_file_in_git() -> None:
    assert run(None, "dump").stdout == (ROOT / "docs" / "schema.sql").read_text("utf-8")
