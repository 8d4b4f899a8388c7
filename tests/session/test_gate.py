"""The start-up gate refuses every login that would see too much, and a schema that is behind."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from support import carried

from app_db.engine import admin_engine
from app_db.errors import StartupRefused
from app_db.migrations import alembic_config
from app_db.schema import SERVICES, number_of
from app_db.server import EmbeddedServer
from app_db.session import Database
from app_db.session.gate import behind
from app_db.settings import Environment, Settings

CORE, CATALOG = (number_of(SERVICES[name].revision) for name in ("core", "catalog"))


def _as_superuser(server: EmbeddedServer, statement: str) -> None:
    with admin_engine(server.superuser_url(), autocommit=True).connect() as connection:
        connection.execute(text(statement))


def _open(app_db_settings: Settings) -> None:
    database = Database.from_settings(app_db_settings)
    try:
        with database.tenant(uuid4()) as session:
            session.execute(text("select 1"))
    finally:
        database.dispose()


@contextmanager
def _changed(server: EmbeddedServer, change: str, undo: str) -> Iterator[None]:
    """Do what only a superuser can, and undo it."""
    _as_superuser(server, change)
    try:
        yield
    finally:
        _as_superuser(server, undo)


@pytest.mark.parametrize(
    ("change", "undo", "words"),
    [
        ("alter role {p}app_login superuser", "alter role {p}app_login nosuperuser", "is a superuser"),
        ("alter role {p}app_login bypassrls", "alter role {p}app_login nobypassrls", "has BYPASSRLS"),
        ("alter role {p}app_tenant bypassrls", "alter role {p}app_tenant nobypassrls", "may SET ROLE to a role that"),
        ("grant {p}app_all to {p}app_login", "revoke {p}app_all from {p}app_login", "is a member of {p}app_all"),
        ("grant {p}app_admin to {p}app_login", "revoke {p}app_admin from {p}app_login", "is a member of {p}app_all"),
        ("grant {p}app_owner to {p}app_login", "revoke {p}app_owner from {p}app_login", "may act as {p}app_owner"),
        ("alter database {db} owner to {p}app_login", "alter database {db} owner to {p}app_owner", "owns the database"),
    ],
)
def test_a_login_that_sees_too_much_is_refused_with_what_to_set(
    own_settings: Settings, server: EmbeddedServer, change: str, undo: str, words: str
) -> None:
    assert own_settings.url is not None
    names = {"p": own_settings.role_prefix, "db": own_settings.url.database}
    with (
        _changed(server, change.format(**names), undo.format(**names)),
        pytest.raises(StartupRefused, match=words.format(**names)) as caught,
    ):
        _open(own_settings)
    assert "set DATABASE_URL to the login that `app-db bootstrap` made" in caught.value.findings[0]


def test_in_development_the_same_is_a_warning(
    own_settings: Settings, server: EmbeddedServer, caplog: pytest.LogCaptureFixture
) -> None:
    role = f"{own_settings.role_prefix}app_login"
    with (
        _changed(server, f"alter role {role} bypassrls", f"alter role {role} nobypassrls"),
        caplog.at_level(logging.WARNING, "app_db"),
    ):
        _open(own_settings.model_copy(update={"environment": Environment.DEVELOPMENT}))
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "BYPASSRLS" in caplog.text


def test_an_empty_database_is_refused_with_how_to_fill_it(empty_settings: Settings) -> None:
    with pytest.raises(StartupRefused, match="run `alembic upgrade head`"):
        _open(empty_settings)


def test_a_schema_that_is_behind_is_refused_and_one_that_is_complete_is_not(own_settings: Settings) -> None:
    from alembic import command

    config = alembic_config(own_settings)
    _open(own_settings)
    for service in carried(own_settings):
        if service.name in {"catalog", "learning"}:
            command.downgrade(config, f"{service.name}@base")
    with pytest.raises(StartupRefused, match="schema of catalog is older"):
        _open(own_settings)
    _open(own_settings.model_copy(update={"services": ("core",)}))
    command.downgrade(config, "auth@base")
    command.downgrade(config, "core_0003")
    with pytest.raises(StartupRefused, match=r"schema of core is older.*at 3, needs \d+"):
        _open(own_settings.model_copy(update={"services": ("core",)}))


def test_a_refusal_holds_for_the_next_connection_too(empty_settings: Settings) -> None:
    database = Database.from_settings(empty_settings)
    for _ in range(2):
        with pytest.raises(StartupRefused), database.tenant(uuid4()) as session:
            session.execute(text("select 1"))
    database.dispose()


@pytest.mark.app_db("commit")
def test_the_gate_is_passed_once_for_each_pool(app_db_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from app_db.session.gate import Gate

    passed = []
    check = Gate.__call__
    monkeypatch.setattr(Gate, "__call__", lambda self, connection: (passed.append(1), check(self, connection))[1])
    database = Database.from_settings(app_db_settings)
    first, second = (database.engine(uuid4()).connect() for _ in range(2))
    first.close()
    second.close()
    database.dispose()
    assert len(passed) == 1


@given(st.integers(0, CORE + 5), st.integers(0, 9))
def test_only_an_older_schema_is_behind(core: int, catalog: int) -> None:
    revisions = [f"core_{core:04d}"] * bool(core) + [f"catalog_{catalog:04d}"] * bool(catalog)
    complaints = behind(SERVICES.values(), revisions)
    known_core = max(core, 8 if catalog >= 2 else 3 if catalog else 0)
    others = set(SERVICES) - {"core", "catalog"}
    assert len(complaints) == (known_core < CORE) + (catalog < CATALOG) + len(others)
    assert all("alembic upgrade head" in complaint for complaint in complaints)
