"""What courses are made from: files and pages, and the parts that they are read in, each with its vector."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, FetchedValue, Index, Integer, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, created_at, tenant_fk, updated_at
from .vectors import embedding_index, embedding_type, norm_check


class CourseDocument(TenantScoped, Base):
    """A file or page that a course is made from. Its status goes a way that a trigger guards."""

    __tablename__ = "course_documents"
    __table_args__ = (
        tenant_fk("course_id", "learning.courses", ondelete="CASCADE"),
        CheckConstraint("length(title) between 1 and 300", name="title"),
        CheckConstraint("kind in ('pdf', 'web', 'video', 'audio', 'text')", name="kind"),
        CheckConstraint("length(source_uri) between 1 and 2000", name="source_uri"),
        CheckConstraint("octet_length(content_sha256) = 32", name="content_sha256"),
        CheckConstraint("size_bytes >= 0", name="size_bytes"),
        CheckConstraint("status in ('uploaded', 'processing', 'processed', 'failed')", name="status"),
        CheckConstraint("length(error) between 1 and 2000 and (status = 'failed') = (error is not null)", name="error"),
        CheckConstraint("(status = 'processed') = (processed_at is not null)", name="processed_at"),
        Index("ix_course_documents_tenant_id_course_id_created_at", "tenant_id", "course_id", text("created_at desc"),
              text("id desc")),
        Index("ix_course_documents_tenant_id_course_id_content_sha256", "tenant_id", "course_id", "content_sha256"),
        Index("ix_course_documents_tenant_id_waiting", "tenant_id", "created_at",
              postgresql_where=text("status in ('uploaded', 'processing')")),
        {"schema": "learning", "comment": "Files and pages that courses are made from."},
    )  # fmt: skip

    course_id: Mapped[UUID] = mapped_column(comment="The course that is made from it.")
    title: Mapped[str] = mapped_column(comment="What it is called.")
    kind: Mapped[str] = mapped_column(comment="pdf, web, video, audio or text.")
    source_uri: Mapped[str] = mapped_column(comment="Where it is: the key of an object, or an address.")
    content_sha256: Mapped[bytes | None] = mapped_column(
        LargeBinary, comment="SHA-256 of its content, by which the same content is found again."
    )
    size_bytes: Mapped[int | None] = mapped_column(comment="How long its content is, in bytes.")
    status: Mapped[str] = mapped_column(server_default="uploaded", comment="uploaded, processing, processed or failed.")
    error: Mapped[str | None] = mapped_column(
        server_default=FetchedValue(), comment="Why it could not be processed; empty unless it failed."
    )
    processed_at: Mapped[datetime | None] = mapped_column(
        server_default=FetchedValue(), comment="When it was processed; empty unless it is."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class ProcessedDocument(TenantScoped, Base):
    """A part of a document, in words and as a vector. A first part makes its document `processed`."""

    __tablename__ = "processed_documents"
    __table_args__ = (
        tenant_fk("document_id", "learning.course_documents", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "document_id", "part"),
        CheckConstraint("part >= 1", name="part"),
        CheckConstraint("length(content) between 1 and 100000", name="content"),
        CheckConstraint("tokens >= 0", name="tokens"),
        CheckConstraint("length(model) between 1 and 100", name="model"),
        norm_check(),
        embedding_index("processed_documents"),
        {"schema": "learning", "comment": "Parts of documents, in words and as vectors."},
    )

    document_id: Mapped[UUID] = mapped_column(comment="The document that it is a part of.")
    part: Mapped[int] = mapped_column(Integer, comment="Its place in the document, from 1.")
    content: Mapped[str] = mapped_column(comment="The words.")
    tokens: Mapped[int] = mapped_column(Integer, comment="How many tokens the words are to the model.")
    model: Mapped[str] = mapped_column(comment="What has made the vector; vectors of two models can't be compared.")
    embedding: Mapped[list[float]] = mapped_column(
        embedding_type(), deferred=True, comment="What the words mean, as 768 numbers."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
