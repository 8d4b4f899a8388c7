"""What a remedy is, and how the code of one is written."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, fields
from itertools import count

from ....schema import Function, RoleNames
from ..keys import Key

_ROLE = re.compile(r"\{role:([^}]+)\}")
_REWRITES = (
    "it writes the table anew under ACCESS EXCLUSIVE: nobody reads or writes it for as long as that takes, which grows "
    "with its rows; how to do it without: docs/howto/write-a-revision.md#mind-the-locks"
)
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

    @property
    def locks(self) -> str:
        """What is locked meanwhile, and for how long, where the SQL has a table written anew; empty where not."""
        is_rewriting = any(re.search(r"\) stored$| type text using ", statement) for statement in self.code.sql)
        return _REWRITES if is_rewriting else ""


def free_name(taken: Collection[str], *parts: str) -> str:
    """Return a name of these parts that is not taken, with a number behind it where it would be."""
    name, numbers = short_name(*parts), count(2)
    stem = name
    while name in taken:
        number = f"_{next(numbers)}"
        name = stem[: _LONGEST - len(number)] + number
    return name


def short_name(*parts: str) -> str:
    """Return a name of these parts that is no longer than PostgreSQL allows."""
    return re.sub(r"\W+", "_", "_".join(part for part in parts if part)).strip("_")[:_LONGEST]


def where(key: Key) -> str:
    """Return what makes an index as partial as the key's, in SQL."""
    return f" where {key.predicate}" if key.predicate else ""


def where_in_model(key: Key) -> list[str]:
    """Return what makes an index as partial as the key's, in Python."""
    return [f"postgresql_where=text({literal(key.predicate)})"] if key.predicate else []


def also(key: Key) -> str:
    """Return the condition without which a partial index is not read."""
    return f" and {key.predicate}" if key.predicate else ""


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
