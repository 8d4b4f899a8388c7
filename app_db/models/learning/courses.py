"""Courses and their chapters. A course is its owner's; chapters are read by everybody in the tenant."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Computed, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, UserScoped, created_at, tenant_fk, updated_at

# as the server prints it, which is what autogenerate compares with; stems Russian and English, see catalog
SEARCH_VECTOR = (
    "setweight(to_tsvector('russian'::regconfig, title), 'A'::\"char\") || "
    "setweight(to_tsvector('russian'::regconfig, description), 'B'::\"char\")"
)


class Course(UserScoped, Base):
    """A course that a person has made. Found through `app_db.learning.search_courses`."""

    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint("length(title) between 1 and 300", name="title"),
        CheckConstraint("length(description) <= 10000", name="description"),
        CheckConstraint("status in ('draft', 'active', 'archived')", name="status"),
        CheckConstraint("language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'", name="language"),
        CheckConstraint("difficulty in ('beginner', 'intermediate', 'advanced')", name="difficulty"),
        CheckConstraint("cardinality(tags) <= 20", name="tags"),
        Index("ix_courses_tenant_id_user_id_created_at", "tenant_id", "user_id", text("created_at desc"),
              text("id desc")),
        {"schema": "learning", "comment": "Courses; each person sees the own ones."},
    )  # fmt: skip

    title: Mapped[str] = mapped_column(comment="What it is called.")
    description: Mapped[str] = mapped_column(server_default="", comment="What is learnt in it.")
    status: Mapped[str] = mapped_column(server_default="draft", comment="draft, active or archived.")
    language: Mapped[str] = mapped_column(server_default="en", comment="Language and, if wanted, country, e.g. pt-BR.")
    difficulty: Mapped[str] = mapped_column(server_default="beginner", comment="beginner, intermediate or advanced.")
    tags: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'::text[]"), comment="Words to sort courses by, 20 at most."
    )
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(SEARCH_VECTOR, persisted=True),
        deferred=True,
        comment="What the full-text search looks at: title and description.",
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class Chapter(TenantScoped, Base):
    """A chapter of a course."""

    __tablename__ = "chapters"
    __table_args__ = (
        tenant_fk("course_id", "learning.courses", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "course_id", "number"),
        CheckConstraint("number between 1 and 10000", name="number"),
        CheckConstraint("length(title) between 1 and 300", name="title"),
        CheckConstraint("length(body) <= 1000000", name="body"),
        CheckConstraint("length(summary) <= 10000", name="summary"),
        CheckConstraint("expected_minutes between 1 and 1440", name="expected_minutes"),
        {"schema": "learning", "comment": "Chapters of courses; everybody in the tenant may read them."},
    )

    course_id: Mapped[UUID] = mapped_column(comment="The course that it is of.")
    number: Mapped[int] = mapped_column(Integer, comment="Its place in the course, from 1.")
    title: Mapped[str] = mapped_column(comment="What it is called.")
    body: Mapped[str] = mapped_column(server_default="", deferred=True, comment="The text that is read.")
    summary: Mapped[str] = mapped_column(server_default="", comment="What it says, in short.")
    expected_minutes: Mapped[int | None] = mapped_column(
        SmallInteger, comment="How long it takes to read, in minutes, where somebody has said."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class ChapterComplexity(TenantScoped, Base):
    """How hard a chapter is to read, as a model has judged; one judgement for each chapter."""

    __tablename__ = "chapter_complexity"
    __table_args__ = (
        tenant_fk("chapter_id", "learning.chapters", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "chapter_id"),
        CheckConstraint("score between 1 and 5", name="score"),
        CheckConstraint(
            "reading_level in ('elementary', 'middle', 'high', 'university', 'expert')", name="reading_level"
        ),
        CheckConstraint("jsonb_typeof(factors) = 'object' and length(factors::text) <= 16384", name="factors"),
        CheckConstraint("length(model) between 1 and 100", name="model"),
        Index(
            "ix_chapter_complexity_tenant_id_factors",
            "tenant_id",
            "factors",
            postgresql_using="gin",
            postgresql_ops={"factors": "jsonb_path_ops"},
            postgresql_with={"fastupdate": "off"},
        ),
        {"schema": "learning", "comment": "How hard chapters are to read, as a model has judged."},
    )

    chapter_id: Mapped[UUID] = mapped_column(comment="The chapter.")
    score: Mapped[int] = mapped_column(SmallInteger, comment="From 1, easy, to 5, hard.")
    reading_level: Mapped[str] = mapped_column(comment="elementary, middle, high, university or expert.")
    factors: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"), comment="What makes it hard, a JSON object, e.g. whether it has formulas."
    )
    model: Mapped[str] = mapped_column(comment="What has judged, with its version.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
