"""What the server does for the application's own calls: auto_explain tells the plan of each statement, inside of
functions too, and our sessions hand its notices on."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, text

_SETTINGS = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_nested_statements": "on",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_format": "json",
    "client_min_messages": "log",
}
_LOGINS = ("app_login", "app_tenant_admin_login", "app_auth_login")
_NOTICE = re.compile(r"plan:\s*(\{.*\})\s*$", re.DOTALL)


def tell_plans(superuser: Connection, database: str, role_prefix: str) -> None:
    """Have the server tell the plans of the logins' statements in that database, from their next connection on."""
    for login in _LOGINS:
        for name, value in _SETTINGS.items():
            superuser.execute(text(f"alter role {role_prefix}{login} in database {database} set {name} = '{value}'"))


def stop_telling(superuser: Connection, database: str, role_prefix: str) -> None:
    """Take that back."""
    for login in _LOGINS:
        for name in _SETTINGS:
            superuser.execute(text(f"alter role {role_prefix}{login} in database {database} reset {name}"))


@dataclass
class Plans:
    """The plans of what was executed, as nodes; those of an index scan say which condition the index was read by."""

    parents: Mapping[str, str] = field(default_factory=dict)  # of indexes of partitions
    nodes: list[Mapping[str, Any]] = field(default_factory=list)

    def add(self, notice: str) -> None:
        """Take a notice of the server's, if it is a plan."""
        if found := _NOTICE.search(notice):
            self.nodes += _flat(json.loads(found[1])["Plan"])

    def conditions(self, index: str) -> list[str]:
        """Return by which conditions an index, or that of a partition, was read; and by which order, if by that."""
        return [
            f"{node.get('Index Cond', '')} {node.get('Order By', '')}" for node in self.nodes
            if "Index Name" in node and node["Actual Loops"] > 0
            and self.parents.get(str(node["Index Name"]), node["Index Name"]) == index
        ]  # fmt: skip

    def relations(self, prefix: str = "") -> set[str]:
        """Return the tables that were read at all, of those whose names begin so."""
        return {
            str(node["Relation Name"]) for node in self.nodes
            if str(node.get("Relation Name", "")).startswith(prefix) and node.get("Actual Loops", 0) > 0
        } - {""}  # fmt: skip

    def scanned(self) -> set[str]:
        """Return the tables that were read from one end to the other."""
        return {str(node["Relation Name"]) for node in self.nodes
                if node["Node Type"] == "Seq Scan" and node["Actual Loops"] > 0}  # fmt: skip

    def most_rows(self, relation: str) -> float:
        """Return the most rows that one node has read of a table, those that it threw away included."""
        return max((
            node["Actual Loops"] * (node["Actual Rows"] + sum(node.get(key, 0) for key in _REMOVED))
            for node in self.nodes if node.get("Relation Name") == relation
        ), default=0)  # fmt: skip

    def in_short(self) -> str:
        """Return a line for each node."""
        keys = ("Node Type", "Relation Name", "Index Name", "Index Cond", "Filter", "Actual Rows", "Actual Loops")
        return "\n".join(", ".join(str(node[key]) for key in keys if key in node) for node in self.nodes)


_REMOVED = ("Rows Removed by Filter", "Rows Removed by Index Recheck")


def _flat(top: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield top
    for below in top.get("Plans", ()):
        yield from _flat(below)


@contextmanager
def told(parents: Mapping[str, str]) -> Iterator[Plans]:
    """Collect the plans of what is executed within the block."""
    plans = Plans(parents)
    logger = logging.getLogger("sqlalchemy.dialects.postgresql")

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            plans.add(record.getMessage())

    handler, level = Handler(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield plans
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
