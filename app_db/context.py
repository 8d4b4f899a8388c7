"""Who is asking: the tenant, and the person where one is known.

A `TenantContext` is handed to a session explicitly, or stands in a ContextVar that `get_db` and workers read. The
ContextVar is read when a session is *made*, never later: what a session may see is decided at its birth.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID

from .errors import TenantNotBound

__all__ = ["TenantContext", "current_tenant", "tenant_context"]


@dataclass(frozen=True, slots=True, init=False)
class TenantContext:
    """The tenant of a unit of work and, where known, the person at work in it.

    Both are UUIDs: a string is parsed once, here, so that nothing else than a UUID can reach SQL.
    Raises TenantNotBound when the tenant is missing or either value is no UUID.
    """

    tenant_id: UUID
    user_id: UUID | None = None

    def __init__(self, tenant_id: UUID | str, user_id: UUID | str | None = None) -> None:
        _set(self, "tenant_id", tenant_id if type(tenant_id) is UUID else _uuid("tenant_id", tenant_id))
        _set(self, "user_id", user_id if user_id is None else _uuid("user_id", user_id))


_set = object.__setattr__  # an instance is frozen
_current: ContextVar[TenantContext | None] = ContextVar("app_db_tenant_context", default=None)


def current_tenant() -> TenantContext:
    """Return the context that `tenant_context` put in place here; raises TenantNotBound where there is none.

    A new thread starts without one (an asyncio task and `asyncio.to_thread` inherit it): hand it over with
    `contextvars.copy_context().run`, or pass the tenant explicitly.
    """
    context = _current.get()
    if context is None:
        raise TenantNotBound(
            "no tenant is bound here: wrap the work in `with tenant_context(tenant_id):`, "
            "or name the tenant with `db.tenant(tenant_id)`"
        )
    return context


@contextmanager
def tenant_context(tenant_id: UUID | str, user_id: UUID | str | None = None) -> Iterator[TenantContext]:
    """Make this tenant (and person) the current one inside the block, for `tenant_session()` and `get_db()`."""
    context = TenantContext(tenant_id, user_id)
    token = _current.set(context)
    try:
        yield context
    finally:
        _current.reset(token)


def _uuid(name: str, value: object) -> UUID:
    if type(value) is UUID:
        return value
    if isinstance(value, UUID):
        return UUID(int=value.int)  # a subclass could bring a text of its own
    try:
        return UUID(str(value))
    except ValueError:
        raise TenantNotBound(
            f"{name} is {value!r}, which is no UUID: pass the id of the tenant, not its name"
        ) from None
