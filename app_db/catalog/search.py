"""Search over the session's tenant, in Russian and English, while somebody types."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from ..session import TenantSession
from .money import as_text
from .paging import Cursor, checked_limit
from .prices import check_prices

_QUERY = text("""
select * from catalog.find_materials(
  :query, :limit, cast(:category as uuid), :currency, :min_price, :max_price,
  :matched, cast(:rank as real), cast(:id as uuid), cast(:horizon as uuid)
)
""")


@dataclass(frozen=True, slots=True)
class MaterialHit:
    """A material that was found; `price_minor` in the currency's minor unit, a higher `rank` fits better.

    `matched` is `words`, or `similar` where no material has the words and its name is spelled similarly. `horizon` is
    as in `Cursor`.
    """

    id: UUID
    code: str
    name: str
    description: str
    unit: str
    price_minor: int
    currency: str
    category_id: UUID | None
    rank: float
    matched: str
    horizon: UUID

    @property
    def price(self) -> str:
        """The price as people write it, e.g. `1234.50 RUB`."""
        return as_text(self.price_minor, self.currency)

    @property
    def cursor(self) -> Cursor:
        """Where the next page begins, if this is the last hit of its page."""
        return Cursor(self.matched, self.rank, self.id, self.horizon)


def search_materials(
    session: TenantSession,
    query: str,
    *,
    limit: int = 20,
    category: UUID | None = None,
    currency: str | None = None,
    min_price: int | None = None,
    max_price: int | None = None,
    after: Cursor | None = None,
) -> list[MaterialHit]:
    """Return the tenant's materials that match all words of `query`, best first, at most `limit` (1 to 1000).

    The query is what a person types: words in any form, the last of which may be unfinished, "quoted phrases", or,
    -without (PostgreSQL manual, websearch_to_tsquery), or the beginning of a code. Where no material has the words,
    those with similar names are returned. Of very common words the newest 5,000 matches are ranked, of similar names
    1,000: docs/decisions/0019.

    `category` is the id of one, and stands for all below it too; `min_price` and `max_price`, both included, are in
    the minor unit of `currency`. The next page begins `after` the cursor of the last hit. Raises ValueError for a limit
    out of range and for prices that say nothing, UnboundTransaction for a session without a tenant.
    """
    check_prices(currency, min_price, max_price)
    values = {
        "query": query.replace("\0", " "),
        "limit": checked_limit(limit),
        "category": category,
        "currency": currency,
        "min_price": min_price,
        "max_price": max_price,
        "matched": None if after is None else after.matched,
        "rank": None if after is None else after.rank,
        "id": None if after is None else after.id,
        "horizon": None if after is None else after.horizon,
    }
    return [MaterialHit(**row) for row in session.execute(_QUERY, values).mappings()]
