"""What is paid back, and the lines of each payment's ledger. Triggers of the revision lock the payment and sum up."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, created_at, tenant_fk, updated_at
from .checks import text_without_card_number


class Refund(TenantScoped, Base):
    """Money that goes back. All that are pending or succeeded never exceed what was captured."""

    __tablename__ = "refunds"
    __table_args__ = (
        tenant_fk("payment_id", "billing.payments"),
        UniqueConstraint("tenant_id", "idempotency_key"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        text_without_card_number("reason", 500),
        text_without_card_number("idempotency_key", 255),
        CheckConstraint("status in ('pending', 'succeeded', 'failed', 'canceled')", name="status"),
        Index("ix_refunds_tenant_id_payment_id", "tenant_id", "payment_id"),
        {"schema": "billing", "comment": "What is paid back of a payment, never more than was captured."},
    )

    payment_id: Mapped[UUID] = mapped_column(comment="The payment that it goes back from.")
    amount_minor: Mapped[int] = mapped_column(comment="What goes back, in the minor unit of the payment's currency.")
    reason: Mapped[str] = mapped_column(comment="Why it goes back.")
    idempotency_key: Mapped[str] = mapped_column(comment="The same key is the same refund; one in each tenant.")
    status: Mapped[str] = mapped_column(server_default="pending", comment="pending, succeeded, failed or canceled.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class Transaction(TenantScoped, Base):
    """A line of a payment's ledger: what the provider did. Added, and never changed."""

    __tablename__ = "transactions"
    __table_args__ = (
        tenant_fk("payment_id", "billing.payments"),
        tenant_fk("refund_id", "billing.refunds"),
        UniqueConstraint("tenant_id", "payment_id", "kind", "provider_reference"),
        UniqueConstraint("tenant_id", "refund_id"),
        CheckConstraint("kind in ('authorisation', 'capture', 'refund', 'chargeback', 'fee')", name="kind"),
        CheckConstraint("amount_minor > 0", name="amount_minor"),
        CheckConstraint("(kind = 'refund') = (refund_id is not null)", name="refund"),
        text_without_card_number("provider_reference", 200),
        Index("ix_transactions_tenant_id_created_at", "tenant_id", text("created_at desc"), text("id desc")),
        {"schema": "billing", "comment": "The ledger of each payment; lines are added and never changed."},
    )

    payment_id: Mapped[UUID] = mapped_column(comment="The payment whose line it is.")
    refund_id: Mapped[UUID | None] = mapped_column(comment="The refund that a line of kind refund carries out.")
    kind: Mapped[str] = mapped_column(comment="authorisation, capture, refund, chargeback or fee.")
    amount_minor: Mapped[int] = mapped_column(
        comment="In the minor unit of the payment's currency; the kind says in which direction."
    )
    provider_reference: Mapped[str] = mapped_column(
        comment="What the provider calls it; told again, it is the same line."
    )
    created_at: Mapped[datetime] = created_at()
