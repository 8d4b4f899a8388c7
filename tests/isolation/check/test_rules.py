"""Each rule finds the database that breaks it, says what to type, and is silent when that was typed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from isolation.check.conftest import Place

from app_db.isolation.check.checking import check_isolation
from app_db.isolation.check.rule import Finding, Rule
from app_db.isolation.check.rules import BY_ID, RULES

PLANTED = [rule for rule in RULES if rule.example is not None]
# what no SQL plants has a test of its own, in test_surroundings.py and test_pooler.py
ELSEWHERE = {"ISO601", "ISO605", "ISO606", "ISO607", "ISO608"}
# what narrows rows down is never taken away by SQL that is printed
IN_WORDS = {"ISO308", "ISO309"}
SQL = {"alter", "create", "drop", "revoke", "grant"}


def found(place: Place, rule: Rule | None = None) -> list[Finding]:
    """Return the findings in the schema of the examples, and in the one that the rule's example is about."""
    schemas = ["example"]
    if rule is not None and rule.example is not None and "." in rule.example.thing:
        schemas.append(rule.example.thing.split(".")[0])
    if rule is BY_ID["ISO602"]:  # the schema that its example makes
        schemas.append(place.named("app_login"))
    bounds = replace(place.bounds, schemas=tuple(dict.fromkeys(schemas)))
    return list(check_isolation(place.connection, bounds).findings)


def test_the_table_of_the_examples_is_as_it_should_be(place: Place) -> None:
    assert found(place) == []


@pytest.mark.parametrize("rule", PLANTED, ids=lambda rule: rule.id)
def test_a_rule_finds_what_breaks_it_and_says_what_mends_it(rule: Rule, place: Place) -> None:
    assert rule.example is not None
    place.run(*rule.example.statements)
    told = found(place, rule)
    assert {(finding.rule, finding.thing) for finding in told} == {(rule.id, place.named(rule.example.thing))}
    if rule.id in IN_WORDS:
        assert all(finding.remedy.split()[0] not in SQL for finding in told)
        return
    for finding in told:
        place.execute(finding.remedy)
    assert found(place, rule) == []


def test_every_rule_has_a_test_that_breaks_it() -> None:
    assert {rule.id for rule in RULES} - {rule.id for rule in PLANTED} == ELSEWHERE
    assert all(rule.without_example for rule in RULES if rule.id in ELSEWHERE)


def test_ids_and_slugs_are_of_one_rule_each() -> None:
    assert len(BY_ID) == len(RULES) == len({rule.slug for rule in RULES})
    assert [rule.id for rule in RULES] == sorted(BY_ID)
