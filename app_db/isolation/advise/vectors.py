"""Sorts by the distance between vectors, as plans tell them."""

from __future__ import annotations

import re

from .keys import Key
from .plans import Node, conjuncts

_ORDERS = ("Sort Key", "Order By")


def orders(node: Node) -> list[str]:
    """Return what a node of a plan sorts by, or is read in the order of."""
    found = [node[name] for name in _ORDERS if name in node]
    return [part for entry in found for part in (entry if isinstance(entry, list) else conjuncts(entry))]


def orders_by(order: str, alias: str, key: Key) -> bool:
    """Tell whether it is an order by the distance that the index is made for, of a column of that table."""
    signs = "|".join(re.escape(operator.sign) for operator in key.operators)
    bare = order.replace('"', "")
    is_named = any(f"{alias}.{column}" in bare for column in key.columns)
    return is_named and re.search(rf"[ .]({signs})[ )]", order) is not None


def distance(key: Key) -> str:
    """Return the order that the index is made for, from a vector that is a parameter."""
    operator = key.sample
    return f"{key.expression} {operator.written} $1" if operator is not None else key.expression
