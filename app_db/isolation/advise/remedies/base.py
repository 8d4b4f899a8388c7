"""What a remedy is, and how the code of one is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields

from ....schema import Function, RoleNames

_ROLE = re.compile(r"\{role:([^}]+)\}")
_LONGEST = 63  # bytes of a name (PostgreSQL manual, "Identifiers and Key Words")


@dataclass(frozen=True, slots=True)
class Code:
    """A remedy written out for a table and a column.

    `models` is Python for the models and what is attached to them, from which autogenerate writes a revision; `sql`
    are the statements of such a revision, with the installation's names of roles; `query` says how to ask from then
    on. `models` and `sql` are empty where only the question changes.
    """

    models: str
    sql: tuple[str, ...]
    query: str


@dataclass(frozen=True, slots=True)
class Remedy:
    """What to do: a name that stays the same, what it is, why it helps, the code, and its heading in the docs."""

    name: str
    title: str
    why: str
    code: Code

    @property
    def anchor(self) -> str:
        """Where it is explained."""
        return f"docs/howto/keep-your-indexes.md#{self.name}"


def short_name(*parts: str) -> str:
    """Return a name of these parts that is no longer than PostgreSQL allows."""
    return re.sub(r"\W+", "_", "_".join(part for part in parts if part)).strip("_")[:_LONGEST]


def installed(statements: list[str], names: RoleNames) -> tuple[str, ...]:
    """Return statements with the installation's names of roles in them."""
    return tuple(_ROLE.sub(lambda found: names(found[1]), statement) for statement in statements)


def written(function: Function) -> str:
    """Return Python that attaches the function to the metadata of the models."""
    lines = []
    for field in fields(function):
        value = getattr(function, field.name)
        if value != field.default:
            text = f'"""{value}"""' if isinstance(value, str) and "\n" in value else literal(value)
            lines.append(f"        {field.name}={text},")
    return "\n".join(["attach(", "    Base.metadata,", "    Function(", *lines, "    ),", ")"])


def literal(value: object) -> str:
    """Return a string, a tuple or a number as Python, with double quotes."""
    if isinstance(value, tuple):
        return f"({', '.join(literal(entry) for entry in value)}{',' if len(value) == 1 else ''})"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return repr(value)
