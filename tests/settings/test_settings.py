from __future__ import annotations

import logging
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import URL

from app_db.engine import admin_engine
from app_db.errors import SettingsError
from app_db.settings import LoginUrl, Settings, load_settings, parse_url

SECRET = "hunter2-and-a-half"
SAFE = f"postgresql://u:{SECRET}@db.example/app?sslmode=verify-full"


def _set(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg2"])
def test_the_driver_is_made_explicit(scheme: str) -> None:
    assert parse_url(f"{scheme}://u:p@h/d", "DATABASE_URL").drivername == "postgresql+psycopg2"


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("sqlite:///app.db", "no row-level security.*use postgresql://"),
        ("sqlite://", "SQLite.*use postgresql://"),
        ("mysql://u:p@h/d", "'mysql'.*write postgresql://"),
        ("postgresql+asyncpg://u:p@h/d", "asyncpg.*leave the driver out"),
        ("postgresql+psycopg://u:p@h/d", "psycopg.*leave the driver out"),
        ("postgresql://u:p@h", "names no database"),
        ("postgresql://u:p@h/d?sslpassword=x", "sslpassword"),
        (f"not a url with {SECRET}", "is no database URL"),
        (f"postgresql://u:{SECRET}@h:port/d", "is no database URL"),
        ("", "is no database URL"),
    ],
)
def test_a_url_that_can_not_work_is_refused_with_what_to_write(url: str, words: str) -> None:
    with pytest.raises(SettingsError, match=f"DATABASE_URL .*{words}") as caught:
        parse_url(url, "DATABASE_URL")
    assert SECRET not in str(caught.value)


def test_a_password_in_the_query_is_hidden_like_one_in_its_place() -> None:
    url = parse_url(f"postgresql://u@h/d?password={SECRET}&sslmode=require", "DATABASE_URL")
    assert url.password == SECRET
    assert SECRET not in f"{url!r}{url}"


@given(st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=8, max_size=40))
def test_no_password_shows_in_repr_str_or_dump(password: str) -> None:
    url = URL.create("postgresql", "login", password, "host", 5432, "name")
    settings = load_settings(url=url)
    assert settings.url is not None
    assert settings.url.password == password
    shown = f"{settings!r}{settings}{settings.url!r}{settings.url}"
    assert f":{password}@" not in shown
    assert ":***@" in shown


def test_no_password_shows_in_the_error_or_traceback_of_an_unusable_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, DATABASE_URL=f"mysql://u:{SECRET}@h/d", APP_DB_ADMIN_URL=f"bad {SECRET}", APP_DB_POOL_SIZE="many")
    try:
        load_settings()
    except SettingsError as error:
        shown = "".join(traceback.format_exception(error))
    assert SECRET not in shown
    assert {"DATABASE_URL", "APP_DB_ADMIN_URL", "APP_DB_POOL_SIZE"} <= set(shown.replace(";", " ").split())


def test_no_password_shows_when_the_server_can_not_be_reached(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    engine = admin_engine(parse_url(f"postgresql://u:{SECRET}@127.0.0.1:1/d", "DATABASE_URL"))
    try:
        engine.connect()
    except Exception as error:  # noqa: BLE001  # whatever it is, it must not tell
        shown = "".join(traceback.format_exception(error))
    assert SECRET not in shown + caplog.text + repr(engine)


def test_the_figures_are_those_of_a_large_pool() -> None:
    settings = load_settings()
    assert (settings.pool_size, settings.max_overflow) == (20, 40)
    assert (settings.pool_timeout, settings.pool_recycle) == (30, 3600)
    assert (settings.statement_timeout, settings.lock_timeout, settings.pool_pre_ping) == (60, 10, True)


@pytest.mark.parametrize(("environment", "size"), [("development", 5), ("production", 10)])
def test_the_preset_service_is_a_small_pool(monkeypatch: pytest.MonkeyPatch, environment: str, size: int) -> None:
    _set(monkeypatch, APP_DB_PRESET="service", APP_DB_ENVIRONMENT=environment, DATABASE_URL=SAFE)
    settings = load_settings()
    assert (settings.pool_size, settings.max_overflow, settings.pool_recycle) == (size, 0, 300)
    assert (settings.statement_timeout, settings.idle_in_transaction_timeout) == (30, 30)


def test_a_figure_that_is_set_wins_over_the_preset(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, APP_DB_PRESET="service", APP_DB_POOL_SIZE="7")
    assert load_settings().pool_size == 7


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("APP_DB_PRESET", "huge"),
        ("APP_DB_ENVIRONMENT", "prod"),
        ("APP_DB_POOL_SIZE", "0"),
        ("APP_DB_POOL_TIMEOUT", "-1"),
        ("APP_DB_ROLE_PREFIX", "Robert'); drop"),
        ("APP_DB_CONNECT_TIMEOUT", "soon"),
        ("APP_DB_DATABASES", "{"),
    ],
)
def test_a_value_out_of_range_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, variable: str, value: str) -> None:
    _set(monkeypatch, **{variable: value})
    with pytest.raises(SettingsError, match=f"(?i){variable}|field .{variable.removeprefix('APP_DB_')}"):
        load_settings()


