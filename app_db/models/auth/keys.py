"""Keys by which programs work for a tenant."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, Text, text
from sqlalchemy.dialects.postgresql import ARRAY, INET
from sqlalchemy.orm import Mapped, mapped_column

from ..base import Base, TenantScoped, created_at, tenant_fk
from .columns import is_digest


class ApiKey(TenantScoped, Base):
    """A key of a tenant's, or of a person's for a tenant. It names tenant and id; `auth.api_key_check` checks it."""

    __tablename__ = "api_keys"
    __table_args__ = (
        tenant_fk("replaced_by", "auth.api_keys"),
        CheckConstraint("length(name) between 1 and 100", name="name"),
        CheckConstraint("length(prefix) between 1 and 32", name="prefix"),
        CheckConstraint("length(last4) = 4", name="last4"),
        is_digest("key_hash"),
        CheckConstraint("cardinality(scopes) <= 100", name="scopes"),
        CheckConstraint("expires_at > created_at", name="expiry"),
        CheckConstraint("replaced_by <> id", name="replaced_by"),
        Index(
            "ix_api_keys_tenant_id_replaced_by",
            "tenant_id",
            "replaced_by",
            postgresql_where=text("replaced_by is not null"),
        ),
        {
            "schema": "auth",
            "comment": "Keys by which programs work for a tenant.",
            "postgresql_with": {"fillfactor": 70},
        },
    )

    user_id: Mapped[UUID | None] = mapped_column(
        comment="The person whose key it is; empty for the tenant's own. No foreign key, see auth.api_key_check."
    )
    name: Mapped[str] = mapped_column(comment="What people call it.")
    prefix: Mapped[str] = mapped_column(comment="The beginning of the key, to tell it by.")
    last4: Mapped[str] = mapped_column(comment="Its last four characters, to tell it by.")
    key_hash: Mapped[bytes] = mapped_column(deferred=True, comment="SHA-256 of the key, which has 256 random bits.")
    scopes: Mapped[list[str]] = mapped_column(
        ARRAY(Text), server_default=text("'{}'::text[]"), comment="What it may be used for."
    )
    created_by: Mapped[UUID | None] = mapped_column(comment="The person who made it.")
    created_at: Mapped[datetime] = created_at()
    expires_at: Mapped[datetime | None] = mapped_column(
        sort_order=92, comment="Until when it is good; empty for no end."
    )
    last_used_at: Mapped[datetime | None] = mapped_column(
        sort_order=93, comment="When it was last used, to a minute; without an index, as it moves."
    )
    last_used_ip: Mapped[str | None] = mapped_column(
        INET, sort_order=94, comment="From which address it was last used."
    )
    revoked_at: Mapped[datetime | None] = mapped_column(sort_order=95, comment="When it was ended.")
    replaced_by: Mapped[UUID | None] = mapped_column(
        sort_order=96, comment="The key that takes its place; both are good until this one is ended."
    )
