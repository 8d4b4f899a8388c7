"""Tables with row security, the keys of their indexes, and the operators that these are searched by, as plain data."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import RowMapping
from sqlalchemy.dialects import postgresql

VECTORS = ("hnsw", "ivfflat")
# The search of an operator for an example; any other one comes after these.
_USUAL = ("@>", "&&", "@@", "%", "=")
_quoted = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of an index: its sign, its schema, the type on its right, and whether its function is leakproof.

    `category` is the kind of that type (pg_type.typcategory), `commutator` the sign with the two sides changed.
    """

    sign: str
    schema: str
    right: str
    purpose: str
    strategy: int
    is_leakproof: bool
    category: str = ""
    commutator: str | None = None

    @property
    def written(self) -> str:
        """The operator as it is found whatever the search path is."""
        return self.sign if self.schema == "pg_catalog" else f"operator({self.schema}.{self.sign})"


@dataclass(frozen=True, slots=True)
class Key:
    """A column or an expression of an index, with what the index compares it by.

    `leading` and `trailing` are the keys before and behind it, `predicate` the condition of a partial index, and
    `is_null_once` says that a unique one takes one NULL only.
    """

    schema: str
    table: str
    index: str
    position: int
    method: str
    column: str | None
    expression: str
    columns: tuple[str, ...]
    type: str
    base_type: str
    type_kind: str
    scale: int | None
    labels: tuple[str, ...]
    default: str | None
    opclass: str
    leaky_functions: bool
    leading: tuple[str, ...]
    operators: tuple[Operator, ...]
    trailing: tuple[str, ...] = ()
    predicate: str | None = None
    is_unique: bool = False
    is_null_once: bool = False

    @property
    def relation(self) -> str:
        """The table, with its schema."""
        return f"{self.schema}.{self.table}"

    @property
    def is_vectors(self) -> bool:
        """Whether the index finds nearest neighbours only, and those of all tenants."""
        return self.method in VECTORS

    @property
    def is_leaky(self) -> bool:
        """Whether the conditions that it is there for can't be an index's below a policy."""
        return self.leaky_functions or (self.sample is not None and not self.sample.is_leakproof)

    @property
    def sample(self) -> Operator | None:
        """The operator that an example of a condition is made with."""
        purpose = "o" if self.is_vectors else "s"
        found = sorted((one for one in self.operators if one.purpose == purpose), key=self._likeness)
        usual = sorted((one for one in found if one.sign in _USUAL), key=lambda one: _USUAL.index(one.sign))
        return next(iter([*usual, *found]), None)

    def _likeness(self, operator: Operator) -> tuple[bool, int]:
        """Sort operators of the key's own type to the front."""
        return operator.right != self.type, operator.strategy

    def operator_in(self, condition: str) -> Operator | None:
        """Return which of its operators a condition has, the longest sign first; the sample's where it has none."""
        found = sorted(self.operators, key=lambda one: (-len(one.sign), *self._likeness(one)))
        return next((one for one in found if f" {one.sign} " in condition or f".{one.sign})" in condition), self.sample)


@dataclass(frozen=True, slots=True)
class Table:
    """A table with row security: the condition of its policies for the login, and its key with the types.

    `taken` are the names that its columns, and the indexes of its schema, have already.
    """

    schema: str
    name: str
    policy: str
    tenant_column: str | None
    person_column: str | None
    key: Mapping[str, str]
    rows: int
    taken: frozenset[str] = frozenset()

    @property
    def relation(self) -> str:
        """The table as SQL names it."""
        return f"{_quoted(self.schema)}.{_quoted(self.name)}"


def table_of(row: RowMapping) -> Table:
    """Return what a row of the catalogue says of a table."""
    policy = str(row["policy"])
    return Table(
        row["schema"], row["name"], policy, _bound_column(policy, "tenant"), _bound_column(policy, "user"),
        dict(row["key"] or {}), max(0, int(row["rows"])),
        frozenset(row["taken"]),
    )  # fmt: skip


def _bound_column(policy: str, thing: str) -> str | None:
    found = re.search(rf"(\w+|\"[^\"]+\") = [^=]*'app\.current_{thing}_id'", policy)
    return found[1] if found else None


def key_of(row: RowMapping) -> Key:
    """Return what a row of the catalogue says of a key."""
    fields = {name: value for name, value in row.items() if name in Key.__dataclass_fields__}
    operators = tuple(Operator(**one) for one in row["operators"] or ())
    return Key(**{
        **fields, "operators": operators, "columns": _columns(row),
        "labels": tuple(row["labels"] or ()), "leading": tuple(row["leading"] or ()),
        "trailing": tuple(row["trailing"] or ()),
    })  # fmt: skip


def _columns(row: RowMapping) -> tuple[str, ...]:
    """Return the columns of the key itself: the catalogue tells those of the whole index, its condition included."""
    columns = tuple(row["columns"] or ())
    code = re.sub(r"'(?:[^']|'')*'", "", row["expression"])
    return tuple(column for column in columns if re.search(rf"(?<!\w){re.escape(column)}(?!\w)", code)) or columns
