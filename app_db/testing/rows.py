"""Makes rows: the least that a table accepts, with the rows that it refers to."""

from __future__ import annotations

import datetime as dt
import enum
import itertools
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Column, Enum, ForeignKeyConstraint, Table, inspect
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapper, Session
from uuid_utils.compat import uuid7

from ..context import TenantContext
from ..engine import NO_TENANT
from ..errors import PermissionDenied, SuiteError
from ..models import Tenant
from ..schema import ScopeKind, scope_of
from ..session import Database
from ..session.work import UnitOfWork
from ..settings import LoginUrl
from .examples import OURS

T = TypeVar("T")


def examples_of() -> dict[type[Any], dict[str, Any]]:
    """Return what `set_example` was told, and what comes with the release, by model."""
    return _examples


ADD_TENANT = "insert into tenancy.tenants (id, slug, name) values (%(id)s, %(slug)s, 'A tenant')"

# By model and attribute: a value, or a function of the number of the row.
_examples: dict[type[Any], dict[str, Any]] = {model: dict(values) for model, values in OURS.items()}


def set_example(model: type[Any], **values: Any) -> None:
    """Say what rows of a model get where the type alone can't tell, e.g. for a column with a check.

    A value may be a function of the row's number: `set_example(Invoice, number=lambda n: f"2026-{n:06d}")`.
    """
    known = {attribute.key for attribute in inspect(model).column_attrs}
    for name in values:
        if name not in known:
            raise SuiteError(f"{model.__name__} has no column {name!r}: it has {', '.join(sorted(known))}")
    _examples.setdefault(model, {}).update(values)


def administrator(database: Database) -> UnitOfWork[Session]:
    """Open a session that sees all rows, without the record of it that `db.admin` makes: a test arranges and looks."""
    return UnitOfWork(Session(database._engine(LoginUrl.ADMIN)))  # noqa: SLF001


def new_tenant(database: Database) -> UUID:
    """Return the id of a new tenant, made without the ORM, at a quarter of its cost."""
    tenant_id, row = tenant_row()
    with database._engine(LoginUrl.ADMIN).begin() as connection:  # noqa: SLF001
        connection.exec_driver_sql(ADD_TENANT, row)
    return tenant_id


def tenant_row() -> tuple[UUID, dict[str, object]]:
    """Return the id of a new tenant, and what `ADD_TENANT` wants."""
    tenant_id = uuid7()
    return tenant_id, {"id": tenant_id, "slug": f"tenant-{tenant_id.hex}"}


class RowMaker:
    """Makes rows of mapped models, each committed in a unit of work of its own, for tenants that it is told.

    Columns that may be empty, or have a default, are left to the database. What a row refers to is made as well.
    """

    def __init__(self, database: Database, default_tenant: Callable[[], UUID]) -> None:
        self._database = database
        self._default_tenant = default_tenant
        self._numbers = itertools.count(1)

    def __call__(self, model: type[T], *, tenant: UUID | None = None, user: UUID | None = None, **values: Any) -> T:
        """Return a new row of the model, of that tenant (default: the fixture `tenant`) and person.

        `values` are the columns that matter to the test. Raises SuiteError where the database refuses the others.
        """
        mapper: Mapper[T] = inspect(model)
        scope = scope_of(mapper.local_table)
        if scope is None:
            raise SuiteError(f"{model.__name__} says not whose rows it holds: inherit from TenantScoped or its like")
        if model is Tenant or scope.kind in {ScopeKind.SHARED, ScopeKind.SYSTEM}:
            return self._add(model, self._complete(mapper, values, None), None)
        if scope.kind is ScopeKind.PERSON:
            given = values if user is None else {str(scope.user_column): user, **values}
            return self._add(model, self._complete(mapper, given, None), None)
        tenant = tenant or values.get("tenant_id") or self._default_tenant()
        if scope.user_column is not None:
            user = user or values.get(scope.user_column) or uuid7()
        return self._add(model, self._complete(mapper, values, tenant), TenantContext(tenant, user))

    def tenant(self, **values: Any) -> UUID:
        """Return the id of a new tenant."""
        return self(Tenant, **values).id if values else new_tenant(self._database)

    def _complete(self, mapper: Mapper[Any], given: Mapping[str, Any], tenant: UUID | None) -> dict[str, Any]:
        number = next(self._numbers)
        values = dict(given)
        for name, example in _examples.get(mapper.class_, {}).items():
            values.setdefault(name, example(number) if callable(example) else example)
        table = mapper.local_table
        if isinstance(table, Table):
            self._refer(mapper, table, values, tenant)
        for attribute in mapper.column_attrs:
            column = attribute.columns[0]
            if attribute.key not in values and isinstance(column, Column) and _must_be_given(mapper, column):
                values[attribute.key] = _value(mapper, column, number)
        return values

    def _refer(self, mapper: Mapper[Any], table: Table, values: dict[str, Any], tenant: UUID | None) -> None:
        """Fill in foreign keys that must be given, by rows made for it."""
        for constraint in table.foreign_key_constraints:
            pairs = [(element.parent, element.column) for element in constraint.elements]
            own = {mapper.get_property_by_column(column).key: column for column, _ in pairs}
            wanted = [key for key, column in own.items() if key not in values and _must_be_given(mapper, column)]
            if not wanted:
                continue
            target = _mapper_of(mapper, constraint)
            given = {
                target.get_property_by_column(referred).key: values[key]
                for column, referred in pairs
                if (key := mapper.get_property_by_column(column).key) in values
            }
            row = self(target.class_, tenant=tenant, **given)
            for column, referred in pairs:
                key = mapper.get_property_by_column(column).key
                values.setdefault(key, getattr(row, target.get_property_by_column(referred).key))

    def _add(self, model: type[T], values: dict[str, Any], context: TenantContext | None) -> T:
        try:
            if context is not None:
                with suppress(PermissionDenied):  # what the application may only read
                    return self._add_as_tenant(model, values, context)
            with suppress(PermissionDenied):  # what an administrator may only read: people
                return self._add_in(administrator(self._database), model, values, context)
            return self._add_in(self._before_login(), model, values, context)
        except IntegrityError as error:
            raise SuiteError(
                f"a row of {model.__name__} with these values was refused ({str(error.orig).strip()}): "
                f"give the column to the factory, or say once what it gets: set_example({model.__name__}, column=…)"
            ) from error

    def _add_as_tenant(self, model: type[T], values: dict[str, Any], context: TenantContext) -> T:
        row = model(**values)
        with self._database.tenant(context.tenant_id, user_id=context.user_id) as session:
            session.add(row)
        return row

    def _before_login(self) -> UnitOfWork[Session]:
        """Open a session of the login that knows people before any tenant is bound."""
        engine = self._database._engine(LoginUrl.AUTH)  # noqa: SLF001
        return UnitOfWork(Session(engine.rebound(NO_TENANT)))

    def _add_in(
        self, work: UnitOfWork[Session], model: type[T], values: dict[str, Any], context: TenantContext | None
    ) -> T:
        scope = scope_of(inspect(model).local_table)
        if context is not None and scope is not None:
            values = {"tenant_id": context.tenant_id, **values}
            if scope.user_column is not None:
                values = {scope.user_column: context.user_id, **values}
        row = model(**values)
        with work as session:
            session.add(row)
        return row


