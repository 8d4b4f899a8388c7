"""What the catalogue can't tell: values of columns, findings that are right as they are, what may go untried."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...errors import ProofError
from .candidates import Candidate, Make
from .exemptions import Exemption
from .tables import Table


@dataclass(frozen=True, slots=True)
class Examples:
    """What a file says: values of columns by table, `{n}` standing for a number, exemptions, and harmless mutants.

    A harmless mutant is named as the command prints it, with the proof that it opens nothing; what may go `untried`
    likewise, with the reason. `written` are the tables that a file names: they have to be there.
    """

    values: Mapping[str, Mapping[str, str | Make]] = field(default_factory=dict)
    exemptions: tuple[Exemption, ...] = ()
    harmless: Mapping[str, str] = field(default_factory=dict)
    untried: Mapping[str, str] = field(default_factory=dict)
    written: frozenset[str] = frozenset()

    def __or__(self, other: Examples) -> Examples:
        """Return both; what the other says of a table's column wins."""
        tables = {*self.values, *other.values}
        values = {name: {**self.values.get(name, {}), **other.values.get(name, {})} for name in tables}
        exemptions, harmless = (*self.exemptions, *other.exemptions), {**self.harmless, **other.harmless}
        untried = {**self.untried, **other.untried}
        return Examples(values, exemptions, harmless, untried, self.written | other.written)

    def refuse_unknown(self, tables: Mapping[str, Table], views: Iterable[str]) -> None:
        """Raise ProofError for a table or a column that is named, and that is not there; exemptions may name views."""
        for entry in self.exemptions:
            if entry.table and entry.table not in {*tables, *views}:
                raise ProofError(
                    f"an exemption names {entry.table}, which is no table and no view: take it out, or correct its name"
                )
        for name in sorted(self.written):
            if name not in tables:
                raise ProofError(f"the examples name {name}, which is no table: take it out, or correct its name")
            self.of(tables[name])

    def of(self, table: Table) -> dict[str, Candidate]:
        """Return the candidates of a table's columns; raises ProofError for a column that it does not have."""
        found = {}
        for column, value in self.values.get(table.name, {}).items():
            if column not in table.columns:
                raise ProofError(f"the examples name {table.name}.{column}, which is no column: take the line out")
            found[column] = Candidate(_numbered(value) if isinstance(value, str) else value)
        return found


def _numbered(value: str) -> Make:
    return lambda number: value.replace("{n}", str(number))


def shipped_examples() -> Examples:
    """Return what our own tables need beyond their types and checks."""
    return _parsed(files(__package__).joinpath("examples.toml").read_text("utf-8"), "examples.toml")


def load_examples(path: Path) -> Examples:
    """Read a file of examples; raises ProofError for one that can't be read."""
    try:
        content = path.read_text("utf-8")
    except (OSError, ValueError) as error:
        raise ProofError(f"{path} can't be read ({error}): name a TOML file of examples") from None
    return _parsed(content, str(path))


def _parsed(content: str, name: str) -> Examples:
    try:
        read = tomllib.loads(content)
        exemptions = tuple(map(_exemption, read.pop("exemption", [])))
        harmless = {str(entry["mutant"]): str(entry["reason"]) for entry in read.pop("harmless", [])}
        untried = {str(entry["name"]): str(entry["reason"]) for entry in read.pop("untried", [])}
        values: dict[str, Mapping[str, str | Make]] = {
            f"{schema}.{table}": {column: _text(value) for column, value in columns.items()}
            for schema, tables in read.items()
            for table, columns in tables.items()
        }
    except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError) as error:
        raise ProofError(
            f"{name} holds no examples ({error}): write tables as [schema.table], columns as column = value, "
            "exemptions as [[exemption]] with a reason and a constraint, a schema and its roles, or a table with "
            "verbs and persons, mutants that open nothing as [[harmless]] with mutant and reason, and what may go "
            "untried as [[untried]] with name and reason"
        ) from None
    return Examples(values, exemptions, harmless, untried, frozenset(values))


def _exemption(entry: Mapping[str, Any]) -> Exemption:
    lists = ("roles", "verbs", "persons")
    given: dict[str, Any] = {name: (value,) if isinstance(value, str) else tuple(value) for name, value in entry.items()
                             if name in lists}  # fmt: skip
    return Exemption(**{**entry, **given})


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
