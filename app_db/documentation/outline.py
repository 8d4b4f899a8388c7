"""A catalogue, put in order for people: schemas, their tables, and what belongs to each table."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ..reflection import Attributes, Catalogue

_REFERENCE = re.compile(r"FOREIGN KEY \((?P<columns>[^)]+)\) REFERENCES (?P<target>[\w.\"]+)\((?P<theirs>[^)]+)\)")
_KEY = re.compile(r"PRIMARY KEY \(([^)]+)\)")


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: the columns that refer, and the table that they refer to."""

    columns: tuple[str, ...]
    target: str


@dataclass(frozen=True, slots=True)
class Outline:
    """A table with everything that belongs to it, each by its own name."""

    name: str
    attributes: Attributes
    columns: dict[str, Attributes]
    constraints: dict[str, Attributes]
    indexes: dict[str, Attributes]
    policies: dict[str, Attributes]
    triggers: dict[str, Attributes]

    @property
    def schema(self) -> str:
        """The schema it stands in."""
        return self.name.split(".")[0]

    @property
    def key(self) -> tuple[str, ...]:
        """The columns of the primary key."""
        found = (_KEY.search(part["definition"]) for part in self.constraints.values())
        return next((tuple(match[1].split(", ")) for match in found if match), ())

    @property
    def references(self) -> list[Reference]:
        """The foreign keys."""
        found = (_REFERENCE.search(part["definition"]) for part in self.constraints.values())
        return [Reference(tuple(match["columns"].split(", ")), match["target"]) for match in found if match]


def schemas_of(catalogue: Catalogue) -> dict[str, Attributes]:
    """Return the schemas, in the order of the catalogue."""
    return {thing.name: attributes for thing, attributes in catalogue.items() if thing.kind == "schema"}


def tables_of(catalogue: Catalogue) -> list[Outline]:
    """Return the tables and views, in the order of the catalogue."""
    return [
        Outline(
            thing.name,
            attributes,
            columns=dict(_parts(catalogue, "column", thing.name)),
            constraints=dict(_parts(catalogue, "constraint", thing.name)),
            indexes=dict(_parts(catalogue, "index", thing.name)),
            policies=dict(_parts(catalogue, "policy", thing.name)),
            triggers=dict(_parts(catalogue, "trigger", thing.name)),
        )
        for thing, attributes in catalogue.items()
        if thing.kind == "relation" and attributes["kind"] != "sequence"
    ]


def functions_of(catalogue: Catalogue, schema: str) -> dict[str, Attributes]:
    """Return the functions of a schema, by name and types of arguments."""
    return {
        thing.name: attributes
        for thing, attributes in catalogue.items()
        if thing.kind == "function" and thing.schema == schema
    }


def grants_of(attributes: Attributes) -> dict[str, list[str]]:
    """Return the verbs by role."""
    granted: dict[str, list[str]] = {}
    for line in attributes.get("grants", ()):
        role, verb = line.split(": ", maxsplit=1)
        granted.setdefault(role, []).append(verb)
    return granted


def _parts(catalogue: Catalogue, kind: str, table: str) -> Iterator[tuple[str, Attributes]]:
    for thing, attributes in catalogue.items():
        if thing.kind == kind and thing.name.startswith(f"{table}."):
            yield thing.name.removeprefix(f"{table}."), attributes
