"""Links between pages lead to a file, and to a heading, that exists; so do names of files of the tests."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from docs.pages import DOCS, PAGES, ROOT, anchors, code_spans, page_id, prose

_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")


def links(page: Path) -> list[str]:
    text = re.sub(r"`[^`\n]*`", "code", prose(page))  # an expression in code may look like a link
    targets = [found["target"] for found in _LINK.finditer(text)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_links_lead_somewhere(page: Path) -> None:
    for target in links(page):
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        assert file.is_file(), f"{target}: there is no such file"
        if anchor:
            assert anchor in anchors(file), f"{target}: there is no such heading; there are {sorted(anchors(file))}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_files_and_folders_that_are_named_exist(page: Path) -> None:
    for name in code_spans(prose(page)):
        if re.fullmatch(r"(tests|app_db|alembic|docs)/[\w/.]+", name):
            assert (ROOT / name).exists(), name


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page not in reached:
            reached.add(page)
            targets = [(page.parent / link.partition("#")[0]).resolve() for link in links(page)]
            waiting += [target for target in targets if target.suffix == ".md"]
    fragments = set((DOCS / "changelog.d").glob("*.md"))
    assert set(PAGES) - reached - fragments == set()


def test_lines_are_wrapped() -> None:
    """Tables and links can't be; everything else is."""
    for page in PAGES:
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
            assert len(line) <= 120 or line.startswith("|"), f"{page_id(page)}, line {number}"


def test_a_decision_has_the_three_headings() -> None:
    pages = sorted((DOCS / "decisions").glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    for page in pages:
        assert {"context", "decision", "consequences"} <= anchors(page), page_id(page)
