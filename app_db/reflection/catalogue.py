"""A catalogue: everything that stands in some schemas of a database, by kind and name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from sqlalchemy import Connection, RowMapping, text

from ..schema import RoleNames
from .queries import BY_KIND

# Attributes that hold names of roles, alone or before a colon.
_ROLES = {"owner", "roles", "grants"}

Attributes = Mapping[str, Any]


class Thing(NamedTuple):
    """What a thing is called: its kind (`policy`) and its name with its schema (`catalog.materials.tenant_rows`)."""

    kind: str
    name: str

    @property
    def schema(self) -> str:
        """The schema it stands in."""
        return self.name.split(".", maxsplit=1)[0]

    @property
    def label(self) -> str:
        """Both in one word, as files have it."""
        return f"{self.kind} {self.name}"

    @classmethod
    def parse(cls, label: str) -> Thing:
        """Return the thing of a label; raises ValueError for what is none."""
        for kind in BY_KIND:
            if label.startswith(f"{kind} "):
                return cls(kind, label.removeprefix(f"{kind} "))
        raise ValueError(f"{label!r} begins with no kind of thing")


Catalogue = dict[Thing, Attributes]


def reflect(connection: Connection, schemas: Iterable[str], names: RoleNames) -> Catalogue:
    """Return what stands in the schemas, roles under the house's names (`app_owner`, whatever the prefix).

    Attributes that are None or empty are left out. Executes SELECT alone; the locks that PostgreSQL takes to print a
    definition are ACCESS SHARE.
    """
    found: Catalogue = {}
    wanted = sorted(schemas)
    # what stands in the search path is printed without its schema
    connection.execute(text("select set_config('search_path', 'pg_catalog', true)"))
    for kind, query in BY_KIND.items():
        rows = connection.execute(text(query), {"schemas": wanted}).mappings().all()
        # columns stay in the order of their table
        for row in rows if kind == "column" else sorted(rows, key=lambda row: str(row["name"])):
            found[Thing(kind, row["name"])] = _attributes(row, names)
    return found


def _attributes(row: RowMapping, names: RoleNames) -> Attributes:
    told = {name: _housed(name, value, names) for name, value in row.items() if name != "name"}
    return {name: value for name, value in told.items() if value not in (None, [])}


def _housed(attribute: str, value: Any, names: RoleNames) -> Any:
    if attribute not in _ROLES or value is None:
        return value
    if isinstance(value, str):
        return _house_name(value, names)
    return sorted(_house_name(entry, names) for entry in value)


def _house_name(entry: str, names: RoleNames) -> str:
    role, colon, rest = entry.partition(": ")
    return names.of_house(role) + colon + rest
