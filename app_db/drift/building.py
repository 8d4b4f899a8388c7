"""Takes snapshots of a database that the revisions have just built."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from ..errors import ServerError
from ..migrations.connection import migration_url, owner_engine
from ..reflection import Thing, reflect
from ..schema import EXTENSIONS, SERVICES, RoleNames, Service
from ..server import find_binaries
from ..settings import Settings
from .snapshot import Snapshot, extensions_of

NEWEST = 18  # the major version whose print a snapshot has in full

_MONTHS = "*.*_y????m??"  # partitions: which there are depends on the day
# Lines of a dump that differ from one dump to the next, or say nothing about the schema.
_NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*)$")


def ours() -> tuple[str, ...]:
    """Return the schemas of all services."""
    return tuple(schema for service in SERVICES.values() for schema in service.schemas)


def snapshot_of(settings: Settings, schemas: Iterable[str], revision: str = "") -> Snapshot:
    """Return the catalogue of these schemas of the database; `revision` says what built it."""
    wanted = tuple(schemas)
    names = RoleNames(settings.role_prefix)
    with owner_engine(migration_url(settings, settings.database(None)), names).connect() as connection:
        return Snapshot(revision, wanted, reflect(connection, wanted, names))


def snapshot_of_service(settings: Settings, service: Service) -> Snapshot:
    """Return the catalogue of a service's schemas, and the extensions that its revisions create."""
    whole = snapshot_of(settings, (*service.schemas, EXTENSIONS), service.revision)
    own = extensions_of([service])
    things = {
        thing: attributes
        for thing, attributes in whole.things.items()
        if (thing in own if thing.kind == "extension" else _schema_of(thing) in service.schemas)
    }
    return Snapshot(service.revision, service.schemas, things)


def _schema_of(thing: Thing) -> str:
    return thing.name if thing.kind == "schema" else thing.schema


def dump_of(settings: Settings, schemas: Iterable[str]) -> str:
    """Return the schema of the database as SQL, by the server's own pg_dump; raises ServerError where it fails."""
    url = migration_url(settings, settings.database(None))
    target = url._replace(drivername="postgresql", password=None).render_as_string()
    parts = [f"--schema={schema}" for schema in schemas]
    program = find_binaries() / "pg_dump"
    command: list[str | Path] = [program, "--schema-only", f"--exclude-table={_MONTHS}", *parts, target]
    environment = {"PGPASSWORD": url.password or "", "PATH": "/usr/bin:/bin"}
    said = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if said.returncode:
        raise ServerError(f"pg_dump failed: {said.stderr.strip()}")
    lines = [line for line in said.stdout.splitlines() if not _NOISE.match(line)]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
