"""Reads the facts: five queries, whatever the number of tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy import Connection, text

from .queries import FUNCTIONS, KEYS, POLICIES, SURROUNDINGS, TABLES
from .rows import (
    Column,
    Constraint,
    DefaultPrivileges,
    Function,
    Grants,
    Index,
    Membership,
    Parameter,
    Policy,
    Pooler,
    Publication,
    RewriteRule,
    Role,
    RoleSetting,
    Schema,
    Table,
    Trigger,
)

T = TypeVar("T")


@dataclass(frozen=True)
class Facts:
    """Everything that the rules look at.

    `bound` are the context settings as the transaction found them. `is_ours` where revisions of this library have been
    applied.
    """

    version: int
    database: str
    login: str
    is_ours: bool
    backend_pid: int
    search_path: str
    bound: Mapping[str, str | None]
    roles: tuple[Role, ...]
    memberships: tuple[Membership, ...]
    settings: tuple[RoleSetting, ...]
    parameters: tuple[Parameter, ...]
    schemas: tuple[Schema, ...]
    default_privileges: tuple[DefaultPrivileges, ...]
    publications: tuple[Publication, ...]
    tables: tuple[Table, ...]
    constraints: tuple[Constraint, ...]
    indexes: tuple[Index, ...]
    policies: tuple[Policy, ...]
    triggers: tuple[Trigger, ...]
    rules: tuple[RewriteRule, ...]
    functions: tuple[Function, ...]
    pooler: Pooler = field(default=Pooler())

    @cached_property
    def table_by_oid(self) -> dict[int, Table]:
        """The tables by oid."""
        return {table.oid: table for table in self.tables}

    @cached_property
    def function_by_oid(self) -> dict[int, Function]:
        """The functions by oid."""
        return {function.oid: function for function in self.functions}

    @cached_property
    def role_by_name(self) -> dict[str, Role]:
        """The roles by name."""
        return {role.name: role for role in self.roles}


def read_facts(
    connection: Connection, schemas: Iterable[str] | None, context_settings: Iterable[str], pooler: Pooler | None = None
) -> Facts:
    """Return the facts about these schemas; without any, about all that are neither the system's nor an extension's.

    Executes five SELECTs in the transaction of the connection, and takes no lock above ACCESS SHARE. For the rest of
    that transaction its search path is `pg_catalog`.
    """
    wanted = None if schemas is None else sorted(schemas)
    asked = {"settings": sorted(context_settings), "schemas": wanted}
    around = connection.execute(text(SURROUNDINGS), asked).scalar_one()
    tables, keys, policies, functions = (
        connection.execute(text(query), {"schemas": wanted}).scalar_one()
        for query in (TABLES, KEYS, POLICIES, FUNCTIONS)
    )
    return Facts(
        version=around["version"],
        database=around["database"],
        login=around["login"],
        is_ours=around["is_ours"],
        backend_pid=around["backend_pid"],
        search_path=around["search_path"],
        bound=around["bound"] or {},
        roles=_rows(Role, around["roles"]),
        memberships=_rows(Membership, around["memberships"]),
        settings=_rows(RoleSetting, around["settings"]),
        parameters=_rows(Parameter, around["parameters"]),
        schemas=_rows(Schema, around["schemas"]),
        default_privileges=_rows(DefaultPrivileges, around["default_privileges"]),
        publications=_rows(Publication, around["publications"]),
        tables=_rows(Table, tables),
        constraints=_rows(Constraint, keys["constraints"]),
        indexes=_rows(Index, keys["indexes"]),
        policies=_rows(Policy, policies["policies"]),
        triggers=_rows(Trigger, policies["triggers"]),
        rules=_rows(RewriteRule, policies["rules"]),
        functions=_rows(Function, functions),
        pooler=pooler or Pooler(),
    )


def _rows(kind: type[T], rows: Sequence[Mapping[str, Any]]) -> tuple[T, ...]:
    names = [found.name for found in fields(kind)]  # type: ignore[arg-type]
    return tuple(kind(**{name: _value(name, row[name]) for name in names}) for row in rows)


def _value(name: str, value: Any) -> Any:
    if name == "grants":
        return _grants(value)
    if name == "columns" and value and isinstance(value[0], dict):
        return _rows(Column, value)
    return tuple(value) if isinstance(value, list) else value


def _grants(pairs: Iterable[Sequence[str | None]]) -> Grants:
    return tuple((grantee, str(privilege)) for grantee, privilege in pairs)
