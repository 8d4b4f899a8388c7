"""Roles and memberships: made with CREATEROLE and CREATEDB alone, and exactly as the schema lists them."""

from __future__ import annotations

import pytest
from support import ON_18

from app_db.errors import PermissionDenied
from app_db.schema import LOGINS, ROLES
from app_db.settings import LoginUrl

MEMBER_OF = {entry.name: entry.member_of for entry in (*ROLES, *LOGINS)}
TENANT_LOGINS = ["app_login", "app_tenant_admin_login", "app_auth_login", "app_readonly_login"]
PRIVILEGED = ["app_all", "app_owner", "app_definer", "app_secrets"]


def closure(name):
    return {name}.union(*(closure(role) for role in MEMBER_OF[name]))


def test_createrole_and_createdb_alone_make_everything(place):
    report = place.bootstrap()
    assert not report.failed
    assert place.roles() == {place.names(entry.name) for entry in (*ROLES, *LOGINS)}
    assert len(report.created) == len(ROLES) + len(LOGINS) + 1
    assert report.changed == ()


def test_no_role_has_an_attribute_beyond_its_need(standing):
    shop, _ = standing
    rows = shop.sql("select * from pg_roles where starts_with(rolname, :p || 'app_')", p=shop.prefix)
    for row in rows:
        assert row.rolinherit, row.rolname
        powers = (row.rolsuper, row.rolcreatedb, row.rolcreaterole, row.rolreplication, row.rolbypassrls)
        assert not any(powers), row.rolname
        assert row.rolcanlogin == row.rolname.endswith("_login")
        assert row.rolconnlimit == -1


def test_every_role_carries_a_comment(standing):
    shop, _ = standing
    rows = shop.sql(
        "select rolname from pg_roles where starts_with(rolname, :p || 'app_') "
        "and shobj_description(oid, 'pg_authid') is null",
        p=shop.prefix,
    )
    assert rows == []


def test_each_role_is_a_member_of_exactly_what_it_should_be(standing):
    shop, _ = standing
    names = {shop.names(name): name for name in MEMBER_OF}
    for name in MEMBER_OF:
        rows = shop.sql(
            "select rolname from pg_roles where pg_has_role(:name, oid, 'usage') and pg_has_role(:name, oid, 'member')",
            name=shop.names(name),
        )
        assert {names[row.rolname] for row in rows if row.rolname in names} == closure(name), name
        assert {row.rolname for row in rows} <= set(names), name


@pytest.mark.parametrize("login", TENANT_LOGINS)
@pytest.mark.parametrize("role", PRIVILEGED)
def test_a_tenants_login_can_not_become_a_privileged_role(standing, login, role):
    shop, report = standing
    url = report.urls[next(entry.url for entry in LOGINS if entry.name == login)]
    with pytest.raises(PermissionDenied, match="permission denied to set role"):
        shop.sql(f"set role {shop.names(role)}", url)


def test_a_login_may_set_role_to_its_own_roles(standing):
    shop, report = standing
    url = report.urls[LoginUrl.APPLICATION]
    for role in ("app_tenant", "app_rw"):
        shop.sql(f"set role {shop.names(role)}", url)


def test_the_administrator_is_member_of_none_of_them_afterwards(standing):
    shop, _ = standing
    for name in MEMBER_OF:
        assert shop.admins[0] not in shop.members_of(name), name


@ON_18
def test_a_server_that_makes_creators_members_does_not_make_the_administrator_one(place):
    place.sql(f"alter role {place.admins[0]} set createrole_self_grant = 'set, inherit'")
    place.bootstrap()
    assert place.admins[0] not in place.members_of("app_all") | place.members_of("app_owner")


def test_memberships_and_attributes_that_went_missing_are_mended(shop):
    rw, ro, tenant, login = map(shop.names, ("app_rw", "app_ro", "app_tenant", "app_login"))
    shop.sql(f"revoke {rw} from {login}", shop.admin)
    shop.sql(f"alter role {ro} noinherit login createdb")
    shop.sql(f"comment on role {tenant} is null")
    report = shop.bootstrap()
    assert set(report.changed) == {
        f"role {tenant} (comment)",
        f"role {ro} (nologin inherit nocreatedb)",
        f"login {login} (member of {rw})",
    }
    assert login in shop.members_of("app_rw")
    assert shop.bootstrap().changed == ()


@ON_18
def test_a_membership_without_inherit_counts_as_missing(shop):
    rw, login = shop.names("app_rw"), shop.names("app_login")
    shop.sql(f"grant {rw} to {login} with inherit false", shop.admin)
    assert shop.bootstrap().changed == (f"login {login} (member of {rw})",)


def test_bypassrls_for_backup_is_a_note_where_it_can_not_be_granted(place):
    (finding,) = [found for found in place.bootstrap().findings if "BYPASSRLS" in found.what]
    assert finding.severity == "note"
    assert "--enable-row-security" in finding.what
    assert finding.type_this == f"alter role {place.names('app_backup')} bypassrls"
    assert "superuser" in finding.who


def test_a_superuser_gives_backup_bypassrls(place):
    report = place.bootstrap(place.superuser)
    assert not [found for found in report.findings if "BYPASSRLS" in found.what]
    rows = place.sql("select rolname from pg_roles where rolbypassrls and starts_with(rolname, :p)", p=place.prefix)
    assert rows == [(place.names("app_backup"),)]


def test_an_administrator_with_bypassrls_may_hand_it_on_from_16_on(place):
    report = place.bootstrap(place.make_admin("createrole createdb bypassrls"))
    assert bool([found for found in report.findings if "BYPASSRLS" in found.what]) == (place.version < 16)


def test_two_installations_share_a_server_and_nothing_else(shop):
    other = f"{shop.prefix}b_"
    before = shop.roles()
    report = shop.bootstrap(database=f"{shop.prefix}second", role_prefix=other)
    assert len(report.created) == len(ROLES) + len(LOGINS) + 1
    crossing = shop.sql(
        "select 1 from pg_auth_members where starts_with(roleid::regrole::text, :other) "
        "and member::regrole::text = any(:names)",
        other=other,
        names=list(before),
    )
    assert crossing == []
    with pytest.raises(Exception, match="permission denied for database"):
        shop.sql("select 1", report.urls[LoginUrl.APPLICATION].set(database=shop.database))
