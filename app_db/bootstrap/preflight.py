"""What must be so before anything is changed; all that isn't is named at once."""

from __future__ import annotations

from collections.abc import Iterator

from ..errors import BootstrapError
from .report import Finding
from .site import Site

_OLDEST = 150000
_SUPERUSER = "a superuser"


def check_before(site: Site) -> None:
    """Raise BootstrapError where the administrator can't do the whole of it: why, who can mend it, what to type."""
    findings = [
        *_server(site),
        *_attributes(site),
        *_administered(site),
        *_encoding(site),
    ]
    if findings:
        lines = "\n".join(f"- {finding}" for finding in findings)
        raise BootstrapError(f"nothing was changed, because this can't be done as {site.administrator.name}:\n{lines}")


def _server(site: Site) -> Iterator[Finding]:
    if site.cluster.version < _OLDEST:
        major = site.cluster.version // 10000
        yield Finding("error", f"the server is PostgreSQL {major}, and 15 is the oldest", "who runs it", "pg_upgrade")
    if site.cluster.is_standby:
        yield Finding(
            "error", "the server is a standby, which can't be written to", "you", "--admin-url of its primary"
        )


def _attributes(site: Site) -> Iterator[Finding]:
    administrator = site.administrator
    name = site.sql.shown(administrator.name)
    if administrator.superuser:
        return
    if not administrator.createrole:
        yield Finding("error", f"{name} lacks CREATEROLE", _SUPERUSER, f"alter role {name} createrole")
    if not administrator.createdb and site.cluster.database is None:
        yield Finding("error", f"{name} lacks CREATEDB", _SUPERUSER, f"alter role {name} createdb")


def _administered(site: Site) -> Iterator[Finding]:
    """From 16 on CREATEROLE extends to roles held with ADMIN OPTION; see the PostgreSQL manual, "CREATE ROLE"."""
    if not site.cluster.has_membership_options:
        return
    lacking = [row.name for row in site.house_roles() if not row.administered]
    if not lacking:
        return
    firsts = {edge.member for edge in site.cluster.edges if edge.role in lacking and edge.admin}
    name = site.sql.shown(site.administrator.name)
    what = f"{name} lacks ADMIN OPTION on {', '.join(lacking)}, which another administrator made"
    who = " or ".join([*sorted(firsts), _SUPERUSER])
    # without these two options the second administrator would see every row from then on
    options = "with admin option, inherit false, set false"
    yield Finding("error", what, who, f"grant {', '.join(map(site.sql.shown, lacking))} to {name} {options}")


def _encoding(site: Site) -> Iterator[Finding]:
    template = site.cluster.template
    if site.cluster.database is not None or template is None:
        return
    if template.encoding != "UTF8" and template.ctype not in {"C", "POSIX"}:
        database, owner = site.sql.shown(site.database), site.sql.shown(site.names("app_owner"))
        what = f"the server's locale {template.ctype} goes with {template.encoding} and not with UTF8"
        yield Finding(
            "error", what, _SUPERUSER,
            f"create role {owner}; create database {database} owner {owner} encoding 'UTF8' locale 'C.UTF-8' "
            f"template template0; grant {owner} to {site.sql.shown(site.administrator.name)} with admin option",
        )  # fmt: skip
