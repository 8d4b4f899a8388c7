"""Runs a drill: makes what it works on, lets the threads work, looks at every row in the end, and takes all away."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from ...engine import identity
from ...errors import AppDbError, DrillRefused
from ...migrations.alone import alone
from ...migrations.connection import migration_url, owner_engine
from ...schema import RoleNames
from ...server.development import development_urls
from ...session.database import pool_figures
from ...settings import Environment, LoginUrl, Settings
from ...tenants.work import Progress, silent
from .backends import Backends
from .faults import AROUND, ENDING, KILL, around, why_not_end_backends
from .ground import TABLE, make_ground, make_tenants, remove
from .ledger import Ledger
from .memory import Memory
from .plan import Plan
from .report import DrillReport
from .steps import STEPS, Unit, read
from .unit_of_work import make_way, name_of
from .way import Place, Way
from .work import Work

OURS = "app_db.isolation.drill.ours:Ours"

_ALL_ROWS = text(f"select tenant_id, author from {TABLE} where tenant_id = any(:tenants)")  # noqa: S608
_PATIENCE = 1.0  # seconds for a connection: threads that hold one and wait for a second keep all others from work
_FEWEST_TENANTS = 2
_LOOK_SECONDS = 0.2
_UNDER_WAY = "another drill, reset or init of this database is under way: wait for it to end"


def run_drill(
    settings: Settings,
    way: Any = OURS,
    plan: Plan | None = None,
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
    plan = plan or Plan()
    _check(settings, plan, confirmed=confirmed)
    names, place = RoleNames(settings.role_prefix), place_of(settings, database, figures or {})
    made, name = make_way(way, place), name_of(way)
    engine = owner_engine(migration_url(settings, settings.database(database)), names)
    ledger, started = Ledger(), time.monotonic()
    with alone(engine, DrillRefused(_UNDER_WAY)), _ground(engine, made, names, plan) as tenants:
        server, base = _look_first(engine, made, tenants, ledger)
        left_out = _left_out(made, name, tenants[0], plan)
        work = Work(made, tenants, ledger, frozenset(left_out))
        with Memory() as memory, around(work, name, place):
            _let_work(work, plan, progress)
        if made.offers("dispose"):
            made.dispose()
        _look_at_everything(engine, tenants, ledger)
    return DrillReport(
        name or repr(way), base, server, place, plan, ledger, memory, left_out, time.monotonic() - started
    )


def place_of(settings: Settings, database: str | None, figures: Mapping[str, Any]) -> Place:
    """Return where a way works by itself: the application's URL, and the pool of the settings with these changes."""
    chosen = settings.database(database)
    url = chosen.url
    if url is None and settings.is_local and database is None:
        url = development_urls(settings)[LoginUrl.APPLICATION]
    elif url is None:
        raise DrillRefused(f"{LoginUrl.APPLICATION} is not set: set it to the URL that the application works with")
    pool = pool_figures(settings)
    patience = {"pool_timeout": min(pool.pool_timeout, _PATIENCE)}
    return Place(
        url.render_as_string(hide_password=False), settings.role_prefix, chosen.services or settings.services,
        replace(pool, **(patience | dict(figures))),
    )  # fmt: skip


def _check(settings: Settings, plan: Plan, *, confirmed: bool) -> None:
    if settings.environment is Environment.PRODUCTION and not confirmed:
        raise DrillRefused(
            "APP_DB_ENVIRONMENT is 'production', where a drill would make a table and tenants, end connections and "
            "take part of the server's strength: run it on a copy, or add --yes (confirmed=True) to run it here"
        )
    if plan.tenants < _FEWEST_TENANTS or plan.threads < 1 or plan.units < 1:
        raise DrillRefused("a drill takes two tenants, one thread and one unit of work at least: give larger numbers")
    unknown = plan.without - {*STEPS, *AROUND}
    if unknown:
        raise DrillRefused(
            f"there is no step or fault {min(unknown)!r} to be left out: choose from {', '.join([*STEPS, *AROUND])}"
        )
    if plan.without >= set(STEPS):
        raise DrillRefused("every step is left out, and nothing would be done: leave one of them in")


@contextmanager
def _ground(engine: Engine, way: Way, names: RoleNames, plan: Plan) -> Iterator[list[UUID]]:
    """Make table and tenants, yield the tenants' ids, and take all away: now, or what a killed drill has left."""
    with engine.connect() as owner:
        remove(owner)
        tenants = make_tenants(owner, plan.tenants)
        make_ground(owner, way.ground, names, tenants)
        owner.commit()
    try:
        yield tenants
    finally:
        if way.offers("dispose"):
            way.dispose()  # what a connection holds open would keep the table
        with engine.connect() as owner:
            remove(owner)


def _look_first(engine: Engine, way: Way, tenants: Sequence[UUID], ledger: Ledger) -> tuple[str, str]:
    """Do one unit of work alone, so that what is wrong with all of them is said once; return server and database."""
    tenant, *others = tenants
    with engine.connect() as owner:
        place = identity(owner)
        version, base = owner.execute(text("select current_setting('server_version'), current_database()")).one()
    try:
        with way.unit(tenant) as session:
            unit = Unit(way, session, tenant, others, Random(0), ledger, Backends())  # noqa: S311
            found = identity(unit.connection)
            if found == place:
                read(unit)
    except AppDbError:
        raise
    except Exception as error:
        raise DrillRefused(
            f"a unit of work can't be opened and read ({type(error).__name__}: {error}): see that it works by itself, "
            f"for the tenant whose id it gets, and reads {TABLE}"
        ) from error
    if found != place:
        raise DrillRefused(
            f"the unit of work is on another database than {LoginUrl.MIGRATION}, where the drill's table is: "
            "let both lead to the same one"
        )
    return f"PostgreSQL {version}", str(base)


def _left_out(way: Way, name: str | None, tenant: UUID, plan: Plan) -> dict[str, str]:
    """Return what is not tried, with the reason."""
    left_out = dict.fromkeys(sorted(plan.without), "as asked for")
    for method in ("stranger", "raw", "dispose"):
        if not way.offers(method):
            left_out.setdefault(method, f"the way has no {method}()")
    if name is None:
        left_out.setdefault(KILL, "another process can't find the way by its name: define it at the top of a module")
    if not plan.without.issuperset(ENDING):
        reason = why_not_end_backends(way, tenant)
        if reason is not None:
            left_out |= {step: reason for step in ENDING if step not in left_out}
    return left_out


def _let_work(work: Work, plan: Plan, progress: Progress) -> None:
    """Let the threads work until enough is done; whatever ends this, ends them."""
    over, may_go_on, how_far = threading.Event(), *_quota(plan, work.ledger)
    threads = [
        threading.Thread(
            target=work.go_on, args=(lambda: may_go_on() and not over.is_set(), plan.seed + number), daemon=True
        )
        for number in range(plan.threads)
    ]
    try:
        for thread in threads:
            thread.start()
        with progress("drilling", int(plan.seconds or plan.units)) as done:
            shown = 0
            while any(thread.is_alive() for thread in threads):
                time.sleep(_LOOK_SECONDS)
                now = how_far()
                done(now - shown)
                shown = now
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _quota(plan: Plan, ledger: Ledger) -> tuple[Callable[[], bool], Callable[[], int]]:
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
