"""Remedies by a column of a type whose operators are leakproof, or by another way to ask."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..keys import Key, Table
from ..plans import unwrapped
from .base import Code, Remedy, also, free_name, literal, short_name, where, where_in_model

_UNKNOWN_SCALE = 2  # of `numeric` without one: cents


@dataclass(frozen=True, slots=True)
class _Column:
    """A generated column: its name, its type and value in SQL, both in Python, and how a value is asked for."""

    name: str
    sql_type: str
    expression: str
    python_type: str
    python: str
    value: str


def small_letters(table: Table, key: Key) -> Remedy:
    """For lower(x), upper(x) and citext: a generated column with the letters made small, as `auth.users.email_key`."""
    expression = key.expression if key.column is None else f"lower({key.expression}::text)"
    function = "upper" if expression.startswith("upper") else "lower"
    column = _Column(
        free_name(table.taken, key.columns[0], "key"), 'text collate "C"', expression, "str | None",
        'Text(collation="C")', f"{function}(:value)",
    )  # fmt: skip
    return Remedy(
        "small-letters", "a generated column in small letters",
        "lower(), upper() and the operators of citext are not leakproof, and comparing text is",
        _generated(table, key, column),
    )  # fmt: skip


def generated_column(table: Table, key: Key) -> Remedy:
    """For a key of a document, and any other expression: a generated column of it."""
    path = re.findall(r"'([^']+)'(?:::text)?\)*$", key.expression)
    types = {"text": ("str | None", "Text()"), "bigint": ("int | None", "BigInteger()")}
    python = types.get(key.type, ("Any", f'"{key.type}"'))
    name = free_name(table.taken, key.columns[0], *(path or ["value"]))
    return Remedy(
        "generated-column", "a generated column of the expression",
        "the functions of the expression are not leakproof, and comparing the column that holds its value is",
        _generated(table, key, _Column(name, key.type, key.expression, *python, ":value")),
    )  # fmt: skip


def minor_units(table: Table, key: Key) -> Remedy:
    """For numeric: the amount in its smallest unit, as bigint."""
    factor = 10 ** (_UNKNOWN_SCALE if key.scale is None else key.scale)
    column = _Column(
        free_name(table.taken, key.columns[0], "minor"), "bigint", f"({key.expression} * {factor})::bigint",
        "int | None", "BigInteger()", f"cast(:value * {factor} as bigint)",
    )  # fmt: skip
    return Remedy(
        "minor-units", "the amount in its smallest unit, as bigint",
        "the operators of numeric are not leakproof, and those of bigint are", _generated(table, key, column),
    )  # fmt: skip


def _generated(table: Table, key: Key, column: _Column) -> Code:
    before = key.leading or ((table.tenant_column,) if table.tenant_column and not key.is_unique else ())
    keys = [*before, column.name, *(key.trailing if key.is_unique else ())]
    index, expression = free_name(table.taken, "ix", table.name, *keys), unwrapped(column.expression)
    comment = f"{', '.join(key.columns)}, to be searched by."
    models = [
        f"{column.name}: Mapped[{column.python_type}] = mapped_column(",
        f"    {column.python}, Computed({literal(expression)}, persisted=True), comment={literal(comment)}",
        ")",
        "# in __table_args__:",
        f"Index({', '.join([*map(_model_key, (index, *keys)), *_options(key)])}),",
    ]
    kind = f"{column.sql_type} generated always as ({expression}) stored"
    unique, once = ("unique " if key.is_unique else ""), (" nulls not distinct" if key.is_null_once else "")
    sql = (
        f"alter table {table.relation} add column {column.name} {kind}",
        f"create {unique}index {index} on {table.relation} ({', '.join(keys)}){once}{where(key)}",
    )
    return Code(
        "\n".join(models), sql, f"select * from {table.relation} where {column.name} = {column.value}{also(key)}"
    )


def _model_key(key: str) -> str:
    return literal(key) if re.fullmatch(r"\w+", key) else f"text({literal(key)})"


def _options(key: Key) -> list[str]:
    """Return what makes the index of a model as unique, and as partial, as the one that it stands in for."""
    options = {"unique=True": key.is_unique, "postgresql_nulls_not_distinct=True": key.is_null_once}
    return [*(option for option, is_so in options.items() if is_so), *where_in_model(key)]


def text_with_check(table: Table, key: Key) -> Remedy:
    """For an enum: text, and a CHECK that names the values."""
    relation, column = table.relation, key.expression
    values = ", ".join("'" + label.replace("'", "''") + "'" for label in key.labels)
    check = short_name("ck", table.name, key.columns[0])
    default = re.sub(r"::[\w.\"]+$", "", key.default or "")
    sql = [
        *([f"alter table {relation} alter column {column} drop default"] if default else []),
        f"alter table {relation} alter column {column} type text using {column}::text",
        *([f"alter table {relation} alter column {column} set default {default}"] if default else []),
        f"alter table {relation} add constraint {check} check ({column} in ({values}))",
    ]
    models = [
        f"{key.columns[0]}: Mapped[str]",
        "# in __table_args__:",
        f"CheckConstraint({literal(f'{column} in ({values})')}, name={literal(key.columns[0])}),",
    ]
    return Remedy(
        "text-with-check", "text with a CHECK instead of an enum",
        "the operators of enums are not leakproof, and comparing text is",
        Code("\n".join(models), tuple(sql), f"select * from {relation} where {column} = :value"),
    )  # fmt: skip


def prefix(table: Table, key: Key) -> Remedy:
    """For LIKE 'abc%': the same question by `^@`, which is leakproof and reads the same index."""
    relation, column = table.relation, key.expression
    return Remedy(
        "prefix", "starts_with, or ^@, instead of LIKE",
        "LIKE is not leakproof, and starts_with() is: it reads an index with text_pattern_ops or the collation \"C\"",
        Code("", (), f"select * from {relation} where {column} ^@ :beginning{also(key)}"),
    )  # fmt: skip


def same_type(table: Table, key: Key, condition: str) -> Remedy:
    """For a comparison of two types, such as timestamptz with date: the value as the column's own type."""
    relation, column = table.relation, key.expression
    found = re.search(r" (<=|>=|<>|<|>|=) ", condition)
    sign = found[1] if found else "="
    return Remedy(
        "same-type", f"the value as {key.type}, the column's own type",
        "comparing two types (timestamptz with date) is not leakproof, and comparing values of one type is",
        Code("", (), f"select * from {relation} where {column} {sign} cast(:value as {key.type}){also(key)}"),
    )  # fmt: skip
