"""A table that refers to materials, as `tenant_fk("material_id", "catalog.materials")` declares it."""

from __future__ import annotations

from ..migrations.ddl import v1 as ddl

_ORDER_LINES = """
create table demo.order_lines (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  material_id uuid not null,
  quantity bigint not null,
  constraint pk_order_lines primary key (tenant_id, id),
  constraint fk_order_lines_tenant_id_material_id
    foreign key (tenant_id, material_id) references catalog.materials (tenant_id, id)
)
"""


def create_orders() -> None:
    """Create the table with its policies and grants; to be called with Alembic's `op` in place."""
    ddl.create_schema("demo", "The demonstration's own table.", ddl.EVERYONE)
    ddl.execute(_ORDER_LINES)
    ddl.tenant_policies("demo.order_lines")
    ddl.grant("select, insert, update, delete", "demo.order_lines", ["app_rw", "app_admin"])
