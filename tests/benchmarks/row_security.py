"""What row-level security costs: ours under policies, against a filter by hand on the same rows without any."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from app_db.engine import admin_engine
from app_db.schema import RoleNames

from . import tables
from .measure import Line, compare
from .place import Place
from .plans import explain, in_short

TARGET = 1.05
TENANTS = 1000


def run(place: Place, seconds: float, rows: int, *, plans: bool = False) -> Iterable[Line]:
    """Every query, for a large, a medium and a small tenant.

    The third way says how much is the policies' and how much is beginning and binding.
    """
    sizes = _load(place, rows)
    secured, plain = tables.tables(tables.SECURED), tables.tables(tables.PLAIN)
    for size, (tenant, count, item) in sizes.items():
        by_hand = tables.queries(plain, item, tenant)
        for name, query in tables.queries(secured, item).items():
            measure = f"{name}, {size} tenant ({count} rows)"
            if plans:
                _print_plan(place, tenant, measure, query)
            ways = {
                "ours": place.ours(tenant, _work(query)),
                "stock, filter by hand, no RLS": place.plain(place.administrator, _work(by_hand[name])),
                "ours, filter by hand, no RLS": place.ours(tenant, _work(by_hand[name])),
            }
            yield from compare(measure, ways, TARGET, seconds)


def _work(query: Select[Any]) -> Callable[[Session], Any]:
    return lambda session: session.execute(query).all()


def _load(place: Place, rows: int) -> dict[str, tuple[UUID, int, UUID]]:
    engine = admin_engine(place.owner)
    with engine.begin() as connection:
        tables.create(connection, RoleNames(place.settings.role_prefix))
        for done in tables.fill(connection, rows, TENANTS):
            print(f"  loaded {done}", flush=True)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        tables.analyse(connection)
        return tables.sizes(connection)


def _print_plan(place: Place, tenant: UUID, name: str, query: Select[Any]) -> None:
    with place.db.tenant(tenant) as session:
        print(f"\n{name}", *in_short(explain(session, query)), sep="\n  ", flush=True)
