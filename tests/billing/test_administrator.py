"""An administrator takes a tenant's rows away and puts them back as they were, with every trigger at work."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from billing.conftest import REFUND
from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from app_db.errors import AmountExceeded, ForeignKeyViolation
from app_db.models import Payment, Refund, Transaction
from app_db.session import Database

NewPayment = Callable[..., UUID]
ORDER = (Payment, Refund, Transaction)
LINE = text("""
insert into billing.transactions (payment_id, refund_id, kind, amount_minor, provider_reference)
values (:payment, :refund, :kind, :amount, :reference)
""")


@pytest.fixture
def paid(app_db: Database, tenant: UUID, new_payment: NewPayment) -> UUID:
    """A payment with its whole ledger, of which everything went back."""
    payment = new_payment(amount=1000, captured=1000)
    with app_db.tenant(tenant) as session:
        given = {"payment": payment, "refund": None, "amount": 1000, "reference": "ch_1"}
        session.execute(LINE, {**given, "kind": "authorisation"})
        session.execute(LINE, {**given, "kind": "capture"})
        refund = session.execute(REFUND, {"payment": payment, "amount": 1000, "key": "back"}).scalar_one()
        session.execute(LINE, {**given, "kind": "refund", "refund": refund})
        session.execute(text("update billing.refunds set status = 'succeeded'"))
        session.execute(text("update billing.payments set status = 'refunded'"))
    return payment


def rows_of(session: Session, tenant: UUID) -> dict[type, list[dict[str, object]]]:
    tables = {model: model.__table__ for model in ORDER}
    return {
        model: [dict(row) for row in session.execute(select(table).where(table.c.tenant_id == tenant)).mappings()]
        for model, table in tables.items()
    }


def test_what_was_taken_away_and_put_back_is_the_same(admin_session: Session, tenant: UUID, paid: UUID) -> None:
    before = rows_of(admin_session, tenant)
    assert [len(rows) for rows in before.values()] == [1, 1, 3]
    for model in reversed(ORDER):
        admin_session.execute(text(f"delete from {model.__table__} where tenant_id = :tenant"), {"tenant": tenant})
    assert [len(rows) for rows in rows_of(admin_session, tenant).values()] == [0, 0, 0]
    for model in ORDER:
        admin_session.execute(insert(model.__table__), before[model])
    assert rows_of(admin_session, tenant) == before


def test_a_payment_is_not_taken_away_from_under_its_ledger(admin_session: Session, tenant: UUID, paid: UUID) -> None:
    with pytest.raises(ForeignKeyViolation):
        admin_session.execute(text("delete from billing.payments where id = :id"), {"id": paid})
    admin_session.rollback()


def test_an_administrator_pays_no_more_back_than_anybody(admin_session: Session, tenant: UUID, paid: UUID) -> None:
    add = text("""
    insert into billing.refunds (tenant_id, payment_id, amount_minor, reason, idempotency_key, status)
    values (:tenant, :payment, 1, 'kindness', 'more', 'succeeded')
    """)
    with pytest.raises(AmountExceeded):
        admin_session.execute(add, {"tenant": tenant, "payment": paid})
    admin_session.rollback()
