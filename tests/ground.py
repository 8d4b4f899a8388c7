"""Tables for what our own schema does not have yet, in every test's database.

Rows of a person, a reference between tenants' tables, and one that is checked at commit.
"""

from __future__ import annotations

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

_LATE_LINES = """
create table demo.late_lines (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  material_id uuid not null,
  constraint pk_late_lines primary key (tenant_id, id),
  constraint fk_late_lines_tenant_id_material_id foreign key (tenant_id, material_id)
    references catalog.materials (tenant_id, id) deferrable initially deferred
)
"""


def create_probes() -> None:
    create_orders()
    ddl.execute(_NOTES)
    ddl.user_policies("demo.notes")
    ddl.execute(_LATE_LINES)
    ddl.tenant_policies("demo.late_lines")
    for table in ("demo.notes", "demo.late_lines"):
        ddl.grant("select, insert, update, delete", table, ["app_rw", "app_admin"])


def pytest_app_db_seed(settings: Settings) -> None:
    change_schema(settings, create_probes)
