"""Tables as the proof sees them: columns, keys, checks, and whose rows they hold."""

from __future__ import annotations

from dataclasses import dataclass

from ...schema import Scope, ScopeKind


def quoted(name: str) -> str:
    """Return an identifier as SQL has it."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Column:
    """A column; `kind` is the name of its type without domain and length, `element` that of an array's elements.

    `length` is what its type says beside its name: of a numeric, precision and scale as the catalogue packs them.
    """

    name: str
    type: str
    kind: str
    element: str | None
    is_required: bool
    default: str | None
    is_written: bool
    labels: tuple[str, ...]
    length: int | None

    @property
    def must_be_given(self) -> bool:
        """Whether an INSERT has to name it."""
        return self.is_written and self.is_required and self.default is None


@dataclass(frozen=True, slots=True)
class Check:
    """A condition on the columns of a row; a wish is one that rows should fulfil if they can."""

    name: str
    expression: str
    columns: tuple[str, ...]
    is_wish: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A foreign key: columns here, and the columns of the target that they refer to."""

    name: str
    columns: tuple[str, ...]
    target: str
    referred: tuple[str, ...]
    sql: str
    is_deferrable: bool


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique index or exclusion constraint on plain columns; `where` is the predicate of a partial one."""

    name: str
    columns: tuple[str, ...]
    where: str | None
    is_primary: bool
    is_exclusion: bool
    definition: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table (or a partitioned one, with the names of its partitions) and its scope."""

    name: str
    sql: str
    oid: int
    columns: dict[str, Column]
    checks: tuple[Check, ...]
    foreign_keys: tuple[ForeignKey, ...]
    uniques: tuple[Unique, ...]
    partitions: tuple[str, ...]
    scope: Scope

    @property
    def schema(self) -> str:
        """The schema that it stands in."""
        return self.name.split(".", maxsplit=1)[0]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns by which a row is found: the primary key, or all that are not generated."""
        for unique in self.uniques:
            if unique.is_primary:
                return unique.columns
        return tuple(name for name, column in self.columns.items() if column.is_written)

    @property
    def owners(self) -> tuple[str, ...]:
        """The columns that say whose a row is."""
        return tuple(name for name in (self.scope.tenant_column, self.scope.user_column) if name is not None)

    @property
    def is_keyed_by_tenant(self) -> bool:
        """Whether its key begins with the tenant, as that of every table of tenants' rows but the tenants' own."""
        return len(self.key) > 1 and self.key[0] == self.scope.tenant_column

    @property
    def is_proved(self) -> bool:
        """Whether there is anybody from whom its rows are to be kept."""
        return self.scope.kind is not ScopeKind.SHARED
