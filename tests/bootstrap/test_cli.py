"""`app-db bootstrap` on the command line."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from app_db.cli.bootstrap import bootstrap
from app_db.errors import BootstrapError, SettingsError
from app_db.settings import parse_url


@pytest.fixture
def run(place):
    def call(*options, **environment):
        url = place.admin.set(drivername="postgresql").render_as_string(hide_password=False)
        arguments = ["--database", place.database, "--role-prefix", place.prefix, *options]
        return CliRunner().invoke(bootstrap, arguments, env={"APP_DB_BOOTSTRAP_URL": url, **environment})

    return call


def test_help_names_the_variable_and_the_rights(run):
    output = run("--help").output
    assert "APP_DB_BOOTSTRAP_URL" in output
    assert "CREATEROLE and CREATEDB" in output


def test_it_shows_what_was_made_and_the_urls_once(run, place):
    result = run()
    assert result.exit_code == 0
    assert f"created    role {place.names('app_tenant')}\n" in result.output
    (line,) = [line for line in result.output.splitlines() if line.startswith("DATABASE_URL=")]
    url = parse_url(line.removeprefix("DATABASE_URL="), "the URL shown")
    assert place.sql("select session_user::text", url) == [(place.names("app_login"),)]
    again = run().output
    assert f"unchanged  role {place.names('app_tenant')}\n" in again
    assert f"DATABASE_URL=postgresql://{place.names('app_login')}@" in again


def test_with_a_file_passwords_are_only_there(run, tmp_path):
    path = tmp_path / ".env"
    result = run("--env-file", str(path))
    assert result.exit_code == 0
    assert str(path) in result.output
    assert "DATABASE_URL=" not in result.output
    assert path.read_text().count("postgresql://") == 7


def test_json_is_one_object_with_passwords_only_where_they_are_nowhere_else(run, tmp_path):
    shown = json.loads(run("--json").stdout)
    assert "***" not in shown["urls"]["DATABASE_URL"]
    path = tmp_path / ".env"
    hidden = json.loads(run("--json", "--rotate-passwords", "--env-file", str(path)).stdout)
    assert ":***@" in hidden["urls"]["DATABASE_URL"]
    assert hidden["env_file"] == str(path)


def test_a_file_that_exists_is_refused_before_any_change(run, place, tmp_path):
    (tmp_path / ".env").write_text("")
    assert isinstance(run("--env-file", str(tmp_path / ".env")).exception, BootstrapError)
    assert place.roles() == set()


def test_a_dry_run_writes_no_file_and_makes_no_role(run, place, tmp_path):
    result = run("--dry-run", "--env-file", str(tmp_path / ".env"))
    assert f"would be created    role {place.names('app_tenant')}\n" in result.output
    assert "Nothing was changed" in result.output
    assert not (tmp_path / ".env").exists()
    assert place.roles() == set()


def test_an_error_among_the_findings_is_exit_code_1_with_what_to_type(run, place):
    place.bootstrap()
    place.sql(f"alter role {place.names('app_login')} superuser")
    result = run()
    assert result.exit_code == 1
    assert "who can:   a superuser" in result.output
    assert f"type this: alter role {place.names('app_login')} nosuperuser" in result.output


def test_a_url_of_another_database_is_refused_without_repeating_it(run):
    result = run(APP_DB_BOOTSTRAP_URL="mysql://root:hunter2@host/x")
    assert isinstance(result.exception, SettingsError)
    assert "hunter2" not in str(result.exception)
