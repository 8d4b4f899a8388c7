"""Without the extension vector there is no service learning: said clearly, with what to type, and nothing half-done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command
from sqlalchemy import URL, text
from sqlalchemy.exc import DBAPIError
from support import ON_18, installation, settings_for
from uuid_utils.compat import uuid7

from app_db.bootstrap import bootstrap, drop_installation
from app_db.engine import admin_engine
from app_db.errors import MigrationError, StartupRefused
from app_db.migrations import alembic_config, upgrade
from app_db.session import Database
from app_db.settings import Settings

SCHEMAS = text("select nspname from pg_namespace where nspname in ('learning', 'catalog')")
VERSIONS = text("select nspname from pg_namespace where nspname = 'app'")
EXTENSIONS = text("select extname from pg_extension where extname in ('vector', 'pg_trgm')")


@pytest.fixture
def without_vector(creator: URL) -> Iterator[Settings]:
    """A bootstrapped database in which nobody has made the extension."""
    unique = uuid7().hex[-6:]
    report = bootstrap(creator, f"app_{unique}", role_prefix=f"t{unique}_")
    yield settings_for(report.urls, role_prefix=f"t{unique}_", services=("learning",))
    drop_installation(creator, f"app_{unique}", f"t{unique}_")


def found(settings: Settings, query: object) -> set[str]:
    assert settings.migration_url is not None
    with admin_engine(settings.migration_url).connect() as connection:
        return set(connection.scalars(query))  # type: ignore[call-overload]


def test_who_names_learning_without_it_is_told_what_to_type_and_nothing_is_done(without_vector: Settings) -> None:
    with pytest.raises(MigrationError) as refused:
        upgrade(without_vector)
    assert "learning can't be built: the database does not have the extension vector" in str(refused.value)
    assert "`create extension vector schema extensions`, then `app-db upgrade`" in str(refused.value)
    assert str(refused.value).endswith("or take learning out of APP_DB_SERVICES")
    assert found(without_vector, VERSIONS) == set()


def test_who_names_no_services_is_warned_and_has_the_others(
    without_vector: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings = without_vector.model_copy(update={"services": None})
    upgrade(settings)
    assert found(settings, SCHEMAS) == {"catalog"}
    assert [record.levelname for record in caplog.records if "learning is left out" in record.message] == ["WARNING"]
    _open(settings)  # the gate asks for no more
    with pytest.raises(StartupRefused, match="schema of learning is older"):
        _open(settings.model_copy(update={"services": ("learning",)}))


def _open(settings: Settings) -> None:
    database = Database.from_settings(settings)
    try:
        with database.tenant(uuid7()) as session:
            session.scalar(text("select 1"))
    finally:
        database.dispose()


def test_the_revision_itself_refuses_to_begin_without_it(without_vector: Settings) -> None:
    with pytest.raises(DBAPIError) as refused:
        upgrade(without_vector, "learning@head")
    said = str(refused.value)
    assert "needs the extension vector 0.8 or newer, and this database has none" in said
    assert "install pgvector on the server; then a superuser" in said
    assert "create extension vector schema extensions" in said
    assert "leave learning out of APP_DB_SERVICES" in said
    assert found(without_vector, SCHEMAS) == set()


@ON_18
def test_downgrading_leaves_what_a_superuser_has_made(creator: URL) -> None:
    with installation(creator) as settings:
        upgrade(settings.model_copy(update={"services": ("learning",)}))
        assert found(settings, EXTENSIONS) == {"vector", "pg_trgm"}
        command.downgrade(alembic_config(settings), "learning@base")
        assert found(settings, EXTENSIONS) == {"vector"}


@ON_18
def test_downgrading_leaves_an_extension_that_something_else_uses(creator: URL) -> None:
    with installation(creator) as settings:
        upgrade(settings.model_copy(update={"services": ("learning",)}))
        assert settings.migration_url is not None
        with admin_engine(settings.migration_url).begin() as connection:
            connection.execute(text("create table app.words (word text)"))
            connection.execute(text("create index on app.words using gin (word extensions.gin_trgm_ops)"))
        command.downgrade(alembic_config(settings), "learning@base")
        assert found(settings, EXTENSIONS) == {"vector", "pg_trgm"}
