"""What a database's catalogue says about isolation, as plain data, read in five queries."""

from .reading import Facts, read_facts
from .rows import (
    Column,
    Constraint,
    DefaultPrivileges,
    Function,
    Grants,
    Index,
    Membership,
    Parameter,
    Policy,
    Pooler,
    Publication,
    RewriteRule,
    Role,
    RoleSetting,
    Schema,
    Table,
    Trigger,
)

__all__ = [
    "Column",
    "Constraint",
    "DefaultPrivileges",
    "Facts",
    "Function",
    "Grants",
    "Index",
    "Membership",
    "Parameter",
    "Policy",
    "Pooler",
    "Publication",
    "RewriteRule",
    "Role",
    "RoleSetting",
    "Schema",
    "Table",
    "Trigger",
    "read_facts",
]
