"""Brings a tenant back from its export, in batches; killed at any point and run again, it goes on where it was.

How far it is stands in `ops.tenant_work`, changed in the transaction of each batch, so a row is never there twice or
missing. Until all is there and compared, the tenant's status is `importing`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from ..errors import TenantRefused, UniqueViolation
from ..models import Tenant, TenantWork
from .archive import Archive, Member
from .export import read_lines, revisions, tenant_columns
from .life import status_of
from .tables import Layout, TenantTable, find_layout
from .work import BATCH_BYTES, BATCH_ROWS, Imported, Progress, Who, plain, record

# Set by the work itself, and not by the row of the tenant in the file.
_LIFE = ("status", "deletion_requested_at", "delete_after", "deletion_started_at")


def import_tenant(
    session: Session, who: Who, archive: Archive, slug: str | None, progress: Progress, *, verify: bool = True
) -> Imported:
    """Import a tenant; raises TenantRefused where it is there, or the schema is another than that of the export.

    With `verify` the rows are read back at the end, and have to be those of the file.
    """
    tenant = UUID(archive.manifest["tenant"]["id"])
    plain(session)  # as it was for the export: types are named with their schema where the search path has it not
    layout = find_layout(session)
    layout.require("select")
    layout.require("insert")
    _compare_schema(session, archive, layout)
    resumed = _begin(session, who, archive, tenant, slug)
    tables = {table.name: table for table in layout.tables}
    with progress("importing", sum(member.rows for member in archive.members)) as done:
        for member in archive.members:
            _import_table(session, tenant, archive, member, tables[member.name], done)
    if verify:
        _compare_rows(session, tenant, archive, tables, progress)
    final = _finish(session, who, archive, tenant)
    return Imported(tenant, final, {member.name: member.rows for member in archive.members}, resumed)


def _compare_schema(session: Session, archive: Archive, layout: Layout) -> None:
    applied, needed = revisions(session), archive.manifest["revisions"]
    if applied != needed:
        raise TenantRefused(
            f"the export was made at the revisions {_shown(needed)} and this database is at {_shown(applied)}: "
            "bring one of them to the other's revisions, and export again where that is the older one"
        )
    here = {table.name: (table.columns, table.types) for table in layout.tables}
    there = {member.name: (member.columns, member.types) for member in archive.members}
    differing = sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
    if differing:
        raise TenantRefused(
            f"{differing[0]} is not the same table here as in the export, although the revisions are the same: "
            "compare both databases with `alembic check`"
        )


def _shown(revisions_: dict[str, list[str]]) -> str:
    return "; ".join(f"{table}: {', '.join(names)}" for table, names in sorted(revisions_.items()))


def _begin(session: Session, who: Who, archive: Archive, tenant: UUID, slug: str | None) -> bool:
    """Make the tenant's row and note the work, or find both; return whether they were there."""
    row = archive.manifest["tenant"]
    work = session.get(TenantWork, tenant, with_for_update=True)
    found = session.get(Tenant, tenant)
    if work is not None and found is not None and found.status == "importing" and work.digest == archive.digest:
        session.commit()
        return True
    if found is not None:
        raise TenantRefused(_why_not(found, work))
    session.add(Tenant(id=tenant, slug=slug or row["slug"], name=row["name"], status="importing"))
    outcome = {**row, "slug": slug or row["slug"]}
    session.add(TenantWork(
        tenant=tenant, work="import", digest=archive.digest, outcome=outcome, actor=who.actor, reason=who.reason,
    ))  # fmt: skip
    try:
        session.flush()
    except UniqueViolation as error:
        if error.constraint_name == "uq_tenants_slug":
            raise TenantRefused(f"the slug {slug or row['slug']!r} is taken by another tenant: add --slug") from None
        raise TenantRefused(f"another import of {tenant} began at this moment: run this again to help it") from None
    record(session, who, "tenant.import_begin", tenant, lives=False, slug=slug or row["slug"], digest=archive.digest)
    session.commit()
    return False


