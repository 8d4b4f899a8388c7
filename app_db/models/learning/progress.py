"""How far people are: a row for each person and chapter, and one for each person, which triggers keep."""

from __future__ import annotations

import datetime as dt
from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, FetchedValue, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, UserScoped, created_at, tenant_fk, updated_at


class ChapterProgress(UserScoped, Base):
    """How far a person is in a chapter. What is completed stays completed; write it with `record_progress`."""

    __tablename__ = "chapter_progress"
    __table_args__ = (
        tenant_fk("chapter_id", "learning.chapters"),
        tenant_fk("course_id", "learning.courses"),
        UniqueConstraint("tenant_id", "user_id", "chapter_id"),
        CheckConstraint("status in ('started', 'completed')", name="status"),
        CheckConstraint("percent between 0 and 100 and (status <> 'completed' or percent = 100)", name="percent"),
        CheckConstraint("seconds_spent >= 0", name="seconds_spent"),
        CheckConstraint("(status = 'completed') = (completed_at is not null)", name="completed_at"),
        Index("ix_chapter_progress_tenant_id_user_id_course_id", "tenant_id", "user_id", "course_id"),
        Index("ix_chapter_progress_tenant_id_course_id", "tenant_id", "course_id"),
        Index("ix_chapter_progress_tenant_id_chapter_id", "tenant_id", "chapter_id"),
        Index("ix_chapter_progress_tenant_id_started_at", "tenant_id", "started_at"),
        Index("ix_chapter_progress_tenant_id_completed_at", "tenant_id", "completed_at",
              postgresql_where=text("completed_at is not null")),
        {"schema": "learning", "comment": "How far people are in chapters; each sees their own."},
    )  # fmt: skip

    chapter_id: Mapped[UUID] = mapped_column(comment="The chapter.")
    course_id: Mapped[UUID] = mapped_column(
        server_default=FetchedValue(), comment="The chapter's course, which a trigger fills in."
    )
    status: Mapped[str] = mapped_column(server_default="started", comment="started or completed.")
    percent: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), comment="How much of it is read, from 0 to 100."
    )
    seconds_spent: Mapped[int] = mapped_column(server_default=text("0"), comment="Time spent in it, in seconds.")
    started_at: Mapped[datetime] = mapped_column(
        server_default=text("now()"), comment="When the person began, by the server's clock."
    )
    completed_at: Mapped[datetime | None] = mapped_column(
        server_default=FetchedValue(), comment="When it was first completed, by the server's clock; empty before."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class UserProgress(UserScoped, Base):
    """What a person has done so far, in one row that a trigger keeps; an application reads it."""

    __tablename__ = "user_progress"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id"),
        CheckConstraint("current_streak >= 1", name="current_streak"),
        CheckConstraint("longest_streak >= current_streak", name="longest_streak"),
        CheckConstraint("chapters_completed >= 0", name="chapters_completed"),
        CheckConstraint("seconds_spent >= 0", name="seconds_spent"),
        {"schema": "learning", "comment": "What each person has done so far; kept by a trigger."},
    )

    current_streak: Mapped[int] = mapped_column(
        Integer, server_default=text("1"), comment="Days in a row until last_active_on."
    )
    longest_streak: Mapped[int] = mapped_column(
        Integer, server_default=text("1"), comment="The most days in a row that there ever were."
    )
    last_active_on: Mapped[dt.date] = mapped_column(
        comment="The last day with progress, in the person's time zone at that time."
    )
    badges: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'::text[]"), comment="What was reached, e.g. streak_7; never taken away."
    )
    chapters_completed: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="How many chapters the person has completed."
    )
    seconds_spent: Mapped[int] = mapped_column(
        server_default=text("0"), comment="Time spent in all chapters, in seconds."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
