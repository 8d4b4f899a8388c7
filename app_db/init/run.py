"""An init: look, upgrade, plant the seeds, look at the logins, and make the first administrator last.

Last, because his password is shown once: nothing that can fail comes after it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Engine

from ..errors import InitRefused
from ..migrations import applied_revisions, upgrade
from ..migrations.alone import alone
from ..migrations.connection import migration_url, owner_engine
from ..schema import RoleNames, placed_services
from ..seeds import SeedReport, seed
from ..settings import Settings
from .administrator import Administrator, check_email, check_slug, make_administrator
from .health import check_logins
from .prerequisites import Check, check_prerequisites


@dataclass(frozen=True, slots=True)
class InitReport:
    """What an init found and did; the password, where one was made, is in none of its texts but `as_dict`."""

    database: str
    prerequisites: tuple[Check, ...]
    before: tuple[str, ...]
    after: tuple[str, ...]
    seeds: SeedReport | None
    logins: tuple[Check, ...]
    administrator: Administrator

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON; with the password where one was made."""
        return {
            "database": self.database,
            "prerequisites": [check.as_dict() for check in self.prerequisites],
            "revisions": {"before": list(self.before), "after": list(self.after)},
            "seeds": None if self.seeds is None else self.seeds.as_dict(),
            "logins": [check.as_dict() for check in self.logins],
            "administrator": self.administrator.as_dict(),
        }


def initialise(
    settings: Settings,
    *,
    announce: Callable[[InitReport], None],
    email: str | None = None,
    tenant: str = "main",
    initial_data: bool = True,
    database: str | None = None,
) -> InitReport:
    """Bring a database to head and give it its first rows; run again, or after a kill, it does what is missing.

    `announce` gets the one report that has the administrator's password, before it is good: what it raises takes the
    administrator back. The report that is returned is without it. With `initial_data=False` no rows are made.
    Raises InitRefused, SettingsError for a missing URL, and whatever the revisions raise.
    """
    place = settings.database(database)
    services = placed_services(place.services or settings.services)
    absent = _why_nobody(initial_data, has_auth=any(service.name == "auth" for service in services))
    who = None if absent else (check_email(email), check_slug(tenant))
    checks = check_prerequisites(settings, database=database)
    refuse_failed("the database can't be initialised, and nothing was changed", checks)
    engine = owner_engine(migration_url(settings, place), RoleNames(settings.role_prefix))
    with alone(engine, InitRefused("another init or reset of this database is under way: wait for it to end")):
        before = applied_revisions(settings, database=database)
        upgrade(settings, database=database)
        after = applied_revisions(settings, database=database)
        seeds = seed(settings, database=database) if initial_data else None
        logins = check_logins(settings, database=database)
        refuse_failed("the schema is there, and these logins are not fit for it", logins)
        report = InitReport(
            str(engine.url.database), tuple(checks), tuple(before), tuple(after), seeds, tuple(logins),
            Administrator("left out", absent),
        )  # fmt: skip
        return _with_administrator(engine, report, who, announce)


def refuse_failed(what: str, checks: list[Check]) -> None:
    """Raise InitRefused where a check failed; each with its remedy."""
    failed = [check for check in checks if check.outcome == "failed"]
    if failed:
        raise InitRefused(f"{what}:\n" + "\n".join(f"- {check}" for check in failed))


def _why_nobody(initial_data: bool, *, has_auth: bool) -> str:
    if not initial_data:
        return "--skip-initial-data"
    return "" if has_auth else "the service auth is not placed (APP_DB_SERVICES), so there are no people"


def _with_administrator(
    engine: Engine, report: InitReport, who: tuple[str, str] | None, announce: Callable[[InitReport], None]
) -> InitReport:
    if who is None:
        announce(report)
        return report
    made = make_administrator(engine, *who, lambda found: announce(replace(report, administrator=found)))
    return replace(report, administrator=replace(made, password=None))
