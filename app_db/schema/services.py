"""Services: which schemas and which chain of revisions each has, and what the code needs of the database."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from ..errors import SettingsError

CORE = "core"
EXTENSIONS = "extensions"


@dataclass(frozen=True, slots=True)
class Service:
    """A service: its schemas, and the revision of its chain that this release of the code needs.

    `core_revision` is the core revision that its first revision depends on: a database that has the service has that,
    although Alembic's version table does not say so. `later_core` has a pair for each later revision that depends on a
    newer one. `extensions` are those that its revisions create in the schema of that name, which all services share;
    `requires` are those that have to be there before, because only a superuser or the provider can create them.
    """

    name: str
    schemas: tuple[str, ...]
    revision: str
    core_revision: str | None = None
    later_core: tuple[tuple[str, str], ...] = ()
    extensions: tuple[str, ...] = ()
    requires: tuple[str, ...] = ()

    @property
    def core_revisions(self) -> tuple[tuple[str, str], ...]:
        """Each of its revisions that depends on a core revision, with that one."""
        first = () if self.core_revision is None else ((f"{self.name}_0001", self.core_revision),)
        return first + self.later_core


SERVICES: dict[str, Service] = {
    service.name: service
    for service in (
        Service(CORE, ("app", "tenancy", "ops", EXTENSIONS), revision="core_0008", extensions=("btree_gin",)),
        Service("auth", ("auth", "auth_private"), revision="auth_0005", core_revision="core_0006"),
        Service("profile", ("profile",), revision="profile_0001", core_revision="core_0003"),
        Service(
            "billing", ("billing",), revision="billing_0003", core_revision="core_0003", extensions=("btree_gist",)
        ),
        Service(
            "catalog",
            ("catalog",),
            revision="catalog_0004",
            core_revision="core_0003",
            later_core=(("catalog_0002", "core_0008"),),
            extensions=("pg_trgm",),
        ),
        Service(
            "learning",
            ("learning",),
            revision="learning_0006",
            core_revision="core_0008",
            extensions=("pg_trgm",),
            requires=("vector",),
        ),
    )
}


def placed_services(names: Iterable[str] | None, made: Collection[str] | None = None) -> tuple[Service, ...]:
    """Return core and the services named; raises SettingsError for a name that is no service.

    Where none are named it is all of them, but for those that require an extension which is not among `made`, those
    that the database has (where it is known).
    """
    if names is None:
        return tuple(s for s in SERVICES.values() if made is None or set(s.requires) <= set(made))
    wanted = set(names) | {CORE}
    unknown = sorted(wanted - set(SERVICES))
    if unknown:
        raise SettingsError(
            f"APP_DB_SERVICES names {unknown[0]!r}, which is no service: "
            f"choose from {', '.join(sorted(set(SERVICES) - {CORE}))}"
        )
    return tuple(service for service in SERVICES.values() if service.name in wanted)


def why_left_out(service: Service) -> str:
    """Return, for people, why a database goes without a service that nobody has named, and what to type."""
    return f"{service.name} is left out: {_without(service)}; or name the services that you want in APP_DB_SERVICES"


def why_not_carried(service: Service) -> str:
    """Return, for people, why a database can't have a service that was named, and what to type."""
    return f"{service.name} can't be built: {_without(service)}; or take {service.name} out of APP_DB_SERVICES"


def _without(service: Service) -> str:
    extensions = " and ".join(service.requires)
    commands = "; ".join(f"create extension {name} schema {EXTENSIONS}" for name in service.requires)
    return (
        f"the database does not have the extension {extensions}, which only a superuser or the provider can create: "
        f"have it installed on the server, then `{commands}`, then `app-db upgrade`"
    )
