"""The pages about the rules are what the rules say, one for each, and `make schema` writes them."""

from __future__ import annotations

import pytest
from support import ROOT

from app_db.isolation.check.pages import explained, page, page_names
from app_db.isolation.check.rule import PAGES, Rule
from app_db.isolation.check.rules import RULES


def test_the_pages_are_what_the_rules_say() -> None:
    kept = {file.name: file.read_text("utf-8") for file in (ROOT / PAGES).iterdir()}
    assert kept == {name: page(name) for name in page_names()}, "run `make schema`"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_what_it_means_how_it_bites_and_what_to_type(rule: Rule) -> None:
    texts = (rule.means, rule.bites, rule.remedy, rule.false_alarm)
    assert all(told.endswith(".") and len(told.split()) > 1 for told in texts), rule.id
    assert rule.page == f"{PAGES}/{rule.id}.md"
    assert all(told.split()[0] in explained(rule) for told in texts)
