"""Adds materials to the session's tenant."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlalchemy import insert

from ..models import Material
from ..session import TenantSession
from .csv_file import MaterialRow

BATCH = 1000


def add_materials(
    session: TenantSession, rows: Sequence[MaterialRow], *, progress: Callable[[int], None] | None = None
) -> int:
    """Add the materials in the session's transaction, all or nothing, and return how many there were.

    `progress` is told the number of rows after each batch. Raises UniqueViolation for a code that the tenant has
    already.
    """
    for start in range(0, len(rows), BATCH):
        batch = rows[start : start + BATCH]
        session.execute(insert(Material), [asdict(row) for row in batch])
        if progress is not None:
            progress(len(batch))
    return len(rows)
