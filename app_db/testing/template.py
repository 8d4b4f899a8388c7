"""The template database: everything a test begins with, built once by whichever process comes first."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Iterator
from contextlib import contextmanager
from zlib import crc32

from sqlalchemy import Connection, Engine, text

from ..bootstrap import bootstrap
from ..bootstrap.names import Quoting
from ..engine import admin_engine
from ..engine.passwords import scram_verifier
from ..errors import SuiteError
from ..schema import LOGINS
from ..schema.roles import search_path
from .clones import drop_database
from .installation import SANDBOX_LOGIN, Installation
from .recipe import Recipe
from .sweep import install_sweep

PREFIX = "app_db_tpl_"
_KEEP = dt.timedelta(days=7)
_PATIENCE = 180.0  # seconds; a build takes one or two, and more where an application has many revisions
_PAUSE = 0.05

_FACTS = text("select current_setting('server_version'), rolsuper from pg_roles where rolname = current_user")
_FIND = text("select datistemplate, shobj_description(oid, 'pg_database') from pg_database where datname = :name")
_OTHERS = text("""
select datname, shobj_description(oid, 'pg_database') from pg_database
where datname like :pattern and datname <> :name and pg_has_role(current_user, datdba, 'member')
""")


def ensure_template(installation: Installation, recipe: Recipe) -> str:
    """Return the name of the template database on that server, built now where there is none.

    The mark `is_template` is set last, so one that was half built is recognised, dropped and built anew. Raises
    SuiteError, or what the revisions raise.
    """
    engine = admin_engine(installation.admin_url(), application_name="app_db testing", autocommit=True)
    with engine.connect() as connection:
        server_version, is_superuser = connection.execute(_FACTS).one()
        name = PREFIX + recipe.key(server_version, installation.names.prefix, str(is_superuser))
        if not _is_ready(connection, name):
            with _only_one(connection, name):
                if not _is_ready(connection, name):
                    drop_database(connection, name)
                    _build(installation, recipe, engine, name, is_superuser=is_superuser)
        _touch(connection, name)
        _remove_old(connection, name)
    return name


def _is_ready(connection: Connection, name: str) -> bool:
    row = connection.execute(_FIND, {"name": name}).one_or_none()
    return row is not None and bool(row[0])


@contextmanager
def _only_one(connection: Connection, name: str) -> Iterator[None]:
    key = crc32(name.encode())
    deadline = time.monotonic() + _PATIENCE
    # polled, because a wait inside the server would hold a snapshot, for which `create index concurrently` waits
    while not connection.scalar(text("select pg_try_advisory_lock(:key)"), {"key": key}):
        if time.monotonic() > deadline:
            raise SuiteError(f"another process builds {name} for more than {_PATIENCE:.0f} s: see what it is doing")
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": key})


def _build(installation: Installation, recipe: Recipe, engine: Engine, name: str, *, is_superuser: bool) -> None:
    report = bootstrap(
        installation.admin_url(), name, role_prefix=installation.names.prefix, rotate_passwords=True,
        passwords=installation.passwords(),
    )  # fmt: skip
    if report.failed:
        found = "; ".join(str(finding) for finding in report.findings if finding.severity == "error")
        raise SuiteError(f"the roles of the tests' server don't keep tenants apart: {found}")
    with engine.connect() as connection:
        for statement in _role_statements(installation, connection, is_superuser=is_superuser):
            connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    settings = installation.settings(name)
    recipe.build(settings)
    install_sweep(installation, name, is_superuser=is_superuser)
    with engine.connect() as connection:
        connection.exec_driver_sql(f'alter database "{name}" with is_template true allow_connections false')


def _role_statements(installation: Installation, connection: Connection, *, is_superuser: bool) -> Iterator[str]:
    """Yield what the roles need beyond bootstrap's: the sandbox's login, and settings that every clone has.

    A clone has the rows of its template, and neither its privileges nor the settings of logins in it (PostgreSQL
    manual, "Template Databases"); so the settings are put on the logins themselves.
    """
    sql = Quoting(connection.dialect)
    sandbox = sql.name(installation.sandbox_login)
    verifier = sql.text(scram_verifier(connection, installation.sandbox_login, installation.password(SANDBOX_LOGIN)))
    known = connection.scalar(
        text("select count(*) from pg_roles where rolname = :name"), {"name": installation.sandbox_login}
    )
    yield f"{'alter' if known else 'create'} role {sandbox} login noinherit password {verifier}"
    version = connection.scalar(text("select current_setting('server_version_num')::int"))
    options = " with inherit false, set true" if version >= 160000 else ""  # noqa: PLR2004
    for login in LOGINS:
        name = sql.name(installation.names(login.name))
        yield f"grant {name} to {sandbox}{options}"
        yield f"alter role {name} set search_path = {search_path()}"
        if "role" in login.settings:
            yield f"alter role {name} set role = {sql.text(installation.names(login.settings['role']))}"
    yield f"alter role {sandbox} set search_path = {search_path()}"
    if not is_superuser:
        # who clones and drops databases has to be their owner, and may end the sessions of nobody but its own roles
        for role in ("app_owner", *(login.name for login in LOGINS)):
            yield f"grant {sql.name(installation.names(role))} to current_user"


def _touch(connection: Connection, name: str) -> None:
    """Note that it was used today."""
    today = dt.datetime.now(dt.UTC).date().isoformat()
    row = connection.execute(_FIND, {"name": name}).one()
    if row[1] != _comment(today):
        connection.exec_driver_sql(f"comment on database \"{name}\" is '{_comment(today)}'")


def _comment(day: str) -> str:
    return f"template of the tests of app_db, last used {day}"


def _remove_old(connection: Connection, current: str) -> None:
    oldest = (dt.datetime.now(dt.UTC).date() - _KEEP).isoformat()
    others = connection.execute(_OTHERS, {"pattern": f"{PREFIX.replace('_', chr(92) + '_')}%", "name": current})
    for name, comment in others.all():
        day = (comment or "")[-10:]
        if day < oldest and comment == _comment(day):
            connection.exec_driver_sql(f'alter database "{name}" with is_template false')
            drop_database(connection, name)
