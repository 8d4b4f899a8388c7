"""What the catalogue says, as plain data: no logic, no connection."""

from __future__ import annotations

from dataclasses import dataclass

Grants = tuple[tuple[str | None, str], ...]
"""Pairs of grantee (None for PUBLIC) and privilege in small letters; the owner's own are left out."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role of the server, and the attributes that put it above policies."""

    name: str
    superuser: bool = False
    bypassrls: bool = False
    createrole: bool = False
    replication: bool = False

    @property
    def is_exempt(self) -> bool:
        """Whether no policy holds it."""
        return self.superuser or self.bypassrls


@dataclass(frozen=True, slots=True)
class Membership:
    """`member` is in `role`: has its rights without asking (`inherit`), or may SET ROLE to it (`set_role`)."""

    member: str
    role: str
    admin: bool
    inherit: bool
    set_role: bool


@dataclass(frozen=True, slots=True)
class RoleSetting:
    """A default that ALTER ROLE or ALTER DATABASE has set; `role` is None for every role."""

    role: str | None
    in_database: bool
    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Parameter:
    """A setting that is a superuser's to change, and who may do so besides."""

    name: str
    grants: Grants


@dataclass(frozen=True, slots=True)
class Schema:
    """A schema and who may do what in it."""

    name: str
    owner: str
    grants: Grants


@dataclass(frozen=True, slots=True)
class DefaultPrivileges:
    """What tables that `owner` will make are given; `schema` is None for every schema."""

    owner: str
    schema: str | None
    grants: Grants


@dataclass(frozen=True, slots=True)
class Publication:
    """What is replicated: all tables, those of some schemas, or tables (by oid) without a row filter."""

    name: str
    all_tables: bool
    tables: tuple[int, ...]
    schemas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    type: str
    not_null: bool
    grants: Grants


@dataclass(frozen=True, slots=True)
class Table:
    """A table, view, materialized view or foreign table; `reads` are the oids that a view is made of."""

    oid: int
    schema: str
    name: str
    kind: str
    owner: str
    enabled: bool
    forced: bool
    is_partition: bool
    options: tuple[str, ...]
    parents: tuple[int, ...]
    reads: tuple[int, ...]
    grants: Grants
    columns: tuple[Column, ...]

    @property
    def full_name(self) -> str:
        """The name with its schema."""
        return f"{self.schema}.{self.name}"

    def column(self, name: str | None) -> Column | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


@dataclass(frozen=True, slots=True)
class Constraint:
    """A key; for a foreign key what it refers to, and which columns a delete sets (none: all)."""

    table: int
    name: str
    kind: str
    definition: str
    columns: tuple[str | None, ...]
    refers_to: int | None
    referred: tuple[str, ...]
    on_delete: str
    on_update: str
    set_on_delete: tuple[str, ...]
    equals: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """An index; a column that is an expression is None."""

    table: int
    schema: str
    name: str
    is_unique: bool
    method: str
    definition: str
    of_constraint: bool
    columns: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy; a role that is None is PUBLIC. `functions` are the oids of those it calls, PostgreSQL's left out."""

    table: int
    name: str
    permissive: bool
    command: str
    roles: tuple[str | None, ...]
    using: str | None
    with_check: str | None
    functions: tuple[int, ...]

    @property
    def expressions(self) -> tuple[str, ...]:
        """What it says, without what it leaves out."""
        return tuple(expression for expression in (self.using, self.with_check) if expression is not None)


@dataclass(frozen=True, slots=True)
class Trigger:
    """A trigger and the oid of its function."""

    table: int
    name: str
    function: int


@dataclass(frozen=True, slots=True)
class RewriteRule:
    """A rule made by CREATE RULE."""

    table: int
    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function or procedure; `body` is its source, or what PostgreSQL prints where it was parsed when it was made."""

    oid: int
    schema: str
    name: str
    arguments: str
    owner: str
    kind: str
    language: str
    volatility: str
    strict: bool
    definer: bool
    leakproof: bool
    returns: str
    settings: tuple[str, ...]
    body: str
    grants: Grants

    @property
    def full_name(self) -> str:
        """The name with schema and arguments, as statements name it."""
        return f"{self.schema}.{self.name}({self.arguments})"


@dataclass(frozen=True, slots=True)
class Pooler:
    """What stands between client and server: nothing (`None` mode), or a pooler and how it hands connections out.

    `mode` is `session`, `transaction` or None. `host` is where the client connected to.
    """

    mode: str | None = None
    host: str | None = None
