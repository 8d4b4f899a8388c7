"""The short form of the leak drill: nothing of ours leaks. What the drill finds is in tests/isolation/drill."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from app_db.engine import admin_engine
from app_db.isolation import Ledger, Plan, run_drill
from app_db.isolation.drill.faults import AROUND, end_client, start_client
from app_db.isolation.drill.ground import Ground, make_ground, make_tenants, remove
from app_db.isolation.drill.preflight import place_of
from app_db.isolation.drill.steps import STEPS
from app_db.isolation.drill.work import Work
from app_db.schema import RoleNames
from app_db.settings import Settings
from drill.places import THROUGH, two_connections
from drill.ways import SessionScoped

UNITS = 150


@pytest.mark.parametrize("through", THROUGH)
def test_nothing_of_ours_leaks_whatever_goes_wrong(settings: Settings, through: str) -> None:
    with two_connections(settings, through) as narrow:
        report = run_drill(narrow, plan=Plan(threads=16, units=UNITS))
    ledger = report.ledger
    assert ledger.findings == {}, ledger.examples
    assert report.succeeded
    assert report.left_out == {}
    assert ledger.units >= UNITS
    assert ledger.endings["committed"] > UNITS / 4
    assert {*STEPS, *AROUND} <= set(ledger.steps)


def test_a_client_tells_what_it_found_before_it_is_killed(settings: Settings, tmp_path: Path) -> None:
    found, ledger = tmp_path / "findings.json", Ledger()
    assert settings.migration_url is not None
    with two_connections(settings, "pool") as narrow, admin_engine(settings.migration_url).connect() as owner:
        owner.execute(text(f"set role {settings.role_prefix}app_owner"))
        tenants = make_tenants(owner, 20)
        make_ground(owner, Ground(), RoleNames(settings.role_prefix), tenants)
        owner.commit()
        place = place_of(narrow, None, {})
        work = Work(SessionScoped(place), tenants, ledger)
        client = start_client(work, f"drill.ways:{SessionScoped.__name__}", place, found)
        deadline = time.monotonic() + 60
        while not found.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        end_client(client)
        remove(owner)
    ledger.merge(json.loads(found.read_text()))
    assert ledger.leaks > 0
