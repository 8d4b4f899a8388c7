"""Three people of one tenant: sums are right for all, rows are each one's own, administrators see the tenant's."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from learning.conftest import Lesson
from sqlalchemy import func, select, text, update
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.errors import CheckViolation, PermissionDenied, RowSecurityViolation, UnboundTransaction, UniqueViolation
from app_db.learning import (
    ChapterStep,
    Opinion,
    course_statistics,
    find_person,
    give_feedback,
    progress_summary,
    record_progress,
)
from app_db.models import (
    AnalogyFeedback,
    Chapter,
    ChapterComplexity,
    ChapterProgress,
    Course,
    CourseDocument,
    Keyword,
    ProcessedDocument,
    Relationship,
    UserAnnotation,
    UserProfile,
    UserProgress,
)
from app_db.session import Database
from app_db.testing import RowMaker

pytestmark = PLUGIN_ON_18

OF_PEOPLE = [UserProfile, Course, UserAnnotation, AnalogyFeedback, ChapterProgress, UserProgress]
OF_TENANTS = [CourseDocument, ProcessedDocument, Chapter, Keyword, Relationship, ChapterComplexity]


@pytest.fixture
def three(app_db: Database, tenant: UUID, lesson: Lesson) -> list[UUID]:
    """Three people who have completed 3, 2 and 1 chapters; two of them found the first relationship helpful."""
    people = [uuid7() for _ in range(3)]
    for number, person in enumerate(people):
        with app_db.tenant(tenant, user_id=person) as session:
            steps = [ChapterStep(chapter, seconds=100, completed=True) for chapter in lesson.chapters[number:]]
            record_progress(session, steps)
            give_feedback(session, [Opinion(lesson.relationships[0], is_helpful=number != 1, rating=number + 3)])
            session.add(UserAnnotation(chapter_id=lesson.chapters[2], kind="note", body=f"of {number}"))
            session.add(UserProfile(display_name=f"Person {number}", external_subject=f"subject-{number}"))
    return people


def test_each_of_them_sees_the_same_sums(app_db: Database, tenant: UUID, lesson: Lesson, three: list[UUID]) -> None:
    for person in [*three, lesson.author, uuid7()]:
        with app_db.tenant(tenant, user_id=person) as session:
            statistics = course_statistics(session, lesson.course)
            assert session.get_one(Relationship, lesson.relationships[0]).consensus == "helpful"
        assert (statistics.people, statistics.people_finished, statistics.chapters) == (3, 1, 3)
        assert (statistics.chapters_completed, statistics.seconds_spent) == (6, 600)
        assert float(statistics.completion_rate) == 0.6667


def test_each_of_them_sees_the_own_rows_alone(app_db: Database, tenant: UUID, three: list[UUID]) -> None:
    for number, person in enumerate(three):
        with app_db.tenant(tenant, user_id=person) as session:
            for model in (UserProfile, UserAnnotation, AnalogyFeedback, ChapterProgress, UserProgress):
                assert set(session.scalars(select(model.user_id))) == {person}, model
            assert session.scalars(select(UserAnnotation.body)).all() == [f"of {number}"]
            others = [progress_summary(session, other) for other in three if other != person]
            assert {(other.chapters_started, other.seconds_spent, other.annotations) for other in others} == {(0, 0, 0)}


def test_the_tenants_administrator_sees_all_of_them_and_nobody_of_another_tenant(
    app_db: Database, tenant: UUID, other_tenant: UUID, lesson: Lesson, three: list[UUID],
    make_lesson: Callable[..., Lesson], make_row: RowMaker,
) -> None:  # fmt: skip
    foreign = make_lesson(of=other_tenant)
    for model in (UserProfile, UserAnnotation, AnalogyFeedback, ChapterProgress, UserProgress):
        make_row(model, tenant=other_tenant)
    with app_db.tenant_admin(tenant) as session:
        for model in (UserProfile, UserAnnotation, AnalogyFeedback, ChapterProgress, UserProgress):
            assert set(session.scalars(select(model.user_id))) == set(three), model
        assert session.scalars(select(Course.id)).all() == [lesson.course]
        assert progress_summary(session, three[0]).chapters_completed == 3
        with pytest.raises(LookupError, match="no course"):
            course_statistics(session, foreign.course)


@pytest.mark.parametrize("model", [*OF_PEOPLE, *OF_TENANTS])
def test_tenants_and_people_are_apart(model: type, assert_tenant_isolated: Callable[..., None]) -> None:
    assert_tenant_isolated(model)


@pytest.mark.parametrize("model", [UserProfile, Course, UserAnnotation, AnalogyFeedback])
def test_a_colleagues_row_is_not_seen_not_changed_and_not_taken(
    app_db: Database, tenant: UUID, make_row: RowMaker, model: type
) -> None:
    row = make_row(model, user=uuid7())
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        assert session.get(model, row.id) is None
        assert session.execute(update(model).values(updated_at=func.now())).rowcount == 0
        assert session.execute(text(f"delete from {model.__table__}")).rowcount == 0  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "statement",
    [
        "insert into learning.courses (user_id, title) values (:other, 'x')",
        "insert into learning.user_profiles (user_id, display_name) values (:other, 'x')",
        "insert into learning.chapter_progress (user_id, chapter_id) values (:other, :chapter)",
        "insert into learning.user_annotations (user_id, chapter_id, kind) values (:other, :chapter, 'bookmark')",
        (
            "insert into learning.analogy_feedback (user_id, relationship_id, is_helpful) "
            "values (:other, :relationship, true)"
        ),
    ],
)
def test_nobody_writes_in_the_name_of_another(app_db: Database, tenant: UUID, lesson: Lesson, statement: str) -> None:
    values = {"other": uuid7(), "chapter": lesson.chapters[0], "relationship": lesson.relationships[0]}
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(RowSecurityViolation):
        session.execute(text(statement), values)


@pytest.mark.parametrize(
    "statement",
    [
        "update learning.relationships set feedback_people = 40",
        "update learning.relationships set feedback_helpful = 40",
        (
            "insert into learning.relationships (source_keyword_id, target_keyword_id, kind, feedback_people) "
            "values (app.uuid7(), app.uuid7(), 'analogy', 40)"
        ),
        "update learning.analogy_feedback set relationship_id = app.uuid7()",
        "update learning.analogy_feedback set user_id = app.uuid7()",
        "update learning.user_profiles set external_subject = 'somebody-else'",
        "update learning.courses set user_id = app.uuid7()",
        "update learning.course_documents set processed_at = now()",
        (
            "insert into learning.course_documents (course_id, title, kind, source_uri, status) "
            "values (app.uuid7(), 'x', 'pdf', 'x', 'processed')"
        ),
        "update learning.keywords set course_id = app.uuid7()",
        "update learning.chapters set course_id = app.uuid7()",
        "truncate learning.courses cascade",
    ],
)
def test_what_is_kept_or_fixed_has_no_grant(app_db: Database, tenant: UUID, statement: str) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(PermissionDenied):
        session.execute(text(statement))


def test_a_person_has_one_opinion_and_changes_it(app_db: Database, tenant: UUID, lesson: Lesson) -> None:
    relationship, person = lesson.relationships[0], uuid7()
    with app_db.tenant(tenant, user_id=person) as session:
        give_feedback(session, [Opinion(relationship, is_helpful=True, rating=5, comment="yes")])
        give_feedback(session, [Opinion(relationship, is_helpful=False)])
        assert session.execute(select(AnalogyFeedback.is_helpful, AnalogyFeedback.comment)).all() == [(False, "")]
        row = session.get_one(Relationship, relationship)
        assert (row.feedback_people, row.feedback_helpful, row.consensus) == (1, 0, None)
        session.add(AnalogyFeedback(relationship_id=relationship, is_helpful=True))
        with pytest.raises(UniqueViolation):
            session.flush()
        session.rollback()


@pytest.mark.parametrize(
    ("helpful", "people", "consensus"),
    [
        (2, 2, None), (0, 2, None), (3, 3, "helpful"), (2, 3, "helpful"), (1, 3, "unhelpful"), (0, 3, "unhelpful"),
        (2, 4, "divided"), (3, 5, "divided"), (2, 5, "divided"), (4, 6, "helpful"), (2, 6, "unhelpful"),
    ],
)  # fmt: skip
def test_a_consensus_is_two_thirds_of_three_people_or_more(
    app_db: Database, tenant: UUID, lesson: Lesson, helpful: int, people: int, consensus: str | None
) -> None:
    for number in range(people):
        with app_db.tenant(tenant, user_id=uuid7()) as session:
            give_feedback(session, [Opinion(lesson.relationships[0], is_helpful=number < helpful)])
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        assert session.get_one(Relationship, lesson.relationships[0]).consensus == consensus


@pytest.mark.parametrize(
    "opinions",
    [
        [Opinion(UUID(int=1), is_helpful=True, rating=0)],
        [Opinion(UUID(int=1), is_helpful=True, rating=6)],
        [Opinion(UUID(int=1), is_helpful=True), Opinion(UUID(int=1), is_helpful=False)],
    ],
)
def test_an_opinion_that_can_not_be_is_refused(app_db: Database, tenant: UUID, opinions: list[Opinion]) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(ValueError, match="give"):
        give_feedback(session, opinions)


def test_a_subject_is_a_person_of_its_tenant_and_of_no_other(
    app_db: Database, tenant: UUID, other_tenant: UUID, three: list[UUID]
) -> None:
    with app_db.tenant(tenant) as session:
        assert [find_person(session, f"subject-{number}") for number in range(3)] == three
        assert find_person(session, "subject-3") is None
        assert find_person(session, "") is None
    with app_db.tenant(other_tenant) as session:
        assert find_person(session, "subject-0") is None
    with app_db.shared() as session, pytest.raises(UnboundTransaction):
        find_person(session, "subject-0")  # type: ignore[arg-type]


def test_a_subject_is_one_person_in_a_tenant(app_db: Database, tenant: UUID, three: list[UUID]) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(UserProfile(display_name="Eve", external_subject="subject-0"))
        with pytest.raises(UniqueViolation):
            session.flush()
        session.rollback()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ([], []),
        (["Music", "music ", " MUSIC"], ["music"]),
        (["b", "a", "b", "c", "a"], ["b", "a", "c"]),
        (["  deep \t learning "], ["deep learning"]),
        (["", " ", "x"], ["x"]),
        (["Ботаника", "БОТАНИКА"], ["ботаника"]),
        ([f"topic {number}" for number in range(20)] * 2, [f"topic {number}" for number in range(20)]),
    ],
)
def test_interests_are_tidied_and_told_once(app_db: Database, tenant: UUID, given: list[str], kept: list[str]) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(row := UserProfile(display_name="Anna", interests=given))
        session.flush()
        session.refresh(row)
        assert row.interests == kept


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ([f"topic {number}" for number in range(21)], "21 were given"),
        (["x" * 51], "51 characters"),
        (["ok", "ж" * 60], "60 characters"),
    ],
)
def test_too_many_and_too_long_interests_are_refused(
    app_db: Database, tenant: UUID, given: list[str], words: str
) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(UserProfile(display_name="Anna", interests=given))
        with pytest.raises(CheckViolation, match=f"{words}(.|\n)*20 interests at most") as refused:
            session.flush()
        assert refused.value.constraint_name == "ck_user_profiles_interests"
        session.rollback()


def test_a_course_is_logged_by_the_columns_that_changed_and_never_by_what_is_in_them(
    app_db: Database, tenant: UUID
) -> None:
    person = uuid7()
    with app_db.tenant(tenant, user_id=person) as session:
        session.add(course := Course(title="Secret plans"))
        session.flush()
        course.status = "active"
        session.flush()
        session.delete(course)
        session.flush()
        rows = session.execute(text("select action, actor_id, subject, details from ops.audit_log order by id")).all()
    assert [row.action for row in rows] == ["course.insert", "course.update", "course.delete"]
    assert {row.actor_id for row in rows} == {person}
    assert rows[1].details == {"changed": ["status"]}
    assert "Secret" not in str(rows)
