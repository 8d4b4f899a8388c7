"""What proves a person once proves him once, also to a crowd; what is no good any more proves nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from auth.crowd import CROWD, at_once
from sqlalchemy import Engine

from app_db.engine import NO_TENANT, Mode, bound_to
from app_db.errors import CheckViolation, SerializationFailure, UniqueViolation
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.models import ApiKey, MfaFactor, OneTimeToken, RecoveryCode
from app_db.session import Database
from app_db.settings import LoginUrl, Settings
from app_db.testing import RowMaker

Call = Callable[..., Any]

TOKEN = b"t" * 32
USE = "select user_id from auth.one_time_token_use(:token, :purpose)"
ACCEPT = "select auth.totp_accept(:factor, :step)"
CONFIRM = "select auth.totp_confirm(:factor, :step)"
USE_CODE = "select auth.recovery_code_use(:person, :code)"


def step() -> int:
    return int(time.time()) // 30


@pytest.fixture
def token(make_row: RowMaker, person: UUID) -> OneTimeToken:
    return make_row(OneTimeToken, user=person, purpose="magic_link", token_hash=TOKEN, email_key="anna@example.com")


@pytest.fixture
def factor(make_row: RowMaker, person: UUID) -> UUID:
    return make_row(MfaFactor, user=person, status="active", confirmed_at=datetime.now(UTC)).id


@pytest.mark.app_db("commit")
@pytest.mark.usefixtures("token")
def test_a_mailed_token_is_good_for_one_of_a_crowd(auth_engine: Engine, person: UUID) -> None:
    results = at_once(auth_engine, USE, token=TOKEN, purpose="magic_link")
    assert (results.count(person), results.count(None)) == (1, CROWD - 1)


@pytest.mark.app_db("commit")
@pytest.mark.usefixtures("token")
def test_under_repeatable_read_too(app_db: Database, person: UUID) -> None:
    engine = bound_to(app_db._engine(LoginUrl.AUTH), NO_TENANT, Mode("REPEATABLE READ"))
    results = at_once(engine, USE, token=TOKEN, purpose="magic_link")
    assert results.count(person) == 1
    assert {type(result) for result in results if result != person} <= {SerializationFailure, type(None)}


NAIVE_USE = """
create or replace function auth.one_time_token_use(token_hash bytea, purpose text)
returns table (user_id uuid, email_key text, payload jsonb)
language plpgsql as $body$
declare
  found_token record;
begin
  select * into found_token from auth.one_time_tokens as t where t.token_hash = $1 and t.consumed_at is null;
  if found then
    update auth.one_time_tokens as t set consumed_at = now() where t.id = found_token.id;
    return query select found_token.user_id, found_token.email_key, found_token.payload;
  end if;
