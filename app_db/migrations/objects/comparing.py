"""What autogenerate finds: objects that follow from the models or are declared beside them, against the database.

Policies, flags of row security and grants are compared whole: what nobody declares is taken away. Functions, triggers,
views, extensions and comments are compared where they are declared; others are left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from alembic.autogenerate import comparators
from alembic.autogenerate.api import AutogenContext
from alembic.operations import ops
from alembic.util import DispatchPriority
from sqlalchemy import MetaData

from ...reflection import Thing, reflect
from ...schema.derived import expected_objects, objects_of
from ...schema.objects import KINDS, Extension, Function, Grant, Policy, RowSecurity, SchemaObject, Trigger, View
from ..ddl.v1 import ROLE_NAMES
from .found import found_elsewhere, found_objects
from .grouping import GroupOp, grouped
from .operations import ObjectOp

# The option of Alembic's context that says in which schemas objects are compared.
SCHEMAS = "app_db_object_schemas"
# Compare tables alone that are not there yet: what others have is for their revisions to say.
NEW_TABLES_ONLY = "app_db_new_tables_only"

_WHOLE = {"row_level_security", "policy", "grant"}
# What is to be there before what: a trigger wants its function, a grant its table.
_ORDER = list(KINDS)

# Before 16 a view's only table stands before each of its columns.
_QUALIFIER = re.compile(r"\b\w+\.")

Key = tuple[str, ...]


@comparators.dispatch_for("schema", priority=DispatchPriority.LAST)
def compare(context: AutogenContext, upgrade_ops: ops.UpgradeOps, _schemas: Iterable[str | None]) -> None:
    """Add what is different to the operations on tables."""
    options = context.opts or {}
    schemas: tuple[str, ...] = options.get(SCHEMAS, ())
    metadata, connection = context.metadata, context.connection
    if not schemas or metadata is None or connection is None or not isinstance(metadata, MetaData):
        return
    tables = [table for table in metadata.sorted_tables if table.schema in schemas]
    catalogue = reflect(connection, schemas, options[ROLE_NAMES])
    new = [table for table in tables if Thing("relation", table.fullname) not in catalogue]
    if options.get(NEW_TABLES_ONLY):
        expected, found = _by_key(entry for table in new for entry in objects_of(table)), {}
    else:
        expected = _by_key(expected_objects(metadata, tables, schemas))
        found = _by_key([*found_objects(catalogue), *found_elsewhere(connection)])
    operations = _differences(expected, found, {table.fullname for table in tables})
    upgrade_ops.ops[0:0] = [operation for operation in operations if _is_first(operation.subject)]
    later = [operation for operation in operations if not _is_first(operation.subject)]
    upgrade_ops.ops.extend(grouped(later, new))


def drop_with_table(script: ops.MigrationScript) -> None:
    """Leave out of a downgrade what goes with a table that it drops."""
    for downgrade in script.downgrade_ops_list:
        dropped = {f"{op.schema}.{op.table_name}" for op in downgrade.ops if isinstance(op, ops.DropTableOp)}
        downgrade.ops = [
            op for op in downgrade.ops if not (isinstance(op, (ObjectOp, GroupOp)) and op.subject.table in dropped)
        ]  # fmt: skip


def normal(expression: str) -> str:
    """Return an expression without what the server adds when it prints it: blanks, parentheses, casts to text."""
    return re.sub(r"[\s()]|::text", "", expression).lower().rstrip(";")


def _is_first(entry: SchemaObject) -> bool:
    """Tell whether it comes before the tables, which need it; in a downgrade it then goes after them."""
    return isinstance(entry, Extension) or (isinstance(entry, Function) and entry.language == "plpgsql")


def _differences(expected: dict[Key, SchemaObject], found: dict[Key, SchemaObject], tables: set[str]) -> list[ObjectOp]:
    made = [
        ObjectOp(entry, found.get(key))
        for key, entry in expected.items()
        if _comparable(entry) != _comparable(found.get(key, _absent(entry)))
    ]
    gone = [
        ObjectOp(None, entry)
        for key, entry in found.items()
        if key not in expected and entry.kind in _WHOLE and (entry.table in tables or entry.kind == "grant")
    ]
    made.sort(key=lambda op: _ORDER.index(op.subject.kind))
    return [*made, *gone]


def _absent(entry: SchemaObject) -> SchemaObject | None:
    """Return what is there of an object that is not in the catalogue: a new table has its flags, off."""
    return RowSecurity(on=entry.on) if isinstance(entry, RowSecurity) else None


def _comparable(entry: SchemaObject | None) -> Any:
    """Return what is compared of an object: expressions in a form that does not depend on how they are written."""
    match entry:
        case Policy():
            return replace(
                entry,
                roles=tuple(sorted(entry.roles)),
                using=normal(entry.using or ""),
                with_check=normal(entry.with_check or ""),
            )
        case Grant():
            return replace(entry, privileges=tuple(sorted(_by_column(entry.privileges))))
        case Function():
            return replace(
                entry, arguments=normal(entry.arguments), returns=normal(entry.returns),
                execute=tuple(sorted(entry.execute)), settings=tuple(sorted(entry.settings)),
            )  # fmt: skip
        case Trigger():
            return replace(
                entry, fires=entry.fires.lower(), function=normal(entry.function), when=normal(entry.when or "")
            )
        case View():
            return replace(entry, query=normal(_QUALIFIER.sub("", entry.query)))
    return entry


def _by_column(privileges: Iterable[str]) -> Iterable[str]:
    """Yield `update (a)` and `update (b)` for `update (a, b)`."""
    for privilege in privileges:
        verb, _, columns = privilege.partition(" (")
        yield from (f"{verb} ({column.strip()})" for column in columns.rstrip(")").split(",")) if columns else (verb,)


def _by_key(objects: Iterable[SchemaObject]) -> dict[Key, SchemaObject]:
    """Return objects by what tells them apart; grants on columns of a table join those on the table."""
    found: dict[Key, SchemaObject] = {}
    for entry in objects:
        key = (entry.kind, *entry.identity)
        known = found.get(key)
        if isinstance(known, Grant) and isinstance(entry, Grant):
            entry = replace(known, privileges=(*known.privileges, *entry.privileges))  # noqa: PLW2901
        found[key] = entry
    return found
