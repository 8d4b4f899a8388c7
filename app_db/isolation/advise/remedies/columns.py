"""Remedies by a column of a type whose operators are leakproof, or by another way to ask."""

from __future__ import annotations

import re

from ..catalogue import Key, Table
from .base import Code, Remedy, short_name

_UNKNOWN_SCALE = 2  # of `numeric` without one: cents


def small_letters(table: Table, key: Key) -> Remedy:
    """For lower(x), upper(x) and citext: a generated column with the letters made small, as `auth.users.email_key`."""
    column = key.columns[0]
    expression = key.expression if key.column is None else f"lower({column}::text)"
    return Remedy(
        "small-letters", "a generated column in small letters",
        "lower(), upper() and the operators of citext are not leakproof, and comparing text is",
        _generated(table, key, short_name(column, "key"), 'text collate "C"', expression,
                   'Text(collation="C")', "lower(:value)"),
    )  # fmt: skip


def generated_column(table: Table, key: Key) -> Remedy:
    """For a key of a document, and any other expression: a generated column of it."""
    path = re.findall(r"'([^']+)'(?:::text)?\)*$", key.expression)
    name = short_name(key.columns[0], *(path or ["value"]))
    python = {"text": "Text()", "bigint": "BigInteger()", "integer": "Integer()"}.get(key.type, f'"{key.type}"')
    return Remedy(
        "generated-column", "a generated column of the expression",
        "the functions of the expression are not leakproof, and comparing the column that holds its value is",
        _generated(table, key, name, key.type, key.expression, python, ":value"),
    )  # fmt: skip


def minor_units(table: Table, key: Key) -> Remedy:
    """For numeric: the amount in its smallest unit, as bigint."""
    scale = _UNKNOWN_SCALE if key.scale is None else key.scale
    name = short_name(key.columns[0], "minor")
    return Remedy(
        "minor-units", "the amount in its smallest unit, as bigint",
        "the operators of numeric are not leakproof, and those of bigint are",
        _generated(table, key, name, "bigint", f"({key.column} * {10**scale})::bigint", "BigInteger()",
                   f"cast(:value * {10**scale} as bigint)"),
    )  # fmt: skip


def _generated(
    table: Table, key: Key, name: str, kind: str, expression: str, python: str, value: str
) -> Code:  # fmt: skip
    leading = [*(key.leading or ((table.tenant_column,) if table.tenant_column else ())), name]
    index = short_name("ix", table.name, *leading)
    bare = expression[1:-1] if re.fullmatch(r"\([^()]*\([^()]*\)[^()]*\)|\([^()]*\)", expression) else expression
    models = [
        f"{name}: Mapped[Any] = mapped_column(",
        f'    {python}, Computed({bare!r}, persisted=True), comment="{", ".join(key.columns)}, to be searched by.",',
        ")",
        "# in __table_args__:",
        f'Index("{index}", {", ".join(f"{part!r}" for part in leading)}),',
    ]
    relation = f"{table.schema}.{table.name}"
    sql = (
        f"alter table {relation} add column {name} {kind} generated always as ({bare}) stored",
        f"create index {index} on {relation} ({', '.join(leading)})",
    )
    return Code("\n".join(models), sql, f"select * from {relation} where {name} = {value}")


def text_with_check(table: Table, key: Key) -> Remedy:
    """For an enum: text, and a CHECK that names the values."""
    relation, column = f"{table.schema}.{table.name}", str(key.column)
    values = ", ".join("'" + label.replace("'", "''") + "'" for label in key.labels)
    check = short_name("ck", table.name, column)
    default = re.sub(r"::[\w.\"]+$", "", key.default or "")
    sql = [
        *([f"alter table {relation} alter column {column} drop default"] if default else []),
        f"alter table {relation} alter column {column} type text using {column}::text",
        *([f"alter table {relation} alter column {column} set default {default}"] if default else []),
        f"alter table {relation} add constraint {check} check ({column} in ({values}))",
    ]
    models = f'{column}: Mapped[str]\n# in __table_args__:\nCheckConstraint("{column} in ({values})", name="{column}"),'
    return Remedy(
        "text-with-check", "text with a CHECK instead of an enum",
        "the operators of enums are not leakproof, and comparing text is",
        Code(models, tuple(sql), f"select * from {relation} where {column} = :value"),
    )  # fmt: skip


def prefix(table: Table, key: Key) -> Remedy:
    """For LIKE 'abc%': the same question by `^@`, which is leakproof and reads the same index."""
    relation, column = f"{table.schema}.{table.name}", key.column or key.expression
    return Remedy(
        "prefix", "starts_with, or ^@, instead of LIKE",
        "LIKE is not leakproof, and starts_with() is: it reads an index with text_pattern_ops or the collation \"C\"",
        Code("", (), f"select * from {relation} where {column} ^@ :beginning"),
    )  # fmt: skip


def same_type(table: Table, key: Key, condition: str) -> Remedy:
    """For a comparison of two types, such as timestamptz with date: the value as the column's own type."""
    relation, column = f"{table.schema}.{table.name}", key.column or key.expression
    found = re.search(r" (<=|>=|<>|<|>|=) ", condition)
    sign = found[1] if found else "="
    return Remedy(
        "same-type", f"the value as {key.type}, the column's own type",
        "comparing two types (timestamptz with date) is not leakproof, and comparing values of one type is",
        Code("", (), f"select * from {relation} where {column} {sign} cast(:value as {key.type})"),
    )  # fmt: skip
