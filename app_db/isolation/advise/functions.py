"""Functions that work as one who sees all rows, and which indexes they read, told by their bodies."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .keys import Key

_REACH = 80  # characters between a column and the operator that compares it, in the body of a function


@dataclass(frozen=True, slots=True)
class Function:
    """A function that works as one who sees all rows."""

    name: str
    is_callable: bool
    body: str

    def reads(self, key: Key) -> bool:
        """Tell whether it compares that key, of that table, by one of its operators."""
        return re.search(rf"\b{re.escape(key.table)}\b", self.body) is not None and _compares(self.body, key)


def _compares(body: str, key: Key) -> bool:
    """Tell whether a function's body has the key and, behind it, one of its operators."""
    what = plain(key.column or key.expression)
    signs = "|".join(re.escape(operator.sign) for operator in key.operators)
    edge = r"[~!@#%^&|`?+\-*/<>=]"
    return (
        re.search(rf"(?<!\w){re.escape(what)}(?!\w)[^;]{{0,{_REACH}}}?(?<!{edge})({signs})(?!{edge})", body) is not None
    )


def plain(code: str) -> str:
    """Return code without what is written in more than one way: schemas and aliases, parentheses, blanks."""
    code = re.sub(r"\b[a-z_]\w*\.(?=[\w\"~!@#%^&|`?+\-*/<>=])", "", code)
    code = re.sub(r"\boperator\b|[()\"]|::text\b", " ", code)
    return re.sub(r"\s*::\s*", "::", re.sub(r"\s+", " ", code)).strip()
