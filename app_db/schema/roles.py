"""The roles of a database: who sees which rows, who may do what to which table, who logs in.

Visibility roles say which rows and policies name only them; service roles say which tables and verbs and grants name
only them; logins combine one of each. Roles belong to the cluster, so `app-db bootstrap` makes them and no revision.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from ..settings import LoginUrl


@dataclass(frozen=True, slots=True)
class Role:
    """A role that can't log in; `member_of` are the roles whose rights it has, `comment` what it is for."""

    name: str
    comment: str
    member_of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Login:
    """A role that logs in, and the setting that holds its URL; `settings` apply to its sessions in the database."""

    name: str
    url: LoginUrl
    comment: str
    member_of: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)


ROLES: tuple[Role, ...] = (
    Role("app_tenant", "visibility: the current tenant's rows, of user-scoped tables only the current user's"),
    Role("app_tenant_admin", "visibility: the current tenant's rows, user-scoped ones included"),
    Role("app_all", "visibility: all rows; for owner, administrators, maintenance, backup and definers only"),
    Role("app_rw", "service: read and write on every service's tables"),
    Role("app_ro", "service: read on every service's tables"),
    Role("auth_service", "service: the verbs of schema auth"),
    Role("payments_service", "service: the verbs of schema billing"),
    Role("admin_service", "service: the verbs of schemas tenancy and ops"),
    Role("profile_service", "service: the verbs of schema profile"),
    Role("catalog_service", "service: the verbs of schema catalog"),
    Role("learning_service", "service: the verbs of schema learning"),
    Role("app_auth", "service: the narrow surface that is needed before a tenant is known"),
    Role(
        "app_definer", "owner of the search functions that see past policies and filter by tenant inside", ("app_all",)
    ),
    Role("app_secrets", "owner of schema auth_private and its functions", ("app_all",)),
    Role("app_owner", "owner of every other object; migrations act as it", ("app_all", "app_definer", "app_secrets")),
    Role("app_admin", "work across tenants, audited", ("app_all",)),
    Role("app_maint", "vacuum, analyze, partitions, clean-up", ("app_all",)),
    Role("app_backup", "reads all rows for a backup", ("app_all",)),
)

# Functions and tables are found unqualified by people at a psql prompt; the library itself always qualifies.
_SEARCH_PATH = "app, tenancy, ops, auth, profile, billing, catalog, learning, extensions"

LOGINS: tuple[Login, ...] = (
    Login("app_login", LoginUrl.APPLICATION, "the application", ("app_tenant", "app_rw")),
    Login("app_tenant_admin_login", LoginUrl.TENANT_ADMIN, "a tenant's administrator", ("app_tenant_admin", "app_rw")),
    Login("app_auth_login", LoginUrl.AUTH, "before a tenant is known", ("app_tenant", "app_auth")),
    Login("app_readonly_login", LoginUrl.READONLY, "reports", ("app_tenant", "app_ro")),
    Login("app_admin_login", LoginUrl.ADMIN, "work across tenants", ("app_admin",)),
    Login("app_migration_login", LoginUrl.MIGRATION, "migrations", ("app_owner",), {"role": "app_owner"}),
    Login("app_backup_login", LoginUrl.BACKUP, "backup", ("app_backup",), {"role": "app_backup"}),
)


def search_path() -> str:
    """Return the search path that every login gets in its database."""
    return _SEARCH_PATH


@dataclass(frozen=True, slots=True)
class RoleNames:
    """Turns the house's role names into those of this installation (`APP_DB_ROLE_PREFIX` before each)."""

    prefix: str = ""

    def __call__(self, name: str) -> str:
        """Return the installation's name of the role `name`; raises KeyError for a name that is none of ours."""
        if name not in _KNOWN:
            raise KeyError(name)
        return self.prefix + name

    def of_house(self, role: str) -> str:
        """Return the house's name of a role of this installation, and any other role's name as it is."""
        name = role.removeprefix(self.prefix)
        return name if name in _KNOWN and role == self.prefix + name else role

    def fill(self, statement: str) -> str:
        """Return a statement of a SchemaObject with the names of roles here in the place of `{role:app_rw}`."""
        return _PLACE.sub(lambda found: self._installed(found[1]), statement)

    def _installed(self, role: str) -> str:
        """Return what a role is called here; one that is none of the house's is called what it is called."""
        if role == "public":
            return role
        return self(role) if role in _KNOWN else f'"{role}"'


_PLACE = re.compile(r"\{role:([^}]+)\}")
_KNOWN = {role.name for role in ROLES} | {login.name for login in LOGINS}
