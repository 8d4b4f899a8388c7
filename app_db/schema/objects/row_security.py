"""Which rows roles see and write: policies, and whether they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from .base import SchemaObject, roles_in


@dataclass(frozen=True, kw_only=True)
class RowSecurity(SchemaObject):
    """Whether the policies of a table hold (`enabled`), and for its owner too (`forced`)."""

    kind = "row_level_security"

    on: str
    enabled: bool = False
    forced: bool = False

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.on,)

    @property
    def table(self) -> str:
        return self.on

    def create(self) -> list[str]:
        return self.change_from(RowSecurity(on=self.on))

    def drop(self) -> list[str]:
        return RowSecurity(on=self.on).change_from(self)

    def change_from(self, old: Self) -> list[str]:
        statements = []
        if self.enabled != old.enabled:
            statements.append(f"alter table {self.on} {'enable' if self.enabled else 'disable'} row level security")
        if self.forced != old.forced:
            statements.append(f"alter table {self.on} {'force' if self.forced else 'no force'} row level security")
        return statements


@dataclass(frozen=True, kw_only=True)
class Policy(SchemaObject):
    """Which rows of a table roles see (`using`) and may write (`with_check`)."""

    kind = "policy"

    name: str
    on: str
    roles: tuple[str, ...]
    using: str | None = None
    with_check: str | None = None
    command: str = "all"
    permissive: bool = True

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.on, self.name)

    @property
    def table(self) -> str:
        return self.on

    def create(self) -> list[str]:
        kind = "" if self.permissive else " as restrictive"
        command = "" if self.command == "all" else f" for {self.command}"
        return [f"create policy {self.name} on {self.on}{kind}{command} to {roles_in(self.roles)}{self._conditions()}"]

    def drop(self) -> list[str]:
        return [f"drop policy {self.name} on {self.on}"]

    def change_from(self, old: Self) -> list[str]:
        same = old.command == self.command and old.permissive == self.permissive
        keeps_conditions = (old.using is None) == (self.using is None)
        keeps_checks = (old.with_check is None) == (self.with_check is None)
        if not (same and keeps_conditions and keeps_checks):  # ALTER POLICY can't (PostgreSQL manual)
            return super().change_from(old)
        return [f"alter policy {self.name} on {self.on} to {roles_in(self.roles)}{self._conditions()}"]

    def _conditions(self) -> str:
        using = f" using ({self.using})" if self.using is not None else ""
        return using + (f" with check ({self.with_check})" if self.with_check is not None else "")
