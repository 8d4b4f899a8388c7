"""Who may do what in a tenant: permissions, the tenant's own roles, and invitations."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, Computed, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from ..schema import Scope, ScopeKind
from .base import Base, TenantScoped, created_at, tenant_fk, updated_at


class Permission(Base):
    """Something that may be permitted; the same for every tenant, named `noun.verb`."""

    __tablename__ = "permissions"
    __table_args__ = (
        CheckConstraint("name ~ '^[a-z][a-z0-9_]{0,49}[.][a-z][a-z0-9_]{0,49}$'", name="name"),
        CheckConstraint("length(description) between 1 and 500", name="description"),
        {"schema": "tenancy", "comment": "What may be permitted; the same for every tenant."},
    )
    __app_db_scope__: ClassVar[Scope | None] = Scope(ScopeKind.SHARED)

    name: Mapped[str] = mapped_column(primary_key=True, comment="What may be done, as noun.verb, e.g. member.invite.")
    description: Mapped[str] = mapped_column(comment="What that means, for whoever gives it.")
    created_at: Mapped[datetime] = created_at()


class BuiltinRolePermission(Base):
    """What one of the roles that every tenant has permits."""

    __tablename__ = "builtin_role_permissions"
    __table_args__ = (
        CheckConstraint("role in ('owner', 'administrator', 'member', 'viewer')", name="role"),
        Index("ix_builtin_role_permissions_permission", "permission"),
        {"schema": "tenancy", "comment": "What the roles that every tenant has permit."},
    )
    __app_db_scope__: ClassVar[Scope | None] = Scope(ScopeKind.SHARED)

    role: Mapped[str] = mapped_column(
        primary_key=True, comment="One of the roles that every tenant has: owner, administrator, member or viewer."
    )
    permission: Mapped[str] = mapped_column(
        ForeignKey("tenancy.permissions.name", ondelete="CASCADE"), primary_key=True, comment="What it permits."
    )


class Role(TenantScoped, Base):
    """A role of the tenant's own, beside the built-in ones."""

    __tablename__ = "roles"
    __table_args__ = (
        UniqueConstraint("tenant_id", "name"),
        CheckConstraint(
            "length(name) between 1 and 100 and lower(name) not in ('owner', 'administrator', 'member', 'viewer')",
            name="name",
        ),
        CheckConstraint("length(description) <= 500", name="description"),
        {"schema": "tenancy", "comment": "Roles of the tenant's own, beside the built-in ones."},
    )

    name: Mapped[str] = mapped_column(comment="What people call it; none of the built-in names.")
    description: Mapped[str] = mapped_column(server_default="", comment="What it is for.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()


class RolePermission(TenantScoped, Base):
    """What a tenant's own role permits."""

    __tablename__ = "role_permissions"
    __table_args__ = (
        UniqueConstraint("tenant_id", "role_id", "permission", name="uq_role_permissions_tenant_id_role_id_permission"),
        tenant_fk("role_id", "tenancy.roles", ondelete="CASCADE"),
        Index("ix_role_permissions_tenant_id_permission", "tenant_id", "permission"),
        {"schema": "tenancy", "comment": "What a tenant's own role permits."},
    )

    role_id: Mapped[UUID] = mapped_column(comment="The role.")
    permission: Mapped[str] = mapped_column(
        ForeignKey("tenancy.permissions.name", ondelete="RESTRICT"), comment="What it permits."
    )
    created_at: Mapped[datetime] = created_at()


class MembershipRole(TenantScoped, Base):
    """One of the tenant's own roles that a member has."""

    __tablename__ = "membership_roles"
    __table_args__ = (
        UniqueConstraint(
            "tenant_id", "membership_id", "role_id", name="uq_membership_roles_tenant_id_membership_id_role_id"
        ),
        tenant_fk("membership_id", "tenancy.memberships", ondelete="CASCADE"),
        tenant_fk("role_id", "tenancy.roles"),
        Index("ix_membership_roles_tenant_id_role_id", "tenant_id", "role_id"),
        {"schema": "tenancy", "comment": "Which of the tenant's own roles a member has."},
    )

    membership_id: Mapped[UUID] = mapped_column(comment="Whose place in the tenant it is.")
    role_id: Mapped[UUID] = mapped_column(comment="A role of the tenant's own that it has beside the built-in one.")
    created_at: Mapped[datetime] = created_at()


class Invitation(TenantScoped, Base):
    """An invitation to a tenant. The session of an application can't read `token_hash`."""

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("tenant_id", "token_hash"),
        Index(
            "uq_invitations_tenant_id_email_key", "tenant_id", "email_key", unique=True,
            postgresql_where=text("status = 'pending'"),
        ),
        CheckConstraint(
            "length(email) between 3 and 320 and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'", name="email"
        ),
        CheckConstraint("role in ('administrator', 'member', 'viewer')", name="role"),
        CheckConstraint("octet_length(token_hash) = 32", name="token_hash"),
        CheckConstraint("status in ('pending', 'accepted', 'declined', 'revoked')", name="status"),
        CheckConstraint("(status = 'accepted') = (accepted_by is not null)", name="accepted"),
        CheckConstraint("(status = 'pending') = (answered_at is null)", name="answered"),
        CheckConstraint("expires_at > created_at", name="expires_at"),
        {"schema": "tenancy", "comment": "Who was invited to a tenant, and what came of it."},
    )  # fmt: skip

    email: Mapped[str] = mapped_column(comment="Whom it was sent to, as it was written.")
    email_key: Mapped[str] = mapped_column(
        Computed('lower(email COLLATE "C")', persisted=True),
        comment="The address in small letters, by which it is found; only who has proved it may accept.",
    )
    role: Mapped[str] = mapped_column(
        server_default="member", comment="The built-in role that it brings; nobody is invited as an owner."
    )
    token_hash: Mapped[bytes] = mapped_column(
        LargeBinary, deferred=True, comment="SHA-256 of the token in the link; a resent invitation gets another."
    )
    status: Mapped[str] = mapped_column(
        server_default="pending",
        comment="pending, accepted, declined or revoked; a pending one is void after expires_at.",
    )
    invited_by: Mapped[UUID | None] = mapped_column(comment="The person who invited; empty for the system itself.")
    accepted_by: Mapped[UUID | None] = mapped_column(
        comment="The person who accepted; no foreign key, as people live in another service."
    )
    answered_at: Mapped[datetime | None] = mapped_column(
        comment="When it was accepted, declined or revoked; empty while it is pending."
    )
    expires_at: Mapped[datetime] = mapped_column(comment="Until when it can be accepted.")
    created_at: Mapped[datetime] = created_at()
    updated_at: Mapped[datetime] = updated_at()
