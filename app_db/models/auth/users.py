"""The people who log in."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, Integer, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from ...schema import Scope, ScopeKind
from ..base import Base, Shared, created_at, updated_at
from .columns import PERSONS, person


class User(Shared, Base):
    """A person; may belong to many tenants. An application's session sees the row of the person at work, in part."""

    __tablename__ = "users"
    __table_args__ = (
        UniqueConstraint("provider", "subject"),
        CheckConstraint(
            "length(email) between 3 and 254 and email = btrim(email) and position('@' in email) > 1 "
            r"and email !~ '[[\:space\:][\:cntrl\:]]'",
            name="email",
        ),
        CheckConstraint("length(provider) between 1 and 64", name="provider"),
        CheckConstraint("length(subject) between 1 and 255", name="subject"),
        CheckConstraint("(provider is null) = (subject is null)", name="identity"),
        CheckConstraint("status in ('pending', 'active', 'suspended', 'deleted')", name="status"),
        CheckConstraint("auth_epoch >= 1", name="auth_epoch"),
        CheckConstraint("(status = 'deleted') = (deleted_at is not null)", name="deleted"),
        Index("uq_users_email_key", "email_key", unique=True, postgresql_where=text("deleted_at is null")),
        {"schema": "auth", "comment": "The people who log in; one may belong to many tenants."},
    )
    __app_db_scope__: ClassVar[Scope | None] = Scope(ScopeKind.PERSON, user_column="id")

    email: Mapped[str] = mapped_column(comment="The address as the person wrote it; mail goes there and nowhere else.")
    email_key: Mapped[str] = mapped_column(
        Text(collation="C"),
        Computed('lower((email COLLATE "C"))', persisted=True),
        comment="What addresses are compared by: ASCII letters in lower case, nothing else folded.",
    )
    email_verified_at: Mapped[datetime | None] = mapped_column(
        comment="When the person proved to read mail at the address."
    )
    provider: Mapped[str | None] = mapped_column(
        comment="Who vouches for the person, e.g. cognito; empty for people with a password only."
    )
    subject: Mapped[str | None] = mapped_column(comment="The person's identifier at the provider.")
    status: Mapped[str] = mapped_column(server_default="pending", comment="pending, active, suspended or deleted.")
    auth_epoch: Mapped[int] = mapped_column(
        Integer,
        server_default=text("1"),
        deferred=True,
        comment="Sessions and tokens carry the number that was current when they were made; a higher one ends them.",
    )
    password_changed_at: Mapped[datetime | None] = mapped_column(
        deferred=True, comment="When the password was last set."
    )
    deleted_at: Mapped[datetime | None] = mapped_column(
        deferred=True, comment="When the person was deleted; the address is free again."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class UserActivity(Base):
    """What changes with each login, apart from the person's row, which logins lock."""

    __tablename__ = "user_activity"
    __table_args__ = (
        {
            "schema": "auth",
            "comment": "What changes with each login of a person.",
            "postgresql_with": {"fillfactor": 70},
        },
    )
    __app_db_scope__: ClassVar[Scope | None] = PERSONS

    user_id: Mapped[UUID] = person(primary_key=True)
    last_login_at: Mapped[datetime | None] = mapped_column(comment="When the person last logged in.")
    last_login_ip: Mapped[str | None] = mapped_column(INET, comment="From which address.")
    last_seen_at: Mapped[datetime | None] = mapped_column(comment="When the person was last seen at work.")
