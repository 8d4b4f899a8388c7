"""Full-text search over the session's tenant, in Russian and English."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, text

from ..session import TenantSession
from .money import as_text

MAX_LIMIT = 1000

_QUERY = text("select * from catalog.search_materials(:query, :limit)").bindparams(
    bindparam("query"), bindparam("limit")
)


@dataclass(frozen=True, slots=True)
class MaterialHit:
    """A material that was found; `price_minor` in the currency's minor unit, a higher `rank` fits better."""

    id: UUID
    code: str
    name: str
    description: str
    unit: str
    price_minor: int
    currency: str
    rank: float

    @property
    def price(self) -> str:
        """The price as people write it, e.g. `1234.50 RUB`."""
        return as_text(self.price_minor, self.currency)


def search_materials(session: TenantSession, query: str, *, limit: int = 20) -> list[MaterialHit]:
    """Return the tenant's materials that match all words of `query`, best first, at most `limit` (1 to 1000).

    The query is what a person types: words in any form, "quoted phrases", or, -without (PostgreSQL manual,
    websearch_to_tsquery). Raises ValueError for a limit out of range and UnboundTransaction for a session without a
    tenant.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"limit is {limit}, and a search returns 1 to {MAX_LIMIT} materials: ask for fewer at a time")
    rows = session.execute(_QUERY, {"query": query.replace("\0", " "), "limit": limit})
    return [MaterialHit(**row) for row in rows.mappings()]
