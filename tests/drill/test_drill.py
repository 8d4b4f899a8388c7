"""The short form of the leak drill: nothing of ours leaks, and the drill finds it where something would."""

from __future__ import annotations

import pytest
from pgbouncer import require_pgbouncer

from app_db.settings import Settings
from drill.drill import Plan, drill
from drill.ledger import Ledger
from drill.run import THROUGH, place, tenants_of
from drill.steps import COMMON, RARE
from drill.ways import WAYS

UNITS = 300


def short_drill(settings: Settings, way: str, through: str, units: int, *, victims: bool = True) -> Ledger:
    if through == "pgbouncer":
        require_pgbouncer()
    assert settings.admin_url is not None
    with place(settings, through) as made:
        plan = Plan(threads=32, units=units, victims=victims)
        return drill(way, made, tenants_of(settings, 20), settings.admin_url, plan)


@pytest.mark.parametrize("through", THROUGH)
def test_nothing_of_ours_leaks_whatever_goes_wrong(settings: Settings, through: str) -> None:
    ledger = short_drill(settings, "ours", through, UNITS)
    assert ledger.findings == {}, ledger.examples
    assert ledger.units >= UNITS
    assert ledger.endings["committed"] > UNITS / 4
    assert {step.__name__ for step in (*COMMON, *RARE)} <= set(ledger.steps)
    assert ledger.steps["kill -9 of a client"] > 0


@pytest.mark.parametrize(
    ("way", "through"), [*((way, "pool") for way in sorted(set(WAYS) - {"ours"})), ("session-scoped", "pgbouncer")]
)
def test_the_drill_finds_the_leaks_of_wrong_ways(settings: Settings, way: str, through: str) -> None:
    ledger = short_drill(settings, way, through, 100, victims=False)
    assert ledger.findings["foreign row read"] > 0, ledger


def test_a_victim_tells_what_it_found_before_it_is_killed(settings: Settings) -> None:
    quiet, heard = (
        short_drill(settings, "session-scoped", "pool", 0, victims=victims).findings.total()
        for victims in (False, True)
    )
    assert (quiet, heard > 0) == (0, True)
