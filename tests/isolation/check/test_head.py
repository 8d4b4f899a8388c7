"""Of our own schema, and of the applications of the examples, nothing is told; looking changes and costs little."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from isolation.check.conftest import Place
from sqlalchemy import Connection, event, text
from support import ROOT, catalogue, environment_of

from app_db.engine import admin_engine
from app_db.errors import CheckRefused
from app_db.isolation import Bounds, CheckReport, check_isolation
from app_db.isolation.check.suppressions import accepted_list
from app_db.schema import SERVICES, RoleNames
from app_db.settings import LoginUrl, Settings

OURS = tuple(sorted({schema for service in SERVICES.values() for schema in service.schemas} - {"extensions"}))


def seen_by(login: LoginUrl, settings: Settings) -> CheckReport:
    url = settings.login_url(login)
    assert url is not None
    with admin_engine(url).connect().execution_options(postgresql_readonly=True) as connection:
        return check_isolation(connection, Bounds(role_prefix=settings.role_prefix))


@pytest.mark.parametrize("login", [LoginUrl.APPLICATION, LoginUrl.MIGRATION])
def test_nothing_is_found_in_our_schema_whoever_looks(login: LoginUrl, check_settings: Settings) -> None:
    report = seen_by(login, check_settings)
    assert [str(finding) for finding in report.findings] == []
    assert report.tenant_tables > 15


def test_what_is_accepted_in_our_schema_is_there_and_has_a_reason(check_settings: Settings) -> None:
    names = RoleNames(check_settings.role_prefix)
    report = seen_by(LoginUrl.APPLICATION, check_settings)
    needed = [entry for entry in accepted_list() if any(entry.covers(one, names) for one, _ in report.accepted)]
    of_learning = [entry for entry in accepted_list() if all("learning." in pattern for pattern in entry.patterns)]
    assert [entry for entry in accepted_list() if entry not in [*needed, *of_learning]] == []
    assert all(len(entry.why.split()) >= 4 for entry in accepted_list())


def test_what_is_accepted_for_a_role_is_told_when_another_gets_it(place: Place) -> None:
    bounds = replace(place.bounds, schemas=("auth",))
    assert check_isolation(place.connection, bounds).findings == ()
    place.run("alter policy auth_rows on auth.users to app_auth, auth_service, app_tenant")
    told = {(finding.rule, finding.thing) for finding in check_isolation(place.connection, bounds).findings}
    assert ("ISO319", "auth.users.auth_rows") in told


def test_a_database_that_is_not_ours_gets_no_allowance(place: Place) -> None:
    place.run("alter table app.alembic_version rename to versions")
    told = check_isolation(place.connection, replace(place.bounds, schemas=None))
    assert told.accepted == ()
    assert "ISO301" in {finding.rule for finding in told.findings}


def test_looking_leaves_the_catalogue_and_the_roles_as_they_are(check_settings: Settings, place: Place) -> None:
    url = check_settings.migration_url
    assert url is not None
    before = catalogue(url, OURS)
    check_isolation(place.connection, Bounds(role_prefix=place.prefix))
    place.connection.commit()
    assert catalogue(url, OURS) == before
    assert place.connection.scalar(text("show search_path")) != "pg_catalog"


def test_a_login_without_any_right_sees_the_same(place: Place) -> None:
    place.run("grant truncate on example.items to app_rw", "alter table example.parts no force row level security")
    seen_by_superuser = check_isolation(place.connection, place.bounds).findings
    assert {finding.rule for finding in seen_by_superuser} == {"ISO202", "ISO211"}
    place.run("create role plain", "set local role plain")
    assert check_isolation(place.connection, place.bounds).findings == seen_by_superuser


def test_whoever_looks_is_judged_where_nobody_has_named_the_application(place: Place) -> None:
    found = check_isolation(place.connection, replace(place.bounds, role_prefix="other_"))
    assert found.applications == ("postgres",)
    (superuser,) = (finding for finding in found.findings if finding.rule == "ISO101")
    assert superuser.remedy.startswith("name the application's login with --application-role; ")


def statements_of(connection: Connection, bounds: Bounds) -> list[str]:
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    check_isolation(connection, bounds)
    event.remove(connection, "before_cursor_execute", note)
    return sent


@pytest.mark.parametrize("tables", [10, 300])
def test_the_number_of_statements_is_the_same_for_any_number_of_tables(place: Place, tables: int) -> None:
    place.execute(
        f"do $$ begin for n in 1..{tables} loop execute format("
        "'create table example.copy_%s (like example.items including all)', n); end loop; end $$"
    )
    sent = statements_of(place.connection, place.bounds)
    assert len(sent) == 5
    assert all(statement.strip().lower().startswith(("select", "with")) for statement in sent)
    found = check_isolation(place.connection, place.bounds)
    assert len([finding for finding in found.findings if finding.rule == "ISO201"]) == tables


@pytest.mark.parametrize(
    ("bounds", "told"),
    [
        (Bounds(schemas=("no_such",)), "has no schema 'no_such': name one"),
        (Bounds(application_roles=("no_such",)), "no role 'no_such': name the role"),
        (Bounds(all_rows_roles=("no_such",)), "no role 'no_such': name the role"),
    ],
)
def test_what_is_not_there_is_refused(bounds: Bounds, told: str, place: Place) -> None:
    with pytest.raises(CheckRefused, match=told):
        check_isolation(place.connection, bounds)


@pytest.mark.parametrize("server", ["18"], indirect=True, scope="session")
def test_nothing_is_found_in_the_applications_of_the_examples(check_settings: Settings, tmp_path: Path) -> None:
    age = tmp_path / "isolation.toml"  # of the machine's server, which is not theirs
    age.write_text(
        "[[suppress]]\nrule = 'ISO601'\nobject = '18.*'\nreason = 'the server of this machine'\n"
        f"expires = {date.today()}\n"  # noqa: DTZ011
    )
    shop, studio = (ROOT / "docs" / "examples" / name for name in ("shop", "studio"))
    environment = {**os.environ, **environment_of(check_settings), "PYTHONDONTWRITEBYTECODE": "1",
                   "PYTHONPATH": f"{shop}:{studio}"}  # fmt: skip

    def run(program: str, *arguments: str, cwd: Path) -> str:
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, env=environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    before = seen_by(LoginUrl.APPLICATION, check_settings).tenant_tables
    run("alembic", "upgrade", "head", cwd=shop)
    run("alembic", "upgrade", "head", cwd=studio)
    models = ("--models", "shop.models", "--models", "studio.models")
    told = run(
        "app-db", "isolation", "check", *models, "--fail-on", "note", "--suppressions", str(age), cwd=tmp_path
    )  # fmt: skip
    assert "nothing found" in told
    judged = re.search(r"(\d+) tenants' tables", told)
    assert judged is not None
    assert int(judged[1]) == before + 7  # shop has three, studio four
