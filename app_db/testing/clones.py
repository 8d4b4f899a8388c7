"""Databases that are copies of the template: made, renamed, dropped."""

from __future__ import annotations

import secrets
import time
from contextlib import suppress

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ..bootstrap.database import CONNECT, TEMPORARY
from ..errors import PermissionDenied
from .installation import Installation

RUN = "app_db_run_"
KEPT = "app_db_kept_"
# Younger ones may be about to be connected to.
_YOUNG = 15 * 60.0
_KEPT_FOR = 24 * 3600.0

_OURS = text("""
select datname from pg_database
where (datname like 'app\\_db\\_run\\_%' or datname like 'app\\_db\\_kept\\_%')
and pg_has_role(current_user, datdba, 'member')
and not exists (select from pg_stat_activity a where a.datname = pg_database.datname)
""")


def new_name(prefix: str) -> str:
    """Return a name that nobody else has, with the time in it, by which it is found to be old one day."""
    return f"{prefix}{int(time.time())}_{secrets.token_hex(4)}"


def create_clone(connection: Connection, installation: Installation, template: str, name: str) -> None:
    """Make a database like the template."""
    # copying files is quicker than logging pages, where nothing is flushed; elsewhere it costs two checkpoints
    strategy = " strategy file_copy" if installation.server.is_ours else ""
    owner = installation.names("app_owner")
    connection.exec_driver_sql(f'create database "{name}" template "{template}" owner "{owner}"{strategy}')
    connection.exec_driver_sql("; ".join(_privileges(installation, name)))


def drop_database(connection: Connection, name: str, *, force: bool = True) -> None:
    """Drop a database where it is; with `force`, also when somebody is connected to it."""
    statement = f'drop database if exists "{name}"'
    try:
        connection.exec_driver_sql(f"{statement} with (force)" if force else statement)
    except PermissionDenied:
        # a worker of autovacuum, which is the superuser's, may not be ended by us; without force it leaves by itself
        connection.exec_driver_sql(statement)


def rename_database(connection: Connection, name: str, new: str) -> None:
    """Give a database that nobody is connected to another name."""
    connection.exec_driver_sql(f'alter database "{name}" rename to "{new}"')


def reap(connection: Connection) -> None:
    """Drop what runs have left behind: databases of runs that were killed, and kept ones of yesterday."""
    now = time.time()
    for name in connection.scalars(_OURS).all():
        age = now - _made_at(name)
        if age > (_KEPT_FOR if name.startswith(KEPT) else _YOUNG):
            with suppress(DBAPIError):  # without force: it fails where somebody has come in meanwhile
                drop_database(connection, name, force=False)


def _made_at(name: str) -> float:
    stamp = name.removeprefix(KEPT).removeprefix(RUN).partition("_")[0]
    return float(stamp) if stamp.isdigit() else time.time()


def _privileges(installation: Installation, name: str) -> list[str]:
    """Return what bootstrap gives to a database, which a clone does not take over."""
    temporary = ", ".join(f'"{installation.names(role)}"' for role in TEMPORARY)
    others = [installation.names(role) for role in CONNECT if role not in TEMPORARY]
    connecting = ", ".join(f'"{role}"' for role in [*others, installation.sandbox_login])
    return [
        f'revoke all on database "{name}" from public',
        f'grant connect, temporary on database "{name}" to {temporary}',
        f'grant connect on database "{name}" to {connecting}',
    ]
