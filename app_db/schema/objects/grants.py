"""What roles may do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from .base import SchemaObject, roles_in


@dataclass(frozen=True, kw_only=True)
class Grant(SchemaObject):
    """What one role may do to one thing: `select`, `update (name)`; `on` is as in GRANT, e.g. `schema shop`."""

    kind = "grant"

    on: str
    role: str
    privileges: tuple[str, ...]

    @property
    def identity(self) -> tuple[str, ...]:
        return (self.on, self.role)

    @property
    def table(self) -> str | None:
        return None if " " in self.on else self.on

    def create(self) -> list[str]:
        return [f"grant {', '.join(self.privileges)} on {self.on} to {roles_in([self.role])}"]

    def drop(self) -> list[str]:
        return [f"revoke {', '.join(self.privileges)} on {self.on} from {roles_in([self.role])}"]

    def change_from(self, old: Self) -> list[str]:
        gone = tuple(privilege for privilege in old.privileges if privilege not in self.privileges)
        new = tuple(privilege for privilege in self.privileges if privilege not in old.privileges)
        statements = replace(old, privileges=gone).drop() if gone else []
        return [*statements, *(replace(self, privileges=new).create() if new else [])]
