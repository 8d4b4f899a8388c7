"""Roles that log in: their attributes, passwords, memberships, and settings in the database."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping

from ..errors import BootstrapError
from ..schema.roles import LOGINS, Login, search_path
from .change import Change, Step, change_of
from .cluster import RoleRow
from .report import Finding
from .roles import comment_steps, membership_steps
from .site import Site

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32  # 190 bits
_ATTRIBUTES = "nosuperuser nocreatedb nocreaterole noreplication nobypassrls"


def new_passwords(site: Site, given: Mapping[str, str], *, rotate: bool) -> dict[str, str]:
    """Return the password of each login that is to get one, by its house name: as given, or generated.

    Raises BootstrapError for a password that is empty or belongs to no login of ours.
    """
    known = [login.name for login in LOGINS]
    for name, password in given.items():
        if name not in known or not password:
            problem = "is empty" if name in known else "belongs to no login of ours"
            raise BootstrapError(f"the password given for {name!r} {problem}: give one for any of {', '.join(known)}")
    return {
        name: given.get(name) or "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))
        for name in known
        if not site.is_untouchable(site.names(name)) and (rotate or site.names(name) not in site.cluster.roles)
    }


def login_changes(site: Site, verifiers: Mapping[str, str]) -> list[Change]:
    """Return what each login needs in the cluster; `verifiers` are those of the passwords to set, by house name."""
    return [
        _login_change(login, site, verifiers.get(login.name))
        for login in LOGINS
        if not site.is_untouchable(site.names(login.name))
    ]


def settings_changes(site: Site) -> list[Change]:
    """Return what the settings of each login in the database need."""
    return [
        change_of(_label(site.names(login.name)), _settings_steps(login, site))
        for login in LOGINS
        if not site.is_untouchable(site.names(login.name))
    ]


def login_findings(site: Site, passwords: Mapping[str, str], *, dry_run: bool) -> list[Finding]:
    """Say which logins keep passwords that are not known here, and which are shut."""
    names = {login.name: site.names(login.name) for login in LOGINS}
    findings = [_shut(row, site) for row in site.house_roles() if row.name in names.values() and not row.login]
    kept = [name for house, name in names.items() if house not in passwords]
    if kept and not dry_run:
        what = f"{', '.join(kept)} existed before and keep their passwords: their URLs lack them"
        findings.append(Finding("note", what, "you, where nobody knows them any more", "--rotate-passwords"))
    return findings


def _login_change(login: Login, site: Site, verifier: str | None) -> Change:
    name = site.names(login.name)
    row = site.cluster.roles.get(name)
    steps = [
        *(_attributes(row, site) if row else []),
        *_password(row, site, name, verifier),
        *membership_steps(site, name, login.member_of),
        *comment_steps(site, name, f"login: {login.comment}"),
    ]
    change = change_of(_label(name), steps)
    return change if row else Change(change.label, True, (), change.statements)


def _password(row: RoleRow | None, site: Site, name: str, verifier: str | None) -> list[Step]:
    password = f"password {site.sql.text(verifier)}" if verifier else ""
    if row is None:
        statement = f"create role {site.sql.name(name)} login inherit {_ATTRIBUTES} connection limit -1 {password}"
        return [Step("created", statement.rstrip())]
    return [Step("password", f"alter role {site.sql.name(name)} {password}")] if verifier else []


def _attributes(row: RoleRow, site: Site) -> list[Step]:
    wrong = {"inherit": not row.inherit, "nocreatedb": row.createdb, "nocreaterole": row.createrole}
    words = " ".join(word for word, is_wrong in wrong.items() if is_wrong)
    return [Step(words, f"alter role {site.sql.name(row.name)} {words}")] if words else []


def _settings_steps(login: Login, site: Site) -> list[Step]:
    name = site.names(login.name)
    database = site.cluster.database
    present = database.settings.get(name, {}) if database else {}
    wanted = {"search_path": search_path(), **login.settings}
    steps = []
    for key, value in wanted.items():
        stored = site.names(value) if key == "role" else value
        # search_path is a list of identifiers, and one literal would be a single name with commas in it
        written = stored if key == "search_path" else site.sql.text(stored)
        if present.get(key) != stored:
            start = f"alter role {site.sql.name(name)} in database {site.sql.name(site.database)}"
            steps.append(Step(f"{key} in {site.database}", f"{start} set {site.sql.name(key)} = {written}"))
    return steps


def _shut(row: RoleRow, site: Site) -> Finding:
    name = site.sql.shown(row.name)
    what = f"{name} may not log in; somebody may have shut it on purpose, so it is left as it is"
    return Finding("warning", what, "you", f"alter role {name} login")


def _label(name: str) -> str:
    return f"login {name}"
