"""Whose rows a table holds: a tenant's, a person's in a tenant or beside all, everybody's, the system's own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Table

_KEY = "app_db_scope"


class ScopeKind(StrEnum):
    """The kinds of table.

    USER is a person's within a tenant; PERSON is a person's of no tenant, such as a login. SYSTEM is for our own
    bookkeeping, of which an application's session sees nothing.
    """

    TENANT = "tenant"
    USER = "user"
    PERSON = "person"
    SHARED = "shared"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Scope:
    """The kind of a table and the columns that carry it (None where there is none)."""

    kind: ScopeKind
    tenant_column: str | None = None
    user_column: str | None = None

    def attach_to(self, table: Table) -> None:
        """Note on the table whose rows it holds."""
        table.info[_KEY] = self


def scope_of(table: Any) -> Scope | None:
    """Return the scope noted on a table, or None for a table that is not ours or is not mapped."""
    scope: Scope | None = getattr(table, "info", {}).get(_KEY)
    return scope
