"""What no statement plants: the server's version, the host, a connection that somebody has bound before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from isolation.check.conftest import Place
from sqlalchemy import text

from app_db.isolation.check.bounds import Bounds
from app_db.isolation.check.facts import Facts, Pooler, read_facts
from app_db.isolation.check.rule import findings_of
from app_db.isolation.check.rules import RULES
from app_db.isolation.check.subject import Subject

ALL = ["CVE-2023-2455", "CVE-2023-39418", "CVE-2024-10976", "CVE-2025-8713", "CVE-2026-14666", "CVE-2026-120154"]
PROXY = "shop.proxy-abc.eu-central-1.rds.amazonaws.com"


def facts_of(place: Place) -> Facts:
    return read_facts(place.connection, place.bounds.schemas, place.bounds.context_settings)


def told(facts: Facts, bounds: Bounds) -> list[tuple[str, str]]:
    return [(finding.rule, finding.thing) for finding in findings_of(RULES, Subject(facts, bounds))]


@pytest.mark.parametrize(
    ("version", "faults"),
    [
        (150002, ALL),
        (150003, ALL[1:]),
        (150008, ALL[2:]),
        (150013, ALL[3:]),
        (150014, ALL[4:]),
        (150019, ALL[5:]),
        (150020, []),
        (160004, ALL[2:]),
        (160010, ALL[4:]),
        (160016, []),
        (170000, ALL[2:]),
        (170005, ALL[3:]),
        (170006, ALL[4:]),
        (170012, []),
        (180000, ALL[4:]),
        (180006, ALL[5:]),
        (180007, []),
        (190000, []),
    ],
)
@pytest.mark.usefixtures("known_faults")
def test_a_server_with_a_known_fault_is_told(version: int, faults: list[str], place: Place) -> None:
    facts = replace(facts_of(place), version=version)
    found = findings_of(RULES, Subject(facts, place.bounds))
    assert [finding.rule for finding in found] == ["ISO601"] * len(faults)
    assert [fault for fault in faults if any(fault in finding.message for finding in found)] == faults
    assert findings_of(RULES, Subject(facts, replace(place.bounds, is_embedded=True))) == []


def test_a_connection_that_is_bound_already_is_told_until_it_is_reset(place: Place) -> None:
    tenant = "00000000-0000-0000-0000-000000000001"
    place.connection.execute(text("select set_config('app.current_tenant_id', :tenant, false)"), {"tenant": tenant})
    (finding,) = findings_of(RULES, Subject(facts_of(place), place.bounds))
    assert (finding.rule, finding.thing) == ("ISO605", "app.current_tenant_id")
    place.execute(finding.remedy)
    assert told(facts_of(place), place.bounds) == []


@pytest.mark.parametrize(
    ("pooler", "is_told_to_us", "expected"),
    [
        (Pooler(None, PROXY), False, [("ISO608", PROXY)]),
        (Pooler(None, PROXY), None, [("ISO608", PROXY)]),
        (Pooler(None, PROXY), True, []),
        (Pooler(None, "db.rds.amazonaws.com"), False, []),
        (Pooler("session", "db"), True, [("ISO606", "db")]),
        (Pooler("transaction", "db"), False, [("ISO607", "db")]),
        (Pooler("transaction", "db"), True, []),
        (Pooler("transaction", "db"), None, []),
        (Pooler(), False, []),
    ],
)
def test_a_pooler_is_told_unless_the_settings_know_of_it(
    pooler: Pooler, is_told_to_us: bool | None, expected: list[tuple[str, str]], place: Place
) -> None:
    facts = replace(facts_of(place), pooler=pooler)
    assert told(facts, replace(place.bounds, transaction_pooler=is_told_to_us)) == expected
