"""Documents: the way of their status, parts that make them processed, contents that are there twice."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from learning.conftest import Lesson
from sqlalchemy import select, text
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.errors import CheckViolation, ForeignKeyViolation, TransitionRefused, UnboundTransaction
from app_db.learning import find_duplicate_documents
from app_db.models import CourseDocument, ProcessedDocument
from app_db.session import Database, TenantSession

pytestmark = PLUGIN_ON_18
VECTOR = [0.5, *[0.0] * 767]
STATUSES = ("uploaded", "processing", "processed", "failed")
STEPS = {
    "uploaded": {"processing", "processed", "failed"},
    "processing": {"processed", "failed"},
    "processed": {"processing"},
    "failed": {"processing", "processed"},
}


def document(lesson: Lesson, **values: Any) -> CourseDocument:
    return CourseDocument(
        **{"course_id": lesson.course, "title": "Flora", "kind": "pdf", "source_uri": "s3://a", **values}
    )


def part(of: CourseDocument | UUID, number: int = 1, **values: Any) -> ProcessedDocument:
    ident = of.id if isinstance(of, CourseDocument) else of
    given = {"content": "x", "tokens": 1, "model": "m-1", "embedding": VECTOR, **values}
    return ProcessedDocument(document_id=ident, part=number, **given)


@pytest.fixture
def session(app_db: Database, tenant: UUID) -> Any:
    with app_db.tenant(tenant, user_id=uuid7()) as opened:
        yield opened
        opened.rollback()


@pytest.fixture
def at(session: TenantSession, lesson: Lesson) -> Callable[[str], CourseDocument]:
    """Makes a document that has come to a status."""

    def make(status: str) -> CourseDocument:
        session.add(row := document(lesson))
        session.flush()
        if status != "uploaded":
            row.status, row.error = status, "no text in it" if status == "failed" else None
            session.flush()
        session.refresh(row)
        return row

    return make


@pytest.mark.parametrize("after", STATUSES)
@pytest.mark.parametrize("before", STATUSES)
def test_a_status_goes_allowed_ways_only(
    session: TenantSession, at: Callable[[str], CourseDocument], before: str, after: str
) -> None:
    row = at(before)
    change = text("update learning.course_documents set status = :after, error = :error where id = :id")
    values = {"after": after, "error": "no text in it" if after == "failed" else None, "id": row.id}
    if before == after or after in STEPS[before]:
        session.execute(change, values)
        session.refresh(row)
        assert (row.status, row.error is not None, row.processed_at is not None) == (
            after, after == "failed", after == "processed",
        )  # fmt: skip
        return
    with pytest.raises(TransitionRefused, match=f"from {before} to {after}(.|\n)*from {before} it goes to") as refused:
        session.execute(change, values)
    assert (refused.value.table_name, refused.value.column_name) == ("course_documents", "status")


def test_a_failure_says_why(session: TenantSession, at: Callable[[str], CourseDocument]) -> None:
    row = at("processing")
    with pytest.raises(CheckViolation, match="set error in the same update"):
        session.execute(text("update learning.course_documents set status = 'failed' where id = :id"), {"id": row.id})


def test_an_error_without_a_failure_is_refused(session: TenantSession, at: Callable[[str], CourseDocument]) -> None:
    row = at("uploaded")
    with pytest.raises(CheckViolation) as refused:
        session.execute(text("update learning.course_documents set error = 'x' where id = :id"), {"id": row.id})
    assert refused.value.constraint_name == "ck_course_documents_error"


@pytest.mark.parametrize("before", ["uploaded", "processing", "failed"])
def test_parts_make_their_documents_processed(
    session: TenantSession, at: Callable[[str], CourseDocument], before: str
) -> None:
    one, other, untouched = at(before), at(before), at(before)
    session.add_all([part(one), part(one, 2), part(other)])
    session.flush()
    session.expire_all()
    assert [row.status for row in (one, other, untouched)] == ["processed", "processed", before]
    assert one.error is None
    assert one.processed_at is not None


def test_a_vector_comes_back_as_it_was(session: TenantSession, at: Callable[[str], CourseDocument]) -> None:
    vector = [1 / (number + 3) for number in range(768)]
    session.add(part(at("uploaded"), embedding=vector))
    session.flush()
    session.expire_all()
    found = session.scalars(select(ProcessedDocument.embedding)).one()
    assert list(found) == pytest.approx(vector, rel=1e-6)


@pytest.mark.parametrize("vector", [[1.0] * 767, [1.0] * 769, [float("nan"), *[1.0] * 767], [float("inf")] * 768])
def test_what_is_no_vector_of_768_numbers_is_refused(
    session: TenantSession, at: Callable[[str], CourseDocument], vector: list[float]
) -> None:
    from sqlalchemy.exc import SQLAlchemyError

    session.add(part(at("uploaded"), embedding=vector))
    with pytest.raises(SQLAlchemyError, match=r"768|NaN|infinite"):
        session.flush()


@pytest.mark.parametrize(
    "values",
    [
        {"kind": "scroll"}, {"title": ""}, {"source_uri": ""}, {"content_sha256": b"short"}, {"size_bytes": -1},
        {"title": "x" * 301},
    ],
)  # fmt: skip
def test_what_is_no_document_is_refused(session: TenantSession, lesson: Lesson, values: dict[str, Any]) -> None:
    session.add(document(lesson, **values))
    with pytest.raises(CheckViolation) as refused:
        session.flush()
    assert refused.value.constraint_name == f"ck_course_documents_{next(iter(values))}"


def test_a_document_of_another_tenants_course_is_refused(
    session: TenantSession, other_tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    session.rollback()
    session.add(document(make_lesson(of=other_tenant)))
    with pytest.raises(ForeignKeyViolation):
        session.flush()


def digest(number: int) -> bytes:
    return hashlib.sha256(bytes([number])).digest()


def test_contents_that_are_there_twice_are_found_page_by_page(
    app_db: Database, tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    lesson, other = make_lesson(), make_lesson(title="Zoology")
    copies = {1: 2, 2: 1, 3: 3, 4: 2}
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        for number, times in copies.items():
            session.add_all(document(lesson, title=f"{number}", content_sha256=digest(number)) for _ in range(times))
            session.add(document(other, content_sha256=digest(number)))
        session.add_all([document(lesson), document(lesson)])
        session.flush()
        found = find_duplicate_documents(session, lesson.course)
        assert [len(one.documents) for one in found] == [copies[int(one.titles[0])] for one in found]
        assert [one.content_sha256 for one in found] == sorted(digest(number) for number in (1, 3, 4))
        pages = [found[0]]
        while more := find_duplicate_documents(session, lesson.course, limit=1, after=pages[-1]):
            pages += more
        assert pages == found
        assert find_duplicate_documents(session, other.course) == []
    with app_db.shared() as session, pytest.raises(UnboundTransaction):
        find_duplicate_documents(session, lesson.course)  # type: ignore[arg-type]
