"""Progress: what the server says and nobody else, completion that stays, sums that are exact."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from learning.conftest import Lesson
from sqlalchemy import func, select, text, update
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.errors import CheckViolation, ForeignKeyViolation, PermissionDenied, RowSecurityViolation
from app_db.learning import ChapterStep, progress_summary, record_progress
from app_db.models import Chapter, ChapterProgress, Course, UserProgress
from app_db.session import Database
from app_db.testing.rows import administrator

pytestmark = PLUGIN_ON_18


def told(app_db: Database, tenant: UUID, person: UUID, *steps: ChapterStep) -> ChapterProgress:
    with app_db.tenant(tenant, user_id=person) as session:
        record_progress(session, steps)
        row = session.scalars(select(ChapterProgress).where(ChapterProgress.chapter_id == steps[0].chapter)).one()
        session.expunge(row)
        return row


def test_progress_knows_its_course_and_its_beginning(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    row = told(app_db, tenant, uuid7(), ChapterStep(lesson.chapters[0], percent=30, seconds=60))
    assert (row.course_id, row.status, row.percent, row.seconds_spent) == (lesson.course, "started", 30, 60)
    assert row.started_at is not None
    assert row.completed_at is None


def test_seconds_add_up_and_a_lower_percentage_is_left(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    person, chapter = uuid7(), lesson.chapters[0]
    told(app_db, tenant, person, ChapterStep(chapter, percent=60, seconds=100))
    row = told(app_db, tenant, person, ChapterStep(chapter, percent=20, seconds=11))
    assert (row.percent, row.seconds_spent) == (60, 111)


def test_what_is_completed_stays_completed_at_its_first_time(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    person, chapter = uuid7(), lesson.chapters[0]
    first = told(app_db, tenant, person, ChapterStep(chapter, completed=True))
    assert (first.status, first.percent) == ("completed", 100)
    for step in (ChapterStep(chapter, percent=10, seconds=5), ChapterStep(chapter, completed=True)):
        again = told(app_db, tenant, person, step)
        assert (again.status, again.percent, again.completed_at) == ("completed", 100, first.completed_at)
    with app_db.tenant(tenant, user_id=person) as session:
        session.execute(update(ChapterProgress).values(status="started", percent=5))
    with app_db.tenant(tenant, user_id=person) as session:
        assert session.execute(select(ChapterProgress.status, ChapterProgress.percent)).one() == ("completed", 100)
        assert session.scalars(select(UserProgress.chapters_completed)).all() == [1]


def test_the_sum_is_that_of_the_chapters(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    person = uuid7()
    told(app_db, tenant, person, *(ChapterStep(chapter, seconds=10, completed=True) for chapter in lesson.chapters))
    told(app_db, tenant, person, *(ChapterStep(chapter, seconds=5) for chapter in lesson.chapters))
    with app_db.tenant(tenant, user_id=person) as session:
        summary = progress_summary(session)
    assert (summary.chapters_started, summary.chapters_completed, summary.seconds_spent) == (3, 3, 45)
    assert (summary.courses, summary.current_streak, summary.badges) == (1, 1, ["chapters_1"])


def test_ten_chapters_bring_a_badge_once(app_db: Database, tenant: UUID, make_lesson: Callable[..., Lesson]) -> None:
    person = uuid7()
    for chapter in make_lesson(11).chapters:
        told(app_db, tenant, person, ChapterStep(chapter, completed=True))
    with app_db.tenant(tenant, user_id=person) as session:
        assert session.scalars(select(UserProgress.badges)).one() == ["chapters_1", "chapters_10"]


def test_who_has_done_nothing_has_zeros(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        summary = progress_summary(session)
    assert (summary.current_streak, summary.longest_streak, summary.last_active_on, summary.badges) == (0, 0, None, [])
    assert (summary.chapters_started, summary.seconds_spent) == (0, 0)


@pytest.mark.parametrize(
    "steps",
    [
        [ChapterStep(uuid7(), percent=101)],
        [ChapterStep(uuid7(), percent=-1)],
        [ChapterStep(uuid7(), seconds=-1)],
        [ChapterStep(UUID(int=1)), ChapterStep(UUID(int=1))],
    ],
)
def test_what_can_not_be_is_refused_before_anything_is_sent(
    app_db: Database, tenant: UUID, steps: list[ChapterStep]
) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(ValueError, match=r"give|tell it once"):
        record_progress(session, steps)


def test_a_chapter_that_is_not_there_or_another_tenants_is_refused_alike(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    """Nobody learns which ids another tenant has."""
    messages = []
    for chapter in (make_lesson(of=other_tenant).chapters[0], uuid7()):
        with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(ForeignKeyViolation) as refused:
            record_progress(session, [ChapterStep(chapter)])
        messages.append(str(refused.value.orig).replace(str(chapter), "…"))
        assert refused.value.constraint_name == "fk_chapter_progress_tenant_id_chapter_id"
    assert messages[0] == messages[1]


def test_a_row_of_another_tenant_is_refused_alike_whether_its_chapter_is_there_or_not(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    row = text("insert into learning.chapter_progress (tenant_id, chapter_id) values (:tenant, :chapter)")
    for chapter in (make_lesson(of=other_tenant).chapters[0], uuid7()):
        with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(RowSecurityViolation):
            session.execute(row, {"tenant": other_tenant, "chapter": chapter})


@pytest.mark.parametrize(
    "statement",
    [
        "delete from learning.chapter_progress",
        "update learning.chapter_progress set completed_at = now()",
        "update learning.chapter_progress set started_at = now()",
        "update learning.chapter_progress set course_id = id",
        "update learning.user_progress set current_streak = 99",
        "insert into learning.user_progress (last_active_on, current_streak) values (current_date, 99)",
        "delete from learning.user_progress",
        "insert into learning.chapter_progress (chapter_id, course_id) values (app.uuid7(), app.uuid7())",
        "select learning.note_activity(app.uuid7(), app.uuid7(), now(), 1, 1)",
    ],
)
def test_what_the_server_keeps_nobody_writes_by_hand(app_db: Database, tenant: UUID, statement: str) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(PermissionDenied):
        session.execute(text(statement))


@pytest.mark.parametrize(
    "values", ["'begun', 0, 0", "'started', 101, 0", "'started', 0, -1"], ids=["status", "percent", "seconds"]
)
def test_the_table_refuses_what_is_no_progress(app_db: Database, tenant: UUID, lesson: Lesson, values: str) -> None:
    row = text(
        f"insert into learning.chapter_progress (chapter_id, status, percent, seconds_spent) values (:c, {values})"
    )
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(CheckViolation):
        session.execute(row, {"c": lesson.chapters[0]})


def test_what_somebody_has_begun_keeps_a_chapter_and_its_course(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    told(app_db, tenant, uuid7(), ChapterStep(lesson.chapters[0]))
    for model, ident in ((Chapter, lesson.chapters[0]), (Course, lesson.course)):
        with app_db.tenant(tenant, user_id=lesson.author) as session:
            session.delete(session.get_one(model, ident))
            with pytest.raises(ForeignKeyViolation):
                session.flush()
            session.rollback()
    with app_db.tenant(tenant, user_id=lesson.author) as session:
        session.delete(session.get_one(Chapter, lesson.chapters[1]))


def test_an_administrator_of_all_tenants_writes_by_the_same_triggers(
    app_db: Database, tenant: UUID, lesson: Lesson
) -> None:
    person = uuid7()
    with administrator(app_db) as session:
        session.add(
            ChapterProgress(tenant_id=tenant, user_id=person, chapter_id=lesson.chapters[0], status="completed")
        )
    with administrator(app_db) as session:
        count = select(func.sum(UserProgress.chapters_completed)).where(UserProgress.user_id == person)
        assert session.scalar(count) == 1
