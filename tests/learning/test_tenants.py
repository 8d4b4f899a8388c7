"""A tenant that learns comes back from its export as it was, and no trigger counts what comes or goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from uuid import UUID

import pytest
from learning.conftest import Lesson
from sqlalchemy import select, text
from support import PLUGIN_ON_18
from tenants.filling import rows_of
from uuid_utils.compat import uuid7

from app_db.errors import TenantRefused
from app_db.learning import ChapterStep, Opinion, give_feedback, record_progress
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1
from app_db.models import CourseDocument, Keyword, ProcessedDocument, Relationship, UserProfile, UserProgress
from app_db.session import Database
from app_db.settings import Settings
from app_db.tenants import Tenants

pytestmark = [PLUGIN_ON_18, pytest.mark.app_db("commit")]
TABLES = 12


@pytest.fixture
def tenants(app_db: Database) -> Tenants:
    return Tenants(app_db, actor="anna", reason="ticket 4711")


@pytest.fixture
def learned(app_db: Database, tenant: UUID, lesson: Lesson) -> dict[str, list[str]]:
    """What the tenant has after three people have learned, rated and uploaded; every count is at work."""
    for number in range(3):
        with app_db.tenant(tenant, user_id=uuid7()) as session:
            session.add(UserProfile(display_name=f"Person {number}", interests=["b", "a"], time_zone="Asia/Kolkata"))
            record_progress(session, [ChapterStep(chapter, seconds=9, completed=True) for chapter in lesson.chapters])
            give_feedback(session, [Opinion(one, is_helpful=number > 0) for one in lesson.relationships])
            document = CourseDocument(course_id=lesson.course, title="Flora", kind="web", source_uri="https://a.b")
            session.add(document)
            session.flush()
            vector = [1 / (place + 7) for place in range(768)]
            session.add(ProcessedDocument(
                document_id=document.id, part=1, content="x", tokens=1, model="m", embedding=vector,
            ))  # fmt: skip
            session.get_one(Keyword, lesson.keywords[number]).embedding = vector
    with app_db.tenant_admin(tenant) as session:
        assert set(session.scalars(select(Relationship.consensus))) == {"helpful"}
        assert session.scalars(select(UserProgress.chapters_completed)).all() == [3, 3, 3]
    return rows_of(app_db, tenant)


def test_what_was_learned_comes_back(
    app_db: Database, tenant: UUID, tenants: Tenants, tmp_path: Path, learned: dict[str, list[str]]
) -> None:
    assert len([name for name, rows in learned.items() if name.startswith("learning.") and rows]) >= TABLES - 2
    tenants.export(tenant, tmp_path / "tenant.zip")
    tenants.delete(tenant, now=True)
    assert not any(rows_of(app_db, tenant).values())
    tenants.import_(tmp_path / "tenant.zip")
    assert rows_of(app_db, tenant) == learned


def never_in_transit() -> None:
    v1.execute("drop function tenancy.is_in_transit(uuid)")
    v1.execute("create function tenancy.is_in_transit(tenant uuid) returns boolean language sql return false")


@pytest.mark.app_db("fresh")
def test_without_the_rest_in_transit_it_comes_back_otherwise(
    app_db: Database, app_db_settings: Settings, tenant: UUID, tenants: Tenants, tmp_path: Path,
    learned: dict[str, list[str]],
) -> None:  # fmt: skip
    change_schema(app_db_settings, never_in_transit)
    tenants.export(tenant, tmp_path / "tenant.zip")
    tenants.delete(tenant, now=True)
    with pytest.raises(TenantRefused, match=r"the rows of learning\.\w+ are not those of the export"):
        tenants.import_(tmp_path / "tenant.zip")


def test_somebody_else_goes_on_meanwhile(
    app_db: Database, tenant: UUID, other_tenant: UUID, tenants: Tenants, tmp_path: Path,
    learned: dict[str, list[str]], make_lesson: Callable[..., Lesson],
) -> None:  # fmt: skip
    foreign, person = make_lesson(of=other_tenant), uuid7()
    tenants.export(tenant, tmp_path / "tenant.zip")
    tenants.delete(tenant, now=True)
    with app_db.tenant(other_tenant, user_id=person) as session:
        record_progress(session, [ChapterStep(foreign.chapters[0], completed=True)])
    with app_db.tenant(other_tenant, user_id=person) as session:
        assert session.scalars(select(UserProgress.chapters_completed)).all() == [1]
        assert session.scalar(text("select count(*) from learning.chapter_progress")) == 1
