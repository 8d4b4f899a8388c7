"""What must be so before: each thing that is not is found, with its remedy, and nothing is changed by looking."""

from __future__ import annotations

from typing import Any

import pytest
from init.conftest import init, rows
from sqlalchemy import URL, text
from support import carried, settings_for

from app_db.engine import admin_engine
from app_db.errors import ConnectionLost, InitRefused, SettingsError
from app_db.init import Check, check_prerequisites
from app_db.init import prerequisites as module
from app_db.schema import SERVICES
from app_db.server import EmbeddedServer
from app_db.settings import LoginUrl, Settings

SCHEMAS = """
select nspname from pg_namespace
where nspname !~ '^pg_' and nspname not in ('public', 'extensions', 'information_schema')
"""


class Facts:
    """What a server may say of itself."""

    def __init__(self, **changes: Any) -> None:
        usual = {
            "major": 18, "release": "18.1", "is_standby": False, "encoding": "UTF8", "time_zone": "UTC",
            "checksums": "on", "login": "somebody", "database": "shop", "is_superuser": False,
        }  # fmt: skip
        self.__dict__.update({**usual, **changes})


def of(found: list[Check], name: str) -> Check:
    return next(check for check in found if check.name == name)


@pytest.mark.parametrize(
    ("change", "name", "outcome", "words"),
    [
        ({"major": 14}, "server", "failed", "pg_upgrade"),
        ({"major": 15}, "server", "ok", ""),
        ({"major": 18}, "server", "ok", ""),
        ({"major": 19}, "server", "note", "rehearse it"),
        ({"is_standby": True}, "standby", "failed", "APP_DB_MIGRATION_URL to its primary"),
        ({"checksums": "off"}, "checksums", "note", "pg_checksums"),
        ({"encoding": "LATIN1"}, "encoding", "failed", "bootstrap"),
        ({"encoding": "SQL_ASCII"}, "encoding", "failed", "bootstrap"),
        ({"time_zone": "Europe/Berlin"}, "time zone", "note", "set timezone = 'UTC'"),
    ],
)
def test_each_thing_that_is_not_as_it_should_be_is_found(
    change: dict[str, Any], name: str, outcome: str, words: str
) -> None:
    facts: Any = Facts(**change)
    check = of([*module._server(facts), *module._database(facts)], name)
    assert check.outcome == outcome
    assert words in check.remedy


def test_a_server_as_it_should_be_passes_and_looking_changes_nothing(empty_settings: Settings) -> None:
    found = check_prerequisites(empty_settings)
    names = {service.name for service in carried(empty_settings)}
    learning = {"vector": "ok"} if "learning" in names else {"learning": "note"}
    assert {check.name: check.outcome for check in found if check.name not in {"checksums", "time zone"}} == {
        "server": "ok", "encoding": "ok", "login": "ok", "roles": "ok", "btree_gin": "ok", "btree_gist": "ok",
        "pg_trgm": "ok", **learning,
    }  # fmt: skip
    assert of(found, "btree_gin").found == "can be made"
    assert rows(empty_settings, SCHEMAS) == []


def test_a_missing_url_is_named_and_so_is_a_server_that_does_not_answer(empty_settings: Settings) -> None:
    with pytest.raises(SettingsError, match="APP_DB_MIGRATION_URL is not set"):
        check_prerequisites(empty_settings.model_copy(update={"migration_url": None}))
    nowhere = URL.create("postgresql+psycopg2", "somebody", "secret", "127.0.0.1", 1, "shop")
    with pytest.raises(ConnectionLost) as lost:
        check_prerequisites(empty_settings.model_copy(update={"migration_url": nowhere}))
    assert "secret" not in str(lost.value)


def test_without_roles_bootstrap_is_named_and_nothing_is_changed(empty_settings: Settings) -> None:
    settings = empty_settings.model_copy(update={"role_prefix": "nobody_"})
    with pytest.raises(InitRefused, match="nothing was changed") as refused:
        init(settings)
    assert "nobody_app_owner" in str(refused.value)
    assert "app-db bootstrap --admin-url" in str(refused.value)
    assert rows(empty_settings, SCHEMAS) == []


def test_the_login_of_the_application_is_refused_for_migrations(empty_settings: Settings) -> None:
    settings = empty_settings.model_copy(update={"migration_url": empty_settings.url})
    check = of(check_prerequisites(settings), "login")
    assert check.outcome == "failed"
    assert "may not act as" in check.found
    with pytest.raises(InitRefused, match="APP_DB_MIGRATION_URL to the migrations' login"):
        init(settings)


def test_an_owner_who_may_create_nothing_is_found(empty_settings: Settings, creator: URL) -> None:
    assert empty_settings.url is not None
    database, owner = empty_settings.url.database, f"{empty_settings.role_prefix}app_owner"
    as_owner = empty_settings.migration_url
    assert as_owner is not None
    with admin_engine(as_owner, autocommit=True).connect() as connection:
        connection.execute(text(f"revoke create on database {database} from {owner}"))
    check = of(check_prerequisites(empty_settings), "owner")
    assert (check.outcome, "may not create schemas" in check.found) == ("failed", True)


def test_a_role_that_was_changed_is_a_note(empty_settings: Settings, server: EmbeddedServer) -> None:
    prefix = empty_settings.role_prefix
    with admin_engine(server.superuser_url(), autocommit=True).connect() as connection:
        connection.execute(text(f"alter role {prefix}app_login createdb"))
    check = of(check_prerequisites(empty_settings), "roles")
    assert (check.outcome, check.found) == ("note", "not as bootstrap makes them: app_login")
    assert "app-db bootstrap" in check.remedy


@pytest.mark.parametrize(
    ("extension", "words"),
    [("no_such_extension", "have it installed on the server"), ("pageinspect", "a superuser types in")],
)
def test_an_extension_that_nobody_here_can_make_is_found(
    empty_settings: Settings, monkeypatch: pytest.MonkeyPatch, extension: str, words: str
) -> None:
    billing = SERVICES["billing"]
    object.__setattr__(billing, "extensions", (*billing.extensions, extension))
    try:
        check = of(check_prerequisites(empty_settings), extension)
    finally:
        object.__setattr__(billing, "extensions", billing.extensions[:-1])
    assert check.outcome == "failed"
    assert words in check.remedy


def test_extensions_of_services_that_are_not_placed_are_not_asked_for(empty_settings: Settings) -> None:
    found = check_prerequisites(empty_settings.model_copy(update={"services": ("catalog",)}))
    assert {"btree_gin"} == {check.name for check in found} & {"btree_gin", "btree_gist"}


def test_a_superuser_is_noted(empty_settings: Settings, server: EmbeddedServer) -> None:
    assert empty_settings.url is not None
    superuser = server.superuser_url(str(empty_settings.url.database))
    settings = settings_for({LoginUrl.MIGRATION: superuser}, role_prefix=empty_settings.role_prefix)
    assert of(check_prerequisites(settings), "login").outcome == "note"
