"""The tables. No I/O. Importing this package makes `Base.metadata` complete."""

from .access import BuiltinRolePermission, Invitation, MembershipRole, Permission, Role, RolePermission
from .base import Base, Shared, TenantScoped, UserScoped, tenant_fk
from .catalog import Material
from .ops import AuditLog, PartitionSet, SystemEvent, TenantWork
from .tenancy import Membership, Tenant

__all__ = [
    "AuditLog",
    "Base",
    "BuiltinRolePermission",
    "Invitation",
    "Material",
    "Membership",
    "MembershipRole",
    "PartitionSet",
    "Permission",
    "Role",
    "RolePermission",
    "Shared",
    "SystemEvent",
    "Tenant",
    "TenantScoped",
    "TenantWork",
    "UserScoped",
    "tenant_fk",
]
