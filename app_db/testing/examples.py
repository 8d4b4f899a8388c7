"""What rows of our own models get where the type alone can't tell: values that their checks accept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import Range

from ..models import (
    Address,
    BuiltinRolePermission,
    Invitation,
    Payment,
    PaymentMethod,
    Permission,
    Preference,
    Profile,
    Refund,
    Subscription,
    TenantWork,
    Transaction,
)

OURS: dict[type[Any], dict[str, Any]] = {
    Address: {"kind": "home", "country": "DE"},
    BuiltinRolePermission: {"role": "viewer"},
    Invitation: {
        "email": lambda number: f"person-{number}@example.com",
        "token_hash": lambda number: number.to_bytes(32, "big"),
        "expires_at": lambda _number: datetime.now(UTC) + timedelta(days=7),
    },
    # captured, so that it can be paid back
    Payment: {"amount_minor": 1000, "captured_minor": 1000, "currency": "EUR", "status": "captured"},
    PaymentMethod: {"provider": "stripe", "kind": "wallet"},
    Permission: {"name": lambda number: f"thing_{number}.use"},
    Preference: {"key": lambda number: f"example.{number}", "value": True},
    Profile: {"display_name": lambda number: f"Person {number}"},
    Refund: {"amount_minor": 1},
    Subscription: {
        "plan": "team",
        "currency": "EUR",
        "period": Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    },
    TenantWork: {"work": "delete"},
    Transaction: {"kind": "fee"},
}
