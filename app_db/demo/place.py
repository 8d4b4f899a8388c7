"""Where the demonstration takes place: a server of its own, or a database of its own on a server of yours.

Either way it leaves nothing behind.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from sqlalchemy import URL

from ..bootstrap import bootstrap, drop_installation
from ..server import EmbeddedServer
from ..settings import LoginUrl, Settings, load_settings, parse_url


@contextmanager
def demo_settings(database_url: str | None) -> Iterator[Settings]:
    """Yield settings for a bootstrapped, empty database.

    `database_url` is the URL of a login with CREATEROLE and CREATEDB; without it an embedded server is started. Raises
    ServerError or BootstrapError.
    """
    if database_url is None:
        with EmbeddedServer.temporary(prefix="demo") as server:
            report = bootstrap(server.superuser_url(), "demo")
            yield _settings(report.urls)
        return
    admin_url, unique = parse_url(database_url, "--database-url"), secrets.token_hex(3)
    database, prefix = f"app_db_demo_{unique}", f"demo_{unique}_"
    try:
        report = bootstrap(admin_url, database, role_prefix=prefix)
        yield _settings(report.urls, prefix)
    finally:
        drop_installation(admin_url, database, prefix)


def _settings(urls: Mapping[LoginUrl, URL], role_prefix: str = "") -> Settings:
    # as in staging, so that the start-up gate refuses where it would only warn in development
    given: dict[str, Any] = {login.field: url for login, url in urls.items()}
    return load_settings(
        environment="staging", role_prefix=role_prefix, services=None, application_name="app_db demo", **given
    )
