"""Pages: how long they may be, and where the next one begins.

A page begins after the last row of the one before (keyset), so it takes as long as the first, and rows that come and go
meanwhile move nothing. A cursor is passed on as its text; it tells nobody what he has not seen already.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from uuid import UUID

from ..models import Material

MAX_LIMIT = 1000
_ID = r"([0-9a-f]{32})"
_SEARCH = re.compile(rf"(words|similar)\.([0-9a-f]{{8}})\.{_ID}\.{_ID}")
_PRICE = re.compile(rf"(\d{{1,18}})\.{_ID}")


def checked_limit(limit: int) -> int:
    """Return the limit; raises ValueError where it is not 1 to 1000."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(f"limit is {limit}, and a page has 1 to {MAX_LIMIT} rows: ask for fewer at a time")
    return limit


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a page of a search ends: how it matched, the rank and the id of its last material.

    `horizon` is the newest material of when the first page was made: later ones are not looked at.
    """

    matched: str
    rank: float
    id: UUID
    horizon: UUID

    def __str__(self) -> str:
        # the rank is a real, so its four bytes are all of it, and no digit is lost
        return f"{self.matched}.{struct.pack('>f', self.rank).hex()}.{self.id.hex}.{self.horizon.hex}"

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Return the cursor with that text; raises ValueError for anything that is none."""
        found = _SEARCH.fullmatch(text)
        rank = struct.unpack(">f", bytes.fromhex(found[2]))[0] if found else -1.0
        if found is None or not 0 <= rank < float("inf"):
            raise ValueError(_bad(text, "a search", "the hit"))
        return cls(found[1], rank, UUID(found[3]), UUID(found[4]))


@dataclass(frozen=True, slots=True)
class PriceCursor:
    """Where a page of a price list ends: the price and the id of its last material."""

    price_minor: int
    id: UUID

    def __str__(self) -> str:
        return f"{self.price_minor}.{self.id.hex}"

    @classmethod
    def of(cls, material: Material) -> PriceCursor:
        """Return the cursor of the page that ends with that material."""
        return cls(material.price_minor, material.id)

    @classmethod
    def parse(cls, text: str) -> PriceCursor:
        """Return the cursor with that text; raises ValueError for anything that is none."""
        found = _PRICE.fullmatch(text)
        if found is None or not found[1].isascii():
            raise ValueError(_bad(text, "a price list", "the material"))
        return cls(int(found[1]), UUID(found[2]))


def _bad(text: str, of: str, last: str) -> str:
    return (
        f"{text[:80]!r} is no cursor of {of}: pass on that of {last} which ended the page as it was, "
        "or leave `after` out for the first page"
    )
