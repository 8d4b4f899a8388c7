"""Alembic's side of what is not a table: operations for revisions, how they are written, what autogenerate finds."""

from . import comparing, operations, rendering

__all__ = ["comparing", "operations", "rendering"]
