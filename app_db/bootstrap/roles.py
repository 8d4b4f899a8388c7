"""Roles that can't log in."""

from __future__ import annotations

from collections.abc import Iterator

from ..schema.roles import ROLES, Role
from .change import Change, Step, change_of
from .cluster import RoleRow
from .report import Finding
from .site import Site

_BACKUP = "app_backup"


def role_changes(site: Site) -> list[Change]:
    """Return what each role needs, in the order in which they refer to each other."""
    return [_role_change(role, site) for role in ROLES if not site.is_untouchable(site.names(role.name))]


def backup_findings(site: Site) -> list[Finding]:
    """Say what it means for backups where the server doesn't let the administrator grant BYPASSRLS.

    Only a superuser may on 15, and from 16 on whoever has the attribute; see the PostgreSQL manual, "CREATE ROLE".
    """
    row = site.cluster.roles.get(site.names(_BACKUP))
    if _may_bypass(site) or (row is not None and row.bypassrls):
        return []
    name = site.sql.shown(site.names(_BACKUP))
    what = (
        f"{name} is without BYPASSRLS: pg_dump needs --enable-row-security, and the dump is complete all the same, "
        f"because {name} is a member of {site.names('app_all')}"
    )
    who = "a superuser; nobody on a managed service that has none"
    return [Finding("note", what, who, f"alter role {name} bypassrls")]


def comment_steps(site: Site, name: str, comment: str) -> Iterator[Step]:
    """Yield the comment on a role, where it has another or none."""
    row = site.cluster.roles.get(name)
    if row is None or row.comment != comment:
        yield Step("comment", f"comment on role {site.sql.name(name)} is {site.sql.text(comment)}")


def membership_steps(site: Site, name: str, member_of: tuple[str, ...]) -> Iterator[Step]:
    """Yield the memberships that are missing."""
    for role in site.missing_memberships(name, member_of):
        yield Step(f"member of {role}", site.grant_membership(role, name))


def _role_change(role: Role, site: Site) -> Change:
    name = site.names(role.name)
    row = site.cluster.roles.get(name)
    first = _creation(name, site) if row is None else _attributes(row, site)
    steps = [
        *first,
        *_bypass(role, row, site),
        *membership_steps(site, name, role.member_of),
        *comment_steps(site, name, role.comment),
    ]
    change = change_of(f"role {name}", steps)
    return change if row else Change(change.label, True, (), change.statements)


def _creation(name: str, site: Site) -> list[Step]:
    statement = f"create role {site.sql.name(name)} nologin inherit nosuperuser nocreatedb nocreaterole noreplication"
    return [Step("created", statement)]


def _attributes(row: RoleRow, site: Site) -> list[Step]:
    wrong = {
        "nologin": row.login,
        "inherit": not row.inherit,
        "nocreatedb": row.createdb,
        "nocreaterole": row.createrole,
    }
    words = " ".join(word for word, is_wrong in wrong.items() if is_wrong)
    return [Step(words, f"alter role {site.sql.name(row.name)} {words}")] if words else []


def _bypass(role: Role, row: RoleRow | None, site: Site) -> list[Step]:
    if role.name != _BACKUP or not _may_bypass(site) or (row is not None and row.bypassrls):
        return []
    return [Step("bypassrls", f"alter role {site.sql.name(site.names(role.name))} bypassrls")]


def _may_bypass(site: Site) -> bool:
    administrator = site.administrator
    return administrator.superuser or (site.cluster.has_membership_options and administrator.bypassrls)
