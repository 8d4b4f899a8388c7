"""The revisions themselves: numbered, explained, self-contained, and never changed after they landed."""

from __future__ import annotations

import ast
import hashlib
import io
import re
from contextlib import redirect_stdout
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from support import ROOT

from app_db.migrations import alembic_config
from app_db.schema import SERVICES
from app_db.settings import load_settings

VERSIONS = ROOT / "alembic" / "versions"
FILES = sorted(VERSIONS.rglob("*.py"))
GOLDEN = Path(__file__).parent / "golden"
FROZEN = {
    "v1": "5146d4c792bf9085d8f8f08d9313a94c452be57d9a701390087d97c11d91817b",
    "v2": "f8e03417a1909804df79239e314dbc3ab9b30627f89abf786a84a1a7bd072bbf",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_revision_explains_itself(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text())) or ""
    headings = re.findall(r"^(Why:|Locks:|Safe with the previous release\?|Undo:)", text, re.MULTILINE)
    assert headings == ["Why:", "Locks:", "Safe with the previous release?", "Undo:"]
    assert "…" not in text


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_revision_imports_nothing_that_may_change(path: Path) -> None:
    imported = {
        name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for name in ([node.module or ""] if isinstance(node, ast.ImportFrom) else [item.name for item in node.names])
    }
    assert imported <= {"alembic", "sqlalchemy", "app_db.migrations.ddl"}


@pytest.mark.parametrize("chain", sorted({path.parent.name for path in FILES}))
def test_a_chain_is_numbered_without_gap_or_double(chain: str) -> None:
    numbers = [int(path.stem.split("_")[1]) for path in FILES if path.parent.name == chain]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(path.stem.startswith(f"{chain}_") for path in FILES if path.parent.name == chain)


def test_the_code_asks_for_the_newest_revision_of_each_chain() -> None:
    script = ScriptDirectory.from_config(alembic_config(load_settings()))
    assert set(script.get_heads()) == {service.revision for service in SERVICES.values()}
    for service in SERVICES.values():
        found = {
            revision.revision: revision.dependencies
            for revision in script.walk_revisions("base", service.revision)
            if revision.dependencies and revision.revision.startswith(f"{service.name}_")
        }
        assert found == dict(service.core_revisions)


def test_the_command_line_and_the_library_know_the_same_chains() -> None:
    listed = re.findall(r"alembic/versions/(\w+)", (ROOT / "alembic.ini").read_text())
    assert sorted(listed) == sorted(path.name for path in VERSIONS.iterdir() if path.is_dir() and path.name[0] != "_")


def _script_of(revision: str, before: str | None) -> str:
    output = io.StringIO()
    with redirect_stdout(output):
        config = alembic_config(load_settings(environment="test"))
        config.output_buffer = output
        command.upgrade(config, f"{before}:{revision}" if before else revision, sql=True)
    return output.getvalue()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_sql_of_a_revision_never_changes(path: Path) -> None:
    chain, number = path.parent.name, int(path.stem.split("_")[1])
    name = f"{chain}_{number:04d}"
    before = f"{chain}_{number - 1:04d}" if number > 1 else None
    script = _script_of(name, before)
    if chain != "core" and "-> core_" in script:  # what it needs of the core comes first
        script = script[script.index(f"-- Running upgrade {before or ''} -> {name}") :]
    _compare(name, script)


def _compare(name: str, script: str) -> None:
    """Compare with the landed text; the first run of a new revision writes it, and fails to say so."""
    golden = GOLDEN / f"{name}.sql"
    if not golden.exists():
        golden.parent.mkdir(exist_ok=True)
        golden.write_text(script)
        pytest.fail(f"{golden.name} is new: read it and commit it")
    assert script == golden.read_text()


@pytest.mark.parametrize("version", sorted(FROZEN))
def test_the_helpers_of_a_version_never_change(version: str) -> None:
    source = ROOT / "app_db" / "migrations" / "ddl" / f"{version}.py"
    assert hashlib.sha256(source.read_bytes()).hexdigest() == FROZEN[version]


def test_statements_of_a_revision_are_lower_case_and_name_their_schema() -> None:
    for golden in GOLDEN.glob("*.sql"):
        for line in golden.read_text().splitlines():
            if not line.startswith(
                ("--", "INSERT INTO app", "UPDATE app", "DELETE FROM app", "BEGIN", "COMMIT", "CREATE TABLE app", " ")
            ):
                assert not re.match(r"\s*[A-Z]{3,}\s", line), f"{golden.name}: {line}"
            assert not re.match(r"\s*create (table|index|function|policy) \w+ ?(\(|$)", line), f"{golden.name}: {line}"
