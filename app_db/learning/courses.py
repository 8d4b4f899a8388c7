"""A person's courses by words, chapters by what makes them hard, and what everybody has done in a course."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import text

from ..session import TenantSession
from .limits import checked_limit, checked_query

_SEARCH = text(
    "select * from learning.search_courses(cast(:person as uuid), :query, :limit, cast(:rank as real), "
    "cast(:after as uuid))"
)
_STATISTICS = text("select * from learning.get_course_stats(cast(:course as uuid))")
_CHAPTERS = text("select * from learning.find_chapters(cast(:factors as jsonb), :limit, cast(:after as uuid))")


@dataclass(frozen=True, slots=True)
class CourseHit:
    """A course that was found; a higher `rank` fits better."""

    id: UUID
    title: str
    description: str
    status: str
    language: str
    difficulty: str
    tags: list[str]
    rank: float


@dataclass(frozen=True, slots=True)
class CourseStatistics:
    """What everybody has done in a course, in sums.

    `completion_rate` is the share of all chapters of all people who have begun that is completed, 0 to 1; `documents`
    are counted by status; `mean_complexity`, 1 to 5, is None where no chapter was judged.
    """

    people: int
    people_finished: int
    chapters: int
    chapters_completed: int
    completion_rate: Decimal
    seconds_spent: int
    keywords: int
    documents: dict[str, int]
    mean_complexity: Decimal | None


@dataclass(frozen=True, slots=True)
class ChapterHit:
    """A chapter whose complexity has the factors that were asked for; `score` is 1, easy, to 5, hard."""

    chapter_id: UUID
    course_id: UUID
    number: int
    title: str
    score: int
    reading_level: str
    factors: dict[str, Any]


def search_courses(
    session: TenantSession, query: str, *, person: UUID | None = None, limit: int = 20, after: CourseHit | None = None
) -> list[CourseHit]:
    """Return the person's courses that match all words of `query`, best first, at most `limit` (1 to 1000).

    The person is the session's by default. Of another person only a tenant's administrator finds courses; others find
    none. `after` is the last course of the page before. The query is as in `app_db.catalog.search_materials`. Raises
    ValueError for a limit out of range, and UnboundTransaction for a session without a tenant.
    """
    values = {
        "person": person or session.context.user_id,
        "query": checked_query(query),
        "limit": checked_limit(limit),
        "rank": None if after is None else after.rank,
        "after": None if after is None else after.id,
    }
    return [CourseHit(**row) for row in session.execute(_SEARCH, values).mappings()]


def course_statistics(session: TenantSession, course: UUID) -> CourseStatistics:
    """Return what everybody in the tenant has done in a course, one's own or not.

    Raises LookupError where the tenant has no such course, and UnboundTransaction for a session without a tenant.
    """
    row = session.execute(_STATISTICS, {"course": course}).mappings().one_or_none()
    if row is None:
        raise LookupError(f"there is no course {course} in this tenant: take the id from a course or chapter of it")
    return CourseStatistics(**row)


def find_chapters(
    session: TenantSession, factors: Mapping[str, Any], *, limit: int = 20, after: ChapterHit | None = None
) -> list[ChapterHit]:
    """Return the tenant's chapters whose complexity has all these factors, e.g. `{"formulas": True}`, by their ids.

    `after` is the last chapter of the page before. Raises ValueError for a limit out of range, and UnboundTransaction
    for a session without a tenant.
    """
    values = {
        "factors": json.dumps(dict(factors)),
        "limit": checked_limit(limit),
        "after": None if after is None else after.chapter_id,
    }
    return [ChapterHit(**row) for row in session.execute(_CHAPTERS, values).mappings()]
