"""What roles may do to tables: as it was declared, and not as the database that is being proved has it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable

from ...models import Base
from ...reflection import Catalogue
from ...schema import Grant
from ...schema.derived import expected_objects
from .actors import OWNER

# Every privilege on tables that is not one of the verbs: none of them is held by row-level security.
BEYOND_ROWS = ("truncate", "references", "trigger")

_ENTRY = re.compile(r"(\w+)(?: \(([^)]*)\))?")


class Declared:
    """Grants on tables and columns, by role; roles under the house's names."""

    def __init__(self) -> None:
        self._tables: dict[str, set[tuple[str, str]]] = defaultdict(set)
        self._columns: dict[str, set[tuple[str, str, str]]] = defaultdict(set)
        self._owners: dict[str, str] = {}
        self.tables: set[str] = set()

    def add(self, role: str, table: str, privilege: str, column: str | None = None) -> None:
        """Note a grant."""
        self.tables.add(table)
        if column is None:
            self._tables[table].add((role, privilege))
        else:
            self._columns[table].add((role, privilege, column))

    def add_to(self, table: str, *roles: str) -> None:
        """Note that these roles may do everything that policies hold."""
        for role in roles:
            for privilege in ("select", "insert", "update", "delete"):
                self.add(role, table, privilege)

    def set_owner(self, table: str, role: str) -> None:
        """Note whose the table is."""
        self._owners[table] = role

    def owner(self, table: str) -> str:
        """Return who owns the table; where nobody says so, it is the owner of the schema."""
        return self._owners.get(table, OWNER)

    def may(self, roles: Iterable[str], privilege: str, table: str, column: str | None = None) -> bool:
        """Whether one of the roles has the privilege on the table, or on that column of it."""
        whole, columns = self._tables.get(table, set()), self._columns.get(table, set())
        return any(
            (role, privilege) in whole or (column is not None and (role, privilege, column) in columns)
            for role in (*roles, "public")
        )

    def rights(self, roles: Iterable[str], table: str) -> frozenset[tuple[str, str | None]]:
        """Return the privileges of the roles on the table (with None), and on columns of it."""
        wanted = {*roles, "public"}
        whole = {(privilege, None) for role, privilege in self.on_tables(table) if role in wanted}
        return frozenset(
            {*whole, *((privilege, column) for role, privilege, column in self.on_columns(table) if role in wanted)}
        )

    def on_tables(self, table: str) -> list[tuple[str, str]]:
        """Return each role and privilege on the whole table."""
        return sorted(self._tables.get(table, ()))

    def on_columns(self, table: str) -> list[tuple[str, str, str]]:
        """Return each role, privilege and column where the privilege is on columns."""
        return sorted(self._columns.get(table, ()))


def declared_by(catalogue: Catalogue) -> Declared:
    """Return the grants that a catalogue has: a snapshot's, or that of the database before anything is tried."""
    found = Declared()
    for thing, attributes in catalogue.items():
        if thing.kind not in {"relation", "column"}:
            continue
        table, column = thing.name, None
        if thing.kind == "column":
            table, _, column = thing.name.rpartition(".")
        else:
            found.tables.add(table)
            found.set_owner(table, attributes["owner"])
        for entry in attributes.get("grants", ()):
            role, _, privilege = entry.partition(": ")
            found.add(role, table, privilege.removesuffix(" with grant option"), column)
    return found


def declared_by_models(tables: Iterable[str]) -> Declared:
    """Return the grants that follow from the models of these tables, and those that were attached to them."""
    found = Declared()
    mapped = [Base.metadata.tables[name] for name in tables if name in Base.metadata.tables]
    schemas = {table.schema for table in mapped}  # views of theirs too
    for entry in expected_objects(Base.metadata, mapped, ()):
        if not isinstance(entry, Grant) or entry.table is None or entry.table.split(".")[0] not in schemas:
            continue
        found.tables.add(entry.on)
        for privilege in entry.privileges:
            _add(found, entry, privilege)
    return found


def _add(found: Declared, grant: Grant, written: str) -> None:
    matched = _ENTRY.fullmatch(written)
    if matched is None:
        return
    privilege, columns = matched.groups()
    for column in columns.split(",") if columns else [None]:
        found.add(grant.role, grant.on, privilege, column.strip() if column else None)


def merged(tables: Iterable[str], *sources: Declared) -> Declared:
    """Return of each table what the first source says that knows of it."""
    found = Declared()
    for name in tables:
        source = next((source for source in sources if name in source.tables), None)
        if source is None:
            continue
        found.tables.add(name)
        found.set_owner(name, source.owner(name))
        for role, privilege in source.on_tables(name):
            found.add(role, name, privilege)
        for role, privilege, column in source.on_columns(name):
            found.add(role, name, privilege, column)
    return found
