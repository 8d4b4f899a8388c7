"""Looks at a database and says where it is not what the revisions build."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Connection, text

from ..reflection import Catalogue, reflect
from ..schema import SERVICES, RoleNames, Service, newest_by_chain
from .compare import CHANGED, MISSING, Drift, compare
from .roles import expected_roles, reflect_roles
from .snapshot import Snapshot, expected_catalogue, extensions_of

_REVISIONS = text("select version_num from app.alembic_version")
_HAS_VERSIONS = text("select to_regclass('app.alembic_version') is not null")
_MAJOR = text("select current_setting('server_version_num')::integer / 10000")


@dataclass(frozen=True, slots=True)
class Inspection:
    """What was compared, how much of it there was, and where it differs."""

    schemas: tuple[str, ...]
    things: int
    drifts: tuple[Drift, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        drifts = [{**asdict(drift), "message": str(drift)} for drift in self.drifts]
        return {"schemas": list(self.schemas), "things": self.things, "drifts": drifts}


def inspect_database(
    connection: Connection, services: Sequence[Service], names: RoleNames, snapshots: Iterable[Snapshot] = ()
) -> Inspection:
    """Compare the database with what this release builds for the services, and with the snapshots of an application.

    Executes SELECT alone, in the transaction of the connection, and takes no lock above ACCESS SHARE.
    """
    snapshots = list(snapshots)
    ours = (schema for service in services for schema in service.schemas)
    schemas = (*ours, *(schema for snapshot in snapshots for schema in snapshot.schemas))
    major = int(connection.scalar(_MAJOR) or 0)
    expected = expected_catalogue(services, major)
    for snapshot in snapshots:
        expected |= snapshot.for_version(major)
    drifts = [
        *_revision_drifts(connection, services),
        *compare(expected_roles(), reflect_roles(connection, names)),
        *compare(expected, _found(connection, schemas, services, names)),
    ]
    return Inspection(schemas, len(expected), tuple(drifts))


def _found(connection: Connection, schemas: Sequence[str], services: Sequence[Service], names: RoleNames) -> Catalogue:
    # a service that was placed here once has left its extension in the schema that all share
    elsewhere = extensions_of(SERVICES.values()) - extensions_of(services)
    return {thing: found for thing, found in reflect(connection, schemas, names).items() if thing not in elsewhere}


def _revision_drifts(connection: Connection, services: Sequence[Service]) -> list[Drift]:
    """Say which chain is elsewhere than this release: what follows from that is no drift of its own, but its cause."""
    if not connection.scalar(_HAS_VERSIONS):
        return [Drift("revision", service.name, MISSING) for service in services]
    found = newest_by_chain(connection.scalars(_REVISIONS))
    return [
        Drift("revision", service.name, CHANGED, "number", service.revision, found[service.name])
        for service in services
        if found.get(service.name, service.revision) != service.revision
    ]
