"""What `app-db isolation check` answers without a database."""

from __future__ import annotations

from click.testing import CliRunner

from app_db.cli.main import app_db
from app_db.errors import SettingsError
from app_db.isolation.check.rules import RULES


def test_every_rule_is_listed_and_explained_without_a_database() -> None:
    listed = CliRunner().invoke(app_db, ["isolation", "check", "--list"]).stdout
    assert [line.split()[0] for line in listed.splitlines()] == ["rule", *(rule.id for rule in RULES)]
    done = CliRunner().invoke(app_db, ["isolation", "check", "--explain", "iso301"])
    assert (done.exit_code, "How it bites" in done.stdout) == (0, True)


def test_without_a_url_outside_of_development_it_says_which_is_missing() -> None:
    done = CliRunner().invoke(app_db, ["isolation", "check"], env={"APP_DB_ENVIRONMENT": "staging"})
    assert isinstance(done.exception, SettingsError)
    assert "DATABASE_URL is not set" in str(done.exception)
