"""Tenants, and who belongs to them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..schema import Scope, ScopeKind
from .base import Base, Shared, TenantScoped, created_at, updated_at


class Tenant(Shared, Base):
    """A customer of the application. A tenant's session sees its own row only."""

    __tablename__ = "tenants"
    __table_args__ = (
        UniqueConstraint("slug"),
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="slug"),
        CheckConstraint("length(name) between 1 and 200", name="name"),
        CheckConstraint("jsonb_typeof(settings) = 'object'", name="settings"),
        CheckConstraint(
            "subscription_status in ('trial', 'active', 'past_due', 'canceled')", name="subscription_status"
        ),
        CheckConstraint(
            "status in ('pending', 'approved', 'rejected', 'suspended', 'importing', 'deleting')", name="status"
        ),
        CheckConstraint(
            "(status <> 'rejected' or rejection_reason is not null) "
            "and (rejection_reason is null or status in ('rejected', 'importing', 'deleting'))",
            name="rejection_reason",
        ),
        CheckConstraint(
            "status <> 'approved' or (approved_at is not null and approved_by is not null)", name="approved"
        ),
        CheckConstraint(
            "(suspended_at is null or status in ('suspended', 'importing', 'deleting')) "
            "and (suspension_reason is null or suspended_at is not null)",
            name="suspended",
        ),
        CheckConstraint("length(suspension_reason) between 1 and 1000", name="suspension_reason"),
        CheckConstraint(
            "(status = 'deleting') = (deletion_requested_at is not null) "
            "and (status = 'deleting') = (delete_after is not null) "
            "and (status = 'deleting' or deletion_started_at is null)",
            name="deletion",
        ),
        {"schema": "tenancy", "comment": "The customers of the application; each sees its own row only."},
    )
    # its own id is what a tenant's session is bound to
    __app_db_scope__: ClassVar[Scope | None] = Scope(ScopeKind.TENANT, tenant_column="id")

    slug: Mapped[str] = mapped_column(comment="Short name in URLs: lower-case letters, digits and hyphens.")
    name: Mapped[str] = mapped_column(comment="What people call it.")
    settings: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default=text("'{}'::jsonb"), comment="The tenant's own settings, a JSON object."
    )
    subscription_plan: Mapped[str] = mapped_column(server_default="free", comment="The plan it pays for.")
    subscription_status: Mapped[str] = mapped_column(
        server_default="trial", comment="trial, active, past_due or canceled."
    )
    status: Mapped[str] = mapped_column(
        server_default="pending",
        comment="Where it stands: pending, approved, rejected, suspended, importing or deleting.",
    )
    rejection_reason: Mapped[str | None] = mapped_column(comment="Why it was rejected; empty otherwise.")
    approved_at: Mapped[datetime | None] = mapped_column(comment="When it was approved.")
    approved_by: Mapped[UUID | None] = mapped_column(comment="Who approved it.")
    suspended_at: Mapped[datetime | None] = mapped_column(comment="When it was suspended; empty otherwise.")
    suspension_reason: Mapped[str | None] = mapped_column(comment="Why it was suspended.")
    deletion_requested_at: Mapped[datetime | None] = mapped_column(
        comment="When its deletion was asked for; empty otherwise."
    )
    delete_after: Mapped[datetime | None] = mapped_column(
        comment="When its rows may go; until then the deletion can be taken back."
    )
    deletion_started_at: Mapped[datetime | None] = mapped_column(
        comment="When the first of its rows went; from then on there is no way back."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class Membership(TenantScoped, Base):
    """A person's place in a tenant. A tenant that has an active owner keeps one: the database refuses at commit."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("tenant_id", "user_id"),
        CheckConstraint("role in ('owner', 'administrator', 'member', 'viewer')", name="role"),
        CheckConstraint("status in ('active', 'suspended')", name="status"),
        CheckConstraint("epoch >= 1", name="epoch"),
        {"schema": "tenancy", "comment": "Who belongs to which tenant, and as what."},
    )

    user_id: Mapped[UUID] = mapped_column(comment="The person; no foreign key, as people live in another service.")
    role: Mapped[str] = mapped_column(server_default="member", comment="owner, administrator, member or viewer.")
    status: Mapped[str] = mapped_column(server_default="active", comment="active or suspended.")
    epoch: Mapped[int] = mapped_column(
        Integer,
        server_default=text("1"),
        comment="Grows when role, roles or status change: what was issued for an earlier one is void.",
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
