"""An init as a whole: from nothing to head, again, at once, and after a kill at any point."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import pytest
from init.conftest import init, owner_of, rows
from sqlalchemy import URL, text
from support import catalogue, heads, installation

from app_db.engine import admin_engine
from app_db.errors import ConnectionLost, InitRefused
from app_db.init import InitReport, initialise
from app_db.init import run as module
from app_db.migrations import upgrade
from app_db.migrations.alone import alone
from app_db.schema import SERVICES
from app_db.settings import Environment, Settings

in_commit = pytest.mark.app_db("commit")
SCHEMAS = tuple(schema for service in SERVICES.values() for schema in service.schemas)


def state(settings: Settings) -> list[Any]:
    """Return what there is: the schema, and the rows that init makes."""
    tables = ("auth.users", "auth_private.password_hashes", "tenancy.tenants", "tenancy.memberships")
    assert settings.migration_url is not None
    return [
        catalogue(settings.migration_url, SCHEMAS),
        *(rows(settings, f"select * from {table} order by 1, 2") for table in tables),
    ]


def in_development(settings: Settings) -> Settings:
    return settings.model_copy(update={"environment": Environment.DEVELOPMENT})


def test_from_nothing_to_head_with_seeds_and_an_administrator_and_again_nothing(
    empty_settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings = in_development(empty_settings)
    with caplog.at_level(logging.DEBUG):
        first, returned = init(settings)
    password = first.administrator.password
    assert password is not None
    at_head = tuple(heads(settings))
    assert (first.before, first.after) == ((), at_head)
    assert first.seeds is not None
    assert first.seeds.added["tenancy.tenants"] == 2
    assert {check.outcome for check in first.logins} == {"ok"}
    assert first.as_dict()["administrator"]["password"] == password
    assert password not in caplog.text + repr(first) + str(first) + repr(returned) + str(returned.as_dict())

    before = state(settings)
    second, _ = init(settings)
    assert state(settings) == before
    assert (second.before, second.after, second.administrator.outcome) == (at_head, at_head, "there")
    assert second.seeds is not None
    assert set(second.seeds.added.values()) == {0}
    assert "password" not in second.as_dict()["administrator"]


def test_without_an_address_nothing_is_changed(empty_settings: Settings) -> None:
    for options in ({"email": None}, {"email": "anna"}, {"tenant": "Main"}):
        with pytest.raises(InitRefused):
            init(empty_settings, **options)
    assert rows(empty_settings, "select from pg_namespace where nspname = 'app'") == []


def test_initial_data_can_be_left_out_and_needs_no_address(empty_settings: Settings) -> None:
    report, _ = init(in_development(empty_settings), None, initial_data=False)
    assert (report.after, report.seeds) == (tuple(heads(empty_settings)), None)
    assert (report.administrator.outcome, report.administrator.why) == ("left out", "--skip-initial-data")
    assert rows(empty_settings, "select from tenancy.tenants") == []


def test_where_auth_is_not_placed_it_is_said_and_nobody_is_made(empty_settings: Settings) -> None:
    report, _ = init(empty_settings.model_copy(update={"services": ("catalog",)}), None)
    assert report.administrator.outcome == "left out"
    assert "auth is not placed" in report.administrator.why
    assert rows(empty_settings, "select from pg_namespace where nspname = 'auth'") == []


@in_commit
def test_a_second_one_at_once_is_refused_and_so_is_one_during_a_reset(app_db_settings: Settings) -> None:
    with alone(owner_of(app_db_settings), InitRefused("never")), pytest.raises(InitRefused, match="under way"):
        init(app_db_settings)
    assert rows(app_db_settings, "select from auth.users") == []


@in_commit
def test_unguarded_without_the_lock_it_goes_on_during_a_reset(
    app_db_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "alone", lambda _engine, _refusal: nullcontext())
    with alone(owner_of(app_db_settings), InitRefused("never")):
        assert init(app_db_settings)[0].administrator.outcome == "made"


def test_two_at_once_make_one_administrator(empty_settings: Settings) -> None:
    inside, go_on = threading.Event(), threading.Event()
    found: list[InitReport] = []

    def slow(report: InitReport) -> None:
        found.append(report)
        inside.set()
        assert go_on.wait(60)

    first = threading.Thread(
        target=initialise, args=(empty_settings,), kwargs={"announce": slow, "email": "anna@example.com"}
    )
    first.start()
    try:
        assert inside.wait(60)
        with pytest.raises(InitRefused, match="another init or reset of this database is under way"):
            init(empty_settings)
    finally:
        go_on.set()
        first.join()
    assert [report.administrator.outcome for report in found] == ["made"]
    assert init(empty_settings)[0].administrator.outcome == "there"


def _kill(settings: Settings) -> None:
    """End every session of the migrations' login, as a kill of the process or of the server does."""
    assert settings.migration_url is not None
    with admin_engine(settings.migration_url, autocommit=True).connect() as connection:
        connection.execute(text("set role none"))  # the sessions are the login's and not the owner's
        connection.execute(
            text("select pg_terminate_backend(pid) from pg_stat_activity "
                 "where usename = current_user and pid <> pg_backend_pid() and datname = current_database()")
        )  # fmt: skip


