"""Who a person is, and who sees what of whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import DBAPIError

from app_db.errors import CheckViolation, PermissionDenied, RowSecurityViolation, SuiteError, UniqueViolation
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.models import (
    AccountThrottle,
    ApiKey,
    Base,
    Device,
    LoginSession,
    MfaFactor,
    OneTimeToken,
    RateBucket,
    RecoveryCode,
    RefreshToken,
    User,
    UserActivity,
)
from app_db.schema import ScopeKind, scope_of
from app_db.session import Database
from app_db.settings import Settings
from app_db.testing import RowMaker

Call = Callable[..., Any]

PERSONS = [
    AccountThrottle, Device, LoginSession, MfaFactor, OneTimeToken, RecoveryCode, RefreshToken, User, UserActivity,
]  # fmt: skip
INSERT = "insert into auth.users (email) values (:email) returning id"


class TestAddresses:
    """One living person for each address, and no two addresses that only look alike are one."""

    @pytest.mark.parametrize("email", ["ANNA@EXAMPLE.COM", "Anna@example.com", "anna@Example.com"])
    def test_case_does_not_make_another_address(self, call: Call, person: UUID, email: str) -> None:
        with pytest.raises(UniqueViolation) as caught:
            call(INSERT, email=email)
        assert caught.value.constraint_name == "uq_users_email_key"

    @pytest.mark.parametrize(
        ("email", "look_alike"),
        [
            ("kim@example.com", "\u212aim@example.com"),  # Kelvin sign
            ("office@example.com", "o\ufb03ce@example.com"),  # ligature ffi
            ("ilker@example.com", "\u0130lker@example.com"),  # dotted capital I
            ("anna@example.com", "\u0430nn\u0430@example.com"),  # Cyrillic a
            ("müller@example.com", "MÜLLER@example.com"),  # folded in no locale, so in none by surprise
        ],
    )
    def test_look_alikes_are_different_people(self, call: Call, email: str, look_alike: str) -> None:
        first, second = call(INSERT, email=email), call(INSERT, email=look_alike)
        find = "select id from auth.users where email_key = auth.email_key(:email) and deleted_at is null"
        assert (call(find, email=email), call(find, email=look_alike)) == (first, second)

    @pytest.mark.parametrize(
        "email",
        ["", "a", "anna", "@example.com", " anna@example.com", "anna@example.com\n", "an na@example.com",
         "anna\t@example.com", "anna\u0001@example.com", f"{'x' * 250}@e.de"],
    )  # fmt: skip
    def test_what_is_no_address_is_refused(self, call: Call, email: str) -> None:
        with pytest.raises(CheckViolation) as caught:
            call(INSERT, email=email)
        assert caught.value.constraint_name == "ck_users_email"

    def test_the_address_of_a_deleted_person_is_free_again(self, call: Call, person: UUID) -> None:
        call("update auth.users set status = 'deleted', deleted_at = now()")
        assert call(INSERT, email="anna@example.com") != person

    def test_login_finds_a_person_by_the_index(self, call: Call, auth_engine: Any, person: UUID) -> None:
        with auth_engine.connect() as connection:
            connection.execute(text("set local enable_seqscan = off"))
            query = "explain select id from auth.users where email_key = 'anna@example.com' and deleted_at is null"
            assert "uq_users_email_key" in "\n".join(connection.scalars(text(query)))


class TestOtherIdentities:
    """A person whom a provider vouches for is known by provider and subject."""

    def test_a_subject_is_one_person(self, make_row: RowMaker) -> None:
        make_row(User, provider="cognito", subject="s-1")
        make_row(User, provider="google", subject="s-1")
        with pytest.raises(SuiteError, match="uq_users_provider_subject"):
            make_row(User, provider="cognito", subject="s-1")

    @pytest.mark.parametrize("half", [{"provider": "cognito"}, {"subject": "s-1"}])
    def test_half_an_identity_is_refused(self, make_row: RowMaker, half: dict[str, str]) -> None:
        with pytest.raises(SuiteError, match="ck_users_identity"):
            make_row(User, **half)


@pytest.mark.parametrize("values", [{"status": "unknown"}, {"status": "deleted"}, {"auth_epoch": 0}])
def test_a_person_who_contradicts_himself_is_refused(make_row: RowMaker, values: dict[str, Any]) -> None:
    with pytest.raises(SuiteError, match="ck_users_"):
        make_row(User, **values)


@pytest.mark.parametrize("model", [*PERSONS, ApiKey], ids=lambda model: model.__name__)
def test_people_are_apart(assert_tenant_isolated: Callable[..., None], model: type[Any]) -> None:
    assert_tenant_isolated(model)


def test_the_tables_of_people_are_all_of_them() -> None:
    found = {mapper.class_ for mapper in Base.registry.mappers if scope_of(mapper.local_table).kind is ScopeKind.PERSON}  # type: ignore[union-attr]
    assert found == set(PERSONS)


@pytest.mark.app_db("fresh")
@pytest.mark.parametrize(
    ("model", "leak"), [(User, "read"), (Device, "read"), (LoginSession, "read without any tenant")]
)
def test_without_its_policy_people_would_see_each_other(
    assert_tenant_isolated: Callable[..., None], app_db_settings: Settings, model: type[Any], leak: str
) -> None:
    weak = f"alter policy own_rows on {model.__table__.fullname} using (true)"
    change_schema(app_db_settings, lambda: ddl.execute(weak))
    with pytest.raises(AssertionError, match=f"- {leak}"):
        assert_tenant_isolated(model)


def test_a_table_of_the_systems_is_nothing_to_be_kept_apart(assert_tenant_isolated: Callable[..., None]) -> None:
    with pytest.raises(SuiteError, match="holds no tenant's rows"):
        assert_tenant_isolated(RateBucket)


class TestAPersonAtWork:
    """In an application's session the person at work sees the own row, and of it what is open."""

    def test_sees_himself_by_the_orm(self, app_db: Database, tenant: UUID, make_row: RowMaker, person: UUID) -> None:
        make_row(User)
        with app_db.tenant(tenant, user_id=person) as session:
            assert [user.email for user in session.scalars(select(User))] == ["anna@example.com"]

    @pytest.mark.parametrize("model", [Device, LoginSession], ids=lambda model: model.__name__)
    def test_sees_his_devices_and_sessions(
        self, app_db: Database, tenant: UUID, other_tenant: UUID, make_row: RowMaker, person: UUID, model: Any
    ) -> None:
        own = make_row(model, user=person).id
        make_row(model)
        for bound in (tenant, other_tenant):  # they are of no tenant
            with app_db.tenant(bound, user_id=person) as session:
                assert [row.id for row in session.scalars(select(model))] == [own]

    def test_sees_nobody_where_no_person_is_bound(self, app_db: Database, tenant: UUID, person: UUID) -> None:
        for session_of in (app_db.tenant, app_db.tenant_admin):
            with session_of(tenant) as session:
                assert session.scalars(select(User)).all() == []

    @pytest.mark.parametrize(
        "query",
        [
            "select auth_epoch from auth.users",
            "select password_changed_at from auth.users",
            "select * from auth.users",
            "select cookie_hash from auth.devices",
            "select fingerprint_hmac from auth.devices",
            "select token_hash from auth.sessions",
            "select auth_epoch from auth.sessions",
            "select 1 from auth.user_activity",
            "select 1 from auth.refresh_tokens",
            "select 1 from auth.one_time_tokens",
            "select 1 from auth.mfa_factors",
            "select 1 from auth.recovery_codes",
            "select 1 from auth.account_throttle",
            "select 1 from auth.rate_buckets",
            "select 1 from auth.rate_limits",
            "select 1 from auth.login_attempts",
            "select 1 from auth.api_keys",
            "select 1 from auth_private.password_hashes",
            "update auth.users set email = 'x@example.com'",
            "update auth.users set status = 'active'",
            "insert into auth.users (email) values ('x@example.com')",
            "delete from auth.users",
            "update auth.sessions set revoked_at = null, revoke_reason = null",
            "delete from auth.devices",
            "select auth.valid_session(gen_random_uuid())",
            "select auth.rate_take('x', 'x', 5, interval '1 minute')",
            "select auth.one_time_token_use('x', 'unlock')",
            "select auth.totp_accept(gen_random_uuid(), 1)",
            "select auth.recovery_code_use(gen_random_uuid(), 'x')",
            "select auth.api_key_check(gen_random_uuid(), gen_random_uuid(), 'x')",
            "select auth.login_attempt_begin('x@example.com', '::1')",
            "select auth.account_failed(gen_random_uuid())",
        ],
    )
    def test_may_not(self, app_db: Database, tenant: UUID, person: UUID, query: str) -> None:
        for session_of in (app_db.tenant, app_db.tenant_admin):
            with session_of(tenant, user_id=person) as session, pytest.raises(PermissionDenied):
                session.execute(text(query))


