"""`pytest --app-db-record` writes what tests send for a tenant, each statement once, with an example."""

from __future__ import annotations

import json
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import select, text

from app_db.models import Material
from app_db.session import Database
from app_db.testing.recording import Recording, begin_recording
from app_db.testing.worker import Worker


@pytest.fixture
def recorded(app_db: Database, _app_db_worker: Worker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "recorded.jsonl"
    monkeypatch.setattr(_app_db_worker.watch, "recording", begin_recording(str(path), is_main=True))
    return path


def lines(path: Path) -> list[dict[str, str | None]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def test_a_statement_is_written_once_with_its_values_and_for_whom(
    app_db: Database, tenant: UUID, recorded: Path
) -> None:
    for code in ("A'1", "B%2"):
        with app_db.tenant(tenant, user_id=UUID(int=7)) as session:
            session.scalars(select(Material.id).where(Material.code == code)).all()
    (line,) = lines(recorded)
    assert line["tenant"] == str(tenant)
    assert line["person"] == str(UUID(int=7))
    assert "catalog.materials.code = %(code_1)s" in str(line["statement"])
    assert "catalog.materials.code = 'A''1'" in str(line["example"])
    assert str(tenant) in str(line["example"])


def test_what_no_tenant_sends_is_not_written(app_db: Database, recorded: Path) -> None:
    with app_db.shared() as session:
        session.execute(text("select 1"))
    with app_db.admin(reason="a test", actor="tests") as session:
        session.execute(text("select 1"))
    assert lines(recorded) == []


def test_a_run_begins_with_an_empty_file_and_its_workers_add_to_it(tmp_path: Path) -> None:
    path = tmp_path / "recorded.jsonl"
    path.write_text("of the run before\n", "utf-8")
    begin_recording(str(path), is_main=True)
    assert path.read_text("utf-8") == ""
    path.write_text("of another worker\n", "utf-8")
    assert isinstance(begin_recording(str(path), is_main=False), Recording)
    assert path.read_text("utf-8") == "of another worker\n"