@in_commit
def test_killed_between_any_two_steps_the_next_run_completes(
    app_db_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = in_development(app_db_settings)
    for step in ("applied_revisions", "upgrade", "seed", "check_logins"):
        with monkeypatch.context() as patch:
            patch.setattr(module, step, _dying(getattr(module, step)))
            with pytest.raises(KeyboardInterrupt):
                init(settings)
        assert rows(settings, "select from auth.users") == []
    report, _ = init(settings)
    assert report.administrator.outcome == "made"
    slugs = [row.slug for row in rows(settings, "select slug from tenancy.tenants order by 1")]
    assert {"acme", "globex", "main"} <= set(slugs)
    assert len(rows(settings, "select from auth_private.password_hashes")) == 1


def _dying(step: Callable[..., Any]) -> Callable[..., Any]:
    def dies(*arguments: Any, **options: Any) -> Any:
        step(*arguments, **options)
        raise KeyboardInterrupt

    return dies


@in_commit
def test_a_connection_that_is_lost_before_the_commit_leaves_nobody(app_db_settings: Settings) -> None:
    shown: list[str | None] = []

    def lose(report: InitReport) -> None:
        shown.append(report.administrator.password)
        _kill(app_db_settings)

    with pytest.raises(ConnectionLost):
        initialise(app_db_settings, announce=lose, email="anna@example.com")
    assert rows(app_db_settings, "select from auth.users") == []
    report, _ = init(app_db_settings)
    assert report.administrator.password not in {None, *shown}


def test_a_revision_that_was_applied_alone_is_gone_on_from(empty_settings: Settings) -> None:
    upgrade(empty_settings, "core@head")
    report, _ = init(empty_settings)
    assert report.before == (SERVICES["core"].revision,)
    assert report.after == tuple(heads(empty_settings))


@in_commit
def test_a_login_that_sees_too_much_stops_it_before_the_administrator(app_db_settings: Settings) -> None:
    settings = app_db_settings.model_copy(update={"url": app_db_settings.admin_url})
    with pytest.raises(InitRefused, match="these logins are not fit") as refused:
        init(settings)
    assert "sees every tenant's rows" in str(refused.value)
    assert rows(app_db_settings, "select from auth.users") == []


@in_commit
def test_a_login_of_another_database_stops_it(app_db_settings: Settings, creator: URL) -> None:
    with installation(creator) as other, pytest.raises(InitRefused, match="leads to another database"):
        init(app_db_settings.model_copy(update={"auth_url": other.auth_url}))


@in_commit
def test_a_login_whose_password_is_not_known_here_is_a_note(app_db_settings: Settings) -> None:
    assert app_db_settings.backup_url is not None
    report, _ = init(
        app_db_settings.model_copy(update={"backup_url": app_db_settings.backup_url.set(password="wrong")})
    )
    found = {check.name: check for check in report.logins}["APP_DB_BACKUP_URL"]
    assert found.outcome in {"note", "ok"}  # ok where the server trusts everybody on this machine
    assert "wrong" not in str(found)
