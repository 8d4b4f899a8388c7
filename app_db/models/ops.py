"""What happened: within a tenant, and in the system as a whole. Both are append-only."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from ..schema import Scope, ScopeKind
from .base import Base, Shared, TenantScoped, created_at


class AuditLog(TenantScoped, Base):
    """Something that a person or a program did in a tenant."""

    __tablename__ = "audit_log"
    __table_args__ = (
        CheckConstraint("length(action) between 1 and 100", name="action"),
        CheckConstraint("jsonb_typeof(details) = 'object'", name="details"),
        Index("ix_audit_log_tenant_id_created_at", "tenant_id", text("created_at desc")),
        {"schema": "ops", "comment": "What was done in a tenant; rows are added and never changed."},
    )

    actor_id: Mapped[UUID | None] = mapped_column(comment="The person who did it; empty for the system itself.")
    action: Mapped[str] = mapped_column(comment="What was done, as noun.verb, e.g. material.delete.")
    subject: Mapped[str | None] = mapped_column(comment="What it was done to, as table:id.")
    details: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default=text("'{}'::jsonb"), comment="Whatever else matters, a JSON object; no secrets."
    )
    created_at: Mapped[datetime] = created_at()


class SystemEvent(Shared, Base):
    """Something that belongs to no tenant: work across tenants, migrations, maintenance."""

    __tablename__ = "system_event"
    __table_args__ = (
        CheckConstraint("length(event) between 1 and 100", name="event"),
        CheckConstraint("jsonb_typeof(details) = 'object'", name="details"),
        Index("ix_system_event_created_at", text("created_at desc")),
        {"schema": "ops", "comment": "What happened beyond any tenant; rows are added and never changed."},
    )
    __app_db_scope__ = Scope(ScopeKind.SYSTEM)

    event: Mapped[str] = mapped_column(comment="What happened, as noun.verb, e.g. admin.begin.")
    actor: Mapped[str | None] = mapped_column(comment="Who did it.")
    reason: Mapped[str | None] = mapped_column(comment="Why it was done.")
    work_id: Mapped[UUID | None] = mapped_column(comment="Ties the events of one piece of work together.")
    details: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default=text("'{}'::jsonb"), comment="Whatever else matters, a JSON object; no secrets."
    )
    created_at: Mapped[datetime] = created_at()
