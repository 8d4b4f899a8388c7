"""Documents of a course that are there twice."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from ..session import TenantSession
from .limits import checked_limit

_FIND = text("select * from learning.find_duplicate_documents(cast(:course as uuid), :limit, cast(:after as bytea))")


@dataclass(frozen=True, slots=True)
class Duplicates:
    """Documents of one content, the oldest first; `titles` are in the same order."""

    content_sha256: bytes
    documents: list[UUID]
    titles: list[str]


def find_duplicate_documents(
    session: TenantSession, course: UUID, *, limit: int = 100, after: Duplicates | None = None
) -> list[Duplicates]:
    """Return the contents that a course has more than once, at most `limit` (1 to 1000), by their digests.

    Documents without a digest are compared with nothing. `after` is the last of the page before. Raises ValueError for
    a limit out of range, and UnboundTransaction for a session without a tenant.
    """
    values = {
        "course": course,
        "limit": checked_limit(limit),
        "after": None if after is None else after.content_sha256,
    }
    return [
        Duplicates(bytes(row.content_sha256), list(row.documents), list(row.titles))
        for row in session.execute(_FIND, values)
    ]
