"""What tests share: an installation on a real server, tenants in it, and a look at its catalogue."""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import URL, text
from uuid_utils.compat import uuid7

from app_db.bootstrap import bootstrap, drop_installation
from app_db.engine import admin_engine
from app_db.migrations.ddl.v1 import EVERYONE
from app_db.models import Tenant
from app_db.reflection import Catalogue, made_extensions, reflect
from app_db.schema import RoleNames, Service, placed_services
from app_db.server import stop_servers
from app_db.session import Database
from app_db.settings import LoginUrl, Settings, load_settings

ROOT = Path(__file__).parents[1]
SYSTEM_15 = Path("/usr/lib/postgresql/15/bin")
# for tests of what no server's version changes: ours, and the plugin's
ON_18 = pytest.mark.parametrize("server", ["18"], indirect=True)
PLUGIN_ON_18 = pytest.mark.parametrize("app_db_server", ["18"], indirect=True)

_PROVIDERS: dict[str, URL] = {}


def make_creator(superuser_url: URL) -> URL:
    """Make a login with CREATEROLE and CREATEDB and nothing else, and return its URL."""
    name, password = f"creator_{secrets.token_hex(4)}", secrets.token_hex(16)
    _PROVIDERS[name] = superuser_url
    with admin_engine(superuser_url, autocommit=True).connect() as connection:
        connection.execute(text(f"create role {name} login createrole createdb password '{password}'"))
    return superuser_url.set(username=name, password=password)


@contextmanager
def installation(creator: URL) -> Iterator[Settings]:
    """Bootstrap a database of its own with roles of its own, as that login; empty, and dropped at the end."""
    unique = secrets.token_hex(3)
    database, prefix = f"app_{unique}", f"t{unique}_"
    report = bootstrap(creator, database, role_prefix=prefix)
    try:
        provide_extensions(creator, database, prefix)
        yield settings_for(report.urls, role_prefix=prefix)
    finally:
        drop_installation(creator, database, prefix)


@contextmanager
def copy_of(template: Settings, creator: URL) -> Iterator[Settings]:
    """Copy a database that nobody is connected to, and yield settings for the copy: its rows and roles, a new name."""
    assert template.url is not None
    database, owner = f"app_{secrets.token_hex(3)}", f"{template.role_prefix}app_owner"
    superuser = _PROVIDERS[str(creator.username)]
    make = f"create database {database} template {template.url.database} owner {owner} strategy file_copy"
    with admin_engine(superuser, autocommit=True).connect() as connection:
        connection.execute(text(make))
        try:
            bootstrap(creator, database, role_prefix=template.role_prefix)  # what a copy does not take over
            urls = {login: template.login_url(login) for login in LoginUrl}
            yield settings_for(
                {login: url.set(database=database) for login, url in urls.items() if url is not None},
                role_prefix=template.role_prefix,
            )
        finally:
            connection.execute(text(f"drop database {database} with (force)"))


def provide_extensions(creator: URL, database: str, prefix: str) -> None:
    """Do what a managed service does for its customers: make the extensions that only a superuser can make."""
    with admin_engine(_PROVIDERS[str(creator.username)].set(database=database)).begin() as connection:
        if connection.scalar(text("select count(*) from pg_available_extensions where name = 'vector'")):
            # with what core_0001 gives the schema, so that taking the revisions back leaves it as it was
            connection.execute(text(f"create schema extensions authorization {prefix}app_owner"))
            connection.execute(text("comment on schema extensions is 'Extensions that the schema uses.'"))
            roles = ", ".join(prefix + role for role in EVERYONE)
            connection.execute(text(f"grant usage on schema extensions to {roles}"))
            connection.execute(text("create extension vector schema extensions"))


def settings_for(urls: Mapping[LoginUrl, URL], **overrides: object) -> Settings:
    """Return settings that know the URLs; staging, where the start-up gate refuses."""
    given: dict[str, object] = {login.field: url for login, url in urls.items()}
    return load_settings(**{"environment": "staging", **given, **overrides})


def environment_of(settings: Settings) -> dict[str, str]:
    """Return the environment for a subprocess that is to use that installation."""
    variables = {
        login.value: url.render_as_string(hide_password=False)
        for login in LoginUrl
        if (url := settings.login_url(login)) is not None
    }
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("APP_DB_", "DATABASE_URL"))}
    return {**clean, **variables, "APP_DB_ROLE_PREFIX": settings.role_prefix, "APP_DB_ENVIRONMENT": "test"}


def carried(settings: Settings) -> tuple[Service, ...]:
    """Return the services that the database can carry: all but those that require an extension it does not have."""
    assert settings.migration_url is not None
    with admin_engine(settings.migration_url).connect() as connection:
        return placed_services(None, made_extensions(connection))


def heads(settings: Settings) -> list[str]:
    """Return the newest revision of each of those."""
    return sorted(service.revision for service in carried(settings))


def make_tenant(db: Database, slug: str | None = None) -> UUID:
    """Make a tenant, as an administrator, and return its id."""
    tenant_id = uuid7()
    with db.admin(reason="a test", actor="tests") as session:
        session.add(Tenant(id=tenant_id, slug=slug or f"t-{tenant_id.hex[-12:]}", name="A tenant"))
    return tenant_id


def _place() -> str:
    """Memory, where there is enough of it and programs may run from it: a server is a thousand files."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and not os.statvfs(memory).f_flag & os.ST_NOEXEC:
        return str(memory) if shutil.disk_usage(memory).free > 2 * 1024**3 else "/var/tmp"
    return "/var/tmp"


@contextmanager
def server_root() -> Iterator[Path]:
    """Yield a directory for servers of one's own, which the unprivileged account can pass through."""
    directory = Path(tempfile.mkdtemp(prefix="app_db-test-", dir=_place()))
    directory.chmod(0o711)
    try:
        yield directory
    finally:
        os.chown(directory, os.geteuid(), -1)
        directory.chmod(0o711)
        stop_servers(everything=True, root=directory)
        shutil.rmtree(directory)


def catalogue(url: URL, schemas: tuple[str, ...]) -> Catalogue:
    """Return everything that revisions make in these schemas: what differs is what a revision left."""
    with admin_engine(url).connect() as connection:
        return reflect(connection, schemas, RoleNames())
