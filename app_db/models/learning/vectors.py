"""The type of a column of vectors, and what Alembic takes the type in the database for."""

from __future__ import annotations

from pgvector.sqlalchemy import Vector
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.types import TypeEngine

# What the embedding models in use return; columns and indexes are made for it.
DIMENSIONS = 768

# pgvector registers the bare name, and ours is in the schema of extensions, which no search path has
ischema_names["extensions.vector"] = Vector


def embedding_type() -> TypeEngine[list[float]]:
    """Return the type of a column of vectors; values are sequences of 768 numbers."""
    kind: TypeEngine[list[float]] = Vector(DIMENSIONS)
    return kind
