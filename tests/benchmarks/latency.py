"""The same over a network with a millisecond of latency, where round trips are what counts."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import uuid4

from proxy import CountingProxy

from app_db.session import Database

from .measure import Line, compare
from .place import Place, ours
from .text_statement import work

TARGET = 0.65
LATENCY = 0.001


def run(place: Place, seconds: float) -> Iterable[Line]:
    """Ours against the usual way: pre-ping, and the tenant set by a statement."""
    with CountingProxy("127.0.0.1", place.application.port, delay=LATENCY) as proxy:
        url, tenant = place.application.set(host="127.0.0.1", port=proxy.port), uuid4()
        far = Database(place.settings.model_copy(update={"url": url}))
        ways = {
            "ours": ours(far, tenant, work),
            "stock, ping, set_config": place.usual(url, tenant, work),
            "stock": place.plain(url, work),
        }
        yield from compare(f"{LATENCY * 1000:g} ms latency", ways, TARGET, seconds)
        far.dispose()
