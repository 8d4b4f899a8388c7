"""Payment methods: one default for each customer, and no card number anywhere."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from uuid_utils.compat import uuid7

from app_db.errors import CheckViolation, PermissionDenied, UniqueViolation
from app_db.models import Payment, PaymentMethod, Refund, Transaction
from app_db.models.billing.checks import CARD_NUMBER
from app_db.session import Database
from app_db.testing import RowMaker

CARD_NUMBERS = [
    "4111111111111111",
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    "4111.1111.1111.1111",
    "378282246310005",
    "3782 822463 10005",
    "6304000000000000000",
    "4222222222222",
    "card 4111111111111111, thanks",
    "pan_4111111111111111",
    "(4111 1111 1111 1111)",
]
REFERENCES = [
    "pm_1N3T00LkdIwHu7ixt44h1F8k",
    "550e8400-e29b-41d4-a716-446655440000",
    "12345678-1234-4321-4123-446655440000",
    "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "0123456789abcdef0123456789abcdef",
    "B-8XW15515D8128190N",
    "PAY-12345678901",
    "+49 1512 3456 7890",
    "order 2026-11-25 21:44",
]


def card(**values: object) -> PaymentMethod:
    return PaymentMethod(
        **{
            "customer_id": uuid7(), "provider": "stripe", "provider_reference": f"pm_{uuid7().hex}", "kind": "card",
            "brand": "visa", "last4": "1111", "expiry_month": 12, "expiry_year": 2030, **values,
        }
    )  # fmt: skip


@pytest.mark.parametrize("number", CARD_NUMBERS)
@pytest.mark.parametrize(
    ("model", "column"),
    [
        (PaymentMethod, "provider_reference"),
        (Payment, "description"),
        (Payment, "idempotency_key"),
        (Refund, "reason"),
        (Refund, "idempotency_key"),
        (Transaction, "provider_reference"),
    ],
)
def test_no_text_holds_a_card_number(admin_session, make_row: RowMaker, model: type, column: str, number: str) -> None:
    row = make_row(model)
    values = {key: value for key, value in vars(row).items() if key not in {"_sa_instance_state", "id", "refund_id"}}
    keys = {"idempotency_key": "another", "provider_reference": "another"} if column not in values else {}
    copy = model(**{**values, **{key: value for key, value in keys.items() if key in values}, column: number})
    admin_session.add(copy)
    with pytest.raises(CheckViolation) as refused:
        admin_session.flush()
    assert refused.value.constraint_name == f"ck_{model.__tablename__}_{column}"
    admin_session.rollback()


def test_a_failure_that_names_the_card_is_refused(app_db: Database, tenant: UUID, new_payment) -> None:
    payment = new_payment()
    with app_db.tenant(tenant) as session, pytest.raises(CheckViolation) as refused:
        session.execute(
            text(
                "update billing.payments set status = 'failed', failure_reason = 'card 4111111111111111' where id = :id"
            ),
            {"id": payment},
        )
    assert refused.value.constraint_name == "ck_payments_failure_reason"


@pytest.mark.parametrize("reference", REFERENCES)
def test_what_providers_and_people_write_is_accepted(app_db: Database, tenant: UUID, reference: str) -> None:
    with app_db.tenant(tenant) as session:
        session.add(card(provider_reference=reference))


def test_the_pattern_takes_no_token_of_hexadecimal_digits_for_a_card(admin_session) -> None:
    count = text("select count(*) from generate_series(1, 20000) where gen_random_uuid()::text ~ :pattern")
    assert admin_session.scalar(count, {"pattern": CARD_NUMBER}) == 0


def test_a_customer_has_one_default(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    anna = uuid7()
    with app_db.tenant(tenant) as session:
        session.add_all([card(customer_id=anna, is_default=True), card(customer_id=anna), card(is_default=True)])
        session.flush()
        session.add(card(customer_id=anna, is_default=True))
        with pytest.raises(UniqueViolation) as refused:
            session.flush()
        assert refused.value.constraint_name == "uq_payment_methods_tenant_id_customer_id_default"
        session.rollback()
    with app_db.tenant(other_tenant) as session:
        session.add(card(customer_id=anna, is_default=True))


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"last4": "11111"}, "last4"),
        ({"last4": "4111111111111111"}, "last4"),
        ({"last4": "12a4"}, "last4"),
        ({"brand": "4111111111111111"}, "brand"),
        ({"provider": "4111111111111111"}, "provider"),
        ({"provider": ""}, "provider"),
        ({"expiry_month": 13}, "expiry_month"),
        ({"expiry_year": 30}, "expiry_year"),
        ({"kind": "wallet", "expiry_month": None}, "expiry"),
        ({"last4": None}, "card"),
        ({"brand": None}, "card"),
        ({"kind": "cash"}, "kind"),
    ],
)
def test_what_is_no_payment_method_is_refused_by_name(
    app_db: Database, tenant: UUID, values: dict[str, object], constraint: str
) -> None:
    with app_db.tenant(tenant) as session:
        session.add(card(**values))
        with pytest.raises(CheckViolation) as refused:
            session.flush()
        assert refused.value.constraint_name == f"ck_payment_methods_{constraint}"
        session.rollback()


def test_what_was_removed_is_no_default(app_db: Database, tenant: UUID, make_row: RowMaker) -> None:
    method = make_row(PaymentMethod, is_default=True)
    remove = "update billing.payment_methods set removed_at = now() {} where id = :id"
    with app_db.tenant(tenant) as session:
        with pytest.raises(CheckViolation):
            session.execute(text(remove.format("")), {"id": method.id})
        session.rollback()
        session.execute(text(remove.format(", is_default = false")), {"id": method.id})


@pytest.mark.parametrize("change", ["provider_reference = 'pm_2'", "customer_id = app.uuid7()", "kind = 'card'"])
def test_the_application_does_not_turn_a_method_into_another_one(
    app_db: Database, tenant: UUID, make_row: RowMaker, change: str
) -> None:
    make_row(PaymentMethod)
    with app_db.tenant(tenant) as session, pytest.raises(PermissionDenied):
        session.execute(text(f"update billing.payment_methods set {change}"))
