"""The short form of the leak drill: nothing of ours leaks. What the drill finds is in tests/isolation/drill."""

from __future__ import annotations

import pytest

from app_db.isolation import DrillPlan, run_drill
from app_db.isolation.drill.faults import AROUND
from app_db.isolation.drill.steps import STEPS
from app_db.settings import Settings
from drill.places import THROUGH, two_connections

UNITS = 150


# each server and each way once: what could leak is between the pool and the pooler
@pytest.mark.parametrize(("server", "through"), list(zip(["18", "15"], THROUGH, strict=True)), indirect=["server"])
def test_nothing_of_ours_leaks_whatever_goes_wrong(settings: Settings, through: str) -> None:
    with two_connections(settings, through) as narrow:
        report = run_drill(narrow, plan=DrillPlan(threads=16, units=UNITS))
    ledger = report.ledger
    assert ledger.findings == {}, ledger.examples
    assert report.succeeded
    assert report.left_out == {}
    assert ledger.units >= UNITS
    assert ledger.endings["committed"] > UNITS / 4
    assert {*STEPS, *AROUND} <= set(ledger.steps)
