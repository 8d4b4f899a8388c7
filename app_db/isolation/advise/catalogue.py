"""What the catalogue says of tables with row security: their policies, the keys of their indexes, and who reads them.

A condition may pass before a policy only if each of its functions is leakproof (PostgreSQL manual, "Rules and
Privileges"), so the operators of an index tell whether anybody below a policy can use it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, RowMapping, text
from sqlalchemy.dialects import postgresql

from ...schema import RoleNames
from .queries import FUNCTIONS, GENERATED, INDEXES, KEYS, ROOTS, TABLES

VECTORS = ("hnsw", "ivfflat")
# The search of an operator for an example; any other one comes after these.
_USUAL = ("@>", "&&", "@@", "%", "=")
_quoted = postgresql.dialect().identifier_preparer.quote  # type: ignore[no-untyped-call]
_SEARCH_PATH = text("select set_config('search_path', :path, true)")
_REACH = 80  # characters between a column and the operator that compares it, in the body of a function


@dataclass(frozen=True, slots=True)
class Operator:
    """An operator of an index: its sign, its schema, the type on its right, and whether its function is leakproof."""

    sign: str
    schema: str
    right: str
    purpose: str
    strategy: int
    is_leakproof: bool

    @property
    def written(self) -> str:
        """The operator as it is found whatever the search path is."""
        return self.sign if self.schema == "pg_catalog" else f"operator({self.schema}.{self.sign})"


@dataclass(frozen=True, slots=True)
class Key:
    """A column or an expression of an index, with what the index compares it by."""

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
    """A table with row security: the condition of its policies for the login, and its key with the types."""

    schema: str
    name: str
    policy: str
    tenant_column: str | None
    person_column: str | None
    key: Mapping[str, str]
    rows: int

    @property
    def relation(self) -> str:
        """The table as SQL names it."""
        return f"{_quoted(self.schema)}.{_quoted(self.name)}"


class Catalogue:
    """The tables with row security of a database, which a login may read, and their indexes.

    `tenant` is a connection of the login that policies narrow, and `everything` of one that sees all rows.
    """

    def __init__(
        self, tenant: Connection, everything: Connection, names: RoleNames, schemas: Iterable[str] | None = None
    ) -> None:
        login = tenant.scalar(text("select current_user"))
        path = tenant.scalar(text("select current_setting('search_path')"))
        everything.execute(_SEARCH_PATH, {"path": "pg_catalog"})  # so that names are printed with their schemas
        given = {"login": login, "all": names("app_all"), "schemas": None if schemas is None else sorted(schemas)}

        def ask(query: str) -> list[RowMapping]:
            used = {name: value for name, value in given.items() if f":{name}" in query}
            return list(everything.execute(text(query), used).mappings().all())

        self.tables = {(row["schema"], row["name"]): _table(row) for row in ask(TABLES)}
        self.keys = [_key(row) for row in ask(KEYS) if (row["schema"], row["table"]) in self.tables]
        self._roots = {(row["schema"], row["name"]): (row["root_schema"], row["root"]) for row in ask(ROOTS)}
        self._indexes = {(row["schema"], row["name"]): row["root"] for row in ask(INDEXES)}
        self._generated: dict[tuple[str, str], dict[str, set[str]]] = {}
        for row in ask(GENERATED):
            columns = self._generated.setdefault((row["schema"], row["table"]), {})
            columns[row["column"]] = set(row["made_of"])
        self._functions = [_Function(row["name"], row["is_callable"], _plain(row["body"])) for row in ask(FUNCTIONS)]
        everything.execute(_SEARCH_PATH, {"path": path})  # so that both read and print a condition in the same way

    def table(self, schema: str, name: str) -> Table | None:
        """Return the table of that name, that of a partition's parent, or None where there are no policies."""
        return self.tables.get(self._roots.get((schema, name), (schema, name)))

    def index(self, schema: str, name: str) -> str:
        """Return the index of the whole table for that of a partition."""
        return str(self._indexes.get((schema, name), name))

    def keys_of(self, table: Table, index: str | None = None) -> list[Key]:
        """Return the keys of an index, or of all indexes, of a table."""
        return [
            key for key in self.keys
            if (key.schema, key.table) == (table.schema, table.name) and index in (None, key.index)
        ]  # fmt: skip

    @cached_property
    def lost_keys(self) -> list[Key]:
        """Keys that nobody below a policy can use.

        Left out are those that a function reads who sees all rows, those of a column that a generated column with a
        usable index stands in for, and indexes that refuse rows (EXCLUDE), which are there to be written to.
        """
        return [
            key for key in self.keys
            if (key.is_leaky or key.is_vectors) and not self._is_read_by_function(key) and not self._has_stand_in(key)
        ]  # fmt: skip

    def _has_stand_in(self, key: Key) -> bool:
        usable = {other.column for other in self.keys if other.relation == key.relation and not other.is_leaky}
        generated = self._generated.get((key.schema, key.table), {})
        return any(set(key.columns) <= made_of for column, made_of in generated.items() if column in usable)

    def _is_read_by_function(self, key: Key) -> bool:
        return any(function.reads(key) for function in self._functions)

    def functions_for(self, key: Key) -> list[str]:
        """Return the functions that the login may call and that, by themselves or by others, read that key."""
        reading = {function.name for function in self._functions if function.reads(key)}
        calling = {
            function.name for function in self._functions
            if any(re.search(rf"\b{re.escape(name.rpartition('.')[2])}\b", function.body) for name in reading)
        }  # fmt: skip
        return sorted({function.name for function in self._functions if function.is_callable} & (reading | calling))


