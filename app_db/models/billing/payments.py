"""What customers pay. Triggers, made by the revision, see what a check can't: the status's way, and changes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, created_at, tenant_fk, updated_at
from .checks import text_without_card_number


class Payment(TenantScoped, Base):
    """A payment of a customer. Make it with `on conflict (tenant_id, idempotency_key) do nothing`."""

    __tablename__ = "payments"
    __table_args__ = (
        tenant_fk("payment_method_id", "billing.payment_methods"),
        UniqueConstraint("tenant_id", "idempotency_key"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        text_without_card_number("idempotency_key", 255),
        text_without_card_number("description", 500),
        CheckConstraint(
            "status in ('pending', 'authorised', 'captured', 'partially_refunded', 'refunded', 'charged_back', "
            "'failed', 'canceled')",
            name="status",
        ),
        CheckConstraint("captured_minor between 0 and amount_minor", name="captured_minor"),
        CheckConstraint(
            "(captured_minor > 0) = (status in ('captured', 'partially_refunded', 'refunded', 'charged_back'))",
            name="captured",
        ),
        text_without_card_number("failure_reason", 500),
        CheckConstraint("(status = 'failed') = (failure_reason is not null)", name="failed"),
        Index("ix_payments_tenant_id_customer_id", "tenant_id", "customer_id", text("created_at desc")),
        Index("ix_payments_tenant_id_payment_method_id", "tenant_id", "payment_method_id"),
        Index("ix_payments_tenant_id_created_at", "tenant_id", text("created_at desc"), text("id desc")),
        Index(
            "ix_payments_tenant_id_open",
            "tenant_id",
            "created_at",
            postgresql_where=text("status in ('pending', 'authorised')"),
        ),
        {"schema": "billing", "comment": "What customers pay; amounts never change once they are written."},
    )

    customer_id: Mapped[UUID] = mapped_column(comment="Who pays; no foreign key: they live in another service.")
    payment_method_id: Mapped[UUID | None] = mapped_column(comment="What it is paid with, once that is chosen.")
    amount_minor: Mapped[int] = mapped_column(comment="What is to be paid, in the currency's minor unit.")
    currency: Mapped[str] = mapped_column(comment="ISO 4217 code of the currency, also of captures and refunds.")
    idempotency_key: Mapped[str] = mapped_column(comment="The same key is the same payment; one in each tenant.")
    description: Mapped[str | None] = mapped_column(comment="What it is for, as the customer reads it.")
    status: Mapped[str] = mapped_column(
        server_default="pending",
        comment="pending, authorised, captured, partially_refunded, refunded, charged_back, failed or canceled.",
    )
    captured_minor: Mapped[int] = mapped_column(
        server_default=text("0"), comment="What was captured so far, in the currency's minor unit; never falls."
    )
    failure_reason: Mapped[str | None] = mapped_column(comment="Why it failed; empty otherwise.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
