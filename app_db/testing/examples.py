"""What rows of our own models get where the type alone can't tell: values that their checks accept."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.dialects.postgresql import Range

from ..models import (
    Address,
    ApiKey,
    BuiltinRolePermission,
    ChapterComplexity,
    CourseDocument,
    Device,
    Invitation,
    LoginAttempt,
    LoginSession,
    MfaFactor,
    OneTimeToken,
    Payment,
    PaymentMethod,
    Permission,
    Preference,
    ProcessedDocument,
    Profile,
    RateBucket,
    RecoveryCode,
    RefreshToken,
    Refund,
    Relationship,
    Subscription,
    TenantWork,
    Transaction,
    User,
    UserAnnotation,
)


def _digest(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _in_an_hour(_number: int) -> datetime:
    return datetime.now(UTC) + timedelta(hours=1)


OURS: dict[type[Any], dict[str, Any | Callable[[int], Any]]] = {
    Address: {"kind": "home", "country": "DE"},
    ApiKey: {"key_hash": _digest, "last4": lambda number: f"{number % 10000:04d}"},
    BuiltinRolePermission: {"role": "viewer"},
    ChapterComplexity: {"score": 3, "reading_level": "high"},
    CourseDocument: {"kind": "pdf"},
    Device: {"cookie_hash": _digest},
    Invitation: {
        "email": lambda number: f"person-{number}@example.com",
        "token_hash": _digest,
        "expires_at": _in_an_hour,
    },
    LoginAttempt: {"reason": "invalid_password"},
    LoginSession: {"auth_epoch": 1, "idle_expires_at": _in_an_hour, "absolute_expires_at": _in_an_hour},
    MfaFactor: {"kind": "totp", "secret_ciphertext": bytes(48), "key_id": 1},
    OneTimeToken: {
        "purpose": "email_verify",
        "token_hash": _digest,
        "email_key": lambda number: f"person-{number}@example.com",
        "auth_epoch": 1,
        "expires_at": _in_an_hour,
    },
    # captured, so that it can be paid back
    Payment: {"amount_minor": 1000, "captured_minor": 1000, "currency": "EUR", "status": "captured"},
    PaymentMethod: {"provider": "stripe", "kind": "wallet"},
    Permission: {"name": lambda number: f"thing_{number}.use"},
    Preference: {"key": lambda number: f"example.{number}", "value": True},
    ProcessedDocument: {"embedding": lambda number: [1.0, float(number), *[0.0] * 766]},
    Profile: {"display_name": lambda number: f"Person {number}"},
    RateBucket: {"scope": "example", "hits": lambda _number: [datetime.now(UTC)]},
    RecoveryCode: {"code_hash": _digest},
    RefreshToken: {"token_hash": _digest, "key_id": 1},
    Refund: {"amount_minor": 1},
    Relationship: {"kind": "analogy"},
    Subscription: {
        "plan": "team",
        "currency": "EUR",
        "period": Range(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)),
    },
    TenantWork: {"work": "delete"},
    Transaction: {"kind": "fee"},
    UserAnnotation: {"kind": "bookmark"},
    User: {"email": lambda number: f"person-{number}@example.com"},
}
