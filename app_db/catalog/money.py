"""Prices as text to minor units."""

from __future__ import annotations

import re
from decimal import Decimal

_PRICE = re.compile(r"(?P<whole>\d{1,15})(?:[.,](?P<part>\d+))?")
_CURRENCY = re.compile(r"[A-Z]{3}")

# Currencies whose minor unit is not a hundredth: ISO 4217, list one, column "Mnr unt".
_WITHOUT = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"
_TEN_THOUSANDTHS = "CLF UYW"


def minor_units(price: str, currency: str) -> int:
    """Return a price such as `1234.50` or `1234,50` in the currency's minor unit.

    Raises ValueError, with a sentence, for anything else: nothing is rounded and no thousands mark is guessed at.
    """
    if not _CURRENCY.fullmatch(currency):
        raise ValueError(f"currency is {currency!r}: write the three capital letters of ISO 4217, e.g. RUB")
    found = _PRICE.fullmatch(price)
    if found is None:
        raise ValueError(f"price is {price!r}: write digits with a point or comma, e.g. 1234.50")
    digits, part = _digits(currency), found["part"] or ""
    if len(part) > digits:
        raise ValueError(f"price is {price!r}, which has more than the {digits} decimals of {currency}: round it")
    return int(found["whole"] + part.ljust(digits, "0"))


def as_text(minor: int, currency: str) -> str:
    """Return an amount in minor units as people write it, e.g. `1234.50 RUB`."""
    digits = _digits(currency)
    return f"{Decimal(minor).scaleb(-digits):.{digits}f} {currency}"


def _digits(currency: str) -> int:
    for digits, currencies in {0: _WITHOUT, 3: _THOUSANDTHS, 4: _TEN_THOUSANDTHS}.items():
        if currency in currencies.split():
            return digits
    return 2
