"""An application refuses to serve on a database that does not keep tenants apart."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from isolation.check.test_command import UNFORCED, changed, run
from sqlalchemy import text

from app_db.errors import CheckRefused, StartupRefused
from app_db.isolation import require_isolation
from app_db.schema.roles import search_path
from app_db.server import EmbeddedServer
from app_db.session import Database
from app_db.settings import Environment, Settings

pytestmark = pytest.mark.parametrize("server", ["18"], indirect=True, scope="session")

OFF = "alter table catalog.materials disable row level security"


@pytest.fixture
def database(check_settings: Settings) -> Iterator[Database]:
    database = Database.from_settings(check_settings)
    yield database
    database.dispose()


def test_a_database_as_it_should_be_is_served(database: Database) -> None:
    report = require_isolation(database)
    assert report.findings == ()
    assert len(report.applications) == 4


def test_an_error_is_refused_with_what_to_type(
    server: EmbeddedServer, check_settings: Settings, database: Database
) -> None:
    with changed(server, check_settings, OFF, OFF.replace("disable", "enable")), pytest.raises(StartupRefused) as told:
        require_isolation(database)
    (finding,) = told.value.findings
    assert finding.startswith("ISO201 catalog.materials: ")
    assert "alter table catalog.materials enable row level security" in finding


def test_a_warning_is_logged_and_served(
    server: EmbeddedServer, check_settings: Settings, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    back = UNFORCED.replace("no force", "force")
    with changed(server, check_settings, UNFORCED, back), caplog.at_level(logging.WARNING, "app_db"):
        assert [finding.rule for finding in require_isolation(database).findings] == ["ISO202"]
    assert [record.getMessage()[:6] for record in caplog.records] == ["ISO202"]


def test_what_the_application_left_bound_in_its_own_pool_is_refused(database: Database) -> None:
    with database.shared() as session:
        session.execute(text("select set_config('app.current_tenant_id', 'left', false)"))
    with pytest.raises(StartupRefused, match=r"ISO605 app.current_tenant_id"):
        require_isolation(database)


def test_a_file_of_suppressions_that_is_wrong_is_refused(database: Database, tmp_path: Path) -> None:
    with pytest.raises(CheckRefused, match="name an existing file"):
        require_isolation(database, suppressions=tmp_path / "isolation.toml")


@pytest.mark.parametrize(("attribute", "rule"), [("superuser", "ISO101"), ("bypassrls", "ISO102")])
def test_whoever_logs_in_is_judged_whatever_the_name(
    attribute: str, rule: str, check_settings: Settings, server: EmbeddedServer
) -> None:
    assert check_settings.url is not None
    prefix = check_settings.role_prefix
    made = f"create role web login password 'web' {attribute}; grant {prefix}app_tenant, {prefix}app_rw to web"
    made += f"; alter role web set search_path = {search_path()}"
    allowed = f'grant connect on database "{check_settings.url.database}" to web'
    with changed(server, check_settings, f"{made}; {allowed}", "drop owned by web; drop role web"):
        url = check_settings.url.set(username="web", password="web")
        settings = check_settings.model_copy(update={"url": url})
        assert f"{rule}  web  " in run(settings, "--schema", "catalog").stdout
        assert f"{rule}  web  " in run(check_settings.model_copy(update={"readonly_url": url})).stdout
        ours = f"{prefix}app_login"
        assert "web" not in run(settings, "--schema", "catalog", "--application-role", ours).stdout
        lenient = settings.model_copy(update={"environment": Environment.DEVELOPMENT})  # where the gate only warns
        database = Database.from_settings(lenient)
        with pytest.raises(StartupRefused, match=f"{rule} web"):
            require_isolation(database)
        database.dispose()