def _must_be_given(mapper: Mapper[Any], column: Column[Any]) -> bool:
    scope = scope_of(mapper.local_table)
    if scope is None or mapper.class_ is Tenant or scope.kind is ScopeKind.PERSON:
        is_filled_in = False
    else:
        is_filled_in = column.name in {scope.tenant_column, scope.user_column}  # by the session
    if is_filled_in:
        return False
    has_default = column.default is not None or column.server_default is not None or column.identity is not None
    is_serial = column.primary_key and column.autoincrement is True
    return not (column.nullable or has_default or column.computed is not None or is_serial)


def _mapper_of(mapper: Mapper[Any], constraint: ForeignKeyConstraint) -> Mapper[Any]:
    for candidate in mapper.registry.mappers:
        if candidate.local_table is constraint.referred_table:
            return candidate
    raise SuiteError(
        f"{mapper.class_.__name__} refers to {constraint.referred_table}, for which there is no model: "
        "give the value to the factory"
    )


def _value(mapper: Mapper[Any], column: Column[Any], number: int) -> Any:
    if isinstance(column.type, Enum):
        return column.type.enums[0] if column.type.enum_class is None else next(iter(column.type.enum_class))
    try:
        kind = column.type.python_type
    except NotImplementedError:
        kind = object
    for base, make in _BY_TYPE.items():
        if issubclass(kind, base):
            return make(column, number)
    raise SuiteError(
        f"no value is known for {mapper.class_.__name__}.{column.key} of type {column.type}: give it to the factory, "
        f"or say once what it gets: set_example({mapper.class_.__name__}, {column.key}=…)"
    )


def _text(column: Column[Any], number: int) -> str:
    text = f"{column.name.replace('_', '-')}-{number}"
    length = getattr(column.type, "length", None)
    return text if length is None else text[-length:]


_BY_TYPE: dict[type[Any], Callable[[Column[Any], int], Any]] = {
    enum.Enum: lambda column, _: next(iter(column.type.python_type.__members__.values())),
    bool: lambda _column, _number: False,
    int: lambda _column, number: number,
    float: lambda _column, number: float(number),
    Decimal: lambda _column, number: Decimal(number),
    str: _text,
    bytes: lambda _column, number: number.to_bytes(4, "big"),
    UUID: lambda _column, _number: uuid7(),
    dt.datetime: lambda _column, number: dt.datetime(2026, 1, 1, tzinfo=dt.UTC) + dt.timedelta(minutes=number),
    dt.date: lambda _column, number: dt.date(2026, 1, 1) + dt.timedelta(days=number % 3650),
    dt.time: lambda _column, number: dt.time(number % 24),
    dt.timedelta: lambda _column, number: dt.timedelta(minutes=number),
    dict: lambda _column, _number: {},
    list: lambda _column, _number: [],
}
