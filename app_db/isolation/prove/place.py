"""Where a proof is made: a database that was built for it and goes again, with an administrator's way in."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import URL, Connection, text

from ...engine import admin_engine
from ...errors import ProofError
from ...migrations import upgrade
from ...schema import SERVICES, RoleNames
from ...server.scratch import scratch_database
from ...settings import Settings
from .actors import admit
from .tree import apply_tree

_NAMESPACES = text("select nspname::text from pg_namespace")


@dataclass(frozen=True, slots=True)
class ProofPlace:
    """A database, its settings with the URL of each login, an administrator's URL of it, and the schemas to prove."""

    settings: Settings
    admin_url: URL
    schemas: tuple[str, ...]

    @property
    def names(self) -> RoleNames:
        """The names of the roles there."""
        return RoleNames(self.settings.role_prefix)

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Yield a connection of the administrator, in a transaction that is rolled back."""
        engine = admin_engine(self.admin_url, application_name="app_db isolation prove")
        with engine.connect() as connection:
            # what stands in the search path is printed without its schema
            connection.exec_driver_sql("select set_config('search_path', 'pg_catalog', true)")
            yield connection
            connection.rollback()


def our_schemas() -> tuple[str, ...]:
    """Return the schemas of all services, but for the one of functions and the version table."""
    return tuple(schema for service in SERVICES.values() for schema in service.schemas if schema != "app")


@contextmanager
def scratch_place(
    tree: Path | None = None,
    schemas: Sequence[str] = (),
    database_url: str | None = None,
    *,
    binaries: Path | None = None,
    change: Callable[[Settings], None] = lambda _settings: None,
) -> Iterator[ProofPlace]:
    """Yield a place that the revisions have just built, those of a tree included; nothing of it stays.

    On a server of its own, from `binaries` where they are given, or on that of `database_url`. `change` may alter what
    was built. Raises ProofError for a tree without schemas or schemas without a tree, for a file that is not there, for
    a revision that fails, and for a schema that the tree does not make.
    """
    if schemas and tree is None:
        raise ProofError(f"--schema {schemas[0]} was named, and no tree that makes it: add --tree alembic.ini")
    if tree is not None and not tree.is_file():
        raise ProofError(f"there is no file {tree}: name the alembic.ini of the application")
    if tree is not None and not schemas:
        raise ProofError(f"{tree} was named, and none of its schemas: add --schema NAME for each")
    with scratch_database("prove", database_url, binaries=binaries) as (settings, admin_url):
        upgrade(settings)
        if tree is not None:
            apply_tree(settings, tree.resolve())
        change(settings)
        with admin_engine(admin_url, autocommit=True).connect() as connection:
            admit(connection, RoleNames(settings.role_prefix))
        url = settings.url
        if url is None:
            raise ProofError("the database that was built has no login for the application: run it again")
        place = ProofPlace(settings, admin_url.set(database=url.database), (*our_schemas(), *schemas))
        refuse_missing(place, schemas)
        yield place


def refuse_missing(place: ProofPlace, schemas: Sequence[str]) -> None:
    """Raise ProofError for a schema that is not there: nothing of it would be proved."""
    with place.connection() as connection:
        there = set(connection.scalars(_NAMESPACES))
    for schema in schemas:
        if schema not in there:
            raise ProofError(f"the revisions make no schema {schema}: name by --schema one that they make")
