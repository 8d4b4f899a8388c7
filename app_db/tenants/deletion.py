"""Deletes all rows of a tenant, children first, in batches; killed at any point and run again, it goes on.

The tenant's row goes last. Until then it says `deleting`, and `ops.tenant_work` counts what is gone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..errors import ForeignKeyViolation, TenantRefused
from ..models import SystemEvent, TenantWork
from .life import find
from .tables import PURGES, Layout, TenantTable, find_layout
from .work import BATCH_ROWS, Deleted, Progress, Who, plain, record

# Whoever still writes to the tenant may add rows to a table that was emptied; a pass more takes them.
_PASSES = 5

_HOLD = text("select id from tenancy.tenants where id = :tenant and status = 'deleting' for no key update")


def delete_tenant(session: Session, who: Who, which: str | UUID, progress: Progress, *, now: bool) -> Deleted:
    """Delete a tenant whose time has come, or `now`; raises TenantRefused where it has not."""
    tenant, slug = _begin(session, who, which, now=now)
    layout = find_layout(session)
    layout.require("select")
    layout.require("delete")
    for _ in range(_PASSES):
        _delete_rows(session, tenant, layout, progress)
        if _end(session, who, tenant, slug):
            return Deleted(tenant, _gone(session, tenant), layout.unlinked)
    raise TenantRefused(
        f"rows of {slug} were written as fast as they were deleted: stop who works for the tenant, and run this again"
    )


def _begin(session: Session, who: Who, which: str | UUID, *, now: bool) -> tuple[UUID, str]:
    """Mark the point of no return, and note the work."""
    tenant = find(session, which)
    moment = session.scalar(select(func.now())) or dt.datetime.now(dt.UTC)
    if tenant.deletion_started_at is None:
        if tenant.status != "deleting" and not now:
            raise TenantRefused(f"nobody has asked for the deletion of {tenant.slug}: ask for it first, or add --now")
        if not now and tenant.delete_after is not None and tenant.delete_after > moment:
            raise TenantRefused(
                f"{tenant.slug} may be deleted from {tenant.delete_after:%Y-%m-%d %H:%M} UTC on: wait until then, "
                "or add --now"
            )
        tenant.status, tenant.deletion_started_at = "deleting", moment
        tenant.deletion_requested_at = tenant.deletion_requested_at or moment
        tenant.delete_after = tenant.delete_after or moment
        session.flush()
        work: dict[str, Any] = {
            "work": "delete",
            "digest": None,
            "progress": {},
            "actor": who.actor,
            "reason": who.reason,
        }
        # an import that was broken off ends here
        statement = insert(TenantWork).values(tenant=tenant.id, **work)
        session.execute(statement.on_conflict_do_update(index_elements=["tenant"], set_=work))
        record(session, who, "tenant.delete_begin", tenant.id, lives=False, slug=tenant.slug)
    found = tenant.id, tenant.slug
    session.commit()
    return found


def _delete_rows(session: Session, tenant: UUID, layout: Layout, progress: Progress) -> None:
    plain(session)
    counts = [session.scalar(text(table.count_rows), {"tenant": tenant}) or 0 for table in layout.tables]
    session.commit()
    with progress("deleting", sum(counts)) as done:
        for table in reversed(layout.tables):
            while _delete_batch(session, tenant, table, done):
                pass


def _delete_batch(session: Session, tenant: UUID, table: TenantTable, done: Callable[[int], None]) -> bool:
    """Delete some rows and count them; return whether there may be more."""
    plain(session)
    if session.scalar(_HOLD, {"tenant": tenant}) is None:
        session.commit()
        return False  # another run has ended the work
    result = session.execute(text(table.delete_rows), {"tenant": tenant, "batch": BATCH_ROWS})
    rows = result.scalar_one() if table.name in PURGES else result.rowcount  # type: ignore[attr-defined]
    if rows:
        session.execute(_COUNT, {"tenant": tenant, "table": table.name, "rows": rows})
    session.commit()
    done(rows)
    return bool(rows)


_COUNT = text("""
update ops.tenant_work
set progress = progress || jsonb_build_object(
    cast(:table as text), coalesce((progress ->> :table)::bigint, 0) + cast(:rows as bigint)
  ), updated_at = now()
where tenant = :tenant
""")


def _end(session: Session, who: Who, tenant: UUID, slug: str) -> bool:
    """Delete the tenant's row and note what went; False where rows have come meanwhile."""
    if session.scalar(_HOLD, {"tenant": tenant}) is None:
        session.commit()
        return True
    try:
        session.execute(text("delete from tenancy.tenants where id = :tenant"), {"tenant": tenant})
    except ForeignKeyViolation:
        session.rollback()
        return False
    work = session.get_one(TenantWork, tenant)
    rows = work.progress
    session.delete(work)
    session.flush()
    record(session, who, "tenant.delete", tenant, lives=False, slug=slug, rows=rows)
    session.commit()
    return True


def _gone(session: Session, tenant: UUID) -> dict[str, int]:
    """Return how many rows went, as the run noted that came to the end."""
    ended = select(SystemEvent.details).where(
        SystemEvent.event == "tenant.delete", SystemEvent.details["tenant"].astext == str(tenant)
    )
    details = session.scalars(ended.order_by(SystemEvent.created_at.desc()).limit(1)).first() or {}
    return {name: int(rows) for name, rows in details.get("rows", {}).items()}
