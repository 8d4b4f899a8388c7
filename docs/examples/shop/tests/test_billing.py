"""Tests as an application writes them: they call its code, which commits, and nothing is left for the next test."""

from uuid import UUID

import pytest
from shop.billing import owed, send_invoice
from shop.models import Customer, Invoice, Note
from sqlalchemy import func, select

from app_db.context import tenant_context
from app_db.errors import CheckViolation
from app_db.session import Database, TenantSession
from app_db.testing import QueryRecorder, RowMaker

pytestmark = pytest.mark.usefixtures("request_of_tenant")


def test_a_new_customer_is_made_with_the_first_invoice(tenant_session: TenantSession) -> None:
    send_invoice("anna@example.com", "2026-1", 1200)
    send_invoice("anna@example.com", "2026-2", 800)
    assert tenant_session.scalars(select(Customer.email)).all() == ["anna@example.com"]


def test_an_invoice_over_nothing_leaves_no_customer_behind(tenant_session: TenantSession) -> None:
    with pytest.raises(CheckViolation):
        send_invoice("anna@example.com", "2026-1", 0)
    assert tenant_session.scalars(select(Customer)).all() == []


def test_what_is_owed_takes_one_query(make_row: RowMaker, query_recorder: QueryRecorder) -> None:
    for number in range(5):
        make_row(Invoice, total_minor=number + 1)
    query_recorder.clear()
    assert sum(owed().values()) == 15
    query_recorder.assert_at_most(1)


def test_another_tenant_owes_nothing(other_tenant: UUID) -> None:
    send_invoice("anna@example.com", "2026-1", 1200)
    with tenant_context(other_tenant):
        assert owed() == {}


@pytest.mark.parametrize("model", [Customer, Invoice, Note])
def test_tenants_are_apart(model: type, assert_tenant_isolated) -> None:
    assert_tenant_isolated(model)


@pytest.mark.app_db("commit")
def test_two_sessions_at_once_see_only_what_is_committed(app_db: Database, tenant: UUID) -> None:
    count = select(func.count()).select_from(Customer)
    with app_db.tenant(tenant) as first, app_db.tenant(tenant) as second:
        first.add(Customer(email="anna@example.com"))
        first.flush()
        assert second.scalar(count) == 0
        first.commit()
        assert second.scalar(count) == 1
