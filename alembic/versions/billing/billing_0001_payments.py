"""Payment methods and payments.

Why: a payment's status goes a way that is written in the trigger which guards it, so that no program may skip a step;
what was agreed never changes, and what was captured never falls, for whoever asks. The same idempotency key is the same
payment. No text may hold 13 to 19 digits that stand alone, or in the groups that are printed on cards. The triggers are
BEFORE ROW and look at nothing but their row: a distributed cluster takes no others.

Locks: none that anybody waits for: each foreign key takes SHARE ROW EXCLUSIVE on tenancy.tenants for a moment.

Safe with the previous release? Yes.

Undo: drops the tables with their rows, the functions, and the schema.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "billing_0001"
down_revision = None
branch_labels = ("billing",)
depends_on = "core_0003"

# 13 to 19 digits that stand alone, or in the groups that are printed on cards
CARD_NUMBER = (
    "(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])"
    "([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})"
)

CHECK_TRANSITION = """
create function billing.check_transition() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed text;
begin
  if format('%s>%s', old.status, new.status) = any (tg_argv) then
    return new;
  end if;
  select string_agg(split_part(step, '>', 2), ', ') into allowed
    from unnest(tg_argv) as step where split_part(step, '>', 1) = old.status;
  raise exception 'the status of a row of %.% can''t go from % to %',
    tg_table_schema, tg_table_name, old.status, new.status using
    errcode = 'TN101',
    hint = coalesce('from ' || old.status || ' it goes to ' || allowed, old.status || ' is final'),
    schema = tg_table_schema, table = tg_table_name, column = 'status';
end
$body$
"""

REFUSE_CHANGE = """
create function billing.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception '%', tg_argv[0] using
    errcode = 'TN102', schema = tg_table_schema, table = tg_table_name;
