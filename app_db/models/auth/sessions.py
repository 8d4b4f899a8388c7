"""What people log in on, the logins that last, and how these are prolonged."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, INET
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...schema import Scope
from ..base import Base, Shared
from .columns import PERSONS, is_digest, person


class Device(Shared, Base):
    """What a person logs in on, known by a cookie."""

    __tablename__ = "devices"
    __table_args__ = (
        UniqueConstraint("cookie_hash"),
        is_digest("cookie_hash"),
        is_digest("fingerprint_hmac"),
        CheckConstraint("length(label) between 1 and 100", name="label"),
        CheckConstraint("length(user_agent) <= 512", name="user_agent"),
        Index("ix_devices_user_id", "user_id"),
        {
            "schema": "auth",
            "comment": "What people log in on; each keeps a cookie of its own.",
            "postgresql_with": {"fillfactor": 70},
        },
    )
    __app_db_scope__: ClassVar[Scope | None] = PERSONS

    user_id: Mapped[UUID] = person("The person who logged in on it.")
    cookie_hash: Mapped[bytes] = mapped_column(deferred=True, comment="SHA-256 of the cookie that the device keeps.")
    fingerprint_hmac: Mapped[bytes | None] = mapped_column(
        deferred=True,
        comment="Keyed digest of what the device looks like; a sign of risk, never a reason to log out.",
    )
    label: Mapped[str | None] = mapped_column(comment="What the person calls it.")
    user_agent: Mapped[str | None] = mapped_column(comment="What its browser says it is.")
    first_seen_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When the row was made.")
    last_seen_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was last used; without an index, as it moves."
    )
    last_ip: Mapped[str | None] = mapped_column(INET, comment="From which address it was last used.")
    trusted_until: Mapped[datetime | None] = mapped_column(comment="Until when it needs no second factor.")
    revoked_at: Mapped[datetime | None] = mapped_column(comment="When it was cast off.")


class LoginSession(Shared, Base):
    """A login that lasts. Whether it is good is asked of `auth.valid_session` and nowhere else."""

    __tablename__ = "sessions"
    __table_args__ = (
        UniqueConstraint("id", "user_id"),
        UniqueConstraint("token_hash"),
        is_digest("token_hash"),
        CheckConstraint("aal between 1 and 3", name="aal"),
        CheckConstraint("cardinality(amr) <= 10", name="amr"),
        CheckConstraint("(tenant_id is null) = (member_epoch is null)", name="member_epoch"),
        CheckConstraint("idle_expires_at <= absolute_expires_at and created_at < absolute_expires_at", name="expiry"),
        CheckConstraint("length(user_agent) <= 512", name="user_agent"),
        CheckConstraint("length(revoke_reason) between 1 and 100", name="revoke_reason"),
        CheckConstraint("(revoked_at is null) = (revoke_reason is null)", name="revoked"),
        CheckConstraint("revoked_by is null or revoked_at is not null", name="revoked_by"),
        Index("ix_sessions_user_id", "user_id"),
        Index(
            "ix_sessions_tenant_id",
            "tenant_id",
            postgresql_where=text("revoked_at is null and tenant_id is not null"),
        ),
        Index("ix_sessions_device_id", "device_id", postgresql_where=text("device_id is not null")),
        # none on idle_expires_at and last_seen_at: they move at each use, and would make each update dear
        Index("ix_sessions_absolute_expires_at", "absolute_expires_at"),
        {
            "schema": "auth",
            "comment": "Logins that last; see auth.valid_session for which are good.",
            "postgresql_with": {"fillfactor": 70},
        },
    )
    __app_db_scope__: ClassVar[Scope | None] = PERSONS

    id: Mapped[UUID] = mapped_column(
        primary_key=True,
        default=uuid7,
        server_default=text("app.uuid7()"),
        sort_order=-20,
        comment="UUIDv7: unique, and in the order of creation; also what a token names its session by.",
    )
    user_id: Mapped[UUID] = person()
    tenant_id: Mapped[UUID | None] = mapped_column(
        comment="The tenant it is for, or empty; no foreign key, as memberships belong to another service."
    )
    device_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("auth.devices.id", ondelete="SET NULL"), comment="The device it was opened on."
    )
    auth_epoch: Mapped[int] = mapped_column(Integer, deferred=True, comment="The person's epoch when it was opened.")
    member_epoch: Mapped[int | None] = mapped_column(
        Integer, deferred=True, comment="The membership's epoch when it was opened for a tenant."
    )
    token_hash: Mapped[bytes | None] = mapped_column(
        deferred=True, comment="SHA-256 of the token, where the session is carried by an opaque cookie."
    )
    aal: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("1"),
        comment="How surely the person was recognised: 1 to 3, as in NIST SP 800-63B.",
    )
    amr: Mapped[list[str]] = mapped_column(
        ARRAY(Text),
        server_default=text("'{}'::text[]"),
        comment="By what the person was recognised, e.g. pwd, otp.",
    )
    auth_time: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When the person last proved who he is."
    )
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When the row was made.")
    last_seen_at: Mapped[datetime] = mapped_column(
        server_default=func.now(), comment="When it was last used; without an index, as it moves."
    )
    idle_expires_at: Mapped[datetime] = mapped_column(
        comment="When it ends unless it is used; without an index, as it moves."
    )
    absolute_expires_at: Mapped[datetime] = mapped_column(comment="When it ends at the latest.")
    ip: Mapped[str | None] = mapped_column(INET, comment="The address it was opened from.")
    user_agent: Mapped[str | None] = mapped_column(comment="What the browser said it was.")
    revoked_at: Mapped[datetime | None] = mapped_column(comment="When it was ended before its time.")
    revoke_reason: Mapped[str | None] = mapped_column(comment="Why it was ended.")
    revoked_by: Mapped[UUID | None] = mapped_column(comment="Who ended it; empty for the system itself.")


class RefreshToken(Base):
    """How a session is prolonged: one row for each, changed in place, hashes only."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        ForeignKeyConstraint(
            ["session_id", "user_id"], ["auth.sessions.id", "auth.sessions.user_id"], ondelete="CASCADE"
        ),
        CheckConstraint("generation >= 0", name="generation"),
        is_digest("token_hash"),
        is_digest("prev_hash"),
        is_digest("successor_salt"),
        {
            "schema": "auth",
            "comment": "How each session is prolonged; hashes only, changed in place.",
            "postgresql_with": {"fillfactor": 70},
        },
    )
    __app_db_scope__: ClassVar[Scope | None] = PERSONS

    session_id: Mapped[UUID] = mapped_column(
        primary_key=True, comment="The session; it has one row, changed in place at each refresh."
    )
    user_id: Mapped[UUID] = mapped_column(comment="The person, as in the session.")
    generation: Mapped[int] = mapped_column(Integer, server_default=text("0"), comment="How often it was refreshed.")
    token_hash: Mapped[bytes] = mapped_column(deferred=True, comment="SHA-256 of the token that is good now.")
    prev_hash: Mapped[bytes | None] = mapped_column(
        deferred=True, comment="SHA-256 of the one before, by which a late or a stolen one is told."
    )
    successor_salt: Mapped[bytes | None] = mapped_column(
        deferred=True,
        comment="What the current token was derived with, so that callers at once get the same one.",
    )
    key_id: Mapped[int] = mapped_column(SmallInteger, comment="Which key of the server the token was derived with.")
    rotated_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was last refreshed.")
    reuse_detected_at: Mapped[datetime | None] = mapped_column(comment="When an old token was shown again.")
