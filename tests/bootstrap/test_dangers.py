"""States in which tenants are not apart are errors, with the SQL that mends them."""

from __future__ import annotations

import pytest
from support import ON_18

TENANT_LOGINS = ["app_login", "app_tenant_admin_login", "app_auth_login", "app_readonly_login"]
PRIVILEGED = ["app_all", "app_owner", "app_definer", "app_secrets"]


def errors(report):
    return [found for found in report.findings if found.severity == "error"]


def mend(place, *findings):
    for finding in findings:
        for statement in finding.type_this.split("; "):
            place.sql(statement)
    assert errors(place.bootstrap()) == []


@pytest.mark.parametrize("attribute", ["superuser", "bypassrls", "replication"])
def test_a_role_that_row_level_security_does_not_bind_is_found(shop, attribute):
    names = [shop.names(role) for role in ("app_tenant", "app_owner", "app_login", "app_admin_login")]
    for name in names:
        shop.sql(f"alter role {name} {attribute}")
    report = shop.bootstrap()
    assert report.failed
    for name, finding in zip(names, errors(report), strict=True):
        assert attribute.upper() in finding.what
        assert (finding.who, finding.type_this) == ("a superuser", f"alter role {name} no{attribute}")
    mend(shop, *errors(report))


def test_a_superuser_login_that_was_there_before_keeps_its_password(place):
    place.sql(f"create role {place.names('app_login')} login superuser password 'theirs'")
    if place.version >= 16:
        place.sql(f"grant {place.names('app_login')} to {place.admins[0]} with admin option, inherit false, set false")
    report = place.bootstrap()
    assert "SUPERUSER" in errors(report)[0].what
    place.sql("select 1", place.superuser.set(username=place.names("app_login"), password="theirs"))


def test_a_tenants_login_in_a_privileged_role_is_found(shop):
    pairs = [(shop.names(login), shop.names(role)) for login in TENANT_LOGINS for role in PRIVILEGED]
    for login, role in pairs:
        shop.grant(role, login)
    found = errors(shop.bootstrap())
    assert len(found) == len(pairs)
    for login, role in pairs:
        assert [f for f in found if f.what.startswith(f"{login} is a member of {role}")], (login, role)
    mend(shop, *found)


def test_a_way_to_all_rows_through_another_role_is_found(shop):
    for role in ("app_admin", "app_backup", "app_maint"):
        shop.grant(shop.names(role), shop.names("app_login"))
    found = errors(shop.bootstrap())
    assert len(found) == 3
    for finding in found:
        assert f"through it reaches {shop.names('app_all')}" in finding.what
    mend(shop, *found)


def test_a_way_to_all_rows_through_a_strange_role_is_found(shop):
    strange = f"{shop.prefix}strange"
    shop.sql(f"create role {strange}")
    shop.sql(f"grant {shop.names('app_owner')} to {strange}")
    shop.sql(f"grant {strange} to {shop.names('app_readonly_login')}")
    (finding,) = errors(shop.bootstrap())
    assert shop.names("app_owner") in finding.what
    assert f"revoke {strange} from {shop.names('app_readonly_login')}" in finding.type_this
    mend(shop, finding)


def test_a_tenants_visibility_role_in_all_rows_is_found(shop):
    shop.sql(f"grant {shop.names('app_all')} to {shop.names('app_tenant')}")
    (finding,) = errors(shop.bootstrap())
    mend(shop, finding)


@ON_18
def test_a_way_that_is_only_open_to_set_role_is_found_from_16_on(shop):
    shop.sql(f"grant {shop.names('app_all')} to {shop.names('app_login')} with inherit false, set true", shop.admin)
    (finding,) = errors(shop.bootstrap())
    assert finding.who.startswith(shop.admins[0])
    for statement in finding.type_this.split("; "):
        shop.sql(statement, shop.admin)
    assert errors(shop.bootstrap()) == []


def test_a_login_that_can_hand_its_role_on_is_found(shop):
    shop.sql(f"grant {shop.names('app_tenant')} to {shop.names('app_login')} with admin option")
    (finding,) = errors(shop.bootstrap())
    assert "ADMIN OPTION" in finding.what
    mend(shop, finding)


def test_a_membership_in_the_servers_own_powers_is_found(shop):
    shop.sql(f"grant pg_execute_server_program to {shop.names('app_login')}")
    (finding,) = errors(shop.bootstrap())
    mend(shop, finding)


def test_a_harmless_membership_of_a_strange_kind_is_a_warning(shop):
    shop.sql(f"grant {shop.names('catalog_service')} to {shop.names('app_readonly_login')}")
    report = shop.bootstrap()
    assert not report.failed
    assert [found.severity for found in report.findings].count("warning") == 1


def test_a_danger_in_another_installation_is_none_of_ours(shop):
    other = f"{shop.prefix}b_"
    shop.bootstrap(database=f"{shop.prefix}second", role_prefix=other)
    shop.sql(f"alter role {other}app_login superuser")
    assert errors(shop.bootstrap()) == []
