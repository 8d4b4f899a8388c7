"""Who learns, and what people write beside what they read."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, CheckConstraint, Index, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, UserScoped, created_at, tenant_fk, updated_at


class UserProfile(UserScoped, Base):
    """A person who learns. A trigger trims interests and refuses a time zone that does not exist."""

    __tablename__ = "user_profiles"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id"),
        UniqueConstraint("tenant_id", "external_subject"),
        CheckConstraint("length(external_subject) between 1 and 255", name="external_subject"),
        CheckConstraint("length(display_name) between 1 and 200", name="display_name"),
        CheckConstraint(
            "time_zone ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+){1,2}|Etc/GMT[+-]([0-9]|1[0-4]))$'", name="time_zone"
        ),
        CheckConstraint("language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'", name="language"),
        CheckConstraint("cardinality(interests) <= 20", name="interests"),
        CheckConstraint(
            "jsonb_typeof(preferences) = 'object' and length(preferences::text) <= 16384", name="preferences"
        ),
        {"schema": "learning", "comment": "Who learns in a tenant: one row for each person."},
    )

    external_subject: Mapped[str | None] = mapped_column(
        comment="Who the person is to the identity provider, e.g. the subject of Cognito."
    )
    display_name: Mapped[str] = mapped_column(comment="What others call the person.")
    time_zone: Mapped[str] = mapped_column(
        server_default="UTC", comment="IANA name, e.g. Europe/Moscow; says when the person's day begins."
    )
    language: Mapped[str] = mapped_column(server_default="en", comment="Language and, if wanted, country, e.g. pt-BR.")
    interests: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default=text("'{}'::text[]"),
        comment="What interests the person, in lower case; 20 at most.",
    )
    preferences: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"), comment="What the person has chosen, a JSON object up to 16 KiB."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class UserAnnotation(UserScoped, Base):
    """What a person has marked or written in a chapter; nobody else reads it but the tenant's administrator."""

    __tablename__ = "user_annotations"
    __table_args__ = (
        tenant_fk("chapter_id", "learning.chapters"),
        CheckConstraint("kind in ('highlight', 'note', 'question', 'bookmark')", name="kind"),
        CheckConstraint("length(quote) <= 5000 and (kind <> 'highlight' or quote <> '')", name="quote"),
        CheckConstraint("length(body) <= 10000 and (kind not in ('note', 'question') or body <> '')", name="body"),
        CheckConstraint("jsonb_typeof(position) = 'object' and length(position::text) <= 4096", name="position"),
        Index("ix_user_annotations_tenant_id_user_id_created_at", "tenant_id", "user_id", text("created_at desc"),
              text("id desc")),
        Index("ix_user_annotations_tenant_id_chapter_id_user_id", "tenant_id", "chapter_id", "user_id"),
        {"schema": "learning", "comment": "What people have marked or written in chapters; each sees their own."},
    )  # fmt: skip

    chapter_id: Mapped[UUID] = mapped_column(comment="The chapter, which stays while somebody has notes in it.")
    kind: Mapped[str] = mapped_column(comment="highlight, note, question or bookmark.")
    quote: Mapped[str] = mapped_column(server_default="", comment="The words that are marked.")
    body: Mapped[str] = mapped_column(server_default="", comment="What the person has written.")
    position: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"), comment="Where in the chapter, as the reader's program tells it."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
