"""The tables. No I/O. Importing this package makes `Base.metadata` complete."""

from .access import BuiltinRolePermission, Invitation, MembershipRole, Permission, Role, RolePermission
from .base import Base, Shared, TenantScoped, UserScoped, tenant_fk
from .billing import Payment, PaymentMethod, Refund, Subscription, Transaction
from .catalog import Material
from .ops import AuditLog, PartitionSet, SystemEvent, TenantWork
from .profile import Address, Preference, Profile
from .tenancy import Membership, Tenant

__all__ = [
    "Address",
    "AuditLog",
    "Base",
    "BuiltinRolePermission",
    "Invitation",
    "Material",
    "Membership",
    "MembershipRole",
    "PartitionSet",
    "Payment",
    "PaymentMethod",
    "Permission",
    "Preference",
    "Profile",
    "Refund",
    "Role",
    "RolePermission",
    "Shared",
    "Subscription",
    "SystemEvent",
    "Tenant",
    "TenantScoped",
    "TenantWork",
    "Transaction",
    "UserScoped",
    "tenant_fk",
]
