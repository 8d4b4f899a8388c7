"""What the catalogue says of tables with row security: their policies, the keys of their indexes, and who reads them.

A condition may pass before a policy only if each of its functions is leakproof (PostgreSQL manual, "Rules and
Privileges"), so the operators of an index tell whether anybody below a policy can use it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cached_property

from sqlalchemy import Connection, RowMapping, text

from ...schema import RoleNames
from .functions import Function, plain
from .keys import Key, Table, key_of, table_of
from .queries import FUNCTIONS, GENERATED, INDEXES, KEYS, ROOTS, TABLES

_SEARCH_PATH = text("select set_config('search_path', :path, true)")


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

        self.tables = {(row["schema"], row["name"]): table_of(row) for row in ask(TABLES)}
        self.keys = [key_of(row) for row in ask(KEYS) if (row["schema"], row["table"]) in self.tables]
        self._roots = {(row["schema"], row["name"]): (row["root_schema"], row["root"]) for row in ask(ROOTS)}
        self._indexes = {(row["schema"], row["name"]): row["root"] for row in ask(INDEXES)}
        self._generated: dict[tuple[str, str], dict[str, set[str]]] = {}
        for row in ask(GENERATED):
            columns = self._generated.setdefault((row["schema"], row["table"]), {})
            columns[row["column"]] = set(row["made_of"])
        self._functions = [
            Function(row["name"], row["is_callable"], plain(row["body"]), _parameters(row)) for row in ask(FUNCTIONS)
        ]
        everything.execute(_SEARCH_PATH, {"path": path})  # so that both read and print a condition in the same way

    def keep(self, relations: Collection[str]) -> None:
        """Forget all tables but these, named with their schemas."""
        self.tables = {key: table for key, table in self.tables.items() if ".".join(key) in relations}
        self.keys = [key for key in self.keys if key.relation in relations]

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
        usable = {
            other.column for other in self.keys
            if other.relation == key.relation and not other.is_leaky and other.predicate in (None, key.predicate)
        }  # fmt: skip
        generated = self._generated.get((key.schema, key.table), {})
        return any(set(key.columns) <= made_of for column, made_of in generated.items() if column in usable)

    def _is_read_by_function(self, key: Key) -> bool:
        return any(function.reads(key) for function in self._functions)

    def functions_for(self, key: Key, condition: str) -> list[str]:
        """Return the functions that the login may call and that, by themselves or by others, ask such a condition."""
        reading = {function.name for function in self._functions if function.reads(key, condition)}
        calling = {
            function.name for function in self._functions
            if any(re.search(rf"\b{re.escape(name.rpartition('.')[2])}\b", function.body) for name in reading)
        }  # fmt: skip
        return sorted({function.name for function in self._functions if function.is_callable} & (reading | calling))


def _parameters(row: RowMapping) -> dict[str, tuple[str, str]]:
    return {name: (str(type_), str(category)) for name, (type_, category) in (row["parameters"] or {}).items()}
