"""Tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a table, or none where it has no row."""
    lines = [_line(row) for row in rows]
    return [_line(heading), _line(["---"] * len(heading)), *lines, ""] if lines else []


def code(text: str) -> str:
    """Return `text` as code, which a line of a table can hold."""
    return f"`{' '.join(text.split())}`".replace("|", "\\|")


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
