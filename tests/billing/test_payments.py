"""Payments go their ways and no others, are made once for each key, and never change what was agreed."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from billing.conftest import CAPTURE, NEW_PAYMENT, at_once
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from app_db.errors import (
    CheckViolation,
    ForeignKeyViolation,
    ImmutableValue,
    PermissionDenied,
    RowSecurityViolation,
    TransitionRefused,
    UniqueViolation,
)
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.models import Payment, PaymentMethod
from app_db.session import Database
from app_db.settings import Settings
from app_db.testing import RowMaker

STATUSES = ("pending", "authorised", "captured", "partially_refunded", "refunded", "charged_back", "failed", "canceled")
ALLOWED = {
    "pending": {"authorised", "captured", "failed", "canceled"},
    "authorised": {"captured", "failed", "canceled"},
    "captured": {"partially_refunded", "refunded", "charged_back"},
    "partially_refunded": {"refunded", "charged_back"},
}
PAID = {"captured", "partially_refunded", "refunded", "charged_back"}


def fitting(status: str) -> dict[str, object]:
    """Return a payment's columns that the status asks for."""
    return {
        "status": status,
        "captured_minor": 1000 if status in PAID else 0,
        "failure_reason": "no cover" if status == "failed" else None,
    }


def test_every_step_of_a_payment_is_allowed_or_refused_as_written(
    app_db: Database, tenant: UUID, make_row: RowMaker
) -> None:
    rows = {status: make_row(Payment, **fitting(status)) for status in STATUSES}
    with app_db.tenant(tenant) as session:
        for before, row in rows.items():
            for after in STATUSES:
                # what was captured stays, so that the step alone is at fault
                values = {
                    **fitting(after),
                    "captured_minor": 1000 if before in PAID else fitting(after)["captured_minor"],
                }
                step = update(Payment).where(Payment.id == row.id).values(values)
                outcome = tried(session, step)
                if after in ALLOWED.get(before, set()) | {before}:
                    assert outcome == "done", (before, after)
                else:
                    assert outcome == "TransitionRefused", (before, after)


def tried(session: Session, statement: object) -> str:
    """Execute it and undo it; tell how it ended."""
    savepoint = session.begin_nested()
    try:
        session.execute(statement)
    except DBAPIError as error:
        return type(error).__name__
    finally:
        savepoint.rollback()
    return "done"


def test_a_refused_step_says_which_ones_there_are(app_db: Database, tenant: UUID, new_payment) -> None:
    payment = new_payment(captured=1000)
    with app_db.tenant(tenant) as session, pytest.raises(TransitionRefused) as refused:
        session.execute(text("update billing.payments set status = 'pending' where id = :id"), {"id": payment})
    message = str(refused.value)
    assert "billing.payments can't go from captured to pending" in message
    assert "from captured it goes to partially_refunded, refunded, charged_back" in message
    assert "read the row again" in message
    assert (refused.value.sqlstate, refused.value.table_name, refused.value.column_name) == (
        "TN101",
        "payments",
        "status",
    )
    assert not refused.value.retryable


def test_a_final_status_says_that_it_is_final(app_db: Database, tenant: UUID, make_row: RowMaker) -> None:
    payment = make_row(Payment, **fitting("canceled"))
    with app_db.tenant(tenant) as session, pytest.raises(TransitionRefused, match="canceled is final"):
        session.execute(text("update billing.payments set status = 'authorised' where id = :id"), {"id": payment.id})


@pytest.mark.parametrize(
    "change",
    ["amount_minor = 1", "currency = 'USD'", "customer_id = app.uuid7()", "idempotency_key = 'b'",
     "created_at = now() - interval '1 year'"],
)  # fmt: skip
def test_what_was_agreed_never_changes(app_db: Database, tenant: UUID, new_payment, admin_session, change: str) -> None:
    """Not by the application, which has no grant, nor by an administrator, who has one."""
    payment = new_payment()
    statement = text(f"update billing.payments set {change} where id = :id")
    with app_db.tenant(tenant) as session:
        with pytest.raises(PermissionDenied):
            session.execute(statement, {"id": payment})
        session.rollback()
    with pytest.raises(ImmutableValue, match="never change"):
        admin_session.execute(statement, {"id": payment})
    admin_session.rollback()


def test_what_was_captured_never_falls_and_never_exceeds_the_amount(
    app_db: Database, tenant: UUID, new_payment
) -> None:
    payment = new_payment(amount=1000, captured=400)
    with app_db.tenant(tenant) as session:
        with pytest.raises(ImmutableValue, match="never falls"):
            session.execute(CAPTURE, {"id": payment, "captured": 399})
        session.rollback()
        session.execute(CAPTURE, {"id": payment, "captured": 1000})
        with pytest.raises(CheckViolation) as refused:
            session.execute(CAPTURE, {"id": payment, "captured": 1001})
        assert refused.value.constraint_name == "ck_payments_captured_minor"
        session.rollback()


