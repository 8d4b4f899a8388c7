"""States of roles in which tenants are not apart, whoever brought them about."""

from __future__ import annotations

from collections.abc import Iterator

from ..schema.roles import LOGINS
from ..settings import LoginUrl
from .cluster import Edge
from .report import Finding
from .site import HOUSE, Site

_SUPERUSER = "a superuser"
_TENANT_LOGINS = {LoginUrl.APPLICATION, LoginUrl.TENANT_ADMIN, LoginUrl.AUTH, LoginUrl.READONLY}
_PRIVILEGED = ("app_all", "app_owner", "app_definer", "app_secrets")
_MAY_BYPASS = ("app_backup", "app_backup_login")
# These reach past grants or out of the database; see the PostgreSQL manual, "Predefined Roles".
_PREDEFINED = {
    "pg_read_all_data",
    "pg_write_all_data",
    "pg_read_server_files",
    "pg_write_server_files",
    "pg_execute_server_program",
}
_MEMBER_OF = {entry.name: entry.member_of for entry in HOUSE}


def danger_findings(site: Site) -> list[Finding]:
    """Return what makes the roles of the house unfit to keep tenants apart, each with the SQL that mends it."""
    return [*_attributes(site), *_memberships(site), *_administrator(site)]


def _attributes(site: Site) -> Iterator[Finding]:
    bypassing = {site.names(name) for name in _MAY_BYPASS}
    for row in site.house_roles():
        wrong = {
            "superuser": row.superuser,
            "bypassrls": row.bypassrls and row.name not in bypassing,
            "replication": row.replication,
        }
        words = [word for word, is_wrong in wrong.items() if is_wrong]
        if words:
            name = site.sql.shown(row.name)
            what = f"{name} is {' and '.join(words).upper()}, so row-level security does not bind it"
            yield Finding("error", what, _SUPERUSER, f"alter role {name} {' '.join('no' + word for word in words)}")


def _memberships(site: Site) -> Iterator[Finding]:
    expected = {site.names(name): {site.names(role) for role in roles} for name, roles in _MEMBER_OF.items()}
    privileged = _privileged(site)
    bound = _bound(site)
    for edge in site.cluster.edges:
        if edge.member not in bound:
            continue
        if edge.role not in expected[edge.member]:
            yield _extra(edge, sorted(site.cluster.reach([edge.role]) & privileged), site)
        elif edge.admin:
            what = f"{edge.member} holds {edge.role} with ADMIN OPTION, so it can hand it on"
            yield Finding("error", what, _who(edge, site), _revoke(edge, site, "admin option for "))


def _extra(edge: Edge, reached: list[str], site: Site) -> Finding:
    if reached:
        through = "" if reached == [edge.role] else f" and through it reaches {', '.join(reached)}"
        what = f"{edge.member} is a member of {edge.role}{through}, so it may see rows of every tenant"
    else:
        what = f"{edge.member} is a member of {edge.role}, which is none of the roles that it should have"
    return Finding("error" if reached else "warning", what, _who(edge, site), _revoke(edge, site))


def _privileged(site: Site) -> set[str]:
    above = {
        row.name for row in site.cluster.roles.values()
        if row.superuser or row.createrole or row.replication or row.bypassrls
    }  # fmt: skip
    return {*map(site.names, _PRIVILEGED), *_PREDEFINED, *above}


def _bound(site: Site) -> set[str]:
    """Return the tenants' logins and the roles that they should have: what these get, the logins get."""
    logins = [login for login in LOGINS if login.url in _TENANT_LOGINS]
    houses = {login.name for login in logins} | {role for login in logins for role in login.member_of}
    return {site.names(name) for name in houses}


def _administrator(site: Site) -> Iterator[Finding]:
    """An administrator that kept a membership sees every row; from 16 on ADMIN OPTION alone is none."""
    if site.administrator.superuser:
        return
    privileged = {site.names(name) for name in _PRIVILEGED}
    for edge in site.cluster.edges:
        is_used = edge.member == site.administrator.name and (edge.inherit or edge.set_role)
        if is_used and site.cluster.reach([edge.role]) & privileged:
            what = f"{edge.member} is a member of {edge.role}, so this administrator sees every row"
            yield Finding("warning", what, _who(edge, site), _revoke_use(edge, site))


def _revoke_use(edge: Edge, site: Site) -> str:
    # ADMIN OPTION has to stay, or the administrator could not run this again
    if site.cluster.has_membership_options and edge.admin:
        return "; ".join(_revoke(edge, site, f"{option} option for ") for option in ("inherit", "set"))
    return _revoke(edge, site)


def _who(edge: Edge, site: Site) -> str:
    grantor = site.cluster.roles.get(edge.grantor or "")
    if not site.cluster.has_membership_options:
        return "you, or anybody with CREATEROLE"
    if grantor is None or grantor.superuser:
        return _SUPERUSER
    return f"{grantor.name} or {_SUPERUSER}"


def _revoke(edge: Edge, site: Site, option: str = "") -> str:
    # from 16 on a revoke takes back the grants of one grantor, by default of him who types it
    by = f" granted by {site.sql.shown(edge.grantor)}" if site.cluster.has_membership_options and edge.grantor else ""
    return f"revoke {option}{site.sql.shown(edge.role)} from {site.sql.shown(edge.member)}{by}"
