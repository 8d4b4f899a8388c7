"""What the server's catalogue says about roles, memberships and the database, read in one go."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, text

# From 16 on a membership has options of its own, and CREATEROLE is limited to roles held with ADMIN OPTION; see the
# PostgreSQL manual, release notes of 16, and "Role Membership".
MEMBERSHIP_OPTIONS_SINCE = 160000

_FACTS = text("""
    select current_setting('server_version_num')::int as version, current_user as administrator,
           pg_is_in_recovery() as is_standby
""")
_ROLES = text("""
    select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
           shobj_description(oid, 'pg_authid') as comment,
           pg_has_role(current_user, oid, 'member with admin option') as administered
      from pg_roles
""")
_EDGES = text("""
    select role.rolname, member.rolname, grantor.rolname, m.admin_option,
           coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, true),
           coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)
      from pg_auth_members m
      join pg_roles role on role.oid = m.roleid
      join pg_roles member on member.oid = m.member
      left join pg_roles grantor on grantor.oid = m.grantor
     order by 1, 2, 3
""")
_DATABASE = text("""
    select oid, pg_get_userbyid(datdba) as owner, pg_encoding_to_char(encoding) as encoding, datctype as ctype,
           shobj_description(oid, 'pg_database') as comment
      from pg_database where datname = :database
""")
_PRIVILEGES = text("""
    select coalesce(role.rolname, 'public'), lower(acl.privilege_type)
      from pg_database d
     cross join aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) acl
      left join pg_roles role on role.oid = acl.grantee
     where d.datname = :database
""")
_SETTINGS = text("""
    select role.rolname, s.setconfig
      from pg_db_role_setting s
      join pg_roles role on role.oid = s.setrole
      join pg_database d on d.oid = s.setdatabase
     where d.datname = :database
""")


@dataclass(frozen=True, slots=True)
class RoleRow:
    """A role of the server; `administered` where the administrator holds it with ADMIN OPTION."""

    name: str
    superuser: bool
    inherit: bool
    createrole: bool
    createdb: bool
    login: bool
    replication: bool
    bypassrls: bool
    comment: str | None
    administered: bool


@dataclass(frozen=True, slots=True)
class Edge:
    """A membership: `member` is in `role`, by a grant of `grantor`."""

    role: str
    member: str
    grantor: str | None
    admin: bool
    inherit: bool
    set_role: bool


@dataclass(frozen=True, slots=True)
class DatabaseRow:
    """A database: who owns it, who may what, and the settings of logins in it."""

    owner: str
    encoding: str
    ctype: str | None
    comment: str | None
    privileges: frozenset[tuple[str, str]]
    settings: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Cluster:
    """The server as the administrator found it; `database` is None where it does not exist yet."""

    version: int
    is_standby: bool
    administrator: RoleRow
    roles: dict[str, RoleRow]
    edges: tuple[Edge, ...]
    template: DatabaseRow | None
    database: DatabaseRow | None

    @property
    def has_membership_options(self) -> bool:
        """Whether memberships have options of their own (16 and later)."""
        return self.version >= MEMBERSHIP_OPTIONS_SINCE

    def is_member(self, member: str, role: str) -> bool:
        """Tell whether `member` has the rights of `role` directly, and may SET ROLE to it."""
        found = [edge for edge in self.edges if edge.member == member and edge.role == role]
        return any(edge.inherit for edge in found) and any(edge.set_role for edge in found)

    def reach(self, starts: Iterable[str]) -> set[str]:
        """Return the roles given and all that they are members of, however far."""
        reached: set[str] = set()
        waiting = list(starts)
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting.extend(edge.role for edge in self.edges if edge.member == name)
        return reached


def read_cluster(connection: Connection, database: str) -> Cluster:
    """Read the catalogue; every login may read all of it."""
    facts = connection.execute(_FACTS).one()
    roles = {row.rolname: RoleRow(*row) for row in connection.execute(_ROLES)}
    return Cluster(
        version=facts.version,
        is_standby=facts.is_standby,
        administrator=roles[facts.administrator],
        roles=roles,
        edges=tuple(Edge(*row) for row in connection.execute(_EDGES)),
        template=_read_database(connection, "template0"),
        database=_read_database(connection, database),
    )


def _read_database(connection: Connection, name: str) -> DatabaseRow | None:
    row = connection.execute(_DATABASE, {"database": name}).one_or_none()
    if row is None:
        return None
    privileges = connection.execute(_PRIVILEGES, {"database": name})
    settings = connection.execute(_SETTINGS, {"database": name})
    return DatabaseRow(
        owner=row.owner,
        encoding=row.encoding,
        ctype=row.ctype,
        comment=row.comment,
        privileges=frozenset((grantee, privilege) for grantee, privilege in privileges),
        settings={login: dict(entry.split("=", 1) for entry in entries) for login, entries in settings},
    )
