"""What `alembic/env.py` calls: connects as the owner, checks the ground, and runs what the command asks for."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import URL, Connection, MetaData, text

from ..errors import AppDbError, MigrationError
from ..models import Base
from ..reflection import made_extensions
from ..schema import ROLES, RoleNames, Service, placed_services, why_left_out, why_not_carried
from ..settings import DatabaseSettings, Settings, load_settings
from .connection import BOOTSTRAP_REMEDY, migration_url, owner_engine
from .ddl.v1 import ROLE_NAMES
from .directives import directives_of_project, file_by_chain
from .objects.comparing import NEW_TABLES_ONLY, SCHEMAS
from .targets import ALL_HEADS, guard_targets

logger = logging.getLogger("app_db")

VERSION_SCHEMA = "app"


def run() -> None:
    """Run the current Alembic command, online or, with `--sql`, as a script on standard output.

    From Alembic's command line a refusal is printed as one message; from Python it is raised as it is.
    """
    _run(lambda: _run_tree(_services_tree))


def run_project(metadata: MetaData, *, schema: str, more_schemas: Iterable[str] = ()) -> None:
    """As `run`, for the tree of an application, called by its `env.py`: `run_project(Base.metadata, schema="shop")`.

    The revisions act as app_owner and may use the helpers of `app_db.migrations.ddl`. Their version table stands in
    `schema`; autogenerate compares the tables of `schema` and of `more_schemas`, and no others. The core of app_db has
    to be at its head already.
    """
    tree = _Tree(metadata, schema, (schema, *more_schemas))
    _run(lambda: _run_tree(lambda _connection: tree))


@dataclass(frozen=True, slots=True)
class _Tree:
    """What tells one tree of revisions from another: its tables, and the schema of its version table."""

    metadata: MetaData
    version_schema: str
    schemas: tuple[str, ...]
    services: tuple[Service, ...] | None = None
    left_out: tuple[Service, ...] = ()
    not_carried: tuple[Service, ...] = ()


def _run(run_tree: Callable[[], None]) -> None:
    try:
        config = context.config
        if config.cmd_opts is not None and config.file_config.has_section("loggers"):
            fileConfig(str(config.config_file_name), disable_existing_loggers=False)
        run_tree()
    except AppDbError as error:
        if context.config.cmd_opts is None:
            raise
        raise CommandError(str(error)) from error


def _services_tree(connection: Connection | None) -> _Tree:
    settings, database = _place()
    chosen = database.services or settings.services
    services = everything = placed_services(chosen)
    not_carried: tuple[Service, ...] = ()
    if connection is not None:
        made = made_extensions(connection)
        connection.commit()
        services = placed_services(chosen, made)
        not_carried = tuple(service for service in services if not made.issuperset(service.requires))
    schemas = tuple(schema for service in services for schema in service.schemas)
    left_out = tuple(service for service in everything if service not in services)
    return _Tree(Base.metadata, VERSION_SCHEMA, schemas, services, left_out, not_carried)


def _place() -> tuple[Settings, DatabaseSettings]:
    config = context.config
    settings: Settings = config.attributes.get("app_db_settings") or load_settings()
    name = config.attributes.get("app_db_database") or context.get_x_argument(as_dictionary=True).get("database")
    return settings, settings.database(name)


def _run_tree(find_tree: Callable[[Connection | None], _Tree]) -> None:
    settings, database = _place()
    names = RoleNames(settings.role_prefix)
    if context.is_offline_mode():
        _run_offline(find_tree(None), names)
    else:
        _run_online(migration_url(settings, database), find_tree, names)


def _run_online(url: URL, find_tree: Callable[[Connection], _Tree], names: RoleNames) -> None:
    with owner_engine(url, names).connect() as connection:
        tree = find_tree(connection)
        partitions = _partitions(connection)
        _configure(tree, {ROLE_NAMES: names, "connection": connection}, partitions)
        options = context.get_context().opts
        if options.get("destination_rev") is None:
            options["dont_mutate"] = True  # a command that only looks makes no version table
        else:
            if options["destination_rev"] in ALL_HEADS:
                _tell_what_is_missing(tree)
            _check_roles(connection, names)
            connection.execute(text(f"create schema if not exists {tree.version_schema}"))
            connection.commit()
        with context.begin_transaction():
            context.run_migrations()


def _tell_what_is_missing(tree: _Tree) -> None:
    for service in tree.not_carried:
        raise MigrationError(why_not_carried(service))
    for service in tree.left_out:
        logger.warning("%s", why_left_out(service))


def _run_offline(tree: _Tree, names: RoleNames) -> None:
    # with named parameters a percent sign is printed as it is
    dialect = {"dialect_name": "postgresql", "dialect_opts": {"paramstyle": "named"}, "literal_binds": True}
    _configure(tree, {ROLE_NAMES: names, **dialect})
    output = context.get_context().impl.static_output
    output(f"set role {names('app_owner')};\n")
    output("set search_path to pg_catalog;\n")
    if not context.get_context().get_current_heads():
        output(f"create schema if not exists {tree.version_schema};\n")
    with context.begin_transaction():
        context.run_migrations()


def _partitions(connection: Connection) -> frozenset[tuple[str, str]]:
    """Return the partitions that there are, which time makes and no model knows."""
    found = connection.execute(
        text("select relnamespace::regnamespace::text, relname from pg_class where relispartition")
    )
    partitions = frozenset((schema, name) for schema, name in found)
    connection.commit()
    return partitions


def _configure(tree: _Tree, options: dict[str, Any], partitions: frozenset[tuple[str, str]] = frozenset()) -> None:
    schemas = tree.schemas

    def is_included(thing: Any, name: str | None, kind: str, _reflected: bool, _other: Any) -> bool:
        return kind != "table" or (_schema_of(thing) in schemas and (_schema_of(thing), name) not in partitions)

    context.configure(
        target_metadata=tree.metadata,
        version_table_schema=tree.version_schema,
        transaction_per_migration=True,
        include_schemas=True,
        include_name=lambda name, kind, _parents: kind != "schema" or name in schemas,
        include_object=is_included,
        compare_server_default=True,
        process_revision_directives=directives_of_project if tree.services is None else file_by_chain,
        **{**options, SCHEMAS: schemas, NEW_TABLES_ONLY: tree.services is not None},
    )
    if tree.services is not None:
        guard_targets(context.get_context(), tree.services)


def _schema_of(table: Any) -> str | None:
    schema: str | None = table.schema
    return schema


def _check_roles(connection: Connection, names: RoleNames) -> None:
    found = set(connection.scalars(text("select rolname from pg_roles")))
    connection.commit()
    missing = [names(role.name) for role in ROLES if names(role.name) not in found]
    if missing:
        raise MigrationError(f"roles are missing on this server ({', '.join(missing)}): {BOOTSTRAP_REMEDY}")
