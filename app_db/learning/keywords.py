"""Keywords by their first letters, or by how they are spelled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import text

from ..session import TenantSession
from .limits import checked_limit, checked_query

_SEARCH = text(
    "select * from learning.search_keywords(:query, :limit, cast(:key as text), cast(:score as real), "
    "cast(:after as uuid))"
)


@dataclass(frozen=True, slots=True)
class KeywordHit:
    """A keyword that was found: it begins with what was typed, or is `similar` by its trigrams (`score` 0 to 1)."""

    id: UUID
    course_id: UUID
    term: str
    term_key: str
    definition: str
    match: Literal["prefix", "similar"]
    score: float


def search_keywords(
    session: TenantSession, query: str, *, limit: int = 20, after: KeywordHit | None = None
) -> list[KeywordHit]:
    """Return the tenant's keywords that begin with `query`, in the order of letters, at most `limit` (1 to 1000).

    Where none does, those that are spelled alike, best first, less similar ones only where nothing is nearer; so a
    typing error or a word from the middle finds something. Of very many, 1,000 are ranked. `after` is the last
    keyword of the page before. Raises ValueError for a limit out of range, and UnboundTransaction for a session
    without a tenant.
    """
    is_similar = after is not None and after.match == "similar"
    values = {
        "query": checked_query(query),
        "limit": checked_limit(limit),
        "key": None if after is None or is_similar else after.term_key,
        "score": after.score if after is not None and is_similar else None,
        "after": None if after is None else after.id,
    }
    return [KeywordHit(**row) for row in session.execute(_SEARCH, values).mappings()]
