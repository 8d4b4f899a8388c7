"""A tenant with rows in every table, and what of a tenant is in the database."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app_db.catalog import Usage, record_usages
from app_db.models import (
    ApiKey,
    AuditLog,
    Category,
    Invitation,
    Material,
    Membership,
    MembershipRole,
    Role,
    RolePermission,
)
from app_db.session import Database
from app_db.tenants.tables import find_layout
from app_db.testing.rows import administrator

Rows = dict[str, list[str]]
MATERIALS = 45
KEYS = ("old_", "new_")

# What is long and the same on each version of PostgreSQL.
ON_ONE = pytest.mark.parametrize("app_db_server", ["18"], indirect=True)


def fill(db: Database, tenant: UUID, materials: int = MATERIALS) -> None:
    """Make rows of the tenant in every table of ours, and in those of the ground that are linked."""
    with db.tenant(tenant) as session:
        role = Role(name="Estimator")
        members = [Membership(user_id=uuid4(), role=kind) for kind in ("owner", "member", "viewer")]
        things = [Material(code=f"M-{n}", name="Кирпич\n\"\\'%", unit="шт", price_minor=n) for n in range(materials)]
        session.add_all([role, *members, *things])
        session.flush()
        session.add_all(MembershipRole(membership_id=member.id, role_id=role.id) for member in members)
        session.add(RolePermission(role_id=role.id, permission="data.write"))
        session.add(Invitation(
            email="Bea@example.com", token_hash=bytes(range(32)), expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(7),
        ))  # fmt: skip
        session.add_all(AuditLog(action="material.add", ip="2001:db8::1", details={"n": [n, None]}) for n in range(12))
        session.flush()
        shelf = Category(name="Кирпич")
        session.add(shelf)
        session.flush()
        session.add(Category(name="Огнеупорный", parent_id=shelf.id))
        things[0].category_id = shelf.id
        record_usages(session, [Usage(thing.id, 2, dt.date(2026, 1 + n, 1)) for n, thing in enumerate(things[:9])])
        for thing in things[:9]:
            session.execute(
                text("insert into demo.order_lines (material_id, quantity) values (:id, 2)"), {"id": thing.id}
            )
            session.execute(text("insert into demo.late_lines (material_id) values (:id)"), {"id": thing.id})

    with administrator(db) as session:
        keys = [ApiKey(tenant_id=tenant, name=name, prefix="ak_", last4=name, key_hash=bytes(32)) for name in KEYS]
        session.add_all(keys)
        session.flush()
        keys[0].replaced_by = keys[1].id


def rows_of(db: Database, tenant: UUID, *, but: tuple[str, ...] = ("tenant.import",)) -> Rows:
    """Return every row of the tenant as PostgreSQL writes it, but for entries that the work itself has made."""
    with db.admin(reason="compare", actor="tests") as session:
        layout = find_layout(session)
        found: Rows = {
            table.name: sorted(session.scalars(
                text(f"select t::text from {table.name} as t where {table.tenant_column} = :tenant"
                     + (" and action <> all(:but)" if table.name == "ops.audit_log" else "")),
                {"tenant": tenant, **({"but": list(but)} if table.name == "ops.audit_log" else {})},
            ))
            for table in layout.tables
        }  # fmt: skip
        row = text("select t::text from tenancy.tenants as t where id = :tenant")
        return {**found, "tenancy.tenants": list(session.scalars(row, {"tenant": tenant}))}
