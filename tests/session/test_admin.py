"""Work across tenants: another login, and a record that a rollback can't take away."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select, text

from app_db.errors import AppDbError, PermissionDenied
from app_db.models import SystemEvent, Tenant
from app_db.session import Database


def _events(app_db: Database, reason: str) -> list[tuple[str, str | None, dict[str, object]]]:
    with app_db.admin(reason="look", actor="tests") as session:
        found = session.scalars(select(SystemEvent).where(SystemEvent.reason == reason).order_by(SystemEvent.id))
        return [(event.event, event.actor, event.details) for event in found]


@pytest.mark.parametrize(("reason", "actor"), [("", "anna"), ("  ", "anna"), ("ticket", ""), ("ticket", " ")])
def test_without_a_reason_or_an_actor_it_is_refused(app_db: Database, reason: str, actor: str) -> None:
    with pytest.raises(AppDbError, match="needs a reason and an actor"), app_db.admin(reason=reason, actor=actor):
        pytest.fail("a session was opened")


def test_it_sees_every_tenant_and_is_recorded(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.admin(reason=f"see {tenant}", actor="anna") as session:
        assert {tenant, other_tenant} <= set(session.scalars(select(Tenant.id)))
    assert _events(app_db, f"see {tenant}") == [("admin.begin", "anna", {}), ("admin.commit", "anna", {})]


def test_a_failure_is_recorded_although_its_work_is_rolled_back(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        name = session.get_one(Tenant, tenant).name
    with pytest.raises(RuntimeError), app_db.admin(reason=f"break {tenant}", actor="anna") as session:
        session.execute(text("update tenancy.tenants set name = 'broken' where id = :id"), {"id": tenant})
        raise RuntimeError
    assert [event for event, _, _ in _events(app_db, f"break {tenant}")] == ["admin.begin", "admin.rollback"]
    assert _events(app_db, f"break {tenant}")[1][2] == {"error": "RuntimeError"}
    with app_db.tenant(tenant) as session:
        assert session.get_one(Tenant, tenant).name == name


def test_the_beginning_is_recorded_before_the_work(app_db: Database, tenant: UUID) -> None:
    with app_db.admin(reason=f"during {tenant}", actor="anna"):
        assert [event for event, _, _ in _events(app_db, f"during {tenant}")] == ["admin.begin"]


@pytest.mark.parametrize(
    "statement",
    [
        "update ops.system_event set actor = 'x'",
        "delete from ops.system_event",
        "update ops.audit_log set action = 'x.y'",
        "truncate tenancy.tenants",
    ],
)
def test_an_administrator_can_not_rewrite_what_happened(app_db: Database, statement: str) -> None:
    with pytest.raises(PermissionDenied), app_db.admin(reason="cover up", actor="anna") as session:
        session.execute(text(statement))


def test_approval_columns_agree_with_the_status(app_db: Database, tenant: UUID) -> None:
    from app_db.errors import CheckViolation

    for change in ("status = 'rejected'", "status = 'approved'", "rejection_reason = 'too small'", "status = 'maybe'"):
        with pytest.raises(CheckViolation), app_db.admin(reason="approve", actor="anna") as session:
            session.execute(text(f"update tenancy.tenants set {change} where id = :id"), {"id": tenant})
    with app_db.admin(reason="approve", actor="anna") as session:
        approve = "status = 'approved', approved_at = now(), approved_by = :by"
        session.execute(text(f"update tenancy.tenants set {approve} where id = :id"), {"id": tenant, "by": tenant})
