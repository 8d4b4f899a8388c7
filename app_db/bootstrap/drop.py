"""Takes an installation away again: for demonstrations and tests."""

from __future__ import annotations

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from ..engine import admin_engine
from ..errors import BootstrapError
from ..schema.roles import RoleNames
from ..settings import parse_url
from .change import run_statement
from .cluster import read_cluster
from .lock import only_run
from .names import Quoting, check_names
from .ownership import acting_as
from .site import Site

_APPLICATION_NAME = "app_db bootstrap"


def drop_installation(admin_url: URL, database: str, role_prefix: str, *, allow_unprefixed: bool = False) -> None:
    """Drop the database with everything in it, sessions included, and the roles and logins of the prefix.

    Raises BootstrapError for an empty prefix without `allow_unprefixed`, for a database that is not owned by the
    installation's app_owner, and where a role is still in use in another database.
    """
    if not role_prefix and not allow_unprefixed:
        raise BootstrapError(
            f"without a prefix, dropping {database} would take the roles of the main installation along: "
            "give its prefix, or say allow_unprefixed=True"
        )
    check_names(database, role_prefix)
    engine = admin_engine(
        parse_url(admin_url, "the administrator's URL"), application_name=_APPLICATION_NAME, autocommit=True
    )
    with engine.connect() as connection, only_run(connection):
        names = RoleNames(role_prefix)
        site = Site(database, names, Quoting(connection.dialect), read_cluster(connection, database))
        _drop_database(engine, connection, site)
        _drop_roles(engine, site)


def _drop_database(engine: Engine, connection: Connection, site: Site) -> None:
    if site.cluster.database is None:
        return
    if site.cluster.database.owner != site.names("app_owner"):
        raise BootstrapError(
            f"database {site.database} belongs to {site.cluster.database.owner} and not to "
            f"{site.names('app_owner')}, so it is not of this installation: "
            "give the database and the prefix that belong together"
        )
    # ending the sessions of a login takes its rights
    with acting_as(engine, site, [row.name for row in site.house_roles()]):
        label, statement = f"database {site.database}", f"drop database {site.sql.name(site.database)}"
        try:
            run_statement(connection, label, f"{statement} with (force)")
        except BootstrapError as error:
            if "42501" not in str(error):
                raise
            # a worker of autovacuum, which is the superuser's, may not be ended by us; a drop without force, now that
            # our own sessions are gone, has it leave and waits for it
            run_statement(connection, label, statement)


def _drop_roles(engine: Engine, site: Site) -> None:
    existing = [row.name for row in reversed(site.house_roles())]
    with engine.connect() as connection, connection.execution_options(isolation_level="READ COMMITTED").begin():
        for name in existing:
            run_statement(connection, f"role {name}", f"drop role {site.sql.name(name)}")
