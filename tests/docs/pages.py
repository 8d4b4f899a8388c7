"""What the tests of the docs share: the pages, their fences, headings and tables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    # what stands in a hidden folder is a tool's
    *(
        page
        for page in sorted(DOCS.rglob("*.md"))
        if not any(part.startswith(".") for part in page.relative_to(DOCS).parts)
    ),
]

# What stands before a block that is a test, or belongs into the `conftest.py` of these tests.
PYTEST = "<!-- pytest -->"
PYTEST_CONFTEST = "<!-- pytest: conftest.py -->"

_FENCE = re.compile(r"^(?P<mark>`{3,}|~{3,})(?P<info>.*)$")
_HEADING = re.compile(r"^#{1,6}\s+(?P<title>.+?)\s*$")


@dataclass(frozen=True)
class Fence:
    """A fenced block: what stands after its opening mark, the number of its first line, its text, the line before."""

    info: str
    line: int
    text: str
    before: str

    @property
    def is_test(self) -> bool:
        return self.before in {PYTEST, PYTEST_CONFTEST}


@dataclass(frozen=True)
class DocsPlace:
    """A database at head: what a process has in its environment to use it, and the superuser's URL."""

    environment: dict[str, str]
    superuser_url: URL


def page_id(page: Path) -> str:
    return str(page.relative_to(ROOT))


def fences(page: Path) -> list[Fence]:
    found: list[Fence] = []
    lines = page.read_text("utf-8").splitlines()
    at = 0
    while at < len(lines):
        opened = _FENCE.match(lines[at])
        if opened is None:
            at += 1
            continue
        end = next(n for n in range(at + 1, len(lines)) if lines[n].strip() == opened["mark"])
        before = lines[at - 1] if at else ""
        found.append(Fence(opened["info"].strip(), at + 2, "\n".join(lines[at + 1 : end]) + "\n", before))
        at = end + 1
    return found


def prose(page: Path) -> str:
    """Return the text of a page without fenced and indented blocks."""
    lines, inside = [], ""
    for line in page.read_text("utf-8").splitlines():
        opened = _FENCE.match(line)
        if inside:
            inside = "" if line.strip() == inside else inside
        elif opened is not None:
            inside = opened["mark"]
        elif not line.startswith("    "):
            lines.append(line)
    return "\n".join(lines)


def headings(page: Path) -> list[str]:
    return [found["title"] for line in prose(page).splitlines() if (found := _HEADING.match(line))]


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page as code hosts make them: small letters, hyphens for blanks, -1 for the second."""
    result: set[str] = set()
    for title in headings(page):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", title).replace("`", "").lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while (anchor := f"{slug}-{number}" if number else slug) in result:
            number += 1
        result.add(anchor)
    return result


def section(page: Path, title: str) -> str:
    """Return what stands under a heading, up to the next heading of any depth; empty where there is none."""
    lines = page.read_text("utf-8").splitlines()
    starts = [n for n, line in enumerate(lines) if (found := _HEADING.match(line)) and found["title"] == title]
    if not starts:
        return ""
    body = lines[starts[0] + 1 :]
    end = next((n for n, line in enumerate(body) if _HEADING.match(line)), len(body))
    return "\n".join(body[:end])


def tables(text: str) -> list[list[list[str]]]:
    """Return each table of a text as rows of cells, heads included."""
    result: list[list[list[str]]] = []
    last_was_row = False
    for line in text.splitlines():
        is_row = line.startswith("|")
        if is_row:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not last_was_row:
                result.append([])
            if not all(re.fullmatch(r":?-{3,}:?", cell) for cell in cells):
                result[-1].append(cells)
        last_was_row = is_row
    return result


def code_spans(text: str) -> set[str]:
    return set(re.findall(r"`([^`\n]+)`", text))
