"""A text statement: what beginning, binding and committing cost by themselves."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.orm import Session

from .measure import Line, compare
from .place import Place

TARGET = 1.10
STATEMENT = text("select 1")


def work(session: Session) -> object:
    return session.execute(STATEMENT).scalar_one()


def run(place: Place, seconds: float) -> Iterable[Line]:
    """Ours against SQLAlchemy's own session without liveness check and without a tenant."""
    tenant, url = uuid4(), place.application
    ways = {
        "ours": place.ours(tenant, work),
        "stock": place.plain(url, work),
        "stock, ping": place.plain(url, work, ping=True),
        "stock, ping, set_config": place.usual(url, tenant, work),
    }
    return compare("text", ways, TARGET, seconds)
