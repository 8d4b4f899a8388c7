"""How often the session's tenant uses its materials, by day.

Days are given as `since`, included, and `until`, excluded, so that periods follow on each other; in UTC where nobody
counts otherwise.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, text

from ..models import Material, UsageStatistic
from ..session import TenantSession
from .paging import checked_limit

_DECIMALS = 3
_MOST = Decimal(10) ** 15  # numeric(18,3)

# In the order of the key: of two batches at once neither waits for what the other has locked later.
_COUNT = text("""
insert into catalog.usage_statistics as s (day, material_id, uses, quantity)
select coalesce(u.day, cast(now() at time zone 'UTC' as date)), u.material_id, count(*), sum(u.quantity)
from unnest(cast(:materials as uuid[]), cast(:quantities as numeric[]), cast(:days as date[]))
  as u (material_id, quantity, day)
group by 1, 2 order by 1, 2
on conflict (tenant_id, day, material_id) do update
set uses = s.uses + excluded.uses, quantity = s.quantity + excluded.quantity
""")


@dataclass(frozen=True, slots=True)
class Usage:
    """A use of a material: how much, in its unit, and on which day; today, in UTC, where that is None."""

    material_id: UUID
    quantity: Decimal | int = 1
    day: dt.date | None = None


@dataclass(frozen=True, slots=True)
class DayUsage:
    """What was used on a day: how many materials, and how many times. Quantities of several have no common unit."""

    day: dt.date
    materials: int
    uses: int


@dataclass(frozen=True, slots=True)
class MaterialDay:
    """How often and how much of one material was used on a day."""

    day: dt.date
    uses: int
    quantity: Decimal


@dataclass(frozen=True, slots=True)
class MaterialUsage:
    """How often and how much of a material was used in a period."""

    id: UUID
    code: str
    name: str
    unit: str
    uses: int
    quantity: Decimal


def record_usage(
    session: TenantSession, material_id: UUID, quantity: Decimal | int = 1, *, day: dt.date | None = None
) -> None:
    """Count one use of a material; exact, however many do so at once. As `record_usages`."""
    record_usages(session, [Usage(material_id, quantity, day)])


def record_usages(session: TenantSession, usages: Iterable[Usage]) -> None:
    """Count uses of materials, in one statement. Rows are locked in the order of their key until the commit.

    So a transaction that calls it once waits for others and never deadlocks with them. Raises ValueError for a
    quantity that is negative, too large or has more than three decimals, and ForeignKeyViolation, at the end of the
    statement, for a material that the tenant does not have.
    """
    found = list(usages)
    for usage in found:
        _check_quantity(usage.quantity)
    if found:
        columns = {
            "materials": [usage.material_id for usage in found],
            "quantities": [usage.quantity for usage in found],
            "days": [usage.day for usage in found],
        }
        session.execute(_COUNT, columns)


def usage_by_day(session: TenantSession, since: dt.date, until: dt.date) -> list[DayUsage]:
    """Return each day of the period on which something was used, in order. Raises ValueError for an empty period."""
    statement = (
        select(UsageStatistic.day, func.count(), func.sum(UsageStatistic.uses))
        .where(_within(since, until))
        .group_by(UsageStatistic.day)
        .order_by(UsageStatistic.day)
    )
    return [DayUsage(day, materials, int(uses)) for day, materials, uses in session.execute(statement)]


def usage_of_material(session: TenantSession, material_id: UUID, since: dt.date, until: dt.date) -> list[MaterialDay]:
    """Return each day of the period on which that material was used. Raises ValueError for an empty period."""
    statement = (
        select(UsageStatistic.day, UsageStatistic.uses, UsageStatistic.quantity)
        .where(UsageStatistic.material_id == material_id, _within(since, until))
        .order_by(UsageStatistic.day)
    )
    return [MaterialDay(*row) for row in session.execute(statement)]


def top_materials(session: TenantSession, since: dt.date, until: dt.date, *, limit: int = 20) -> list[MaterialUsage]:
    """Return the materials that were used most often in the period, at most `limit` (1 to 1000).

    Raises ValueError for a limit out of range and for an empty period.
    """
    top = (
        select(
            UsageStatistic.material_id,
            func.sum(UsageStatistic.uses).label("uses"),
            func.sum(UsageStatistic.quantity).label("quantity"),
        )
        .where(_within(since, until))
        .group_by(UsageStatistic.material_id)
        .order_by(func.sum(UsageStatistic.uses).desc(), UsageStatistic.material_id)
        .limit(checked_limit(limit))
        .subquery()
    )
    statement = (
        select(Material.id, Material.code, Material.name, Material.unit, top.c.uses, top.c.quantity)
        .join(top, top.c.material_id == Material.id)
        .order_by(top.c.uses.desc(), Material.id)
    )
    return [
        MaterialUsage(row.id, row.code, row.name, row.unit, int(row.uses), row.quantity)
        for row in session.execute(statement)
    ]


def _within(since: dt.date, until: dt.date) -> ColumnElement[bool]:
    if since >= until:
        raise ValueError(f"nothing is from {since} until before {until}: give a later day as `until`")
    return and_(UsageStatistic.day >= since, UsageStatistic.day < until)


def _check_quantity(quantity: Decimal | int) -> None:
    value = Decimal(quantity)
    if not value.is_finite() or not 0 <= value < _MOST:
        raise ValueError(f"quantity is {quantity}: give a number from 0 to below 10 ** 15")
    if value != round(value, _DECIMALS):
        raise ValueError(f"quantity is {quantity}, and {_DECIMALS} decimals are counted: round it")
