"""A run as a whole: again, dry, two at once, and what its report shows."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.engine import make_url

from app_db.bootstrap import bootstrap, lock
from app_db.engine import admin_engine
from app_db.errors import BootstrapError
from app_db.schema import LOGINS, ROLES

NOWHERE = make_url("postgresql://x@127.0.0.1:1/postgres")


def test_a_second_run_changes_nothing(shop):
    before = shop.snapshot()
    report = shop.bootstrap()
    assert report.created == report.changed == ()
    assert len(report.unchanged) == len(ROLES) + len(LOGINS) + 1
    assert shop.snapshot() == before


def test_a_second_run_by_a_superuser_changes_only_what_he_alone_can(shop):
    has_vector = shop.sql("select from pg_available_extensions where name = 'vector'")
    extension = [f"database {shop.database} (extension vector)"] if has_vector else []
    assert shop.bootstrap(shop.superuser).changed == (f"role {shop.names('app_backup')} (bypassrls)", *extension)
    assert shop.bootstrap(shop.superuser).changed == ()
    assert shop.bootstrap().changed == ()


def test_a_dry_run_says_what_a_run_does_and_changes_nothing(place):
    before = place.snapshot()
    planned = place.bootstrap(dry_run=True)
    assert place.snapshot() == before
    done = place.bootstrap()
    assert planned.created == done.created
    assert {url.password for url in planned.urls.values()} == {None}


def test_a_dry_rotation_rotates_nothing(shop):
    before = shop.snapshot()
    report = shop.bootstrap(dry_run=True, rotate_passwords=True)
    assert len(report.changed) == len(LOGINS)
    assert shop.snapshot() == before


def test_a_dry_run_still_refuses_what_a_run_would(place):
    with pytest.raises(BootstrapError, match="CREATEROLE"):
        place.bootstrap(place.make_admin("createdb"), dry_run=True)


def test_two_at_once_make_one_installation(place):
    barrier = threading.Barrier(2)

    def go(_number):
        barrier.wait()
        return place.bootstrap()

    with ThreadPoolExecutor(2) as pool:
        first, second = sorted(pool.map(go, range(2)), key=lambda report: len(report.created))
    assert first.created == ()
    assert len(second.created) == len(ROLES) + len(LOGINS) + 1
    assert place.admins[0] not in place.members_of("app_owner")


def test_a_run_that_never_ends_is_named_to_the_next(place, monkeypatch):
    monkeypatch.setattr(lock, "_PATIENCE", 0.3)
    engine = admin_engine(place.superuser, autocommit=True)
    with engine.connect() as connection, lock.only_run(connection):
        pid = connection.exec_driver_sql("select pg_backend_pid()").scalar()
        with pytest.raises(BootstrapError, match=rf"another bootstrap .*pg_terminate_backend\({pid}\)"):
            place.bootstrap()
    assert place.roles() == set()
    assert place.bootstrap().created


@pytest.mark.parametrize(
    "name", ["", "Shop", "1shop", "sh op", 'sh"op', "shop;drop", "schön", "s" * 64, "shop\n", "-shop", "a.b"]
)
def test_a_database_name_that_needs_quoting_is_refused_before_connecting(name):
    with pytest.raises(BootstrapError, match="can't be the name of the database"):
        bootstrap(NOWHERE, name)


@pytest.mark.parametrize("prefix", ["A_", "1a_", "a%_", "a-", 'a"', "a" * 21, "pg_", "a_\n"])
def test_a_prefix_that_can_not_be_one_is_refused_before_connecting(prefix):
    with pytest.raises(BootstrapError, match="can't be the prefix"):
        bootstrap(NOWHERE, "shop", role_prefix=prefix)


def test_names_at_their_limits_work(place):
    prefix = place.prefix.ljust(20, "z")
    database = (place.prefix + "a-b$").ljust(63, "c")
    report = place.bootstrap(database=database, role_prefix=prefix)
    assert not report.failed
    for url in report.urls.values():
        place.sql("select 1", url)


def test_the_report_shows_no_password(standing):
    _, report = standing
    shown = [repr(report), str(report), json.dumps(report.as_dict()), *map(str, report.urls.values())]
    for url in report.urls.values():
        assert url.password
        assert not [text for text in shown if url.password in text]
        assert url.password in json.dumps(report.as_dict(show_passwords=True))


def test_what_the_server_refuses_is_named_without_the_statement(place):
    place.sql(f"alter role {place.admins[0]} set default_transaction_read_only = on")
    with pytest.raises(BootstrapError, match=r"role .*app_tenant: the server refused it .*read-only") as caught:
        place.bootstrap()
    assert "create role" not in str(caught.value)
    assert place.roles() == set()
