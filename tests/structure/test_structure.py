"""The house is easy to see: sizes, places, and what importing costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT

PACKAGE = sorted((ROOT / "app_db").rglob("*.py"))
MODULE_LINES, FUNCTION_LINES = 400, 50


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_and_its_functions_keep_to_their_size(path: Path) -> None:
    text = path.read_text()
    assert len(text.splitlines()) <= MODULE_LINES
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
    ]
    long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > FUNCTION_LINES]
    assert long == []


@pytest.mark.parametrize("path", PACKAGE, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_says_what_it_is_for(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text()))


def test_modules_are_mostly_short() -> None:
    lengths = sorted(len(path.read_text().splitlines()) for path in PACKAGE)
    assert lengths[len(lengths) // 2] <= 150


def test_the_folder_alembic_is_no_package() -> None:
    """With an __init__.py it would hide the real Alembic from everyone who works in the checkout."""
    assert not (ROOT / "alembic" / "__init__.py").exists()
    done = subprocess.run([sys.executable, "-c", "import alembic; print(alembic.__file__)"], cwd=ROOT,
                          capture_output=True, text=True, check=True)  # fmt: skip
    assert "site-packages" in done.stdout


def test_the_top_level_holds_what_the_design_names() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    top = {line.split("/")[0] for line in tracked.splitlines()}
    allowed = {
        "pyproject.toml",
        "app_db",
        "alembic",
        "alembic.ini",
        "tests",
        "docs",
        "README.md",
        "LICENSE",
        "Makefile",
    }
    assert {name for name in top if not name.startswith(".")} <= allowed


@pytest.mark.parametrize(
    ("statement", "unloaded"),
    [
        ("import app_db", {"sqlalchemy", "alembic", "pytest", "click", "pydantic"}),
        ("import app_db.session", {"alembic", "pytest", "click"}),
        ("import app_db.models", {"alembic", "pytest", "click", "psycopg2"}),
    ],
)
def test_an_import_loads_no_more_than_it_needs(statement: str, unloaded: set[str]) -> None:
    code = f"{statement}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert unloaded & set(done.stdout.split()) == set()


def test_every_public_name_is_where_the_package_says() -> None:
    import app_db

    for name in app_db.__all__:
        assert getattr(app_db, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = app_db.nonsense
