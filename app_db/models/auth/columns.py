"""What the tables of auth have in common: whose rows they hold, digests, and the reference to a person."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from ...schema import Scope, ScopeKind

USERS = "auth.users.id"
PERSONS = Scope(ScopeKind.PERSON, user_column="user_id")
SYSTEMS = Scope(ScopeKind.SYSTEM)


def person(comment: str = "The person.", *, primary_key: bool = False) -> Mapped[UUID]:
    """Return the column for the person that the row belongs to, with whom it goes."""
    return mapped_column(
        ForeignKey(USERS, ondelete="CASCADE"), primary_key=primary_key, sort_order=-10, comment=comment
    )


def is_digest(column: str) -> CheckConstraint:
    """Return the check that a column holds a digest and not what it is of."""
    return CheckConstraint(f"octet_length({column}) = 32", name=column)
