"""The database of one test process: a copy of the template, and what each test makes of it."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import Any
from uuid import UUID

from sqlalchemy import URL, Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from ..engine import admin_engine, fork
from ..engine.connection import AppDbConnection
from ..engine.dialect import AppDbDialect
from ..engine.factory import DRIVER, session_settings
from ..errors import SuiteError
from ..session import Database
from ..session.database import pool_figures
from ..settings import Settings
from .callers import Place, shown
from .clones import KEPT, RUN, create_clone, drop_database, new_name, reap, rename_database
from .connection import Watch, WatchedConnection
from .installation import Installation
from .modes import Mode
from .privileges import refuse_privileged
from .recipe import Recipe
from .rows import ADD_TENANT, new_tenant, tenant_row
from .sandbox import Sandbox
from .sweep import CALL
from .template import ensure_template

# A failed test's database is about 10 MB, and a run that fails everywhere would fill the disk.
_MOST_KEPT = 5

_BLOCKERS = text("""
select format('process %s (%s): %s', pid, usename, left(query, 200)) from pg_stat_activity
where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
""")


class Worker:
    """A database for the tests of this process, one at a time. `begin` and `end` stand around each test."""

    def __init__(self, installation: Installation, recipe: Recipe) -> None:
        self._installation = installation
        self._admin = self._connect_admin()
        self._template = ensure_template(installation, recipe)
        reap(self._admin)
        self.name = new_name(RUN)
        create_clone(self._admin, installation, self._template, self.name)
        self.settings: Settings = installation.settings(self.name)
        self.database = Database(self.settings)
        self.watch = Watch()
        self._sandbox = Sandbox(self._connect_sandbox)
        self._current = self.name
        self._checked: dict[str, str] = {}
        self._limits = _kept_between_tests(session_settings(pool_figures(self.settings)))
        self._kept = 0
        self._left: list[str] = []
        _workers[_address(installation.admin_url(self.name))] = self
        _watch_connects()

    @property
    def settings_now(self) -> Settings:
        """The settings of the database that the running test has."""
        return self.settings if self._current == self.name else self._installation.settings(self._current)

    def begin(self, mode: Mode) -> None:
        """Make the database ready for a test, whatever became of the one before."""
        self._sandbox.reset()
        self.watch.sandbox = self._sandbox if mode is Mode.SANDBOX else None
        if mode is Mode.FRESH:
            self._drop_left()
            self._current = new_name(RUN)
            create_clone(self._admin, self._installation, self._template, self._current)
            self._leave_pools()

    def end(self, mode: Mode, *, keep: bool) -> str | None:
        """Undo what the test did.

        Raises SuiteError for connections that it left open, and SandboxRefused for a sandbox that it broke out of. With
        `keep` a database that holds what a failed test has committed is kept, and its name returned.
        """
        left_open = self._take_back()
        self.watch.sandbox = None
        kept = None
        escaped = self._sandbox.reset()
        if mode is Mode.COMMIT or escaped:
            kept = self._sweep(keep=keep or bool(left_open))
        elif mode is Mode.FRESH:
            kept = self._leave_fresh(keep=keep or bool(left_open))
        if left_open:
            raise SuiteError(
                "the test left a connection open:\n"
                + "\n".join(f"- opened at {shown(place)}" for place in left_open)
                + "\nclose the session or connection there, or use it as a context manager"
            )
        if escaped:
            raise Sandbox.refused("a transaction that the test has committed past the sandbox")
        return kept

    def new_tenant(self) -> UUID:
        """Return the id of a new tenant, made in one message where that can be: most tests begin here."""
        if self.watch.sandbox is None:
            return new_tenant(self.database)
        tenant_id, row = tenant_row()
        self.watch.sandbox.arrange(self._installation.names("app_admin_login"), ADD_TENANT, row)
        return tenant_id

    def connect(self, dialect: AppDbDialect, arguments: list[Any], options: dict[str, Any]) -> WatchedConnection:
        """Connect to the database that the running test has, for a pool of the code under test."""
        options |= {"dbname": self._current, "connection_factory": WatchedConnection}
        connection: WatchedConnection = dialect.connect(*arguments, **options)
        connection.watch = self.watch
        login = connection.info.user
        if login not in self._checked:
            self._checked[login] = refuse_privileged(connection, self._installation.names)
        connection.role = self._checked[login]
        limits = _kept_between_tests(dict(re.findall(r"-c (\w+)=(\S+)", options.get("options", ""))))
        connection.limits = {name: value for name, value in limits.items() if self._limits.get(name) != value}
        return connection

    def kept_url(self, name: str) -> str:
        """Return the URL by which a kept database is looked into; its password only where the server is our own."""
        url = self._installation.admin_url(name).set(drivername="postgresql")
        return url.render_as_string(hide_password=not self._installation.server.is_ours)

    def close(self) -> None:
        """Drop the database."""
        self._take_back()
        _workers.pop(_address(self._installation.admin_url(self.name)), None)
        self.database.dispose()
        self._leave_pools()
        self._sandbox.close()
        self._drop_left()
        with suppress(DBAPIError):  # what can't be dropped now is reaped by a later run
            drop_database(self._admin, self.name)
        self._admin.close()

    def _connect_admin(self) -> Connection:
        engine = admin_engine(self._installation.admin_url(), application_name="app_db testing", autocommit=True)
        return engine.connect()

    def _connect_sandbox(self) -> AppDbConnection:
        options = " ".join(f"-c {name}={value}" for name, value in self._limits.items())
        engine = create_engine(
            self._installation.sandbox_url(self.name).set(drivername=DRIVER), poolclass=NullPool,
            connect_args={"application_name": "app_db sandbox", "options": options},
        )  # fmt: skip
        connection = engine.raw_connection()
        speaker: AppDbConnection = connection.dbapi_connection  # type: ignore[assignment]  # our dialect's
        connection.detach()
        return speaker

    def _take_back(self) -> list[Place]:
        """Take back what the test has left open, and return where each was opened."""
        left = [connection for connection in self.watch.lent if not connection.closed]
        for connection in left:
            connection.close()
        self.watch.lent.clear()
        return [connection.opened_at for connection in left]

    def _sweep(self, *, keep: bool) -> str | None:
        """Take away what was committed; where that can't be, the database is replaced by a new one."""
        if keep and (name := self._keep(self.name)) is not None:
            create_clone(self._admin, self._installation, self._template, self.name)
            return name
        speaker = self._sandbox.connection
        try:
            speaker.send(CALL)
        except speaker.Error as error:
            blockers = self._blockers()
            self._replace()
            raise SuiteError(
                f"what the test has committed can't be swept away ({str(error).strip()}): "
                f"{'; '.join(blockers) or 'nobody is in its way any more'}: end in the test what it has begun"
            ) from error
        return None

    def _blockers(self) -> list[str]:
        with admin_engine(self._installation.admin_url(self.name)).connect() as connection:
            return list(connection.scalars(_BLOCKERS))

    def _replace(self) -> None:
        self._sandbox.close()
        self._leave_pools()
        drop_database(self._admin, self.name)
        create_clone(self._admin, self._installation, self._template, self.name)

    def _leave_fresh(self, *, keep: bool) -> str | None:
        name, self._current = self._current, self.name
        self._leave_pools()
        kept = self._keep(name) if keep else None
        if kept is None:
            self._left.append(name)
        return kept

    def _drop_left(self) -> None:
        """Drop the databases of fresh tests before; at once DROP would sleep 100 ms until the sessions are gone."""
        while self._left:
            drop_database(self._admin, self._left.pop())

    def _keep(self, name: str) -> str | None:
        """Put the database aside under another name, where not too many are already."""
        if self._kept >= _MOST_KEPT:
            return None
        self._kept += 1
        self._leave_pools()
        self._sandbox.close()
        kept = name.replace(RUN, KEPT)
        if name == self.name:
            kept = new_name(KEPT)
        rename_database(self._admin, name, kept)
        return kept

    @staticmethod
    def _leave_pools() -> None:
        """Have every engine of this process connect anew: its connections are to another database."""
        for engine in list(fork.engines):
            engine.dispose()


_workers: dict[tuple[str, str, str], Worker] = {}


def _address(url: URL) -> tuple[str, str, str]:
    return str(url.host), str(url.port or 5432), str(url.database)


def _connect(
    dialect: AppDbDialect, _record: Any, arguments: list[Any], options: dict[str, Any]
) -> WatchedConnection | None:
    """Connect to a worker's database by the worker (SQLAlchemy's event `do_connect`)."""
    address = str(options.get("host")), str(options.get("port") or 5432), str(options.get("dbname"))
    worker = _workers.get(address)
    if worker is None or options.get("user") == worker._installation.sandbox_login:  # noqa: SLF001
        return None
    return worker.connect(dialect, arguments, options)


def _watch_connects() -> None:
    if not event.contains(AppDbDialect, "do_connect", _connect):
        event.listen(AppDbDialect, "do_connect", _connect)


def _kept_between_tests(settings: dict[str, str]) -> dict[str, str]:
    """Return the settings of a session but for the one that would end a sandbox between two tests."""
    return {name: value for name, value in settings.items() if name != "idle_in_transaction_session_timeout"}
