"""Calls that people know from elsewhere, without a schema, as the login that works before a tenant is known."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from app_db.errors import CheckViolation, PermissionDenied
from app_db.models import LoginSession
from app_db.session import Database
from app_db.testing import RowMaker

Call = Callable[..., Any]

LIMITED = "select is_rate_limited('user@example.com', '127.0.0.1'::inet)"
RECORD = "select record_login_attempt('user@example.com', '127.0.0.1'::inet, false, 'invalid_password')"


def test_whether_an_attempt_is_limited(call: Call) -> None:
    assert call(LIMITED) is False


def test_a_failed_attempt_is_recorded(call: Call) -> None:
    attempt = call(RECORD)
    assert isinstance(attempt, UUID)
    row = call(
        "select success, reason, host(ip), user_id, octet_length(email_digest) from auth.login_attempts where id = :id",
        id=attempt,
    )
    assert tuple(row) == (False, "invalid_password", "127.0.0.1", None, 32)


def test_every_session_of_a_person_is_revoked(call: Call, make_row: RowMaker, person: UUID) -> None:
    for _ in range(3):
        make_row(LoginSession, user=person)
    make_row(LoginSession)
    assert call(f"select revoke_all_user_sessions('{person}')") == 3
    assert call("select auth_epoch from auth.users where id = :id", id=person) == 2
    assert call("select count(*) from auth.sessions where revoked_at is not null") == 3
    assert call(f"select revoke_all_user_sessions('{person}')") == 0


def test_a_person_who_does_not_exist_has_no_session_to_revoke(call: Call) -> None:
    assert call(f"select revoke_all_user_sessions('{uuid4()}')") == 0


@pytest.mark.parametrize("reason", ["bad_password", "", "OK", "invalid_password "])
def test_an_unknown_reason_is_refused(call: Call, reason: str) -> None:
    with pytest.raises(CheckViolation) as caught:
        call("select record_login_attempt('user@example.com', '127.0.0.1'::inet, false, :reason)", reason=reason)
    assert caught.value.constraint_name == "ck_login_attempts_reason"


@pytest.mark.parametrize(("success", "reason"), [(True, "invalid_password"), (False, "ok")])
def test_an_outcome_that_contradicts_its_reason_is_refused(call: Call, success: bool, reason: str) -> None:
    with pytest.raises(CheckViolation) as caught:
        call(f"select record_login_attempt('user@example.com', '127.0.0.1'::inet, {success}, '{reason}')")
    assert caught.value.constraint_name == "ck_login_attempts_success"


@pytest.mark.parametrize(
    "statement", [LIMITED, RECORD, "select revoke_all_user_sessions('6b1f9a52-8a3e-4b51-9d2c-0d8f9f0a7c11')"]
)
def test_the_application_itself_may_not_call_them(app_db: Database, tenant: UUID, statement: str) -> None:
    for session_of in (app_db.tenant, app_db.tenant_admin):
        with session_of(tenant) as session, pytest.raises(PermissionDenied, match="permission denied for function"):
            session.execute(text(statement))
