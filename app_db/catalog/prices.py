"""What a tenant's materials may be narrowed down to, and the list of them by price."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, bindparam, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from ..models import Material
from ..session import TenantSession
from .paging import PriceCursor, checked_limit


def list_materials(
    session: TenantSession,
    currency: str,
    *,
    category: UUID | None = None,
    min_price: int | None = None,
    max_price: int | None = None,
    limit: int = 20,
    after: PriceCursor | None = None,
) -> Sequence[Material]:
    """Return the tenant's materials with a price in that currency, cheapest first, at most `limit` (1 to 1000).

    `min_price` and `max_price`, both included, are in the currency's minor unit; `category` is the id of one, and
    stands for all below it too. The next page begins `after=PriceCursor.of(materials[-1])`. Raises ValueError for a
    limit out of range and for prices that leave nothing.
    """
    check_prices(currency, min_price, max_price)
    statement = select(Material).where(Material.currency == currency)
    if min_price is not None:
        statement = statement.where(Material.price_minor >= min_price)
    if max_price is not None:
        statement = statement.where(Material.price_minor <= max_price)
    if category is not None:
        statement = statement.where(_in_category(category))
    if after is not None:
        place = tuple_(bindparam("price", after.price_minor), bindparam("id", after.id, Uuid()))
        statement = statement.where(tuple_(Material.price_minor, Material.id) > place)
    order = statement.order_by(Material.price_minor, Material.id)
    return session.scalars(order.limit(checked_limit(limit))).all()


def check_prices(currency: str | None, min_price: int | None, max_price: int | None) -> None:
    """Raise ValueError for prices without a currency, or of which the lower one is higher."""
    if currency is None and (min_price is not None or max_price is not None):
        raise ValueError("a price says nothing without its currency: give `currency` too, e.g. currency='RUB'")
    if min_price is not None and max_price is not None and min_price > max_price:
        raise ValueError(f"min_price is {min_price} and max_price {max_price}: give the lower one as min_price")


def _in_category(category: UUID) -> ColumnElement[bool]:
    # in a sub-select, so that the tree is walked once and not for each material
    below = select(func.catalog.category_and_below(category)).scalar_subquery()
    return Material.category_id == any_(cast(below, ARRAY(Uuid())))
