"""How often something may be tried, and who tried to log in."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, DateTime, Index, Integer, LargeBinary, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, INET
from sqlalchemy.orm import Mapped, mapped_column
from uuid_utils.compat import uuid7

from ...schema import Scope
from ..base import Base, updated_at
from .columns import PERSONS, SYSTEMS, is_digest, person

_SCOPE = "scope ~ '^[a-z][a-z0-9_]{0,39}$'"


class RateLimit(Base):
    """How often something may be tried, by the name of what is limited."""

    __tablename__ = "rate_limits"
    __table_args__ = (
        CheckConstraint(_SCOPE, name="scope"),
        CheckConstraint("max_hits between 1 and 1000", name="max_hits"),
        CheckConstraint("period between interval '1 second' and interval '31 days'", name="period"),
        {"schema": "auth", "comment": "How often something may be tried."},
    )
    __app_db_scope__: ClassVar[Scope | None] = SYSTEMS

    scope: Mapped[str] = mapped_column(primary_key=True, comment="What is limited, e.g. login_email.")
    max_hits: Mapped[int] = mapped_column(Integer, comment="How often within the period.")
    period: Mapped[timedelta] = mapped_column(comment="The period, which slides.")
    updated_at: Mapped[datetime] = updated_at()


class RateBucket(Base):
    """What counts towards a limit: one row for each key, changed in place by `auth.rate_take`."""

    __tablename__ = "rate_buckets"
    __table_args__ = (
        CheckConstraint(_SCOPE, name="scope"),
        CheckConstraint("octet_length(key) between 1 and 64", name="key"),
        CheckConstraint("cardinality(hits) between 1 and 1000", name="hits"),
        {
            "schema": "auth",
            "comment": "What counts towards limits, a row for each key.",
            "postgresql_with": {"fillfactor": 70},
        },
    )
    __app_db_scope__: ClassVar[Scope | None] = SYSTEMS

    scope: Mapped[str] = mapped_column(
        Text(collation="C"), primary_key=True, comment="What is limited, e.g. login_email."
    )
    key: Mapped[bytes] = mapped_column(
        LargeBinary, primary_key=True, comment="Whom it is limited for: a digest, an id or a network, as bytes."
    )
    hits: Mapped[list[datetime]] = mapped_column(
        ARRAY(DateTime(timezone=True)), comment="The times of the last hits, no more than the limit."
    )
    expires_at: Mapped[datetime] = mapped_column(comment="When the last hit stops counting, and the row may go.")


class AccountThrottle(Base):
    """Failed logins of a person since the last one that succeeded."""

    __tablename__ = "account_throttle"
    __table_args__ = (
        CheckConstraint("consecutive_failures >= 0", name="consecutive_failures"),
        {
            "schema": "auth",
            "comment": "Failed logins of a person since the last good one.",
            "postgresql_with": {"fillfactor": 70},
        },
    )
    __app_db_scope__: ClassVar[Scope | None] = PERSONS

    user_id: Mapped[UUID] = person(primary_key=True)
    consecutive_failures: Mapped[int] = mapped_column(
        Integer, server_default=text("0"), comment="Failed logins since the last one that succeeded."
    )
    next_attempt_at: Mapped[datetime | None] = mapped_column(comment="Until when further attempts are refused.")
    last_failure_at: Mapped[datetime | None] = mapped_column(comment="When the last one failed.")


class LoginAttempt(Base):
    """Somebody tried to log in; kept for 90 days in monthly partitions."""

    __tablename__ = "login_attempts"
    __table_args__ = (
        is_digest("email_digest"),
        CheckConstraint(
            "reason in ('ok', 'invalid_password', 'unknown_user', 'rate_limited', 'locked', 'mfa_failed', "
            "'suspended', 'unverified')",
            name="reason",
        ),
        CheckConstraint("success = (reason = 'ok')", name="success"),
        Index("ix_login_attempts_email_digest_attempted_at", "email_digest", text("attempted_at desc")),
        Index("ix_login_attempts_ip_bucket_attempted_at", "ip_bucket", text("attempted_at desc")),
        {
            "schema": "auth",
            "comment": "Who tried to log in, for 90 days; what limits is in auth.rate_buckets.",
            "postgresql_partition_by": "range (attempted_at)",
        },
    )
    __app_db_scope__: ClassVar[Scope | None] = SYSTEMS

    attempted_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.clock_timestamp(), comment="When it was."
    )
    id: Mapped[UUID] = mapped_column(
        primary_key=True,
        default=uuid7,
        server_default=text("app.uuid7()"),
        comment="UUIDv7: unique, and in the order of creation.",
    )
    email_digest: Mapped[bytes | None] = mapped_column(
        comment="Keyed digest of the address that was typed, see auth.email_digest; empty where none was."
    )
    user_id: Mapped[UUID | None] = mapped_column(
        comment="The person with that address, or empty; no foreign key, as rows outlive people until they are too old."
    )
    ip: Mapped[str | None] = mapped_column(INET, comment="Where it came from.")
    ip_bucket: Mapped[str | None] = mapped_column(
        INET, Computed("auth.ip_bucket(ip)", persisted=True), comment="The network that counts as one address."
    )
    device_id: Mapped[UUID | None] = mapped_column(
        comment="The known device it came from; no foreign key, as for the person."
    )
    success: Mapped[bool] = mapped_column(comment="Whether the person was let in.")
    reason: Mapped[str] = mapped_column(comment="ok, or why not.")
