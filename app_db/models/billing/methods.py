"""How customers pay."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, created_at, updated_at
from .checks import text_without_card_number


class PaymentMethod(TenantScoped, Base):
    """A card, account or wallet, known by the reference that a payment provider gave for it."""

    __tablename__ = "payment_methods"
    __table_args__ = (
        UniqueConstraint("tenant_id", "provider", "provider_reference"),
        CheckConstraint("provider ~ '^[a-z][a-z0-9_]{0,31}$'", name="provider"),
        text_without_card_number("provider_reference", 200),
        CheckConstraint("kind in ('card', 'bank_account', 'wallet')", name="kind"),
        CheckConstraint("brand ~ '^[a-z][a-z_]{0,31}$'", name="brand"),
        CheckConstraint("last4 ~ '^[0-9]{4}$'", name="last4"),
        CheckConstraint("expiry_month between 1 and 12", name="expiry_month"),
        CheckConstraint("expiry_year between 2000 and 2099", name="expiry_year"),
        CheckConstraint("(expiry_month is null) = (expiry_year is null)", name="expiry"),
        CheckConstraint(
            "kind <> 'card' or (brand is not null and last4 is not null and expiry_year is not null)", name="card"
        ),
        CheckConstraint("removed_at is null or not is_default", name="removed"),
        Index(
            "uq_payment_methods_tenant_id_customer_id_default",
            "tenant_id",
            "customer_id",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        Index("ix_payment_methods_tenant_id_customer_id", "tenant_id", "customer_id", text("created_at desc")),
        {"schema": "billing", "comment": "How customers pay, by a provider's reference; never a card number."},
    )

    customer_id: Mapped[UUID] = mapped_column(comment="Who pays with it; no foreign key: they live in another service.")
    provider: Mapped[str] = mapped_column(comment="The payment provider, e.g. stripe.")
    provider_reference: Mapped[str] = mapped_column(comment="What the provider calls it; never a card number.")
    kind: Mapped[str] = mapped_column(comment="card, bank_account or wallet.")
    brand: Mapped[str | None] = mapped_column(comment="The brand of a card, e.g. visa.")
    last4: Mapped[str | None] = mapped_column(comment="The last four digits, for people to know it by.")
    expiry_month: Mapped[int | None] = mapped_column(SmallInteger, comment="Month of expiry, 1 to 12.")
    expiry_year: Mapped[int | None] = mapped_column(SmallInteger, comment="Year of expiry, four digits.")
    is_default: Mapped[bool] = mapped_column(
        server_default=text("false"), comment="Whether it is taken where none is chosen; one for each customer."
    )
    removed_at: Mapped[datetime | None] = mapped_column(
        comment="When the customer removed it; the row stays, as payments refer to it."
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
