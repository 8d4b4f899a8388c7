"""Sums over a course and over a time, and what people think of a course's relationships."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from learning.conftest import Lesson
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.learning import (
    ChapterStep,
    FeedbackAnalysis,
    LearningStatistics,
    Opinion,
    analyze_feedback,
    course_statistics,
    give_feedback,
    learning_statistics,
    record_progress,
)
from app_db.models import ChapterComplexity, ChapterProgress, CourseDocument, Relationship
from app_db.session import Database
from app_db.testing.rows import administrator

pytestmark = PLUGIN_ON_18


def test_a_course_is_told_in_sums(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        judged: Any = {"reading_level": "high", "model": "m"}
        session.add_all(
            ChapterComplexity(chapter_id=chapter, score=score, **judged)
            for chapter, score in zip(lesson.chapters, (1, 4), strict=False)
        )
        source: Any = {"kind": "web", "source_uri": "https://example.com"}
        documents = [CourseDocument(course_id=lesson.course, title=f"{n}", **source) for n in range(3)]
        session.add_all(documents)
        session.flush()
        documents[0].status = "processed"
        record_progress(session, [ChapterStep(lesson.chapters[0], seconds=7, completed=True)])
        record_progress(session, [ChapterStep(lesson.chapters[1], seconds=5)])
        session.flush()
        found = course_statistics(session, lesson.course)
    assert (found.people, found.people_finished, found.chapters, found.chapters_completed) == (1, 0, 3, 1)
    assert (found.completion_rate, found.seconds_spent, found.keywords) == (Decimal("0.3333"), 12, 4)
    assert found.documents == {"uploaded": 2, "processed": 1}
    assert found.mean_complexity == Decimal("2.5")


def test_a_course_that_nobody_has_begun_is_zeros(
    app_db: Database, tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    lesson = make_lesson(0)
    with app_db.tenant(tenant) as session:
        found = course_statistics(session, lesson.course)
    assert (found.people, found.chapters, found.completion_rate, found.documents) == (0, 0, 0, {})
    assert found.mean_complexity is None


def test_a_course_that_is_not_there_or_another_tenants_is_none(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    for course in (uuid7(), make_lesson(of=other_tenant).course):
        with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(LookupError, match="no course"):
            course_statistics(session, course)


def test_a_time_is_told_in_sums_of_the_tenant(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    lesson, foreign = make_lesson(), make_lesson(of=other_tenant)
    for of, one in ((tenant, lesson), (tenant, lesson), (other_tenant, foreign)):
        with app_db.tenant(of, user_id=uuid7()) as session:
            record_progress(session, [ChapterStep(one.chapters[0], completed=True), ChapterStep(one.chapters[1])])
    now = dt.datetime.now(dt.UTC)
    hour = dt.timedelta(hours=1)
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        assert learning_statistics(session, now - hour, now + hour) == LearningStatistics(2, 1, 4, 2)
        assert learning_statistics(session, now - 2 * hour, now - hour) == LearningStatistics(0, 0, 0, 0)


def test_the_end_of_a_time_is_not_in_it(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    with administrator(app_db) as session:
        row = ChapterProgress(tenant_id=tenant, user_id=uuid7(), chapter_id=lesson.chapters[0], status="completed")
        session.add(row)
        session.flush()
        session.refresh(row)
        moment = row.started_at
    tick = dt.timedelta(microseconds=1)
    with app_db.tenant(tenant) as session:
        assert learning_statistics(session, moment, moment + tick) == LearningStatistics(1, 1, 1, 1)
        assert learning_statistics(session, moment - tick, moment) == LearningStatistics(0, 0, 0, 0)


NOW = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("since", "until"), [(NOW, NOW), (NOW, NOW - dt.timedelta(1)), (NOW.replace(tzinfo=None), NOW + dt.timedelta(1))]
)
def test_a_time_that_is_none_is_refused(app_db: Database, tenant: UUID, since: dt.datetime, until: dt.datetime) -> None:
    with app_db.tenant(tenant) as session, pytest.raises(ValueError, match="give"):
        learning_statistics(session, since, until)


def test_feedback_is_told_by_kind(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    with app_db.tenant(tenant, user_id=lesson.author) as session:
        session.add(
            Relationship(source_keyword_id=lesson.keywords[0], target_keyword_id=lesson.keywords[3], kind="contrast")
        )
    first, second, third = lesson.relationships
    told = {first: (True, True, True), second: (True, False, False), third: (True, False)}
    for number in range(3):
        with app_db.tenant(tenant, user_id=uuid7()) as session:
            opinions = [
                Opinion(r, helpful[number], rating=number + 1) for r, helpful in told.items() if number < len(helpful)
            ]
            give_feedback(session, opinions)
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        assert analyze_feedback(session, lesson.course) == [
            FeedbackAnalysis("analogy", 3, 3, 1, 1, 0, 1, Decimal("1.88")),
            FeedbackAnalysis("contrast", 1, 0, 0, 0, 0, 1, None),
        ]
        assert analyze_feedback(session, uuid7()) == []


def test_feedback_of_another_tenants_course_is_not_told(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    foreign = make_lesson(of=other_tenant)
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        assert analyze_feedback(session, foreign.course) == []
