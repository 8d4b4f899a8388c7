"""The development database: the default embedded server, bootstrapped by itself, so that nothing needs configuring."""

from __future__ import annotations

import json
import os
from pathlib import Path

from sqlalchemy import URL

from ..bootstrap import bootstrap
from ..schema import LOGINS, RoleNames
from ..settings import LoginUrl, Settings
from .directory import locked
from .embedded import EmbeddedServer

DATABASE = "app_db"


def development_urls(settings: Settings) -> dict[LoginUrl, URL]:
    """Return the URL of each login of the development database, starting and bootstrapping what is missing.

    Raises ServerError where there is no PostgreSQL to start.
    """
    server = EmbeddedServer(root=settings.server_directory, binaries=settings.server_binaries)
    server.start()
    return bootstrapped_urls(server, role_prefix=settings.role_prefix)


def bootstrapped_urls(
    server: EmbeddedServer, database: str = DATABASE, *, role_prefix: str = ""
) -> dict[LoginUrl, URL]:
    """Return the URL of each login on a running server; the passwords are made once and kept beside its data."""
    remembered = server.directory / f"logins-{role_prefix}{database}.json"
    passwords = _read(remembered)
    if passwords is None:
        with locked(remembered.with_suffix(".lock")):
            passwords = _read(remembered) or _make(server, database, role_prefix, remembered)
    names = RoleNames(role_prefix)
    base = server.superuser_url(database)
    return {login.url: base.set(username=names(login.name), password=passwords[login.name]) for login in LOGINS}


def _make(server: EmbeddedServer, database: str, role_prefix: str, remembered: Path) -> dict[str, str]:
    # rotating: logins left by a run that was killed before it wrote its passwords down have unknown ones
    report = bootstrap(server.superuser_url(), database, role_prefix=role_prefix, rotate_passwords=True)
    passwords = {login.name: str(report.urls[login.url].password) for login in LOGINS}
    temporary = remembered.with_suffix(".new")
    temporary.unlink(missing_ok=True)
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(passwords, file)
    temporary.replace(remembered)
    return passwords


def _read(path: Path) -> dict[str, str] | None:
    try:
        passwords: dict[str, str] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    return passwords
