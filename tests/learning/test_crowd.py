"""Forty people at the same moment: nothing is counted twice, nothing is lost, nobody deadlocks."""

from __future__ import annotations

import random
from uuid import UUID

import pytest
from learning.conftest import CROWD, Lesson, at_once
from sqlalchemy import func, insert, select, text
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.learning import (
    ChapterStep,
    Opinion,
    course_statistics,
    give_feedback,
    progress_summary,
    record_progress,
)
from app_db.models import CourseDocument, ProcessedDocument, Relationship, UserProgress
from app_db.session import Database

pytestmark = [PLUGIN_ON_18, pytest.mark.app_db("commit")]


def test_forty_people_learn_and_rate_at_once(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    people = [uuid7() for _ in range(CROWD)]

    def learn(number: int) -> str:
        chapters, relationships = list(lesson.chapters), list(lesson.relationships)
        random.Random(number).shuffle(chapters)
        random.Random(number).shuffle(relationships)
        for attempt in range(2):
            with app_db.tenant(tenant, user_id=people[number]) as session:
                record_progress(session, [ChapterStep(chapter, seconds=10, completed=True) for chapter in chapters])
                # whoever has an even number changes to the opposite the second time, and back to helpful
                is_helpful = bool(number % 2) or bool(attempt)
                give_feedback(session, [Opinion(relationship, is_helpful) for relationship in relationships])
        return "done"

    assert at_once(learn) == ["done"] * CROWD
    with app_db.tenant_admin(tenant) as session:
        progress = session.scalars(select(UserProgress)).all()
        assert {row.user_id for row in progress} == set(people)
        assert {(row.current_streak, row.chapters_completed, row.seconds_spent) for row in progress} == {(1, 3, 60)}
        counted = select(Relationship.feedback_people, Relationship.feedback_helpful, Relationship.consensus)
        assert session.execute(counted).all() == [(CROWD, CROWD, "helpful")] * 3
        statistics = course_statistics(session, lesson.course)
    assert (statistics.people, statistics.people_finished, statistics.chapters_completed) == (CROWD, CROWD, 3 * CROWD)
    assert (statistics.completion_rate, statistics.seconds_spent) == (1, 60 * CROWD)


def test_forty_devices_of_one_person_tell_of_the_same_chapters(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    person = uuid7()

    def learn(number: int) -> str:
        chapters = list(lesson.chapters)
        random.Random(number).shuffle(chapters)
        with app_db.tenant(tenant, user_id=person) as session:
            record_progress(session, [ChapterStep(chapter, seconds=1, completed=True) for chapter in chapters])
        return "done"

    assert at_once(learn) == ["done"] * CROWD
    with app_db.tenant(tenant, user_id=person) as session:
        summary = progress_summary(session)
    assert (summary.chapters_completed, summary.seconds_spent, summary.current_streak) == (3, 3 * CROWD, 1)


def test_a_consensus_changes_with_each_who_comes_and_goes(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    """Half of them give feedback and take it back while the other half gives theirs."""
    relationship = lesson.relationships[0]

    def rate(number: int) -> str:
        with app_db.tenant(tenant, user_id=uuid7()) as session:
            give_feedback(session, [Opinion(relationship, is_helpful=number % 4 == 1)])
            if number % 2 == 0:
                session.flush()
                session.execute(text("delete from learning.analogy_feedback"))
        return "done"

    assert at_once(rate) == ["done"] * CROWD
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        row = session.get_one(Relationship, relationship)
        assert (row.feedback_people, row.feedback_helpful, row.consensus) == (CROWD // 2, CROWD // 4, "divided")


def test_two_who_rate_in_opposite_orders_one_by_one_deadlock(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    """Why `give_feedback` takes several at once: without its order, each holds what the other one waits for."""
    from threading import Barrier

    from app_db.errors import DeadlockDetected

    one, other = lesson.relationships[:2]
    between = Barrier(2, timeout=30)

    def rate(number: int) -> str:
        order = (one, other) if number else (other, one)
        with app_db.tenant(tenant, user_id=uuid7()) as session:
            give_feedback(session, [Opinion(order[0], is_helpful=True)])
            between.wait()
            give_feedback(session, [Opinion(order[1], is_helpful=True)])
        return "done"

    outcomes = at_once(rate, 2)
    assert [type(outcome) for outcome in outcomes if outcome != "done"] == [DeadlockDetected]


def test_forty_workers_write_parts_of_the_same_documents(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    """In any order, each in one statement: the trigger locks the documents in the order of their ids."""
    with app_db.tenant(tenant, user_id=lesson.author) as session:
        documents = [
            CourseDocument(course_id=lesson.course, title=f"{number}", kind="pdf", source_uri="s3://a/b")
            for number in range(5)
        ]
        session.add_all(documents)
        session.flush()
        ids = [document.id for document in documents]

    def work(number: int) -> str:
        mine = list(ids)
        random.Random(number).shuffle(mine)
        fixed = {"content": "x", "tokens": 1, "model": "m", "embedding": [1.0, *[0.0] * 767]}
        with app_db.tenant(tenant) as session:
            session.execute(
                insert(ProcessedDocument),
                [{"tenant_id": tenant, "document_id": one, "part": number + 1, **fixed} for one in mine],
            )
        return "done"

    assert at_once(work) == ["done"] * CROWD
    with app_db.tenant(tenant) as session:
        assert set(session.scalars(select(CourseDocument.status))) == {"processed"}
        assert session.scalar(select(func.count()).select_from(ProcessedDocument)) == CROWD * 5
