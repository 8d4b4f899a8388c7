"""A generated password, and the form in which the database keeps it."""

from __future__ import annotations

import base64
import secrets
import string
from dataclasses import dataclass

from argon2.low_level import ARGON2_VERSION, Type, hash_secret_raw

_ALPHABET = string.ascii_letters + string.digits
_LENGTH = 32  # 190 bits

# The least that OWASP's "Password Storage Cheat Sheet" names: 19 MiB, two passes, one lane.
_MEMORY, _TIME, _LANES = 19456, 2, 1
_SALT_BYTES, _DIGEST_BYTES = 16, 32


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password by argon2id: `prefix` is what stands before the hash in argon2's own form, `digest` the hash."""

    prefix: str
    digest: bytes


def generate() -> str:
    """Return a new password of 32 letters and digits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def hashed(password: str) -> Hashed:
    """Return the password as `auth.password_create` takes it, with a salt of its own."""
    salt = secrets.token_bytes(_SALT_BYTES)
    digest = hash_secret_raw(
        password.encode(), salt, time_cost=_TIME, memory_cost=_MEMORY, parallelism=_LANES,
        hash_len=_DIGEST_BYTES, type=Type.ID,
    )  # fmt: skip
    written = base64.b64encode(salt).decode().rstrip("=")
    return Hashed(f"$argon2id$v={ARGON2_VERSION}$m={_MEMORY},t={_TIME},p={_LANES}${written}", digest)
