"""What the schema promises: tenants are apart, and nobody books the past."""

from datetime import UTC, datetime, timedelta

import pytest
from studio.models import Booking, Client, Diary, Equipment, Room

from app_db.errors import CheckViolation, PermissionDenied
from app_db.session import TenantSession
from app_db.testing import RowMaker, set_example

set_example(Booking, starts_at=datetime.now(UTC) + timedelta(hours=1), ends_at=datetime.now(UTC) + timedelta(hours=2))


@pytest.mark.parametrize("model", [Room, Client, Booking, Diary])
def test_tenants_are_apart(model: type, assert_tenant_isolated) -> None:
    assert_tenant_isolated(model)


def test_the_past_can_not_be_booked(make_row: RowMaker, tenant_session: TenantSession) -> None:
    begin = datetime.now(UTC) - timedelta(hours=1)
    room, client = make_row(Room), make_row(Client)
    tenant_session.add(
        Booking(room_id=room.id, client_id=client.id, starts_at=begin, ends_at=begin + timedelta(hours=2))
    )
    with pytest.raises(CheckViolation, match="which is past"):
        tenant_session.flush()


def test_the_list_of_equipment_is_not_for_tenants_to_change(tenant_session: TenantSession) -> None:
    tenant_session.add(Equipment(name="grand piano"))
    with pytest.raises(PermissionDenied):
        tenant_session.flush()
