"""What app_secrets alone can read. The models are there for comparison with the database; no session can use them."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from ...schema import Scope
from ..base import Base, created_at
from .columns import SYSTEMS, is_digest, person


class PasswordHash(Base):
    """A password, in a form that nobody can read; see the functions `auth.password_…`."""

    __tablename__ = "password_hashes"
    __table_args__ = (
        CheckConstraint(
            "prefix ~ '^[$]argon2id[$]v=19[$]m=[0-9]{1,10},t=[0-9]{1,10},p=[0-9]{1,3}[$][A-Za-z0-9+/]{11,86}$'",
            name="prefix",
        ),
        is_digest("digest"),
        {"schema": "auth_private", "comment": "Passwords, in a form that nobody can read."},
    )
    __app_db_scope__: ClassVar[Scope | None] = SYSTEMS

    user_id: Mapped[UUID] = person(primary_key=True)
    prefix: Mapped[str] = mapped_column(comment="Parameters and salt, as argon2 writes them before the hash.")
    digest: Mapped[bytes] = mapped_column(comment="The hash, 32 bytes.")
    pepper_id: Mapped[int] = mapped_column(
        SmallInteger,
        server_default=text("0"),
        comment="Which key of the application the password was keyed with before it was hashed; 0 for none.",
    )
    changed_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was last set.")


class DigestKey(Base):
    """A key of digests that never leaves; see `auth.email_digest`."""

    __tablename__ = "digest_keys"
    __table_args__ = (
        CheckConstraint("purpose in ('email')", name="purpose"),
        is_digest("secret"),
        {"schema": "auth_private", "comment": "Keys of digests that never leave."},
    )
    __app_db_scope__: ClassVar[Scope | None] = SYSTEMS

    purpose: Mapped[str] = mapped_column(primary_key=True, comment="What is digested with it.")
    secret: Mapped[bytes] = mapped_column(comment="The key, 32 random bytes.")
    created_at: Mapped[datetime] = created_at()