class TestAnAdministrator:
    def test_suspends_a_person_whose_sessions_end_with_it(
        self, app_db: Database, call: Call, make_row: RowMaker, person: UUID
    ) -> None:
        session_id = make_row(LoginSession, user=person).id
        with app_db.admin(reason="abuse", actor="tests") as session:
            session.execute(text("update auth.users set status = 'suspended' where id = :id"), {"id": person})
        assert call("select user_id from auth.valid_session(:id)", id=session_id) is None

    @pytest.mark.parametrize(
        "statement",
        [
            "update auth.users set email = 'x@example.com'",
            "update auth.users set auth_epoch = 1",
            "delete from auth.users",
            "select token_hash from auth.sessions",
            "select token_hash from auth.refresh_tokens",
            "select token_hash from auth.one_time_tokens",
            "select secret_ciphertext from auth.mfa_factors",
            "select code_hash from auth.recovery_codes",
            "insert into auth.sessions (user_id) values (gen_random_uuid())",
        ],
    )
    def test_may_not(self, app_db: Database, statement: str) -> None:
        with pytest.raises(PermissionDenied), app_db.admin(reason="a test", actor="tests") as session:
            session.execute(text(statement))


class TestTheLoginBeforeATenantIsKnown:
    @pytest.mark.parametrize(
        "statement",
        [
            "select * from catalog.materials",
            "delete from tenancy.memberships",
            "update auth.users set password_changed_at = now()",
            "update auth.users set id = gen_random_uuid()",
            "update auth.rate_limits set max_hits = 1000",
            "update auth.login_attempts set success = true",
            "delete from auth.login_attempts",
            "update auth.one_time_tokens set consumed_at = null, expires_at = 'infinity'",
            "update auth.one_time_tokens set token_hash = decode(repeat('00', 32), 'hex')",
            "update auth.recovery_codes set code_hash = decode(repeat('00', 32), 'hex')",
            "update auth.api_keys set key_hash = decode(repeat('00', 32), 'hex')",
            "delete from auth.users",
            "truncate auth.rate_buckets",
        ],
    )
    def test_may_not(self, call: Call, statement: str) -> None:
        with pytest.raises(PermissionDenied):
            call(statement)

    def test_adds_no_key_for_a_tenant_that_there_is_not(self, call: Call) -> None:
        with pytest.raises(DBAPIError):
            call(
                "insert into auth.api_keys (tenant_id, name, prefix, last4, key_hash) "
                "values (:tenant, 'x', 'ak', 'abcd', decode(repeat('00', 32), 'hex'))",
                tenant=uuid4(),
            )


