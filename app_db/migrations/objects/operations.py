"""Operations for revisions: `op.create_policy(…)`, `op.drop_policy(…)`, `op.alter_policy(…, was={…})`, and so on.

There are the three for each kind of object: row_level_security, policy, grant, function, trigger, view, extension,
comment, partition_set. The arguments are the fields of the object (`app_db.schema.objects`). To drop and to alter take
the whole state before as well, so that each of them can be reversed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from alembic.operations import MigrateOperation, Operations

from ...schema import RoleNames
from ...schema.objects import KINDS, SchemaObject
from ..ddl.v1 import ROLE_NAMES


class ObjectOp(MigrateOperation):
    """Makes an object (`old` is None), takes it away (`new` is None), or makes it another."""

    def __init__(self, new: SchemaObject | None, old: SchemaObject | None) -> None:
        """Note both states."""
        self.new = new
        self.old = old

    @property
    def subject(self) -> SchemaObject:
        """The object, in whichever state it is there."""
        found = self.new or self.old
        if found is None:
            raise TypeError("an operation on no object")
        return found

    @property
    def verb(self) -> str:
        """Which of the three it is."""
        return "alter" if self.new and self.old else "create" if self.new else "drop"

    @property
    def schema(self) -> str | None:
        """The schema of the table that it goes with, by which revisions are told apart."""
        return self.subject.schema

    def reverse(self) -> ObjectOp:
        """Return the operation that undoes it."""
        return ObjectOp(self.old, self.new)

    def statements(self) -> list[str]:
        """Return what is executed, with roles as `{role:app_rw}`."""
        if self.new and self.old:
            return self.new.change_from(self.old)
        return self.new.create() if self.new else self.subject.drop()

    def to_diff_tuple(self) -> tuple[Any, ...]:
        """Return what `alembic check` prints."""
        return (f"{self.verb}_{self.subject.kind}", *self.subject.identity)


@Operations.implementation_for(ObjectOp)
def execute(operations: Operations, operation: ObjectOp) -> None:
    """Execute the statements, one at a time, with the installation's names of roles."""
    names: RoleNames = operations.get_context().opts[ROLE_NAMES]
    for statement in operation.statements():
        operations.execute(names.fill(statement).replace(":", r"\:"))


def _register(kind: type[SchemaObject]) -> None:
    for verb, make in (("create", _create), ("drop", _drop), ("alter", _alter)):
        Operations.register_operation(f"{verb}_{kind.kind}", verb)(_operation(kind, verb, make))


def _operation(kind: type[SchemaObject], verb: str, make: Callable[..., ObjectOp]) -> type[ObjectOp]:
    """Return a class with the constructor that Alembic puts behind `op.<verb>_<kind>`."""

    def operate(cls: type[ObjectOp], operations: Operations, /, **fields: Any) -> Any:  # noqa: ARG001  # Alembic wants the name
        return operations.invoke(make(kind, **fields))

    operate.__name__ = verb  # by which Alembic finds it
    operate.__doc__ = f"{verb.capitalize()} a {kind.kind.replace('_', ' ')}: {kind.__doc__}"
    return type(f"{verb.capitalize()}{kind.__name__}", (ObjectOp,), {verb: classmethod(operate)})


def _create(kind: type[SchemaObject], **fields: Any) -> ObjectOp:
    return ObjectOp(made(kind, fields), None)


def _drop(kind: type[SchemaObject], **fields: Any) -> ObjectOp:
    return ObjectOp(None, made(kind, fields))


def _alter(kind: type[SchemaObject], *, was: dict[str, Any], **fields: Any) -> ObjectOp:
    new = made(kind, fields)
    return ObjectOp(new, replace(new, **_frozen(was)))


def made(kind: type[SchemaObject], fields: dict[str, Any]) -> SchemaObject:
    """Return the object of these fields."""
    return kind(**_frozen(fields))


def fields_of(entry: SchemaObject) -> dict[str, Any]:
    """Return the fields of an object that are not as they are anyway, in the order in which they are declared."""
    defaults = {name: field.default for name, field in entry.__dataclass_fields__.items()}
    return {name: value for name, value in asdict(entry).items() if value != defaults[name]}


def _frozen(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in fields.items()}


for _kind in KINDS.values():
    _register(_kind)
