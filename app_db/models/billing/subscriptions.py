"""What customers have paid for in advance."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.dialects.postgresql import TSTZRANGE, ExcludeConstraint, Range
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, created_at, tenant_fk, updated_at


class Subscription(TenantScoped, Base):
    """A period for which a customer has a plan; no two of a customer's overlap."""

    __tablename__ = "subscriptions"
    __table_args__ = (
        tenant_fk("payment_id", "billing.payments"),
        ExcludeConstraint(
            ("tenant_id", "="), ("customer_id", "="), ("period", "&&"),
            name="ex_subscriptions_tenant_id_customer_id_period",
        ),
        CheckConstraint("plan ~ '^[a-z][a-z0-9_-]{0,63}$'", name="plan"),
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        CheckConstraint(
            "not isempty(period) and not lower_inf(period) and lower_inc(period) and not upper_inc(period)",
            name="period",
        ),
        Index("ix_subscriptions_tenant_id_payment_id", "tenant_id", "payment_id"),
        {"schema": "billing", "comment": "Which plan a customer has when; periods of a customer never overlap."},
    )  # fmt: skip

    customer_id: Mapped[UUID] = mapped_column(comment="Who has the plan; no foreign key: they live in another service.")
    plan: Mapped[str] = mapped_column(comment="The plan, e.g. team-yearly.")
    period: Mapped[Range[datetime]] = mapped_column(
        TSTZRANGE, comment="From when, included, until when, excluded; without an end until it is canceled."
    )
    price_minor: Mapped[int] = mapped_column(comment="The price of the period, in the currency's minor unit.")
    currency: Mapped[str] = mapped_column(comment="ISO 4217 code of the currency.")
    payment_id: Mapped[UUID | None] = mapped_column(comment="What it was paid by, once it was.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
