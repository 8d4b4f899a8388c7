"""Keywords of courses, how they hang together, and what people think of that."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, UserScoped, created_at, tenant_fk, updated_at
from .vectors import embedding_index, embedding_type, norm_check

# Nobody agrees on anything below three people; two thirds of them are a consensus.
CONSENSUS = (
    "case when feedback_people < 3 then null::text when feedback_helpful * 3 >= feedback_people * 2 "
    "then 'helpful'::text when feedback_helpful * 3 <= feedback_people then 'unhelpful'::text else 'divided'::text end"
)


class Keyword(TenantScoped, Base):
    """A word of a course that is worth to be explained."""

    __tablename__ = "keywords"
    __table_args__ = (
        tenant_fk("course_id", "learning.courses", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "course_id", "term_key"),
        CheckConstraint("length(term) between 1 and 200", name="term"),
        CheckConstraint("length(definition) <= 10000", name="definition"),
        norm_check(),
        embedding_index("keywords"),
        Index("ix_keywords_tenant_id_term_key", "tenant_id", "term_key", "id"),
        Index(
            "ix_keywords_tenant_id_course_id_embedded",
            "tenant_id",
            "course_id",
            "id",
            postgresql_where=text("embedding is not null"),
        ),
        Index(
            "ix_keywords_tenant_id_term_key_trigrams",
            "tenant_id",
            "term_key",
            postgresql_using="gin",
            postgresql_ops={"term_key": "extensions.gin_trgm_ops"},
            postgresql_with={"fastupdate": "off"},
        ),
        {"schema": "learning", "comment": "Words of courses that are worth to be explained."},
    )

    course_id: Mapped[UUID] = mapped_column(comment="The course that explains it.")
    term: Mapped[str] = mapped_column(comment="The word or words, as they are written.")
    term_key: Mapped[str] = mapped_column(
        Text(collation="C"),
        Computed("lower(term)", persisted=True),
        comment="The words in lower case, by which they are found and told apart.",
    )
    definition: Mapped[str] = mapped_column(server_default="", comment="What it means in this course.")
    embedding: Mapped[list[float] | None] = mapped_column(
        embedding_type(), deferred=True, comment="What it means, as 768 numbers, once a model has said."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class Relationship(TenantScoped, Base):
    """How one keyword hangs together with another one. A trigger counts what people think of it."""

    __tablename__ = "relationships"
    __table_args__ = (
        tenant_fk("source_keyword_id", "learning.keywords", ondelete="CASCADE"),
        tenant_fk("target_keyword_id", "learning.keywords", ondelete="CASCADE"),
        UniqueConstraint(
            "tenant_id", "source_keyword_id", "target_keyword_id", "kind", name="uq_relationships_source_target_kind"
        ),
        CheckConstraint("kind in ('prerequisite', 'similar', 'contrast', 'part_of', 'analogy')", name="kind"),
        CheckConstraint("source_keyword_id <> target_keyword_id", name="two_keywords"),
        CheckConstraint("length(explanation) <= 10000", name="explanation"),
        CheckConstraint("weight between 0 and 100", name="weight"),
        CheckConstraint("feedback_people >= 0", name="feedback_people"),
        CheckConstraint("feedback_helpful between 0 and feedback_people", name="feedback_helpful"),
        Index("ix_relationships_tenant_id_target_keyword_id", "tenant_id", "target_keyword_id"),
        {"schema": "learning", "comment": "How keywords hang together, and what people think of it."},
    )

    source_keyword_id: Mapped[UUID] = mapped_column(comment="The keyword that it begins at.")
    target_keyword_id: Mapped[UUID] = mapped_column(comment="The keyword that it leads to.")
    kind: Mapped[str] = mapped_column(comment="prerequisite, similar, contrast, part_of or analogy.")
    explanation: Mapped[str] = mapped_column(server_default="", comment="Why, in words; for an analogy its text.")
    weight: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("50"), comment="How strong it is, from 0 to 100."
    )
    feedback_people: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="How many people have given feedback; counted by a trigger."
    )
    feedback_helpful: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="How many of them found it helpful; counted by a trigger."
    )
    consensus: Mapped[str | None] = mapped_column(
        Computed(CONSENSUS, persisted=True),
        comment="helpful by two thirds, unhelpful by one third at most, or divided; empty below three people.",
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class AnalogyFeedback(UserScoped, Base):
    """What a person thinks of a relationship; one row for each person and relationship."""

    __tablename__ = "analogy_feedback"
    __table_args__ = (
        tenant_fk("relationship_id", "learning.relationships", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "relationship_id", "user_id"),
        CheckConstraint("rating between 1 and 5", name="rating"),
        CheckConstraint("length(comment) <= 2000", name="comment"),
        Index("ix_analogy_feedback_tenant_id_user_id_created_at", "tenant_id", "user_id", text("created_at desc"),
              text("id desc")),
        {"schema": "learning", "comment": "What people think of relationships; each sees their own."},
    )  # fmt: skip

    relationship_id: Mapped[UUID] = mapped_column(comment="The relationship that it is about.")
    is_helpful: Mapped[bool] = mapped_column(comment="Whether it has helped the person.")
    rating: Mapped[int | None] = mapped_column(SmallInteger, comment="From 1, bad, to 5, good, where the person says.")
    comment: Mapped[str] = mapped_column(server_default="", comment="What the person says about it.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
