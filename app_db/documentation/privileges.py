"""Which role may do what to which table and function."""

from __future__ import annotations

from collections.abc import Iterable

from ..reflection import Attributes, Catalogue
from ..schema import ROLES
from .markdown import code, table
from .outline import Outline, functions_of, grants_of, schemas_of, tables_of

_VERBS = ("select", "insert", "update", "delete", "truncate", "references", "trigger", "maintain")
_INTRODUCTION = """# Privileges

What each role may do to each table, column and function. Written by `make schema` from what the revisions build; a test
tries every cell. A role that is not in a table may do nothing there, and where columns are named it is those alone.
Which rows it then sees is for the policies to say ([tables](tables.md)). Owners (`app_owner`, and `app_secrets` for
`auth_private`) may do everything to what they own, and are bound by the policies all the same.
"""


def privileges_page(catalogue: Catalogue) -> str:
    """Return the page, in Markdown."""
    lines = [*_INTRODUCTION.splitlines(), ""]
    for schema in schemas_of(catalogue):
        lines += _schema(catalogue, schema)
    return "\n".join(lines).rstrip() + "\n"


def verbs_of(outline: Outline, role: str) -> dict[str, list[str] | None]:
    """Return the verbs that a role has on a table: None for all columns, or the columns."""
    granted: dict[str, list[str] | None] = dict.fromkeys(grants_of(outline.attributes).get(role, ()))
    for column, attributes in outline.columns.items():
        for verb in grants_of(attributes).get(role, ()):
            columns = granted.setdefault(verb, [])
            if columns is not None:
                columns.append(column)
    return {verb: granted[verb] for verb in _VERBS if verb in granted}


def _schema(catalogue: Catalogue, schema: str) -> list[str]:
    outlines = [outline for outline in tables_of(catalogue) if outline.schema == schema]
    functions = functions_of(catalogue, schema)
    if not outlines and not functions:
        return []
    lines = [f"## {schema}", ""]
    for outline in outlines:
        rows = [[code(role), *_cells(verbs_of(outline, role))] for role in _roles() if verbs_of(outline, role)]
        lines += [f"### {outline.name}", "", *table(["role", *_VERBS[:4], "else"], rows)]
        lines += [] if rows else ["No role but the owner may do anything here.", ""]
    return lines + table(["function", "EXECUTE"], ([code(name), _executors(functions[name])] for name in functions))


def _cells(verbs: dict[str, list[str] | None]) -> Iterable[str]:
    for verb in _VERBS[:4]:
        columns = verbs.get(verb, [])
        yield "yes" if columns is None else ", ".join(map(code, columns))
    yield ", ".join(verb for verb in verbs if verb not in _VERBS[:4])


def _executors(attributes: Attributes) -> str:
    return ", ".join(code(role) for role in grants_of(attributes)) or "its owner alone"


def _roles() -> list[str]:
    return ["public", *(role.name for role in ROLES)]
