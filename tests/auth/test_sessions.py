"""A session is good in one way only, and ended sessions stay ended, those being opened at that moment too."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, Engine, text

from app_db.errors import CheckViolation, ForeignKeyViolation, PermissionDenied
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.models import (
    AccountThrottle,
    Device,
    LoginSession,
    MfaFactor,
    OneTimeToken,
    RecoveryCode,
    RefreshToken,
    User,
    UserActivity,
)
from app_db.settings import Settings
from app_db.testing import RowMaker

Call = Callable[..., Any]

VALID = "select user_id from auth.valid_session(:id)"
LOGIN = """
insert into auth.sessions (user_id, auth_epoch, idle_expires_at, absolute_expires_at)
select id, auth_epoch, now() + interval '1 hour', now() + interval '1 day'
from auth.users where id = :person and status = 'active' for share
"""


def test_a_session_that_was_just_opened_is_good(call: Call, make_row: RowMaker, person: UUID) -> None:
    device = make_row(Device, user=person)
    session = make_row(LoginSession, user=person, device_id=device.id, amr=["pwd"])
    found = call("select * from auth.valid_session(:id)", id=session.id)
    assert (found.user_id, found.device_id, found.amr) == (person, device.id, ["pwd"])


@pytest.mark.parametrize(
    "change",
    [
        "update auth.sessions set revoked_at = now(), revoke_reason = 'logout'",
        "update auth.sessions set idle_expires_at = now()",
        "update auth.users set auth_epoch = auth_epoch + 1",
        "update auth.users set status = 'suspended'",
        "update auth.users set status = 'pending'",
        "update auth.users set status = 'deleted', deleted_at = now()",
        "update auth.devices set revoked_at = now()",
        "select auth.revoke_all_user_sessions(id) from auth.users",
    ],
)
def test_it_is_good_no_more_once_one_condition_fails(call: Call, make_row: RowMaker, person: UUID, change: str) -> None:
    session = make_row(LoginSession, user=person, device_id=make_row(Device, user=person).id)
    assert call(VALID, id=session.id) == person
    call(change)
    assert call(VALID, id=session.id) is None


def test_one_that_has_come_to_its_end_is_not_good(call: Call, make_row: RowMaker, person: UUID) -> None:
    session = make_row(LoginSession, user=person)
    call(
        "insert into auth.sessions (id, user_id, auth_epoch, created_at, idle_expires_at, absolute_expires_at) "
        "select :new, user_id, 1, now() - interval '2 h', now() - interval '1 s', now() - interval '1 s' "
        "from auth.sessions",
        new=(over := uuid4()),
    )
    assert (call(VALID, id=session.id), call(VALID, id=over)) == (person, None)


def test_one_for_a_tenant_needs_the_current_epoch_of_the_membership(
    call: Call, make_row: RowMaker, person: UUID, tenant: UUID
) -> None:
    session = make_row(LoginSession, user=person, tenant_id=tenant, member_epoch=3)
    valid = "select tenant_id from auth.valid_session(:id, :epoch)"
    assert call(valid, id=session.id, epoch=3) == tenant
    for epoch in (2, 4, None):
        assert call(valid, id=session.id, epoch=epoch) is None


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"token_hash": b"the token itself"}, "token_hash"),
        ({"aal": 4}, "aal"),
        ({"tenant_id": uuid4()}, "member_epoch"),
        ({"revoke_reason": "because"}, "revoked"),
        ({"user_agent": "x" * 513}, "user_agent"),
    ],
)
def test_a_session_that_contradicts_itself_is_refused(
    call: Call, person: UUID, values: dict[str, Any], constraint: str
) -> None:
    names = ["user_id", "auth_epoch", *values]
    with pytest.raises(CheckViolation) as caught:
        call(
            f"insert into auth.sessions ({', '.join(names)}, idle_expires_at, absolute_expires_at) "
            f"values ({', '.join(f':{name}' for name in names)}, now() + interval '1 h', now() + interval '1 h')",
            user_id=person, auth_epoch=1, **values,
        )  # fmt: skip
    assert caught.value.constraint_name == f"ck_sessions_{constraint}"


def test_an_epoch_never_goes_back(call: Call, make_row: RowMaker, person: UUID) -> None:
    session = make_row(LoginSession, user=person).id
    call("select auth.revoke_all_user_sessions(:id)", id=person)
    with pytest.raises(CheckViolation, match="can only grow: 1 is less than 2") as caught:
        call("update auth.users set auth_epoch = 1")
    assert caught.value.constraint_name == "keep_epoch"
    assert call(VALID, id=session) is None


@pytest.mark.parametrize(
    "change", ["user_id = gen_random_uuid()", "auth_epoch = 2", "absolute_expires_at = 'infinity'"]
)
def test_what_a_session_was_opened_with_is_not_changed(call: Call, make_row: RowMaker, change: str) -> None:
    make_row(LoginSession)
    with pytest.raises(PermissionDenied):
        call(f"update auth.sessions set {change}")


def test_a_refresh_token_is_of_the_sessions_own_person(call: Call, make_row: RowMaker, person: UUID) -> None:
    session = make_row(LoginSession, user=person)
    assert make_row(RefreshToken, session_id=session.id, user_id=person).generation == 0
    with pytest.raises(ForeignKeyViolation):
        call(
            "insert into auth.refresh_tokens (session_id, user_id, token_hash, key_id) values (:s, :u, :h, 1)",
            s=make_row(LoginSession, user=person).id, u=make_row(User).id, h=b"h" * 32,
        )  # fmt: skip


@pytest.mark.app_db("commit")
def test_all_that_is_a_persons_goes_with_the_person(superuser: Connection, make_row: RowMaker, call: Call) -> None:
    person = make_row(User).id
    make_row(RefreshToken, session_id=make_row(LoginSession, user=person).id, user_id=person)
    for model in (UserActivity, AccountThrottle, Device, OneTimeToken, MfaFactor, RecoveryCode):
        make_row(model, user_id=person)
    superuser.execute(text("delete from auth.users where id = :id"), {"id": person})
    superuser.commit()
    tables = ("sessions", "refresh_tokens", "user_activity", "account_throttle", "devices", "one_time_tokens",
              "mfa_factors", "recovery_codes")  # fmt: skip
    assert {table: call(f"select count(*) from auth.{table}") for table in tables} == dict.fromkeys(tables, 0)


def race(engine: Engine, person: UUID) -> None:
    """Let logins and the end of all sessions meet at once."""
    barrier = threading.Barrier(8, timeout=30)

    def work(number: int) -> None:
        with engine.begin() as connection:
            connection.scalar(text("select 1"))
            barrier.wait()
            if number == 0:
                connection.execute(text("select auth.revoke_all_user_sessions(:person)"), {"person": person})
            else:
                connection.execute(text(LOGIN), {"person": person})

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))


@pytest.mark.app_db("commit")
def test_a_session_is_good_only_if_it_was_opened_after_the_end_of_all(
    auth_engine: Engine, call: Call, person: UUID
) -> None:
    alive = (
        "select count(*) from auth.sessions s join auth.users u on u.id = s.user_id, auth.valid_session(s.id) "
        "where s.auth_epoch < u.auth_epoch"
    )
    unmarked = (
        "select count(*) from auth.sessions s join auth.users u on u.id = s.user_id "
        "where s.auth_epoch < u.auth_epoch and s.revoked_at is null"
    )
    for _ in range(20):
        race(auth_engine, person)
        assert (call(alive), call(unmarked)) == (0, 0)
    assert call("select count(*) from auth.sessions") == 20 * 7


MARK_ONLY = """
create or replace function auth.revoke_all_user_sessions(
  user_id uuid, reason text default 'revoke_all', revoked_by uuid default null
) returns integer
language plpgsql as $body$
begin
  update auth.sessions as s set revoked_at = now(), revoke_reason = $2, revoked_by = $3
  where s.user_id = $1 and s.revoked_at is null;
  return 0;
