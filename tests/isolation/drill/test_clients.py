"""Clients that are killed in the middle of their work are not lost with what they have seen."""

from __future__ import annotations

import json
import time
from pathlib import Path

from drill.ways import SessionScoped
from sqlalchemy import text

from app_db.engine import admin_engine
from app_db.isolation import DrillGround, Ledger
from app_db.isolation.drill.faults import end_client, start_client
from app_db.isolation.drill.ground import make_ground, make_tenants, remove
from app_db.isolation.drill.preflight import place_of
from app_db.isolation.drill.work import Work
from app_db.schema import RoleNames
from app_db.settings import Settings


def test_a_client_tells_what_it_found_before_it_is_killed(settings: Settings, tmp_path: Path) -> None:
    found, ledger = tmp_path / "findings.json", Ledger()
    assert settings.migration_url is not None
    with admin_engine(settings.migration_url).connect() as owner:
        owner.execute(text(f"set role {settings.role_prefix}app_owner"))
        tenants = make_tenants(owner, 20)
        make_ground(owner, DrillGround(), RoleNames(settings.role_prefix), tenants)
        owner.commit()
        place = place_of(settings, None, {})
        work = Work(SessionScoped(place), tenants, ledger)
        client = start_client(work, f"drill.ways:{SessionScoped.__name__}", place, found)
        deadline = time.monotonic() + 60
        while not found.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        end_client(client)
        remove(owner)
    ledger.merge(json.loads(found.read_text()))
    assert ledger.leaks > 0
