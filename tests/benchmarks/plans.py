"""The plan of a statement exactly as a session sends it, whatever the dialect writes into it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Executable, event
from sqlalchemy.orm import Session


def explain(session: Session, statement: Executable) -> dict[str, Any]:
    """Execute the statement, then have the server explain what was sent; returns the top node."""
    connection = session.connection()
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, sql: str, values: Any, _context: Any, _many: bool) -> None:
        sent.append((sql, values))

    event.listen(connection, "before_cursor_execute", note)
    try:
        session.execute(statement).all()
    finally:
        event.remove(connection, "before_cursor_execute", note)
    ((sql, values),) = sent
    found = connection.exec_driver_sql(f"explain (format json) {sql}", values).scalar_one()
    top: dict[str, Any] = found[0]["Plan"]
    return top


def nodes(top: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every node of a plan."""
    yield top
    for below in top.get("Plans", ()):
        yield from nodes(below)


def in_short(top: Mapping[str, Any], depth: int = 0) -> Iterator[str]:
    """Yield a line for each node: what it is, what it reads, by which conditions."""
    words = [top["Node Type"], top.get("Relation Name", ""), top.get("Index Name", "")]
    conditions = [f"{key}: {top[key]}" for key in ("Index Cond", "One-Time Filter", "Filter") if key in top]
    yield "  " * depth + " ".join(word for word in [*words, *conditions] if word)
    for below in top.get("Plans", ()):
        yield from in_short(below, depth + 1)
