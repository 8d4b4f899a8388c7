"""What is suppressed has a reason and a day; a file that is wrong is refused with what to write."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from isolation.check.conftest import Place

from app_db.errors import CheckRefused
from app_db.isolation import CheckReport, check_isolation
from app_db.isolation.check.rules import BY_ID
from app_db.isolation.check.suppressions import read_suppressions

TODAY = date(2026, 11, 28)
ENTRY = """
[[suppress]]
rule = "ISO202"
object = "example.*"
reason = "a trial that ends in January"
expires = 2027-01-31
"""


def written(tmp_path: Path, content: str) -> Path:
    file = tmp_path / "isolation.toml"
    file.write_text(content)
    return file


@pytest.fixture
def unforced(place: Place) -> Place:
    example = BY_ID["ISO202"].example
    assert example is not None
    place.run(*example.statements)
    return place


def checked(place: Place, file: Path, today: date = TODAY) -> CheckReport:
    entries = read_suppressions(file, TODAY)
    return check_isolation(place.connection, place.bounds, suppressions=entries, today=today)


def test_what_is_suppressed_is_not_a_finding(unforced: Place, tmp_path: Path) -> None:
    report = checked(unforced, written(tmp_path, ENTRY))
    assert report.findings == report.expired == report.unused == ()
    assert [(one.thing, why.reason) for one, why in report.suppressed] == [
        ("example.items", "a trial that ends in January")
    ]


@pytest.mark.parametrize(
    ("today", "is_back"), [(date(2027, 1, 31), False), (date(2027, 2, 1), True)], ids=["the last day", "the day after"]
)
def test_a_finding_is_back_when_its_suppression_has_expired(
    today: date, is_back: bool, unforced: Place, tmp_path: Path
) -> None:
    report = checked(unforced, written(tmp_path, ENTRY), today)
    assert [finding.rule for finding in report.findings] == (["ISO202"] if is_back else [])
    assert len(report.expired) == int(is_back)


@pytest.mark.parametrize(
    "changed", [ENTRY.replace("ISO202", "ISO201"), ENTRY.replace("example.*", "example.item")], ids=["rule", "object"]
)
def test_a_suppression_of_something_else_hides_nothing_and_is_told_as_unused(
    changed: str, unforced: Place, tmp_path: Path
) -> None:
    report = checked(unforced, written(tmp_path, changed))
    assert [finding.rule for finding in report.findings] == ["ISO202"]
    assert len(report.unused) == 1
    assert report.expired == ()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (ENTRY.replace('rule = "ISO202"\n', ""), r"entry 1 lacks rule: each entry has rule, object, reason, expires"),
        (ENTRY + "who = 'me'", "entry 1 has who: each entry has"),
        (ENTRY.replace("ISO202", "ISO999"), r"'ISO999' is no rule: `app-db isolation check --list` shows them"),
        (ENTRY.replace("example.*", "*"), r"the object '\*' would suppress everything: name a table"),
        (ENTRY.replace("example.*", "*.*"), r"the object '\*\.\*' would suppress everything"),
        (
            ENTRY.replace("a trial that ends in January", "because"),
            r"'because' says too little: write at least 4 words",
        ),
        (ENTRY.replace("2027-01-31", '"soon"'), "expires is 'soon', which is no day: write it as 2027-01-31"),
        (ENTRY.replace('"ISO202"', "['ISO202']"), r"\['ISO202'\] is no rule"),
        (ENTRY.replace("2027-01-31", "2027-01-31T10:00:00"), "which is no day"),
        (ENTRY.replace("2027-01-31", "2027-12-31"), "more than a year ahead: write 2027-11-29 or earlier"),
        (
            ENTRY.replace("[[suppress]]", "[[ignore]]"),
            r"has ignore, which means nothing here: write entries that begin",
        ),
        ("suppress = 1", r"has suppress, which means nothing here"),
        ("suppress = [1]", "entry 1 lacks rule, object, reason, expires"),
        ("[[suppress", r"is not TOML \(.*\): write entries that begin"),
    ],
)
def test_a_file_that_is_wrong_is_refused(content: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(CheckRefused, match=told):
        read_suppressions(written(tmp_path, content), TODAY)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckRefused, match=r"can't be read .*: name an existing file"):
        read_suppressions(tmp_path / "none.toml", TODAY)


def test_brackets_in_an_object_stand_for_themselves(place: Place, tmp_path: Path) -> None:
    example = BY_ID["ISO504"].example
    assert example is not None
    place.run(*example.statements)
    entry = ENTRY.replace("ISO202", "ISO504").replace("example.*", "example.same(*, other text)")
    assert checked(place, written(tmp_path, entry)).findings == ()