end
$body$
"""

METHODS = f"""
create table billing.payment_methods (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  customer_id uuid not null,
  provider text not null,
  provider_reference text not null,
  kind text not null,
  brand text,
  last4 text,
  expiry_month smallint,
  expiry_year smallint,
  is_default boolean default false not null,
  removed_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_payment_methods primary key (tenant_id, id),
  constraint uq_payment_methods_tenant_id_provider_provider_reference
    unique (tenant_id, provider, provider_reference),
  constraint ck_payment_methods_provider check (provider ~ '^[a-z][a-z0-9_]{{0,31}}$'),
  constraint ck_payment_methods_provider_reference
    check (length(provider_reference) between 1 and 200 and provider_reference !~ '{CARD_NUMBER}'),
  constraint ck_payment_methods_kind check (kind in ('card', 'bank_account', 'wallet')),
  constraint ck_payment_methods_brand check (brand ~ '^[a-z][a-z_]{{0,31}}$'),
  constraint ck_payment_methods_last4 check (last4 ~ '^[0-9]{{4}}$'),
  constraint ck_payment_methods_expiry_month check (expiry_month between 1 and 12),
  constraint ck_payment_methods_expiry_year check (expiry_year between 2000 and 2099),
  constraint ck_payment_methods_expiry check ((expiry_month is null) = (expiry_year is null)),
  constraint ck_payment_methods_card
    check (kind <> 'card' or (brand is not null and last4 is not null and expiry_year is not null)),
  constraint ck_payment_methods_removed check (removed_at is null or not is_default)
)
"""

METHOD_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "customer_id": "Who pays with it; no foreign key: they live in another service.",
    "provider": "The payment provider, e.g. stripe.",
    "provider_reference": "What the provider calls it; never a card number.",
    "kind": "card, bank_account or wallet.",
    "brand": "The brand of a card, e.g. visa.",
    "last4": "The last four digits, for people to know it by.",
    "expiry_month": "Month of expiry, 1 to 12.",
    "expiry_year": "Year of expiry, four digits.",
    "is_default": "Whether it is taken where none is chosen; one for each customer.",
    "removed_at": "When the customer removed it; the row stays, as payments refer to it.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

PAYMENTS = f"""
create table billing.payments (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  customer_id uuid not null,
  payment_method_id uuid,
  amount_minor bigint not null,
  currency text not null,
  idempotency_key text not null,
  description text,
  status text default 'pending' not null,
  captured_minor bigint default 0 not null,
  failure_reason text,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_payments primary key (tenant_id, id),
  constraint uq_payments_tenant_id_idempotency_key unique (tenant_id, idempotency_key),
  constraint ck_payments_amount_minor check (amount_minor > 0),
  constraint ck_payments_currency check (currency ~ '^[A-Z]{{3}}$'),
  constraint ck_payments_idempotency_key
    check (length(idempotency_key) between 1 and 255 and idempotency_key !~ '{CARD_NUMBER}'),
  constraint ck_payments_description
    check (length(description) between 1 and 500 and description !~ '{CARD_NUMBER}'),
  constraint ck_payments_status check (status in (
    'pending', 'authorised', 'captured', 'partially_refunded', 'refunded', 'charged_back', 'failed', 'canceled'
  )),
  constraint ck_payments_captured_minor check (captured_minor between 0 and amount_minor),
  constraint ck_payments_captured check (
    (captured_minor > 0) = (status in ('captured', 'partially_refunded', 'refunded', 'charged_back'))
  ),
  constraint ck_payments_failure_reason
    check (length(failure_reason) between 1 and 500 and failure_reason !~ '{CARD_NUMBER}'),
  constraint ck_payments_failed check ((status = 'failed') = (failure_reason is not null))
)
"""

PAYMENT_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "customer_id": "Who pays; no foreign key: they live in another service.",
    "payment_method_id": "What it is paid with, once that is chosen.",
    "amount_minor": "What is to be paid, in the currency's minor unit.",
    "currency": "ISO 4217 code of the currency, also of captures and refunds.",
    "idempotency_key": "The same key is the same payment; one in each tenant.",
    "description": "What it is for, as the customer reads it.",
    "status": "pending, authorised, captured, partially_refunded, refunded, charged_back, failed or canceled.",
    "captured_minor": "What was captured so far, in the currency's minor unit; never falls.",
    "failure_reason": "Why it failed; empty otherwise.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

# captured again means that more of the same payment was captured, which is no step
TRANSITIONS = (
    "pending>authorised",
    "pending>captured",
    "pending>failed",
    "pending>canceled",
    "authorised>captured",
    "authorised>failed",
    "authorised>canceled",
    "captured>partially_refunded",
    "captured>refunded",
    "captured>charged_back",
    "partially_refunded>refunded",
    "partially_refunded>charged_back",
)

FIXED = ("tenant_id", "id", "customer_id", "amount_minor", "currency", "idempotency_key", "created_at")

# the application and the service make a payment that is pending, and nothing was captured; a reason of failure is
# named by the ORM, and a check wants it empty
INSERTED = (
    "tenant_id, id, customer_id, payment_method_id, amount_minor, currency, idempotency_key, description, "
    "failure_reason"
)


def upgrade() -> None:
    ddl.create_schema("billing", "Money that a tenant's customers pay.", ddl.EVERYONE)
    ddl.execute(CHECK_TRANSITION)
    close("billing.check_transition()", "Refuses a status that does not follow from the old one (TN101).")
    ddl.execute(REFUSE_CHANGE)
    close("billing.refuse_change()", "Refuses a change of what never changes (TN102).")
    create_methods()
    create_payments()


def create_methods() -> None:
    ddl.execute(METHODS)
    ddl.comment_on_table(
        "billing.payment_methods", "How customers pay, by a provider's reference; never a card number.", METHOD_COLUMNS
    )
    ddl.comment_on("index billing.pk_payment_methods", "A payment method by its id.")
    ddl.comment_on(
        "index billing.uq_payment_methods_tenant_id_provider_provider_reference",
        "The payment method that a provider's message is about.",
    )
    ddl.execute(
        "create unique index uq_payment_methods_tenant_id_customer_id_default on billing.payment_methods "
        "(tenant_id, customer_id) where is_default"
    )
    ddl.comment_on(
        "index billing.uq_payment_methods_tenant_id_customer_id_default", "A customer's default; one for each."
    )
    ddl.execute(
        "create index ix_payment_methods_tenant_id_customer_id on billing.payment_methods "
        "(tenant_id, customer_id, created_at desc)"
    )
    ddl.comment_on("index billing.ix_payment_methods_tenant_id_customer_id", "A customer's methods, newest first.")
    ddl.belongs_to_tenant("billing.payment_methods", "fk_payment_methods_tenant_id")
    ddl.tenant_policies("billing.payment_methods")
    ddl.grant(
        "select, insert, update (brand, last4, expiry_month, expiry_year, is_default, removed_at, updated_at)",
        "billing.payment_methods",
        ["app_rw", "payments_service"],
    )
    grant_to_keepers("billing.payment_methods")


def create_payments() -> None:
    ddl.execute(PAYMENTS)
    ddl.comment_on_table(
        "billing.payments", "What customers pay; amounts never change once they are written.", PAYMENT_COLUMNS
    )
    ddl.comment_on("index billing.pk_payments", "A payment by its id.")
    ddl.comment_on("index billing.uq_payments_tenant_id_idempotency_key", "The payment that was asked for already.")
    index("ix_payments_tenant_id_customer_id", "customer_id, created_at desc", "A customer's payments, newest first.")
    index("ix_payments_tenant_id_payment_method_id", "payment_method_id", "Whether a payment method is in use.")
    index("ix_payments_tenant_id_created_at", "created_at desc, id desc", "The newest payments of a tenant.")
    index(
        "ix_payments_tenant_id_open",
        "created_at",
        "Payments that wait for something, the oldest first.",
        where=" where status in ('pending', 'authorised')",
    )
    ddl.belongs_to_tenant("billing.payments", "fk_payments_tenant_id")
    ddl.execute(
        "alter table billing.payments add constraint fk_payments_tenant_id_payment_method_id "
        "foreign key (tenant_id, payment_method_id) references billing.payment_methods (tenant_id, id) "
        "on delete restrict"
    )
    ddl.tenant_policies("billing.payments")
    ddl.grant(
        f"select, insert ({INSERTED}), "
        "update (payment_method_id, description, status, captured_minor, failure_reason, updated_at)",
        "billing.payments",
        ["app_rw", "payments_service"],
    )
    grant_to_keepers("billing.payments")
    guard_payments()


def guard_payments() -> None:
    steps = ", ".join(f"'{step}'" for step in TRANSITIONS)
    ddl.execute(
        "create trigger check_transition before update on billing.payments for each row "
        f"when (old.status is distinct from new.status) execute function billing.check_transition({steps})"
    )
    ddl.comment_on("trigger check_transition on billing.payments", "The ways that a payment's status may go.")
    ddl.execute(
        "create trigger keep_fixed before update on billing.payments for each row "
        f"when (({', '.join(f'old.{name}' for name in FIXED)}) is distinct from "
        f"({', '.join(f'new.{name}' for name in FIXED)})) "
        "execute function billing.refuse_change('amount, currency, customer and key of a payment never change')"
    )
    ddl.comment_on("trigger keep_fixed on billing.payments", "What was agreed stays as it was.")
    ddl.execute(
        "create trigger keep_captured before update on billing.payments for each row "
        "when (new.captured_minor < old.captured_minor) "
        "execute function billing.refuse_change('what was captured of a payment never falls')"
    )
    ddl.comment_on("trigger keep_captured on billing.payments", "What was captured goes back by a refund only.")


def index(name: str, columns: str, comment: str, where: str = "") -> None:
    ddl.execute(f"create index {name} on billing.payments (tenant_id, {columns}){where}")
    ddl.comment_on(f"index billing.{name}", comment)


def grant_to_keepers(table: str) -> None:
    # an administrator takes a tenant away as a whole, and puts it back
    ddl.grant("select, insert, update, delete", table, ["app_admin"])
    ddl.grant("select", table, ["app_ro", "app_maint", "app_backup"])


def close(function: str, comment: str) -> None:
    ddl.execute(f"revoke execute on function {function} from public")
    ddl.comment_on(f"function {function}", comment)


def downgrade() -> None:
    ddl.execute("drop table billing.payments")
    ddl.execute("drop table billing.payment_methods")
    ddl.execute("drop function billing.refuse_change()")
    ddl.execute("drop function billing.check_transition()")
    ddl.execute("drop schema billing")
