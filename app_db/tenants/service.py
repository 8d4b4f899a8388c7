"""The one door to work on tenants."""

from __future__ import annotations

import datetime as dt
from contextlib import AbstractContextManager
from pathlib import Path
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from ..models import Tenant
from ..session import Database
from . import life
from .archive import Archive
from .deletion import delete_tenant
from .export import export_tenant
from .importing import import_tenant
from .work import Deleted, Exported, Imported, Progress, Who, silent

GRACE = dt.timedelta(days=30)


class Tenants:
    """Works on whole tenants by the administrators' login; who and why is recorded with all that is done.

    A tenant is named by its slug or its id. Refusals are TenantRefused, or ArchiveRefused for a file.
    """

    def __init__(self, database: Database, *, actor: str, reason: str) -> None:
        self._database = database
        self._who = Who(actor, reason)

    def create(self, slug: str, name: str) -> Tenant:
        """Make a tenant, which is pending until it is approved."""
        with self._session() as session:
            return self._fresh(session, life.create(session, self._who, slug, name))

    def get(self, tenant: str | UUID) -> Tenant:
        """Return a tenant."""
        with self._session() as session:
            return life.find(session, tenant)

    def list(self, status: str | None = None) -> list[Tenant]:
        """Return the tenants, or those with this status, by slug."""
        query = select(Tenant).order_by(Tenant.slug)
        with self._session() as session:
            return [*session.scalars(query if status is None else query.where(Tenant.status == status))]

    def rename(self, tenant: str | UUID, *, slug: str | None = None, name: str | None = None) -> Tenant:
        """Give a tenant another slug, another name, or both."""
        with self._session() as session:
            return self._fresh(session, life.rename(session, self._who, tenant, slug, name))

    def suspend(self, tenant: str | UUID) -> Tenant:
        """Suspend a tenant, for the reason that is given."""
        with self._session() as session:
            return self._fresh(session, life.suspend(session, self._who, tenant))

    def resume(self, tenant: str | UUID) -> Tenant:
        """Take back a suspension, or a deletion that has not begun."""
        with self._session() as session:
            return self._fresh(session, life.resume(session, self._who, tenant))

    def request_deletion(self, tenant: str | UUID, grace: dt.timedelta = GRACE) -> Tenant:
        """Mark a tenant for deletion; its rows may go after `grace`, and until then it can be resumed."""
        with self._session() as session:
            return self._fresh(session, life.request_deletion(session, self._who, tenant, grace))

    def delete(self, tenant: str | UUID, *, now: bool = False, progress: Progress = silent) -> Deleted:
        """Delete every row of a tenant that was marked long enough ago, or of any tenant `now`; run again, go on."""
        with self._session() as session:
            return delete_tenant(session, self._who, tenant, progress, now=now)

    def export(self, tenant: str | UUID, path: Path, *, progress: Progress = silent) -> Exported:
        """Write every row of a tenant, as of one moment, into a new file."""
        with self._session() as session:
            return export_tenant(session, self._who, tenant, path, progress)

    def import_(
        self, path: Path, *, slug: str | None = None, verify: bool = True, progress: Progress = silent
    ) -> Imported:
        """Bring a tenant back from an export, here or in another database; run again, go on."""
        archive = Archive(path)
        with self._session() as session:
            return import_tenant(session, self._who, archive, slug, progress, verify=verify)

    def _session(self) -> AbstractContextManager[Session]:
        return self._database.admin(reason=self._who.reason, actor=self._who.actor)

    @staticmethod
    def _fresh(session: Session, tenant: Tenant) -> Tenant:
        session.refresh(tenant)
        return tenant
