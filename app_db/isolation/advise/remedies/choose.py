"""Which remedy is right for a condition on a key of an index."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ....schema import RoleNames
from ..keys import Key, Table
from .base import Remedy
from .columns import generated_column, minor_units, prefix, same_type, small_letters, text_with_check
from .functions import existing_function, search_function, vector_function

_SEARCHING = ("gin", "gist", "spgist", "brin")
_PATTERN = re.compile(r"~[<>]=?~|~~ |\^@")


def remedy_for(table: Table, key: Key, condition: str, names: RoleNames, functions: Sequence[str] = ()) -> Remedy:
    """Return the remedy for a condition on a key; `functions` are those that read it as one who sees all rows."""
    if functions:
        return existing_function(key, functions)
    if key.is_vectors:
        return vector_function(table, key, names)
    operator = key.operator_in(condition)
    if key.method not in _SEARCHING and (found := _of_column(table, key, condition)) is not None:
        return found
    if operator is None:
        raise LookupError(f"{key.index} has no operator to search by")
    return search_function(table, key, operator, names)


def _of_column(table: Table, key: Key, condition: str) -> Remedy | None:
    if key.leaky_functions:
        is_letters = re.fullmatch(r"\(?(lower|upper)\(+\w+\)?(::text)?\)+", key.expression)
        return small_letters(table, key) if is_letters else generated_column(table, key)
    if key.base_type.rpartition(".")[2] == "citext":
        return small_letters(table, key)
    if key.base_type == "numeric":
        return minor_units(table, key)
    if key.type_kind == "e":
        return text_with_check(table, key)
    if _PATTERN.search(condition) or key.opclass.endswith("_pattern_ops"):
        return prefix(table, key)
    return None if key.is_leaky else same_type(table, key, condition)
