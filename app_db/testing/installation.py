"""The names, passwords and URLs of a suite's databases on its server."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import URL

from ..schema import LOGINS, RoleNames
from ..settings import LoginUrl, Settings, load_settings, parse_url

# Whom the sandbox's connection logs in as: it may become every login of the application, and has no right of its own.
SANDBOX_LOGIN = "app_sandbox_login"


@dataclass(frozen=True, slots=True)
class SuiteServer:
    """A server, and an administrator's way in: a superuser, or a login with CREATEROLE and CREATEDB.

    `is_ours` where it was started for the suite and goes with it. `secret` is what passwords are derived from, so that
    every worker and the next run know them.
    """

    admin_url: URL
    secret: str = field(repr=False)
    role_prefix: str = ""
    is_ours: bool = False

    @classmethod
    def of(cls, admin_url: URL | str, *, secret: str) -> SuiteServer:
        """Return the server behind a URL, with a prefix of its own for roles: those without one may be somebody's."""
        url = parse_url(admin_url, "--app-db-url or APP_DB_TEST_URL")
        prefix = hashlib.sha256(f"{url.username} {secret}".encode()).hexdigest()[:8]
        return cls(url, secret, role_prefix=f"t{prefix}_")


class Installation:
    """What is derived from a server: the same in every process of a run, and in the next run."""

    def __init__(self, server: SuiteServer) -> None:
        self.server = server
        self.names = RoleNames(server.role_prefix)
        self.sandbox_login = server.role_prefix + SANDBOX_LOGIN

    def password(self, login: str) -> str:
        """Return the password of a login, by its house name."""
        key = f"{self.server.secret} {self.server.role_prefix}".encode()
        return hmac.new(key, login.encode(), "sha256").hexdigest()[:32]

    def passwords(self) -> dict[str, str]:
        """Return the password of each login of the application, by its house name."""
        return {login.name: self.password(login.name) for login in LOGINS}

    def admin_url(self, database: str | None = None) -> URL:
        """Return the administrator's URL, of another database if one is named."""
        url = self.server.admin_url
        return url if database is None else url.set(database=database)

    def sandbox_url(self, database: str) -> URL:
        """Return the URL of the sandbox's connection."""
        return self.admin_url(database).set(username=self.sandbox_login, password=self.password(SANDBOX_LOGIN))

    def urls(self, database: str) -> dict[LoginUrl, URL]:
        """Return the URL of each login of the application."""
        base = self.admin_url(database)
        return {
            login.url: base.set(username=self.names(login.name), password=self.password(login.name)) for login in LOGINS
        }

    def settings(self, database: str) -> Settings:
        """Return the suite's settings for that database; figures are those of the environment and of `.env.test`."""
        urls = {login.field: url for login, url in self.urls(database).items()}
        overrides: dict[str, Any] = {"environment": "test", "role_prefix": self.names.prefix, **urls}
        return load_settings(**overrides)


@contextmanager
def environment(settings: Settings) -> Iterator[None]:
    """Let whoever reads the environment inside the block, a child included, find the same database."""
    changed = environment_of(settings)
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def environment_of(settings: Settings) -> Mapping[str, str]:
    """Return the variables that describe the database of these settings."""
    urls = {login.value: url for login in LoginUrl if (url := settings.login_url(login)) is not None}
    texts = {name: url.render_as_string(hide_password=False) for name, url in urls.items()}
    return {**texts, "APP_DB_ROLE_PREFIX": settings.role_prefix, "APP_DB_ENVIRONMENT": settings.environment.value}
