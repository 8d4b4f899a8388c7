"""The dialect `postgresql+app_db`: psycopg2, with transactions that begin in one message with context and statement.

Everything else behaves as SQLAlchemy's own psycopg2 dialect does, whose test suite is the yardstick; `driver` stays
`psycopg2`, because SQLAlchemy branches on it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.dialects.postgresql import psycopg2 as stock
from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.exc import ArgumentError

from ..errors import LOST_COMMIT, TenantMismatch
from . import fork
from .connection import AppDbConnection
from .cursor import ServerSideCursor
from .failures import autocommit_for_a_tenant, no_tenant
from .options import CONTEXT_OPTION
from .predicate import TenantCompiler, TenantExecutionContext


class AppDbExecutionContext(TenantExecutionContext):
    """Executes statements as psycopg2's does, for the tenant, and with a server-side cursor of our own."""

    def create_server_side_cursor(self) -> Any:
        """Return a cursor by DECLARE, named as SQLAlchemy names it."""
        return ServerSideCursor(self._dbapi_connection.dbapi_connection, f"c_{id(self):x}")


class AppDbDialect(stock.PGDialect_psycopg2):
    """See the module. `require_context` lets no transaction begin that no context was handed to.

    `tenant_predicate` writes the tenant into each statement (see `predicate`); it is for the whole life of an engine,
    whose compiled statements are kept. `always` are statements that every transaction begins with, e.g. limits that a
    pooler can't take at connect. `pre_ping` has a `BoundEngine` see at checkout that a connection lives, as
    `pool_pre_ping` has a pool, which knows of no context.
    """

    supports_statement_cache = True
    execution_ctx_cls = AppDbExecutionContext
    statement_compiler = TenantCompiler

    # no keyword-only arguments: create_engine looks for positional ones
    def __init__(
        self,
        require_context: bool = False,
        tenant_predicate: bool = False,
        pre_ping: bool = False,
        always: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)  # type: ignore[no-untyped-call]
        self.require_context = require_context
        self.tenant_predicate = tenant_predicate
        self.pre_ping = pre_ping
        self.always = always

    @classmethod
    def load_provisioning(cls) -> None:
        """Load PostgreSQL's own, for SQLAlchemy's test suite, which looks beside the dialect's module."""
        stock.PGDialect_psycopg2.load_provisioning()  # type: ignore[no-untyped-call]

    @classmethod
    def engine_created(cls, engine: Engine) -> None:
        """Lend each connection to its checkout, and take it back; a tenant's view lends by itself."""
        fork.engines.add(engine)
        event.listen(engine, "checkin", _take_back)
        if not getattr(engine.dialect, "require_context", False):
            event.listen(engine, "checkout", _lend)

    def connect(self, *args: Any, **options: Any) -> Any:
        """Connect by a connection of ours, or of a class derived from it."""
        factory = options.setdefault("connection_factory", AppDbConnection)
        if not (isinstance(factory, type) and issubclass(factory, AppDbConnection)):
            raise ArgumentError(
                "connection_factory can't be given, because the connections of postgresql+app_db are of a class of "
                "their own: leave it out, derive it from AppDbConnection, or use postgresql+psycopg2"
            )
        with fork.connecting:
            return super().connect(*args, **options)

    def on_connect(self) -> Any:
        """Return what prepares a connection: held in autocommit, since the dialect begins.

        One of another class, as from `creator=`, is refused.
        """
        prepare = super().on_connect()  # type: ignore[no-untyped-call]

        def prepare_ours(connection: Any) -> None:
            if not isinstance(connection, AppDbConnection):
                raise ArgumentError(
                    f"a {type(connection).__name__} came from creator= or an event, and postgresql+app_db needs a "
                    "connection of its own: have psycopg2.connect() make it with "
                    "connection_factory=app_db.engine.connection.AppDbConnection"
                )
            connection.autocommit = True
            connection.always = self.always
            if prepare is not None:
                prepare(connection)

        return prepare_ours

    def do_ping(self, dbapi_connection: Any) -> bool:
        """Begin: the liveness check is the first message of the transaction.

        A connection that was in use a moment ago needs none, and begins with its first statement.
        """
        dbapi_connection.lend(None)
        if not dbapi_connection.is_trusted():
            dbapi_connection.begin_ahead()
        return True

    def do_begin(self, dbapi_connection: PoolProxiedConnection) -> None:
        """Begin, where the ping has not."""
        connection: Any = dbapi_connection.dbapi_connection
        if connection.binding is None and self.require_context:
            raise no_tenant()
        if connection.mode.autocommit and connection.binding is not None and connection.binding.statements:
            raise autocommit_for_a_tenant()
        connection.begin()

    def do_commit(self, dbapi_connection: PoolProxiedConnection) -> None:
        """Commit; an error that leaves open whether it was done is marked."""
        connection: Any = dbapi_connection.dbapi_connection
        was_usable = connection.is_usable
        try:
            connection.commit()
        except self.loaded_dbapi.Error as error:
            if was_usable:
                self._mark_lost_commit(error, dbapi_connection)
            raise

    def do_begin_twophase(self, connection: Any, xid: Any) -> None:
        """Begin; PostgreSQL names a transaction when it is prepared."""
        del xid
        self.do_begin(connection.connection)

    def do_prepare_twophase(self, connection: Any, xid: Any) -> None:
        """Prepare the transaction."""
        connection.connection.dbapi_connection.send(f"prepare transaction {_literal(xid)}")

    def do_rollback_twophase(self, connection: Any, xid: Any, is_prepared: bool = True, recover: bool = False) -> None:
        """Roll back the transaction, prepared or not."""
        self.do_rollback(connection.connection)  # type: ignore[no-untyped-call]
        if is_prepared or recover:
            connection.connection.dbapi_connection.send(f"rollback prepared {_literal(xid)}")

    def do_commit_twophase(self, connection: Any, xid: Any, is_prepared: bool = True, recover: bool = False) -> None:
        """Commit the transaction, prepared or not."""
        if not is_prepared and not recover:
            self.do_commit(connection.connection)
            return
        self.do_rollback(connection.connection)  # type: ignore[no-untyped-call]
        try:
            connection.connection.dbapi_connection.send(f"commit prepared {_literal(xid)}")
        except self.loaded_dbapi.Error as error:
            self._mark_lost_commit(error, connection.connection)
            raise

    def do_recover_twophase(self, connection: Any) -> list[Any]:
        """Return the names of the prepared transactions."""
        return list(connection.exec_driver_sql("select gid from pg_catalog.pg_prepared_xacts").scalars())

    def set_isolation_level(self, dbapi_connection: Any, level: Any) -> None:
        """Set it for the transactions to come."""
        if level == "AUTOCOMMIT":
            dbapi_connection.change_mode(autocommit=True)
        else:
            dbapi_connection.change_mode(autocommit=False, isolation_level=level)

    def get_isolation_level(self, dbapi_connection: Any) -> Any:
        """Return what was set, or what the server says."""
        mode = dbapi_connection.mode
        if mode.autocommit or mode.isolation_level is not None:
            return "AUTOCOMMIT" if mode.autocommit else mode.isolation_level
        return super().get_isolation_level(dbapi_connection)  # type: ignore[no-untyped-call]

    def detect_autocommit_setting(self, dbapi_connection: Any) -> bool:
        """Tell whether autocommit was asked for; the driver is in it always."""
        return bool(dbapi_connection.mode.autocommit)

    def set_readonly(self, connection: Any, value: Any) -> None:
        """Set it for the transactions to come."""
        connection.change_mode(read_only=value)

    def get_readonly(self, connection: Any) -> Any:
        """Return what was set."""
        return connection.mode.read_only

    def set_deferrable(self, connection: Any, value: Any) -> None:
        """Set it for the transactions to come."""
        connection.change_mode(deferrable=value)

    def get_deferrable(self, connection: Any) -> Any:
        """Return what was set."""
        return connection.mode.deferrable

    def set_connection_execution_options(self, connection: Any, opts: Any) -> None:
        """As stock; a connection can't be given another context than that of its engine."""
        context = connection.engine.get_execution_options().get(CONTEXT_OPTION)
        if opts.get(CONTEXT_OPTION, context) is not context:
            raise TenantMismatch(
                "a connection belongs to the tenant of its engine for life: use an engine or a session of the other one"
            )
        super().set_connection_execution_options(connection, opts)

    def _mark_lost_commit(self, error: Exception, dbapi_connection: PoolProxiedConnection) -> None:
        if self.is_disconnect(error, dbapi_connection.dbapi_connection, None):  # type: ignore[no-untyped-call]
            setattr(error, LOST_COMMIT, True)


def _lend(connection: Any, _record: Any, _fairy: Any) -> None:
    if not connection.is_lent:  # the ping has lent it already
        connection.lend(None)


def _take_back(connection: Any, _record: Any) -> None:
    if connection is not None:
        connection.take_back()


def _literal(xid: Any) -> str:
    quoted = str(xid).replace("'", "''")
    return f"'{quoted}'"
