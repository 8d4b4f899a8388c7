"""The rules, each a function of the facts alone.

Numbers never change their meaning: 1xx who logs in, 2xx tables and grants, 3xx policies, 4xx keys and columns, 5xx
functions and triggers, 6xx surroundings.
"""

from __future__ import annotations

from ..rule import Rule
from . import code, conditions, grants, keys, policies, referential, roles, surroundings, tables

RULES: tuple[Rule, ...] = (
    *roles.RULES,
    *tables.RULES,
    *grants.RULES,
    *conditions.RULES,
    *policies.RULES,
    *keys.RULES,
    *referential.RULES,
    *code.RULES,
    *surroundings.RULES,
)
BY_ID: dict[str, Rule] = {entry.id: entry for entry in RULES}

__all__ = ["BY_ID", "RULES"]
