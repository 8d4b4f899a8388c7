"""Puts together what a new table gets, so that a revision says it in the words in which people write it.

`ddl.tenant_policies('shop.orders')` stands for the flags and the policies of a tenant's table, `ddl.grant(…)` for the
grants of several roles: the helpers of `app_db.migrations.ddl.v1`, which never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from alembic.autogenerate import render_op_text, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations
from sqlalchemy import Table

from ...schema import Grant, Policy, RowSecurity, ScopeKind, scope_of
from ...schema.derived import objects_of
from .operations import ObjectOp, execute

_HELPERS = {
    ScopeKind.TENANT: "ddl.tenant_policies",
    ScopeKind.USER: "ddl.user_policies",
    ScopeKind.SYSTEM: "ddl.system_policies",
}


class GroupOp(MigrateOperation):
    """Operations that one call of a helper stands for; without a `call` each of them is written down."""

    def __init__(self, parts: list[ObjectOp], call: str | None = None) -> None:
        """Note the parts, in order, and what stands for them."""
        self.parts = parts
        self.call = call

    @property
    def subject(self) -> Any:
        """The object of the first part: all of them go with one table."""
        return self.parts[0].subject

    @property
    def schema(self) -> str | None:
        """The schema of the table."""
        return self.parts[0].schema

    def reverse(self) -> GroupOp:
        """Return what undoes it, the last part first."""
        return GroupOp([part.reverse() for part in reversed(self.parts)])

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return what `alembic check` prints."""
        return ("rules", *(part.to_diff_tuple() for part in self.parts))


@Operations.implementation_for(GroupOp)
def run(operations: Operations, group: GroupOp) -> None:
    """Do each part."""
    for part in group.parts:
        execute(operations, part)


@renderers.dispatch_for(GroupOp)
def render(context: AutogenContext, group: GroupOp) -> str | list[str]:
    """Return the call, or that of each part."""
    return group.call or [render_op_text(context, part) for part in group.parts]


def grouped(operations: list[ObjectOp], new_tables: Iterable[Table]) -> list[MigrateOperation]:
    """Return the operations with those that make up a new table's rules and grants put together."""
    tables = {table.fullname: table for table in new_tables}
    rest = [operation for operation in operations if operation.subject.table not in tables]
    groups = (group for name, table in tables.items() for group in _groups(table, _of(operations, name)))
    usage = [operation for operation in rest if _is_new_grant(operation)]
    others = [operation for operation in rest if not _is_new_grant(operation)]
    return [*groups, *others, *_grants(usage)]


def _is_new_grant(operation: ObjectOp) -> bool:
    return isinstance(operation.subject, Grant) and operation.old is None


def _of(operations: list[ObjectOp], table: str) -> list[ObjectOp]:
    return [operation for operation in operations if operation.subject.table == table]


def _groups(table: Table, operations: list[ObjectOp]) -> Iterator[MigrateOperation]:
    rules = [operation for operation in operations if isinstance(operation.subject, (RowSecurity, Policy))]
    usual = [entry for entry in objects_of(table) if isinstance(entry, (RowSecurity, Policy))]
    if rules and [rule.subject for rule in rules] == usual and (call := _helper(table)):
        yield GroupOp(rules, call)
    else:
        yield from rules
    yield from _grants(operation for operation in operations if isinstance(operation.subject, Grant))
    yield from (
        operation for operation in operations if not isinstance(operation.subject, (RowSecurity, Policy, Grant))
    )


def _grants(operations: Iterable[ObjectOp]) -> Iterator[GroupOp]:
    """Put together the grants of the same privileges on the same thing."""
    alike: dict[tuple[str, str], list[ObjectOp]] = {}
    for operation in operations:
        grant: Any = operation.subject
        alike.setdefault((grant.on, ", ".join(grant.privileges)), []).append(operation)
    for (on, privileges), parts in alike.items():
        roles = ", ".join(f'"{part.subject.role}"' for part in parts)  # type: ignore[attr-defined]  # they are grants
        yield GroupOp(parts, f'ddl.grant("{privileges}", "{on}", [{roles}])')


def _helper(table: Table) -> str | None:
    scope = scope_of(table)
    if scope is None or scope.tenant_column not in {None, "tenant_id"} or scope.user_column not in {None, "user_id"}:
        return None
    helper = _HELPERS.get(scope.kind)
    return f'{helper}("{table.fullname}")' if helper else None
