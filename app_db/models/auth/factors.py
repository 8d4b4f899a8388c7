"""What a person proves himself by beside the password."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ...schema import Scope
from ..base import Base, Shared, created_at
from .columns import PERSONS, is_digest, person


class MfaFactor(Shared, Base):
    """A second factor. Its secret is encrypted by the application; `auth.totp_accept` uses its steps up."""

    __tablename__ = "mfa_factors"
    __table_args__ = (
        CheckConstraint("kind in ('totp', 'webauthn')", name="kind"),
        CheckConstraint("length(label) between 1 and 100", name="label"),
        CheckConstraint("status in ('pending', 'active', 'disabled')", name="status"),
        CheckConstraint("octet_length(secret_ciphertext) between 44 and 4096", name="secret_ciphertext"),
        CheckConstraint("kind <> 'totp' or (secret_ciphertext is not null and key_id is not null)", name="secret"),
        CheckConstraint("digits in (6, 8)", name="digits"),
        CheckConstraint("period between 15 and 120", name="period"),
        CheckConstraint("algorithm in ('SHA1', 'SHA256', 'SHA512')", name="algorithm"),
        CheckConstraint("last_step >= -1", name="last_step"),
        CheckConstraint("consecutive_failures >= 0", name="consecutive_failures"),
        CheckConstraint("status <> 'active' or confirmed_at is not null", name="confirmed"),
        Index(
            "uq_mfa_factors_user_id_label",
            "user_id",
            "label",
            unique=True,
            postgresql_where=text("status <> 'disabled'"),
        ),
        Index("ix_mfa_factors_user_id", "user_id"),
        {"schema": "auth", "comment": "Second factors of people.", "postgresql_with": {"fillfactor": 70}},
    )
    __app_db_scope__: ClassVar[Scope | None] = PERSONS

    user_id: Mapped[UUID] = person()
    kind: Mapped[str] = mapped_column(comment="totp or webauthn.")
    label: Mapped[str] = mapped_column(comment="What the person calls it.")
    status: Mapped[str] = mapped_column(
        server_default="pending",
        comment="pending until the person has shown a code, then active, in the end disabled.",
    )
    secret_ciphertext: Mapped[bytes | None] = mapped_column(
        deferred=True,
        comment="The secret, encrypted by the application and bound to this row: nonce, ciphertext, tag.",
    )
    key_id: Mapped[int | None] = mapped_column(
        SmallInteger, comment="Which key of the application it is encrypted with."
    )
    digits: Mapped[int] = mapped_column(SmallInteger, server_default=text("6"), comment="How many digits a code has.")
    period: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("30"), comment="How many seconds a step takes."
    )
    algorithm: Mapped[str] = mapped_column(server_default="SHA1", comment="SHA1, SHA256 or SHA512.")
    last_step: Mapped[int] = mapped_column(
        BigInteger,
        server_default=text("'-1'::integer"),
        deferred=True,
        comment="The step of the newest code that was accepted; it and those before are used up.",
    )
    consecutive_failures: Mapped[int] = mapped_column(
        SmallInteger, server_default=text("0"), comment="Wrong codes since the last right one."
    )
    locked_until: Mapped[datetime | None] = mapped_column(comment="Until when no code is accepted.")
    created_at: Mapped[datetime] = created_at()
    confirmed_at: Mapped[datetime | None] = mapped_column(sort_order=92, comment="When the person first showed a code.")
    last_used_at: Mapped[datetime | None] = mapped_column(sort_order=93, comment="When a code was last accepted.")


class RecoveryCode(Shared, Base):
    """A code that a person keeps on paper; `auth.recovery_code_use` uses it up."""

    __tablename__ = "recovery_codes"
    __table_args__ = (
        UniqueConstraint("user_id", "code_hash"),
        is_digest("code_hash"),
        {"schema": "auth", "comment": "Codes that people keep on paper, in place of a second factor."},
    )
    __app_db_scope__: ClassVar[Scope | None] = PERSONS

    user_id: Mapped[UUID] = person()
    batch_id: Mapped[UUID] = mapped_column(comment="Codes that were made together have the same.")
    code_hash: Mapped[bytes] = mapped_column(deferred=True, comment="SHA-256 of a code of at least 112 random bits.")
    created_at: Mapped[datetime] = created_at()
    used_at: Mapped[datetime | None] = mapped_column(sort_order=92, comment="When it was used.")
