"""The ORM session of one tenant: fills in the tenant half of keys, and keeps to its tenant for life."""

from __future__ import annotations

from functools import cache
from typing import Any

from sqlalchemy import Connection, Engine, event, inspect
from sqlalchemy.orm import Mapper, Session, UOWTransaction

from ..context import TenantContext
from ..errors import TenantMismatch
from ..schema import ScopeKind, scope_of


class TenantSession(Session):
    """A SQLAlchemy session bound to one tenant for life; the identity map knows no tenants, so it must never serve two.

    Lifetime: a request or a job. Each transaction that it begins is bound to the tenant anew, also after a commit.
    """

    def __init__(self, engine: Engine, context: TenantContext, **options: Any) -> None:
        super().__init__(engine, **options)
        self._context = context

    @property
    def context(self) -> TenantContext:
        """The tenant (and person) of this session; it can't be changed: open another session instead."""
        return self._context

    def get_bind(self, mapper: Any = None, *, bind: Engine | Connection | None = None, **options: Any) -> Any:
        """Return the session's engine; another engine or connection is refused, as its rows may be another tenant's."""
        del mapper, options
        if bind is not None and bind is not self.bind:
            raise TenantMismatch(
                f"a statement of the session of tenant {self._context.tenant_id} was sent by another engine: "
                "open a session for the tenant and login that it is for"
            )
        return self.bind

    def get(self, entity: Any, ident: Any, **options: Any) -> Any:
        """As `Session.get`; a plain id is completed with the session's tenant."""
        return super().get(entity, self._complete_key(entity, ident), **options)

    def get_one(self, entity: Any, ident: Any, **options: Any) -> Any:
        """As `Session.get_one`; a plain id is completed with the session's tenant."""
        return super().get_one(entity, self._complete_key(entity, ident), **options)

    def _complete_key(self, entity: Any, ident: Any) -> Any:
        if isinstance(ident, (tuple, list, dict)):
            return ident
        position = _place_of_tenant(entity)
        if position is None:
            return ident
        return (self._context.tenant_id, ident) if position == 0 else (ident, self._context.tenant_id)


@cache
def _place_of_tenant(entity: Any) -> int | None:
    """Return where in the entity's key of two columns the tenant stands, or None for another kind of key."""
    mapper: Mapper[Any] = inspect(entity).mapper
    scope = scope_of(mapper.local_table)
    names = [column.name for column in mapper.primary_key]
    if scope is None or len(names) != 2 or scope.tenant_column not in names:  # noqa: PLR2004  # tenant and id
        return None
    return names.index(scope.tenant_column)


def _fill_in(session: TenantSession, _flush: UOWTransaction, _instances: Any) -> None:
    """Give new rows the session's tenant and person; refuse those of another tenant before anything is sent."""
    for instance in (*session.new, *session.dirty):
        mapper = inspect(instance).mapper
        scope = scope_of(mapper.local_table)
        if scope is None:
            continue
        if scope.kind is ScopeKind.PERSON and scope.user_column == "user_id":
            _fill(instance, "user_id", session.context.user_id)
        if scope.tenant_column != "tenant_id":
            continue
        _fill(instance, "tenant_id", session.context.tenant_id)
        _refuse_foreign(session, instance)
        if scope.user_column is not None:
            _fill(instance, scope.user_column, session.context.user_id)


def _refuse_foreign(session: TenantSession, instance: Any) -> None:
    """Refuse an object of another tenant, new, changed, or loaded elsewhere."""
    scope = scope_of(inspect(instance).mapper.local_table)
    if scope is None or scope.tenant_column is None:
        return
    owner = inspect(instance).dict.get(scope.tenant_column)
    if owner is not None and owner != session.context.tenant_id:
        raise TenantMismatch(
            f"a {type(instance).__name__} of tenant {owner} was put into a session of tenant "
            f"{session.context.tenant_id}: open a session for its own tenant, or leave {scope.tenant_column} out"
        )


def _fill(instance: Any, attribute: str, value: Any) -> None:
    if getattr(instance, attribute) is None:
        setattr(instance, attribute, value)


event.listen(TenantSession, "before_flush", _fill_in)
event.listen(TenantSession, "before_attach", _refuse_foreign)
