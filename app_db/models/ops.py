"""What happened: within a tenant, and in the system as a whole. Both are append-only."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, Interval, func, text
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from ..schema import Scope, ScopeKind
from .base import Base, Shared, TenantScoped, created_at


class AuditLog(TenantScoped, Base):
    """Something that a person or a program did in a tenant. Partitioned by month; see `app_db.models.PartitionSet`."""

    __tablename__ = "audit_log"
    __table_args__ = (
        CheckConstraint("length(action) between 1 and 100", name="action"),
        CheckConstraint("jsonb_typeof(details) = 'object'", name="details"),
        CheckConstraint("actor_type in ('user', 'api_key', 'service', 'administrator', 'system')", name="actor_type"),
        CheckConstraint("actor_type <> 'system' or actor_id is null", name="actor"),
        CheckConstraint("outcome in ('success', 'failure', 'denied')", name="outcome"),
        CheckConstraint("length(user_agent) <= 1000", name="user_agent"),
        CheckConstraint("length(request_id) between 1 and 200", name="request_id"),
        Index("ix_audit_log_tenant_id_created_at", "tenant_id", text("created_at desc")),
        {
            "schema": "ops",
            "comment": "What was done in a tenant; rows are added and never changed.",
            "postgresql_partition_by": "range (created_at)",
        },
    )

    actor_id: Mapped[UUID | None] = mapped_column(
        comment="The person or key that did it; empty where nobody was known, and for the system itself."
    )
    action: Mapped[str] = mapped_column(comment="What was done, as noun.verb, e.g. material.delete.")
    subject: Mapped[str | None] = mapped_column(comment="What it was done to, as table:id.")
    details: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default=text("'{}'::jsonb"), comment="Whatever else matters, a JSON object; no secrets."
    )
    created_at: Mapped[datetime] = mapped_column(
        primary_key=True, server_default=func.now(), sort_order=90, comment="When the row was made."
    )
    actor_type: Mapped[str] = mapped_column(
        server_default="user",
        comment="What kind of actor it was: user, api_key, service, administrator or system.",
    )
    on_behalf_of: Mapped[UUID | None] = mapped_column(
        comment="The person for whom it was done, where that is another one."
    )
    session_id: Mapped[UUID | None] = mapped_column(
        comment="The session in which it was done; no foreign key, as sessions live in another service."
    )
    outcome: Mapped[str] = mapped_column(
        server_default="success", comment="What came of it: success, failure or denied."
    )
    ip: Mapped[str | None] = mapped_column(INET, comment="The address that it was asked for from.")
    user_agent: Mapped[str | None] = mapped_column(
        comment="The program that it was asked for with, as it names itself."
    )
    request_id: Mapped[str | None] = mapped_column(
        comment="Ties it to the request, and to the logs of the application."
    )


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


class PartitionSet(Base):
    """A table whose partitions are made ahead of time and dropped when they are old."""

    __tablename__ = "partition_sets"
    __table_args__ = (
        CheckConstraint("parent ~ '^[a-z_][a-z0-9_]*[.][a-z_][a-z0-9_]{0,49}$'", name="parent"),
        CheckConstraint("partition_column ~ '^[a-z_][a-z0-9_]{0,62}$'", name="partition_column"),
        CheckConstraint("period in ('day', 'week', 'month')", name="period"),
        CheckConstraint("ahead between 1 and 60", name="ahead"),
        CheckConstraint("retention >= interval '1 day'", name="retention"),
        {"schema": "ops", "comment": "The tables whose partitions are made ahead and dropped in time."},
    )
    __app_db_scope__ = Scope(ScopeKind.SYSTEM)

    parent: Mapped[str] = mapped_column(primary_key=True, comment="The partitioned table, with its schema.")
    partition_column: Mapped[str] = mapped_column(comment="The column that rows are put into partitions by; a time.")
    period: Mapped[str] = mapped_column(
        server_default="month", comment="How much time a partition holds: day, week (from Monday) or month; in UTC."
    )
    ahead: Mapped[int] = mapped_column(
        Integer, server_default=text("3"), comment="How many partitions are kept ready beyond the current one."
    )
    retention: Mapped[timedelta | None] = mapped_column(
        Interval, comment="How long rows are kept after the end of their partition; for ever where empty."
    )
    append_only: Mapped[bool] = mapped_column(
        server_default=text("false"),
        comment="Whether each partition refuses TRUNCATE; UPDATE and DELETE are refused by its parent.",
    )
    created_at: Mapped[datetime] = created_at()


class TenantWork(Base):
    """An import or a deletion of a tenant that is under way, and how far it is."""

    __tablename__ = "tenant_work"
    __table_args__ = (
        CheckConstraint("work in ('import', 'delete')", name="work"),
        CheckConstraint("(work = 'import') = (digest is not null) and digest ~ '^[0-9a-f]{64}$'", name="digest"),
        CheckConstraint("jsonb_typeof(outcome) = 'object'", name="outcome"),
        CheckConstraint("jsonb_typeof(progress) = 'object'", name="progress"),
        {
            "schema": "ops",
            "comment": "Imports and deletions of tenants that are under way, and how far they are.",
        },
    )
    __app_db_scope__ = Scope(ScopeKind.SYSTEM)

    tenant: Mapped[UUID] = mapped_column(
        primary_key=True,
        comment="The tenant; no foreign key, as the work goes on before its row is complete and ends when it is gone.",
    )
    work: Mapped[str] = mapped_column(comment="import or delete.")
    digest: Mapped[str | None] = mapped_column(
        comment="SHA-256 of the manifest that is imported: the import goes on with the same file and no other."
    )
    outcome: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"), comment="What the tenant's row becomes when an import is complete."
    )
    progress: Mapped[dict[str, Any]] = mapped_column(
        server_default=text("'{}'::jsonb"),
        comment="Rows that are done, by table; counted in the transaction that does them.",
    )
    actor: Mapped[str] = mapped_column(comment="Who began it.")
    reason: Mapped[str] = mapped_column(comment="Why.")
    started_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it was begun.")
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), comment="When it last went on.")
