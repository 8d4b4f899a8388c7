"""`app-db init`: what it prints, what it refuses, and that the password is printed once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from support import environment_of

from app_db.cli.main import app_db as command
from app_db.errors import InitRefused
from app_db.settings import Settings

pytestmark = pytest.mark.app_db("commit")
Run = Callable[..., Result]
PASSWORD = re.compile(r"\b[A-Za-z0-9]{32}\b")
WHO = ("--admin-email", "anna@example.com")


@pytest.fixture
def run(app_db_settings: Settings) -> Run:
    environment = environment_of(app_db_settings)
    return lambda *options, **changes: CliRunner().invoke(command, ["init", *options], env={**environment, **changes})


def test_without_an_address_it_says_what_to_type(run: Run) -> None:
    result = run("--json")
    assert isinstance(result.exception, InitRefused)
    assert "add --admin-email anna@example.com" in str(result.exception)
    assert result.stdout == ""


def test_a_check_changes_nothing_needs_no_address_and_says_what_is_missing(run: Run, app_db_settings: Settings) -> None:
    result = run("--check")
    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "prerequisites")
    assert re.search(r"  ok      server +PostgreSQL 1[58]\.", result.stdout)
    result = run("--check", "--json", APP_DB_ROLE_PREFIX="nobody_")
    assert result.exit_code == 1
    failed = [check for check in json.loads(result.stdout)["prerequisites"] if check["outcome"] == "failed"]
    assert [check["name"] for check in failed] == ["roles"]


def test_the_table_of_what_is_missing_comes_before_the_refusal(run: Run) -> None:
    result = run(*WHO, APP_DB_ROLE_PREFIX="nobody_")
    assert isinstance(result.exception, InitRefused)
    assert "  failed  roles" in result.stdout


def test_the_password_is_printed_once_and_never_again(run: Run) -> None:
    first = run(*WHO, "--tenant", "acme-hq")
    assert first.exit_code == 0, first.exception
    assert "administrator  anna@example.com, owner of acme-hq: made" in first.stdout
    assert len(PASSWORD.findall(first.output)) == 1
    assert first.stdout.splitlines()[-1].startswith("password       ")
    for options in ((), ("--json",)):
        again = run(*WHO, "--tenant", "acme-hq", *options)
        assert again.exit_code == 0, again.exception
        assert PASSWORD.findall(again.output) == []
        assert "there" in again.stdout


def test_as_json_it_is_one_object_with_the_password_once(run: Run) -> None:
    first = run(*WHO, "--json")
    report = json.loads(first.stdout)
    assert set(report) == {"database", "prerequisites", "revisions", "seeds", "logins", "administrator"}
    password = report["administrator"]["password"]
    assert first.output.count(password) == 1
    assert password not in run(*WHO, "--json").output


def test_initial_data_can_be_left_out(run: Run) -> None:
    result = run("--skip-initial-data")
    assert result.exit_code == 0, result.exception
    assert "seeds          left out" in result.stdout
    assert "administrator  none: --skip-initial-data" in result.stdout


def test_where_auth_is_not_placed_it_says_so(run: Run) -> None:
    result = run(APP_DB_SERVICES="core,catalog", APP_DB_ENVIRONMENT="staging")
    assert result.exit_code == 0, result.exception
    assert "administrator  none: the service auth is not placed" in result.stdout
