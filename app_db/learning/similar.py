"""Documents and keywords that mean the same as a vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from ..models.learning.vectors import DIMENSIONS
from ..session import TenantSession
from .limits import checked_limit

EXACT_UP_TO = 2000
# what the tables hold: zero has no direction, and half precision ends at 65504
MIN_NORM, MAX_NORM = 0.001, 10_000.0

_ARGUMENTS = (
    "cast(:embedding as extensions.vector), :limit, cast(:threshold as double precision), cast(:course as uuid), "
    "cast(:distance as double precision), cast(:after as uuid), :exact_up_to"
)
_DOCUMENTS = text(f"select * from learning.find_similar_documents({_ARGUMENTS})")  # noqa: S608
_KEYWORDS = text(f"select * from learning.find_similar_keywords({_ARGUMENTS})")  # noqa: S608


@dataclass(frozen=True, slots=True)
class SimilarDocument:
    """A part of a document that was found; `distance` is 0 to 2, and `similarity` 1 less that."""

    id: UUID
    document_id: UUID
    part: int
    content: str
    distance: float
    similarity: float


@dataclass(frozen=True, slots=True)
class SimilarKeyword:
    """A keyword that was found; `distance` is 0 to 2, and `similarity` 1 less that."""

    id: UUID
    course_id: UUID
    term: str
    definition: str
    distance: float
    similarity: float


def find_similar_documents(
    session: TenantSession,
    embedding: Sequence[float],
    *,
    limit: int = 10,
    threshold: float = 0.0,
    course: UUID | None = None,
    after: SimilarDocument | None = None,
    exact_up_to: int = EXACT_UP_TO,
) -> list[SimilarDocument]:
    """Return the parts of the tenant's documents that are most similar to `embedding`, at most `limit` (1 to 1000).

    By cosine similarity, from -1 to 1; those below `threshold` are left out. `course` keeps to one course, and `after`
    is the last one of the page before. Up to `exact_up_to` candidates are compared one by one; among more of them an
    index finds the nearest, and now and then misses one. Raises ValueError for a vector without 768 finite numbers or
    without a direction and for figures out of range, and UnboundTransaction for a session without a tenant.
    """
    values = _values(embedding, limit, threshold, course, after, exact_up_to)
    return [SimilarDocument(**row) for row in session.execute(_DOCUMENTS, values).mappings()]


def find_similar_keywords(
    session: TenantSession,
    embedding: Sequence[float],
    *,
    limit: int = 10,
    threshold: float = 0.0,
    course: UUID | None = None,
    after: SimilarKeyword | None = None,
    exact_up_to: int = EXACT_UP_TO,
) -> list[SimilarKeyword]:
    """Return the tenant's keywords that are most similar to `embedding`, at most `limit` (1 to 1000).

    Keywords that no model has seen yet, without a vector, are never found. The rest is as in `find_similar_documents`.
    """
    values = _values(embedding, limit, threshold, course, after, exact_up_to)
    return [SimilarKeyword(**row) for row in session.execute(_KEYWORDS, values).mappings()]


def _values(
    embedding: Sequence[float],
    limit: int,
    threshold: float,
    course: UUID | None,
    after: SimilarDocument | SimilarKeyword | None,
    exact_up_to: int,
) -> dict[str, object]:
    if not -1 <= threshold <= 1:
        raise ValueError(f"threshold is {threshold}, and a cosine similarity is between -1 and 1: give one of those")
    if not 0 <= exact_up_to < 2**31:
        raise ValueError(f"exact_up_to is {exact_up_to}, which is no number of rows: give 0 or more, below 2 ** 31")
    return {
        "embedding": _as_text(embedding),
        "limit": checked_limit(limit),
        "threshold": threshold,
        "course": course,
        "distance": None if after is None else after.distance,
        "after": None if after is None else after.id,
        "exact_up_to": exact_up_to,
    }


def _as_text(embedding: Sequence[float]) -> str:
    """Return the vector as the server reads it; raises ValueError for what is none of the model's."""
    numbers = [float(number) for number in embedding]
    if len(numbers) != DIMENSIONS:
        raise ValueError(f"the vector has {len(numbers)} numbers: give the {DIMENSIONS} that the model returns")
    if not all(map(math.isfinite, numbers)):
        raise ValueError(f"the vector holds NaN or infinity: give {DIMENSIONS} finite numbers")
    norm = math.hypot(*numbers)
    if not MIN_NORM <= norm <= MAX_NORM:
        raise ValueError(
            f"the vector has the norm {norm:g}, and one between {MIN_NORM:g} and {MAX_NORM:g} is compared: "
            "give the model's own, which has a direction"
        )
    return f"[{','.join(map(repr, numbers))}]"
