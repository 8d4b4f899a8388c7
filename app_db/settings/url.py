"""Database URLs: the driver made explicit, other databases refused, the password out of sight."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from ..errors import SettingsError

DRIVER = "postgresql+psycopg2"
_ACCEPTED = {"postgres", "postgresql", "postgresql+psycopg2"}
_ENCRYPTED = {"require", "verify-ca", "verify-full"}


class LoginUrl(StrEnum):
    """The environment variable that holds the URL of each login."""

    APPLICATION = "DATABASE_URL"
    TENANT_ADMIN = "APP_DB_TENANT_ADMIN_URL"
    AUTH = "APP_DB_AUTH_URL"
    READONLY = "APP_DB_READONLY_URL"
    ADMIN = "APP_DB_ADMIN_URL"
    MIGRATION = "APP_DB_MIGRATION_URL"
    BACKUP = "APP_DB_BACKUP_URL"

    @property
    def field(self) -> str:
        """The field of `DatabaseSettings` that holds it."""
        return "url" if self is LoginUrl.APPLICATION else self.value.removeprefix("APP_DB_").lower()


def parse_url(text: str | URL, variable: str) -> URL:
    """Return the URL with driver psycopg2, its password never part of `str()` or `repr()`.

    `variable` names the setting in the error. Raises SettingsError for another database, another driver, a URL without
    a database name, or one that hides a second secret in its query.
    """
    try:
        return checked_url(text)
    except ValueError as error:
        # the text may hold a password, so it is neither repeated nor chained
        raise SettingsError(f"{variable} {error}") from None


def checked_url(text: str | URL) -> URL:
    """As `parse_url`, raising ValueError with a sentence that wants the variable's name as its subject."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise ValueError(
            "is no database URL: write postgresql://login:password@host:5432/database, "
            "with special characters of the password percent-encoded"
        ) from None
    if url.drivername in _ACCEPTED:
        return _without_hidden_secret(url.set(drivername=DRIVER))
    backend = url.get_backend_name()
    if backend == "sqlite":
        raise ValueError(
            "is a SQLite URL, and SQLite has no roles and no row-level security, so tenants could not be kept apart: "
            "use postgresql://…, or leave it unset in development and an embedded PostgreSQL is started"
        )
    if backend == "postgresql":
        raise ValueError(
            f"asks for the driver {url.drivername!r}, but app_db works through psycopg2: "
            "write postgresql:// and leave the driver out"
        )
    raise ValueError(f"is a URL for {backend!r}, and app_db works on PostgreSQL: write postgresql://…")


def tls_is_enforced(url: URL) -> bool:
    """Tell whether a connection by this URL is encrypted or never leaves the machine.

    libpq's default, `prefer`, falls back to plain text when the server or an attacker says so; see the PostgreSQL
    manual, "SSL Mode Descriptions". A Unix socket, and no other host, needs no encryption.
    """
    return url.query.get("sslmode") in _ENCRYPTED or _is_socket(url)


def _is_socket(url: URL) -> bool:
    return str(url.host or url.query.get("host") or "").startswith("/")


def _without_hidden_secret(url: URL) -> URL:
    if "sslpassword" in url.query:
        raise ValueError(
            "carries sslpassword in its query, where it would be logged: "
            "use an unencrypted key file with mode 0600 or a libpq service file"
        )
    password = url.query.get("password")
    if password is not None:
        url = url.difference_update_query(["password"]).set(password=str(password))
    if not url.database:
        raise ValueError("names no database: end it with /database")
    return url
