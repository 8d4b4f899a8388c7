"""Extensions that revisions require and that app_owner can't make, because they are not trusted."""

from __future__ import annotations

from sqlalchemy import Connection, text

from .report import Finding
from .site import Site

_REQUIRED = {
    "vector": "the service learning searches with it",
    "pg_stat_statements": "it tells which statements are slow, and must be in shared_preload_libraries too",
}
_STATE = text("""
    select name, bool_or(installed), bool_and(superuser and not trusted)
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


def _unavailable(name: str, purpose: str, site: Site) -> Finding:
    package = "contrib" if name == "pg_stat_statements" else "pgvector"
    what = f"the server does not have the extension {name} ({purpose})"
    who = "who installs software on the server's machine; or the provider, where it is a managed service"
    return Finding("note", what, who, f"apt install postgresql-{site.cluster.version // 10000}-{package}")


def _not_made(name: str, purpose: str, site: Site) -> Finding:
    owner = site.sql.shown(site.names("app_owner"))
    what = f"the extension {name} is not made yet in {site.database} ({purpose}), and it is no trusted one"
    schema = f"create schema if not exists extensions authorization {owner}"
    command = f"{schema}; create extension if not exists {name} schema extensions"
    return Finding("note", what, f"a superuser or the managed service's administrator, in {site.database}", command)
