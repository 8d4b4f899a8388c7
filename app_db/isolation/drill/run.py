"""Runs a drill: makes what it works on, lets the threads work, looks at every row in the end, and takes all away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from ...errors import DrillRefused
from ...migrations.alone import alone
from ...migrations.connection import migration_url, owner_engine
from ...schema import RoleNames
from ...settings import Settings
from ...tenants.work import Progress, silent
from .faults import around
from .ground import TABLE, make_ground, make_tenants, remove
from .ledger import Ledger
from .memory import Memory
from .plan import DrillPlan
from .preflight import check, check_figures, look_first, may_end, place_of, why_left_out
from .report import DrillReport
from .threads import thread, working
from .unit_of_work import make_way, name_of
from .way import Way
from .work import Work

OURS = "app_db.isolation.drill.ours:Ours"

_ALL_ROWS = text(f"select tenant_id, author from {TABLE} where tenant_id = any(:tenants)")
_LOOK_SECONDS = 0.2
_UNDER_WAY = "another drill, reset or init of this database is under way: wait for it to end"


def run_drill(
    settings: Settings,
    way: Any = OURS,
    plan: DrillPlan | None = None,
    *,
    database: str | None = None,
    figures: Mapping[str, Any] | None = None,
    confirmed: bool = False,
    progress: Progress = silent,
) -> DrillReport:
    """Drill for leaks and return what was seen; the database is left as it was found.

    `way` is how sessions get their tenant: a callable that takes a tenant's id and returns a context manager of a
    Session or a Connection, a subclass of `Way`, or the name of either (`package.module:name`); ours without it.
    `figures` take the place of the settings' for our own pool (fields of PoolFigures). `confirmed` is for production.
    Works as the login of APP_DB_MIGRATION_URL beside the way's own. Raises DrillRefused where it must not or can't.
    """
    plan = plan or DrillPlan()
    check(settings, plan, confirmed=confirmed)
    names, place = RoleNames(settings.role_prefix), place_of(settings, database, figures or {})
    made, name = make_way(way, place), name_of(way)
    brings_pool = check_figures(made, figures or {})
    engine = owner_engine(migration_url(settings, settings.database(database)), names)
    ledger, started = Ledger(), time.monotonic()
    with alone(engine, DrillRefused(_UNDER_WAY)), _ground(engine, made, names, plan) as tenants:
        server, base = look_first(engine, made, tenants, ledger)
        ends_inside = may_end(made, tenants[0])
        left_out = why_left_out(made, name, tenants[0], plan, ends_inside=ends_inside)
        work = Work(made, tenants, ledger, frozenset(left_out), ends_inside)
        with Memory() as memory, around(work, name, place):
            _let_work(work, plan, progress)
        if made.offers("dispose"):
            made.dispose()
        _look_at_everything(engine, tenants, ledger)
    shown, took = None if brings_pool else place.figures, time.monotonic() - started
    return DrillReport(name or repr(way), base, server, shown, plan, ledger, memory, left_out, took)


@contextmanager
def _ground(engine: Engine, way: Way, names: RoleNames, plan: DrillPlan) -> Iterator[list[UUID]]:
    """Make table and tenants, yield the tenants' ids, and take all away: now, or what a killed drill has left."""
    try:
        with engine.connect() as owner:
            remove(owner)
            tenants = make_tenants(owner, plan.tenants)
            make_ground(owner, way.ground, names, tenants)
            owner.commit()
        yield tenants
    finally:
        if way.offers("dispose"):
            way.dispose()  # what a connection holds open would keep the table
        with engine.connect() as owner:
            remove(owner)


def _let_work(work: Work, plan: DrillPlan, progress: Progress) -> None:
    """Let the threads work until enough is done; whatever ends this, ends them."""
    over, may_go_on, how_far = threading.Event(), *_quota(plan, work.ledger)
    threads = [
        thread(work.go_on, lambda: may_go_on() and not over.is_set(), plan.seed + number)
        for number in range(plan.threads)
    ]
    with working(threads, over), progress("drilling", int(plan.seconds or plan.units)) as done:
        shown = 0
        while any(one.is_alive() for one in threads):
            time.sleep(_LOOK_SECONDS)
            now = how_far()
            done(now - shown)
            shown = now


def _quota(plan: DrillPlan, ledger: Ledger) -> tuple[Callable[[], bool], Callable[[], int]]:
    """Return what tells whether to go on, and what tells how far it is."""
    if plan.seconds is None:
        return lambda: ledger.units < plan.units, lambda: min(ledger.units, plan.units)
    start, seconds = time.monotonic(), plan.seconds
    return (
        lambda: time.monotonic() < start + seconds,
        lambda: int(min(time.monotonic() - start, seconds)),
    )


def _look_at_everything(engine: Engine, tenants: Sequence[UUID], ledger: Ledger) -> None:
    """Look at every row that there is in the end, as the owner of the schema, who sees them all."""
    with engine.connect() as owner:
        for tenant, author in owner.execute(_ALL_ROWS, {"tenants": list(tenants)}):
            if author != tenant:
                ledger.found("foreign row written", f"a row of {tenant} was written by {author} (at the end)")
