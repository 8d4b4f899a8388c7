"""A tenant's row: found, made, renamed, suspended, resumed, and marked for deletion."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from ..errors import TenantRefused, UniqueViolation
from ..models import Tenant
from .work import Who, record

_DELETING, _IMPORTING, _SUSPENDED = "deleting", "importing", "suspended"


def find(session: Session, which: str | UUID) -> Tenant:
    """Return the tenant by id or slug, its row locked against other work on it; raises TenantRefused for none."""
    key = _as_id(which)
    condition = Tenant.slug == str(which) if key is None else Tenant.id == key
    found = session.scalars(
        select(Tenant).where(condition).with_for_update(key_share=True).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise TenantRefused(f"there is no tenant {str(which)!r}: `app-db tenant list` names those there are")
    return found


def create(session: Session, who: Who, slug: str, name: str) -> Tenant:
    """Make a tenant, which is pending; raises TenantRefused where the slug is taken."""
    tenant = Tenant(slug=slug, name=name)
    session.add(tenant)
    _flush(session, slug)
    record(session, who, "tenant.create", tenant.id, slug=slug)
    return tenant


def rename(session: Session, who: Who, which: str | UUID, slug: str | None, name: str | None) -> Tenant:
    """Give a tenant another slug or name."""
    tenant = find(session, which)
    before = {"slug": tenant.slug, "name": tenant.name}
    tenant.slug, tenant.name = slug or tenant.slug, name or tenant.name
    _flush(session, tenant.slug)
    record(session, who, "tenant.rename", tenant.id, before=before, slug=tenant.slug, name=tenant.name)
    return tenant


def suspend(session: Session, who: Who, which: str | UUID) -> Tenant:
    """Suspend a tenant; raises TenantRefused where it is neither pending nor approved."""
    tenant = find(session, which)
    if tenant.status not in {"pending", "approved"}:
        raise TenantRefused(f"{tenant.slug} is {tenant.status}, so it can't be suspended: {_remedy(tenant)}")
    before = tenant.status
    tenant.status, tenant.suspended_at, tenant.suspension_reason = _SUSPENDED, func.now(), who.reason[:1000]
    session.flush()
    record(session, who, "tenant.suspend", tenant.id, before=before)
    return tenant


def resume(session: Session, who: Who, which: str | UUID) -> Tenant:
    """Take back a suspension, or a deletion that has not begun; raises TenantRefused where there is neither."""
    tenant = find(session, which)
    if tenant.status not in {_SUSPENDED, _DELETING} or tenant.deletion_started_at is not None:
        raise TenantRefused(f"{tenant.slug} is {tenant.status}, so there is nothing to take back: {_remedy(tenant)}")
    before = tenant.status
    if before == _SUSPENDED:
        tenant.suspended_at = tenant.suspension_reason = None
    tenant.deletion_requested_at = tenant.delete_after = None
    tenant.status = status_of(tenant)
    session.flush()
    record(session, who, "tenant.resume", tenant.id, before=before, status=tenant.status)
    return tenant


def request_deletion(session: Session, who: Who, which: str | UUID, grace: dt.timedelta) -> Tenant:
    """Mark a tenant for deletion after a time; one that is marked already keeps its time.

    Raises TenantRefused for one that is half imported, which has nothing to be kept.
    """
    tenant = find(session, which)
    if tenant.status == _IMPORTING:
        raise TenantRefused(f"{tenant.slug} is only half there: run its import again, or delete it at once with --now")
    if tenant.status != _DELETING:
        before = tenant.status
        tenant.status, tenant.deletion_requested_at = _DELETING, func.now()
        tenant.delete_after = func.now() + grace
        session.flush()
        record(session, who, "tenant.delete_request", tenant.id, before=before, grace=str(grace))
    return tenant


def status_of(tenant: Tenant) -> str:
    """Return the status that a tenant has when no work is done on it."""
    if tenant.suspended_at is not None:
        return _SUSPENDED
    if tenant.rejection_reason is not None:
        return "rejected"
    return "approved" if tenant.approved_at is not None and tenant.approved_by is not None else "pending"


def _remedy(tenant: Tenant) -> str:
    if tenant.status == _IMPORTING:
        return "run the import again to complete it, or delete the tenant"
    if tenant.status == _DELETING:
        if tenant.deletion_started_at is not None:
            return "run `app-db tenant delete` again to complete it, and import it from its export"
        return "take the deletion back first, with `app-db tenant resume`"
    return "see its status with `app-db tenant list`"


def _flush(session: Session, slug: str) -> None:
    try:
        session.flush()
    except UniqueViolation:
        raise TenantRefused(f"the slug {slug!r} is taken by another tenant: choose another one") from None


def _as_id(which: str | UUID) -> UUID | None:
    if isinstance(which, UUID):
        return which
    try:
        return UUID(which)
    except ValueError:
        return None
