"""The whole of a bootstrap: look, refuse or plan, change, look again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from ..engine import admin_engine
from ..engine.passwords import scram_verifier
from ..errors import BootstrapError
from ..schema.roles import LOGINS, RoleNames
from ..settings import LoginUrl, parse_url
from .change import Change, run_changes
from .cluster import read_cluster
from .dangers import danger_findings
from .database import (
    close_public_schema,
    creation,
    database_change,
    database_label,
    encoding_findings,
    owner_findings,
)
from .extensions import extension_findings, make_extensions
from .lock import only_run
from .logins import login_changes, login_findings, new_passwords, settings_changes
from .names import Quoting, check_names
from .ownership import acting_as
from .preflight import check_before
from .report import BootstrapReport, Finding
from .roles import backup_findings, role_changes
from .site import Site

_APPLICATION_NAME = "app_db bootstrap"
# What identifies the administrator or his machine and must not travel into the URLs of others.
_PERSONAL = ("user", "dbname", "passfile", "sslcert", "sslkey")


@dataclass(frozen=True, slots=True)
class _Run:
    url: URL
    engine: Engine
    connection: Connection
    passwords: Mapping[str, str]


def bootstrap(
    admin_url: URL,
    database: str,
    *,
    role_prefix: str = "",
    rotate_passwords: bool = False,
    passwords: Mapping[str, str] | None = None,
    dry_run: bool = False,
) -> BootstrapReport:
    """Make roles, logins and the database, or what is missing of them; a second run changes nothing.

    Needs CREATEROLE and CREATEDB, on 16 and later also ADMIN OPTION on roles that exist. `passwords` are those to use,
    by a login's house name, for logins that are created or rotated; a missing one is generated. With `dry_run` the
    report says what would be done. Raises BootstrapError, before any change where the administrator lacks a right or a
    name can't be, and SettingsError for a URL that is none.
    """
    check_names(database, role_prefix)
    url = parse_url(admin_url, "the administrator's URL")
    engine = admin_engine(url, application_name=_APPLICATION_NAME, autocommit=True)
    with engine.connect() as connection, only_run(connection):
        site = _look(connection, database, RoleNames(role_prefix))
        check_before(site)
        chosen = new_passwords(site, passwords or {}, rotate=rotate_passwords)
        run = _Run(url, engine, connection, chosen)
        changes, findings = _plan(site, chosen) if dry_run else _execute(run, site)
        site = _look(connection, database, RoleNames(role_prefix))
        findings = [*_standing_findings(site), *login_findings(site, chosen, dry_run=dry_run), *findings]
    return _report(site, changes, findings, _urls(url, site, {} if dry_run else chosen))


def _look(connection: Connection, database: str, names: RoleNames) -> Site:
    return Site(database, names, Quoting(connection.dialect), read_cluster(connection, database))


def _standing_findings(site: Site) -> list[Finding]:
    return [*danger_findings(site), *owner_findings(site), *encoding_findings(site), *backup_findings(site)]


def _plan(site: Site, passwords: Mapping[str, str]) -> tuple[list[Change], list[Finding]]:
    changes = [*role_changes(site), *login_changes(site, dict.fromkeys(passwords, "***"))]
    if not owner_findings(site) and not site.is_untouchable(site.names("app_owner")):
        changes += [creation(site), database_change(site), *settings_changes(site)]
    return changes, []


def _execute(run: _Run, site: Site) -> tuple[list[Change], list[Finding]]:
    verifiers = {
        house: scram_verifier(run.connection, site.names(house), password) for house, password in run.passwords.items()
    }
    changes = [*role_changes(site), *login_changes(site, verifiers)]
    _run_together(run, site, changes)
    owner = site.names("app_owner")
    if owner_findings(site) or site.is_untouchable(owner):
        return changes, []
    site = _look(run.connection, site.database, site.names)
    with acting_as(run.engine, site, [owner]):
        more, findings = _execute_database(run, site)
    return [*changes, *more], findings


def _execute_database(run: _Run, site: Site) -> tuple[list[Change], list[Finding]]:
    made = creation(site)
    run_changes(run.connection, [made])
    site = _look(run.connection, site.database, site.names)
    changes = [database_change(site), *settings_changes(site)]
    _run_together(run, site, changes)
    inside = admin_engine(run.url.set(database=site.database), application_name=_APPLICATION_NAME, autocommit=True)
    with inside.connect() as connection:
        closed, findings = close_public_schema(connection, site)
        extended = make_extensions(connection, site, database_label(site))
        findings += extension_findings(connection, site)
    _check_closed(_look(run.connection, site.database, site.names))
    return [made, *changes, closed, extended], findings


def _run_together(run: _Run, site: Site, changes: Sequence[Change]) -> None:
    """Run all or nothing of the changes."""
    engine = admin_engine(run.url, application_name=_APPLICATION_NAME)
    with engine.begin() as connection:
        if site.cluster.has_membership_options:
            # a server may be set to make the creator of a role a member of it
            connection.exec_driver_sql("set local createrole_self_grant = ''")
        run_changes(connection, changes)


def _check_closed(site: Site) -> None:
    # a grant or revoke by somebody without the right to it is a warning for the server, and changes nothing
    left = database_change(site)
    if left.statements:
        raise BootstrapError(
            f"{left.label}: the server accepted and did not carry out: {', '.join(left.details)}; "
            f"type as {site.names('app_owner')} or as a superuser: {'; '.join(left.statements)}"
        )


def _urls(url: URL, site: Site, passwords: Mapping[str, str]) -> dict[LoginUrl, URL]:
    shared = url.difference_update_query(_PERSONAL).set(database=site.database)
    return {
        login.url: URL.create(
            shared.drivername,
            username=site.names(login.name),
            password=passwords.get(login.name),
            host=shared.host,
            port=shared.port,
            database=shared.database,
            query=shared.query,
        )
        for login in LOGINS
    }


def _report(site: Site, changes: list[Change], findings: list[Finding], urls: dict[LoginUrl, URL]) -> BootstrapReport:
    merged: dict[str, Change] = {}
    for change in changes:
        known = merged.get(change.label, Change(change.label))
        is_new = known.is_new or change.is_new
        details = () if is_new else (*known.details, *change.details)
        merged[change.label] = replace(known, is_new=is_new, details=details)
    return BootstrapReport(
        urls=urls,
        created=tuple(label for label, change in merged.items() if change.is_new),
        changed=tuple(f"{label} ({', '.join(change.details)})" for label, change in merged.items() if change.details),
        unchanged=tuple(label for label, change in merged.items() if not change.is_new and not change.details),
        findings=tuple(findings),
        role_prefix=site.names.prefix,
    )
