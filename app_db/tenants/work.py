"""What work on a whole tenant has in common: its transactions, its record, its progress, its results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from ..models import AuditLog, SystemEvent

# Called with a label and a number of rows; what it yields is told how many more are done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]

# Rows of a batch: some milliseconds of locks, so that nobody waits, and few enough commits that these don't dominate.
BATCH_ROWS = 1000
# Its text, which is held in memory a few times over and sent as one parameter.
BATCH_BYTES = 4 * 1024 * 1024

# The text of a value is read back by another server, so it must not depend on a setting; names are written out.
_PLAIN = text("""
select set_config('search_path', 'pg_catalog', true), set_config('datestyle', 'ISO, YMD', true),
  set_config('intervalstyle', 'postgres', true), set_config('timezone', 'UTC', true),
  set_config('extra_float_digits', '1', true), set_config('bytea_output', 'hex', true)
""")


@dataclass(frozen=True, slots=True)
class Who:
    """Who works on tenants, and why: recorded with everything that is done."""

    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Exported:
    """An export: the file, and how many rows of each table are in it; `unlinked` are tables that are not."""

    tenant: UUID
    path: Path
    rows: dict[str, int]
    unlinked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """A complete import; `resumed` where an earlier run had begun it."""

    tenant: UUID
    slug: str
    rows: dict[str, int]
    resumed: bool = False


@dataclass(frozen=True, slots=True)
class Deleted:
    """A complete deletion: how many rows of each table went, those of earlier runs included."""

    tenant: UUID
    rows: dict[str, int]
    unlinked: tuple[str, ...] = field(default=())


def plain(session: Session) -> None:
    """Make values of this transaction read and written in one form everywhere."""
    session.execute(_PLAIN)


def record(session: Session, who: Who, event: str, tenant: UUID, *, lives: bool = True, **details: Any) -> None:
    """Note what was done, for the system and (where the tenant `lives`) in the tenant's own audit log."""
    row = {"event": event, "actor": who.actor, "reason": who.reason, "details": {"tenant": str(tenant), **details}}
    session.execute(insert(SystemEvent), row)
    if lives:
        entry = {
            "tenant_id": tenant, "action": event, "actor_type": "administrator", "subject": f"tenancy.tenants:{tenant}",
            "details": {"actor": who.actor, "reason": who.reason, **details},
        }  # fmt: skip
        session.execute(insert(AuditLog).inline(), entry)


@contextmanager
def silent(_label: str, _length: int) -> Iterator[Callable[[int], None]]:
    """Show no progress."""
    yield lambda _rows: None
