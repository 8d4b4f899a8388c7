"""People, and how they prove who they are. Tables only; what decides stands in the functions of schema auth."""

from .factors import MfaFactor, RecoveryCode
from .keys import ApiKey
from .limits import AccountThrottle, LoginAttempt, RateBucket, RateLimit
from .secrets import DigestKey, PasswordHash
from .sessions import Device, LoginSession, RefreshToken
from .tokens import OneTimeToken
from .users import User, UserActivity

__all__ = [
    "AccountThrottle",
    "ApiKey",
    "Device",
    "DigestKey",
    "LoginAttempt",
    "LoginSession",
    "MfaFactor",
    "OneTimeToken",
    "PasswordHash",
    "RateBucket",
    "RateLimit",
    "RecoveryCode",
    "RefreshToken",
    "User",
    "UserActivity",
]
