"""The short form of the leak drill: nothing of ours leaks, and the drill finds it where something would."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from pgbouncer import require_pgbouncer

from app_db.settings import Settings
from drill.drill import Plan, drill, start_client
from drill.ledger import Ledger
from drill.run import THROUGH, place, tenants_of
from drill.steps import COMMON, RARE
from drill.ways import WAYS

UNITS = 300


def short_drill(settings: Settings, way: str, through: str, units: int, *, clients: bool = True) -> Ledger:
    if through == "pgbouncer":
        require_pgbouncer()
    assert settings.admin_url is not None
    with place(settings, through) as made:
        plan = Plan(threads=32, units=units, clients=clients)
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
    ledger = short_drill(settings, way, through, 100, clients=False)
    assert ledger.findings["foreign row read"] > 0, ledger


def test_a_client_tells_what_it_found_before_it_is_killed(settings: Settings, tmp_path: Path) -> None:
    report, ledger = tmp_path / "findings.json", Ledger()
    with place(settings, "pool") as made:
        process = start_client("session-scoped", made, tenants_of(settings, 20), report)
        deadline = time.monotonic() + 60
        while not report.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        process.kill()
        process.wait()
    ledger.merge(json.loads(report.read_text()))
    assert ledger.leaks > 0