end
$body$
"""


@pytest.mark.app_db("fresh")
@pytest.mark.usefixtures("token")
def test_looking_first_and_writing_afterwards_would_let_more_of_them_in(
    auth_engine: Engine, app_db_settings: Settings, person: UUID
) -> None:
    change_schema(app_db_settings, lambda: ddl.execute(NAIVE_USE))
    assert at_once(auth_engine, USE, token=TOKEN, purpose="magic_link").count(person) > 1


@pytest.mark.usefixtures("token")
def test_a_token_that_was_used_is_used(call: Call, person: UUID) -> None:
    assert call(USE, token=TOKEN, purpose="magic_link") == person
    assert call(USE, token=TOKEN, purpose="magic_link") is None


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(
    "change",
    [
        "update auth.one_time_tokens set superseded_at = now()",
        "update auth.users set auth_epoch = 2",
        "update auth.users set email = 'anna@example.org'",
        "update auth.users set status = 'suspended'",
        "update auth.users set status = 'deleted', deleted_at = now()",
    ],
)
def test_a_token_is_no_good_when_something_has_changed(call: Call, change: str) -> None:
    call(change)
    assert call(USE, token=TOKEN, purpose="magic_link") is None
    assert call("select consumed_at from auth.one_time_tokens") is None


@pytest.mark.usefixtures("token")
@pytest.mark.parametrize(("value", "purpose"), [(TOKEN, "email_verify"), (b"x" * 32, "magic_link"), (None, None)])
def test_a_token_is_good_for_its_purpose_alone(call: Call, value: bytes | None, purpose: str | None) -> None:
    assert call(USE, token=value, purpose=purpose) is None


def test_a_token_is_no_good_after_its_time(call: Call, make_row: RowMaker, person: UUID) -> None:
    hour = timedelta(hours=1)
    make_row(
        OneTimeToken, user=person, purpose="unlock", token_hash=TOKEN, email_key="anna@example.com",
        created_at=datetime.now(UTC) - 2 * hour, expires_at=datetime.now(UTC) - hour,
    )  # fmt: skip
    assert call(USE, token=TOKEN, purpose="unlock") is None


def test_a_token_for_a_new_address_went_to_that_address(call: Call, make_row: RowMaker, person: UUID) -> None:
    make_row(OneTimeToken, user=person, purpose="email_change", token_hash=TOKEN, email_key="new@example.com")
    assert call("select email_key from auth.one_time_token_use(:t, 'email_change')", t=TOKEN) == "new@example.com"


INSERT_TOKEN = """
insert into auth.one_time_tokens (user_id, purpose, token_hash, email_key, auth_epoch, expires_at)
values (:person, :purpose, :hash, 'anna@example.com', 1, now() + cast(:lasts as interval))
"""


@pytest.mark.parametrize(
    ("purpose", "lasts", "value", "constraint"),
    [
        ("password_reset", "25 hours", TOKEN, "lifetime"),
        ("password_reset", "-1 hour", TOKEN, "expiry"),
        ("login", "1 hour", TOKEN, "purpose"),
        ("password_reset", "1 hour", b"the token itself", "token_hash"),
    ],
)
def test_a_token_that_lasts_too_long_or_is_kept_as_it_is_is_refused(
    call: Call, person: UUID, purpose: str, lasts: str, value: bytes, constraint: str
) -> None:
    with pytest.raises(CheckViolation) as caught:
        call(INSERT_TOKEN, person=person, purpose=purpose, lasts=lasts, hash=value)
    assert caught.value.constraint_name == f"ck_one_time_tokens_{constraint}"


@pytest.mark.usefixtures("token")
def test_there_is_one_token_that_may_still_be_used(call: Call, person: UUID) -> None:
    with pytest.raises(UniqueViolation):
        call(INSERT_TOKEN, person=person, purpose="magic_link", lasts="1 hour", hash=b"u" * 32)
    call("update auth.one_time_tokens set superseded_at = now()")
    call(INSERT_TOKEN, person=person, purpose="magic_link", lasts="1 hour", hash=b"u" * 32)


@pytest.mark.app_db("commit")
def test_a_step_is_good_for_one_of_a_crowd(auth_engine: Engine, factor: UUID) -> None:
    results = at_once(auth_engine, ACCEPT, factor=factor, step=step())
    assert sorted(results) == [False] * (CROWD - 1) + [True]


def test_no_step_before_one_that_was_used_is_accepted(call: Call, factor: UUID) -> None:
    now = step()
    assert [call(ACCEPT, factor=factor, step=now + ahead) for ahead in (-1, -1, 1, 0, 1)] == [
        True, False, True, False, False,
    ]  # fmt: skip


@pytest.mark.parametrize("distance", [-4, 4, 10**9, -(10**7)])
def test_a_step_that_is_far_from_now_is_refused_and_uses_up_nothing(call: Call, factor: UUID, distance: int) -> None:
    assert call(ACCEPT, factor=factor, step=step() + distance) is False
    assert call(ACCEPT, factor=factor, step=step()) is True


@pytest.mark.parametrize("change", ["status = 'disabled'", "status = 'pending'", "kind = 'webauthn'",
                                    "locked_until = now() + interval '1 minute'"])  # fmt: skip
def test_a_factor_that_is_not_active_accepts_nothing(call: Call, factor: UUID, change: str) -> None:
    call(f"update auth.mfa_factors set {change}")
    assert call(ACCEPT, factor=factor, step=step()) is False


def test_the_first_code_makes_a_factor_active_and_is_used_up(call: Call, make_row: RowMaker, person: UUID) -> None:
    factor = make_row(MfaFactor, user=person).id
    now = step()
    assert call(ACCEPT, factor=factor, step=now) is False
    assert call(CONFIRM, factor=factor, step=now) is True
    assert call(CONFIRM, factor=factor, step=now + 1) is False
    assert call(ACCEPT, factor=factor, step=now) is False
    assert call(ACCEPT, factor=factor, step=now + 1) is True


def test_ten_wrong_codes_in_a_row_lock_a_factor(call: Call, factor: UUID) -> None:
    assert [call("select auth.factor_failed(:factor)", factor=factor) for _ in range(9)] == list(range(1, 10))
    assert call("select locked_until from auth.mfa_factors") is None
    assert call("select auth.factor_failed(:factor)", factor=factor) == 10
    assert call(ACCEPT, factor=factor, step=step()) is False
    call("update auth.mfa_factors set locked_until = now()")
    assert call(ACCEPT, factor=factor, step=step()) is True
    assert call("select consecutive_failures from auth.mfa_factors") == 0


def test_a_seed_that_is_not_encrypted_is_refused(call: Call, person: UUID) -> None:
    insert = (
        "insert into auth.mfa_factors (user_id, kind, label, secret_ciphertext, key_id) values (:p, 'totp', 'x', :s, 1)"
    )
    for seed in (b"s" * 20, None):
        with pytest.raises(CheckViolation, match="ck_mfa_factors_secret"):
            call(insert, p=person, s=seed)


@pytest.mark.app_db("commit")
def test_a_recovery_code_is_good_for_one_of_a_crowd(auth_engine: Engine, make_row: RowMaker, person: UUID) -> None:
    make_row(RecoveryCode, user=person, code_hash=b"c" * 32)
    results = at_once(auth_engine, USE_CODE, person=person, code=b"c" * 32)
    assert sorted(results) == [False] * (CROWD - 1) + [True]


def test_a_recovery_code_is_good_for_its_person_alone(call: Call, make_row: RowMaker, person: UUID) -> None:
    make_row(RecoveryCode, user=person, code_hash=b"c" * 32)
    make_row(RecoveryCode, code_hash=b"d" * 32)
    assert call(USE_CODE, person=person, code=b"d" * 32) is False
    assert call(USE_CODE, person=None, code=b"c" * 32) is False
    assert call(USE_CODE, person=person, code=b"c" * 32) is True


CHECK = "select scopes from auth.api_key_check(:tenant, :key, :hash)"


def test_an_api_key_is_good_for_its_tenant(call: Call, make_row: RowMaker, tenant: UUID, other_tenant: UUID) -> None:
    key = make_row(ApiKey, key_hash=b"k" * 32, scopes=["read"]).id
    assert call(CHECK, tenant=tenant, key=key, hash=b"k" * 32) == ["read"]
    assert call(CHECK, tenant=other_tenant, key=key, hash=b"k" * 32) is None
    assert call(CHECK, tenant=tenant, key=key, hash=b"x" * 32) is None
    assert call(CHECK, tenant=tenant, key=key, hash=None) is None


@pytest.mark.parametrize(
    "change",
    [
        "update auth.api_keys set revoked_at = now()",
        "update auth.api_keys set expires_at = created_at + interval '1 microsecond'",
        "update auth.users set status = 'suspended'",
    ],
)
def test_an_api_key_that_has_ended_is_no_good(
    call: Call, make_row: RowMaker, tenant: UUID, person: UUID, change: str
) -> None:
    key = make_row(ApiKey, user_id=person, key_hash=b"k" * 32, created_at=datetime(2026, 1, 1, tzinfo=UTC)).id
    assert call(CHECK, tenant=tenant, key=key, hash=b"k" * 32) == []
    call(change)
    assert call(CHECK, tenant=tenant, key=key, hash=b"k" * 32) is None


def test_a_key_of_a_person_who_is_gone_is_no_good(call: Call, make_row: RowMaker, tenant: UUID) -> None:
    key = make_row(ApiKey, user_id=uuid4(), key_hash=b"k" * 32).id
    assert call(CHECK, tenant=tenant, key=key, hash=b"k" * 32) is None
