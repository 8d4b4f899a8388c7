"""`app-db isolation drill`: work for many tenants at once, have everything go wrong, and look for rows that leak."""

from __future__ import annotations

import json
import logging
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ..progress import bar
from .importing import look_here_first

if TYPE_CHECKING:
    from ...isolation import DrillReport

_MANY = click.IntRange(1)


@click.command()
@click.option("--unit", metavar="MODULE:NAME", help="Your own unit of work, or a Way; that of this library without it.")
@click.option("--units", type=_MANY, default=2000, show_default=True, help="So many units of work.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Instead of --units: for so long.")
@click.option("--threads", type=_MANY, default=32, show_default=True, help="Threads that work at once.")
@click.option("--tenants", type=click.IntRange(2), default=20, show_default=True, help="Tenants that they work for.")
@click.option("--pool-size", type=_MANY, help="Connections of our pool; APP_DB_POOL_SIZE without it.")
@click.option("--max-overflow", type=click.IntRange(0), help="Those beyond it; APP_DB_MAX_OVERFLOW without it.")
@click.option(
    "--pool-timeout", type=click.FloatRange(0, min_open=True), metavar="SECONDS",
    help="Patience with our pool; APP_DB_POOL_TIMEOUT without it, one second at most.",
)  # fmt: skip
@click.option(
    "--without", multiple=True, metavar="STEP",
    help="A step or fault to be left out, such as kill or end-another; may be repeated.",
)  # fmt: skip
@click.option("--seed", type=int, default=0, show_default=True, help="What the threads' choices follow from.")
@click.option("--database", metavar="NAME", help="One of APP_DB_DATABASES__…; the main one without it.")
@click.option("--yes", is_flag=True, help="In production too.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def drill(
    *,
    unit: str | None,
    units: int,
    minutes: float | None,
    threads: int,
    tenants: int,
    without: tuple[str, ...],
    seed: int,
    database: str | None,
    yes: bool,
    as_json: bool,
    **pool: float | None,
) -> None:
    """Work for many tenants at once, have everything go wrong, and look for rows that leak.

    Statements are cancelled, backends ended, clients killed, pools exhausted and disposed of, while threads work on few
    connections; every row that is read or written is checked.

    Works on a table and tenants of its own, which are gone at the end. Exits with 1 where a row leaked.
    """
    from ...isolation import DrillPlan, run_drill
    from ...isolation.drill.run import OURS
    from ...settings import load_settings

    figures = {name: value for name, value in pool.items() if value is not None}
    logging.getLogger("sqlalchemy").addHandler(logging.NullHandler())  # it tells of every connection that ended
    if unit is not None:
        look_here_first()
    plan = DrillPlan(threads, tenants, units, minutes and minutes * 60, seed, frozenset(without))
    with _ended_in_order():
        report = run_drill(
            load_settings(), unit or OURS, plan, database=database, figures=figures, confirmed=yes, progress=bar
        )
    click.echo(json.dumps(report.as_dict()) if as_json else "\n".join(_lines(report)))
    if not report.succeeded:
        raise SystemExit(1)


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Have a polite end (SIGTERM) clean up as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _lines(report: DrillReport) -> Iterator[str]:
    ledger, plan, pool = report.ledger, report.plan, report.figures
    name = "our own sessions" if report.way.startswith("app_db.") else report.way
    yield f"{name} on {report.database}, {report.server}: {ledger.units:,} units of work in {report.seconds:.0f} s"
    shared = "its own pool" if pool is None else f"a pool of {pool.pool_size} + {pool.max_overflow}"
    yield f"{plan.threads} threads, {plan.tenants} tenants, {shared}, seed {plan.seed}"
    yield from _table("units of work ended by", ledger.endings)
    yield from _table("steps and faults", ledger.steps)
    if report.left_out:
        yield f"\nleft out\n{'-' * 34}"
        yield from (f"{step}: {reason}" for step, reason in report.left_out.items())
    if report.memory.end is not None:
        grows = ", and it goes on growing" if report.memory.grows else ""
        yield f"\nmemory: {report.memory.quarter:.0f} MiB after a quarter, {report.memory.end:.0f} at the end{grows}"
    yield from _outcome(report)


def _outcome(report: DrillReport) -> Iterator[str]:
    if report.ledger.leaks:
        yield from _table("LEAKS", report.ledger.findings)
        yield from ("for example", *(f"  {example}" for example in sorted(report.ledger.examples)))
    elif not report.shows_something:
        yield "\nno unit of work was committed, so this says nothing: see above what each ended by"
    else:
        yield "\nno leak"


def _table(title: str, counts: Mapping[str, int]) -> Iterator[str]:
    yield f"\n{title:<26}{'count':>8}"
    yield "-" * 34
    for name, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])):
        yield f"{name:<26}{count:>8,}"
