"""Roles and the database itself, which no revision makes: what bootstrap leaves is what is expected."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from ..bootstrap.cluster import Cluster, RoleRow, read_cluster
from ..bootstrap.database import CONNECT, TEMPORARY
from ..reflection import Catalogue, Thing
from ..schema import LOGINS, ROLES, RoleNames
from ..schema.roles import search_path

# Whoever is a member of one of these sees every row, or changes what keeps rows apart.
_GUARDED = ("app_all", "app_owner", "app_definer", "app_secrets")
_HOUSE = [*(role.name for role in ROLES), *(login.name for login in LOGINS)]
_OWNER = "app_owner"
_BACKUP = "app_backup"  # has BYPASSRLS where the server lets it, and needs it nowhere


def expected_roles() -> Catalogue:
    """Return the roles, the logins and the privileges on the database, as bootstrap makes them."""
    roles = {
        Thing("role", role.name): _attributes([], list(role.member_of), {}, outsiders=[])
        for role in ROLES
    }  # fmt: skip
    logins = {
        Thing("role", login.name): _attributes(
            ["login"], list(login.member_of), {"search_path": search_path(), **login.settings}, outsiders=[]
        )
        for login in LOGINS
    }
    connecting = [f"{role}: connect" for role in CONNECT if role != _OWNER]
    grants = sorted([*connecting, *(f"{role}: temporary" for role in TEMPORARY)])
    return {**roles, **logins, Thing("database", "current"): {"owner": _OWNER, "grants": grants}}


def reflect_roles(connection: Connection, names: RoleNames) -> Catalogue:
    """Return the same as it is on the server; a role that is missing is left out."""
    database = connection.exec_driver_sql("select current_database()").scalar_one()
    cluster = read_cluster(connection, database)
    found = {
        Thing("role", name): _found(cluster.roles[names(name)], cluster, names)
        for name in _HOUSE
        if names(name) in cluster.roles
    }
    return {**found, Thing("database", "current"): _database(cluster, names)}


def _found(row: RoleRow, cluster: Cluster, names: RoleNames) -> dict[str, Any]:
    house = names.of_house(row.name)
    flags = {
        "login": row.login, "superuser": row.superuser, "createdb": row.createdb, "createrole": row.createrole,
        "replication": row.replication, "bypassrls": row.bypassrls and house != _BACKUP, "noinherit": not row.inherit,
    }  # fmt: skip
    effective = [edge for edge in cluster.edges if edge.inherit or edge.set_role]
    member_of = [names.of_house(edge.role) for edge in effective if edge.member == row.name]
    members = [names.of_house(edge.member) for edge in effective if edge.role == row.name]
    outsiders = [name for name in members if name not in _HOUSE] if house in _GUARDED else []
    stored = cluster.database.settings.get(row.name, {}) if cluster.database else {}
    settings = {key: names.of_house(value) if key == "role" else value for key, value in stored.items()}
    return _attributes([flag for flag, is_set in flags.items() if is_set], member_of, settings, outsiders=outsiders)


def _attributes(
    attributes: list[str], member_of: list[str], settings: dict[str, str], *, outsiders: list[str]
) -> dict[str, Any]:
    found = {
        "attributes": sorted(attributes),
        "member_of": sorted(set(member_of)),
        "settings": sorted(f"{key}={value}" for key, value in settings.items()),
        "members that are not ours": sorted(set(outsiders)),
    }
    return {key: value for key, value in found.items() if value}


def _database(cluster: Cluster, names: RoleNames) -> dict[str, Any]:
    database = cluster.database
    if database is None:  # connected to it, so it is there
        return {}
    owner = database.owner
    grants = sorted(f"{names.of_house(who)}: {what}" for who, what in database.privileges if who != owner)
    return {"owner": names.of_house(owner), "grants": grants}
