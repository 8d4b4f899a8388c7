"""Customers, invoices and notes.

Why: the first tables of the application.

Locks: none that anybody waits for; everything is new.

Safe with the previous release? There is none.

Undo: drops the tables; their rows are gone.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "shop_0001"
down_revision = None
branch_labels = None
depends_on = None

CUSTOMERS = """
create table shop.customers (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  email text not null,
  constraint pk_customers primary key (tenant_id, id),
  constraint uq_customers_tenant_id_email unique (tenant_id, email)
)
"""

INVOICES = """
create table shop.invoices (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  customer_id uuid not null,
  number text not null,
  total_minor bigint not null,
  constraint pk_invoices primary key (tenant_id, id),
  constraint fk_invoices_tenant_id_customer_id foreign key (tenant_id, customer_id)
    references shop.customers (tenant_id, id) on delete restrict deferrable initially deferred,
  constraint ck_invoices_number check (number ~ '^[0-9]{4}-[0-9]+$'),
  constraint ck_invoices_total_minor check (total_minor > 0)
)
"""

NOTES = """
create table shop.notes (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  text text not null,
  constraint pk_notes primary key (tenant_id, id)
)
"""

ID_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
}


def upgrade() -> None:
    ddl.execute(f"grant usage on schema shop to {', '.join(map(ddl.role, ddl.EVERYONE))}")
    ddl.execute(CUSTOMERS)
    ddl.comment_on_table("shop.customers", "Who buys.", {**ID_COLUMNS, "email": "Where invoices go."})
    ddl.execute(INVOICES)
    ddl.comment_on_table(
        "shop.invoices",
        "What customers have to pay.",
        {
            **ID_COLUMNS,
            "customer_id": "Who has to pay.",
            "number": "Year and number, e.g. 2026-17.",
            "total_minor": "The sum, in cents.",
        },
    )
    ddl.execute(NOTES)
    ddl.comment_on_table(
        "shop.notes",
        "What people wrote down for themselves.",
        {
            **ID_COLUMNS,
            "user_id": "The person that the row belongs to; taken from the session.",
            "text": "What it says.",
        },
    )
    for table in ("customers", "invoices", "notes"):
        ddl.belongs_to_tenant(f"shop.{table}", f"fk_{table}_tenant_id")
        ddl.grant("select, insert, update, delete", f"shop.{table}", ["app_rw", "app_admin"])
        ddl.grant("select", f"shop.{table}", ["app_ro", "app_maint", "app_backup"])
    ddl.tenant_policies("shop.customers")
    ddl.tenant_policies("shop.invoices")
    ddl.user_policies("shop.notes")


def downgrade() -> None:
    ddl.execute("drop table shop.notes")
    ddl.execute("drop table shop.invoices")
    ddl.execute("drop table shop.customers")
    ddl.execute(f"revoke usage on schema shop from {', '.join(map(ddl.role, ddl.EVERYONE))}")
