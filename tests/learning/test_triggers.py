"""Each trigger taken away, and what goes wrong then; what is right with it the other tests see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from learning.conftest import Lesson
from sqlalchemy import select, text
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.errors import CheckViolation, NotNullViolation, TransitionRefused
from app_db.learning import ChapterStep, Opinion, give_feedback, record_progress
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1
from app_db.models import (
    AuditLog,
    ChapterProgress,
    Course,
    CourseDocument,
    ProcessedDocument,
    Relationship,
    UserProfile,
    UserProgress,
)
from app_db.session import Database, TenantSession
from app_db.settings import Settings

pytestmark = [PLUGIN_ON_18, pytest.mark.app_db("commit")]
Look = Callable[[TenantSession, Lesson], Any]


def progress_is_summed_up(session: TenantSession, lesson: Lesson) -> bool:
    record_progress(session, [ChapterStep(lesson.chapters[0], completed=True)])
    return session.scalars(select(UserProgress.chapters_completed)).all() == [1]


def a_course_is_filled_in(session: TenantSession, lesson: Lesson) -> bool:
    try:
        record_progress(session, [ChapterStep(lesson.chapters[0])])
    except NotNullViolation:
        session.rollback()
        return False
    return session.scalars(select(ChapterProgress.course_id)).one() == lesson.course


def feedback_is_counted(session: TenantSession, lesson: Lesson) -> bool:
    give_feedback(session, [Opinion(lesson.relationships[0], is_helpful=True)])
    return session.get_one(Relationship, lesson.relationships[0]).feedback_people == 1


def a_status_goes_its_way(session: TenantSession, lesson: Lesson) -> bool:
    document = _document(session, lesson)
    document.status, document.error = "failed", "no text in it"
    session.flush()
    document.status = "uploaded"
    document.error = None
    try:
        session.flush()
    except (TransitionRefused, CheckViolation) as error:
        session.rollback()
        return isinstance(error, TransitionRefused)
    return False


def a_document_with_parts_is_processed(session: TenantSession, lesson: Lesson) -> bool:
    document = _document(session, lesson)
    part = {"content": "x", "tokens": 1, "model": "m", "embedding": [1.0] * 768}
    session.add(ProcessedDocument(document_id=document.id, part=1, **part))
    session.flush()
    session.refresh(document)
    return document.status == "processed" and document.processed_at is not None


def interests_are_tidied(session: TenantSession, lesson: Lesson) -> bool:
    profile = UserProfile(display_name="Anna", interests=["  Music "])
    session.add(profile)
    session.flush()
    session.refresh(profile)
    return profile.interests == ["music"]


def a_course_is_logged(session: TenantSession, lesson: Lesson) -> bool:
    session.add(Course(title="Another one"))
    session.flush()
    return session.scalars(select(AuditLog.action).where(AuditLog.actor_id == session.context.user_id)).all() == [
        "course.insert"
    ]


def a_change_is_dated(session: TenantSession, lesson: Lesson) -> bool:
    session.add(course := Course(title="Another one"))
    session.flush()
    before = text("update learning.courses set title = 'B', updated_at = '2020-01-01' where id = :id")
    session.execute(before, {"id": course.id})
    session.refresh(course)
    return course.updated_at.year > 2020


def _document(session: TenantSession, lesson: Lesson) -> CourseDocument:
    document = CourseDocument(course_id=lesson.course, title="Flora", kind="pdf", source_uri="s3://a/b")
    session.add(document)
    session.flush()
    return document


TRIGGERS: dict[tuple[str, str], Look] = {
    ("note_progress", "chapter_progress"): progress_is_summed_up,
    ("keep_progress", "chapter_progress"): a_course_is_filled_in,
    ("count_feedback", "analogy_feedback"): feedback_is_counted,
    ("check_document_status", "course_documents"): a_status_goes_its_way,
    ("finish_documents", "processed_documents"): a_document_with_parts_is_processed,
    ("check_profile", "user_profiles"): interests_are_tidied,
    ("audit_row", "courses"): a_course_is_logged,
    ("touch_updated_at", "courses"): a_change_is_dated,
}


@pytest.fixture
def sees(app_db: Database, tenant: UUID, lesson: Lesson) -> Callable[[Look], bool]:
    def look(what: Look) -> bool:
        with app_db.tenant(tenant, user_id=uuid7()) as session:
            return bool(what(session, lesson))

    return look


@pytest.mark.parametrize("look", TRIGGERS.values(), ids=lambda look: look.__name__)
def test_the_database_keeps_it(sees: Callable[[Look], bool], look: Look) -> None:
    assert sees(look)


@pytest.mark.app_db("fresh")
def test_each_trigger_that_is_taken_away_is_missed(app_db_settings: Settings, sees: Callable[[Look], bool]) -> None:
    """One after the other from one database; those that are there still don't make up for it."""
    for (name, table), look in TRIGGERS.items():
        change_schema(
            app_db_settings, lambda name=name, table=table: v1.execute(f"drop trigger {name} on learning.{table}")
        )
        assert not sees(look), name


def test_every_trigger_of_learning_has_its_look(app_db: Database) -> None:
    names = text("""
    select distinct t.tgname, case when t.tgname = 'touch_updated_at' then 'courses' else c.relname end
    from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
    where c.relnamespace = 'learning'::regnamespace and not t.tgisinternal
    """)
    with app_db.admin(reason="look", actor="tests") as session:
        assert {(name, table) for name, table in session.execute(names)} == set(TRIGGERS)


def test_every_table_that_is_changed_has_its_date(app_db: Database) -> None:
    without = text("""
    select c.relname from pg_class as c where c.relnamespace = 'learning'::regnamespace and c.relkind = 'r'
    and not exists (select from pg_trigger as t where t.tgrelid = c.oid and t.tgname = 'touch_updated_at')
    """)
    with app_db.admin(reason="look", actor="tests") as session:
        assert session.scalars(without).all() == []
