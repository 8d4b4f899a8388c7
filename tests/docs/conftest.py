"""One server for all tests of the docs, with a database at head."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from docs.pages import DocsPlace

from app_db.bootstrap import bootstrap
from app_db.migrations import upgrade
from app_db.server import EmbeddedServer
from app_db.settings import load_settings

NAME = "docs"


@pytest.fixture(scope="session")
def docs_place() -> Iterator[DocsPlace]:
    with EmbeddedServer.temporary(prefix=NAME) as server:
        urls = bootstrap(server.superuser_url(), NAME).urls
        upgrade(load_settings(environment="test", services=None, **{login.field: url for login, url in urls.items()}))
        environment = {login.value: url.render_as_string(hide_password=False) for login, url in urls.items()}
        yield DocsPlace({**environment, "APP_DB_ENVIRONMENT": "test"}, server.superuser_url(NAME))


@pytest.fixture
def docs_environment(docs_place: DocsPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have `Database.from_settings()` find the database of the docs."""
    for name, value in docs_place.environment.items():
        monkeypatch.setenv(name, value)
