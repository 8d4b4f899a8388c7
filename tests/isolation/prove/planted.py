"""Mistakes that people make in their own tables, each with the table and the verb by which the proof has to name it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mistake:
    """What was done to the table, by statements of the owner; `verb` is how it is found."""

    name: str
    table: str
    verb: str
    statements: tuple[str, ...]
    target: str = ""


MISTAKES = (
    Mistake(
        "a table without row security", "shop.customers", "select",
        ("alter table shop.customers no force row level security",
         "alter table shop.customers disable row level security"),
        "another tenant's",
    ),
    Mistake(
        "a policy that is true", "shop.invoices", "update", ("alter policy tenant_rows on shop.invoices using (true)",),
        "another tenant's",
    ),
    Mistake(
        "a check that is true", "shop.invoices", "insert",
        ("alter policy tenant_rows on shop.invoices with check (true)",), "another tenant's",
    ),
    Mistake(
        "a second permissive policy", "studio.rooms", "select",
        ("create policy helper on studio.rooms for select using (true)",), "another tenant's",
    ),
    Mistake(
        "a foreign key without the tenant", "studio.bookings", "refer by fk_bookings_tenant_id_room_id",
        ("create unique index on studio.rooms (id)",
         "alter table studio.bookings drop constraint fk_bookings_tenant_id_room_id",
         "alter table studio.bookings add constraint short_key foreign key (room_id) references studio.rooms (id)"),
        "another tenant's",
    ),
    Mistake(
        "a unique key without the tenant", "shop.customers", "insert key of uq_customers_tenant_id_email",
        ("alter table shop.customers drop constraint uq_customers_tenant_id_email",
         "alter table shop.customers add constraint uq_customers_email unique (email)"),
        "another tenant's",
    ),
    Mistake(
        "a policy that deletes everybody's", "shop.customers", "delete all",
        ("drop policy tenant_rows on shop.customers",
         "create policy reads on shop.customers for select using (tenant_id = app.current_tenant_id())",
         "create policy deletes on shop.customers for delete using (true)"),
    ),
    Mistake(
        "a policy that changes everybody's into one's own", "studio.rooms", "take all",
        ("create policy helper on studio.rooms for update using (true) with check (false)",),
    ),
    Mistake(
        "a policy that overwrites a colleague's", "shop.notes", "update all",
        ("create policy helper on shop.notes for update using (tenant_id = app.current_tenant_id())",),
    ),
    Mistake("TRUNCATE granted", "shop.customers", "truncate", ("grant truncate on shop.customers to {p}app_rw",)),
    Mistake(
        "a view with its owner's rights", "studio.busy_rooms", "select",
        ("alter view studio.busy_rooms set (security_invoker = false)",),
    ),
    Mistake(
        "a person's table with the policy of a tenant's", "shop.notes", "select",
        ("drop policy user_rows on shop.notes",
         "alter policy tenant_rows on shop.notes to {p}app_tenant, {p}app_tenant_admin"),
        "another person's",
    ),
    Mistake(
        "a partition that was granted", "ops.audit_log", "select of ops.audit_log_default",
        ("grant select on ops.audit_log_default to {p}app_ro",),
    ),
    Mistake(
        "a partition without row security", "ops.audit_log", "select of ops.audit_log_default",
        ("alter table ops.audit_log_default disable row level security",),
    ),
    Mistake(
        "policies that do not hold for the owner", "shop.notes", "owner",
        ("alter table shop.notes no force row level security",),
    ),
    Mistake("a grant to the readers", "shop.notes", "delete", ("grant delete on shop.notes to {p}app_ro",), "own"),
    Mistake(
        "a grant that is missing", "studio.rooms", "insert", ("revoke insert on studio.rooms from {p}app_rw",), "own",
    ),
)  # fmt: skip
