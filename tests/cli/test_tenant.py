"""`app-db tenant`, in this process: what it prints, what it refuses."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from support import environment_of

from app_db.cli.main import app_db as command
from app_db.errors import TenantRefused
from app_db.models import SystemEvent
from app_db.session import Database
from app_db.settings import Settings

pytestmark = pytest.mark.app_db("commit")
Run = Callable[..., Result]


@pytest.fixture
def run(app_db: Database, app_db_settings: Settings) -> Run:
    environment = environment_of(app_db_settings)

    def call(*arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(command, ["tenant", *arguments], env=environment)
        assert result.exit_code == code, result.output + str(result.exception)
        return result

    return call


def told(result: Result) -> Any:
    return json.loads(result.stdout)


def test_a_life_on_the_command_line(run: Run, tmp_path: Path) -> None:
    file = str(tmp_path / "acme.zip")
    made = told(run("create", "acme", "Acme Ltd", "--json"))
    assert (made["slug"], made["name"], made["status"], made["delete_after"]) == ("acme", "Acme Ltd", "pending", None)
    assert told(run("suspend", "acme", "--reason", "unpaid", "--json"))["status"] == "suspended"
    assert told(run("resume", made["id"], "--json"))["status"] == "pending"
    assert told(run("rename", "acme", "--slug", "acme-two", "--json"))["slug"] == "acme-two"
    assert [one["slug"] for one in told(run("list", "--status", "pending", "--json"))] == ["acme-two"]
    assert "acme-two" in run("list").stdout
    exported = run("export", "acme-two", file)
    assert file in exported.stdout
    assert "demo.notes has a tenant_id and no foreign key" in exported.stderr
    assert "may go from" in run("delete", "acme-two", "--reason", "asked for").stdout
    assert "acme-two is gone" in run("delete", "acme-two", "--now", "acme-two", "--reason", "asked for").stdout
    assert run("list").stdout == ""
    assert "acme-two is there" in run("import", file).stdout
    assert told(run("list", "--json"))[0]["id"] == made["id"]


def test_who_and_why_are_recorded(run: Run, app_db: Database) -> None:
    run("create", "acme", "Acme", "--actor", "anna@example.com", "--reason", "ticket 1")
    with app_db.admin(reason="look", actor="tests") as session:
        found = session.query(SystemEvent).filter_by(event="tenant.create").one()
        assert (found.actor, found.reason) == ("anna@example.com", "ticket 1")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["suspend", "acme"], "Missing option '--reason'"),
        (["delete", "acme"], "Missing option '--reason'"),
        (["rename", "acme"], "give --slug, --name or both"),
        (["list", "--status", "dead"], "is not one of"),
    ],
)
def test_wrong_usage_is_said(run: Run, arguments: list[str], words: str) -> None:
    assert words in run(*arguments, code=2).stderr


def test_a_file_that_is_not_there_is_said(run: Run) -> None:
    assert "there is no file nowhere.zip" in str(run("import", "nowhere.zip", code=1).exception)


def test_a_deletion_at_once_has_to_be_typed_out(run: Run, tenant: UUID) -> None:
    result = run("delete", str(tenant), "--now", "yes", "--reason", "x", code=2)
    assert "type --now tenant-" in result.stderr
    run("delete", str(tenant), "--reason", "x")
    assert told(run("list", "--json"))[0]["status"] == "deleting"
    assert isinstance(run("delete", str(tenant), "--reason", "x", code=1).exception, TenantRefused)


def test_a_grace_of_nothing_lets_the_second_run_delete(run: Run, tenant: UUID) -> None:
    run("delete", str(tenant), "--grace", "0", "--reason", "x")
    assert "is gone" in run("delete", str(tenant), "--reason", "x").stdout
