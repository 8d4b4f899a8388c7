"""The ledger is added to and never rewritten, and adds up to no more than its payment."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from billing.conftest import REFUND, at_once
from sqlalchemy import func, select, text

from app_db.errors import (
    AmountExceeded,
    CheckViolation,
    ForeignKeyViolation,
    ImmutableValue,
    PermissionDenied,
    UniqueViolation,
)
from app_db.migrations.connection import owner_engine
from app_db.models import Transaction
from app_db.schema import RoleNames
from app_db.session import Database
from app_db.settings import Settings
from app_db.testing import RowMaker

NewPayment = Callable[..., UUID]
LINE = text("""
insert into billing.transactions (payment_id, refund_id, kind, amount_minor, provider_reference)
values (:payment, :refund, :kind, :amount, :reference)
""")


def line(payment: UUID, kind: str, amount: int, reference: str = "ch_1", refund: UUID | None = None) -> dict:
    return {"payment": payment, "refund": refund, "kind": kind, "amount": amount, "reference": reference}


@pytest.mark.parametrize("verb", ["update billing.transactions set kind = 'fee'", "delete from billing.transactions"])
def test_the_application_neither_changes_nor_deletes_a_line(
    app_db: Database, tenant: UUID, make_row: RowMaker, verb: str
) -> None:
    make_row(Transaction)
    with app_db.tenant(tenant) as session, pytest.raises(PermissionDenied):
        session.execute(text(verb))


@pytest.mark.app_db("fresh")
def test_not_even_the_owner_changes_a_line(app_db_settings: Settings, make_row: RowMaker) -> None:
    make_row(Transaction)
    assert app_db_settings.migration_url is not None
    engine = owner_engine(app_db_settings.migration_url, RoleNames(app_db_settings.role_prefix))
    with engine.connect() as owner:
        with pytest.raises(Exception, match="a line of the ledger never changes"):
            owner.execute(text("update billing.transactions set amount_minor = 2"))
        owner.rollback()
        # the mutation: without the trigger the same statement passes
        owner.execute(text("alter table billing.transactions disable trigger keep_fixed"))
        assert owner.execute(text("update billing.transactions set amount_minor = 2")).rowcount == 1
        owner.rollback()


def test_an_administrator_does_not_change_a_line(admin_session, make_row: RowMaker) -> None:
    make_row(Transaction)
    with pytest.raises((PermissionDenied, ImmutableValue)):
        admin_session.execute(text("update billing.transactions set amount_minor = 2"))
    admin_session.rollback()


@pytest.mark.parametrize(("kind", "most"), [("authorisation", 1000), ("capture", 800), ("chargeback", 800)])
def test_a_line_does_not_exceed_its_payment(
    app_db: Database, tenant: UUID, new_payment: NewPayment, kind: str, most: int
) -> None:
    payment = new_payment(amount=1000, captured=800)
    with app_db.tenant(tenant) as session:
        session.execute(LINE, line(payment, kind, most))
        session.execute(LINE, line(payment, "fee", 5000))
        with pytest.raises(AmountExceeded, match=f"at most {most}"):
            session.execute(LINE, line(payment, kind, most + 1, "ch_2"))
        session.rollback()


@pytest.mark.app_db("commit")
def test_forty_captures_at_once_add_up_to_what_was_captured(
    app_db: Database, tenant: UUID, new_payment: NewPayment
) -> None:
    payment = new_payment(amount=1000, captured=1000)

    def capture(number: int) -> str:
        with app_db.tenant(tenant) as session:
            session.execute(LINE, line(payment, "capture", 250, f"ch_{number}"))
        return "done"

    assert at_once(capture).count("done") == 4
    with app_db.tenant(tenant) as session:
        assert session.scalar(select(func.sum(Transaction.amount_minor))) == 1000


def test_what_a_provider_tells_twice_is_one_line(app_db: Database, tenant: UUID, new_payment: NewPayment) -> None:
    payment = new_payment(captured=1000)
    with app_db.tenant(tenant) as session:
        session.execute(LINE, line(payment, "capture", 1000))
        again = session.execute(text(f"{LINE} on conflict do nothing"), line(payment, "capture", 1000))
        assert again.rowcount == 0
        with pytest.raises(UniqueViolation):
            session.execute(LINE, line(payment, "capture", 1000))
        session.rollback()


def test_a_line_of_a_refund_carries_out_that_refund_once(
    app_db: Database, tenant: UUID, new_payment: NewPayment
) -> None:
    payment, other = new_payment(captured=1000), new_payment(captured=1000)
    with app_db.tenant(tenant) as session:
        refund = session.execute(REFUND, {"payment": payment, "amount": 300, "key": "r"}).scalar_one()
        session.commit()
        with pytest.raises(AmountExceeded, match="a line of 301 does not carry out a refund of 300"):
            session.execute(LINE, line(payment, "refund", 301, refund=refund))
        session.rollback()
        with pytest.raises(ForeignKeyViolation, match="the payment has no refund"):
            session.execute(LINE, line(other, "refund", 300, refund=refund))
        session.rollback()
        session.execute(LINE, line(payment, "refund", 300, refund=refund))
        with pytest.raises(UniqueViolation):
            session.execute(LINE, line(payment, "refund", 300, "re_2", refund=refund))
        session.rollback()


@pytest.mark.parametrize(("kind", "constraint"), [("refund", "refund"), ("gift", "kind")])
def test_a_line_of_no_known_kind_is_refused(
    app_db: Database, tenant: UUID, new_payment: NewPayment, kind: str, constraint: str
) -> None:
    payment = new_payment(captured=1000)
    with app_db.tenant(tenant) as session, pytest.raises(CheckViolation) as refused:
        session.execute(LINE, line(payment, kind, 1))
    assert refused.value.constraint_name == f"ck_transactions_{constraint}"


def test_another_tenants_payment_gets_no_line(app_db: Database, other_tenant: UUID, new_payment: NewPayment) -> None:
    payment = new_payment(captured=1000)
    with app_db.tenant(other_tenant) as session, pytest.raises(ForeignKeyViolation):
        session.execute(LINE, line(payment, "capture", 1))


def test_tenants_are_apart(assert_tenant_isolated) -> None:
    assert_tenant_isolated(Transaction)
