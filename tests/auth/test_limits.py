"""Limits are exact for a crowd too, shut nobody else out, and where something is missing they let nobody through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from auth.crowd import CROWD, at_once
from sqlalchemy import Engine, text

from app_db.engine import NO_TENANT, Mode, bound_to
from app_db.errors import SerializationFailure
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.models import AccountThrottle, Device
from app_db.session import Database
from app_db.settings import LoginUrl, Settings
from app_db.testing import RowMaker

Call = Callable[..., Any]

TAKE = "select auth.rate_take('example', 'key'::bytea, 5, interval '15 minutes')"
BEGIN = (
    "select allowed, reason, retry_after, attempt_id from auth.login_attempt_begin(:email, cast(:ip as inet), :cookie)"
)
FAIL = "select auth.record_login_attempt(:email, cast(:ip as inet), false, 'invalid_password')"
SUCCEED = "select auth.record_login_attempt(:email, cast(:ip as inet), true, 'ok')"
ANNA = {"email": "anna@example.com", "ip": "203.0.113.7"}


def begin(
    call: Call, email: str | None = ANNA["email"], ip: str | None = ANNA["ip"], cookie: bytes | None = None
) -> Any:
    return call(BEGIN, email=email, ip=ip, cookie=cookie)


@pytest.mark.app_db("commit")
def test_a_crowd_gets_as_many_as_the_limit_says(auth_engine: Engine) -> None:
    results = at_once(auth_engine, TAKE)
    assert results.count(None) == 5
    assert [result for result in results if isinstance(result, Exception)] == []


@pytest.mark.app_db("commit")
def test_under_repeatable_read_a_crowd_gets_no_more_and_the_rest_is_told_to_try_again(app_db: Database) -> None:
    engine = bound_to(app_db._engine(LoginUrl.AUTH), NO_TENANT, Mode("REPEATABLE READ"))
    results = at_once(engine, TAKE)
    assert 1 <= results.count(None) <= 5
    assert {type(result) for result in results if result is not None} == {SerializationFailure}


@pytest.mark.app_db("commit")
def test_a_crowd_gets_five_attempts_to_log_in(auth_engine: Engine, call: Call) -> None:
    results = at_once(auth_engine, BEGIN, email="nobody@example.com", ip="203.0.113.7", cookie=None)
    assert Counter(result.allowed for result in results) == {True: 5, False: CROWD - 5}
    assert len({result.attempt_id for result in results if result.allowed}) == 5


NAIVE_TAKE = """
create or replace function auth.rate_take(scope text, key bytea, max_hits integer, period interval) returns interval
language plpgsql as $body$
begin
  if (select count(*) from auth.login_attempts where attempted_at > now() - $4) >= $3 then
    return $4;
  end if;
  insert into auth.login_attempts (success, reason) values (false, 'invalid_password');
  return null;
