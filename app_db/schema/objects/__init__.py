"""What is not a table, as plain objects: each tells the SQL that makes it, changes it and takes it away.

Names of roles are the house's (`app_rw`); the statements have them as `{role:app_rw}`, and whoever executes them puts
the installation's names there. `Policy` and the flags of row security are named as in SQLAlchemy's own proposal
(sqlalchemy#13517).
"""

from .base import SchemaObject
from .code import Function, Trigger, View
from .grants import Grant
from .row_security import Policy, RowSecurity
from .surroundings import Comment, Extension, PartitionSet

__all__ = [
    "KINDS",
    "Comment",
    "Extension",
    "Function",
    "Grant",
    "PartitionSet",
    "Policy",
    "RowSecurity",
    "SchemaObject",
    "Trigger",
    "View",
]

KINDS: dict[str, type[SchemaObject]] = {
    kind.kind: kind for kind in (Extension, PartitionSet, Function, View, Trigger, RowSecurity, Policy, Grant, Comment)
}
