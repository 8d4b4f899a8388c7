"""Keys for a cache that several tenants and people share."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from ..session import TenantSession

_KIND = re.compile("[a-z][a-z0-9_]{0,62}")
_KEY = text("select learning.cache_key(:kind, cast(:parts as jsonb), :of_person)")


def cache_key(
    session: TenantSession, kind: str, parts: Mapping[str, Any] | None = None, *, of_person: bool = True
) -> str:
    """Return a key that nobody of another tenant gets, and, unless `of_person` is False, nobody else of this one.

    `kind` says what is kept, e.g. `course_stats`, and `parts` whatever it depends on, as JSON; in another order they
    give the same key. Give `of_person=False` only for what everybody in the tenant may see. Raises ValueError for a
    kind that is no name, and UnboundTransaction where there is no tenant, or no person and one is needed.
    """
    if not _KIND.fullmatch(kind):
        raise ValueError(f"the kind of a cache key is {kind!r}: write small letters, digits and _, e.g. course_stats")
    values = {"kind": kind, "parts": json.dumps(dict(parts or {})), "of_person": of_person}
    key: str = session.execute(_KEY, values).scalar_one()
    return key
