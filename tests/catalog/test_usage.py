"""What is used is counted exactly, however many count at once, and is read by day, material and period."""

from __future__ import annotations

import datetime as dt
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app_db.catalog import (
    MaterialDay,
    Usage,
    record_usage,
    record_usages,
    top_materials,
    usage,
    usage_by_day,
    usage_of_material,
)
from app_db.errors import CheckViolation, DatabaseError, ForeignKeyViolation, PermissionDenied
from app_db.models import Material
from app_db.session import Database
from app_db.testing.rows import administrator

MONDAY = dt.date(2026, 3, 2)
TUESDAY = MONDAY + dt.timedelta(days=1)
WEDNESDAY = MONDAY + dt.timedelta(days=2)
WRITERS = 40


def materials(db: Database, tenant: UUID, count: int = 3) -> list[UUID]:
    with db.tenant(tenant) as session:
        made = [Material(code=f"M-{n}", name="Brick", unit="pcs", price_minor=1) for n in range(count)]
        session.add_all(made)
        session.flush()
        return [one.id for one in made]


@pytest.fixture
def three(app_db: Database, tenant: UUID) -> list[UUID]:
    return materials(app_db, tenant)


def test_uses_of_a_day_are_counted_up(app_db: Database, tenant: UUID, three: list[UUID]) -> None:
    with app_db.tenant(tenant) as session:
        record_usage(session, three[0], day=MONDAY)
        record_usage(session, three[0], Decimal("2.125"), day=MONDAY)
        record_usages(session, [Usage(three[0], 1, TUESDAY), Usage(three[1], 5, MONDAY), Usage(three[0], 1, TUESDAY)])
    with app_db.tenant(tenant) as session:
        found = usage_of_material(session, three[0], MONDAY, WEDNESDAY)
        days = [(one.day, one.materials, one.uses) for one in usage_by_day(session, MONDAY, WEDNESDAY)]
    assert found == [MaterialDay(MONDAY, 2, Decimal("3.125")), MaterialDay(TUESDAY, 2, Decimal(2))]
    assert days == [(MONDAY, 2, 3), (TUESDAY, 1, 2)]


def test_a_use_without_a_day_is_of_today_in_utc(app_db: Database, tenant: UUID, three: list[UUID]) -> None:
    with app_db.tenant(tenant) as session:
        session.execute(text("set local timezone = 'Pacific/Kiritimati'"))
        record_usage(session, three[0])
        today = session.scalar(text("select cast(now() at time zone 'UTC' as date)"))
        assert [one.day for one in usage_by_day(session, dt.date(2020, 1, 1), dt.date(2099, 1, 1))] == [today]


def test_the_materials_that_are_used_most_come_first(app_db: Database, tenant: UUID, three: list[UUID]) -> None:
    with app_db.tenant(tenant) as session:
        record_usages(session, [Usage(one, 2, MONDAY) for one, times in zip(three, (2, 3, 1), strict=True)
                                for _ in range(times)])  # fmt: skip
        record_usages(session, [Usage(three[2], 1, WEDNESDAY)] * 9)
        top = top_materials(session, MONDAY, WEDNESDAY, limit=2)
        assert [(one.id, one.uses, one.quantity) for one in top] == [(three[1], 3, 6), (three[0], 2, 4)]
        assert top_materials(session, MONDAY, WEDNESDAY + dt.timedelta(days=1), limit=1)[0].id == three[2]


def test_no_use_is_no_statement(app_db: Database, tenant: UUID, query_recorder: Any) -> None:
    with app_db.tenant(tenant) as session:
        record_usages(session, [])
    assert query_recorder.count == 0


@pytest.mark.parametrize("quantity", [-1, Decimal("-0.001"), Decimal("0.0001"), Decimal("NaN"), Decimal("Infinity"),
                                      10**15])  # fmt: skip
def test_a_quantity_that_can_not_be_is_refused_and_nothing_is_counted(
    app_db: Database, tenant: UUID, three: list[UUID], quantity: Decimal
) -> None:
    with app_db.tenant(tenant) as session:
        with pytest.raises(ValueError, match="quantity is"):
            record_usages(session, [Usage(three[0], 1, MONDAY), Usage(three[0], quantity, MONDAY)])
        assert usage_by_day(session, MONDAY, TUESDAY) == []


@pytest.mark.parametrize("call", [usage_by_day, top_materials, lambda s, a, b: usage_of_material(s, uuid4(), a, b)])
def test_a_period_without_a_day_is_refused(app_db: Database, tenant: UUID, call: Any) -> None:
    with app_db.tenant(tenant) as session, pytest.raises(ValueError, match="give a later day"):
        call(session, MONDAY, MONDAY)


