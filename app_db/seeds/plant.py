"""Plants the seeds: adds what is missing and changes nothing that is there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import func, inspect, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from ..models import Base, Material, Membership, Profile, Tenant
from ..reflection import made_extensions
from ..schema import placed_services
from ..session import Database
from ..settings import Settings
from .rows import TenantSeed, seeds_of


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What was planted: `added` is the number of new rows of each table."""

    environment: str
    added: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values, for JSON."""
        return {"environment": self.environment, "added": dict(self.added)}


def seed(settings: Settings, *, database: str | None = None) -> SeedReport:
    """Plant the seeds of the environment, of the services placed on that database; run again, it adds nothing.

    Works as the administrators' login, recorded as all its work is. Raises SettingsError where its URL is missing.
    """
    report = SeedReport(settings.environment.value)
    seeds = seeds_of(settings.environment)
    if not seeds:
        return report
    chosen = settings.database(database).services or settings.services
    place = Database(settings, database)
    try:
        with place.admin(reason=f"seeds of {report.environment}", actor="app-db") as session:
            services = {service.name for service in placed_services(chosen, made_extensions(session.connection()))}
            for tenant in seeds:
                _plant(session, tenant, services, report)
    finally:
        place.dispose()
    return report


def _plant(session: Session, tenant: TenantSeed, services: set[str], report: SeedReport) -> None:
    tenant_id = _plant_tenant(session, tenant, report)
    owner = {"tenant_id": tenant_id}
    people = [{**owner, "user_id": person.user_id} for person in tenant.people]
    roles = [{**row, "role": person.role} for row, person in zip(people, tenant.people, strict=True)]
    _add(session, Membership, roles, report)
    if "profile" in services:
        names = [{**row, "display_name": person.name} for row, person in zip(people, tenant.people, strict=True)]
        _add(session, Profile, names, report)
    if "catalog" in services:
        _add(session, Material, [{**owner, **_columns(material)} for material in tenant.materials], report)


def _plant_tenant(session: Session, tenant: TenantSeed, report: SeedReport) -> UUID:
    row = {
        "id": tenant.tenant_id,
        "slug": tenant.slug,
        "name": tenant.name,
        "status": "approved",
        "approved_at": func.now(),
        "approved_by": tenant.people[0].user_id,
    }
    _add(session, Tenant, [row], report)
    # by its slug: somebody may have made it with another id
    return session.scalars(select(Tenant.id).where(Tenant.slug == tenant.slug)).one()


def _add(session: Session, model: type[Base], rows: list[dict[str, Any]], report: SeedReport) -> None:
    table = str(inspect(model).local_table)
    added = 0
    for row in rows:
        added += session.execute(insert(model).values(row).on_conflict_do_nothing()).rowcount  # type: ignore[attr-defined]
    report.added[table] = report.added.get(table, 0) + added


def _columns(material: Any) -> dict[str, Any]:
    return {name: getattr(material, name) for name in material.__dataclass_fields__}
