"""What binds a transaction: the statements for a context, and views of an engine that hand them to each checkout.

The context travels with the session's own view of the engine, so that ORM, Core, flush, refresh and every other user of
that view are covered, and none can see another session's. It is transaction-local: it ends with the transaction,
whatever pool or pooler the connection goes back to.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy import exc as sa_exc
from sqlalchemy.engine.base import OptionEngine
from sqlalchemy.engine.interfaces import PoolProxiedConnection

from ..context import TenantContext
from ..errors import PoolExhausted, TenantNotBound
from .begin import DEFAULT_MODE, Binding, Mode
from .failures import autocommit_for_a_tenant, no_tenant
from .options import CONTEXT_OPTION, MODE_OPTION

# Views kept for the next session of the same tenant and person: a kilobyte and five microseconds each.
_MOST_VIEWS = 512
_STOCK_OPTIONS = {
    "isolation_level": "isolation_level",
    "postgresql_readonly": "read_only",
    "postgresql_deferrable": "deferrable",
}


class NoTenant:
    """Says in a session's options that it works on global tables: policies then show no tenant's row."""


NO_TENANT = NoTenant()


class BoundEngine(OptionEngine):
    """A view of an engine (same pool) whose checkouts are bound to the context in its options.

    SQLAlchemy's own options for the transaction are read here too, so that a BEGIN that is sent ahead has them.
    """

    _has_events = False  # an attribute, where OptionEngine asks the engine at each step of each statement

    def __init__(self, proxied: Engine, execution_options: Any) -> None:
        super().__init__(proxied, execution_options)
        self._has_events = self._has_events or proxied._has_events  # noqa: SLF001
        self._binding = _binding(self._execution_options)
        self._views: dict[Any, BoundEngine] = {}

    def raw_connection(self) -> PoolProxiedConnection:
        """Check a connection out, and hand it the binding.

        Raises TenantNotBound where a tenant's engine has none, and PoolExhausted where no connection came free in time.
        """
        binding, dialect = self._binding, self.dialect
        if binding is None and dialect.require_context:  # type: ignore[attr-defined]  # a dialect of ours
            raise no_tenant()
        while True:  # each turn takes a dead connection out of the pool, and a new one is alive
            try:
                checked_out = self._proxied.pool.connect()
            except sa_exc.TimeoutError as error:
                raise PoolExhausted(error) from error
            connection: Any = checked_out.dbapi_connection
            connection.lend(binding)
            if not dialect.pre_ping or connection.is_trusted() or self._answers(checked_out):  # type: ignore[attr-defined]
                return checked_out

    def _answers(self, checked_out: PoolProxiedConnection) -> bool:
        """Begin, to see whether the connection lives; one that does not is thrown away."""
        connection: Any = checked_out.dbapi_connection
        try:
            connection.begin_ahead()
        except self.dialect.loaded_dbapi.Error as error:
            is_dead = self.dialect.is_disconnect(error, connection, None)
            checked_out.invalidate(error)
            if not is_dead:
                raise
            return False
        return True

    def rebound(self, context: TenantContext | NoTenant, mode: Mode = DEFAULT_MODE) -> BoundEngine:
        """Return a view like this one, bound to the context: what a session gets, at the cost of a copy.

        It shares its event listeners with this one; `bound_to` makes one that has its own.
        """
        key = _key(context, mode)
        view = self._views.get(key)
        if view is None:
            if len(self._views) >= _MOST_VIEWS:
                self._views.clear()
            view = self._views[key] = self._copy(context, mode)
        elif not view._has_events:  # noqa: SLF001
            view._has_events = self._proxied._has_events  # noqa: SLF001  # a listener may have come since
        return view

    def _copy(self, context: TenantContext | NoTenant, mode: Mode) -> BoundEngine:
        view = BoundEngine.__new__(BoundEngine)
        view.__dict__.update(
            self.__dict__,
            _has_events=self._has_events or self._proxied._has_events,  # noqa: SLF001
            _execution_options=self._execution_options.union({CONTEXT_OPTION: context, MODE_OPTION: mode}),
            _binding=_bind(context, mode),
        )
        return view


BoundEngine._option_cls = BoundEngine  # noqa: SLF001  # views of views are bound as well


def bound_to(engine: Engine, context: TenantContext | NoTenant, mode: Mode = DEFAULT_MODE) -> Engine:
    """Return a view of the engine whose transactions are bound to the context and begin in this mode."""
    return BoundEngine(engine, {CONTEXT_OPTION: context, MODE_OPTION: mode})


def set_local(context: TenantContext) -> str:
    """Return the statements that bind the context to the current transaction.

    The one place where a value is written into SQL: SET takes no parameters (PostgreSQL manual, SET), and only UUID
    objects come here, whose text has neither quote nor backslash.
    """
    statements = f"set local app.current_tenant_id = '{_text(context.tenant_id)}'"
    if context.user_id is not None:
        statements += f"; set local app.current_user_id = '{_text(context.user_id)}'"
    return statements


def _text(value: UUID) -> str:
    if type(value) is not UUID:
        raise TenantNotBound(f"{value!r} is no UUID: make a TenantContext, which parses it")
    return str(value)


def _key(context: TenantContext | NoTenant, mode: Mode) -> Any:
    """Return what tells one view from another: numbers, whose hashes are made without a step of Python's."""
    if mode is not DEFAULT_MODE or isinstance(context, NoTenant):
        return context, mode
    return context.tenant_id.int, context.user_id and context.user_id.int


def _bind(context: TenantContext | NoTenant, mode: Mode) -> Binding:
    if mode.autocommit and isinstance(context, TenantContext):
        raise autocommit_for_a_tenant()
    return Binding(set_local(context) if isinstance(context, TenantContext) else "", mode)


def _binding(options: Any) -> Binding | None:
    context = options.get(CONTEXT_OPTION)
    return None if context is None else _bind(context, _mode(options))


def _mode(options: Any) -> Mode:
    mode: Mode = options.get(MODE_OPTION, DEFAULT_MODE)
    changes = {field: options[name] for name, field in _STOCK_OPTIONS.items() if name in options}
    if changes.get("isolation_level") == "AUTOCOMMIT":
        return Mode(autocommit=True)
    return replace(mode, **changes) if changes else mode