def test_production_without_a_url_is_refused_with_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, APP_DB_ENVIRONMENT="production")
    with pytest.raises(SettingsError, match=r"DATABASE_URL is not set.*set it to postgresql://"):
        load_settings()


def test_a_job_that_only_migrates_needs_no_other_url(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, APP_DB_ENVIRONMENT="production", APP_DB_MIGRATION_URL=SAFE)
    assert load_settings().url is None


@pytest.mark.parametrize("mode", ["", "?sslmode=disable", "?sslmode=allow", "?sslmode=prefer"])
def test_production_refuses_tls_weaker_than_require(monkeypatch: pytest.MonkeyPatch, mode: str) -> None:
    _set(monkeypatch, APP_DB_ENVIRONMENT="production", DATABASE_URL=f"postgresql://u:{SECRET}@h/d{mode}")
    with pytest.raises(SettingsError, match=r"DATABASE_URL has sslmode.*add \?sslmode=require") as caught:
        load_settings()
    assert SECRET not in str(caught.value)


def test_production_refuses_weak_tls_of_every_login_and_database(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, APP_DB_ENVIRONMENT="production", DATABASE_URL=SAFE, APP_DB_ADMIN_URL="postgresql://u:p@h/d")
    with pytest.raises(SettingsError, match="APP_DB_ADMIN_URL has sslmode"):
        load_settings()
    _set(monkeypatch, APP_DB_ADMIN_URL=SAFE, APP_DB_DATABASES__PAYMENTS__URL="postgresql://u:p@h/d")
    with pytest.raises(SettingsError, match="APP_DB_DATABASES__PAYMENTS__URL has sslmode"):
        load_settings()


@pytest.mark.parametrize(
    "url", [SAFE, SAFE.replace("verify-full", "require"), "postgresql://u@/d?host=/run/postgresql"]
)
def test_production_accepts_tls_and_sockets(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    _set(monkeypatch, APP_DB_ENVIRONMENT="production", DATABASE_URL=url)
    assert load_settings().url is not None


def test_the_environment_wins_over_files_and_the_special_file_over_the_general_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("APP_DB_POOL_SIZE=1\nAPP_DB_MAX_OVERFLOW=1\nAPP_DB_LOCK_TIMEOUT=1\n")
    (tmp_path / ".env.test").write_text("APP_DB_MAX_OVERFLOW=2\nAPP_DB_LOCK_TIMEOUT=2\n")
    _set(monkeypatch, APP_DB_ENVIRONMENT="test", APP_DB_LOCK_TIMEOUT="3")
    settings = load_settings(tmp_path)
    assert (settings.pool_size, settings.max_overflow, settings.lock_timeout) == (1, 2, 3)


def test_the_general_file_may_name_the_environment(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("APP_DB_ENVIRONMENT=staging\n")
    (tmp_path / ".env.staging").write_text("APP_DB_POOL_SIZE=4\n")
    assert load_settings(tmp_path).pool_size == 4


def test_secrets_come_from_a_directory_with_a_file_each(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "APP_DB_ADMIN_URL").write_text(SAFE)
    (tmp_path / "DATABASE_URL").write_text(SAFE)
    _set(monkeypatch, APP_DB_SECRETS_DIR=str(tmp_path))
    settings = load_settings()
    assert settings.admin_url is not None
    assert settings.admin_url.password == SECRET
    assert settings.url == settings.admin_url


def test_a_missing_secrets_directory_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    _set(monkeypatch, APP_DB_SECRETS_DIR=str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="APP_DB_SECRETS_DIR"):
        load_settings()


def test_several_databases_each_have_their_urls_and_services(monkeypatch: pytest.MonkeyPatch) -> None:
    _set(monkeypatch, APP_DB_DATABASES__PAYMENTS__URL=SAFE, APP_DB_DATABASES__PAYMENTS__SERVICES="catalog")
    payments = load_settings().database("payments")
    assert payments.services == ("catalog",)
    assert payments.login_url(LoginUrl.APPLICATION) is not None


def test_a_database_that_is_not_set_up_is_refused_with_the_variable() -> None:
    with pytest.raises(SettingsError, match="APP_DB_DATABASES__CRM__URL"):
        load_settings().database("crm")


def test_settings_can_not_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Settings(**load_settings().model_dump(exclude={"url"})).pool_size = 3
