"""Attempts to cross the border between two tenants, in hand-written SQL so that only the database is in the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import text

from ..errors import DatabaseError, ForeignKeyViolation, RowSecurityViolation
from ..models import Material
from ..session import Database, TenantSession
from .report import Crossing

_INSERT = """
insert into catalog.materials (tenant_id, code, name, unit, price_minor)
values (:theirs, 'intruder', 'intruder', 'pcs', 1)
"""
_ORDER = "insert into demo.order_lines (material_id, quantity) values (:row, 1)"


def try_to_cross(db: Database, mine: UUID, theirs: UUID, row: UUID) -> list[Crossing]:
    """As tenant `mine`, try to get at the material `row` of tenant `theirs` in every way there is."""

    def attempt(name: str, work: Callable[[TenantSession], Crossing]) -> Crossing:
        with db.tenant(mine) as session:
            found = work(session)
            session.rollback()
        return Crossing(name, found.outcome, found.stopped)

    values = {"mine": mine, "theirs": theirs, "row": row}
    return [
        attempt("read it by its id", _get(row)),
        attempt("read it with `where tenant_id = …`", _count("select count(*) from catalog.materials", values)),
        attempt("insert a row of theirs", _refused(_INSERT, values, RowSecurityViolation)),
        attempt("update its price", _touched("update catalog.materials set price_minor = 0", "updated", values)),
        attempt("delete it", _touched("delete from catalog.materials", "deleted", values)),
        attempt("refer to it by a foreign key", _refused(_ORDER, values, ForeignKeyViolation)),
    ]


def _get(row: UUID) -> Callable[[TenantSession], Crossing]:
    def work(session: TenantSession) -> Crossing:
        found = session.get(Material, row)
        return Crossing("", "not there" if found is None else f"read {found.name!r}", found is None)

    return work


def _count(statement: str, values: dict[str, Any]) -> Callable[[TenantSession], Crossing]:
    def work(session: TenantSession) -> Crossing:
        count = session.scalar(text(f"{statement} where tenant_id = :theirs"), values)
        return Crossing("", f"{count} rows", count == 0)

    return work


def _touched(statement: str, verb: str, values: dict[str, Any]) -> Callable[[TenantSession], Crossing]:
    def work(session: TenantSession) -> Crossing:
        ids = session.execute(text(f"{statement} where tenant_id = :theirs and id = :row returning id"), values).all()
        return Crossing("", f"{len(ids)} rows {verb}", not ids)

    return work


def _refused(
    statement: str, values: dict[str, Any], expected: type[DatabaseError]
) -> Callable[[TenantSession], Crossing]:
    def work(session: TenantSession) -> Crossing:
        try:
            session.execute(text(statement), values)
        except DatabaseError as error:
            named = f", {error.constraint_name}" if error.constraint_name else ""
            return Crossing("", f"{type(error).__name__} ({error.sqlstate}{named})", isinstance(error, expected))
        return Crossing("", "it was written", stopped=False)

    return work
