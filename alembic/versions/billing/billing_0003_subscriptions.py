"""Subscriptions: which plan a customer has when.

Why: that no two periods of a customer overlap can't be checked by a program without a lock that it might forget; an
exclusion constraint needs none. It wants equality of ids in a GiST index, which is what btree_gist is for (a trusted
extension: the owner of the database may create it).

Locks: none that anybody waits for: the foreign keys take SHARE ROW EXCLUSIVE on tenancy.tenants and billing.payments
for a moment.

Safe with the previous release? Yes.

Undo: drops the table with its rows; the extension too, unless something else uses it or somebody else made it.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "billing_0003"
down_revision = "billing_0002"
branch_labels = None
depends_on = None

SUBSCRIPTIONS = """
create table billing.subscriptions (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  customer_id uuid not null,
  plan text not null,
  period tstzrange not null,
  price_minor bigint not null,
  currency text not null,
  payment_id uuid,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_subscriptions primary key (tenant_id, id),
  constraint ex_subscriptions_tenant_id_customer_id_period
    exclude using gist (tenant_id with =, customer_id with =, period with &&),
  constraint ck_subscriptions_plan check (plan ~ '^[a-z][a-z0-9_-]{0,63}$'),
  constraint ck_subscriptions_price_minor check (price_minor >= 0),
  constraint ck_subscriptions_currency check (currency ~ '^[A-Z]{3}$'),
  constraint ck_subscriptions_period check (
    not isempty(period) and not lower_inf(period) and lower_inc(period) and not upper_inc(period)
  )
)
"""

COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "customer_id": "Who has the plan; no foreign key: they live in another service.",
    "plan": "The plan, e.g. team-yearly.",
    "period": "From when, included, until when, excluded; without an end until it is canceled.",
    "price_minor": "The price of the period, in the currency's minor unit.",
    "currency": "ISO 4217 code of the currency.",
    "payment_id": "What it was paid by, once it was.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

DROP_EXTENSION = """
do $do$
begin
  if exists (select from pg_extension where extname = 'btree_gist' and extowner = current_user::regrole) then
    drop extension btree_gist;
  end if;
exception when dependent_objects_still_exist then
  raise notice 'extension btree_gist stays: something else uses it';
end
$do$
"""


def upgrade() -> None:
    ddl.execute("create extension if not exists btree_gist with schema extensions")
    ddl.execute(SUBSCRIPTIONS)
    ddl.comment_on_table(
        "billing.subscriptions", "Which plan a customer has when; periods of a customer never overlap.", COLUMNS
    )
    ddl.comment_on("index billing.pk_subscriptions", "A subscription by its id.")
    ddl.comment_on(
        "index billing.ex_subscriptions_tenant_id_customer_id_period", "A customer's plan at a time; no two at once."
    )
    ddl.execute("create index ix_subscriptions_tenant_id_payment_id on billing.subscriptions (tenant_id, payment_id)")
    ddl.comment_on("index billing.ix_subscriptions_tenant_id_payment_id", "What a payment was for.")
    ddl.belongs_to_tenant("billing.subscriptions", "fk_subscriptions_tenant_id")
    ddl.execute(
        "alter table billing.subscriptions add constraint fk_subscriptions_tenant_id_payment_id "
        "foreign key (tenant_id, payment_id) references billing.payments (tenant_id, id) on delete restrict"
    )
    ddl.tenant_policies("billing.subscriptions")
    ddl.grant(
        "select, insert (tenant_id, id, customer_id, plan, period, price_minor, currency, payment_id), "
        "update (period, payment_id, updated_at)",
        "billing.subscriptions",
        ["app_rw", "payments_service"],
    )
    ddl.grant("select, insert, update, delete", "billing.subscriptions", ["app_admin"])
    ddl.grant("select", "billing.subscriptions", ["app_ro", "app_maint", "app_backup"])


def downgrade() -> None:
    ddl.execute("drop table billing.subscriptions")
    ddl.execute(DROP_EXTENSION)
