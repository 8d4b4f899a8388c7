"""The application's tables. Each says whose rows it holds, and gets keys and the tenant from that."""

from uuid import UUID

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app_db.models import Base, TenantScoped, UserScoped, tenant_fk


class Customer(TenantScoped, Base):
    """Somebody who buys from the tenant."""

    __tablename__ = "customers"
    __table_args__ = (UniqueConstraint("tenant_id", "email"), {"schema": "shop", "comment": "Who buys."})

    email: Mapped[str] = mapped_column(comment="Where invoices go.")


class Invoice(TenantScoped, Base):
    """What a customer has to pay."""

    __tablename__ = "invoices"
    __table_args__ = (
        tenant_fk("customer_id", "shop.customers"),
        CheckConstraint("number ~ '^[0-9]{4}-[0-9]+$'", name="number"),
        CheckConstraint("total_minor > 0", name="total_minor"),
        {"schema": "shop", "comment": "What customers have to pay."},
    )

    customer_id: Mapped[UUID] = mapped_column(comment="Who has to pay.")
    number: Mapped[str] = mapped_column(comment="Year and number, e.g. 2026-17.")
    total_minor: Mapped[int] = mapped_column(comment="The sum, in cents.")


class Note(UserScoped, Base):
    """What a person wrote down; nobody else of the tenant sees it."""

    __tablename__ = "notes"
    __table_args__ = ({"schema": "shop", "comment": "What people wrote down for themselves."},)

    text: Mapped[str] = mapped_column(comment="What it says.")
