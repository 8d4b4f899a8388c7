"""The tables. No I/O. Importing this package makes `Base.metadata` complete."""

from .access import BuiltinRolePermission, Invitation, MembershipRole, Permission, Role, RolePermission
from .auth import (
    AccountThrottle,
    ApiKey,
    Device,
    DigestKey,
    LoginAttempt,
    LoginSession,
    MfaFactor,
    OneTimeToken,
    PasswordHash,
    RateBucket,
    RateLimit,
    RecoveryCode,
    RefreshToken,
    User,
    UserActivity,
)
from .base import Base, Shared, TenantScoped, UserScoped, tenant_fk
from .billing import Payment, PaymentMethod, Refund, Subscription, Transaction
from .catalog import Category, Material, UsageStatistic
from .ops import AuditLog, PartitionSet, SystemEvent, TenantWork
from .profile import Address, Preference, Profile
from .tenancy import Membership, Tenant

__all__ = [
    "AccountThrottle",
    "Address",
    "ApiKey",
    "AuditLog",
    "Base",
    "BuiltinRolePermission",
    "Category",
    "Device",
    "DigestKey",
    "Invitation",
    "LoginAttempt",
    "LoginSession",
    "Material",
    "Membership",
    "MembershipRole",
    "MfaFactor",
    "OneTimeToken",
    "PartitionSet",
    "PasswordHash",
    "Payment",
    "PaymentMethod",
    "Permission",
    "Preference",
    "Profile",
    "RateBucket",
    "RateLimit",
    "RecoveryCode",
    "RefreshToken",
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
    "UsageStatistic",
    "User",
    "UserActivity",
    "UserScoped",
    "tenant_fk",
]
