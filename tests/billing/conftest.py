"""Payments to work with, and many who ask at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app_db.errors import DatabaseError
from app_db.session import Database

T = TypeVar("T")
THREADS = 40

NEW_PAYMENT = text("""
insert into billing.payments (customer_id, amount_minor, currency, idempotency_key)
values (:customer, :amount, 'EUR', :key) on conflict (tenant_id, idempotency_key) do nothing returning id
""")
CAPTURE = text("update billing.payments set status = 'captured', captured_minor = :captured where id = :id")
REFUND = text("""
insert into billing.refunds (payment_id, amount_minor, reason, idempotency_key)
values (:payment, :amount, 'asked for', :key) on conflict (tenant_id, idempotency_key) do nothing returning id
""")


@pytest.fixture
def new_payment(app_db: Database, tenant: UUID) -> Callable[..., UUID]:
    """Makes a payment as the application does; captured where `captured` says how much."""

    def make(amount: int = 1000, captured: int = 0, key: str | None = None) -> UUID:
        values = {"customer": uuid7(), "amount": amount, "key": key or f"payment-{uuid7()}"}
        with app_db.tenant(tenant) as session:
            made: UUID = session.execute(NEW_PAYMENT, values).scalar_one()
            if captured:
                session.execute(CAPTURE, {"id": made, "captured": captured})
        return made

    return make


def at_once(work: Callable[[int], T]) -> list[T | str]:
    """Run `work` in 40 threads that start together; a refusal counts as the name of its class."""
    start = Barrier(THREADS)

    def run(number: int) -> T | str:
        start.wait()
        try:
            return work(number)
        except DatabaseError as error:
            return type(error).__name__

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))
