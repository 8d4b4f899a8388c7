"""Checks that several tables of billing share."""

from __future__ import annotations

from sqlalchemy import CheckConstraint

# 13 to 19 digits that stand alone, or in the groups that are printed on cards. A UUID or a provider's token has letters
# beside its digits, or no such groups.
CARD_NUMBER = (
    "(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])"
    "([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})"
)


def text_without_card_number(column: str, longest: int) -> CheckConstraint:
    """Return the check of a text: not empty, not longer than that, and nothing like a card number in it."""
    condition = f"length({column}) between 1 and {longest} and {column} !~ '{CARD_NUMBER}'"
    return CheckConstraint(condition, name=column)