end
$body$
"""


@pytest.mark.app_db("fresh")
@pytest.mark.parametrize("guarded", [True, False])
def test_without_the_epoch_a_session_that_is_being_opened_would_outlive_the_end_of_all(
    auth_engine: Engine, app_db_settings: Settings, call: Call, person: UUID, guarded: bool
) -> None:
    if not guarded:
        change_schema(app_db_settings, lambda: ddl.execute(MARK_ONLY))
    with ThreadPoolExecutor(1) as pool, auth_engine.begin() as login:
        login.execute(text(LOGIN), {"person": person})
        ended = pool.submit(call, "select auth.revoke_all_user_sessions(:person)", person=person)
        if not guarded:
            ended.result(10)
        login.commit()
        ended.result(10)
    good = call("select count(*) from auth.sessions s, auth.valid_session(s.id)")
    assert good == (0 if guarded else 1)


@pytest.mark.app_db("commit")
def test_no_index_holds_a_time_that_moves(superuser: Connection) -> None:
    """With one, no update of a session could stay on its page (HOT)."""
    moving = ("last_seen_at", "idle_expires_at", "rotated_at", "hits", "last_used_at", "last_failure_at")
    found = superuser.scalars(
        text("""
        select indexrelid::regclass::text || '.' || attname from pg_index
        join pg_attribute on attrelid = indrelid and attnum = any(indkey)
        where indrelid::regclass::text ~ '^auth[.]' and attname = any(:moving)
        """),
        {"moving": list(moving)},
    ).all()
    assert found == []
