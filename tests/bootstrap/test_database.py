"""The database: whose it is, who may connect, and what happens to one that was there before."""

from __future__ import annotations

import pytest

from app_db.bootstrap import run as run_module
from app_db.bootstrap.change import Change
from app_db.errors import BootstrapError

CONNECT = {"app_tenant", "app_tenant_admin", "app_all", "app_owner"}


def privileges(place):
    rows = place.sql(
        "select coalesce(nullif(grantee, 0)::regrole::text, 'public') as who, privilege_type as what "
        "from pg_database, aclexplode(datacl) where datname = :name",
        name=place.database,
    )
    return {(row.who, row.what) for row in rows}


def test_it_belongs_to_app_owner_in_utf8_with_the_servers_locale(standing):
    shop, _ = standing
    ((owner, encoding, ctype, comment),) = shop.sql(
        "select datdba::regrole::text, pg_encoding_to_char(encoding), datctype, shobj_description(oid, 'pg_database') "
        "from pg_database where datname = :name",
        name=shop.database,
    )
    assert (owner, encoding) == (shop.names("app_owner"), "UTF8")
    assert [(ctype,)] == shop.sql("select datctype from pg_database where datname = 'template0'")
    assert "app-db bootstrap" in comment


def test_only_the_roles_of_the_house_have_privileges_on_it(standing):
    shop, _ = standing
    expected = {(shop.names(role), "CONNECT") for role in CONNECT} | {
        (shop.names(role), "TEMPORARY") for role in CONNECT
    }  # the owner has all of them anyway
    assert privileges(shop) == expected | {(shop.names("app_owner"), "CREATE")}


def test_privileges_given_to_public_are_taken_back(shop):
    shop.sql(f"grant connect on database {shop.database} to public")
    assert shop.bootstrap().changed == (f"database {shop.database} (closed to public)",)
    assert not [who for who, _ in privileges(shop) if who == "public"]


def test_create_on_schema_public_is_taken_from_public(shop):
    shop.inside("grant create on schema public to public")
    assert shop.bootstrap().changed == (f"database {shop.database} (schema public closed)",)
    assert shop.inside("select has_schema_privilege('public', 'public', 'create')") == [(False,)]


def test_a_schema_public_that_can_not_be_closed_is_an_error_with_its_owner(shop):
    shop.inside("alter schema public owner to current_user")
    shop.inside("grant create on schema public to public")
    (finding,) = [found for found in shop.bootstrap().findings if found.severity == "error"]
    assert finding.type_this == "revoke create on schema public from public"
    assert shop.superuser.username in finding.who


def test_a_comment_of_somebody_else_stays(shop):
    shop.sql(f"comment on database {shop.database} is 'ours'")
    assert shop.bootstrap().changed == ()


@pytest.mark.parametrize("mine", [False, True], ids=["of another", "of the administrator"])
def test_a_database_of_another_owner_is_left_alone_and_named(place, mine):
    owner = place.admins[0] if mine else place.superuser.username
    place.sql(f"create database {place.database} owner {owner}")
    report = place.bootstrap()
    (finding,) = [found for found in report.findings if found.severity == "error"]
    assert f"belongs to {owner}" in finding.what
    assert finding.type_this.startswith(f"alter database {place.database} owner to {place.names('app_owner')}")
    assert privileges(place) == set()
    assert place.sql("select 1 from pg_db_role_setting s join pg_database d on d.oid = setdatabase "
                     "where datname = :n", n=place.database) == []  # fmt: skip


def test_what_is_to_be_typed_for_a_foreign_database_mends_it(place):
    place.sql(f"create database {place.database}")
    (finding,) = [found for found in place.bootstrap().findings if found.severity == "error"]
    place.sql(finding.type_this.split(";")[0])
    report = place.bootstrap()
    assert not report.failed
    assert ("public", "CONNECT") not in privileges(place)


def test_a_database_in_another_encoding_is_an_error(place):
    place.sql(f"create database {place.database} encoding 'SQL_ASCII' locale 'C' template template0")
    place.bootstrap()
    place.sql(f"alter database {place.database} owner to {place.names('app_owner')}")
    (finding,) = [found for found in place.bootstrap().findings if found.severity == "error"]
    assert "SQL_ASCII" in finding.what


def test_the_membership_in_the_owner_is_revoked_when_create_database_fails(place, monkeypatch):
    def failing(site):
        name, owner = site.sql.name(site.database), site.sql.name(site.names("app_owner"))
        return Change(
            "database", True, (), (f"create database {name} owner {owner} locale 'nowhere' template template0",)
        )

    monkeypatch.setattr(run_module, "creation", failing)
    with pytest.raises(BootstrapError, match=r"database: the server refused it .*nowhere"):
        place.bootstrap()
    assert not place.has_database()
    assert place.admins[0] not in place.members_of("app_owner")


def test_the_next_run_after_a_failed_one_completes_it(place, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(run_module, "creation", lambda site: Change("database", True, (), ("create nonsense",)))
        with pytest.raises(BootstrapError, match="syntax error"):
            place.bootstrap()
    report = place.bootstrap()
    assert report.created == (f"database {place.database}",)
    assert not report.failed


def test_a_membership_left_by_a_killed_run_is_revoked_by_the_next(shop):
    shop.sql(f"grant {shop.names('app_owner')} to {shop.admins[0]}", shop.admin)
    assert shop.admins[0] in shop.members_of("app_owner")
    assert not [found for found in shop.bootstrap().findings if found.severity == "warning"]
    assert shop.admins[0] not in shop.members_of("app_owner")


def test_a_membership_that_somebody_else_granted_the_administrator_stays_and_is_named(shop):
    owner, admin = shop.names("app_owner"), shop.admins[0]
    shop.grant(owner, admin)
    (finding,) = [found for found in shop.bootstrap().findings if found.severity == "warning"]
    assert "sees every row" in finding.what
    assert admin in shop.members_of("app_owner")
    for statement in finding.type_this.split("; "):
        shop.sql(statement)
    assert admin not in shop.members_of("app_owner")
    assert not [found for found in shop.bootstrap().findings if found.severity == "warning"]


def test_extensions_that_only_a_superuser_can_make_are_noted_until_they_are_there(shop):
    notes = {found.what.split(" extension ")[1].split()[0]: found for found in shop.bootstrap().findings
             if " extension " in found.what}  # fmt: skip
    assert set(notes) == {"vector", "pg_stat_statements"}
    assert {note.severity for note in notes.values()} == {"note"}
    for statement in notes["pg_stat_statements"].type_this.split("; "):
        shop.inside(statement)
    left = [found.what for found in shop.bootstrap().findings if " extension " in found.what]
    assert len(left) == 1
    assert "vector" in left[0]
