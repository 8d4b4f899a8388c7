"""What `make bench-peers` asks of libraries: of ours nothing leaks, and it would see where something did."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from benchmarks import peers
from benchmarks.peer.library import SCENARIOS, judged, judged_plain, units
from benchmarks.peer.ours import Ours
from pgbouncer import PgBouncer, require_pgbouncer
from sqlalchemy import URL, create_engine, text
from sqlalchemy.orm import Session

from app_db.settings import Settings

ROWS = 100  # of twenty tenants


class Careless(Ours):
    """On our tables, by a setting that stays on the connection."""

    def door(self, place: str, pool_size: int) -> Any:
        return create_engine(self._places[place], pool_size=pool_size, max_overflow=0)

    @contextmanager
    def session(self, door: Any, tenant: Any) -> Iterator[Session]:
        with Session(door) as session:
            tell = text("select set_config('app.current_tenant_id', :tenant, false)")
            session.execute(tell, {"tenant": str(tenant)})
            yield session

    def plain(self, door: Any) -> Session:
        return Session(door)


@pytest.fixture(scope="module")
def ours(settings: Settings) -> Iterator[Ours]:
    require_pgbouncer()
    assert settings.url is not None
    assert settings.migration_url is not None
    with PgBouncer([settings.url], pool_size=1) as pooler:
        urls = {"direct": settings.url, "pooler": pooler.through(settings.url), "administrator": settings.migration_url}
        made = Ours({**{place: _text(url) for place, url in urls.items()}, "role_prefix": settings.role_prefix})
        made.prepare(ROWS)
        yield made


@pytest.fixture(scope="module")
def careless(ours: Ours) -> Careless:
    made = Careless(ours._places)
    made.tenants = ours.tenants
    return made


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_nothing_of_ours_leaks(ours: Ours, scenario: str) -> None:
    verdict, what = SCENARIOS[scenario](ours)
    assert verdict in {"holds", "does not apply"}, what


@pytest.mark.parametrize(
    "scenario",
    [
        "goes on after a commit, on another connection",
        "plain session after a tenant's",
        "PgBouncer: another client without a tenant",
        "PgBouncer: two tenants' clients in turn",
    ],
)
def test_a_careless_way_is_seen_to_leak_or_to_fail(careless: Careless, scenario: str) -> None:
    verdict, _ = SCENARIOS[scenario](careless)
    assert verdict in {"LEAKS", "fails"}


def test_units_of_work_read_what_they_say(ours: Ours) -> None:
    found = {name: unit() for name, unit in units(ours, "direct").items()}
    assert set(found) == set(peers.MEASURES)
    assert [len(found[name]) for name in peers.MEASURES] == [1, 5, 1]
    assert found["count"] == [(ROWS // 20,)]


def test_verdicts() -> None:
    assert judged({"a": 3}, "a") == ("holds", "reads no other row")
    assert judged({}, None) == ("holds", "reads no row")
    assert judged({}, "a") == ("fails", "does not read its own rows any more")
    assert judged({"a": 3, "b": 2}, "a") == ("LEAKS", "reads 2 rows of one other tenant")
    assert judged({"a": 1000, "b": 2}, None) == ("LEAKS", "reads 1,002 rows of 2 tenants")


def test_a_session_that_is_the_administrators_is_no_leak_where_it_reads_all(careless: Careless) -> None:
    careless_admin = Careless(careless._places)
    careless_admin.plain_sees_all = True
    everything = dict.fromkeys(careless_admin.tenants, 1)
    assert judged_plain(careless_admin, everything)[0] == "by design"
    assert judged_plain(careless_admin, {careless_admin.tenants[0]: 1})[0] == "fails"


def test_the_page_has_a_row_for_each_situation_and_each_measure() -> None:
    names = ["app_db", "another"]
    found = {
        "date": "2026-11-28", "server": "18.6", "rows": 1000, "versions": {name: {name: "1"} for name in names},
        "scenarios": {"this": {"app_db": ("holds", "so"), "another": ("LEAKS", "so")}},
        "costs": [
            {"measure": measure, "library": name, "round_trips": 2.0, "microseconds": 1234.5, "ratio": ratio}
            for measure in peers.MEASURES for name, ratio in zip(names, (1, 2.25), strict=True)
        ],
    }  # fmt: skip
    lines = list(peers.page(found))
    assert "| this | holds: so | **LEAKS**: so |" in lines
    assert "| round trips of a unit of work | 2 | 2 |" in lines
    assert [line for line in lines if line.startswith("| count")] == ["| count, µs | 1,234 | 1,234 (2.2 x) |"]
