"""The examples of the docs run, and print what the page says."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest
from docs.pages import PAGES, ROOT, Fence, fences, page_id

RUNNER = Path(__file__).with_name("run_blocks.py")
RUN = [ROOT / "README.md", ROOT / "docs" / "tutorial.md"]
PRINTS = "<!-- prints -->"


def python_blocks(page: Path) -> list[tuple[Fence, str | None]]:
    """Return each Python block that is to run as it is, with what the page says it prints."""
    result: list[tuple[Fence, str | None]] = []
    for fence in fences(page):
        if fence.info == "python" and not fence.is_test:
            result.append((fence, None))
        elif fence.before == PRINTS:
            result[-1] = (result[-1][0], fence.text)
    return result


@pytest.mark.usefixtures("docs_environment")
@pytest.mark.parametrize("page", RUN, ids=page_id)
def test_examples_run_in_order_and_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    blocks = python_blocks(page)
    assert blocks, f"{page_id(page)} has no example"
    command = [sys.executable, "-W", "error", str(RUNNER), page_id(page)]
    given = json.dumps([[fence.line, fence.text] for fence, _ in blocks])
    said = subprocess.run(command, input=given, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=60)
    assert said.returncode == 0, said.stderr
    for (fence, promised), printed in zip(blocks, json.loads(said.stdout), strict=True):
        assert printed == (promised or ""), f"{page_id(page)}, line {fence.line}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_python_block_runs_or_says_why_not(page: Path) -> None:
    for fence in fences(page):
        if fence.info.startswith("python"):
            ast.parse(fence.text)
            assert fence.is_test or page in RUN or "not run: " in fence.info, f"{page_id(page)}, line {fence.line}"


@pytest.mark.parametrize("page", PAGES, ids=page_id)
def test_every_block_says_what_it_is(page: Path) -> None:
    for fence in fences(page):
        assert fence.info.split(" ")[0] in {"python", "sh", "text", "mermaid"}, f"{page_id(page)}, line {fence.line}"
