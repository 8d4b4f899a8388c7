"""Nobody reads a hash, and nobody replaces one without a proof."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from auth.crowd import CROWD, at_once
from sqlalchemy import Connection, Engine, text

from app_db.engine import admin_engine
from app_db.errors import CheckViolation, PermissionDenied
from app_db.models import AccountThrottle, LoginSession, OneTimeToken, User
from app_db.schema import ROLES
from app_db.settings import LoginUrl, Settings
from app_db.testing import RowMaker

Call = Callable[..., Any]

PREFIX = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA"
NEW_PREFIX = "$argon2id$v=19$m=47104,t=1,p=1$b3RoZXJzYWx0b3RoZXJzYQ"
OLD, NEW, WRONG, TOKEN = b"o" * 32, b"n" * 32, b"w" * 32, b"t" * 32
CREATE = "select auth.password_create(:person, :prefix, :digest)"
MATCHES = "select auth.password_matches(:person, :digest)"
CHANGE = "select auth.password_change(:person, :old, :prefix, :digest)"
REHASH = "select auth.password_rehash(:person, :old, :prefix, :digest)"
RESET = "select auth.password_reset(:token, :prefix, :digest)"
MAY_SEE = {"app_owner", "app_secrets", "app_backup"}


@pytest.fixture
def anna(call: Call, make_row: RowMaker) -> UUID:
    """A person with the password OLD."""
    person = make_row(User, email="anna@example.com").id
    assert call(CREATE, person=person, prefix=PREFIX, digest=OLD) is True
    call("update auth.users set status = 'active' where id = :person", person=person)
    return person


@pytest.fixture
def mailed(make_row: RowMaker, anna: UUID) -> OneTimeToken:
    return make_row(OneTimeToken, user=anna, purpose="password_reset", token_hash=TOKEN, email_key="anna@example.com")


@pytest.mark.parametrize("login", [login for login in LoginUrl if login not in {LoginUrl.MIGRATION, LoginUrl.BACKUP}])
@pytest.mark.parametrize(
    "statement",
    [
        "select digest from auth_private.password_hashes",
        "select count(*) from auth_private.password_hashes",
        "update auth_private.password_hashes set digest = decode(repeat('00', 32), 'hex')",
        "insert into auth_private.password_hashes select * from auth_private.password_hashes",
        "delete from auth_private.password_hashes",
        "copy auth_private.password_hashes to stdout",
        "explain analyze select * from auth_private.password_hashes",
        "select secret from auth_private.digest_keys",
        "select auth_private.hmac_sha256('a', 'b')",
    ],
)
@pytest.mark.app_db("commit")
def test_no_login_reaches_what_is_secret(app_db_settings: Settings, login: LoginUrl, statement: str) -> None:
    url = app_db_settings.login_url(login)
    assert url is not None
    with (
        admin_engine(url).connect() as connection,
        pytest.raises(PermissionDenied, match="permission denied for schema"),
    ):
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "update auth_private.password_hashes set digest = decode(repeat('00', 32), 'hex')",
        "insert into auth_private.password_hashes select * from auth_private.password_hashes",
        "delete from auth_private.password_hashes",
        "select auth_private.hmac_sha256('a', 'b')",
    ],
)
@pytest.mark.app_db("commit")
def test_a_backup_reads_it_and_nothing_more(app_db_settings: Settings, statement: str) -> None:
    """Without it, a restored database would let nobody log in."""
    url = app_db_settings.login_url(LoginUrl.BACKUP)
    assert url is not None
    with admin_engine(url).connect() as connection:
        assert connection.scalar(text("select count(*) from auth_private.digest_keys")) == 1
        with pytest.raises(PermissionDenied):
            connection.exec_driver_sql(statement)


@pytest.mark.app_db("commit")
def test_no_role_but_app_secrets_the_owner_and_backup_has_any_right_there(
    superuser: Connection, app_db_settings: Settings
) -> None:
    held = superuser.execute(
        text("""
        select r.rolname, c.relname from pg_roles r, pg_class c
        where c.relnamespace = 'auth_private'::regnamespace and c.relkind = 'r' and r.rolname like :prefix
          and (has_schema_privilege(r.oid, c.relnamespace, 'usage')
            or has_any_column_privilege(r.oid, c.oid, 'select, insert, update')
            or has_table_privilege(r.oid, c.oid, 'delete, truncate'))
        """),
        {"prefix": f"{app_db_settings.role_prefix}%"},
    ).all()
    roles = {name.removeprefix(app_db_settings.role_prefix) for name, _ in held}
    assert roles & {role.name for role in ROLES} == MAY_SEE
    granted = "select relacl::text from pg_class where relnamespace = 'auth_private'::regnamespace and relkind = 'r'"
    prefix = app_db_settings.role_prefix
    expected = re.escape(f"{prefix}app_secrets=") + r"\w+/\w+," + re.escape(f"{prefix}app_backup=r/{prefix}app_secrets")
    acls = superuser.scalars(text(granted)).all()
    assert acls != []
    assert [acl for acl in acls if not re.fullmatch(r"\{" + expected + r"\}", str(acl))] == []


@pytest.mark.app_db("fresh")
def test_a_grant_would_be_noticed(superuser: Connection, app_db_settings: Settings) -> None:
    prefix = app_db_settings.role_prefix
    superuser.exec_driver_sql(f"grant usage on schema auth_private to {prefix}app_rw")
    superuser.exec_driver_sql(f"grant select on auth_private.password_hashes to {prefix}app_rw")
    superuser.commit()
    with pytest.raises(AssertionError):
        test_no_role_but_app_secrets_the_owner_and_backup_has_any_right_there(superuser, app_db_settings)


FUNCTIONS = [
    "auth.password_prefix(gen_random_uuid())",
    "auth.password_matches(gen_random_uuid(), 'x')",
    "auth.password_create(gen_random_uuid(), 'x', 'x')",
    "auth.password_change(gen_random_uuid(), 'x', 'x', 'x')",
    "auth.password_rehash(gen_random_uuid(), 'x', 'x', 'x')",
    "auth.password_reset('x', 'x', 'x')",
    "auth.email_digest('x')",
]


@pytest.mark.parametrize("login", [LoginUrl.APPLICATION, LoginUrl.TENANT_ADMIN, LoginUrl.READONLY, LoginUrl.BACKUP])
@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.app_db("commit")
def test_who_logs_nobody_in_may_not_even_ask(app_db_settings: Settings, login: LoginUrl, function: str) -> None:
    url = app_db_settings.login_url(login)
    assert url is not None
    with admin_engine(url).connect() as connection, pytest.raises(PermissionDenied, match="denied for function"):
        connection.exec_driver_sql(f"select {function}")


@pytest.mark.app_db("commit")
def test_functions_that_read_secrets_are_pinned_and_belong_to_app_secrets(
    superuser: Connection, app_db_settings: Settings
) -> None:
    found = superuser.execute(
        text("""
        select proname, pg_get_userbyid(proowner), proconfig from pg_proc
        where pronamespace = 'auth'::regnamespace and prosecdef
        """)
    ).all()
    assert {name for name, _, _ in found} == {name.split("(")[0].removeprefix("auth.") for name in FUNCTIONS}
    assert {owner for _, owner, _ in found} == {f"{app_db_settings.role_prefix}app_secrets"}
    assert {tuple(config) for _, _, config in found} == {("search_path=pg_catalog, pg_temp",)}


def test_a_password_is_checked_without_the_hash(call: Call, anna: UUID) -> None:
    assert tuple(call("select * from auth.password_prefix(:person)", person=anna)) == (PREFIX, 0)
    assert call(MATCHES, person=anna, digest=OLD) is True
    assert call(MATCHES, person=anna, digest=WRONG) is False
    assert call(MATCHES, person=anna, digest=None) is False


def test_a_person_without_a_password_is_answered_alike(call: Call) -> None:
    assert tuple(call("select * from auth.password_prefix(:person)", person=uuid4())) == (None, None)
    assert call(MATCHES, person=uuid4(), digest=OLD) is False


def test_a_first_password_is_set_once(call: Call, make_row: RowMaker) -> None:
    person = make_row(User).id
    assert call(CREATE, person=person, prefix=PREFIX, digest=OLD) is True
    assert call(CREATE, person=person, prefix=NEW_PREFIX, digest=NEW) is False
    assert call(MATCHES, person=person, digest=OLD) is True


@pytest.mark.parametrize("status", ["active", "suspended"])
def test_a_first_password_is_for_who_is_pending(call: Call, make_row: RowMaker, status: str) -> None:
    person = make_row(User, status=status).id
    assert call(CREATE, person=person, prefix=PREFIX, digest=OLD) is False
    assert call(CREATE, person=uuid4(), prefix=PREFIX, digest=OLD) is False


@pytest.mark.parametrize(
    ("prefix", "digest", "constraint"),
    [
        ("$2b$12$abcdefghijklmnopqrstuv", OLD, "prefix"),
        (PREFIX + "$digest", OLD, "prefix"),
        ("", OLD, "prefix"),
        (PREFIX, b"the password", "digest"),
    ],
)
def test_what_is_no_argon2_hash_is_refused(
    call: Call, make_row: RowMaker, prefix: str, digest: bytes, constraint: str
) -> None:
    with pytest.raises(CheckViolation) as caught:
        call(CREATE, person=make_row(User).id, prefix=prefix, digest=digest)
    assert caught.value.constraint_name == f"ck_password_hashes_{constraint}"


def test_a_password_is_changed_by_who_knows_the_old_one(call: Call, make_row: RowMaker, anna: UUID) -> None:
    make_row(LoginSession, user=anna)
    assert call(CHANGE, person=anna, old=OLD, prefix=NEW_PREFIX, digest=NEW) is True
    assert (call(MATCHES, person=anna, digest=OLD), call(MATCHES, person=anna, digest=NEW)) == (False, True)
    row = call("select auth_epoch, password_changed_at is not null from auth.users where id = :id", id=anna)
    assert tuple(row) == (2, True)
    assert call("select revoke_reason from auth.sessions") == "password_change"


@pytest.mark.parametrize("old", [WRONG, None, b""])
@pytest.mark.parametrize("statement", [CHANGE, REHASH])
def test_without_the_old_one_nothing_changes(call: Call, anna: UUID, statement: str, old: bytes | None) -> None:
    assert call(statement, person=anna, old=old, prefix=NEW_PREFIX, digest=NEW) is False
    assert call(MATCHES, person=anna, digest=OLD) is True
    assert call("select auth_epoch from auth.users where id = :id", id=anna) == 1


def test_a_person_who_is_suspended_changes_no_password(call: Call, anna: UUID) -> None:
    call("update auth.users set status = 'suspended'")
    assert call(CHANGE, person=anna, old=OLD, prefix=NEW_PREFIX, digest=NEW) is False


def test_the_same_password_is_kept_by_newer_parameters(call: Call, make_row: RowMaker, anna: UUID) -> None:
    session = make_row(LoginSession, user=anna).id
    assert call(REHASH, person=anna, old=OLD, prefix=NEW_PREFIX, digest=NEW) is True
    assert call("select prefix from auth.password_prefix(:person)", person=anna) == NEW_PREFIX
    assert call("select user_id from auth.valid_session(:id)", id=session) == anna


@pytest.mark.usefixtures("mailed")
def test_a_password_is_reset_by_a_mailed_token(call: Call, make_row: RowMaker, anna: UUID) -> None:
    make_row(LoginSession, user=anna)
    make_row(AccountThrottle, user_id=anna, consecutive_failures=100)
    assert call(RESET, token=TOKEN, prefix=NEW_PREFIX, digest=NEW) == anna
    assert call(MATCHES, person=anna, digest=NEW) is True
    assert call("select count(*) from auth.sessions where revoked_at is null") == 0
    assert call("select is_locked from auth.account_wait(:person, false)", person=anna) is False
    assert call(RESET, token=TOKEN, prefix=PREFIX, digest=OLD) is None
    assert call(MATCHES, person=anna, digest=NEW) is True


def test_a_reset_is_how_a_person_without_a_password_gets_one(call: Call, make_row: RowMaker, person: UUID) -> None:
    make_row(OneTimeToken, user=person, purpose="password_reset", token_hash=TOKEN, email_key="anna@example.com")
    assert call(RESET, token=TOKEN, prefix=PREFIX, digest=NEW) == person
    assert call(MATCHES, person=person, digest=NEW) is True


@pytest.mark.usefixtures("mailed")
@pytest.mark.parametrize(
    "change",
    [
        "update auth.one_time_tokens set superseded_at = now()",
        "update auth.users set auth_epoch = auth_epoch + 1",
        "update auth.users set email = 'anna@example.org'",
        "update auth.users set status = 'suspended'",
    ],
)
def test_a_token_that_is_no_good_resets_nothing(call: Call, anna: UUID, change: str) -> None:
    call(change)
    assert call(RESET, token=TOKEN, prefix=NEW_PREFIX, digest=NEW) is None
    assert call(RESET, token=None, prefix=NEW_PREFIX, digest=NEW) is None
    assert call(MATCHES, person=anna, digest=OLD) is True


def test_a_token_for_something_else_resets_nothing(call: Call, make_row: RowMaker, anna: UUID) -> None:
    make_row(OneTimeToken, user=anna, purpose="magic_link", token_hash=TOKEN, email_key="anna@example.com")
    assert call(RESET, token=TOKEN, prefix=NEW_PREFIX, digest=NEW) is None


@pytest.mark.app_db("commit")
@pytest.mark.usefixtures("mailed")
def test_a_reset_is_good_for_one_of_a_crowd(auth_engine: Engine, anna: UUID) -> None:
    results = at_once(auth_engine, RESET, token=TOKEN, prefix=NEW_PREFIX, digest=NEW)
    assert (results.count(anna), results.count(None)) == (1, CROWD - 1)


@pytest.mark.app_db("commit")
@pytest.mark.usefixtures("mailed")
def test_new_passwords_are_written_down_and_no_secret_with_them(call: Call, superuser: Connection, anna: UUID) -> None:
    call(RESET, token=TOKEN, prefix=NEW_PREFIX, digest=NEW)
    call(CHANGE, person=anna, old=NEW, prefix=PREFIX, digest=OLD)
    query = "select event, actor, details from ops.system_event where actor = :actor order by id"
    assert superuser.execute(text(query), {"actor": str(anna)}).all() == [
        ("password.reset", str(anna), {}),
        ("password.change", str(anna), {}),
    ]


@pytest.mark.app_db("commit")
@pytest.mark.parametrize("email", ["anna@example.com", "ANNA@Example.com", "анна@пример.рф"])
def test_the_digest_of_an_address_is_an_hmac_that_others_can_compute(
    call: Call, superuser: Connection, email: str
) -> None:
    secret = bytes(superuser.scalar(text("select secret from auth_private.digest_keys where purpose = 'email'")))
    ascii_folded = "".join(letter.lower() if letter.isascii() else letter for letter in email)
    expected = hmac.new(secret, ascii_folded.encode(), hashlib.sha256).digest()
    assert bytes(call("select auth.email_digest(:email)", email=email)) == expected
