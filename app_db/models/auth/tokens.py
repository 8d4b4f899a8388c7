"""What is mailed to people to prove themselves by, once."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from ...schema import Scope
from ..base import Base, Shared, created_at
from .columns import PERSONS, is_digest, person


class OneTimeToken(Shared, Base):
    """A token that is good once; `auth.one_time_token_use` uses it up."""

    __tablename__ = "one_time_tokens"
    __table_args__ = (
        UniqueConstraint("token_hash"),
        CheckConstraint(
            "purpose in ('password_reset', 'email_verify', 'email_change', 'magic_link', 'unlock')", name="purpose"
        ),
        is_digest("token_hash"),
        CheckConstraint("length(email_key) between 3 and 254", name="email_key"),
        CheckConstraint("jsonb_typeof(payload) = 'object'", name="payload"),
        CheckConstraint("attempts >= 0", name="attempts"),
        CheckConstraint("expires_at > created_at", name="expiry"),
        CheckConstraint("purpose = 'email_verify' or expires_at <= created_at + interval '24 hours'", name="lifetime"),
        Index(
            "uq_one_time_tokens_user_id_purpose",
            "user_id",
            "purpose",
            unique=True,
            postgresql_where=text("consumed_at is null and superseded_at is null"),
        ),
        Index("ix_one_time_tokens_user_id", "user_id"),
        Index("ix_one_time_tokens_expires_at", "expires_at"),
        {"schema": "auth", "comment": "What is mailed to people to prove themselves by, once."},
    )
    __app_db_scope__: ClassVar[Scope | None] = PERSONS

    user_id: Mapped[UUID] = person("The person it was made for.")
    purpose: Mapped[str] = mapped_column(comment="password_reset, email_verify, email_change, magic_link or unlock.")
    token_hash: Mapped[bytes] = mapped_column(
        deferred=True, comment="SHA-256 of the token, or a keyed digest of a short code."
    )
    email_key: Mapped[str] = mapped_column(
        Text(collation="C"),
        comment="The address it was mailed to; where that is the person's own, it still has to be when it is used.",
    )
    auth_epoch: Mapped[int] = mapped_column(
        Integer,
        comment="The person's epoch when it was made: a new password or the end of all sessions ends it too.",
    )
    payload: Mapped[dict[str, Any]] = mapped_column(
        default=dict,
        server_default=text("'{}'::jsonb"),
        deferred=True,
        comment="Whatever else its purpose needs, a JSON object; no secrets.",
    )
    requested_ip: Mapped[str | None] = mapped_column(INET, comment="The address it was asked for from.")
    attempts: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), comment="How often a short code was tried."
    )
    created_at: Mapped[datetime] = created_at()
    expires_at: Mapped[datetime] = mapped_column(
        sort_order=92, comment="Until when it is good: 24 hours at the most, but for email_verify."
    )
    consumed_at: Mapped[datetime | None] = mapped_column(sort_order=93, comment="When it was used.")
    superseded_at: Mapped[datetime | None] = mapped_column(sort_order=94, comment="When a newer one took its place.")
