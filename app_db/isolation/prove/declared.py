"""What roles may do to tables: as it was declared, and not as the database that is being proved has it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

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
        self._tables: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._columns: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        self._owners: dict[str, str] = {}
        self.tables: set[str] = set()

    def add(self, role: str, table: str, privilege: str, column: str | None = None) -> None:
        """Note a grant."""
        self.tables.add(table)
        if column is None:
            self._tables[role, table].add(privilege)
        else:
            self._columns[role, table, column].add(privilege)

    def set_owner(self, table: str, role: str) -> None:
        """Note whose the table is."""
        self._owners[table] = role

    def owner(self, table: str) -> str:
        """Return who owns the table; where nobody says so, it is the owner of the schema."""
        return self._owners.get(table, OWNER)

    def may(self, roles: Iterable[str], privilege: str, table: str, column: str | None = None) -> bool:
        """Whether one of the roles has the privilege on the table, or on that column of it."""
        return any(
            privilege in self._tables.get((role, table), ())
            or (column is not None and privilege in self._columns.get((role, table, column), ()))
            for role in (*roles, "public")
        )

    def has_any(self, roles: Iterable[str], table: str) -> bool:
        """Whether one of the roles has any privilege on the table or on a column of it."""
        wanted = {*roles, "public"}
        return any(role in wanted and name == table for role, name, *_ in (*self._tables, *self._columns))

    def on_tables(self, table: str) -> Iterator[tuple[str, str]]:
        """Yield each role and privilege on the whole table."""
        for (role, name), privileges in sorted(self._tables.items()):
            if name == table:
                yield from ((role, privilege) for privilege in sorted(privileges))

    def on_columns(self, table: str) -> Iterator[tuple[str, str, str]]:
        """Yield each role, privilege and column where the privilege is on columns."""
        for (role, name, column), privileges in sorted(self._columns.items()):
            if name == table:
                yield from ((role, privilege, column) for privilege in sorted(privileges))


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
