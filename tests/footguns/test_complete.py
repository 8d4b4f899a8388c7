"""Every footgun bites by itself and not in our hands.

The name of a test says which it is: `test_NN_naive_…` shows the bite, `test_NN_unguarded_…` shows it again with our
guard taken away, and any other `test_NN_…` is ours.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

NUMBERS = {
    *range(1, 7), *range(10, 14), 15, 18, 19, *range(24, 29), *range(39, 47), *range(49, 54), 65, *range(68, 71),
}  # fmt: skip


def halves() -> dict[str, set[int]]:
    """Return the numbers that the tests of this folder have, by the half that they show."""
    found: dict[str, set[int]] = defaultdict(set)
    for path in Path(__file__).parent.glob("test_*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            name = re.match(r"test_(\d\d)_(naive|unguarded|)", getattr(node, "name", None) or "")
            if name is not None:
                found[name[2] or "ours"].add(int(name[1]))
    return found


def test_every_footgun_is_seen_to_bite() -> None:
    assert halves()["naive"] == NUMBERS


def test_every_footgun_is_kept_from_biting() -> None:
    assert halves()["ours"] == NUMBERS


def test_whatever_is_kept_from_biting_bites_without_its_guard() -> None:
    assert halves()["unguarded"] == halves()["ours"]
