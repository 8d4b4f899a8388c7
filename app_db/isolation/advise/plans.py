"""Reads a plan, as EXPLAIN (VERBOSE, FORMAT JSON) tells it: which tables are scanned, by which conditions.

PostgreSQL deparses conditions into SQL that can be asked again (manual, EXPLAIN): names of columns carry the alias of
their table, literals their type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Node = Mapping[str, Any]

_OF_SCANS = ("Index Cond", "Recheck Cond", "Filter")
_THROWN_AWAY = ("Rows Removed by Filter", "Rows Removed by Index Recheck")
_OF_JOINS = ("Join Filter", "Hash Cond", "Merge Cond")
# What takes all of its input before it gives a row, so that a LIMIT above it saves nothing below.
_BLOCKING = {"Sort", "Hash", "Aggregate", "Materialize", "WindowAgg", "SetOp", "Group"}
_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
_TOKEN = re.compile(rf"{_QUOTED}|[()]| AND ")
_REFERENCE = re.compile(r"'(?:[^']|'')*'|(?P<alias>\b[a-z_]\w*|\"(?:[^\"]|\"\")+\")\.(?:\"(?:[^\"]|\"\")+\"|\w+)")
_PARAMETER = re.compile(r"'(?:[^']|'')*'|\(InitPlan \d+\)\.col\d+|\$(?P<number>\d+)")


@dataclass(frozen=True, slots=True)
class Scan:
    """A scan of a table: by which conditions, and what it costs at most where a LIMIT ends it early."""

    schema: str
    table: str
    alias: str
    conditions: tuple[str, ...]
    cost: float
    limit_cost: float | None


def walk(node: Node, limit: float | None = None) -> Iterator[tuple[Node, float | None]]:
    """Yield each node below a plan's top, with the cost of the LIMIT that may end it early."""
    yield node, limit
    if node["Node Type"] == "Limit":
        limit = float(node["Total Cost"])
    elif node["Node Type"] in _BLOCKING:
        limit = None
    for below in node.get("Plans", ()):
        yield from walk(below, limit)


def scans(top: Node) -> list[Scan]:
    """Return the scans of tables in a plan, each with the conditions of joins that name it."""
    nodes = list(walk(top))
    joining = [part for node, _ in nodes for key in _OF_JOINS for part in conjuncts(node.get(key, ""))]
    return [
        Scan(
            node["Schema"], node["Relation Name"], node["Alias"], _conditions(node, joining),
            float(node["Total Cost"]), limit,
        )
        for node, limit in nodes if node["Node Type"].endswith("Scan") and "Relation Name" in node
    ]  # fmt: skip


def _conditions(node: Node, joining: list[str]) -> tuple[str, ...]:
    own = [part for key in _OF_SCANS for part in conjuncts(node.get(key, ""))]
    joined = [part for part in joining if node["Alias"] in aliases(part)]
    return tuple(dict.fromkeys([*own, *joined]))


def index_conditions(top: Node) -> list[tuple[str, str]]:
    """Return what indexes are read by in a plan, as pairs of index and condition."""
    return [
        (str(node["Index Name"]), part)
        for node, _ in walk(top) if "Index Name" in node for part in conjuncts(node.get("Index Cond", ""))
    ]  # fmt: skip


def rows_read(top: Node) -> float:
    """Return how many rows of tables an executed plan has read, those that it threw away included."""
    reading = [node for node, _ in walk(top) if "Relation Name" in node]
    kinds = ("Actual Rows", *_THROWN_AWAY)
    return sum(float(node["Actual Loops"]) * sum(float(node.get(kind, 0)) for kind in kinds) for node in reading)


def conjuncts(condition: str) -> list[str]:
    """Return the parts of a condition that AND joins: `((a = 1) AND (b = 2))` has two."""
    if not condition:
        return []
    text = unwrapped(condition)
    depth, start, parts = 0, 0, []
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if token[0] == " AND " and depth == 0:
            parts.append(text[start : token.start()])
            start = token.end()
    return [*parts, text[start:]] if parts else [condition]


def unwrapped(expression: str) -> str:
    """Return an expression without a pair of parentheses around all of it."""
    return expression[1:-1] if _is_enclosed(expression) else expression


def _is_enclosed(text: str) -> bool:
    """Tell whether the first parenthesis ends with the text."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0] == ")":
            return text.startswith("(") and token.end() == len(text)
    return False


def aliases(condition: str) -> set[str]:
    """Return what stands before a dot in a condition, outside of quotes: aliases, and schemas too."""
    return {_bare(found["alias"]) for found in _REFERENCE.finditer(condition) if found["alias"]}


def _bare(name: str | None) -> str:
    """Return a name without quotes."""
    return name[1:-1].replace('""', '"') if name and name.startswith('"') else name or ""


def alone(scan: Scan, known: set[str], given: int) -> list[str]:
    """Return the scan's conditions as they can be asked of its table alone.

    What comes from elsewhere (a column of another table of `known`, the value of a sub-select) becomes a parameter
    after the `given` ones of the statement; conditions that hold a whole sub-plan are left out.
    """
    number = given

    def parameter(part: re.Match[str]) -> str:
        nonlocal number
        own = part.groupdict()
        is_kept = part[0].startswith("'") or (own.get("number") and int(own["number"]) <= given and own["number"] > "0")
        alias = _bare(own.get("alias"))
        if is_kept or ("alias" in own and (alias == scan.alias or alias not in known)):
            return part[0]
        number += 1
        return f"${number}"

    asked = (condition for condition in scan.conditions if "SubPlan" not in condition)
    return [_REFERENCE.sub(parameter, _PARAMETER.sub(parameter, condition)) for condition in asked]
