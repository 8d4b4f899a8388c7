"""What a database should look like, and where one that is looked at differs. Nothing is changed on it."""

from .compare import Drift, compare
from .inspection import Inspection, inspect_database
from .roles import expected_roles, reflect_roles
from .snapshot import Snapshot, expected_catalogue, load_snapshot

__all__ = [
    "Drift",
    "Inspection",
    "Snapshot",
    "compare",
    "expected_catalogue",
    "expected_roles",
    "inspect_database",
    "load_snapshot",
    "reflect_roles",
]
