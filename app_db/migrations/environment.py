"""What `alembic/env.py` calls: connects as the owner, checks the ground, and runs what the command asks for."""

from __future__ import annotations

from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import URL, Connection, text

from ..errors import AppDbError, MigrationError
from ..models import Base
from ..schema import ROLES, RoleNames, Service, placed_services
from ..settings import Settings, load_settings
from .connection import BOOTSTRAP_REMEDY, migration_url, owner_engine
from .ddl.v1 import ROLE_NAMES
from .directives import file_by_chain
from .targets import guard_targets

VERSION_SCHEMA = "app"


def run() -> None:
    """Run the current Alembic command, online or, with `--sql`, as a script on standard output.

    From Alembic's command line a refusal is printed as one message; from Python it is raised as it is.
    """
    try:
        _run()
    except AppDbError as error:
        if context.config.cmd_opts is None:
            raise
        raise CommandError(str(error)) from error


def _run() -> None:
    config = context.config
    if config.config_file_name is not None:
        fileConfig(config.config_file_name, disable_existing_loggers=False)
    settings: Settings = config.attributes.get("app_db_settings") or load_settings()
    name = config.attributes.get("app_db_database") or context.get_x_argument(as_dictionary=True).get("database")
    database = settings.database(name)
    services = placed_services(database.services or settings.services)
    names = RoleNames(settings.role_prefix)
    if context.is_offline_mode():
        _run_offline(services, names)
    else:
        _run_online(migration_url(settings, database), services, names)


def _run_online(url: URL, services: tuple[Service, ...], names: RoleNames) -> None:
    with owner_engine(url, names).connect() as connection:
        _configure(services, {ROLE_NAMES: names, "connection": connection})
        options = context.get_context().opts
        if options.get("destination_rev") is None:
            options["dont_mutate"] = True  # a command that only looks makes no version table
        else:
            _check_roles(connection, names)
            connection.execute(text(f"create schema if not exists {VERSION_SCHEMA}"))
            connection.commit()
        with context.begin_transaction():
            context.run_migrations()


def _run_offline(services: tuple[Service, ...], names: RoleNames) -> None:
    # with named parameters a percent sign is printed as it is
    dialect = {"dialect_name": "postgresql", "dialect_opts": {"paramstyle": "named"}, "literal_binds": True}
    _configure(services, {ROLE_NAMES: names, **dialect})
    output = context.get_context().impl.static_output
    output(f"set role {names('app_owner')};\n")
    output("set search_path to pg_catalog;\n")
    if not context.get_context().get_current_heads():
        output(f"create schema if not exists {VERSION_SCHEMA};\n")
    with context.begin_transaction():
        context.run_migrations()


def _configure(services: tuple[Service, ...], options: dict[str, Any]) -> None:
    schemas = {schema for service in services for schema in service.schemas}
    context.configure(
        target_metadata=Base.metadata,
        version_table_schema=VERSION_SCHEMA,
        transaction_per_migration=True,
        include_schemas=True,
        include_name=lambda name, kind, _parents: kind != "schema" or name in schemas,
        include_object=lambda thing, _name, kind, _reflected, _other: kind != "table" or _schema_of(thing) in schemas,
        compare_server_default=True,
        process_revision_directives=file_by_chain,
        **options,
    )
    guard_targets(context.get_context(), services)


def _schema_of(table: Any) -> str | None:
    schema: str | None = table.schema
    return schema


def _check_roles(connection: Connection, names: RoleNames) -> None:
    found = set(connection.scalars(text("select rolname from pg_roles")))
    connection.commit()
    missing = [names(role.name) for role in ROLES if names(role.name) not in found]
    if missing:
        raise MigrationError(f"roles are missing on this server ({', '.join(missing)}): {BOOTSTRAP_REMEDY}")
