"""The table that the examples of the rules break, as it should be: no rule finds anything in it."""

from __future__ import annotations

SCHEMA = "example"
TENANT = "tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"

_KEY = "tenant_id uuid not null, id uuid not null"
_TO_TENANTS = "to app_tenant, app_tenant_admin"


def _table(name: str, columns: str) -> tuple[str, ...]:
    return (
        f"create table example.{name} ({_KEY}, {columns}, primary key (tenant_id, id))",
        f"alter table example.{name} enable row level security",
        f"alter table example.{name} force row level security",
        f"create policy tenant_rows on example.{name} {_TO_TENANTS} using ({TENANT}) with check ({TENANT})",
        f"create policy all_rows on example.{name} to app_all using (true) with check (true)",
        f"grant select, insert, update, delete on example.{name} to app_rw",
    )


STAGE = (
    "create schema example",
    "grant usage on schema example to app_rw",
    *_table("items", "name text"),
    *_table("parts", "item_id uuid"),
)
"""Executed as app_owner, who owns it then."""
