"""Functions that work as one who sees all rows, and which indexes they read, told by their bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from .keys import Key

_EDGE = r"[~!@#%^&|`?+\-*/<>=]"
# Words that stand for an operator.
_WORDS = {"~~": "like", "~~*": "ilike", ">=": "between", "<=": "between", "=": "in"}
_BEGINNINGS = ("^@", "~~")  # a B-tree is read for them by >= and <
_BEGINS = r" ~~ |\^@| ~[<>]=?~ "
_COMPARED = set("NSDT")  # pg_type.typcategory: those whose types PostgreSQL compares with each other


@dataclass(frozen=True, slots=True)
class Function:
    """A function that works as one who sees all rows; each parameter with its type and that one's category."""

    name: str
    is_callable: bool
    body: str
    parameters: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def reads(self, key: Key, condition: str | None = None) -> bool:
        """Tell whether it compares that key, of that table, with a parameter that is fit for it.

        With a condition, whether it does so by the operator of that condition.
        """
        if re.search(rf"\b{re.escape(key.table)}\b", self.body) is None:
            return False
        what = rf"(?<!\w){re.escape(plain(key.column or key.expression))}(?!\w)"
        given = {**_variables(self.body), **self.parameters}
        names = rf"(?P<name>{'|'.join(map(re.escape, given)) or '(?!)'})(?!\w)(?P<cast>::\w+)?"
        made = r"(?P<made>any |all |\w+ (?:'[^']*'(?:::\w+)?, ?)?)?"
        signs = _signs(key, condition)
        turned = {one.commutator for one in key.operators if one.sign in signs and one.commutator}
        patterns = (rf"{what}(?: collate \w+)? ?{_pattern(signs)} ?{made}{names}",
                    rf"(?P<made>)(?<!\w){names} ?{_pattern(turned)} ?{what}")  # fmt: skip
        return any(
            found["made"] or found["cast"] or _is_fit(given[found["name"]], key, signs)
            for pattern in patterns for found in re.finditer(pattern, self.body)
        )  # fmt: skip


def _variables(body: str) -> dict[str, tuple[str, str]]:
    """Return the variables of PL/pgSQL with their types; the category of these is not known."""
    declared = re.search(r"(?<!\w)declare (.*?)(?<!\w)begin(?!\w)", body, re.IGNORECASE)
    found = re.findall(
        r"(\w+) (?:constant )?(\w[\w \[\],]*?)(?: \d+(?:,\d+)?)? ?(?::=|=|;|default )", declared[1] if declared else ""
    )
    return {name: (type_, "") for name, type_ in found}


def _signs(key: Key, condition: str | None) -> set[str]:
    """Return the operators that the key is read by, all of them or those that do what the condition does."""
    signs = set(_BEGINNINGS) if key.method == "btree" and re.search(_BEGINS, condition or " ~~ ") else set()
    if condition is None or not signs:
        asked = None if condition is None else key.operator_in(condition)
        signs |= {operator.sign for operator in key.operators if asked is None or operator.sign == asked.sign}
    return signs


def _pattern(signs: set[str]) -> str:
    """Return a pattern of operators, and of the words that stand for some."""
    words = {_WORDS[sign] for sign in signs if sign in _WORDS}
    written = [rf"(?<!{_EDGE}){re.escape(sign)}(?!{_EDGE})" for sign in sorted(signs)]
    return f"(?:{'|'.join([*written, *(rf'{word}(?=[ ])' for word in sorted(words))]) or '(?!)'})"


def _is_fit(parameter: tuple[str, str], key: Key, signs: set[str]) -> bool:
    """Tell whether a parameter is of a type that the key is compared with by one of these operators."""
    type_, category = parameter
    operators = [one for one in key.operators if one.sign in signs] or list(key.operators)
    return any(
        type_ in (one.right, one.right.rpartition(".")[2]) or (category == one.category and category in _COMPARED)
        for one in operators
    )  # fmt: skip


def plain(code: str) -> str:
    """Return code without what is written in more than one way: schemas and aliases, parentheses, blanks."""
    code = re.sub(r"\b[a-z_]\w*\.(?=[\w\"~!@#%^&|`?+\-*/<>=])", "", code)
    code = re.sub(r"\boperator\b|[()\"]|::text\b", " ", code)
    return re.sub(r"\s*::\s*", "::", re.sub(r"\s+", " ", code)).strip()
