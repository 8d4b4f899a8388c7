"""The drill finds the leak of each wrong design within a hundred units of work, and none of ours in the same steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from drill.places import two_connections
from drill.ways import WRONG, SessionScoped
from isolation.drill.designs import ForgottenBypass, RolePerTenant, RolesGround, SessionScopedSetting
from sqlalchemy import Engine

from app_db.isolation import DrillPlan, run_drill
from app_db.isolation.drill.ours import Ours
from app_db.isolation.drill.report import DrillReport
from app_db.settings import Settings

# What the leaks of these need; a drill with all faults is in tests/drill. As many connections as two threads can want,
# or they would wait for each other: these ways hold one from the first moment of a unit on.
PLAN = DrillPlan(threads=2, units=100, without=frozenset({"kill", "dispose", "exhaust", "end-mine", "end-another"}))
ENOUGH = {"pool_size": 4}


@pytest.fixture
def role_per_tenant(superuser: Engine) -> Iterator[type[RolePerTenant]]:
    ground = RolesGround(superuser)
    yield type("RolePerTenantHere", (RolePerTenant,), {"ground": ground})
    ground.drop_roles()


def leaks_of(report: DrillReport) -> dict[str, int]:
    assert report.shows_something, report.ledger
    return dict(report.ledger.findings)


def test_a_session_scoped_setting_leaks(settings: Settings) -> None:
    found = leaks_of(run_drill(settings, SessionScopedSetting, PLAN, figures=ENOUGH))
    assert found["foreign row read"] > 0


def test_a_role_per_tenant_leaks(settings: Settings, role_per_tenant: type[RolePerTenant]) -> None:
    found = leaks_of(run_drill(settings, role_per_tenant, PLAN, figures=ENOUGH))
    assert found["foreign row read"] > 0


def test_a_bypass_that_was_forgotten_leaks(settings: Settings) -> None:
    found = leaks_of(run_drill(settings, ForgottenBypass, PLAN, figures=ENOUGH))
    assert found["foreign row read"] > 0


def test_ours_does_not_in_the_same_steps(settings: Settings) -> None:
    assert leaks_of(run_drill(settings, Ours, PLAN, figures=ENOUGH)) == {}


@pytest.mark.parametrize("way", sorted(WRONG))
def test_ways_that_use_our_own_policies_wrongly_leak(settings: Settings, way: str) -> None:
    assert leaks_of(run_drill(settings, WRONG[way], PLAN, figures=ENOUGH))["foreign row read"] > 0


def test_a_session_scoped_setting_leaks_through_a_pooler_to_other_clients(settings: Settings) -> None:
    with two_connections(settings, "pgbouncer") as narrow:
        assert leaks_of(run_drill(narrow, SessionScoped, replace(PLAN, units=40)))["foreign row read"] > 0
