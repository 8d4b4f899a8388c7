"""An allow-list allows what it names and nothing else, and is as short as it can be."""

from __future__ import annotations

from pathlib import Path

import pytest
from lint.allowed import Allowance, Finding, allowances, of_schemas, unexplained, unused

LISTS = sorted(Path(__file__).parent.glob("*_allowed.toml"))
TRUE_FOR_OWNER = Allowance("SEC008", "*.all_rows", "only app_all sees all rows")


def test_what_nothing_allows_is_left() -> None:
    findings = [Finding("SEC008", "shop.items.all_rows"), Finding("SEC008", "shop.items.tenant_rows", "admits all")]
    assert unexplained(findings, [TRUE_FOR_OWNER]) == ["SEC008 shop.items.tenant_rows admits all"]


def test_an_object_is_allowed_under_its_rule_only() -> None:
    assert unexplained([Finding("SEC001", "shop.items.all_rows")], [TRUE_FOR_OWNER]) == ["SEC001 shop.items.all_rows"]


def test_brackets_of_a_signature_stand_for_themselves() -> None:
    allowed = Allowance("security", "shop.sum(integer[]) *", "sums are checked elsewhere")
    assert allowed.allows(Finding("security", "shop.sum(integer[]) execute"))
    assert not allowed.allows(Finding("security", "shop.sum(integer) execute"))


def test_a_pair_of_braces_stands_for_one_word() -> None:
    allowed = Allowance("ban", "alter table {} force row level security;", "it closes the table")
    assert allowed.allows(Finding("ban", "alter table shop.items force row level security;"))
    assert not allowed.allows(Finding("ban", "alter table shop.items no force row level security;"))


def test_what_is_allowed_and_not_found_is_told() -> None:
    assert unused([], [TRUE_FOR_OWNER]) == ["SEC008 *.all_rows: only app_all sees all rows"]


def test_nothing_is_allowed_without_a_reason_or_under_every_rule() -> None:
    with pytest.raises(AssertionError, match="say why"):
        Allowance("SEC008", "*.all_rows", "intended")
    with pytest.raises(AssertionError, match="names its rule"):
        Allowance("*", "*.all_rows", "only app_all sees all rows")


@pytest.mark.parametrize("path", LISTS, ids=lambda path: path.stem)
def test_no_list_allows_the_same_twice(path: Path) -> None:
    listed = [(entry.rule, entry.thing) for entry in allowances(path)]
    assert len(listed) == len(set(listed))


def test_what_is_said_of_a_schema_that_is_not_there_is_left_out_and_nothing_else() -> None:
    said = [
        Allowance("SEC014", thing, "for a reason that is good") for thing in ("learning.f", "catalog.f", "*.all_rows")
    ]
    assert of_schemas(said, ["catalog", "learning"]) == said
    assert of_schemas(said, ["catalog"]) == said[1:]
