"""Tables for what our own schema does not have yet: rows of a person, and a reference between tenants' tables."""

from __future__ import annotations

import pytest

from app_db.demo.orders import create_orders
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.settings import Settings

_NOTES = """
create table demo.notes (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  body text not null,
  constraint pk_notes primary key (tenant_id, id)
)
"""


def create_probes() -> None:
    create_orders()
    ddl.execute(_NOTES)
    ddl.user_policies("demo.notes")
    ddl.grant("select, insert, update, delete", "demo.notes", ["app_rw", "app_admin"])


@pytest.fixture(scope="session")
def probes(settings: Settings) -> None:
    change_schema(settings, create_probes)


@pytest.fixture
def own_probes(own_settings: Settings) -> None:
    change_schema(own_settings, create_probes)
