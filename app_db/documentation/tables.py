"""Every table and function, with what is written about it in the database."""

from __future__ import annotations

from collections.abc import Iterator

from ..reflection import Attributes, Catalogue
from .markdown import code, table
from .outline import Outline, functions_of, schemas_of, tables_of

_INTRODUCTION = """# Tables and functions

Everything that the revisions build, as the database itself describes it (`\\d+` and `\\df+` in psql). Written by
`make schema`; a test compares. How the parts hang together is on the page of the [schema](schema.md), who may do what
on that of the [privileges](privileges.md).
"""


def tables_page(catalogue: Catalogue) -> str:
    """Return the page, in Markdown."""
    lines = [*_INTRODUCTION.splitlines(), ""]
    for schema, attributes in schemas_of(catalogue).items():
        lines += [f"## {schema}", "", attributes.get("comment", ""), ""]
        for outline in tables_of(catalogue):
            if outline.schema == schema:
                lines += _table(outline)
        lines += _functions(functions_of(catalogue, schema))
    return "\n".join(lines).rstrip() + "\n"


def _table(outline: Outline) -> Iterator[str]:
    yield from (f"### {outline.name}", "", outline.attributes.get("comment", ""), "")
    if "partition_key" in outline.attributes:
        yield from (f"Partitioned by {outline.attributes['partition_key'].lower()}.", "")
    columns = ([code(name), _type(found), found.get("comment", "")] for name, found in outline.columns.items())
    yield from table(["column", "type", "is"], columns)
    constraints = (
        [code(name), code(found["definition"])]
        for name, found in outline.constraints.items()
        if name not in outline.indexes
    )
    yield from table(["constraint", "definition"], constraints)
    indexes = (
        [code(name), code(found["definition"].split(" USING ")[1]), found.get("comment", "")]
        for name, found in outline.indexes.items()
    )
    yield from table(["index", "on", "serves"], indexes)
    yield from table(["policy", "for", "rows"], (_policy(name, found) for name, found in outline.policies.items()))
    triggers = ([code(name), found.get("comment", "")] for name, found in outline.triggers.items())
    yield from table(["trigger", "does"], triggers)


def _type(column: Attributes) -> str:
    words = [column["type"], "" if column.get("not_null") else "or null"]
    if "default" in column:
        words.append(f"default {code(column['default'])}")
    if "generated" in column:
        words.append("generated")
    return " ".join(word for word in words if word)


def _policy(name: str, policy: Attributes) -> list[str]:
    verb = "" if policy["command"] == "all" else f" ({policy['command']})"
    condition = policy.get("using") or policy.get("with_check") or ""
    return [code(name), ", ".join(map(code, policy["roles"])) + verb, code(condition)]


def _functions(functions: dict[str, Attributes]) -> list[str]:
    rows = ([code(name), code(found.get("returns", "")), found.get("comment", ""), _runs_as(found)]
            for name, found in functions.items())  # fmt: skip
    return table(["function", "returns", "is", "runs as"], rows)


def _runs_as(function: Attributes) -> str:
    return code(function["owner"]) if function.get("is_security_definer") else "the caller"
