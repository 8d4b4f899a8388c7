"""What `alembic/env.py` calls: connects as the owner, checks the ground, and runs what the command asks for."""

from __future__ import annotations

from logging.config import fileConfig
from typing import Any

from alembic import context
from alembic.util import CommandError
from sqlalchemy import URL, Connection, event, text

from ..engine import admin_engine
from ..errors import AppDbError, MigrationError, SettingsError
from ..models import Base
from ..schema import ROLES, RoleNames, Service, placed_services
from ..server.development import development_urls
from ..settings import DatabaseSettings, LoginUrl, Settings, load_settings
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


def migration_url(settings: Settings, database: DatabaseSettings) -> URL:
    """Return the URL of the migrations' login; in development without any URL, that of the embedded server."""
    if database.migration_url is not None:
        return database.migration_url
    if settings.is_local and database.url is None:
        return development_urls(settings)[LoginUrl.MIGRATION]
    raise SettingsError(
        f"{LoginUrl.MIGRATION} is not set, and the application's login may not change the schema: "
        "set it to the URL of the migrations' login, which `app-db bootstrap` makes"
    )


def _run_online(url: URL, services: tuple[Service, ...], names: RoleNames) -> None:
    engine = admin_engine(url, application_name="app_db migrations")
    event.listen(engine, "connect", lambda connection, _record: _become_owner(connection, names))
    with engine.connect() as connection:
        _configure(services, names, connection=connection)
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
    _configure(services, names, dialect_name="postgresql", literal_binds=True)
    output = context.get_context().impl.static_output
    output(f"set role {names('app_owner')};\n")
    if not context.get_context().get_current_heads():
        output(f"create schema if not exists {VERSION_SCHEMA};\n")
    with context.begin_transaction():
        context.run_migrations()


def _configure(services: tuple[Service, ...], names: RoleNames, **options: Any) -> None:
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
        app_db_role_names=names,
        **options,
    )
    guard_targets(context.get_context(), services)


def _schema_of(table: Any) -> str | None:
    schema: str | None = table.schema
    return schema


def _become_owner(connection: Any, names: RoleNames) -> None:
    # on the driver's connection, before SQLAlchemy sees it: a statement on Alembic's own connection would begin a
    # transaction that Alembic then takes for somebody else's and never commits
    owner = names("app_owner")
    with connection.cursor() as cursor:
        cursor.execute("select 1 from pg_roles where rolname = %s", (owner,))
        if cursor.fetchone() is None:
            raise MigrationError(f"the role {owner} does not exist on this server: {_BOOTSTRAP}")
        try:
            cursor.execute(f"set role {owner}")
        except connection.ProgrammingError:
            raise MigrationError(
                f"the login of {LoginUrl.MIGRATION} may not act as {owner}, who owns the schema: "
                "use the migrations' login that `app-db bootstrap` made"
            ) from None
    connection.commit()


_BOOTSTRAP = "run `app-db bootstrap --admin-url … --database …` first, as a login with CREATEROLE and CREATEDB"


def _check_roles(connection: Connection, names: RoleNames) -> None:
    found = set(connection.scalars(text("select rolname from pg_roles")))
    connection.commit()
    missing = [names(role.name) for role in ROLES if names(role.name) not in found]
    if missing:
        raise MigrationError(f"roles are missing on this server ({', '.join(missing)}): {_BOOTSTRAP}")
