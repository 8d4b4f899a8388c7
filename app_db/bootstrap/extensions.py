"""Extensions that revisions require and only a superuser or the provider can make, because they are not trusted."""

from __future__ import annotations

from sqlalchemy import Connection, text

from .change import Change, run_changes
from .report import Finding
from .site import Site

_REQUIRED = {
    "vector": "the service learning searches with it",
    "pg_stat_statements": "it tells which statements are slow, and must be in shared_preload_libraries too",
}
# What is made where the administrator is a superuser; pg_stat_statements also needs a setting of the server.
_MADE_HERE = "vector"
_STATE = text("""
    select name, bool_or(installed) as is_made, bool_and(superuser and not trusted) as is_restricted
      from pg_available_extension_versions where name = any(:names) group by name
""")


def extension_findings(connection: Connection, site: Site) -> list[Finding]:
    """Say who makes the extensions that are missing in the database connected to.

    A trusted extension needs nobody: app_owner makes it in a revision. See the PostgreSQL manual, "CREATE EXTENSION".
    """
    rows = connection.execute(_STATE, {"names": list(_REQUIRED)})
    state = {name: (installed, restricted) for name, installed, restricted in rows}
    findings = []
    for name, purpose in _REQUIRED.items():
        installed, restricted = state.get(name, (False, None))
        if restricted is None:
            findings.append(_unavailable(name, purpose, site))
        elif restricted and not installed:
            findings.append(_not_made(name, purpose, site))
    return findings


def make_extensions(connection: Connection, site: Site, label: str) -> Change:
    """Make what a service requires, in the database connected to, where the administrator is a superuser."""
    row = connection.execute(_STATE, {"names": [_MADE_HERE]}).one_or_none()
    if row is None or row.is_made or not site.administrator.superuser:
        return Change(label)
    change = Change(label, False, (f"extension {_MADE_HERE}",), tuple(_statements(site, _MADE_HERE)))
    run_changes(connection, [change])
    return change


def _statements(site: Site, name: str) -> list[str]:
    owner = site.sql.shown(site.names("app_owner"))
    return [
        f"create schema if not exists extensions authorization {owner}",
        f"create extension if not exists {name} schema extensions",
    ]


def _unavailable(name: str, purpose: str, site: Site) -> Finding:
    package = "contrib" if name == "pg_stat_statements" else "pgvector"
    what = f"the server does not have the extension {name} ({purpose})"
    who = "who installs software on the server's machine; or the provider, where it is a managed service"
    return Finding("note", what, who, f"apt install postgresql-{site.cluster.version // 10000}-{package}")


def _not_made(name: str, purpose: str, site: Site) -> Finding:
    what = f"the extension {name} is not made yet in {site.database} ({purpose}), and it is no trusted one"
    who = f"a superuser or the managed service's administrator, in {site.database}"
    return Finding("note", what, who, "; ".join(_statements(site, name)))
