"""What a person has read, written so that nothing is lost between two devices, and summed up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from ..session import TenantSession

# in the order of ids, so that two devices of a person which tell of the same chapters wait and don't deadlock
_RECORD = text("""
insert into learning.chapter_progress as p (chapter_id, status, percent, seconds_spent)
select s.chapter, case when s.completed then 'completed' else 'started' end, s.percent, s.seconds
from unnest(cast(:chapters as uuid[]), cast(:completed as boolean[]), cast(:percents as smallint[]),
  cast(:seconds as bigint[])) as s (chapter, completed, percent, seconds)
order by s.chapter
on conflict (tenant_id, user_id, chapter_id) do update set
  status = excluded.status, percent = greatest(p.percent, excluded.percent),
  seconds_spent = p.seconds_spent + excluded.seconds_spent
""")
_SUMMARY = text("select * from learning.get_progress_summary(cast(:person as uuid))")
_STATISTICS = text("select * from learning.get_learning_statistics(:since, :until)")


@dataclass(frozen=True, slots=True)
class ChapterStep:
    """What a person has done in a chapter since it was last told.

    `percent` is how much of it is read by now; a lower one than before is left. `seconds` are added to those before.
    """

    chapter: UUID
    percent: int = 0
    seconds: int = 0
    completed: bool = False


@dataclass(frozen=True, slots=True)
class ProgressSummary:
    """What a person has done so far. `current_streak` is in days, and 0 where the last day was before yesterday."""

    current_streak: int
    longest_streak: int
    last_active_on: dt.date | None
    badges: list[str]
    chapters_started: int
    chapters_completed: int
    seconds_spent: int
    courses: int
    annotations: int


@dataclass(frozen=True, slots=True)
class LearningStatistics:
    """What everybody in the tenant has begun and completed from one time to another, in sums."""

    people: int
    courses: int
    chapters_started: int
    chapters_completed: int


def record_progress(session: TenantSession, steps: Sequence[ChapterStep]) -> None:
    """Note what the session's person has done; streak, time and completion follow from it.

    Tell of several chapters in one call: they are written in the order of their ids. What is completed stays completed.
    Raises ValueError for a chapter that is told twice, a percentage that is not 0 to 100, or seconds below 0, and
    ForeignKeyViolation for a chapter that the tenant does not have.
    """
    for step in steps:
        _check(step)
    if len({step.chapter for step in steps}) != len(steps):
        raise ValueError("a chapter is told twice: add up its seconds and tell it once")
    if not steps:
        return
    session.execute(
        _RECORD,
        {
            "chapters": [step.chapter for step in steps],
            "completed": [step.completed for step in steps],
            "percents": [step.percent for step in steps],
            "seconds": [step.seconds for step in steps],
        },
    )


def progress_summary(session: TenantSession, person: UUID | None = None) -> ProgressSummary:
    """Return what a person, by default the session's, has done so far.

    Of another person only a tenant's administrator sees anything; others see zeros. Raises UnboundTransaction for a
    session without a tenant.
    """
    row = session.execute(_SUMMARY, {"person": person or session.context.user_id}).mappings().one()
    return ProgressSummary(**row)


def learning_statistics(session: TenantSession, since: dt.datetime, until: dt.datetime) -> LearningStatistics:
    """Return what everybody in the tenant has done from `since`, included, until `until`, excluded.

    Raises ValueError for a time without a zone, or an end that is not after the beginning, and UnboundTransaction for a
    session without a tenant.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError("a time has no zone: give e.g. datetime(2026, 1, 1, tzinfo=UTC)")
    if since >= until:
        raise ValueError(f"{until} is not after {since}: give the earlier time first")
    row = session.execute(_STATISTICS, {"since": since, "until": until}).mappings().one()
    return LearningStatistics(**row)


def _check(step: ChapterStep) -> None:
    if not 0 <= step.percent <= 100:  # noqa: PLR2004
        raise ValueError(f"percent is {step.percent}: give 0 to 100")
    if step.seconds < 0:
        raise ValueError(f"seconds are {step.seconds}: give what was spent since the last call, 0 or more")
