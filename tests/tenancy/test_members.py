"""Members, roles and invitations: a tenant keeps an owner, and nobody is let in twice or by a hash that leaked."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from app_db.errors import (
    CheckViolation,
    ForeignKeyViolation,
    LastOwner,
    PermissionDenied,
    SerializationFailure,
    UniqueViolation,
)
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1
from app_db.models import Invitation, Membership, MembershipRole, Permission, Role, RolePermission
from app_db.session import Database
from app_db.settings import Settings

OWNERS = text("select count(*) from tenancy.memberships where role = 'owner' and status = 'active'")
DEMOTE = text("update tenancy.memberships set role = 'member' where id = :id")


def add_owner(db: Database, tenant: UUID, role: str = "owner") -> UUID:
    with db.tenant(tenant) as session:
        member = Membership(user_id=uuid4(), role=role)
        session.add(member)
        session.flush()
        return member.id


LOSSES: list[str] = [
    "update tenancy.memberships set role = 'administrator' where role = 'owner'",
    "update tenancy.memberships set status = 'suspended'",
    "delete from tenancy.memberships",
]


@pytest.mark.parametrize("statement", LOSSES)
def test_a_tenant_does_not_lose_its_last_owner(app_db: Database, tenant: UUID, statement: str) -> None:
    add_owner(app_db, tenant)
    add_owner(app_db, tenant, "administrator")
    with pytest.raises(LastOwner, match="make another member an owner"), app_db.tenant(tenant) as session:
        session.execute(text(statement))
    with app_db.tenant(tenant) as session:
        assert session.scalar(OWNERS) == 1


def test_ownership_may_be_handed_over_in_either_order(app_db: Database, tenant: UUID) -> None:
    first, second = add_owner(app_db, tenant), add_owner(app_db, tenant, "member")
    with app_db.tenant(tenant) as session:
        session.execute(DEMOTE, {"id": first})
        session.execute(text("update tenancy.memberships set role = 'owner' where id = :id"), {"id": second})
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select id from tenancy.memberships where role = 'owner'")) == second


def test_a_tenant_that_never_had_an_owner_is_left_in_peace(app_db: Database, tenant: UUID) -> None:
    add_owner(app_db, tenant, "member")
    with app_db.tenant(tenant) as session:
        session.execute(text("delete from tenancy.memberships"))


def _demote_both(db: Database, tenant: UUID, level: Any) -> list[type[Exception] | None]:
    members = [add_owner(db, tenant), add_owner(db, tenant)]
    together = Barrier(2)

    def demote(member: UUID) -> type[Exception] | None:
        try:
            with db.tenant(tenant, isolation_level=level) as session:
                session.scalar(OWNERS)
                together.wait(10)
                session.execute(DEMOTE, {"id": member})
        except (LastOwner, SerializationFailure) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(2) as pool:
        return list(pool.map(demote, members))


@pytest.mark.app_db("commit")
@pytest.mark.parametrize(
    ("level", "refusal"), [("READ COMMITTED", LastOwner), ("REPEATABLE READ", SerializationFailure)]
)
def test_two_owners_who_demote_each_other_leave_one(
    app_db: Database, tenant: UUID, level: str, refusal: type[Exception]
) -> None:
    outcomes = _demote_both(app_db, tenant, level)
    assert sorted(map(str, outcomes)) == sorted(map(str, [None, refusal]))
    with app_db.tenant(tenant) as session:
        assert session.scalar(OWNERS) == 1


@pytest.mark.app_db("fresh")
def test_without_the_lock_they_leave_none(app_db: Database, app_db_settings: Settings, tenant: UUID) -> None:
    change_schema(app_db_settings, lambda: v1.execute("drop trigger guard_membership on tenancy.memberships"))
    assert _demote_both(app_db, tenant, "REPEATABLE READ") == [None, None]


def test_a_change_of_role_or_status_voids_what_was_issued_before(app_db: Database, tenant: UUID) -> None:
    member = add_owner(app_db, tenant, "member")
    changes = ["role = 'viewer'", "updated_at = now()", "status = 'suspended'"]
    epochs = []
    for change in changes:
        with app_db.tenant(tenant) as session:
            session.execute(text(f"update tenancy.memberships set {change}"))
            epochs.append(session.get_one(Membership, member).epoch)
    assert epochs == [2, 2, 3]


def test_giving_and_taking_a_role_voids_it_too(app_db: Database, tenant: UUID) -> None:
    member = add_owner(app_db, tenant, "member")
    with app_db.tenant(tenant) as session:
        role = Role(name="Estimator")
        session.add(role)
        session.flush()
        session.add(MembershipRole(membership_id=member, role_id=role.id))
    with app_db.tenant(tenant) as session:
        assert session.get_one(Membership, member).epoch == 2
        session.execute(text("delete from tenancy.membership_roles"))
    with app_db.tenant(tenant) as session:
        assert session.get_one(Membership, member).epoch == 3


@pytest.mark.parametrize("name", ["Owner", "viewer", ""])
def test_a_role_named_like_a_built_in_one_is_refused(app_db: Database, tenant: UUID, name: str) -> None:
    with pytest.raises(CheckViolation), app_db.tenant(tenant) as session:
        session.add(Role(name=name))


def test_a_permission_that_nobody_has_defined_is_refused(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(ForeignKeyViolation), app_db.tenant(tenant) as session:
        role = Role(name="Estimator")
        session.add(role)
        session.flush()
        session.add(RolePermission(role_id=role.id, permission="world.rule"))


def test_every_tenant_sees_the_permissions_and_none_changes_them(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        assert {"member.invite", "data.write"} <= {found.name for found in session.query(Permission)}
        of_owner = text("select count(*) from tenancy.builtin_role_permissions where role = 'owner'")
        assert session.scalar(of_owner) == session.query(Permission).count()
    with pytest.raises(PermissionDenied), app_db.tenant(tenant) as session:
        session.execute(text("insert into tenancy.permissions (name, description) values ('world.rule', 'All.')"))


def test_a_role_of_another_tenant_can_not_be_given(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(other_tenant) as session:
        role = Role(name="Estimator")
        session.add(role)
        session.flush()
        role_id = role.id
    member = add_owner(app_db, tenant, "member")
    with pytest.raises(ForeignKeyViolation), app_db.tenant(tenant) as session:
        session.add(MembershipRole(membership_id=member, role_id=role_id))


def invite(session: Session, email: str = "anna@example.com", **values: Any) -> Invitation:
    given = {
        "token_hash": hashlib.sha256(uuid4().bytes).digest(),
        "expires_at": dt.datetime.now(dt.UTC) + dt.timedelta(7),
    }
    invitation = Invitation(email=email, **{**given, **values})
    session.add(invitation)
    session.flush()
    return invitation


def test_an_address_has_one_pending_invitation_however_it_is_written(app_db: Database, tenant: UUID) -> None:
    with pytest.raises(UniqueViolation), app_db.tenant(tenant) as session:
        invite(session)
        invite(session, "ANNA@Example.com")


def test_after_an_answer_it_may_be_invited_again(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        invite(session, status="revoked", answered_at=dt.datetime.now(dt.UTC))
        invite(session)


def test_tenants_invite_the_same_address_without_knowing_of_each_other(
    app_db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    for one in (tenant, other_tenant):
        with app_db.tenant(one) as session:
            invite(session)


@pytest.mark.parametrize(
    "values",
    [{"role": "owner"}, {"token_hash": b"short"}, {"email": "nobody"}, {"email": "a b@c"}, {"status": "accepted"},
     {"expires_at": dt.datetime(2001, 1, 1, tzinfo=dt.UTC)}, {"status": "revoked"}],
    ids=str,
)  # fmt: skip
def test_an_invitation_that_makes_no_sense_is_refused(app_db: Database, tenant: UUID, values: dict[str, Any]) -> None:
    with pytest.raises(CheckViolation), app_db.tenant(tenant) as session:
        invite(session, **values)


def test_the_application_can_not_read_the_hash_of_a_link(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        invite(session)
    with pytest.raises(PermissionDenied), app_db.tenant(tenant) as session:
        session.execute(text("select token_hash from tenancy.invitations"))
    with app_db.tenant(tenant) as session:
        assert session.query(Invitation).one().email_key == "anna@example.com"


def test_of_members_roles_and_invitations_tenants_are_apart(assert_tenant_isolated: Callable[..., None]) -> None:
    assert_tenant_isolated(Role)
    assert_tenant_isolated(
        Invitation, email="a@b", token_hash=bytes(32), expires_at=dt.datetime.now(dt.UTC) + dt.timedelta(7)
    )
