"""Logins: each can connect, acts as it should, and can do no more."""

from __future__ import annotations

import pytest

from app_db.errors import BootstrapError, DatabaseError, PermissionDenied
from app_db.schema import LOGINS
from app_db.schema.roles import search_path
from app_db.settings import LoginUrl


@pytest.fixture
def urls(standing):
    return standing[1].urls


@pytest.fixture
def everywhere(standing):
    return standing[0]


@pytest.mark.parametrize("login", LOGINS, ids=lambda login: login.name)
def test_every_login_connects_with_its_url_and_has_the_search_path(everywhere, urls, login):
    (row,) = everywhere.sql("select session_user::text as who, current_setting('search_path') as path", urls[login.url])
    assert row.who == everywhere.names(login.name)
    assert row.path == search_path()


def test_only_the_logins_of_migrations_and_backup_act_as_another_role(everywhere, urls):
    for login in LOGINS:
        ((role,),) = everywhere.sql("select current_user::text", urls[login.url])
        acts_as = {LoginUrl.MIGRATION: "app_owner", LoginUrl.BACKUP: "app_backup"}.get(login.url, login.name)
        assert role == everywhere.names(acts_as), login.name


def test_the_migration_login_makes_schemas_that_the_owner_owns(everywhere, urls):
    everywhere.sql("create schema made", urls[LoginUrl.MIGRATION])
    owner = everywhere.inside("select nspowner::regrole::text from pg_namespace where nspname = 'made'")
    assert owner == [(everywhere.names("app_owner"),)]


@pytest.mark.parametrize(
    "login", [entry for entry in LOGINS if entry.url is not LoginUrl.MIGRATION], ids=lambda e: e.name
)
@pytest.mark.parametrize("statement", ["create table public.t (i int)", "create schema s", "create role r"])
def test_no_other_login_makes_tables_schemas_or_roles(everywhere, urls, login, statement):
    with pytest.raises(PermissionDenied):
        everywhere.sql(statement, urls[login.url])


def test_temporary_tables_are_for_those_that_load_in_bulk(everywhere, urls):
    for login in LOGINS:
        everywhere.sql("create temporary table t (i int)", urls[login.url])


def test_a_wrong_password_is_refused(everywhere, urls):
    with pytest.raises(DatabaseError, match="password authentication failed"):
        everywhere.sql("select 1", urls[LoginUrl.APPLICATION].set(password="wrong"))


def test_a_login_outside_the_house_can_not_connect(everywhere, urls):
    with pytest.raises(DatabaseError, match="permission denied for database"):
        everywhere.sql("select 1", everywhere.admin.set(database=everywhere.database))


def test_settings_that_were_changed_are_set_again(shop):
    login = shop.names("app_migration_login")
    shop.sql(f'alter role {login} in database "{shop.database}" reset role')
    assert shop.bootstrap().changed == (f"login {login} (role in {shop.database})",)
    assert shop.bootstrap().changed == ()


def test_a_login_that_was_shut_stays_shut_and_is_named(shop):
    login = shop.names("app_login")
    shop.sql(f"alter role {login} nologin")
    report = shop.bootstrap(rotate_passwords=True)
    (finding,) = [found for found in report.findings if found.severity == "warning"]
    assert finding.type_this == f"alter role {login} login"
    assert shop.sql("select rolcanlogin from pg_roles where rolname = :n", n=login) == [(False,)]


def test_given_passwords_are_used_and_the_others_generated(place):
    odd = "s3cr'et%s\\:/@ü"
    urls = place.bootstrap(passwords={"app_login": odd}).urls
    assert urls[LoginUrl.APPLICATION].password == odd
    generated = urls[LoginUrl.READONLY].password
    assert len(generated) == 32
    assert generated.isalnum()
    for url in urls.values():
        place.sql("select 1", url)


@pytest.mark.parametrize(("given", "reason"), [({"app_logn": "x"}, "no login"), ({"app_login": ""}, "is empty")])
def test_passwords_for_nobody_and_empty_ones_are_refused_before_any_change(place, given, reason):
    with pytest.raises(BootstrapError, match=reason):
        place.bootstrap(passwords=given)
    assert place.roles() == set()


def test_a_second_run_keeps_passwords_and_says_that_urls_lack_them(place):
    urls = place.bootstrap().urls
    report = place.bootstrap(passwords={"app_login": "another"})
    assert {url.password for url in report.urls.values()} == {None}
    (finding,) = [found for found in report.findings if "keep their passwords" in found.what]
    assert finding.type_this == "--rotate-passwords"
    place.sql("select 1", urls[LoginUrl.APPLICATION])


def test_rotation_sets_new_passwords_and_shuts_out_the_old(place):
    urls = place.bootstrap().urls
    report = place.bootstrap(rotate_passwords=True)
    assert len(report.changed) == len(LOGINS)
    for login, url in report.urls.items():
        place.sql("select 1", url)
        with pytest.raises(DatabaseError, match="password authentication failed"):
            place.sql("select 1", urls[login])


def test_urls_keep_host_port_and_query_of_the_administrator_but_not_what_is_his_own(place):
    url = place.admin.update_query_dict({"sslmode": "prefer", "passfile": "/dev/null"})
    made = place.bootstrap(url).urls[LoginUrl.APPLICATION]
    assert (made.host, made.port, dict(made.query)) == (url.host, url.port, {"sslmode": "prefer"})


def test_the_clear_password_reaches_neither_the_log_nor_other_sessions(place):
    place.sql(f"alter role {place.admins[0]} set log_statement = 'all'")
    start = place.log.stat().st_size
    urls = place.bootstrap(passwords={"app_login": "clear-password-1"}).urls
    urls |= {LoginUrl.ADMIN: place.bootstrap(rotate_passwords=True).urls[LoginUrl.ADMIN]}
    logged = place.log.read_bytes()[start:].decode()
    assert f'create role "{place.names("app_login")}"' in logged
    assert logged.count("SCRAM-SHA-256$") == 2 * len(LOGINS)
    for url in urls.values():
        assert url.password not in logged
