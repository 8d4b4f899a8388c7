"""The tables. No I/O. Importing this package makes `Base.metadata` complete."""

from .base import Base, Shared, TenantScoped, UserScoped, tenant_fk
from .billing import Payment, PaymentMethod, Refund, Subscription, Transaction
from .catalog import Material
from .ops import AuditLog, SystemEvent
from .profile import Address, Preference, Profile
from .tenancy import Membership, Tenant

__all__ = [
    "Address",
    "AuditLog",
    "Base",
    "Material",
    "Membership",
    "Payment",
    "PaymentMethod",
    "Preference",
    "Profile",
    "Refund",
    "Shared",
    "Subscription",
    "SystemEvent",
    "Tenant",
    "TenantScoped",
    "Transaction",
    "UserScoped",
    "tenant_fk",
]
