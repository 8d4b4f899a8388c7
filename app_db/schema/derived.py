"""What follows from a model: the policies of its scope, and the grants that every table gets; and what is attached.

An application declares more beside its models:

    attach(Base.metadata, Grant(on="shop.orders", role="app_rw", privileges=("select", "insert")))
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Constraint, Index, MetaData, Table

from ..errors import ScopeError
from .objects import Comment, Grant, Policy, RowSecurity, SchemaObject
from .scope import Scope, ScopeKind, scope_of

# Every login is a member of one of these.
EVERYONE = ("app_tenant", "app_tenant_admin", "app_all")
GRANTS: dict[str, tuple[str, ...]] = {
    "app_rw": ("select", "insert", "update", "delete"),
    "app_ro": ("select",),
    "app_admin": ("select", "insert", "update", "delete"),
    "app_maint": ("select",),
    "app_backup": ("select",),
}
# No policy stands before what is everybody's, so whoever writes it changes what every tenant reads.
_SHARED_GRANTS = GRANTS | {"app_rw": ("select",)}

_KEY = "app_db_objects"
_BOUND = "{column} = nullif(current_setting('app.current_{thing}_id', true), '')::uuid"


def attach(metadata: MetaData, *objects: SchemaObject) -> None:
    """Declare objects beside the tables; of one that follows from a model, the declared one takes the place.

    The same one again says nothing new: Alembic runs an `env.py` each time it is asked. Raises ScopeError for another
    one of the same identity.
    """
    attached: dict[tuple[str, ...], SchemaObject] = metadata.info.setdefault(_KEY, {})
    for entry in objects:
        key = (entry.kind, *entry.identity)
        if attached.setdefault(key, entry) != entry:
            raise ScopeError(f"{entry.kind} {' '.join(entry.identity)} is declared in two ways: keep one of them")


def attached_to(metadata: MetaData) -> list[SchemaObject]:
    """Return what was declared."""
    return list(metadata.info.get(_KEY, {}).values())


def expected_objects(metadata: MetaData, tables: Iterable[Table], schemas: Iterable[str]) -> list[SchemaObject]:
    """Return what follows from these tables and schemas, and what was declared.

    Raises ScopeError for a table that does not say whose rows it holds.
    """
    following = [
        *(usage for schema in schemas for usage in _usage(schema)),
        *(entry for table in tables for entry in objects_of(table)),
    ]
    found = {(entry.kind, *entry.identity): entry for entry in following}
    return list((found | {(entry.kind, *entry.identity): entry for entry in attached_to(metadata)}).values())


def objects_of(table: Table) -> list[SchemaObject]:
    """Return what follows from a table: flags, policies, grants. Of what is everybody's an application reads alone."""
    scope = scope_of(table)
    name = table.fullname
    if scope is None:
        raise ScopeError(
            f"table {name} does not say whose rows it holds, so nothing would protect them: map it with a class that "
            "inherits from TenantScoped, UserScoped or Shared"
        )
    is_closed = scope.kind is not ScopeKind.SHARED
    grants = GRANTS if is_closed else _SHARED_GRANTS
    return [
        RowSecurity(on=name, enabled=is_closed, forced=is_closed),
        *(_policy(name, *rows) for rows in _rows(scope)),
        *(Grant(on=name, role=role, privileges=privileges) for role, privileges in grants.items()),
        *_index_comments(table),
    ]


def _policy(table: str, name: str, roles: tuple[str, ...], condition: str) -> Policy:
    return Policy(name=name, on=table, roles=roles, using=condition, with_check=condition)


def _rows(scope: Scope) -> Iterator[tuple[str, tuple[str, ...], str]]:
    if scope.kind is ScopeKind.SHARED:
        return
    own_tenant = _BOUND.format(column=scope.tenant_column, thing="tenant")
    if scope.kind is ScopeKind.TENANT:
        yield "tenant_rows", ("app_tenant", "app_tenant_admin"), own_tenant
    if scope.kind is ScopeKind.USER:
        own_person = _BOUND.format(column=scope.user_column, thing="user")
        yield "user_rows", ("app_tenant",), f"{own_tenant} and {own_person}"
        yield "tenant_rows", ("app_tenant_admin",), own_tenant
    if scope.kind is ScopeKind.PERSON:
        own_person = _BOUND.format(column=scope.user_column, thing="user")
        yield "own_rows", ("app_tenant", "app_tenant_admin"), own_person
    yield "all_rows", ("app_all",), "true"


def _index_comments(table: Table) -> Iterator[Comment]:
    """Yield the comments on indexes: `Index(…, info={"comment": "…"})`, as a model has no other place for them."""
    named: list[Index | Constraint] = [*table.indexes, *table.constraints]
    for index in sorted(named, key=lambda index: str(index.name)):
        if "comment" in index.info:
            yield Comment(on=f"index {table.schema}.{index.name}", text=index.info["comment"])


def _usage(schema: str) -> Iterator[Grant]:
    for role in EVERYONE:
        yield Grant(on=f"schema {schema}", role=role, privileges=("usage",))