def _why_not(found: Tenant, work: TenantWork | None) -> str:
    if work is not None and work.work == "import":
        return f"{found.slug} is being imported from another file: complete that import, or delete the tenant"
    if work is not None:
        return f"{found.slug} is being deleted: complete that with `app-db tenant delete`, then import it"
    return f"the tenant {found.slug} ({found.id}) is there: delete it first, or leave it as it is"


def _import_table(
    session: Session, tenant: UUID, archive: Archive, member: Member, table: TenantTable, done: Callable[[int], None]
) -> None:
    position = 0
    for batch in _batches(archive.lines(member), whole=table.is_tree):
        finished = _lock(session, tenant).progress.get(member.name, 0)
        rest = batch[max(0, finished - position) :]
        position += len(batch)
        if rest:
            plain(session)
            session.execute(text(table.insert_rows), {"rows": f"[{','.join(rest)}]"})
            _advance(session, tenant, member.name, position)
        session.commit()
        done(len(batch))


def _batches(lines: Iterator[str], *, whole: bool) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if not whole and (len(batch) == BATCH_ROWS or size >= BATCH_BYTES):
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _lock(session: Session, tenant: UUID) -> TenantWork:
    """Hold the work, so that two who do it do it in turns; raises TenantRefused where it has ended."""
    found = session.scalars(
        select(TenantWork).where(TenantWork.tenant == tenant, TenantWork.work == "import").with_for_update()
        .execution_options(populate_existing=True)
    ).one_or_none()  # fmt: skip
    if found is None:
        raise TenantRefused(
            f"the import of {tenant} was ended by somebody else, who completed it or deletes the tenant: "
            "see `app-db tenant list`"
        )
    return found


def _advance(session: Session, tenant: UUID, table: str, rows: int) -> None:
    progress = TenantWork.progress.op("||")(func.jsonb_build_object(table, rows))
    session.execute(
        update(TenantWork).where(TenantWork.tenant == tenant).values(progress=progress, updated_at=func.now())
    )


def _compare_rows(
    session: Session, tenant: UUID, archive: Archive, tables: dict[str, TenantTable], progress: Progress
) -> None:
    with progress("comparing", sum(member.rows for member in archive.members)) as done:
        for member in archive.members:
            digest = hashlib.sha256()
            plain(session)
            for line in read_lines(session, tables[member.name], tenant):
                digest.update(f"{line}\n".encode())
            done(member.rows)
            if digest.hexdigest() != member.sha256:
                raise TenantRefused(
                    f"the rows of {member.name} are not those of the export: a trigger changes what is inserted, or "
                    "somebody wrote meanwhile. Delete the tenant and import it again, or run this again with "
                    "--no-verify to accept what is there"
                )
    session.commit()


def _finish(session: Session, who: Who, archive: Archive, tenant: UUID) -> str:
    """Give the tenant its own row, and end the work."""
    work = _lock(session, tenant)
    plain(session)
    types = tenant_columns(session)
    values: dict[str, Any] = {name: work.outcome.get(name) for name in types if name not in {"id", *_LIFE}}
    columns = ", ".join(f'"{name}" = cast(:{name} as {types[name]})' for name in values)
    statement = f"update tenancy.tenants set {columns} where id = :id"
    session.execute(text(statement), {**values, "id": tenant})
    found = session.get_one(Tenant, tenant, populate_existing=True)
    slug, status = found.slug, status_of(found)
    # by hand, since the ORM would set updated_at
    session.execute(
        text("update tenancy.tenants set status = :status where id = :id"), {"status": status, "id": tenant}
    )
    session.execute(text("delete from ops.tenant_work where tenant = :id"), {"id": tenant})
    rows = {member.name: member.rows for member in archive.members}
    record(session, who, "tenant.import", tenant, slug=slug, digest=archive.digest, rows=rows)
    session.commit()
    return slug
