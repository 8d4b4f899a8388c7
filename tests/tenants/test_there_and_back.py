"""A tenant comes back from its export as it was, whatever was in the way; others notice nothing."""

from __future__ import annotations

import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from support import environment_of
from tenants.filling import MATERIALS, ON_ONE, fill, rows_of

from app_db.errors import ConnectionLost, TenantRefused
from app_db.models import Base, Material
from app_db.schema import scope_of
from app_db.session import Database
from app_db.settings import Settings
from app_db.tenants import Tenants

pytestmark = pytest.mark.app_db("commit")
POINTS = 10


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app_db.tenants.importing.BATCH_ROWS", 10)
    monkeypatch.setattr("app_db.tenants.deletion.BATCH_ROWS", 10)


def status_of(db: Database, tenant: UUID) -> str | None:
    with db.admin(reason="look", actor="tests") as session:
        found: str | None = session.scalar(text("select status from tenancy.tenants where id = :id"), {"id": tenant})
        return found


def work_of(db: Database, tenant: UUID) -> dict[str, int] | None:
    with db.admin(reason="look", actor="tests") as session:
        query = text("select progress from ops.tenant_work where tenant = :id")
        found: dict[str, int] | None = session.scalar(query, {"id": tenant})
        return found


@pytest.fixture
def exported(app_db: Database, tenant: UUID, tenants: Tenants, file: Path) -> dict[str, list[str]]:
    """A tenant with rows, whose export is `file`; what it had."""
    fill(app_db, tenant)
    rows = rows_of(app_db, tenant)
    tenants.export(tenant, file)
    return rows


def test_export_delete_and_import_give_the_same_rows(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, exported: dict[str, list[str]]
) -> None:
    deleted = tenants.delete(tenant, now=True)
    assert status_of(app_db, tenant) is None
    assert deleted.rows["catalog.materials"] == MATERIALS
    assert deleted.rows["ops.audit_log"] == 13
    assert not any(rows_of(app_db, tenant).values())
    imported = tenants.import_(file)
    assert imported.rows["catalog.materials"] == MATERIALS
    assert (imported.tenant, imported.resumed) == (tenant, False)
    assert rows_of(app_db, tenant) == exported
    assert work_of(app_db, tenant) is None


def test_rows_of_every_model_of_ours_come_back(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, make_row: Callable[..., Any]
) -> None:
    with app_db.admin(reason="look", actor="tests") as session:  # learning is where the server has pgvector
        schemas = set(session.scalars(text("select nspname from pg_namespace")))
    models = [
        mapper.class_
        for mapper in Base.registry.mappers
        if mapper.class_.__module__.startswith("app_db.models")
        and mapper.local_table.schema in schemas
        and (scope := scope_of(mapper.local_table)) is not None
        and scope.tenant_column == "tenant_id"
    ]
    for model in models:
        make_row(model, tenant=tenant)
    before = rows_of(app_db, tenant)
    ours = {f"{model.__table__.schema}.{model.__table__.name}" for model in models}
    assert {name for name in ours if not before[name]} == set()
    tenants.export(tenant, file)
    tenants.delete(tenant, now=True)
    tenants.import_(file)
    assert rows_of(app_db, tenant) == before


def test_the_file_is_for_its_owner_alone(file: Path, exported: dict[str, list[str]]) -> None:
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_suspended_tenant_comes_back_suspended(app_db: Database, tenant: UUID, tenants: Tenants, file: Path) -> None:
    tenants.suspend(tenant)
    tenants.export(tenant, file)
    tenants.delete(tenant, now=True)
    tenants.import_(file)
    assert status_of(app_db, tenant) == "suspended"


def test_one_that_was_exported_while_its_deletion_was_due_comes_back_alive(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path
) -> None:
    tenants.request_deletion(tenant)
    tenants.export(tenant, file)
    tenants.delete(tenant, now=True)
    tenants.import_(file)
    assert status_of(app_db, tenant) == "pending"


def test_it_can_come_back_under_another_slug(app_db: Database, tenant: UUID, tenants: Tenants, file: Path) -> None:
    slug = tenants.get(tenant).slug
    tenants.export(tenant, file)
    tenants.delete(tenant, now=True)
    tenants.create(slug, "Who took it")
    with pytest.raises(TenantRefused, match="is taken by another tenant: add --slug"):
        tenants.import_(file)
    assert tenants.import_(file, slug=f"{slug[:40]}-two").slug == f"{slug[:40]}-two"


def _points(total: int) -> list[int]:
    return sorted({1 + round(step * (total - 1) / (POINTS - 1)) for step in range(POINTS)})


@ON_ONE
def test_an_import_killed_at_ten_points_is_completed_by_the_next_run(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, exported: dict[str, list[str]],
    killer: Callable[..., Any],
) -> None:  # fmt: skip
    tenants.delete(tenant, now=True)
    with killer() as seen:
        tenants.import_(file)
    for point in _points(seen.seen - 2):
        tenants.delete(tenant, now=True)
        with killer(point), pytest.raises(ConnectionLost):
            tenants.import_(file)
        assert status_of(app_db, tenant) in {None, "importing"}
        assert (status_of(app_db, tenant) is None) == (work_of(app_db, tenant) is None)
        tenants.import_(file)
        assert rows_of(app_db, tenant) == exported, f"killed at statement {point}"


