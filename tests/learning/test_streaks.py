"""Streaks are told by the day where the person lives, and a clock that goes back breaks none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from learning.conftest import Lesson
from sqlalchemy import Connection, text
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.learning import ChapterStep, progress_summary, record_progress
from app_db.models import UserProfile
from app_db.session import Database

pytestmark = [PLUGIN_ON_18, pytest.mark.app_db("commit")]

ZONES = [
    "UTC", "Europe/Moscow", "Asia/Kolkata", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/New_York",
    "Australia/Lord_Howe",
]  # fmt: skip
NOTE = text("select learning.note_activity(:tenant, :person, :at, 0, 0)")
STATE = text(
    "select current_streak, longest_streak, last_active_on from learning.user_progress "
    "where tenant_id = :tenant and user_id = :person"
)
LIVES = text("""
insert into learning.user_profiles (tenant_id, user_id, display_name, time_zone)
values (:tenant, :person, 'Anna', :zone)
on conflict (tenant_id, user_id) do update set time_zone = excluded.time_zone
""")
At = Callable[..., tuple[int, int, dt.date]]


def utc(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=dt.UTC)


@pytest.fixture
def at(definer: Connection, tenant: UUID) -> At:
    """Notes activity of a person at these times and returns streak, longest streak, and last day."""

    def note(person: UUID, *times: dt.datetime) -> tuple[int, int, dt.date]:
        for time in times:
            definer.execute(NOTE, {"tenant": tenant, "person": person, "at": time})
        row = definer.execute(STATE, {"tenant": tenant, "person": person}).one()
        return row[0], row[1], row[2]

    return note


@pytest.fixture
def lives(app_db: Database, tenant: UUID) -> Callable[[UUID, str], None]:
    def move(person: UUID, zone: str) -> None:
        with app_db.tenant(tenant, user_id=person) as session:
            session.execute(LIVES, {"tenant": tenant, "person": person, "zone": zone})

    return move


def test_the_same_day_changes_nothing_the_next_adds_one_and_a_gap_begins_anew(at: At) -> None:
    person = uuid7()
    assert at(person, utc("2026-03-01 08:00"))[:2] == (1, 1)
    assert at(person, utc("2026-03-01 23:59:59.999"))[:2] == (1, 1)
    assert at(person, utc("2026-03-02 00:00"))[:2] == (2, 2)
    assert at(person, utc("2026-03-03 12:00"))[:2] == (3, 3)
    assert at(person, utc("2026-03-05 00:00"))[:2] == (1, 3)
    assert at(person, utc("2026-03-06 00:00")) == (2, 3, dt.date(2026, 3, 6))


@pytest.mark.parametrize(
    ("zone", "evening", "night", "streak"),
    [
        ("UTC", "20:59", "21:01", 1),
        ("Europe/Moscow", "20:59", "21:01", 2),
        ("Asia/Kolkata", "18:29", "18:31", 2),
        ("America/New_York", "20:59", "21:01", 1),
    ],
)
def test_midnight_is_where_the_person_lives(
    at: At, lives: Callable[[UUID, str], None], zone: str, evening: str, night: str, streak: int
) -> None:
    person = uuid7()
    lives(person, zone)
    assert at(person, utc(f"2026-06-01 {evening}"), utc(f"2026-06-01 {night}"))[0] == streak


def test_who_travels_west_lives_a_day_twice_and_keeps_the_streak(at: At, lives: Callable[[UUID, str], None]) -> None:
    person = uuid7()
    lives(person, "Pacific/Kiritimati")
    assert at(person, utc("2026-06-01 11:00"), utc("2026-06-02 11:00")) == (2, 2, dt.date(2026, 6, 3))
    lives(person, "Pacific/Pago_Pago")
    assert at(person, utc("2026-06-02 12:00")) == (2, 2, dt.date(2026, 6, 3))
    assert at(person, utc("2026-06-04 12:00")) == (3, 3, dt.date(2026, 6, 4))


def test_seven_and_thirty_days_bring_badges_that_stay(at: At, definer: Connection) -> None:
    person, start = uuid7(), utc("2026-01-01 12:00")
    badges = text("select badges from learning.user_progress where user_id = :person")
    at(person, *(start + dt.timedelta(days=day) for day in range(6)))
    assert definer.scalar(badges, {"person": person}) == []
    at(person, start + dt.timedelta(days=6))
    assert definer.scalar(badges, {"person": person}) == ["streak_7"]
    at(person, *(start + dt.timedelta(days=day) for day in range(7, 30)), start + dt.timedelta(days=90))
    assert definer.scalar(badges, {"person": person}) == ["streak_7", "streak_30"]


def streaks_of(times: list[dt.datetime], zone: str) -> tuple[int, int, dt.date]:
    """The same, told by Python from the whole history: runs of days that follow each other."""
    days = sorted({time.astimezone(ZoneInfo(zone)).date() for time in times})
    runs, run = [1], 1
    for one, other in pairwise(days):
        run = run + 1 if other - one == dt.timedelta(days=1) else 1
        runs.append(run)
    return run, max(runs), days[-1]


@settings(
    max_examples=40, deadline=None, database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip
@given(
    zone=st.sampled_from(ZONES),
    # around the days on which clocks change, and midnight within a second
    start=st.sampled_from(["2026-03-07", "2026-03-28", "2026-10-03", "2026-10-31"]).map(utc),
    steps=st.lists(
        st.one_of(st.integers(0, 60 * 60 * 30), st.sampled_from([1, 3600, 86399, 86400, 86401, 2 * 86400])),
        min_size=1, max_size=12,
    ),
)  # fmt: skip
def test_streaks_are_those_that_the_history_gives(
    at: At, lives: Callable[[UUID, str], None], zone: str, start: dt.datetime, steps: list[int]
) -> None:
    person, times = uuid7(), [start]
    lives(person, zone)
    for step in steps:
        times.append(times[-1] + dt.timedelta(seconds=step))
    assert at(person, *times) == streaks_of(times, zone)


def test_a_streak_that_was_broken_is_told_as_none(
    app_db: Database, tenant: UUID, lesson: Lesson, definer: Connection
) -> None:
    person = uuid7()
    days = text("update learning.user_progress set last_active_on = (now() at time zone 'UTC')::date - :days")
    with app_db.tenant(tenant, user_id=person) as session:
        record_progress(session, [ChapterStep(lesson.chapters[0])])
    role = str(definer.scalar(text("select current_user")))
    for days_ago, streak in ((0, 1), (1, 1), (2, 0)):
        definer.execute(days, {"days": days_ago})
        definer.commit()
        definer.exec_driver_sql(f'set local role "{role}"')
        with app_db.tenant(tenant, user_id=person) as session:
            summary = progress_summary(session)
        assert (summary.current_streak, summary.longest_streak) == (streak, 1)


@pytest.mark.parametrize(
    "zone", ["", "MSK", "Europe/Nowhere", "Europe/Moscow3", "UTC+3", "+03", "Etc/GMT+15", "europe/moscow", "A'; drop"]
)
def test_a_zone_that_is_not_there_is_refused(app_db: Database, tenant: UUID, zone: str) -> None:
    from app_db.errors import CheckViolation

    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(UserProfile(display_name="Anna", time_zone=zone))
        with pytest.raises(CheckViolation) as refused:
            session.flush()
        assert refused.value.constraint_name == "ck_user_profiles_time_zone"
        session.rollback()


def test_every_zone_of_the_iana_database_is_taken(app_db: Database, tenant: UUID, definer: Connection) -> None:
    names = definer.scalars(text(
        "select name from pg_timezone_names where name ~ '^(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia"
        "|Europe|Indian|Pacific)/' or name ~ '^Etc/GMT[+-]'"
    )).all()  # fmt: skip
    assert len(names) > 400
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(row := UserProfile(display_name="Anna"))
        session.flush()
        for name in ["UTC", *names]:
            row.time_zone = name
            session.flush()
