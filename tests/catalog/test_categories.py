"""Categories are a tree in each tenant, whoever moves them and however many do so at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from catalog.shelves import Shelves, fill
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app_db.errors import CheckViolation, DatabaseError, ForeignKeyViolation, PermissionDenied, UniqueViolation
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1
from app_db.models import Category, Material
from app_db.session import Database
from app_db.settings import Settings
from app_db.testing.rows import administrator

MOVE = text("update catalog.categories set parent_id = :parent where id = :id")
GUARD = "catalog.refuse_circle()"
TWO = text("insert into catalog.categories (id, parent_id, name) values (:a, :b, 'A'), (:b, :a, 'B')")


@pytest.fixture
def shelves(app_db: Database, tenant: UUID) -> Shelves:
    return fill(app_db, tenant)


def move(db: Database, tenant: UUID, category: UUID, parent: UUID | None) -> None:
    with db.tenant(tenant) as session:
        assert session.execute(MOVE, {"id": category, "parent": parent}).rowcount == 1  # type: ignore[attr-defined]


def test_a_category_is_moved_with_all_below_it(app_db: Database, tenant: UUID, shelves: Shelves) -> None:
    move(app_db, tenant, shelves.bricks, shelves.dry)
    with app_db.tenant(tenant) as session:
        below = session.scalar(text("select catalog.category_and_below(:id)"), {"id": shelves.dry})
        assert set(below) == {shelves.dry, shelves.bricks, shelves.fire}
    move(app_db, tenant, shelves.bricks, None)


@pytest.mark.parametrize("below", ["bricks", "fire"])
def test_a_category_is_not_moved_below_itself(app_db: Database, tenant: UUID, shelves: Shelves, below: str) -> None:
    with pytest.raises(CheckViolation, match=r"(?s)below itself.*to the top") as caught:
        move(app_db, tenant, shelves.walls, getattr(shelves, below))
    assert caught.value.constraint_name == "ck_categories_circle"


def test_a_category_is_not_its_own_parent(app_db: Database, tenant: UUID, shelves: Shelves) -> None:
    with pytest.raises(CheckViolation):
        move(app_db, tenant, shelves.walls, shelves.walls)


def test_several_new_categories_form_no_circle(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(CheckViolation, match="below itself"), app_db.tenant(tenant) as session:
        session.execute(TWO, {"a": uuid7(), "b": uuid7()})


@pytest.mark.parametrize("parent", [None, "walls"])
def test_two_of_one_parent_have_different_names(
    app_db: Database, tenant: UUID, shelves: Shelves, parent: str | None
) -> None:
    name = "Walls" if parent is None else "Bricks"
    with pytest.raises(UniqueViolation), app_db.tenant(tenant) as session:
        session.add(Category(name=name, parent_id=parent and getattr(shelves, parent)))
    with app_db.tenant(tenant) as session:
        session.add(Category(name=name, parent_id=shelves.dry))


THINGS = {
    "a category": lambda theirs: Category(name="x", parent_id=theirs),
    "a material": lambda theirs: Material(code="x", name="x", unit="x", price_minor=1, category_id=theirs),
}


@pytest.mark.parametrize("thing", THINGS.values(), ids=THINGS)
def test_another_tenants_category_can_not_be_referred_to(
    app_db: Database, tenant: UUID, other_tenant: UUID, thing: Callable[[UUID], Category | Material]
) -> None:
    theirs = fill(app_db, other_tenant).walls
    with pytest.raises(ForeignKeyViolation), app_db.tenant(tenant) as session:
        session.add(thing(theirs))


@pytest.mark.parametrize("shelf", ["walls", "fire"])
def test_a_category_that_holds_something_stays(app_db: Database, tenant: UUID, shelves: Shelves, shelf: str) -> None:
    with pytest.raises(ForeignKeyViolation), app_db.tenant(tenant) as session:
        session.execute(text("delete from catalog.categories where id = :id"), {"id": getattr(shelves, shelf)})


@pytest.mark.parametrize("values", [{"name": ""}, {"name": "x" * 201}])
def test_a_name_that_is_none_is_refused(app_db: Database, tenant: UUID, values: dict[str, str]) -> None:
    with pytest.raises(CheckViolation), app_db.tenant(tenant) as session:
        session.add(Category(**values))


@pytest.mark.parametrize("statement", ["update catalog.categories set tenant_id = app.uuid7()",
                                       "update catalog.categories set id = app.uuid7()",
                                       "update catalog.categories set created_at = now()"])  # fmt: skip
def test_what_a_category_is_can_not_be_rewritten(
    app_db: Database, tenant: UUID, shelves: Shelves, statement: str
) -> None:
    with pytest.raises(PermissionDenied), app_db.tenant(tenant) as session:
        session.execute(text(statement))


@pytest.mark.parametrize("table", ["categories", "materials"])
@pytest.mark.app_db("commit")
def test_the_server_says_when_a_row_was_changed(app_db: Database, tenant: UUID, table: str) -> None:
    fill(app_db, tenant)
    with app_db.tenant(tenant) as session:
        session.execute(text(f"update catalog.{table} set name = name || '!'"))
        times = text(f"select bool_and(updated_at = now() and updated_at > created_at) from catalog.{table}")
        assert session.scalar(times)


@pytest.mark.app_db("fresh")
def test_without_the_trigger_nobody_would_say_it(app_db: Database, app_db_settings: Settings, tenant: UUID) -> None:
    fill(app_db, tenant)
    change_schema(app_db_settings, lambda: v1.execute("drop trigger touch_updated_at on catalog.categories"))
    with app_db.tenant(tenant) as session:
        session.execute(text("update catalog.categories set name = name || '!'"))
        assert not session.scalar(text("select bool_or(updated_at = now()) from catalog.categories"))


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
@pytest.mark.app_db("commit")
def test_a_move_that_can_not_see_others_moves_is_refused(app_db: Database, tenant: UUID, level: str) -> None:
    shelves = fill(app_db, tenant)
    with (
        pytest.raises(Exception, match=r"(?s)at READ COMMITTED.*names no isolation level"),
        app_db.tenant(tenant, isolation_level=level) as session,  # type: ignore[arg-type]
    ):
        session.execute(MOVE, {"id": shelves.bricks, "parent": shelves.dry})


@contextmanager
def moving(db: Database, tenant: UUID, category: UUID, parent: UUID) -> Iterator[list[str]]:
    """Have a second session move it, and go on when that has ended or waits for a lock; yield what came of it."""
    outcome: list[str] = []

    def run() -> None:
        try:
            move(db, tenant, category, parent)
            outcome.append("moved")
        except DatabaseError as error:
            outcome.append(type(error).__name__)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 20
    while not outcome and not _is_waiting(db) and time.monotonic() < deadline:
        time.sleep(0.01)
    yield outcome
    thread.join(20)


def _is_waiting(db: Database) -> bool:
    waiting = text(
        "select exists (select from pg_locks where not granted and locktype = 'advisory' and database = "
        "(select oid from pg_database where datname = current_database()))"
    )
    with administrator(db) as session:
        return bool(session.scalar(waiting))


def crossed(db: Database, tenant: UUID) -> tuple[list[str], bool]:
    """Move two categories below each other at the same moment; return the second's outcome, and if it is a circle."""
    shelves = fill(db, tenant)
    first = db.tenant(tenant)
    with first as session:
        session.execute(MOVE, {"id": shelves.walls, "parent": shelves.dry})
        second = moving(db, tenant, shelves.dry, shelves.walls)
        outcome = second.__enter__()
    second.__exit__(None, None, None)
    with db.tenant(tenant) as session:
        parents = dict(session.execute(text("select id, parent_id from catalog.categories")).all())  # type: ignore[arg-type]
    return outcome, parents[shelves.walls] == shelves.dry and parents[shelves.dry] == shelves.walls