@pytest.mark.app_db("commit")
def test_a_role_with_grants_but_without_a_policy_for_it_sees_only_its_own(
    superuser: Connection, app_db_settings: Settings, make_row: RowMaker, person: UUID
) -> None:
    """What auth_rows is for: the same reader without app_auth or auth_service finds nobody."""
    prefix = app_db_settings.role_prefix
    count = text("select count(id) from auth.users")
    own_login = f"{prefix}reader_{person.hex[-6:]}"
    for service, seen in (("app_auth", 1), ("auth_service", 1), ("app_rw", 0)):
        superuser.exec_driver_sql(f"create role {own_login} in role {prefix}app_tenant, {prefix}{service}")
        superuser.exec_driver_sql(f"set role {own_login}")
        assert superuser.scalar(count) == seen, service
        superuser.rollback()


@pytest.mark.app_db("fresh")
def test_a_row_that_a_session_may_write_is_the_persons_at_work(
    app_db: Database, tenant: UUID, superuser: Connection, app_db_settings: Settings, person: UUID
) -> None:
    superuser.exec_driver_sql(f"grant insert on auth.devices to {app_db_settings.role_prefix}app_rw")
    superuser.commit()
    with app_db.tenant(tenant, user_id=person) as session:
        session.add(device := Device(cookie_hash=b"c" * 32))
        session.flush()
        assert device.user_id == person


@pytest.mark.app_db("fresh")
def test_nobody_writes_a_row_for_somebody_else(
    superuser: Connection, app_db_settings: Settings, make_row: RowMaker, person: UUID
) -> None:
    prefix = app_db_settings.role_prefix
    boris = make_row(User).id
    superuser.exec_driver_sql(f"grant insert on auth.devices to {prefix}app_rw")
    superuser.exec_driver_sql(f"set role {prefix}app_login")
    superuser.exec_driver_sql(f"set local app.current_user_id = '{person}'")
    insert = "insert into auth.devices (user_id, cookie_hash) values ('{}', decode(repeat('{}', 32), 'hex'))"
    superuser.exec_driver_sql(insert.format(person, "00"))
    with pytest.raises(RowSecurityViolation):
        superuser.exec_driver_sql(insert.format(boris, "01"))
