from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app_db.catalog import CatalogFile, read_catalog
from app_db.catalog.money import as_text, minor_units
from app_db.errors import ImportRefused

HEADER = "tenant,code,name,unit,price,currency,description\n"
GOOD = "acme,A-1,Brick,pcs,12.50,EUR,\n"


@pytest.fixture
def read(tmp_path: Path):
    def write_and_read(text: str | bytes, header: str = HEADER) -> CatalogFile:
        path = tmp_path / "catalog.csv"
        path.write_bytes(header.encode() + (text if isinstance(text, bytes) else text.encode()))
        return read_catalog(path)

    return write_and_read


def test_a_good_row_is_read_as_it_stands(read) -> None:
    file = read(GOOD)
    row = file.loadable["acme"][0]
    assert (row.code, row.name, row.unit, row.price_minor, row.currency) == ("A-1", "Brick", "pcs", 1250, "EUR")
    assert file.problems == []


BAD_ROWS = {
    "too few fields": ("acme,A-2,Brick\n", "3 fields instead of 7"),
    "too many fields": ("acme,A-2,Brick,pcs,12,50,EUR,\n", "8 fields instead of 7"),
    "no code": ("acme,,Brick,pcs,1,EUR,\n", "code is empty"),
    "long code": (f"acme,{'x' * 65},Brick,pcs,1,EUR,\n", "65 characters, and 64 is the most"),
    "no name": ("acme,A-2, ,pcs,1,EUR,\n", "name is empty"),
    "long name": (f"acme,A-2,{'x' * 501},pcs,1,EUR,\n", "501 characters"),
    "no unit": ("acme,A-2,Brick,,1,EUR,\n", "unit is empty"),
    "no price": ("acme,A-2,Brick,pcs,,EUR,\n", "price is empty"),
    "a price in words": ("acme,A-2,Brick,pcs,cheap,EUR,\n", "price is 'cheap'"),
    "a negative price": ("acme,A-2,Brick,pcs,-1,EUR,\n", "price is '-1'"),
    "a thousands mark": ('acme,A-2,Brick,pcs,"1,234.50",EUR,\n', "price is '1,234.50'"),
    "too many decimals": ("acme,A-2,Brick,pcs,1.234,EUR,\n", "more than the 2 decimals of EUR"),
    "decimals of a yen": ("acme,A-2,Brick,pcs,1.5,JPY,\n", "more than the 0 decimals of JPY"),
    "no currency": ("acme,A-2,Brick,pcs,1,euro,\n", "ISO 4217"),
    "a code twice": (GOOD, "stands in line 2 already"),
    "not UTF-8": (b"acme,A-2,Br\xffck,pcs,1,EUR,\n", "name is not UTF-8"),
    "a control character": ("acme,A-2,Bri\x00ck,pcs,1,EUR,\n", "control character"),
    "a line break in a name": ('acme,A-2,"Bri\nck",pcs,1,EUR,\n', "name holds a line break"),
}


@pytest.mark.parametrize(("row", "words"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_reported_with_its_line_and_keeps_its_tenant_out_and_no_other(read, row, words) -> None:
    row = row if isinstance(row, bytes) else row.encode()
    file = read(GOOD.encode() + b"nord,N-1,Stone,pcs,1,EUR,\n" + row + b"acme,A-9,Sand,kg,1,EUR,\n")
    assert [(problem.line, problem.tenant) for problem in file.problems] == [(4, "acme")]
    assert words in file.problems[0].message
    assert set(file.loadable) == {"nord"}


@pytest.mark.parametrize("slug", ["", "Acme", "a b", "-a", "a_b", "x" * 64, "ac\u00adme"])
def test_a_tenant_that_can_not_be_is_reported(read, slug: str) -> None:
    file = read(f"{slug},A-1,Brick,pcs,1,EUR,\n" + GOOD)
    assert "tenant is" in file.problems[0].message
    assert slug not in file.loadable


def test_a_quote_that_is_not_closed_keeps_the_whole_file_out_for_it_may_have_swallowed_anybodys_rows(read) -> None:
    file = read(GOOD + 'nord,N-1,"Stone,pcs,1,EUR,\nacme,A-2,Sand,kg,1,EUR,\n')
    assert [problem.line for problem in file.problems] == [3]
    assert "quote that is not closed" in file.problems[0].message
    assert file.loadable == {}


def test_a_quote_that_swallows_lines_up_to_the_next_one_keeps_the_whole_file_out(read) -> None:
    file = read(GOOD + 'nord,N-1,"Stone,pcs,1,EUR,\nother,A-2,"Sand",kg,1,EUR,\nacme,A-3,x,kg,1,EUR,\n')
    assert file.loadable == {}


def test_line_numbers_count_lines_and_not_rows(read) -> None:
    file = read('acme,A-1,Brick,pcs,1,EUR,"two\nlines"\nacme,A-2,,pcs,1,EUR,\n')
    assert [problem.line for problem in file.problems] == [4]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("code,name\n", "lacks tenant, unit, price"),
        ("tenant,code,name,unit,price,colour\n", "has colour"),
        ("tenant,code,code,name,unit,price\n", "a column twice"),
        ("", "lacks tenant"),
    ],
)
def test_a_header_that_is_none_is_refused_with_what_to_write(read, header: str, words: str) -> None:
    with pytest.raises(ImportRefused, match=f"{words}.*write tenant,code,name,unit,price"):
        read("", header)


def test_a_file_without_rows_and_a_file_that_is_not_there_are_refused(read, tmp_path: Path) -> None:
    with pytest.raises(ImportRefused, match="no rows"):
        read("")
    with pytest.raises(ImportRefused, match="can't be read"):
        read_catalog(tmp_path / "nowhere.csv")
    with pytest.raises(ImportRefused, match="can't be read"):
        read_catalog(tmp_path)


def test_columns_may_come_in_any_order_and_the_optional_ones_be_left_out(read) -> None:
    file = read("1,pcs,Brick,A-1,acme\n", "PRICE, unit,name,code,tenant\n")
    row = file.loadable["acme"][0]
    assert (row.price_minor, row.currency, row.description) == (100, "RUB", "")


@given(st.integers(0, 10**15 - 1), st.sampled_from(["RUB", "JPY", "KWD", "CLF"]))
def test_an_amount_survives_being_written_and_read(minor: int, currency: str) -> None:
    text, shown = as_text(minor, currency).split()
    assert shown == currency
    assert minor_units(text, currency) == minor


@given(st.text(max_size=20))
def test_a_price_is_a_whole_number_of_minor_units_or_refused(text: str) -> None:
    if re.fullmatch(r"\d{1,15}([.,]\d{1,2})?", text):
        assert minor_units(text, "RUB") >= 0
    else:
        with pytest.raises(ValueError, match="price is"):
            minor_units(text, "RUB")