@pytest.mark.app_db("fresh")
def test_unguarded_a_payment_goes_back_and_changes(
    app_db: Database, app_db_settings: Settings, tenant: UUID, make_row: RowMaker
) -> None:
    """The mutation: without the triggers the same statements pass."""
    change_schema(app_db_settings, lambda: ddl.execute("alter table billing.payments disable trigger user"))
    payment = make_row(Payment)
    with app_db.admin(reason="a test", actor="tests") as session:
        session.execute(
            text("update billing.payments set status = 'pending', captured_minor = 0, amount_minor = 1 where id = :id"),
            {"id": payment.id},
        )
    with app_db.tenant(tenant) as session:
        assert session.get_one(Payment, payment.id).amount_minor == 1


@pytest.mark.app_db("commit")
def test_forty_who_send_the_same_key_make_one_payment(app_db: Database, tenant: UUID) -> None:
    values = {"customer": uuid7(), "amount": 1000, "key": "order-4711"}
    known = select(Payment.id).where(Payment.idempotency_key == "order-4711")

    def pay(_number: int) -> tuple[UUID, bool]:
        with app_db.tenant(tenant) as session:
            made = session.execute(NEW_PAYMENT, values).scalar_one_or_none()
            return made or session.scalars(known).one(), made is not None

    outcomes = at_once(pay)
    assert len({found for found, _ in outcomes}) == 1
    assert sum(made for _, made in outcomes) == 1
    with app_db.tenant(tenant) as session:
        assert session.scalar(select(func.count()).select_from(Payment)) == 1


def test_a_key_is_the_tenants_own(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    for each in (tenant, other_tenant):
        with app_db.tenant(each) as session:
            values = {"customer": uuid7(), "amount": 1, "key": "order-1"}
            assert session.execute(NEW_PAYMENT, values).scalar_one()
    with app_db.tenant(tenant) as session:
        session.add(Payment(customer_id=uuid7(), amount_minor=1, currency="EUR", idempotency_key="order-1"))
        with pytest.raises(UniqueViolation):
            session.flush()
        session.rollback()


def test_a_payment_begins_pending_with_nothing_captured(app_db: Database, tenant: UUID) -> None:
    for given in ({"status": "captured", "captured_minor": 5}, {"captured_minor": 5}, {"status": "failed"}):
        with app_db.tenant(tenant) as session:
            session.add(
                Payment(customer_id=uuid7(), amount_minor=5, currency="EUR", idempotency_key="order-1", **given)
            )
            with pytest.raises(PermissionDenied):
                session.flush()
            session.rollback()


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"amount_minor": 0}, "amount_minor"),
        ({"amount_minor": -1}, "amount_minor"),
        ({"currency": "eur"}, "currency"),
        ({"currency": "EURO"}, "currency"),
        ({"idempotency_key": ""}, "idempotency_key"),
        ({"idempotency_key": "k" * 256}, "idempotency_key"),
        ({"description": ""}, "description"),
    ],
)
def test_what_can_not_be_paid_is_refused_by_name(
    app_db: Database, tenant: UUID, values: dict[str, object], constraint: str
) -> None:
    given = {"customer_id": uuid7(), "amount_minor": 1, "currency": "EUR", "idempotency_key": "k", **values}
    with app_db.tenant(tenant) as session:
        session.add(Payment(**given))
        with pytest.raises(CheckViolation) as refused:
            session.flush()
        assert refused.value.constraint_name == f"ck_payments_{constraint}"
        session.rollback()


def test_a_failed_payment_says_why_and_no_other_does(app_db: Database, tenant: UUID, new_payment) -> None:
    payment = new_payment()
    for change in ("status = 'failed'", "failure_reason = 'no cover'"):
        with app_db.tenant(tenant) as session, pytest.raises(CheckViolation) as refused:
            session.execute(text(f"update billing.payments set {change} where id = :id"), {"id": payment})
        assert refused.value.constraint_name == "ck_payments_failed"


def test_a_payment_is_not_made_with_another_tenants_method(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_row: RowMaker, new_payment: Callable[..., UUID]
) -> None:
    method = make_row(PaymentMethod, tenant=other_tenant)
    payment = new_payment()
    with app_db.tenant(tenant) as session, pytest.raises(ForeignKeyViolation):
        session.execute(
            text("update billing.payments set payment_method_id = :method where id = :id"),
            {"method": method.id, "id": payment},
        )


@pytest.mark.parametrize("model", [Payment, PaymentMethod])
def test_tenants_are_apart(assert_tenant_isolated, model: type) -> None:
    assert_tenant_isolated(model)


def test_another_tenants_payment_is_neither_seen_nor_moved_nor_made(
    app_db: Database, tenant: UUID, other_tenant: UUID, new_payment
) -> None:
    payment = new_payment(captured=1)
    with app_db.tenant(other_tenant) as session:
        assert session.scalars(select(Payment)).all() == []
        assert session.execute(CAPTURE, {"id": payment, "captured": 2}).rowcount == 0
        with pytest.raises(RowSecurityViolation):
            session.execute(
                text("""
                insert into billing.payments (tenant_id, customer_id, amount_minor, currency, idempotency_key)
                values (:tenant, app.uuid7(), 1, 'EUR', 'k')
                """),
                {"tenant": tenant},
            )
        session.rollback()
