"""The base class of every table and the mixins that say whose rows a table holds.

class Project(TenantScoped, Base):
__tablename__ = "projects"
__table_args__ = (tenant_fk("customer_id", "crm.customers"), {"schema": "crm"})

name: Mapped[str] = mapped_column(comment="What people call it.")
customer_id: Mapped[UUID] = mapped_column(comment="The customer it is for.")
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKeyConstraint, MetaData, Table, Text, Uuid, func, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from uuid_utils.compat import uuid7

from ..errors import ScopeError
from ..schema import Scope, ScopeKind

NAMING_CONVENTION = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
}

TENANTS = "tenancy.tenants"


class Base(DeclarativeBase):
    """The declarative base. Each mapped class also inherits exactly one of TenantScoped, UserScoped and Shared."""

    metadata = MetaData(naming_convention=NAMING_CONVENTION)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        UUID: Uuid(),
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB(),
    }
    __app_db_scope__: ClassVar[Scope | None] = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Note the scope on the table; raises ScopeError for a table that has none."""
        super().__init_subclass__(**kwargs)
        table = cls.__dict__.get("__table__")
        if not isinstance(table, Table):
            return
        if cls.__app_db_scope__ is None:
            raise ScopeError(
                f"{cls.__name__} does not say whose rows it holds, so nothing would protect them: inherit from "
                "TenantScoped (a tenant's), UserScoped (a person's within a tenant) or Shared (everybody's)"
            )
        cls.__app_db_scope__.attach_to(table)
        if cls.__app_db_scope__.tenant_column == "tenant_id":
            # a tenant that has rows can't be deleted by accident
            table.append_constraint(ForeignKeyConstraint(["tenant_id"], [f"{TENANTS}.id"], ondelete="RESTRICT"))


def _new_id() -> Mapped[UUID]:
    # made in Python, so that a flush of many rows is one statement and not one each to fetch the keys
    return mapped_column(
        primary_key=True,
        default=uuid7,
        server_default=text("app.uuid7()"),
        sort_order=-20,
        comment="UUIDv7: unique, and in the order of creation.",
    )


class TenantScoped:
    """A table whose rows belong to a tenant: key `(tenant_id, id)`, policies, and a foreign key to the tenant.

    Every unique constraint and index of yours starts with `tenant_id`; every reference to another tenant's table is a
    `tenant_fk()`, so that a row can't point at another tenant's row.
    """

    __app_db_scope__: ClassVar[Scope | None] = Scope(ScopeKind.TENANT, tenant_column="tenant_id")

    tenant_id: Mapped[UUID] = mapped_column(
        primary_key=True,
        server_default=text("app.current_tenant_id()"),
        sort_order=-30,
        comment="The tenant that the row belongs to; taken from the session.",
    )
    id: Mapped[UUID] = _new_id()


class UserScoped(TenantScoped):
    """A table whose rows belong to one person within a tenant; a tenant's administrator sees all of the tenant's."""

    __app_db_scope__: ClassVar[Scope | None] = Scope(ScopeKind.USER, tenant_column="tenant_id", user_column="user_id")

    user_id: Mapped[UUID] = mapped_column(
        server_default=text("app.current_user_id()"),
        sort_order=-10,
        comment="The person that the row belongs to; taken from the session.",
    )


class Shared:
    """A table whose rows everybody may see: no tenant, no policy. For what is the same for all, e.g. currencies.

    An application reads it; what it may write is declared by a `Grant`, as every tenant would change everybody's rows.
    """

    __app_db_scope__: ClassVar[Scope | None] = Scope(ScopeKind.SHARED)

    id: Mapped[UUID] = _new_id()


def tenant_fk(column: str, target: str, *, ondelete: str = "RESTRICT") -> ForeignKeyConstraint:
    """Return a foreign key to another table of tenants that can't leave the tenant.

    `column` is the referring column, `target` the table, with its schema. The key is
    `(tenant_id, column) -> target(tenant_id, id)`. Raises ScopeError for SET NULL and SET DEFAULT, which would touch
    `tenant_id` as well.
    """
    if ondelete.upper() not in {"RESTRICT", "CASCADE", "NO ACTION"}:
        raise ScopeError(
            f"ondelete={ondelete!r} would also change tenant_id, which is part of the key: "
            "use CASCADE or RESTRICT, and clear the column in the application"
        )
    return ForeignKeyConstraint(["tenant_id", column], [f"{target}.tenant_id", f"{target}.id"], ondelete=ondelete)


def created_at() -> Mapped[datetime]:
    """Return the column for the time of creation."""
    return mapped_column(server_default=func.now(), sort_order=90, comment="When the row was made.")


def updated_at() -> Mapped[datetime]:
    """Return the column for the time of the last change; set by the ORM, and in some tables by a trigger as well."""
    return mapped_column(
        server_default=func.now(),
        onupdate=func.now(),
        sort_order=91,
        comment="When the row was last changed.",
    )
