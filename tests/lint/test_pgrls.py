"""pgrls, a linter of row-level security that others wrote, has nothing to say but what we know."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from lint.allowed import Finding, allowances, of_schemas, unexplained, unused
from sqlalchemy import URL

from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.schema import RoleNames
from app_db.settings import Settings

ALLOWED = allowances(Path(__file__).with_name("pgrls_allowed.toml"))

# The roles of an application's logins, which pgrls takes for as little trusted as PUBLIC.
OF_APPLICATIONS = (
    "app_tenant",
    "app_tenant_admin",
    "app_rw",
    "app_ro",
    "auth_service",
    "payments_service",
    "admin_service",
    "profile_service",
    "catalog_service",
    "learning_service",
    "app_auth",
)

Lint = Callable[[], list[Finding]]


@pytest.fixture
def lint(owner_url: URL, schemas: list[str], names: RoleNames, tmp_path: Path) -> Lint:
    """All rules of pgrls, told which roles of ours are which."""
    config = tmp_path / "pgrls.toml"
    config.write_text(_config(schemas, names))
    url = owner_url.set(drivername="postgresql").render_as_string(hide_password=False)

    def run() -> list[Finding]:
        done = subprocess.run(
            [sys.executable, "-m", "pgrls", "lint", "--config", config, "--format", "json", "--fail-on", "info"],
            env={"DATABASE_URL": url}, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode in (0, 1), done.stderr
        told = json.loads(done.stdout)["violations"]
        return [Finding(entry["rule_id"], entry["location"], entry["title"]) for entry in told]

    return run


def _config(schemas: list[str], names: RoleNames) -> str:
    little_trusted = json.dumps(["PUBLIC", *(names(role) for role in OF_APPLICATIONS)])
    return f"""
[database]
schemas = {json.dumps(schemas)}

[lint.rules.SEC042]
anon_roles = {little_trusted}

[lint.rules.SEC044]
grantees = {little_trusted}

[lint.rules.SEC045]
grantees = {little_trusted}

[lint.rules.SEC049]
schemas = {json.dumps(schemas)}
grantees = {little_trusted}
"""


@pytest.mark.app_db("commit")
def test_pgrls_reports_nothing_but_what_is_explained(lint: Lint, schemas: list[str]) -> None:
    findings = lint()
    assert unexplained(findings, ALLOWED) == []
    assert unused(findings, of_schemas(ALLOWED, schemas)) == []


@pytest.mark.app_db("fresh")
def test_pgrls_sees_what_is_weakened(lint: Lint, app_db_settings: Settings) -> None:
    """A policy that admits every row, an owner who is not held, a table that is open, a careless definer: all told."""
    change_schema(app_db_settings, _weaken)
    told = {(finding.rule, finding.thing) for finding in lint() if unexplained([finding], ALLOWED)}
    assert {
        ("SEC008", "catalog.materials.tenant_rows"),
        ("SEC028", "catalog.materials.tenant_rows"),
        ("SEC002", "billing.payments"),
        ("SEC032", "profile.profiles"),
        ("SEC014", "catalog.everything"),
        ("SEC015", "catalog.everything"),
    } <= told


def _weaken() -> None:
    ddl.execute("alter policy tenant_rows on catalog.materials using (true) with check (true)")
    ddl.execute("alter table billing.payments no force row level security")
    ddl.execute("alter table profile.profiles disable row level security")
    ddl.execute(
        "create function catalog.everything() returns bigint language sql security definer "
        "return (select count(*) from billing.payments)"
    )
