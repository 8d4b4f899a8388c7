"""What the administrator lacks is named before anything is changed."""

from __future__ import annotations

import pytest
from sqlalchemy.engine import make_url
from support import ON_18

from app_db.bootstrap import bootstrap
from app_db.errors import BootstrapError, ConnectionLost, SettingsError


def test_lacking_createrole_is_named_with_what_a_superuser_types(place):
    admin = place.make_admin("createdb")
    before = place.snapshot()
    with pytest.raises(BootstrapError, match=f"lacks CREATEROLE.*superuser.*alter role {admin.username} createrole"):
        place.bootstrap(admin)
    assert place.snapshot() == before


def test_lacking_createdb_is_named_with_what_a_superuser_types(place):
    admin = place.make_admin("createrole")
    before = place.snapshot()
    with pytest.raises(BootstrapError, match=f"lacks CREATEDB.*superuser.*alter role {admin.username} createdb"):
        place.bootstrap(admin)
    assert place.snapshot() == before


def test_lacking_both_is_named_at_once(place):
    with pytest.raises(BootstrapError) as caught:
        place.bootstrap(place.make_admin(""))
    assert "lacks CREATEROLE" in str(caught.value)
    assert "lacks CREATEDB" in str(caught.value)


def test_createdb_is_not_needed_for_a_database_that_exists(shop):
    shop.sql(f"alter role {shop.admins[0]} nocreatedb")
    assert shop.bootstrap().changed == ()


def test_what_is_to_be_typed_is_enough(place):
    admin = place.make_admin("")
    with pytest.raises(BootstrapError) as caught:
        place.bootstrap(admin)
    for line in str(caught.value).splitlines()[1:]:
        place.sql(line.split("type: ")[1])
    assert not place.bootstrap(admin).failed


def test_a_second_administrator_is_told_the_first_and_what_he_types_from_16_on(shop):
    second = shop.make_admin()
    if shop.version < 16:
        assert shop.bootstrap(second).changed == ()
        return
    before = shop.snapshot()
    with pytest.raises(BootstrapError, match="lacks ADMIN OPTION") as caught:
        shop.bootstrap(second)
    message = str(caught.value)
    assert f"who can: {shop.admins[0]} or a superuser" in message
    assert shop.names("app_tenant") in message
    assert f"to {second.username} with admin option" in message
    assert shop.snapshot() == before


@ON_18
def test_the_second_administrator_can_work_once_the_first_typed_it_and_sees_no_rows(shop):
    second = shop.make_admin()
    with pytest.raises(BootstrapError) as caught:
        shop.bootstrap(second)
    shop.sql(str(caught.value).split("type: ")[1], shop.admin)
    report = shop.bootstrap(second, rotate_passwords=True)
    assert not report.failed
    assert second.username not in shop.members_of("app_owner") | shop.members_of("app_all")
    assert not shop.bootstrap(second, database=f"{shop.prefix}other").failed


@ON_18
def test_a_single_role_made_by_another_is_enough_to_be_refused_from_16_on(place):
    second = place.make_admin()
    place.sql(f"create role {place.names('app_rw')}", second)
    with pytest.raises(BootstrapError, match=f"grant {place.names('app_rw')} to {place.admins[0]} with admin option"):
        place.bootstrap()
    assert place.roles() == {place.names("app_rw")}


def test_a_server_that_does_not_answer_is_an_error_of_the_house():
    with pytest.raises(ConnectionLost):
        bootstrap(make_url("postgresql://x@127.0.0.1:1/postgres"), "shop")


@pytest.mark.parametrize(
    "url", ["postgresql://x@127.0.0.1:1", "sqlite://", "mysql://x@h/d", "postgresql+asyncpg://h/d"]
)
def test_a_url_of_something_else_is_refused(url):
    with pytest.raises(SettingsError, match="the administrator's URL"):
        bootstrap(make_url(url), "shop")
