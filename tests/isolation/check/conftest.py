"""A database at head for each server, in which a superuser plants mistakes and rolls them back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, text
from support import installation

from app_db.engine import admin_engine
from app_db.isolation.check.bounds import Bounds
from app_db.isolation.check.example import SCHEMA, STAGE
from app_db.isolation.check.rules import surroundings
from app_db.migrations import upgrade
from app_db.schema import LOGINS, ROLES
from app_db.server import EmbeddedServer
from app_db.settings import LoginUrl, Settings

_HOUSE = re.compile(rf"\b({'|'.join(role.name for role in (*ROLES, *LOGINS))})\b")


class Place:
    """Statements as the pages have them, in an installation whose roles have a prefix."""

    def __init__(self, connection: Connection, settings: Settings, database: str) -> None:
        self.connection = connection
        self.prefix = settings.role_prefix
        self.database = database
        self.bounds = Bounds(schemas=(SCHEMA,), role_prefix=self.prefix)

    def named(self, sql: str) -> str:
        """Return a statement, or the name of an object, as it is here."""
        return _HOUSE.sub(lambda found: self.prefix + found[1], sql).replace("{database}", self.database)

    def run(self, *statements: str) -> None:
        """Execute what is written as in a page."""
        for statement in statements:
            self.execute(self.named(statement))

    def stage(self) -> None:
        """Make the tables of the examples, as their owner, for all tests of the session."""
        self.run("set local role app_owner", *STAGE, "reset role")
        self.connection.commit()

    def execute(self, sql: str) -> None:
        """Execute what was made for this place."""
        self.connection.execute(text(re.sub(r"(?<!:):(?!:)", r"\\:", sql)))


@pytest.fixture
def known_faults() -> dict[str, Any]:
    """The faults of servers that the rule knows, for the test that is about them."""
    return dict(surroundings._FIXED)


@pytest.fixture(autouse=True)
def _no_known_fault(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is judged is what a test has made, and not how old the machine's server is."""
    if "known_faults" not in request.fixturenames:
        monkeypatch.setattr(surroundings, "_FIXED", {})


@pytest.fixture(scope="session")
def check_settings(creator: object, server: EmbeddedServer) -> Iterator[Settings]:
    with installation(creator) as made:  # type: ignore[arg-type]
        upgrade(made)
        yield made


@pytest.fixture(scope="session")
def check_superuser(check_settings: Settings, server: EmbeddedServer) -> Iterator[Connection]:
    url = check_settings.login_url(LoginUrl.APPLICATION)
    assert url is not None
    with admin_engine(server.superuser_url(url.database or "")).connect() as connection:
        Place(connection, check_settings, url.database or "").stage()
        yield connection


@pytest.fixture
def place(check_settings: Settings, check_superuser: Connection) -> Iterator[Place]:
    """A superuser's transaction in the database at head, with the example's tables as they should be; rolled back."""
    yield Place(check_superuser, check_settings, str(check_superuser.engine.url.database))
    check_superuser.rollback()
