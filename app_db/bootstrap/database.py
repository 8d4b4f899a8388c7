"""The database: owned by app_owner, closed to PUBLIC, open to the roles of the house."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import Connection, text

from .change import Change, Step, change_of, run_statement
from .report import Finding
from .site import Site

CONNECT = ("app_tenant", "app_tenant_admin", "app_all", "app_owner")
TEMPORARY = ("app_tenant", "app_tenant_admin", "app_all")
_COMMENT = "application database, owned by the role that migrations act as; its roles were made by app-db bootstrap"

_PUBLIC_MAY_CREATE = text("""
    select exists (
        select from pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) acl
         where n.nspname = 'public' and acl.grantee = 0 and acl.privilege_type = 'CREATE')
""")
_SCHEMA_OWNER = text("select pg_get_userbyid(nspowner) from pg_namespace where nspname = 'public'")


def database_label(site: Site) -> str:
    """Return how the report names the database."""
    return f"database {site.database}"


def creation(site: Site) -> Change:
    """Return the creation of the database, with the locale of the server, or nothing where it exists."""
    if site.cluster.database is not None:
        return Change(database_label(site))
    owner = site.sql.name(site.names("app_owner"))
    # template0 alone allows another encoding than the server's; see the PostgreSQL manual, "Template Databases"
    statement = f"create database {site.sql.name(site.database)} owner {owner} encoding 'UTF8' template template0"
    return Change(database_label(site), True, (), (statement,))


def database_change(site: Site) -> Change:
    """Return what the privileges and the comment of the database need."""
    return change_of(database_label(site), _steps(site))


def owner_findings(site: Site) -> list[Finding]:
    """Report a database that belongs to somebody else: its owner could grant himself anything in it."""
    database = site.cluster.database
    owner = site.names("app_owner")
    if database is None or database.owner == owner:
        return []
    what = f"database {site.database} belongs to {database.owner} and not to {owner}, so nothing was done to it"
    change = f"alter database {site.sql.shown(site.database)} owner to {site.sql.shown(owner)}"
    who = f"a superuser, or {database.owner} if it has CREATEDB and is a member of {owner} for as long as that takes"
    return [Finding("error", what, who, f"{change}; then run this again")]


def encoding_findings(site: Site) -> list[Finding]:
    """Report a database that exists in another encoding than UTF-8."""
    database = site.cluster.database
    if database is None or database.encoding == "UTF8":
        return []
    what = f"database {site.database} has the encoding {database.encoding}, which can't hold every text"
    return [Finding("error", what, "its owner, with pg_dump", f"createdb --encoding=UTF8 --template=template0 {_NEW}")]


def close_public_schema(connection: Connection, site: Site) -> tuple[Change, list[Finding]]:
    """Take CREATE on schema public from PUBLIC in the database connected to, where it is still granted.

    New databases of 15 and later do not grant it; one that came through pg_upgrade may. See the PostgreSQL manual,
    "Usage Patterns" of schemas.
    """
    if not connection.scalar(_PUBLIC_MAY_CREATE):
        return Change(database_label(site)), []
    statement = "revoke create on schema public from public"
    run_statement(connection, database_label(site), statement)
    # a revoke by somebody who did not grant is a warning and changes nothing
    if connection.scalar(_PUBLIC_MAY_CREATE):
        owner = connection.scalar(_SCHEMA_OWNER)
        what = f"everybody may create tables in schema public of {site.database}"
        return Change(database_label(site)), [Finding("error", what, f"{owner} or a superuser", statement)]
    return Change(database_label(site), False, ("schema public closed",), (statement,)), []


_NEW = "<new name>"


def _steps(site: Site) -> Iterator[Step]:
    database = site.cluster.database
    held = database.privileges if database else frozenset()
    name = site.sql.name(site.database)
    if any(grantee == "public" for grantee, _ in held):
        yield Step("closed to public", f"revoke all on database {name} from public")
    for role in map(site.names, CONNECT):
        privileges = ["connect", *(["temporary"] if role in map(site.names, TEMPORARY) else [])]
        if any((role, privilege) not in held for privilege in privileges):
            granted = ", ".join(privileges)
            yield Step(f"{granted} to {role}", f"grant {granted} on database {name} to {site.sql.name(role)}")
    if database is None or database.comment is None:
        yield Step("comment", f"comment on database {name} is {site.sql.text(_COMMENT)}")
