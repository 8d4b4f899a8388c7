"""Where materials are filed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Integer, text
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, created_at, tenant_fk, updated_at


class Category(TenantScoped, Base):
    """A category of a tenant's catalogue, part of another one or at the top; never below itself."""

    __tablename__ = "categories"
    __table_args__ = (
        tenant_fk("parent_id", "catalog.categories"),
        # partial, so that a move or a new name is no change of a key, and waits for nobody who puts something in
        Index(
            "uq_categories_tenant_id_parent_id_name",
            "tenant_id",
            "parent_id",
            "name",
            unique=True,
            postgresql_where=text("parent_id is not null"),
        ),
        Index(
            "uq_categories_tenant_id_name_top",
            "tenant_id",
            "name",
            unique=True,
            postgresql_where=text("parent_id is null"),
        ),
        CheckConstraint("length(name) between 1 and 200", name="name"),
        CheckConstraint("parent_id <> id", name="parent_id"),
        {"schema": "catalog", "comment": "The categories of each tenant's catalogue, a tree."},
    )

    parent_id: Mapped[UUID | None] = mapped_column(comment="The category that it is part of; empty at the top.")
    name: Mapped[str] = mapped_column(comment="What people call it; no two of one parent have the same.")
    position: Mapped[int] = mapped_column(
        Integer,
        server_default=text("0"),
        comment="Where it stands among those of its parent, smallest first; equal ones by name.",
    )
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
