"""Cursors go through a URL and come back whole, and nothing else is taken for one."""

from __future__ import annotations

import struct
import urllib.parse
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_db.catalog import Cursor, PriceCursor

RANKS = st.floats(min_value=0, width=32, allow_nan=False, allow_infinity=False)
ONE = UUID(int=1)
GOOD = str(Cursor("words", 0.5, ONE, ONE))


@given(matched=st.sampled_from(["words", "similar"]), rank=RANKS, place=st.uuids(), horizon=st.uuids())
def test_a_cursor_is_the_same_after_its_text_has_gone_through_a_url(
    matched: str, rank: float, place: UUID, horizon: UUID
) -> None:
    text = str(Cursor(matched, rank, place, horizon))
    assert urllib.parse.quote(text, safe="") == text
    back = Cursor.parse(text)
    assert (back.matched, back.id, back.horizon) == (matched, place, horizon)
    assert struct.pack(">f", back.rank) == struct.pack(">f", rank)


@given(price=st.integers(0, 2**59), place=st.uuids())
def test_a_cursor_of_prices_too(price: int, place: UUID) -> None:
    assert PriceCursor.parse(str(PriceCursor(price, place))) == PriceCursor(price, place)


BAD = ["", "words", GOOD[:-1], GOOD + "0", GOOD.upper(), GOOD.replace("words", "all"), f" {GOOD}", f"{GOOD}\n",
       GOOD.replace("3f000000", "7fc00000"), GOOD.replace("3f000000", "7f800000"), GOOD.replace("3f000000", "bf000000"),
       "1.0", "'; drop table catalog.materials; --", "\0"]  # fmt: skip


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_cursor_is_refused_with_what_to_do(text: str) -> None:
    with pytest.raises(ValueError, match=r"no cursor of a search: .*leave `after` out"):
        Cursor.parse(text)


@pytest.mark.parametrize("text", ["", "1", f"-1.{ONE.hex}", f"1.{ONE}", f"{'9' * 19}.{ONE.hex}", GOOD,
                                  f"١.{ONE.hex}"])  # fmt: skip
def test_what_is_no_cursor_of_prices_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no cursor of a price list"):
        PriceCursor.parse(text)


def test_a_long_text_is_not_repeated_whole() -> None:
    with pytest.raises(ValueError, match="x") as caught:
        Cursor.parse("x" * 10_000)
    assert len(str(caught.value)) < 400
