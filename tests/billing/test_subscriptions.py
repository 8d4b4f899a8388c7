"""A customer has one plan at a time."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from billing.conftest import at_once
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import Range
from uuid_utils.compat import uuid7

from app_db.errors import CheckViolation, ExclusionViolation, PermissionDenied
from app_db.models import Subscription
from app_db.session import Database
from app_db.testing import RowMaker


def month(first: int, last: int | None = None, **options: str) -> Range[datetime]:
    end = None if last is None else datetime(2026, last, 1, tzinfo=UTC)
    return Range(datetime(2026, first, 1, tzinfo=UTC), end, **options)


def subscription(customer: UUID, period: Range[datetime]) -> Subscription:
    return Subscription(customer_id=customer, plan="team", period=period, price_minor=900, currency="EUR")


@pytest.mark.parametrize("period", [month(1, 3), month(2), month(1, 2), month(1, 12)])
def test_periods_of_a_customer_do_not_overlap(app_db: Database, tenant: UUID, period: Range[datetime]) -> None:
    anna = uuid7()
    with app_db.tenant(tenant) as session:
        session.add(subscription(anna, month(1, 6)))
        session.flush()
        session.add(subscription(anna, period))
        with pytest.raises(ExclusionViolation) as refused:
            session.flush()
        assert refused.value.constraint_name == "ex_subscriptions_tenant_id_customer_id_period"
        session.rollback()


def test_periods_that_meet_and_those_of_others_stand_side_by_side(
    app_db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    anna, boris = uuid7(), uuid7()
    with app_db.tenant(tenant) as session:
        session.add_all([subscription(anna, month(1, 6)), subscription(anna, month(6)), subscription(boris, month(1))])
    with app_db.tenant(other_tenant) as session:
        session.add(subscription(anna, month(1)))


@pytest.mark.app_db("commit")
def test_forty_who_subscribe_at_once_get_one_subscription(app_db: Database, tenant: UUID) -> None:
    anna = uuid7()

    def subscribe(_number: int) -> str:
        with app_db.tenant(tenant) as session:
            session.add(subscription(anna, month(1)))
        return "done"

    outcomes = at_once(subscribe)
    assert outcomes.count("done") == 1
    # two that wait for each other are told apart by the server
    assert set(outcomes) <= {"done", "ExclusionViolation", "DeadlockDetected"}
    with app_db.tenant(tenant) as session:
        assert session.scalar(select(func.count()).select_from(Subscription)) == 1


@pytest.mark.parametrize(
    "period",
    ["empty", "(,2026-02-01)", "[2026-01-01,2026-02-01]", "(2026-01-01,2026-02-01)", "[2026-01-01,2026-01-01)"],
)
def test_a_period_without_a_beginning_or_with_other_bounds_is_refused(
    app_db: Database, tenant: UUID, period: str
) -> None:
    add = text("""
    insert into billing.subscriptions (customer_id, plan, period, price_minor, currency)
    values (app.uuid7(), 'team', cast(:period as tstzrange), 900, 'EUR')
    """)
    with app_db.tenant(tenant) as session, pytest.raises(CheckViolation) as refused:
        session.execute(add, {"period": period})
    assert refused.value.constraint_name == "ck_subscriptions_period"


def test_it_is_ended_and_its_price_stays(app_db: Database, tenant: UUID, make_row: RowMaker) -> None:
    made = make_row(Subscription, period=month(1))
    with app_db.tenant(tenant) as session:
        session.get_one(Subscription, made.id).period = month(1, 3)
        session.flush()
        with pytest.raises(PermissionDenied):
            session.execute(text("update billing.subscriptions set price_minor = 0"))
        session.rollback()


def test_tenants_are_apart(assert_tenant_isolated) -> None:
    assert_tenant_isolated(Subscription)
