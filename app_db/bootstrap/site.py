"""An installation on a server: its names, its quoting, and what the server holds already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..schema.roles import LOGINS, ROLES, Login, Role, RoleNames
from .cluster import Cluster, RoleRow
from .names import Quoting

HOUSE: tuple[Role | Login, ...] = (*ROLES, *LOGINS)


@dataclass(frozen=True, slots=True)
class Site:
    """Where a run works: the installation's names, and the server as last read."""

    database: str
    names: RoleNames
    sql: Quoting
    cluster: Cluster

    @property
    def administrator(self) -> RoleRow:
        """The role that runs this."""
        return self.cluster.administrator

    def house_roles(self) -> list[RoleRow]:
        """Return those of our roles and logins that exist."""
        names = [self.names(entry.name) for entry in HOUSE]
        return [self.cluster.roles[name] for name in names if name in self.cluster.roles]

    def is_untouchable(self, name: str) -> bool:
        """Tell whether only a superuser may alter or grant this role; the checks report it, and it is left alone."""
        row = self.cluster.roles.get(name)
        beyond = row is not None and (row.superuser or row.replication)
        return beyond and not self.administrator.superuser

    def missing_memberships(self, member: str, member_of: Sequence[str]) -> list[str]:
        """Return the installation's names of the roles that `member` should be in and isn't."""
        wanted = [self.names(role) for role in member_of]
        return [
            role for role in wanted if not self.cluster.is_member(member, role) and not self.is_untouchable(role)
        ]  # fmt: skip

    def grant_membership(self, role: str, member: str) -> str:
        """Return the statement that gives `member` the rights of `role`, and SET ROLE to it."""
        # without the options, a grant that exists on 16 and later would keep those it has
        options = " with inherit true, set true" if self.cluster.has_membership_options else ""
        return f"grant {self.sql.name(role)} to {self.sql.name(member)}{options}"
