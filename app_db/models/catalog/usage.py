"""How often materials are used."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Numeric, text
from sqlalchemy.orm import Mapped, mapped_column

from ...schema import Scope, ScopeKind
from ..base import Base, tenant_fk


class UsageStatistic(Base):
    """How often a material was used on a day. Partitioned by month; its key is the day and the material.

    Counted up by `app_db.catalog.record_usage`; see `app_db.models.PartitionSet`.
    """

    __tablename__ = "usage_statistics"
    __table_args__ = (
        tenant_fk("material_id", "catalog.materials", ondelete="CASCADE"),
        CheckConstraint("uses > 0", name="uses"),
        CheckConstraint("quantity >= 0", name="quantity"),
        Index("ix_usage_statistics_tenant_id_material_id_day", "tenant_id", "material_id", "day"),
        {
            "schema": "catalog",
            "comment": "How often and how much each material is used, by day.",
            "postgresql_partition_by": "range (day)",
        },
    )
    __app_db_scope__: ClassVar[Scope | None] = Scope(ScopeKind.TENANT, tenant_column="tenant_id")

    tenant_id: Mapped[UUID] = mapped_column(
        primary_key=True,
        server_default=text("app.current_tenant_id()"),
        comment="The tenant that the row belongs to; taken from the session.",
    )
    day: Mapped[dt.date] = mapped_column(
        primary_key=True, comment="The day of use; in UTC where nobody has said another one."
    )
    material_id: Mapped[UUID] = mapped_column(primary_key=True, comment="What was used.")
    uses: Mapped[int] = mapped_column(comment="How many times it was used on that day.")
    quantity: Mapped[Decimal] = mapped_column(Numeric(18, 3), comment="How much of it, in the unit of the material.")
