"""A reset: refuse what must not be emptied, empty the database, apply the revisions, plant the seeds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Engine

from ..engine import admin_engine, identity
from ..errors import ResetRefused, SettingsError
from ..migrations import applied_revisions, upgrade, upgrade_project
from ..migrations.alone import alone
from ..migrations.connection import migration_url, owner_engine
from ..schema import RoleNames
from ..seeds import SeedReport, seed
from ..server.development import development_urls
from ..settings import LoginUrl, Settings
from .empty import empty_database
from .refusals import check_environment, check_place, check_tree

_UNDER_WAY = "another reset or init of this database is under way: wait for it to end"


@dataclass(frozen=True, slots=True)
class ResetReport:
    """What a reset did."""

    database: str
    dropped: tuple[str, ...]
    revisions: tuple[str, ...]
    seeds: SeedReport

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {
            "database": self.database,
            "dropped": list(self.dropped),
            "revisions": list(self.revisions),
            "seeds": self.seeds.as_dict(),
        }


def reset(
    settings: Settings,
    *,
    database: str | None = None,
    confirmed: str | None = None,
    schemas: Collection[str] = (),
    tree: Path | None = None,
) -> ResetReport:
    """Drop what revisions have made, apply them anew, and plant the seeds; roles and logins stay.

    `confirmed` is the name of a database that is not on this machine; `schemas` are those of an application's own
    tree, whose `alembic.ini` is `tree`. Killed at any point and run again, it completes. Raises ResetRefused before
    any change, LockNotAvailable where somebody works with a table, and SettingsError for a URL that is missing.
    """
    check_environment(settings)
    check_tree(tree)
    place = settings.database(database)
    url = migration_url(settings, place)
    check_place(url, confirmed)
    names = RoleNames(settings.role_prefix)
    engine = owner_engine(url, names)
    _check_same_place(engine, _admin_url(settings, database))
    with alone(engine, ResetRefused(_UNDER_WAY)):
        dropped = empty_database(engine, names, lock_timeout=settings.lock_timeout, also=schemas)
        upgrade(settings, database=database)
        if tree is not None:
            upgrade_project(settings, tree)
        seeds = seed(settings, database=database)
    revisions = applied_revisions(settings, database=database)
    return ResetReport(str(url.database), tuple(dropped), tuple(revisions), seeds)


def _admin_url(settings: Settings, database: str | None) -> URL:
    place = settings.database(database)
    if place.admin_url is not None:
        return place.admin_url
    if place.url is None:
        return development_urls(settings)[LoginUrl.ADMIN]
    raise SettingsError(
        f"{LoginUrl.ADMIN} is not set, and the seeds are planted by that login: "
        "set it to the URL that `app-db bootstrap` made"
    )


def _check_same_place(owner: Engine, admin_url: URL) -> None:
    """Refuse where the seeds would go to another database than the one that is emptied."""
    with owner.connect() as one, admin_engine(admin_url, application_name="app_db reset").connect() as other:
        if identity(one) != identity(other):
            raise ResetRefused(
                f"{LoginUrl.MIGRATION} and {LoginUrl.ADMIN} lead to different databases: set both to the one that is "
                "to be reset, as `app-db bootstrap` prints them"
            )
