"""Writes all rows of a tenant into one file, as they were at one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from ..errors import TenantRefused
from .archive import ArchiveWriter, new_archive
from .life import find
from .tables import TENANTS, TenantTable, find_layout
from .work import Exported, Progress, Who, plain, record

_FETCH_ROWS = 1000
_SNAPSHOT = text("set transaction isolation level repeatable read, read only")
_REVISIONS = text("""
select format('%I.%I', n.nspname, c.relname) from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = 'alembic_version' and has_table_privilege(c.oid, 'select') order by 1
""")
_TENANT_COLUMNS = text("""
select attname::text as name, format_type(atttypid, atttypmod) as type from pg_attribute
where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped and attgenerated = '' order by attnum
""")


def export_tenant(session: Session, who: Who, which: str | UUID, path: Path, progress: Progress) -> Exported:
    """Export a tenant; raises TenantRefused for one that is half there, ArchiveRefused where the file can't be written.

    Nobody waits for it. A row that is written meanwhile is not in the file.
    """
    tenant = find(session, which)
    tenant_id, slug = tenant.id, tenant.slug
    session.commit()
    with new_archive(path) as archive:
        exported = _write(session, tenant_id, path, archive, progress)
    record(session, who, "tenant.export", tenant_id, slug=slug, file=path.name, rows=exported.rows)
    return exported


def revisions(session: Session) -> dict[str, list[str]]:
    """Return the revisions that are applied, by the version table that says so."""
    tables = session.scalars(_REVISIONS).all()
    return {table: sorted(session.scalars(text(f"select version_num from {table}"))) for table in tables}


def tenant_columns(session: Session) -> dict[str, str]:
    """Return the columns of tenancy.tenants and their types."""
    return {row.name: row.type for row in session.execute(_TENANT_COLUMNS, {"table": TENANTS})}


def read_lines(session: Session, table: TenantTable, tenant: UUID) -> Iterator[str]:
    """Yield each row of the tenant as a line of an archive, a thousand at a time from the server."""
    options = {"yield_per": _FETCH_ROWS}
    yield from session.scalars(text(table.select_rows), {"tenant": tenant}, execution_options=options)


def _write(session: Session, tenant: UUID, path: Path, archive: ArchiveWriter, progress: Progress) -> Exported:
    session.execute(_SNAPSHOT)
    plain(session)
    layout = find_layout(session)
    layout.require("select")
    row = _tenant_row(session, tenant)
    counts = {table.name: session.scalar(text(table.count_rows), {"tenant": tenant}) or 0 for table in layout.tables}
    with progress("exporting", sum(counts.values())) as done:
        rows = {
            table.name: archive.add(table.name, table.columns, table.types, _told(session, table, tenant, done))
            for table in layout.tables
        }
    server = session.scalar(text("select current_setting('server_version')"))
    moment = session.scalar(text("select now()"))
    archive.finish(
        tenant=row, exported_at=moment, server_version=server, revisions=revisions(session), unlinked=layout.unlinked
    )
    session.commit()
    return Exported(tenant, path, rows, layout.unlinked)


def _tenant_row(session: Session, tenant: UUID) -> dict[str, str | None]:
    columns = tenant_columns(session)
    values = ", ".join(f'"{column}"::text' for column in columns)
    statement = f"select {values} from {TENANTS} where id = :tenant"
    row = session.execute(text(statement), {"tenant": tenant}).one_or_none()
    if row is None:
        raise TenantRefused(f"the tenant {tenant} is gone: somebody has deleted it meanwhile")
    found = dict(zip(columns, row, strict=True))
    # looked at in the snapshot: a deletion may have begun since the tenant was found
    if found["status"] == "importing" or found["deletion_started_at"] is not None:
        raise TenantRefused(
            f"{found['slug']} is {found['status']} and only half there: complete the work first, by running it again"
        )
    return found


def _told(session: Session, table: TenantTable, tenant: UUID, done: Callable[[int], None]) -> Iterator[str]:
    waiting = 0
    for line in read_lines(session, table, tenant):
        waiting += 1
        if waiting == _FETCH_ROWS:
            done(waiting)
            waiting = 0
        yield line
    done(waiting)
