"""Whose generated rows are: tenants of very different sizes, or those that somebody names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import Connection, text

from ..errors import SeedRefused
from .words import chance

MEDIUM, SMALL = 9, 90

_TENANTS = text("""
insert into tenancy.tenants (id, slug, name, status, approved_at, approved_by)
select
  ('01900000-0000-7000-8001-' || lpad(to_hex(number), 12, '0'))::uuid, 'volume-' || number, 'Volume ' || number,
  'approved', now(), '01900000-0000-7000-8000-00000000000a'
from generate_series(1, :tenants) as number
on conflict do nothing
""")
_FOUND = text("select slug, id from tenancy.tenants where slug = any(:slugs)")


@dataclass(frozen=True, slots=True)
class Spread:
    """The tenants, and the SQL of the place of each among them.

    Without names the first of a hundred has 30 % of the materials, nine have 4.4 % each, and ninety 0.3 % each. Of the
    vectors one small tenant has 100, a medium one 5,000 and the large one 50,000; what is beyond these is the others'.
    """

    tenants: tuple[UUID, ...]
    named: bool

    def of_material(self, number: str) -> str:
        """Return the SQL of the place, from 1, of the tenant that the material of this number belongs to."""
        if self.named:
            return f"(1 + ({number} - 1) % {len(self.tenants)})::integer"
        drawn = chance(number, 1)
        return (
            f"(case when {drawn} < 0.3 then 1 when {drawn} < 0.7 then {2} + floor(({drawn} - 0.3) / 0.4 * {MEDIUM})"
            f" else {2 + MEDIUM} + floor(({drawn} - 0.7) / 0.3 * {SMALL}) end)::integer"
        )

    def of_course(self, number: str) -> str:
        """Return the same of the course of this number: the first one has 100 vectors, the others 200."""
        if self.named:
            return f"(1 + ({number} - 1) % {len(self.tenants)})::integer"
        others = f"3 + {number} % {MEDIUM + SMALL - 2}"
        return (
            f"(case when {number} = 1 then 11 when {number} <= 26 then 2 when {number} <= 276 then 1"
            f" when {others} < 11 then {others} else {others} + 1 end)::integer"
        )

    def people(self) -> list[int]:
        """Return how many generated people each tenant has."""
        if self.named:
            return [20 for _ in self.tenants]
        return [2000, *[200] * MEDIUM, *[10] * SMALL]


def find_spread(connection: Connection, slugs: Sequence[str]) -> tuple[Spread, int]:
    """Return the tenants with these slugs, or make the hundred; and how many were made.

    Raises SeedRefused for a slug that no tenant has.
    """
    made = 0 if slugs else connection.execute(_TENANTS, {"tenants": 1 + MEDIUM + SMALL}).rowcount
    wanted = list(slugs) or [f"volume-{number + 1}" for number in range(1 + MEDIUM + SMALL)]
    found: dict[str, UUID] = {row.slug: row.id for row in connection.execute(_FOUND, {"slugs": wanted})}
    missing = [slug for slug in wanted if slug not in found]
    if missing:
        raise SeedRefused(
            f"there is no tenant {missing[0]!r}: make it with `app-db tenant create {missing[0]} NAME`, or name one of "
            "`app-db tenant list`"
        )
    return Spread(tuple(found[slug] for slug in wanted), bool(slugs)), made
