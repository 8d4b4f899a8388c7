"""Who tries: each login, a login of its own for each role that has none, and the contexts in which they try."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, text

from ...schema import LOGINS, ROLES, RoleNames
from .rows import Owner

OWNER = "app_owner"
# Roles whose rights come to nobody by login of ours: one is made for the proof. Definers act for functions.
_WITHOUT_LOGIN = tuple(
    role.name
    for role in ROLES
    if role.name.endswith("_service") or role.name in {"app_maint", "app_definer", "app_secrets"}
)
_MEMBERS = {
    **{role.name: role.member_of for role in ROLES},
    **{login.name: login.member_of for login in LOGINS},
}


@dataclass(frozen=True, slots=True)
class Actor:
    """A login: its name on the server, and the house's roles whose rights it is declared to have."""

    name: str
    login: str
    roles: frozenset[str]

    @property
    def sees_all(self) -> bool:
        """Whether it is declared to see every row of every tenant."""
        return "app_all" in self.roles

    @property
    def is_administrator(self) -> bool:
        """Whether it sees the rows of everybody in its tenant."""
        return "app_tenant_admin" in self.roles


@dataclass(frozen=True, slots=True)
class Context:
    """What a transaction is bound to; None where the setting was never made on its connection."""

    name: str
    tenant: str | None
    person: str | None


def contexts(own: Owner, colleague: Owner, traveller: Owner) -> tuple[Context, ...]:
    """Return the contexts; one person is at home in the other tenant, and here without a row."""
    return (
        Context("own", own.tenant, own.person),
        Context("other person", colleague.tenant, colleague.person),
        Context("person of both tenants", traveller.tenant, traveller.person),
        Context("tenant alone", own.tenant, ""),
        Context("empty", "", ""),
    )


NO_CONTEXT = Context("none", None, None)


def declared_roles(name: str) -> frozenset[str]:
    """Return the role and all that it is declared a member of."""
    found, waiting = {name}, [name]
    while waiting:
        for role in _MEMBERS.get(waiting.pop(), ()):
            if role not in found:
                found.add(role)
                waiting.append(role)
    return frozenset(found)


def actors(names: RoleNames) -> list[Actor]:
    """Return everybody but the owner: all logins, and those that `make_logins` makes."""
    ours = [Actor(login.name, names(login.name), declared_roles(login.name)) for login in LOGINS
            if OWNER not in login.member_of]  # fmt: skip
    return [*ours, *(_made(role, names) for role in _WITHOUT_LOGIN)]


def _made(role: str, names: RoleNames) -> Actor:
    roles = declared_roles(role)
    if "app_all" not in roles:
        roles |= {"app_tenant"}
    return Actor(f"{role} and app_tenant" if "app_tenant" in roles else role, _login_name(role, names), roles)


def _login_name(role: str, names: RoleNames) -> str:
    return f"{names.prefix}prove_{role}"


_FACTS = text("""
select rolsuper, current_setting('server_version_num')::integer from pg_roles where rolname = current_user
""")


def stranger(names: RoleNames) -> str:
    """Return the role that owns a table for a moment, and is a member of nothing."""
    return _login_name("owner", names)


def admit(connection: Connection, names: RoleNames) -> None:
    """Let an administrator who is no superuser act as the owner and as every login; those are roles that he made.

    Outside of any transaction that is rolled back, as he can't connect to the database without it.
    """
    is_superuser, _ = connection.execute(_FACTS).one()
    for role in () if is_superuser else (OWNER, *(login.name for login in LOGINS)):
        connection.exec_driver_sql(f"grant {names(role)} to current_user")


def make_logins(connection: Connection, names: RoleNames) -> None:
    """Make a login for each role without one, and the stranger, in the transaction of the connection.

    The administrator is a superuser, or has made the roles.
    """
    for statement in _statements(connection, names):
        connection.exec_driver_sql(statement)


def _statements(connection: Connection, names: RoleNames) -> Iterator[str]:
    is_superuser, _ = connection.execute(_FACTS).one()
    made = {_login_name(role, names): role for role in _WITHOUT_LOGIN}
    for login, role in made.items():
        groups = sorted(declared_roles(role) & {"app_tenant", "app_all"} | {role})
        if "app_all" not in groups:
            groups = sorted({"app_tenant", *groups})
        yield f"create role {login} nologin in role {', '.join(map(names, groups))}"
    yield f"create role {stranger(names)} nologin"
    yield f"grant {stranger(names)} to {names(OWNER)}"
    for role in () if is_superuser else (*made, stranger(names)):
        yield f"grant {role} to current_user"
