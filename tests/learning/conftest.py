"""A course to learn from, on the version that has pgvector here, and people who learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from threading import Barrier
from typing import Any, TypeVar
from uuid import UUID

import pytest
from sqlalchemy import Connection
from uuid_utils.compat import uuid7

from app_db.engine import admin_engine
from app_db.models import Chapter, Course, Keyword, Relationship
from app_db.session import Database
from app_db.settings import Settings

T = TypeVar("T")
CROWD = 40

# the system's PostgreSQL 15 has no pgvector, so no service learning


@dataclass(frozen=True)
class Lesson:
    """A course of `author` with chapters, keywords and relationships between neighbours."""

    author: UUID
    course: UUID
    chapters: list[UUID]
    keywords: list[UUID]
    relationships: list[UUID]


@pytest.fixture
def make_lesson(app_db: Database, tenant: UUID) -> Callable[..., Lesson]:
    def make(chapters: int = 3, *, of: UUID = tenant, title: str = "Botany", author: UUID | None = None) -> Lesson:
        person = author or uuid7()
        course = Course(title=title)
        with app_db.tenant(of, user_id=person) as session:
            session.add(course)
            session.flush()
            parts = [Chapter(course_id=course.id, number=n + 1, title=f"Chapter {n + 1}") for n in range(chapters)]
            words = [Keyword(course_id=course.id, term=term) for term in ("Leaf", "Root", "Stem", "Flower")]
            session.add_all([*parts, *words])
            session.flush()
            links = [
                Relationship(source_keyword_id=one.id, target_keyword_id=other.id, kind="analogy")
                for one, other in pairwise(words)
            ]
            session.add_all(links)
            session.flush()
            return Lesson(person, course.id, *([row.id for row in rows] for rows in (parts, words, links)))  # type: ignore[attr-defined]

    return make


@pytest.fixture
def lesson(make_lesson: Callable[..., Lesson]) -> Lesson:
    return make_lesson()


def at_once(work: Callable[[int], T], crowd: int = CROWD) -> list[T | Exception]:
    """Run `work` in so many threads that start together; return what each returned or raised."""
    start = Barrier(crowd, timeout=30)

    def run(number: int) -> Any:
        start.wait()
        try:
            return work(number)
        except Exception as error:  # noqa: BLE001
            return error

    with ThreadPoolExecutor(crowd) as pool:
        return list(pool.map(run, range(crowd)))


@pytest.fixture
def definer(app_db_settings: Settings) -> Iterator[Connection]:
    """A connection of the role that the functions act as; what it does is undone unless it commits."""
    assert app_db_settings.migration_url is not None
    with admin_engine(app_db_settings.migration_url).connect() as connection:
        connection.exec_driver_sql(f'set local role "{app_db_settings.role_prefix}app_definer"')
        yield connection
        connection.rollback()
