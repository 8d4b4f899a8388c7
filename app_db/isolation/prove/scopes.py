"""Whose rows a table holds: as its model says, and where there is none, as its columns say."""

from __future__ import annotations

from collections.abc import Mapping

from ...models import Base
from ...schema import Scope, ScopeKind, scope_of
from .tables import Column

_TENANT, _USER = "app.current_tenant_id()", "app.current_user_id()"


def scope_by_model(name: str, columns: Mapping[str, Column]) -> Scope:
    """Return the scope of a table by its model, else by its columns.

    Models are those that are imported: `env.py` of an application's tree imports them when the tree is applied.
    """
    known = scope_of(Base.metadata.tables.get(name))
    return known if known is not None else scope_by_columns(columns)


def scope_by_columns(columns: Mapping[str, Column]) -> Scope:
    """Return the scope that columns tell: a column `tenant_id`, or one that is filled in from the session.

    A person's column is one whose default is the current person: another `user_id` may be anybody's.
    """
    tenant = _filled_by(columns, _TENANT) or ("tenant_id" if "tenant_id" in columns else None)
    user = _filled_by(columns, _USER)
    if tenant is None:
        return Scope(ScopeKind.SHARED) if user is None else Scope(ScopeKind.PERSON, user_column=user)
    return Scope(ScopeKind.TENANT if user is None else ScopeKind.USER, tenant_column=tenant, user_column=user)


def _filled_by(columns: Mapping[str, Column], default: str) -> str | None:
    return next((name for name, column in columns.items() if column.default == default), None)
