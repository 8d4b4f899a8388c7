"""ORM and Core statements with the tenant's predicate, against the same with a filter that somebody wrote."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import Select, insert, select
from sqlalchemy.orm import Session
from support import make_tenant

from app_db.models import Material

from .measure import Line, compare
from .place import Place

TARGET = 1.10
ROWS = 1000
Pair = tuple[Callable[[Session], Any], Callable[[Session], Any]]


def run(place: Place, seconds: float) -> Iterable[Line]:
    """Ours, then the filter by hand (as the administrators' login, whom no policy narrows), then the usual way."""
    tenant = make_tenant(place.db, "bench-orm")
    key = _fill(place, tenant)
    for name, (ours, explicit) in _pairs(tenant, key).items():
        ways = {
            "ours": place.ours(tenant, ours),
            "stock, filter by hand": place.plain(place.administrator, explicit),
            "stock, ping, set_config": place.usual(place.application, tenant, explicit),
        }
        yield from compare(name, ways, TARGET, seconds)


def _fill(place: Place, tenant: UUID) -> UUID:
    rows = [{"code": f"m-{n}", "name": f"Material {n}", "unit": "kg", "price_minor": n} for n in range(ROWS)]
    with place.db.tenant(tenant) as session:
        session.execute(insert(Material), rows)
        return session.scalars(select(Material.id).where(Material.code == "m-500")).one()


def _pairs(tenant: UUID, key: UUID) -> dict[str, Pair]:
    """Return ours and the same with the filter by hand; statements are built in the unit, as applications do."""
    table = Material.__table__.c

    def newest() -> Select[Any]:
        return select(Material).order_by(Material.created_at.desc(), Material.id.desc()).limit(50)

    def by_code() -> Select[Any]:
        return select(table.name, table.price_minor).where(table.code == "m-500")

    return {
        "ORM by key": (
            lambda session: session.get(Material, key),
            lambda session: session.get(Material, (tenant, key)),
        ),
        "ORM newest 50": (
            lambda session: session.scalars(newest()).all(),
            lambda session: session.scalars(newest().where(Material.tenant_id == tenant)).all(),
        ),
        "Core by code": (
            lambda session: session.execute(by_code()).one(),
            lambda session: session.execute(by_code().where(table.tenant_id == tenant)).one(),
        ),
    }
