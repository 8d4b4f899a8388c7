"""How much is asked for at once."""

from __future__ import annotations

MAX_LIMIT = 1000


def checked_limit(limit: int) -> int:
    """Return the limit; raises ValueError where it is not 1 to 1000."""
    if not 1 <= limit <= MAX_LIMIT:
        raise ValueError(
            f"limit is {limit}, and 1 to {MAX_LIMIT} are returned at once: ask for the next ones by `after`"
        )
    return limit


def checked_query(query: str) -> str:
    """Return what a person has typed without the character that no text of PostgreSQL may hold."""
    return query.replace("\0", " ")