@dataclass(frozen=True, slots=True)
class _Function:
    """A function that works as one who sees all rows."""

    name: str
    is_callable: bool
    body: str

    def reads(self, key: Key) -> bool:
        """Tell whether it compares that key, of that table, by one of its operators."""
        return re.search(rf"\b{re.escape(key.table)}\b", self.body) is not None and _compares(self.body, key)


def _compares(body: str, key: Key) -> bool:
    """Tell whether a function's body has the key and, behind it, one of its operators."""
    what = _plain(key.column or key.expression)
    signs = "|".join(re.escape(operator.sign) for operator in key.operators)
    edge = r"[~!@#%^&|`?+\-*/<>=]"
    return (
        re.search(rf"(?<!\w){re.escape(what)}(?!\w)[^;]{{0,{_REACH}}}?(?<!{edge})({signs})(?!{edge})", body) is not None
    )


def _plain(code: str) -> str:
    """Return code without what is written in more than one way: schemas and aliases, parentheses, blanks."""
    code = re.sub(r"\b[a-z_]\w*\.(?=[\w\"~!@#%^&|`?+\-*/<>=])", "", code)
    code = re.sub(r"\boperator\b|[()\"]|::text\b", " ", code)
    return re.sub(r"\s*::\s*", "::", re.sub(r"\s+", " ", code)).strip()


def _table(row: RowMapping) -> Table:
    policy = str(row["policy"])
    return Table(
        row["schema"], row["name"], policy, _bound_column(policy, "tenant"), _bound_column(policy, "user"),
        dict(row["key"] or {}), max(0, int(row["rows"])),
    )  # fmt: skip


def _bound_column(policy: str, thing: str) -> str | None:
    found = re.search(rf"(\w+|\"[^\"]+\") = [^=]*'app\.current_{thing}_id'", policy)
    return found[1] if found else None


def _key(row: RowMapping) -> Key:
    fields = {name: value for name, value in row.items() if name in Key.__dataclass_fields__}
    operators = tuple(Operator(**one) for one in row["operators"] or ())
    return Key(**{
        **fields, "operators": operators, "columns": tuple(row["columns"] or ()),
        "labels": tuple(row["labels"] or ()), "leading": tuple(row["leading"] or ()),
    })  # fmt: skip
