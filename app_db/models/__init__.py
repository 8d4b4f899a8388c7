"""The tables. No I/O. Importing this package makes `Base.metadata` complete."""

from .base import Base, Shared, TenantScoped, UserScoped, tenant_fk
from .catalog import Material
from .ops import AuditLog, PartitionSet, SystemEvent
from .tenancy import Membership, Tenant

__all__ = [
    "AuditLog",
    "Base",
    "Material",
    "Membership",
    "PartitionSet",
    "Shared",
    "SystemEvent",
    "Tenant",
    "TenantScoped",
    "UserScoped",
    "tenant_fk",
]