@pytest.mark.app_db("commit")
def test_two_sessions_do_not_move_two_categories_below_each_other(app_db: Database, tenant: UUID) -> None:
    assert crossed(app_db, tenant) == (["CheckViolation"], False)


@pytest.mark.app_db("fresh")
def test_without_the_lock_they_would(app_db: Database, app_db_settings: Settings, tenant: UUID) -> None:
    def unlock() -> None:
        from alembic import op

        bind = op.get_bind()
        source = str(
            bind.exec_driver_sql("select pg_get_functiondef('catalog.refuse_circle()'::regprocedure)").scalar()
        )
        lines = [line for line in source.splitlines() if "pg_advisory_xact_lock" not in line]
        assert len(lines) == len(source.splitlines()) - 1
        bind.exec_driver_sql("\n".join(lines).replace("%", "%%"))

    change_schema(app_db_settings, unlock)
    assert crossed(app_db, tenant) == (["moved"], True)


@pytest.mark.app_db("commit")
def test_moves_of_different_tenants_do_not_wait_for_each_other(
    app_db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    ours, theirs = fill(app_db, tenant), fill(app_db, other_tenant)
    with app_db.tenant(tenant) as session:
        session.execute(MOVE, {"id": ours.bricks, "parent": ours.dry})
        with moving(app_db, other_tenant, theirs.bricks, theirs.dry) as outcome:
            assert outcome == ["moved"]
