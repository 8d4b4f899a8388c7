"""What goes back never exceeds what was captured, whoever asks and however many at once."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from alembic import op
from billing.conftest import REFUND, THREADS, at_once
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

from app_db.errors import (
    AmountExceeded,
    CheckViolation,
    ForeignKeyViolation,
    ImmutableValue,
    PermissionDenied,
    SerializationFailure,
    TransitionRefused,
)
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.models import Refund
from app_db.session import Database
from app_db.settings import Settings
from app_db.testing import RowMaker

NewPayment = Callable[..., UUID]
SUM = select(func.coalesce(func.sum(Refund.amount_minor), 0)).where(Refund.status.in_(["pending", "succeeded"]))
SET_STATUS = text("update billing.refunds set status = :status where id = :id")


def asked(payment: UUID, amount: int, key: str | None = None) -> dict[str, object]:
    return {"payment": payment, "amount": amount, "key": key or f"refund-{uuid7()}"}


@pytest.mark.app_db("commit")
@pytest.mark.parametrize("isolation_level", ["READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"])
def test_forty_refunds_at_once_never_exceed_what_was_captured(
    app_db: Database, tenant: UUID, new_payment: NewPayment, isolation_level
) -> None:
    payment = new_payment(amount=1000, captured=1000)

    def refund(_number: int) -> str:
        with app_db.tenant(tenant, isolation_level=isolation_level) as session:
            session.execute(REFUND, asked(payment, 100))
        return "done"

    outcomes = at_once(refund)
    with app_db.tenant(tenant) as session:
        total = session.scalar(SUM)
    assert total == 100 * outcomes.count("done")
    if isolation_level == "READ COMMITTED":
        assert (total, outcomes.count("AmountExceeded")) == (1000, THREADS - 10)
    else:
        assert 0 < total <= 1000
        assert set(outcomes) <= {"done", "AmountExceeded", "SerializationFailure"}


@pytest.mark.app_db("fresh")
def test_unguarded_forty_refunds_exceed_it(
    app_db: Database, app_db_settings: Settings, tenant: UUID, new_payment: NewPayment
) -> None:
    """The mutation: without the trigger all forty pass."""
    change_schema(app_db_settings, lambda: ddl.execute("alter table billing.refunds disable trigger check_refund"))
    payment = new_payment(amount=1000, captured=1000)

    def refund(_number: int) -> str:
        with app_db.tenant(tenant) as session:
            session.execute(REFUND, asked(payment, 100))
        return "done"

    assert at_once(refund).count("done") == THREADS
    with app_db.tenant(tenant) as session:
        assert session.scalar(SUM) == 100 * THREADS


@pytest.mark.app_db("commit")
def test_a_transaction_that_can_not_see_another_refund_fails_and_may_be_run_again(
    app_db: Database, tenant: UUID, new_payment: NewPayment
) -> None:
    """Why the payment is locked by an update: FOR UPDATE would let this one pass."""
    payment = new_payment(amount=1000, captured=1000)
    with app_db.tenant(tenant, isolation_level="REPEATABLE READ") as late:
        assert late.scalar(SUM) == 0
        with app_db.tenant(tenant) as first:
            first.execute(REFUND, asked(payment, 1000))
        with pytest.raises(SerializationFailure) as refused:
            late.execute(REFUND, asked(payment, 1000))
        assert refused.value.retryable
        late.rollback()


@pytest.mark.app_db("fresh")
def test_unguarded_such_a_transaction_pays_back_twice(
    app_db: Database, app_db_settings: Settings, tenant: UUID, new_payment: NewPayment
) -> None:
    """The mutation: with FOR UPDATE in the place of the update both pass, and twice as much goes back."""
    update = "update billing.payments as p set updated_at = p.updated_at"
    lock = "select p.captured_minor into captured from billing.payments as p"

    def weaken() -> None:
        source = op.get_bind().scalar(text("select pg_get_functiondef('billing.check_refund'::regproc)"))
        assert update in source
        weak = source.replace(update, lock).replace("returning p.captured_minor into captured", "for update")
        ddl.execute(weak)

    change_schema(app_db_settings, weaken)
    payment = new_payment(amount=1000, captured=1000)
    with app_db.tenant(tenant, isolation_level="REPEATABLE READ") as late:
        assert late.scalar(SUM) == 0
        with app_db.tenant(tenant) as first:
            first.execute(REFUND, asked(payment, 1000))
        late.execute(REFUND, asked(payment, 1000))
    with app_db.tenant(tenant) as session:
        assert session.scalar(SUM) == 2000


def test_a_refund_of_more_than_is_left_says_what_is_left(
    app_db: Database, tenant: UUID, new_payment: NewPayment
) -> None:
    payment = new_payment(amount=1000, captured=800)
    with app_db.tenant(tenant) as session:
        session.execute(REFUND, asked(payment, 300))
        with pytest.raises(AmountExceeded) as refused:
            session.execute(REFUND, asked(payment, 501))
        session.rollback()
    assert "captured 800, refunded or under way 300, left 500" in str(refused.value)
    assert "lower the amount" in str(refused.value)
    assert (refused.value.sqlstate, refused.value.table_name) == ("TN103", "refunds")


def test_several_refunds_in_one_statement_are_summed_up_too(
    app_db: Database, tenant: UUID, new_payment: NewPayment
) -> None:
    payment = new_payment(captured=1000)
    with app_db.tenant(tenant) as session, pytest.raises(AmountExceeded):
        session.execute(
            text("""
            insert into billing.refunds (payment_id, amount_minor, reason, idempotency_key)
            select :payment, 400, 'asked for', 'refund-' || number from generate_series(1, 3) as number
            """),
            {"payment": payment},
        )


def test_a_payment_of_which_nothing_was_captured_is_not_paid_back(
    app_db: Database, tenant: UUID, new_payment: NewPayment
) -> None:
    payment = new_payment()
    with app_db.tenant(tenant) as session, pytest.raises(AmountExceeded, match="captured 0"):
        session.execute(REFUND, asked(payment, 1))


@pytest.mark.parametrize("status", ["failed", "canceled"])
def test_what_did_not_go_back_can_be_asked_for_again(
    app_db: Database, tenant: UUID, new_payment: NewPayment, status: str
) -> None:
    payment = new_payment(captured=1000)
    with app_db.tenant(tenant) as session:
        refund = session.execute(REFUND, asked(payment, 1000)).scalar_one()
        session.execute(SET_STATUS, {"id": refund, "status": status})
        session.execute(REFUND, asked(payment, 1000))
        with pytest.raises(AmountExceeded):
            session.execute(REFUND, asked(payment, 1))
        session.rollback()


@pytest.mark.app_db("commit")
def test_forty_who_send_the_same_key_make_one_refund_even_of_everything(
    app_db: Database, tenant: UUID, new_payment: NewPayment
) -> None:
    """A repetition finds nothing left, and is told that it was done before, not that it is too much."""
    payment = new_payment(captured=1000)

    def refund(_number: int) -> bool:
        with app_db.tenant(tenant) as session:
            return session.execute(REFUND, asked(payment, 1000, key="back-4711")).scalar_one_or_none() is not None

    outcomes = at_once(refund)
    assert set(outcomes) == {True, False}
    assert outcomes.count(True) == 1


ALLOWED = {("pending", "succeeded"), ("pending", "failed"), ("pending", "canceled")}
STATUSES = ("pending", "succeeded", "failed", "canceled")


@pytest.mark.parametrize("before", STATUSES)
@pytest.mark.parametrize("after", STATUSES)
def test_every_step_of_a_refund_is_allowed_or_refused_as_written(
    app_db: Database, tenant: UUID, make_row: RowMaker, before: str, after: str
) -> None:
    refund = make_row(Refund, status=before)
    with app_db.tenant(tenant) as session:
        if before == after or (before, after) in ALLOWED:
            assert session.execute(SET_STATUS, {"id": refund.id, "status": after}).rowcount == 1
        else:
            with pytest.raises(TransitionRefused, match=f"from {before} to {after}"):
                session.execute(SET_STATUS, {"id": refund.id, "status": after})
            session.rollback()


@pytest.mark.parametrize("change", ["amount_minor = 2", "payment_id = app.uuid7()", "idempotency_key = 'other'",
                                    "reason = 'another'"])  # fmt: skip
def test_what_was_asked_for_never_changes(
    app_db: Database, tenant: UUID, make_row: RowMaker, admin_session, change: str
) -> None:
    refund = make_row(Refund)
    statement = text(f"update billing.refunds set {change} where id = :id")
    with app_db.tenant(tenant) as session:
        with pytest.raises(PermissionDenied):
            session.execute(statement, {"id": refund.id})
        session.rollback()
    with pytest.raises(ImmutableValue):
        admin_session.execute(statement, {"id": refund.id})
    admin_session.rollback()


def test_another_tenants_payment_is_not_paid_back(
    app_db: Database, tenant: UUID, other_tenant: UUID, new_payment: NewPayment
) -> None:
    payment = new_payment(captured=1000)
    with app_db.tenant(other_tenant) as session:
        with pytest.raises(ForeignKeyViolation):
            session.execute(REFUND, asked(payment, 1))
        session.rollback()
    with app_db.tenant(tenant) as session:
        assert session.scalar(SUM) == 0


def test_tenants_are_apart(assert_tenant_isolated) -> None:
    assert_tenant_isolated(Refund)


@pytest.mark.parametrize("amount", [0, -1])
def test_nothing_and_less_is_no_refund(app_db: Database, tenant: UUID, new_payment: NewPayment, amount: int) -> None:
    payment = new_payment(captured=1000)
    with app_db.tenant(tenant) as session, pytest.raises(CheckViolation):
        session.execute(REFUND, asked(payment, amount))
