"""`app-db isolation check`, as an operator types it, on the database at place."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pgbouncer import PgBouncer, require_pgbouncer
from sqlalchemy import text
from support import environment_of

from app_db.cli.main import app_db
from app_db.engine import admin_engine
from app_db.errors import CheckRefused
from app_db.server import EmbeddedServer
from app_db.settings import Settings

pytestmark = pytest.mark.parametrize("server", ["18"], indirect=True, scope="session")

UNFORCED = "alter table catalog.materials no force row level security"


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner().invoke(app_db, ["isolation", "check", *arguments], env=environment_of(settings))


@contextmanager
def changed(server: EmbeddedServer, settings: Settings, change: str, back: str) -> Iterator[None]:
    """Change the database, as a superuser, for the length of the block."""
    assert settings.url is not None
    engine = admin_engine(server.superuser_url(str(settings.url.database)), autocommit=True)
    with engine.connect() as connection:
        connection.execute(text(change))
        try:
            yield
        finally:
            connection.execute(text(back))


@pytest.fixture
def unforced(server: EmbeddedServer, check_settings: Settings) -> Iterator[Settings]:
    """The database at head with a table that is not forced: a warning."""
    with changed(server, check_settings, UNFORCED, UNFORCED.replace("no force", "force")):
        yield check_settings


def test_nothing_found_is_said_in_a_line(check_settings: Settings) -> None:
    done = run(check_settings)
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1), done.output
    assert done.stdout.startswith("nothing found: ")


def test_a_finding_has_its_number_its_sentence_its_remedy_and_its_page(unforced: Settings) -> None:
    done = run(unforced)
    assert done.exit_code == 1
    heading, finding, remedy, page, _, summary = done.stdout.splitlines()
    assert heading == "warning (1)"
    assert finding.split()[:2] == ["ISO202", "catalog.materials"]
    assert remedy.strip() == "alter table catalog.materials force row level security"
    assert page.strip() == "explained by `app-db isolation check --explain ISO202`"
    assert summary.startswith("1 finding: ")


def test_sql_that_mends_two_findings_is_printed_once(server: EmbeddedServer, check_settings: Settings) -> None:
    policy, role = "policy tenant_rows on catalog.materials", f"{check_settings.role_prefix}app_tenant"
    own = "tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"
    bad = (
        own.replace("nullif(", "(")
        .replace(", '')", ")")
        .replace("tenant_id =", "tenant_id::text =")
        .replace("::uuid", "")
    )
    told = (condition.replace(":", r"\:") for condition in (bad, own))
    change, back = (f"alter {policy} to {role}, {role}_admin using ({one}) with check ({one})" for one in told)
    with changed(server, check_settings, change, back):
        lines = run(check_settings).stdout.splitlines()
    assert [line.split()[0] for line in lines if "tenant_rows  " in line] == ["ISO306", "ISO316"]
    assert sum("alter policy" in line for line in lines) == 1
    assert "          as for ISO306 catalog.materials.tenant_rows" in lines


def test_json_has_the_same_for_machines(unforced: Settings) -> None:
    done = run(unforced, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    (finding,) = told["findings"]
    assert (finding["rule"], finding["severity"], finding["object"]) == ("ISO202", "warning", "catalog.materials")
    assert told["tenant_tables"] > 15
    assert all(len(entry["reason"].split()) >= 4 for entry in told["accepted"])


@pytest.mark.parametrize(("severity", "code"), [("error", 0), ("warning", 1), ("note", 1)])
def test_what_fails_is_the_users_choice(severity: str, code: int, unforced: Settings) -> None:
    assert run(unforced, "--fail-on", severity).exit_code == code


def test_what_is_right_in_our_schema_is_shown_to_who_asks(check_settings: Settings) -> None:
    assert "auth.users.auth_rows" not in run(check_settings).stdout
    assert "right in our schema: ISO319 auth.users.auth_rows" in run(check_settings, "--all").stdout


def test_a_file_beside_it_is_found_and_one_that_is_named_is_read(
    unforced: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entry = (
        '[[suppress]]\nrule = "ISO202"\nobject = "catalog.materials"\nreason = "for the length of this test"\n'
        f"expires = {date.today() + timedelta(days=3)}\n"  # noqa: DTZ011
    )
    Path("isolation.toml").write_text(entry)
    assert run(unforced).exit_code == 0
    assert "suppressed until" in run(unforced, "--all").stdout
    Path("isolation.toml").rename("other.toml")
    assert run(unforced).exit_code == 1
    assert run(unforced, "--suppressions", "other.toml").exit_code == 0
    Path("other.toml").write_text(entry.replace("catalog.materials", "catalog.nothing"))
    assert "not needed any more: ISO202 catalog.nothing" in run(unforced, "--suppressions", "other.toml").stdout


def test_a_schema_and_a_role_narrow_down_what_is_judged(unforced: Settings) -> None:
    assert run(unforced, "--schema", "ops").exit_code == 0
    done = run(unforced, "--schema", "catalog", "--application-role", f"{unforced.role_prefix}app_migration_login")
    assert "ISO104" in done.stdout
    assert isinstance(run(unforced, "--schema", "nothing").exception, CheckRefused)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--explain", "ISO999"], "'ISO999' is no rule: `app-db isolation check --list` shows them"),
        (["--models", "no_such_module"], "no_such_module can't be imported"),
        (["--models", "json"], "json has no `Base` with models"),
        (["--fail-on", "everything"], "'everything' is not one of"),
    ],
)
def test_bad_input_is_refused_with_what_to_type(arguments: list[str], told: str, check_settings: Settings) -> None:
    done = run(check_settings, *arguments)
    assert done.exit_code == 2
    assert told in done.stderr


def test_a_pooler_that_the_settings_do_not_know_of_is_told(check_settings: Settings) -> None:
    require_pgbouncer()
    assert check_settings.url is not None
    with PgBouncer([check_settings.url]) as pooler:
        through = check_settings.model_copy(update={"url": pooler.through(check_settings.url)})
        assert "ISO607" in run(through).stdout
    with PgBouncer([check_settings.url], pool_mode="session") as pooler:
        through = check_settings.model_copy(update={"url": pooler.through(check_settings.url)})
        assert "ISO606" in run(through).stdout


def test_where_only_an_administrators_login_is_known_it_says_so(check_settings: Settings) -> None:
    nobody = {"url": None, "tenant_admin_url": None, "auth_url": None, "readonly_url": None}
    done = run(check_settings.model_copy(update=nobody))
    assert "the application's own login is not judged" in done.stdout
    assert "app_migration_login" not in done.stdout
    assert "not judged" not in run(check_settings).stdout


def test_models_are_looked_for_where_it_runs_first(
    check_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    Path("rooms_of_this_test.py").write_text("from app_db.models import Base\n")
    assert run(check_settings, "--models", "rooms_of_this_test").exit_code == 0
