"""What all tests of the application have: each request is one of the tenant."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from shop.models import Invoice

from app_db.context import tenant_context
from app_db.testing import set_example

set_example(Invoice, number=lambda n: f"2026-{n}")


@pytest.fixture
def request_of_tenant(tenant: UUID) -> Iterator[UUID]:
    """What the application's middleware does."""
    with tenant_context(tenant):
        yield tenant
