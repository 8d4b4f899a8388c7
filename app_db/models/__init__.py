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
from .catalog import Material
from .ops import AuditLog, PartitionSet, SystemEvent, TenantWork
from .tenancy import Membership, Tenant

__all__ = [
    "AccountThrottle",
    "ApiKey",
    "AuditLog",
    "Base",
    "BuiltinRolePermission",
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
    "Permission",
    "RateBucket",
    "RateLimit",
    "RecoveryCode",
    "RefreshToken",
    "Role",
    "RolePermission",
    "Shared",
    "SystemEvent",
    "Tenant",
    "TenantScoped",
    "TenantWork",
    "User",
    "UserActivity",
    "UserScoped",
    "tenant_fk",
]
