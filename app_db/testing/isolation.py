"""Tries the border between two tenants on one model, by SQL that names no tenant and that policies alone guard."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Table, inspect, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from ..context import TenantContext
from ..errors import PermissionDenied, RowSecurityViolation, SuiteError
from ..models import Tenant, User
from ..schema import Scope, ScopeKind, scope_of
from ..session import Database
from .rows import RowMaker, administrator

_quote = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]


@dataclass(frozen=True, slots=True)
class _Border:
    """A table, one's own row of it and the row that is to be hidden."""

    table: Table
    scope: Scope
    own: dict[str, Any]
    other: dict[str, Any]

    @property
    def name(self) -> str:
        return str(_quote.format_table(self.table))

    @property
    def owners(self) -> tuple[str, ...]:
        """The columns that say whose a row is."""
        return tuple(name for name in (self.scope.tenant_column, self.scope.user_column) if name is not None)

    def match(self) -> str:
        """The condition of the primary key, by parameters of the columns' names."""
        return " and ".join(f"{_quote.quote(column.name)} = :{column.name}" for column in self.table.primary_key)

    def key(self, row: dict[str, Any]) -> dict[str, Any]:
        return {column.name: row[column.name] for column in self.table.primary_key}


def assert_tenant_isolated(database: Database, rows: RowMaker, model: type[Any], **values: Any) -> None:
    """Fail where a tenant reads, changes, deletes or makes rows of another one; likewise for people of a tenant.

    Rows are made of two tenants (of a user-scoped model also of two people of one, of a person's only of two people),
    with `values` where the columns need them. Raises SuiteError for a model that is no tenant's and no person's.
    """
    __tracebackhide__ = True
    table = inspect(model).local_table
    scope = scope_of(table)
    is_persons = scope is not None and scope.kind is ScopeKind.PERSON
    if scope is None or (scope.tenant_column is None and not is_persons) or model is Tenant:
        raise SuiteError(f"{model.__name__} holds no tenant's rows, so nothing of it is to be kept apart")
    first, second = rows.tenant(), rows.tenant()
    person, colleague = uuid7(), uuid7()
    pairs = {"another tenant's row": (TenantContext(first, person), TenantContext(second, person))}
    if is_persons:
        pairs = {}
    if scope.user_column is not None:
        pairs["another person's row"] = (TenantContext(first, colleague), TenantContext(first, uuid7()))
    leaks = []
    for whose, (me, they) in pairs.items():
        if is_persons and model is not User:  # whom their rows refer to
            rows(User, id=me.user_id), rows(User, id=they.user_id)
        border = _Border(table, scope, _row(rows, model, me, values), _row(rows, model, they, values))
        leaks += [f"{leak} {whose}" for leak in _leaks(database, border, me)]
    if leaks:
        raise AssertionError(
            f"{model.__name__} is not isolated. A session of the application could:\n"
            + "\n".join(f"- {leak}" for leak in leaks)
            + f"\nSee that row-level security of {table.fullname} is enabled and forced, and that its policies are "
            "those of tenant_policies(), user_policies() or person_policies(), and no others"
        )


def _row(rows: RowMaker, model: type[Any], context: TenantContext, values: dict[str, Any]) -> dict[str, Any]:
    """Return what a new row is found by: its key, and whose it is."""
    made = rows(model, tenant=context.tenant_id, user=context.user_id, **values)
    mapper = inspect(model)
    table, scope = mapper.local_table, scope_of(mapper.local_table)
    names = {column.name for column in table.primary_key}
    if scope is not None:
        names |= {scope.tenant_column, scope.user_column}
    return {
        attribute.columns[0].name: getattr(made, attribute.key)
        for attribute in mapper.column_attrs
        if attribute.columns[0].name in names  # others may be left unloaded
    }


def _leaks(database: Database, border: _Border, me: TenantContext) -> Iterator[str]:
    with administrator(database) as session:
        found = session.execute(text(_count(border)), border.key(border.other)).scalar()
    if found != 1:
        raise SuiteError(f"the row of {border.name} that was made to be hidden is not there for who sees all")
    for what, attempt in _ATTEMPTS.items():
        with database.tenant(me.tenant_id, user_id=me.user_id) as session:
            if (leak := _tried(session, attempt, border)) is not None:
                yield f"{what}{leak}"
    with database.shared() as session:
        if _tried(session, _read, border) is not None:
            yield "read without any tenant"


def _tried(session: Session, attempt: Callable[[Session, _Border], int], border: _Border) -> str | None:
    """Return what is to be said of an attempt that was not stopped by a policy or a missing grant, and undo it."""
    try:
        return "" if attempt(session, border) else None
    except (RowSecurityViolation, PermissionDenied):
        return None
    except DBAPIError as error:  # the row was reached, and something else objected
        return f" (only {type(error).__name__} stopped it)"
    finally:
        session.rollback()


def _read(session: Session, border: _Border) -> int:
    return int(session.execute(text(_count(border)), border.key(border.other)).scalar_one())


def _update(session: Session, border: _Border) -> int:
    column = _quote.quote(border.owners[0])
    statement = f"update {border.name} set {column} = {column} where {border.match()}"  # quoted names
    return _rows(session, statement, border.key(border.other))


def _delete(session: Session, border: _Border) -> int:
    return _rows(session, f"delete from {border.name} where {border.match()}", border.key(border.other))


def _insert(session: Session, border: _Border) -> int:
    columns = [column for column in border.table.columns if _is_copied(column)]
    replaced = {name: border.other[name] for name in border.owners}
    replaced |= {column.name: uuid7() for column in columns if column.name == "id"}
    names = ", ".join(_quote.quote(column.name) for column in columns)
    sources = ", ".join(
        f"cast(:new_{column.name} as uuid)" if column.name in replaced else _quote.quote(column.name)
        for column in columns
    )
    statement = f"insert into {border.name} ({names}) select {sources} from {border.name} where {border.match()}"
    parameters = {f"new_{name}": value for name, value in replaced.items()}
    return _rows(session, statement, {**border.key(border.own), **parameters})


def _move(session: Session, border: _Border) -> int:
    changes = ", ".join(f"{_quote.quote(name)} = cast(:new_{name} as uuid)" for name in border.owners)
    statement = f"update {border.name} set {changes} where {border.match()}"
    parameters = {f"new_{name}": border.other[name] for name in border.owners}
    return _rows(session, statement, {**border.key(border.own), **parameters})


_ATTEMPTS: dict[str, Callable[[Session, _Border], int]] = {
    "read": _read,
    "update": _update,
    "delete": _delete,
    "insert": _insert,
    "turn its own row into": _move,
}


def _count(border: _Border) -> str:
    return f"select count(*) from {border.name} where {border.match()}"


def _rows(session: Session, statement: str, parameters: dict[str, UUID]) -> int:
    return int(session.execute(text(statement), parameters).rowcount)  # type: ignore[attr-defined]


def _is_copied(column: Column[Any]) -> bool:
    return column.computed is None and column.identity is None