def test_another_tenants_material_is_not_counted_nor_is_one_that_is_not_there(
    app_db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for material in (materials(app_db, other_tenant)[0], uuid4()):
        with pytest.raises(ForeignKeyViolation), app_db.tenant(tenant) as session:
            record_usage(session, material, day=MONDAY)


def test_another_tenants_statistics_are_not_seen(
    app_db: Database, tenant: UUID, other_tenant: UUID, three: list[UUID]
) -> None:
    with app_db.tenant(tenant) as session:
        record_usage(session, three[0], day=MONDAY)
    with app_db.tenant(other_tenant) as session:
        assert usage_by_day(session, MONDAY, TUESDAY) == []
        assert usage_of_material(session, three[0], MONDAY, TUESDAY) == []
        assert top_materials(session, MONDAY, TUESDAY) == []


@pytest.mark.parametrize(("statement", "error"), [
    ("delete from catalog.usage_statistics", PermissionDenied),
    ("update catalog.usage_statistics set day = day + 1", PermissionDenied),
    ("update catalog.usage_statistics set uses = 0", CheckViolation),
    ("update catalog.usage_statistics set quantity = -1", CheckViolation),
])  # fmt: skip
def test_what_was_counted_is_not_rewritten(
    app_db: Database, tenant: UUID, three: list[UUID], statement: str, error: type[Exception]
) -> None:
    with app_db.tenant(tenant) as session:
        record_usage(session, three[0], day=MONDAY)
    with pytest.raises(error), app_db.tenant(tenant) as session:
        session.execute(text(statement))


def test_statistics_go_with_their_material(app_db: Database, tenant: UUID, three: list[UUID]) -> None:
    with app_db.tenant(tenant) as session:
        record_usages(session, [Usage(three[0], 1, MONDAY), Usage(three[1], 1, MONDAY)])
        session.execute(text("delete from catalog.materials where id = :id"), {"id": three[0]})
    with app_db.tenant(tenant) as session:
        assert usage_by_day(session, MONDAY, TUESDAY)[0].materials == 1


def count_at_once(db: Database, tenant: UUID, batches: list[list[Usage]]) -> list[str]:
    """Record each batch in a thread of its own, all at the same moment; return the names of what went wrong."""
    start = Barrier(len(batches))

    def record(batch: list[Usage]) -> str | None:
        start.wait()
        try:
            with db.tenant(tenant) as session:
                record_usages(session, batch)
        except DatabaseError as error:
            return type(error).__name__
        return None

    with ThreadPoolExecutor(len(batches)) as pool:
        return [failure for failure in pool.map(record, batches) if failure]


@pytest.mark.app_db("commit")
def test_forty_at_once_count_exactly_and_never_deadlock(app_db: Database, tenant: UUID) -> None:
    made = materials(app_db, tenant, 12)
    # every other one the other way round, which would be a deadlock if the rows were locked as they come
    usages = [Usage(one, 1, MONDAY) for one in made]
    batches = [usages[:: 1 if n % 2 else -1] for n in range(WRITERS)]
    assert count_at_once(app_db, tenant, batches) == []
    with app_db.tenant(tenant) as session:
        assert [one.uses for one in top_materials(session, MONDAY, TUESDAY)] == [WRITERS] * 12


def two_in_opposite_orders(db: Database, tenant: UUID) -> list[str]:
    """Have two batches meet at a row that a third session holds; return the errors of the two."""
    usages = [Usage(one, 1, MONDAY) for one in sorted(materials(db, tenant))]
    assert count_at_once(db, tenant, [usages]) == []
    with ThreadPoolExecutor(1) as pool, db.tenant(tenant) as holder:
        record_usages(holder, [usages[1]])
        outcome = pool.submit(count_at_once, db, tenant, [usages, usages[::-1]])
        deadline = time.monotonic() + 20
        while waiting(db) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert waiting(db) == 2
        holder.commit()
        return outcome.result(30)


def waiting(db: Database) -> int:
    query = text(
        "select count(distinct l.pid) from pg_locks as l join pg_stat_activity as a using (pid) "
        "where not l.granted and a.datname = current_database()"
    )
    with administrator(db) as session:
        return int(session.scalar(query) or 0)


@pytest.mark.app_db("commit")
def test_two_batches_in_opposite_orders_wait_for_each_other(app_db: Database, tenant: UUID) -> None:
    assert two_in_opposite_orders(app_db, tenant) == []


@pytest.mark.app_db("commit")
def test_without_the_order_they_would_deadlock(app_db: Database, tenant: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    as_given = "order by array_position(cast(:materials as uuid[]), u.material_id)"
    monkeypatch.setattr(usage, "_COUNT", text(usage._COUNT.text.replace("order by 1, 2", as_given)))
    assert two_in_opposite_orders(app_db, tenant) == ["DeadlockDetected"]
