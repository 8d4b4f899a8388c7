"""What a tenant buys, sells or estimates with."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, created_at, tenant_fk, updated_at

# The configuration `russian` stems words in Latin letters as English (PostgreSQL manual, "Snowball Dictionary": its
# asciiword goes to english_stem), so one vector serves both languages.
SEARCH_VECTOR = (  # written as the server prints it, which is what autogenerate compares with
    "setweight(to_tsvector('russian'::regconfig, name), 'A'::\"char\") || "
    "setweight(to_tsvector('russian'::regconfig, code), 'A'::\"char\") || "
    "setweight(to_tsvector('russian'::regconfig, description), 'B'::\"char\")"
)


class Material(TenantScoped, Base):
    """A material of a tenant's catalogue, with its price. Found through `app_db.catalog.search_materials`."""

    __tablename__ = "materials"
    __table_args__ = (
        tenant_fk("category_id", "catalog.categories"),
        UniqueConstraint("tenant_id", "code"),
        CheckConstraint("length(code) between 1 and 64", name="code"),
        CheckConstraint("length(name) between 1 and 500", name="name"),
        CheckConstraint("length(description) <= 10000", name="description"),
        CheckConstraint("length(unit) between 1 and 32", name="unit"),
        CheckConstraint("price_minor >= 0", name="price_minor"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        # leads with the tenant (btree_gin), so that a search reads one tenant's entries; without a pending list, which
        # made it as slow as a scan after bulk writes
        Index(
            "ix_materials_tenant_id_search",
            "tenant_id",
            "search",
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        ),
        Index(
            "ix_materials_tenant_id_name",
            "tenant_id",
            "name",
            postgresql_using="gin",
            postgresql_ops={"name": "extensions.gin_trgm_ops"},
            postgresql_with={"fastupdate": "off"},
        ),
        # in the collation C, so that it finds beginnings; the catalogue tells the expression without its collation
        Index("ix_materials_tenant_id_lower_code", "tenant_id", text("lower(code)")),
        Index("ix_materials_tenant_id_currency_price_minor_id", "tenant_id", "currency", "price_minor", "id"),
        Index(
            "ix_materials_tenant_id_category_id",
            "tenant_id",
            "category_id",
            postgresql_where=text("category_id is not null"),
        ),
        Index("ix_materials_tenant_id_created_at", "tenant_id", text("created_at desc"), text("id desc")),
        {"schema": "catalog", "comment": "The materials of each tenant's catalogue, with their prices."},
    )

    code: Mapped[str] = mapped_column(comment="The tenant's own number for it.")
    name: Mapped[str] = mapped_column(comment="What people call it, in Russian or English.")
    description: Mapped[str] = mapped_column(server_default="", comment="Whatever helps to find and to choose it.")
    unit: Mapped[str] = mapped_column(comment="The unit that the price is for, e.g. kg, m2, шт.")
    price_minor: Mapped[int] = mapped_column(comment="The price of one unit, in the currency's minor unit.")
    currency: Mapped[str] = mapped_column(server_default="RUB", comment="ISO 4217 code of the currency.")
    category_id: Mapped[UUID | None] = mapped_column(comment="The category that it is in; empty where it is in none.")
    search: Mapped[str] = mapped_column(
        TSVECTOR,
        Computed(SEARCH_VECTOR, persisted=True),
        deferred=True,
        comment="What the full-text search looks at: name, code and description.",
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