end
$body$
"""


@pytest.mark.app_db("fresh")
def test_counting_first_and_writing_afterwards_would_let_more_of_them_through(
    auth_engine: Engine, app_db_settings: Settings
) -> None:
    change_schema(app_db_settings, lambda: ddl.execute(NAIVE_TAKE))
    assert at_once(auth_engine, TAKE).count(None) > 5


def test_the_limit_slides(call: Call) -> None:
    take = "select auth.rate_take('example', 'key'::bytea, 2, interval '15 minutes')"
    assert [call(take) is None for _ in range(3)] == [True, True, False]
    age = "update auth.rate_buckets set hits[1] = hits[1] - interval '16 minutes' where scope = 'example'"
    call(age)
    assert [call(take) is None for _ in range(2)] == [True, False]
    assert call("select cardinality(hits) from auth.rate_buckets") == 2


def test_whoever_is_refused_is_told_how_long_and_writes_nothing(call: Call) -> None:
    for _ in range(5):
        call(TAKE)
    before = call("select xmin::text, hits from auth.rate_buckets")
    wait = call(TAKE)
    assert 890 < wait.total_seconds() <= 900
    assert call("select xmin::text, hits from auth.rate_buckets") == before


@pytest.mark.parametrize(
    "arguments",
    [
        "null, 'key', 5, interval '1 minute'",
        "'example', null, 5, interval '1 minute'",
        "'example', 'key', 0, interval '1 minute'",
        "'example', 'key', 1001, interval '1 minute'",
        "'example', 'key', null, interval '1 minute'",
        "'example', 'key', 5, null",
        "'example', 'key', 5, interval '-1 minute'",
    ],
)
def test_a_limit_without_a_key_or_a_figure_is_refused(call: Call, arguments: str) -> None:
    with pytest.raises(Exception, match="a limit needs a scope, a key, 1 to 1000 hits and a period"):
        call(f"select auth.rate_take({arguments})")


def test_a_limit_that_is_missing_lets_nobody_through(call: Call) -> None:
    with pytest.raises(Exception, match="query returned no rows"):
        call("select auth.limit_take('nonsense', 'key')")


@pytest.mark.parametrize(
    ("ip", "bucket"),
    [
        ("203.0.113.7", "203.0.113.7/32"),
        ("203.0.113.7/8", "203.0.113.7/32"),
        ("::ffff:203.0.113.7", "203.0.113.7/32"),
        ("::ffff:0.0.0.0", "0.0.0.0/32"),
        ("::ffff:255.255.255.255", "255.255.255.255/32"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("::1", "::/64"),
        (None, None),
    ],
)
def test_the_network_that_counts_as_one_address(call: Call, ip: str | None, bucket: str | None) -> None:
    assert call("select text(auth.ip_bucket(cast(:ip as inet)))", ip=ip) == bucket


@pytest.mark.parametrize("email", [None, "", "  "])
def test_an_address_that_is_missing_is_no_key_that_all_share(call: Call, email: str | None) -> None:
    assert call("select auth.email_digest(:email)", email=email) is None
    for number in range(10):
        assert begin(call, email, f"203.0.113.{number}").allowed
    assert call("select count(*) from auth.rate_buckets where scope <> 'login_ip'") == 0
    assert call("select auth.is_rate_limited(:email, '198.51.100.1')", email=email) is False


@pytest.mark.parametrize("email", [None, ""])
def test_an_attempt_with_neither_address_nor_network_is_refused(call: Call, email: str | None) -> None:
    with pytest.raises(Exception, match="neither an address nor a network"):
        begin(call, email, None)
    assert call("select auth.is_rate_limited(:email, null)", email=email) is True


def test_without_a_network_the_address_is_still_limited(call: Call) -> None:
    assert [begin(call, ip=None).allowed for _ in range(6)] == [True] * 5 + [False]


def test_addresses_that_are_one_share_a_limit(call: Call) -> None:
    spellings = ["anna@example.com", "ANNA@example.com", " anna@example.com ", "Anna@Example.Com", "anna@EXAMPLE.COM"]
    assert all(begin(call, email, f"203.0.113.{number}").allowed for number, email in enumerate(spellings))
    assert begin(call, ip="198.51.100.1").reason == "rate_limited"


def test_one_network_can_not_make_a_bucket_for_each_address_it_thinks_of(call: Call) -> None:
    for number in range(100):
        assert begin(call, f"person-{number}@example.com").allowed
    refused = begin(call, "person-100@example.com")
    assert (refused.allowed, refused.reason, refused.attempt_id) == (False, "rate_limited", None)
    assert call("select count(*) from auth.rate_buckets where scope = 'login_email'") == 100


def test_a_stranger_does_not_shut_out_a_known_device(call: Call, make_row: RowMaker, person: UUID) -> None:
    cookie = make_row(Device, user=person, cookie_hash=b"c" * 32).cookie_hash
    for number in range(8):
        begin(call, ip=f"198.51.100.{number}")
    assert begin(call).reason == "rate_limited"
    assert begin(call, cookie=cookie).allowed
    assert begin(call, "boris@example.com", cookie=cookie).allowed  # by boris's own bucket
    assert call("select count(*) from auth.rate_buckets where scope = 'login_device'") == 1


@pytest.mark.parametrize("change", ["revoked_at = now()", "cookie_hash = decode(repeat('00', 32), 'hex')"])
def test_a_device_that_was_cast_off_is_a_stranger(call: Call, make_row: RowMaker, person: UUID, change: str) -> None:
    make_row(Device, user=person, cookie_hash=b"c" * 32)
    call(f"update auth.devices set {change}")
    for _ in range(5):
        begin(call)
    assert begin(call, cookie=b"c" * 32).reason == "rate_limited"


def test_a_success_frees_the_account_and_never_the_network(call: Call, person: UUID) -> None:
    for _ in range(5):
        begin(call)
        call(FAIL, **ANNA)
    assert call("select auth.is_rate_limited(:email, cast(:ip as inet))", **ANNA) is True
    call(SUCCEED, **ANNA)
    assert call("select auth.is_rate_limited(:email, cast(:ip as inet))", **ANNA) is False
    assert call("select cardinality(hits) from auth.rate_buckets where scope = 'login_ip'") == 5
    assert call("select consecutive_failures from auth.account_throttle") == 0
    assert call("select host(last_login_ip) from auth.user_activity where user_id = :id", id=person) == ANNA["ip"]


@pytest.mark.app_db("commit")
def test_no_failure_of_a_crowd_is_lost(auth_engine: Engine, person: UUID) -> None:
    results = at_once(auth_engine, "select auth.account_failed(:person)", person=person)
    assert sorted(results) == list(range(1, CROWD + 1))


@pytest.mark.parametrize(
    ("failures", "seconds"), [(5, None), (6, 2), (7, 4), (10, 32), (14, 512), (15, 900), (99, 900), (100, None)]
)
def test_an_account_waits_longer_with_each_failure_but_no_more_than_a_quarter_of_an_hour(
    call: Call, make_row: RowMaker, person: UUID, failures: int, seconds: int | None
) -> None:
    make_row(AccountThrottle, user_id=person, consecutive_failures=failures - 1)
    assert call("select auth.account_failed(:person)", person=person) == failures
    is_locked, retry_after = call("select * from auth.account_wait(:person, false)", person=person)
    assert is_locked is (failures >= 100)
    if seconds is None:
        assert retry_after is None
    else:
        assert seconds - 5 < retry_after.total_seconds() <= seconds


def test_on_a_known_device_an_attempt_is_free_every_30_seconds(call: Call, make_row: RowMaker, person: UUID) -> None:
    make_row(AccountThrottle, user_id=person, consecutive_failures=50)
    call("select auth.account_failed(:person)", person=person)
    wait = "select retry_after from auth.account_wait(:person, true)"
    assert 25 < call(wait, person=person).total_seconds() <= 30
    call("update auth.account_throttle set last_failure_at = now() - interval '31 seconds'")
    assert call(wait, person=person) is None


def test_a_hundred_failures_in_a_row_lock_an_account_until_it_is_proved_by_mail(
    call: Call, make_row: RowMaker, person: UUID
) -> None:
    make_row(AccountThrottle, user_id=person, consecutive_failures=100)
    make_row(Device, user=person, cookie_hash=b"c" * 32)
    for cookie in (None, b"c" * 32):
        refused = begin(call, cookie=cookie)
        assert (refused.allowed, refused.reason, refused.retry_after) == (False, "locked", None)
    assert call("select auth.is_rate_limited(:email, cast(:ip as inet))", **ANNA) is True


@pytest.mark.parametrize("reason", ["unknown_user", "rate_limited", "locked", "suspended", "unverified"])
def test_what_is_no_guess_does_not_count_against_the_account(call: Call, person: UUID, reason: str) -> None:
    call(f"select auth.record_login_attempt(:email, cast(:ip as inet), false, '{reason}')", **ANNA)
    assert call("select count(*) from auth.account_throttle") == 0


def test_asking_whether_an_attempt_is_limited_takes_none(call: Call) -> None:
    for _ in range(10):
        assert call("select auth.is_rate_limited(:email, cast(:ip as inet))", **ANNA) is False
    assert call("select count(*) from auth.rate_buckets") == 0


def test_an_administrator_changes_a_limit(app_db: Database, call: Call) -> None:
    with app_db.admin(reason="a test", actor="tests") as session:
        session.execute(text("update auth.rate_limits set max_hits = 1 where scope = 'login_email'"))
    assert [begin(call).allowed for _ in range(2)] == [True, False]


def test_attempts_are_kept_by_month_and_closed_to_whoever_reads_past_the_table(call: Call) -> None:
    call(FAIL, email=f"{uuid4()}@example.com", ip="203.0.113.7")
    partition = call("select tableoid::regclass::text from auth.login_attempts")
    assert partition.startswith(("auth.login_attempts_y", "login_attempts_y"))
    with pytest.raises(Exception, match="permission denied"):
        call(f"select * from auth.{partition.removeprefix('auth.')}")
