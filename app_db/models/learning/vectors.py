"""The type of a column of vectors, and what Alembic takes the type in the database for."""

from __future__ import annotations

from pgvector.sqlalchemy import Vector
from sqlalchemy import CheckConstraint, ColumnElement, Index, literal_column
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


def norm_check() -> CheckConstraint:
    """Return the check of a vector's norm: zero has no direction, and half precision ends at 65504."""
    return CheckConstraint("extensions.vector_norm(embedding) between 0.001 and 10000", name="embedding")


def embedding_index(table: str) -> Index:
    """Return the index of what vectors mean, in half precision: it is half as large, and the search compares again.

    It holds the vectors of all tenants, as it can't lead with one: docs/decisions/0021. An expression of its own keeps
    a statement that orders by `embedding` away from it, which would lose rows behind those of others.
    """
    halves: ColumnElement[object] = literal_column("(embedding::extensions.halfvec(768))").label("halves")
    operators = {"halves": "extensions.halfvec_cosine_ops"}
    return Index(f"ix_{table}_embedding", halves, postgresql_using="hnsw", postgresql_ops=operators)
