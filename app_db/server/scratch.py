"""A bootstrapped database that is thrown away: on a server of its own, or on a server of yours. It leaves nothing."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from ..bootstrap import bootstrap, drop_installation
from ..settings import LoginUrl, Settings, load_settings, parse_url
from .embedded import EmbeddedServer


@contextmanager
def scratch_settings(
    purpose: str, database_url: str | None = None, *, binaries: Path | None = None
) -> Iterator[Settings]:
    """Yield settings for a bootstrapped, empty database; `purpose` is one word that its names have.

    `database_url` is the URL of a login with CREATEROLE and CREATEDB; without it an embedded server is started, from
    `binaries` where they are given. Raises ServerError or BootstrapError.
    """
    with scratch_database(purpose, database_url, binaries=binaries) as (settings, _):
        yield settings


@contextmanager
def scratch_database(
    purpose: str, database_url: str | None = None, *, binaries: Path | None = None
) -> Iterator[tuple[Settings, URL]]:
    """Yield settings as `scratch_settings` does, and the URL of the administrator who has made the database."""
    if database_url is None:
        with EmbeddedServer.temporary(purpose, binaries=binaries) as server:
            report = bootstrap(server.superuser_url(), purpose)
            yield _settings(purpose, report.urls), server.superuser_url()
        return
    admin_url, unique = parse_url(database_url, "--database-url"), secrets.token_hex(3)
    database, prefix = f"app_db_{purpose}_{unique}", f"{purpose}_{unique}_"
    try:
        report = bootstrap(admin_url, database, role_prefix=prefix)
        yield _settings(purpose, report.urls, prefix), admin_url
    finally:
        drop_installation(admin_url, database, prefix)


def _settings(purpose: str, urls: Mapping[LoginUrl, URL], role_prefix: str = "") -> Settings:
    # as in staging, so that the start-up gate refuses where it would only warn in development
    given: dict[str, Any] = {login.field: url for login, url in urls.items()}
    return load_settings(
        environment="staging", role_prefix=role_prefix, services=None, application_name=f"app_db {purpose}", **given
    )
