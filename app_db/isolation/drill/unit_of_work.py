"""The way of an application, by its own unit of work alone; and how a way is found by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib import import_module
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.engine.interfaces import PoolProxiedConnection
from sqlalchemy.orm import Session

from ...engine import NO_TENANT, BoundEngine
from ...errors import DrillRefused
from .way import DrillPlace, OpenUnit, Way

UnitOfWork = Callable[[UUID], AbstractContextManager[OpenUnit]]


class OwnUnit(Way):
    """A callable that takes a tenant's id and returns a context manager of a Session or a Connection.

    The pool is found in what it yields: strangers and raw connections come out of it, and it is disposed of.
    """

    def __init__(self, place: DrillPlace, unit_of_work: UnitOfWork) -> None:
        super().__init__(place)
        self._unit_of_work = unit_of_work
        self._engine: Engine | None = None

    @contextmanager
    def unit(self, tenant: UUID) -> Iterator[OpenUnit]:
        """Open the application's unit of work; raises DrillRefused for what is none."""
        opened = self._unit_of_work(tenant)
        if not isinstance(opened, AbstractContextManager):
            raise DrillRefused(f"the unit of work returns {_a(opened)}, which `with` can't open: {_PROTOCOL}")
        with opened as work:
            if not isinstance(work, Session | Connection):
                raise DrillRefused(f"the unit of work opens {_a(work)}: {_PROTOCOL}")
            self._engine = (work.get_bind() if isinstance(work, Session) else work).engine
            yield work

    @contextmanager
    def stranger(self) -> Iterator[Session]:
        """Open a plain session on the same pool."""
        with Session(self._unbound()) as session:
            yield session

    def raw(self, tenant: UUID) -> PoolProxiedConnection:
        """Check out a connection of the same pool."""
        del tenant
        return self._unbound().raw_connection()

    def dispose(self) -> None:
        """Close the pool, once a unit has shown it."""
        if self._engine is not None:
            self._engine.dispose()

    def _unbound(self) -> Engine:
        engine = self._engine
        if engine is None:
            raise DrillRefused("no unit of work was opened yet, so its pool is not known: open one first")
        return engine.rebound(NO_TENANT) if isinstance(engine, BoundEngine) else engine


_PROTOCOL = (
    "give a callable that takes a tenant's id, a UUID, and returns a context manager of a sqlalchemy Session or "
    "Connection, or a subclass of app_db.isolation.Way"
)


def make_way(way: Any, place: DrillPlace) -> Way:
    """Return a way: of a subclass of Way, of a callable that opens a unit of work, or of the name of either.

    A name is written `package.module:name`. Raises DrillRefused for anything else.
    """
    found = _load(way) if isinstance(way, str) else way
    if isinstance(found, type) and issubclass(found, Way):
        return found(place)
    if not callable(found):
        raise DrillRefused(f"{way!r} is {_a(found)}: {_PROTOCOL}")
    return OwnUnit(place, found)


def name_of(way: Any) -> str | None:
    """Return the name by which another process finds a class or a function; None where it can't."""
    if isinstance(way, str):
        return way
    name, module = getattr(way, "__qualname__", ""), getattr(way, "__module__", "__main__")
    return f"{module}:{name}" if name and "<" not in name and module != "__main__" else None


def _load(reference: str) -> Any:
    module, _, name = reference.partition(":")
    if not module or not name:
        raise DrillRefused(f"{reference!r} names no unit of work: write package.module:name")
    try:
        found: Any = import_module(module)
    except ImportError as error:
        raise DrillRefused(
            f"{module} can't be imported ({error}): run this where it can be, or set PYTHONPATH"
        ) from error
    for part in name.split("."):
        if not hasattr(found, part):
            raise DrillRefused(f"there is no {name} in {module}: name a function or a class of it")
        found = getattr(found, part)
    return found


def _a(thing: object) -> str:
    return f"a {type(thing).__name__}"
