"""What is asked before a drill begins: may it be run here, with what, and what has to be left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text
from sqlalchemy.exc import InvalidRequestError

from ...engine import identity
from ...errors import AppDbError, DrillRefused
from ...server.development import development_urls
from ...session.database import pool_figures
from ...settings import Environment, LoginUrl, Settings
from .backends import Backends
from .faults import AROUND, ENDING, KILL, why_not_end_backends
from .ground import TABLE
from .ledger import Ledger
from .plan import DrillPlan
from .steps import ENDING_INSIDE, STEPS, Unit, read
from .unit_of_work import OwnUnit
from .way import DrillPlace, Way

_PATIENCE = 1.0  # seconds for a connection: threads that hold one and wait for a second keep all others from work
_FEWEST_TENANTS = 2


def place_of(settings: Settings, database: str | None, figures: Mapping[str, Any]) -> DrillPlace:
    """Return where a way works by itself: the application's URL, and the pool of the settings with these changes."""
    chosen = settings.database(database)
    url = chosen.url
    if url is None and settings.is_local and database is None:
        url = development_urls(settings)[LoginUrl.APPLICATION]
    elif url is None:
        raise DrillRefused(f"{LoginUrl.APPLICATION} is not set: set it to the URL that the application works with")
    pool = pool_figures(settings)
    patience = {"pool_timeout": min(pool.pool_timeout, _PATIENCE)}
    return DrillPlace(
        url.render_as_string(hide_password=False), settings.role_prefix, chosen.services or settings.services,
        replace(pool, **(patience | dict(figures))),
    )  # fmt: skip


def check(settings: Settings, plan: DrillPlan, *, confirmed: bool) -> None:
    """Raise DrillRefused in production, unless `confirmed`, and for a plan that does nothing."""
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


def check_figures(way: Way, figures: Mapping[str, Any]) -> bool:
    """Return whether the way brings its own pool; raises DrillRefused where figures of ours are given for it."""
    brings_pool = isinstance(way, OwnUnit)
    if brings_pool and figures:
        raise DrillRefused(
            f"{min(figures)} is a figure of our pool, and this unit of work brings its own: leave it out, and set "
            "that pool's where it is made"
        )
    return brings_pool


def look_first(engine: Engine, way: Way, tenants: Sequence[UUID], ledger: Ledger) -> tuple[str, str]:
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


def may_end(way: Way, tenant: UUID) -> bool:
    """Tell whether a unit may be committed inside of its block; one of `session.begin()` may not."""
    try:
        with way.unit(tenant) as session:
            session.execute(text("select 1"))
            session.commit()
            session.execute(text("select 1"))
    except InvalidRequestError:
        return False
    except Exception:  # noqa: BLE001  # of its own, and an ending like others
        return True
    return True


def why_left_out(way: Way, name: str | None, tenant: UUID, plan: DrillPlan, *, ends_inside: bool) -> dict[str, str]:
    """Return what is not tried, with the reason."""
    left_out = dict.fromkeys(sorted(plan.without), "as asked for")
    for method in ("stranger", "raw", "dispose"):
        if not way.offers(method):
            left_out.setdefault(method, f"the way has no {method}()")
    if not ends_inside:
        one = "the block of a unit of work does not let its transaction be ended inside, as one of session.begin()"
        left_out |= {step: one for step in ENDING_INSIDE if step not in left_out}
    if name is None:
        left_out.setdefault(KILL, "another process can't find the way by its name: define it at the top of a module")
    if not plan.without.issuperset(ENDING):
        reason = why_not_end_backends(way, tenant)
        if reason is not None:
            left_out |= {step: reason for step in ENDING if step not in left_out}
    return left_out
