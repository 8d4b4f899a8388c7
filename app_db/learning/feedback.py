"""What people think of how keywords are said to hang together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import text

from ..session import TenantSession

# in the order of ids: the trigger locks each relationship, and two people who rate the same ones would deadlock
_GIVE = text("""
insert into learning.analogy_feedback as f (relationship_id, is_helpful, rating, comment)
select o.relationship, o.is_helpful, o.rating, o.comment
from unnest(cast(:relationships as uuid[]), cast(:helpful as boolean[]), cast(:ratings as smallint[]),
  cast(:comments as text[])) as o (relationship, is_helpful, rating, comment)
order by o.relationship
on conflict (tenant_id, relationship_id, user_id) do update set
  is_helpful = excluded.is_helpful, rating = excluded.rating, comment = excluded.comment
""")
_ANALYZE = text("select * from learning.analyze_feedback(cast(:course as uuid))")


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a person thinks of a relationship; `rating` is 1, bad, to 5, good, or None."""

    relationship: UUID
    is_helpful: bool
    rating: int | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class FeedbackAnalysis:
    """What people think of a course's relationships of one kind, in sums.

    `helpful`, `unhelpful` and `divided` are relationships on which there is a consensus of that name; `undecided` are
    those with fewer than three people. `mean_rating` is None where nobody has rated.
    """

    kind: str
    relationships: int
    people: int
    helpful: int
    unhelpful: int
    divided: int
    undecided: int
    mean_rating: Decimal | None


def give_feedback(session: TenantSession, opinions: Sequence[Opinion]) -> None:
    """Note what the session's person thinks; what was said of a relationship before is replaced.

    Tell of several relationships in one call: they are written in the order of their ids. Raises ValueError for a
    relationship that is told twice or a rating that is not 1 to 5, and ForeignKeyViolation for a relationship that the
    tenant does not have.
    """
    for opinion in opinions:
        if opinion.rating is not None and not 1 <= opinion.rating <= 5:  # noqa: PLR2004
            raise ValueError(f"rating is {opinion.rating}: give 1 to 5, or None")
    if len({opinion.relationship for opinion in opinions}) != len(opinions):
        raise ValueError("a relationship is told twice: give one opinion on it")
    if not opinions:
        return
    session.execute(
        _GIVE,
        {
            "relationships": [opinion.relationship for opinion in opinions],
            "helpful": [opinion.is_helpful for opinion in opinions],
            "ratings": [opinion.rating for opinion in opinions],
            "comments": [opinion.comment for opinion in opinions],
        },
    )


def analyze_feedback(session: TenantSession, course: UUID) -> list[FeedbackAnalysis]:
    """Return what people think of the relationships that begin at a keyword of the course, one entry for each kind.

    Raises UnboundTransaction for a session without a tenant.
    """
    return [FeedbackAnalysis(**row) for row in session.execute(_ANALYZE, {"course": course}).mappings()]