@ON_ONE
def test_a_deletion_killed_at_ten_points_is_completed_by_the_next_run(
    app_db: Database, tenant: UUID, other_tenant: UUID, tenants: Tenants, file: Path,
    exported: dict[str, list[str]], killer: Callable[..., Any],
) -> None:  # fmt: skip
    fill(app_db, other_tenant)
    others = rows_of(app_db, other_tenant)
    with killer() as seen:
        tenants.delete(tenant, now=True)
    for point in _points(seen.seen - 4):
        tenants.import_(file)
        with killer(point), pytest.raises(ConnectionLost):
            tenants.delete(tenant, now=True)
        if status_of(app_db, tenant) is not None:
            assert tenants.delete(tenant, now=True).rows["catalog.materials"] == MATERIALS
        assert not any(rows_of(app_db, tenant).values()), f"killed at statement {point}"
    assert rows_of(app_db, other_tenant) == others


def test_without_the_count_of_what_is_done_a_resumed_import_fails(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, exported: dict[str, list[str]],
    killer: Callable[..., Any], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    from app_db.errors import UniqueViolation

    tenants.delete(tenant, now=True)
    monkeypatch.setattr("app_db.tenants.importing._advance", lambda *_: None)
    with killer(60), pytest.raises(ConnectionLost):
        tenants.import_(file)
    with pytest.raises(UniqueViolation):
        tenants.import_(file)


_IMPORT = """
import sys
from app_db.session import Database
from app_db.settings import Settings
from app_db.tenants import Tenants, importing
from pathlib import Path
importing.BATCH_ROWS = 1
Tenants(Database.from_settings(), actor="anna", reason="killed").import_(Path(sys.argv[1]))
"""


@ON_ONE
def test_a_process_that_is_killed_leaves_what_the_next_one_completes(
    app_db: Database, app_db_settings: Settings, tenant: UUID, tenants: Tenants, file: Path,
    exported: dict[str, list[str]],
) -> None:  # fmt: skip
    tenants.delete(tenant, now=True)
    environment = environment_of(app_db_settings)
    process = subprocess.Popen([sys.executable, "-c", _IMPORT, str(file)], env=environment)
    deadline = time.monotonic() + 30
    while sum((work_of(app_db, tenant) or {}).values()) < 5:
        assert time.monotonic() < deadline
        assert process.poll() is None
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert status_of(app_db, tenant) == "importing"
    assert tenants.import_(file).resumed
    assert rows_of(app_db, tenant) == exported


@pytest.mark.parametrize("work", ["import", "delete"])
def test_two_at_once_do_it_once(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, exported: dict[str, list[str]], work: str
) -> None:
    if work == "import":
        tenants.delete(tenant, now=True)
    together = threading.Barrier(2)

    def run(_number: int) -> str:
        together.wait(10)
        try:
            if work == "import":
                tenants.import_(file)
            else:
                tenants.delete(tenant, now=True)
        except TenantRefused as error:
            return str(error)
        return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(run, range(2)))
    assert "done" in outcomes
    if work == "import":
        assert rows_of(app_db, tenant) == exported
    else:
        assert not any(rows_of(app_db, tenant).values())
    assert work_of(app_db, tenant) is None


def test_one_of_a_hundred_comes_and_goes_while_the_others_work(
    app_db: Database, tenant: UUID, tenants: Tenants, file: Path, make_row: Callable[..., Any]
) -> None:
    fill(app_db, tenant)
    before = rows_of(app_db, tenant)
    others = [make_row.tenant() for _ in range(99)]  # type: ignore[attr-defined]
    stop = threading.Event()
    written = dict.fromkeys(others, 0)

    def write(mine: list[UUID]) -> None:
        while not stop.is_set():
            for one in mine:
                with app_db.tenant(one) as session:
                    session.add(Material(code=f"W-{written[one]}", name="x", unit="x", price_minor=1))
                written[one] += 1

    with ThreadPoolExecutor(3) as pool:
        writers = [pool.submit(write, others[start::3]) for start in range(3)]
        try:
            tenants.export(tenant, file)
            tenants.delete(tenant, now=True)
            tenants.import_(file)
        finally:
            stop.set()
        for writer in writers:
            writer.result(60)
    assert rows_of(app_db, tenant) == before
    with app_db.admin(reason="count", actor="tests") as session:
        counts = dict(session.execute(text("select tenant_id, count(*) from catalog.materials group by 1")).all())  # type: ignore[arg-type]
    counts.pop(tenant)
    assert counts == {one: count for one, count in written.items() if count}


def test_the_file_holds_one_moment(app_db: Database, tenant: UUID, tenants: Tenants, file: Path) -> None:
    """Each writer adds a line with its material, in one transaction; the file has both or none."""
    fill(app_db, tenant)
    stop = threading.Event()

    def write() -> int:
        number = 0
        while not stop.is_set():
            with app_db.tenant(tenant) as session:
                thing = Material(code=f"P-{number}", name="x", unit="x", price_minor=1)
                session.add(thing)
                session.flush()
                line = text("insert into demo.order_lines (material_id, quantity) values (:id, 1)")
                session.execute(line, {"id": thing.id})
            number += 1
        return number

    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        time.sleep(0.1)
        rows = tenants.export(tenant, file).rows
        stop.set()
        assert writer.result(30) > 0
    assert rows["catalog.materials"] - MATERIALS == rows["demo.order_lines"] - 9
    assert rows["catalog.materials"] > MATERIALS
