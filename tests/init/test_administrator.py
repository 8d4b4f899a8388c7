"""The first administrator: who is refused, and that he is there as a whole or not at all."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from argon2.low_level import Type, hash_secret_raw
from sqlalchemy import Engine, text

from app_db.engine import NO_TENANT, bound_to
from app_db.errors import InitRefused, PermissionDenied, UniqueViolation
from app_db.init import password
from app_db.init.administrator import Administrator, check_email, make_administrator
from app_db.models import Membership, Tenant, User
from app_db.session import Database
from app_db.settings import LoginUrl
from app_db.testing import RowMaker

pytestmark = pytest.mark.app_db("commit")
Ask = Callable[..., list[Any]]
ANNA = "anna@example.com"


def make(owner: Engine, email: str = ANNA, slug: str = "main") -> tuple[Administrator, list[Administrator]]:
    announced: list[Administrator] = []
    return make_administrator(owner, email, slug, announced.append), announced


@pytest.mark.parametrize("email", [ANNA, "a.b+c@mail.example.co.uk", "root@localhost", "анна@пример.рф"])
def test_other_addresses_are_taken(email: str, owner: Engine) -> None:
    assert make(owner, check_email(email))[0].email == email


def test_a_tenant_that_somebody_owns_gets_no_other_owner(owner: Engine, ask: Ask) -> None:
    make(owner)
    with pytest.raises(InitRefused, match="the tenant 'main' has an owner"):
        make(owner, "bob@example.com")
    assert [row.email for row in ask("select email from auth.users")] == [ANNA]
    assert len(ask("select from tenancy.memberships")) == 1


@pytest.mark.parametrize("status", ["pending", "active", "suspended"])
def test_a_person_who_is_there_is_made_an_owner_of_nothing(
    owner: Engine, ask: Ask, make_row: RowMaker, status: str
) -> None:
    make_row(User, email="Anna@Example.com", status=status)
    with pytest.raises(InitRefused, match=r"'Anna@Example.com' is there and does not own the tenant 'main'"):
        make(owner)
    assert ask("select from auth_private.password_hashes") == []
    assert ask("select from tenancy.tenants where slug = 'main'") == []


@pytest.mark.parametrize("change", [{"role": "administrator"}, {"role": "owner", "status": "suspended"}])
def test_nor_is_one_who_has_another_place_in_the_tenant(
    owner: Engine, make_row: RowMaker, change: dict[str, str]
) -> None:
    person, tenant = make_row(User, email=ANNA), make_row(Tenant, slug="main")
    make_row(Membership, tenant=tenant.id, user_id=person.id, **change)
    with pytest.raises(InitRefused, match="does not own the tenant"):
        make(owner)


def test_a_tenant_that_is_suspended_gets_no_owner_and_nobody_is_made(
    owner: Engine, ask: Ask, make_row: RowMaker
) -> None:
    make_row(Tenant, slug="main", status="suspended")
    with pytest.raises(InitRefused, match="is suspended"):
        make(owner)
    assert ask("select from auth.users") == []


def test_whatever_fails_before_the_commit_takes_him_back(owner: Engine, ask: Ask) -> None:
    def broken(_made: Administrator) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        make_administrator(owner, ANNA, "main", broken)
    for table in ("auth.users", "auth_private.password_hashes", "tenancy.memberships", "ops.audit_log"):
        assert ask(f"select from {table}") == []
    assert make(owner)[0].outcome == "made"


def test_the_password_is_announced_before_it_is_good(owner: Engine, ask: Ask) -> None:
    seen: list[int] = []
    make_administrator(owner, ANNA, "main", lambda _made: seen.append(len(ask("select from auth.users"))))
    assert seen == [0]


def test_he_is_active_owns_an_approved_tenant_and_is_recorded(owner: Engine, ask: Ask) -> None:
    made, announced = make(owner)
    assert announced == [made]
    person = ask("select id, email, status, auth_epoch, email_verified_at from auth.users")[0]
    assert (person.email, person.status, person.auth_epoch, person.email_verified_at) == (ANNA, "active", 1, None)
    tenant = ask("select id, slug, name, status, approved_by from tenancy.tenants where slug = 'main'")[0]
    assert (tenant.name, tenant.status, tenant.approved_by) == ("Main", "approved", person.id)
    member = ask("select tenant_id, user_id, role, status from tenancy.memberships")[0]
    assert tuple(member) == (tenant.id, person.id, "owner", "active")
    actions = [row.action for row in ask("select action from ops.audit_log order by id")]
    assert actions == ["tenant.create", "administrator.create"]
    assert {row.actor for row in ask("select actor from ops.system_event")} == {"app-db init"}


def test_the_login_that_checks_passwords_finds_his_to_match(owner: Engine, app_db: Database, ask: Ask) -> None:
    made, _ = make(owner)
    assert made.password is not None
    assert re.fullmatch(r"[A-Za-z0-9]{32}", made.password)
    person: UUID = ask("select id from auth.users")[0].id
    with bound_to(app_db._engine(LoginUrl.AUTH), NO_TENANT).begin() as connection:
        prefix = connection.scalar(text("select prefix from auth.password_prefix(:person)"), {"person": person})
        assert prefix is not None
        assert prefix.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
        salt = base64.b64decode(prefix.rsplit("$", 1)[1] + "==")
        digest = hash_secret_raw(made.password.encode(), salt, 2, 19456, 1, 32, Type.ID)
        matches = text("select auth.password_matches(:person, :digest)")
        assert connection.scalar(matches, {"person": person, "digest": digest})
        assert not connection.scalar(matches, {"person": person, "digest": digest[::-1]})


def test_run_again_he_is_there_and_his_password_is_neither_shown_nor_changed(owner: Engine, ask: Ask) -> None:
    make(owner)
    query = "select user_id, prefix, digest, changed_at from auth_private.password_hashes"
    before = ask(query)
    found, announced = make(owner, "ANNA@example.com")
    assert announced == [found]
    assert (found.outcome, found.email, found.password) == ("there", ANNA, None)
    assert ask(query) == before
    assert len(ask("select from tenancy.memberships")) == 1


def test_a_tenant_without_an_owner_gets_him_and_keeps_its_status(owner: Engine, ask: Ask, make_row: RowMaker) -> None:
    make_row(Tenant, slug="main", name="Our own")
    make(owner)
    assert [tuple(row) for row in ask("select name, status from tenancy.tenants where slug = 'main'")] == [
        ("Our own", "pending")
    ]
    assert [row.role for row in ask("select role from tenancy.memberships")] == ["owner"]


def test_the_address_of_a_deleted_person_is_free(owner: Engine, make_row: RowMaker) -> None:
    make_row(User, email=ANNA, status="deleted", deleted_at=text("now()"))
    assert make(owner)[0].outcome == "made"


def test_of_many_at_once_one_makes_him(owner: Engine, ask: Ask) -> None:
    def attempt(_number: int) -> Any:
        try:
            return make(owner)[0].outcome
        except (UniqueViolation, InitRefused) as error:
            return type(error)

    with ThreadPoolExecutor(8) as pool:
        outcomes = [*pool.map(attempt, range(8))]
    assert outcomes.count("made") == 1
    assert len(ask("select from auth_private.password_hashes")) == 1
    assert len(ask("select from tenancy.memberships")) == 1


def test_the_application_can_set_no_first_password(app_db: Database, make_row: RowMaker) -> None:
    person = make_row(User, email=ANNA).id
    secret = password.hashed("x")
    with app_db.tenant(uuid4()) as session, pytest.raises(PermissionDenied, match="password_create"):
        session.execute(
            text("select auth.password_create(:person, :prefix, :digest)"),
            {"person": person, "prefix": secret.prefix, "digest": secret.digest},
        )


def test_no_repr_and_no_str_shows_the_password(owner: Engine) -> None:
    made, _ = make(owner)
    assert made.password is not None
    assert made.password not in repr(made) + str(made) + str([made])
