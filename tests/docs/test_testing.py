"""The pages about testing: the reference is complete, the sequence is the code's, and the tests on the pages pass."""

from __future__ import annotations

import re
import textwrap
from importlib import import_module
from pathlib import Path

import pytest
from docs.pages import DOCS, PAGES, PYTEST, PYTEST_CONFTEST, ROOT, code_spans, fences, page_id, section, tables
from runs.project import Project
from support import server_root

from app_db import testing
from app_db.testing import plugin, sandbox

REFERENCE = DOCS / "reference" / "testing.md"
HONEST = DOCS / "explanation" / "honest-tests.md"
WITH_TESTS = [ROOT / "README.md", DOCS / "howto" / "test-your-application.md"]


def first_cells(title: str) -> set[str]:
    """Return what the first column of the tables under a heading names."""
    rows = [row for table in tables(section(REFERENCE, title)) for row in table[1:]]
    return {re.split(r"[(\s]", span)[0] for row in rows for span in code_spans(row[0])}


class Declared:
    """Stands for pytest where the plugin declares its options, settings and markers."""

    def __init__(self) -> None:
        self.options: set[str] = set()
        self.settings: set[str] = set()
        self.markers: set[str] = set()
        self.stash: dict[object, object] = {}
        self.pluginmanager = self
        plugin.pytest_addoption(self)  # type: ignore[arg-type]
        plugin.pytest_configure(self)  # type: ignore[arg-type]

    def getgroup(self, name: str) -> Declared:
        return self

    def addoption(self, *names: str, **how: object) -> None:
        self.options |= set(names)

    def addini(self, name: str, *what: object, **how: object) -> None:
        self.settings.add(name)

    def addinivalue_line(self, name: str, line: str) -> None:
        assert name == "markers"
        self.markers.add(line.partition(":")[0])

    def register(self, *what: object) -> None:
        pass


def test_every_fixture_is_documented_with_its_scope() -> None:
    public = {name for name in plugin.__all__ if not name.startswith("_")}
    rows = tables(section(REFERENCE, "Fixtures"))[0][1:]
    documented = {row[0].strip("`"): row[1] for row in rows}
    assert documented == {name: getattr(plugin, name)._fixture_function_marker.scope for name in public}


def test_every_option_setting_and_marker_is_documented() -> None:
    declared = Declared()
    assert declared.options == first_cells("Options")
    assert declared.settings == first_cells("Settings in pytest's configuration")
    assert {f"@pytest.mark.{marker}" for marker in declared.markers} <= code_spans(section(REFERENCE, "Marker"))


def test_every_mode_is_documented() -> None:
    modes = import_module("app_db.testing.modes").Mode
    assert {f'"{mode.value}"' for mode in modes} == first_cells("Marker")


def test_every_hook_is_documented() -> None:
    hooks = {name for name in vars(plugin.Hooks) if name.startswith("pytest_")}
    assert hooks == first_cells("Hook")


def test_every_public_name_is_documented() -> None:
    assert set(testing.__all__) == first_cells("app_db.testing")


@pytest.mark.parametrize("kind", ["RowMaker", "QueryRecorder"])
def test_every_method_is_documented(kind: str) -> None:
    public = {name for name in vars(getattr(testing, kind)) if not name.startswith("_")} - {"note"}
    documented = {
        re.split(r"[(\s]", span)[0].removeprefix("make_row.") for span in code_spans(section(REFERENCE, kind))
    }
    assert public <= documented


def test_every_environment_variable_is_documented() -> None:
    names = {name for file in sources() for name in re.findall(r"\bAPP_DB_[A-Z_]*[A-Z]\b", file.read_text("utf-8"))}
    assert names
    assert names <= code_spans(REFERENCE.read_text("utf-8"))


def test_every_kind_of_database_is_documented() -> None:
    prefixes = {import_module(f"app_db.testing.{home}").__dict__[name] for home, name in
                (("template", "PREFIX"), ("clones", "RUN"), ("clones", "KEPT"))}  # fmt: skip
    named = first_cells("What it makes on a server")
    assert all(any(name.startswith(prefix) for name in named) for prefix in prefixes)


def test_the_sequence_is_that_of_the_code() -> None:
    blocks = re.findall(r"(?:^ {4}.*\n)+", f"{sandbox.__doc__}\n", re.MULTILINE)
    (said,) = (fence.text for fence in fences(HONEST) if "app_db_sandbox" in fence.text)
    assert [textwrap.dedent(block) for block in blocks] == [said]


def sources() -> list[Path]:
    return sorted(Path(str(testing.__file__)).parent.glob("*.py"))


def test_the_tests_on_the_pages_pass(tmp_path: Path) -> None:
    with server_root() as servers:
        project = Project(tmp_path / "shop", servers)
        for file in (project.folder / "tests").glob("test_*.py"):
            file.unlink()
        count = 0
        for page in WITH_TESTS:
            for fence in fences(page):
                if fence.before == PYTEST_CONFTEST:
                    project.append("tests/conftest.py", f"\n\n{fence.text}")
                elif fence.before == PYTEST:
                    project.write(f"tests/test_{page.stem.replace('-', '_').lower()}_{fence.line}.py", fence.text)
                    count += len(re.findall(r"^def test_", fence.text, re.MULTILINE))
        assert count >= len(WITH_TESTS)
        outcome = project.run("-ra")
        assert (outcome.code, outcome.count("failed")) == (0, 0), outcome.said
        assert outcome.count("passed") >= count


def test_tests_stand_on_pages_that_are_run() -> None:
    marked = {page for page in PAGES for fence in fences(page) if fence.is_test}
    assert {page_id(page) for page in marked} == {page_id(page) for page in WITH_TESTS}
