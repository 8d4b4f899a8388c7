"""Generated statistics of use: a year of days before the current month, with a few materials used daily.

A quarter of the rows is of materials that are used every day, a quarter of those used weekly, a quarter monthly, and a
quarter of those used once in nine months. So 0.1 % of the materials have a quarter of the rows.
"""

from __future__ import annotations

from .materials import material_key
from .spread import Spread
from .steps import Step
from .words import chance

BATCH = 20_000
DAYS = 365

# for that month and three more
_PARTITIONS = tuple(
    f"select ops.ensure_partitions(date_trunc('month', now(), 'UTC') - interval '{months} months')"
    for months in (13, 9, 5, 1)
)

# A slot is the row's place in its day, a round one of each kind of material. Number 4 * item + kind + 1 is at most that
# of the row, so that there are always as many materials as are needed, and no day has one of them twice.
_USAGE = """
insert into catalog.usage_statistics (tenant_id, day, material_id, uses, quantity)
with slots as (
  select r, (r - 1) / {days} / 4 as round, ((r - 1) / {days} % 4)::integer as kind,
    (date_trunc('month', now() at time zone 'UTC')::date - {days} + ((r - 1) % {days})::integer) as day
  from generate_series(cast(:first as bigint), :last) as r
), used as (
  select r, day, kind, (array[1, 7, 30, 273])[kind + 1] as period, round from slots
), numbered as materialized (
  select r, day, kind, 4 * (round * period + (day - date '2000-01-01') % period) + kind + 1 as n from used
), found as materialized (
  select u.r, u.day, u.kind, (cast(:tenants as uuid[]))[{place}] as tenant_id, {key} as material_id from numbered as u
)
select f.tenant_id, f.day, f.material_id, 1 + floor(power(100 / power(4, f.kind), {uses}))::bigint,
  round((1 + 999 * power({quantity}, 3))::numeric, 1)
from found as f
where not exists (
  select from catalog.usage_statistics as s
  where s.tenant_id = f.tenant_id and s.day = f.day and s.material_id = f.material_id
)
order by f.day, f.tenant_id, f.material_id
on conflict do nothing
"""


def usage_steps(spread: Spread, statistics: int) -> list[Step]:
    """Return the step that plants that many rows of statistics, of the materials with numbers up to that."""
    statement = _USAGE.format(
        days=DAYS, place=spread.of_material("u.n"), key=material_key("u.n"), uses=chance("f.r", 11),
        quantity=chance("f.r", 12),
    )  # fmt: skip
    values = {"tenants": list(spread.tenants)}
    return [Step("catalog.usage_statistics", statement, statistics, BATCH, values, _PARTITIONS)]
