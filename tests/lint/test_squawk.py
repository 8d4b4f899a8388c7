"""squawk, a linter of migrations that others wrote, reads every revision and has nothing to say but what we know.

It reads one revision at a time: what an earlier one has made is not new any more, and people use it. What it reads is
the SQL that `upgrade --sql` writes, which tests/migrations keeps.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lint.allowed import Finding, allowances, unexplained, unused
from support import ROOT

ALLOWED = allowances(ROOT / "tests" / "lint" / "squawk_allowed.toml")
REVISIONS = {path.stem: path.read_text() for path in sorted((ROOT / "tests" / "migrations" / "golden").glob("*.sql"))}

# Off by default. The first seven are about who sees which rows and what guards them.
OPT_IN = (
    "ban-alter-policy-condition",
    "ban-alter-policy-roles",
    "ban-alter-row-level-security",
    "ban-disable-trigger",
    "ban-drop-policy",
    "ban-drop-trigger",
    "ban-revoke",
    "ban-alter-database-options",
    "ban-alter-extension",
    "ban-alter-function-options",
    "ban-alter-role-options",
    "ban-alter-system-options",
    "ban-alter-view-options",
    "ban-drop-index",
    "ban-replace-view-function",
    "ban-replica-identity",
    "require-table-schema",
)

# Rules that are about something else than our revisions.
EXCLUDED = {
    "require-lock-timeout": "the connection of migrations sets it, for each statement as it needs",
    "require-statement-timeout": "the connection of migrations sets it, for each statement as it needs",
    "prefer-bigint-over-int": "keys are UUIDs; what is an integer counts steps, tries or periods, and has a check",
    "prefer-bigint-over-smallint": "keys are UUIDs; what is a smallint is a month, a number of digits or of a key",
}


def _squawk(revisions: dict[str, str], directory: Path) -> list[Finding]:
    for name, script in revisions.items():
        # the first revision of a service stands behind those of the core that it needs, in their transaction
        whole = script if "BEGIN;" in script.splitlines() else f"BEGIN;\n\n{script}"
        (directory / f"{name}.sql").write_text(whole)
    done = subprocess.run(
        [Path(sys.executable).with_name("squawk"), "--reporter=json", "--pg-version=15.0",
         f"--include={','.join(OPT_IN)}", f"--exclude={','.join(EXCLUDED)}",
         *(directory / f"{name}.sql" for name in revisions)],
        capture_output=True, text=True, cwd=directory, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 1), done.stderr  # 1 for any finding, 2 for an option or rule that it does not know
    return [_finding(entry) for entry in json.loads(done.stdout)]


def _finding(entry: dict[str, object]) -> Finding:
    """Name the statement by the line that the finding is at, counted from 0."""
    path = Path(str(entry["file"]))
    line = path.read_text().splitlines()[int(str(entry["line"]))].strip()
    return Finding(str(entry["rule_name"]), f"{path.stem}: {line}", str(entry["message"]))


def test_revisions_break_no_rule_but_what_is_explained(tmp_path: Path) -> None:
    findings = _squawk(REVISIONS, tmp_path)
    assert unexplained(findings, ALLOWED) == []
    assert unused(findings, ALLOWED) == []


def test_every_revision_is_read() -> None:
    files = sorted((ROOT / "alembic" / "versions").rglob("*_[0-9][0-9][0-9][0-9]_*.py"))
    assert set(REVISIONS) == {"_".join(path.stem.split("_")[:2]) for path in files}


@pytest.mark.parametrize("rule", sorted(EXCLUDED))
def test_an_excluded_rule_would_have_something_to_say(
    rule: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(EXCLUDED, rule)
    assert rule in {finding.rule for finding in _squawk(REVISIONS, tmp_path)}


@pytest.mark.parametrize(
    ("statement", "rule"),
    [
        ("alter table catalog.materials disable row level security;", "ban-alter-row-level-security"),
        ("alter table catalog.materials no force row level security;", "ban-disable-trigger"),
        ("drop policy tenant_rows on catalog.materials;", "ban-drop-policy"),
        ("alter policy tenant_rows on catalog.materials using (true);", "ban-alter-policy-condition"),
        ("alter policy tenant_rows on catalog.materials to public;", "ban-alter-policy-roles"),
        ("alter table billing.payments disable trigger all;", "ban-disable-trigger"),
        ("drop trigger keep_fixed on billing.payments;", "ban-drop-trigger"),
        ("revoke select on catalog.materials from app_rw;", "ban-revoke"),
        ("create index ix_materials_unit on catalog.materials (tenant_id, unit);", "require-concurrent-index-creation"),
        ("create table loose (id uuid);", "require-table-schema"),
        ("alter tabel catalog.materials;", "syntax-error"),
    ],
)
def test_a_dangerous_statement_is_seen(statement: str, rule: str, tmp_path: Path) -> None:
    findings = _squawk({"catalog_0002": f"BEGIN;\n\n{statement}\n\nCOMMIT;\n"}, tmp_path)
    assert rule in {finding.rule for finding in findings if unexplained([finding], ALLOWED)}
