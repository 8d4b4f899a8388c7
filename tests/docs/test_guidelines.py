"""The page about revisions: each clause names a check, and each check that it names exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from docs.pages import DOCS, code_spans, tables
from migrations.rules import RULES

PAGE = DOCS / "howto" / "write-a-revision.md"
RULE_NAMES = {rule.name for rule in RULES}
_LINK = re.compile(r"\[[^\]]+\]\((?P<file>[^)]+)\)(?P<names>[^\[]*)")


def checks() -> list[str]:
    """Return the last cell of every row of every table."""
    return [row[-1] for table in tables(PAGE.read_text("utf-8")) for row in table[1:]]


def named(cell: str) -> Iterator[tuple[Path, str]]:
    for found in _LINK.finditer(cell):
        for name in code_spans(found["names"]):
            yield (PAGE.parent / found["file"]).resolve(), name


def functions(file: Path) -> set[str]:
    return {node.name for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("cell", [cell for cell in checks() if not cell.startswith("as above")])
def test_every_check_that_is_named_exists(cell: str) -> None:
    found = [*named(cell)]
    assert found, "no check is named"
    for file, name in found:
        assert name in (RULE_NAMES if file.name == "rules.py" else functions(file)), f"{name} is not in {file.name}"


def test_every_rule_is_explained() -> None:
    explained = {name for cell in checks() for file, name in named(cell) if file.name == "rules.py"}
    assert explained == RULE_NAMES


def test_a_check_that_is_none_is_found() -> None:
    cell = "[test_rules.py](../../tests/migrations/test_rules.py) `test_that_is_none`"
    with pytest.raises(AssertionError, match="test_that_is_none is not in"):
        test_every_check_that_is_named_exists(cell)
