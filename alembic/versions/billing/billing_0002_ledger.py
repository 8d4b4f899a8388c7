"""Refunds, and the ledger of each payment.

Why: what goes back never exceeds what was captured, though forty ask at once: the triggers lock the payment's row first
and sum up then. The lock is an update that changes nothing and not FOR UPDATE, because under REPEATABLE READ the latter
lets a transaction pass that does not see what was refunded meanwhile; the update fails there (40001). A row whose key
is there already goes on to the unique constraint, so that `on conflict do nothing` can tell that it was done before.
Lines of the ledger are never changed; only an administrator may delete them, with the whole tenant.

Locks: none that anybody waits for: the foreign keys take SHARE ROW EXCLUSIVE on tenancy.tenants and billing.payments
for a moment.

Safe with the previous release? Yes.

Undo: drops the tables with their rows, and the functions.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "billing_0002"
down_revision = "billing_0001"
branch_labels = None
depends_on = None

# 13 to 19 digits that stand alone, or in the groups that are printed on cards
CARD_NUMBER = (
    "(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])"
    "([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})"
)

REFUNDS = f"""
create table billing.refunds (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  payment_id uuid not null,
  amount_minor bigint not null,
  reason text not null,
  idempotency_key text not null,
  status text default 'pending' not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_refunds primary key (tenant_id, id),
  constraint uq_refunds_tenant_id_idempotency_key unique (tenant_id, idempotency_key),
  constraint ck_refunds_amount_minor check (amount_minor > 0),
  constraint ck_refunds_reason check (length(reason) between 1 and 500 and reason !~ '{CARD_NUMBER}'),
  constraint ck_refunds_idempotency_key
    check (length(idempotency_key) between 1 and 255 and idempotency_key !~ '{CARD_NUMBER}'),
  constraint ck_refunds_status check (status in ('pending', 'succeeded', 'failed', 'canceled'))
)
"""

REFUND_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "payment_id": "The payment that it goes back from.",
    "amount_minor": "What goes back, in the minor unit of the payment's currency.",
    "reason": "Why it goes back.",
    "idempotency_key": "The same key is the same refund; one in each tenant.",
    "status": "pending, succeeded, failed or canceled.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

TRANSACTIONS = f"""
create table billing.transactions (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  payment_id uuid not null,
  refund_id uuid,
  kind text not null,
  amount_minor bigint not null,
  provider_reference text not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_transactions primary key (tenant_id, id),
  constraint uq_transactions_tenant_id_payment_id_kind_provider_reference
    unique (tenant_id, payment_id, kind, provider_reference),
  constraint uq_transactions_tenant_id_refund_id unique (tenant_id, refund_id),
  constraint ck_transactions_kind check (kind in ('authorisation', 'capture', 'refund', 'chargeback', 'fee')),
  constraint ck_transactions_amount_minor check (amount_minor > 0),
  constraint ck_transactions_refund check ((kind = 'refund') = (refund_id is not null)),
  constraint ck_transactions_provider_reference
    check (length(provider_reference) between 1 and 200 and provider_reference !~ '{CARD_NUMBER}')
)
"""

TRANSACTION_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "payment_id": "The payment whose line it is.",
    "refund_id": "The refund that a line of kind refund carries out.",
    "kind": "authorisation, capture, refund, chargeback or fee.",
    "amount_minor": "In the minor unit of the payment's currency; the kind says in which direction.",
    "provider_reference": "What the provider calls it; told again, it is the same line.",
    "created_at": "When the row was made.",
}

# Where no payment is found, or no refund is named, the foreign key and the check say so.
CHECK_REFUND = """
create function billing.check_refund() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
declare
  captured bigint;
  taken bigint;
begin
  update billing.payments as p set updated_at = p.updated_at
    where p.tenant_id = new.tenant_id and p.id = new.payment_id returning p.captured_minor into captured;
  if not found or new.status not in ('pending', 'succeeded') or exists (
    select from billing.refunds as r where r.tenant_id = new.tenant_id and r.idempotency_key = new.idempotency_key
  ) then
    return new;
  end if;
  select coalesce(sum(r.amount_minor), 0) into taken from billing.refunds as r
    where r.tenant_id = new.tenant_id and r.payment_id = new.payment_id and r.status in ('pending', 'succeeded');
  if taken + new.amount_minor > captured then
    raise exception 'a refund of % exceeds what is left of the payment', new.amount_minor using
      errcode = 'TN103',
      detail = format('captured %s, refunded or under way %s, left %s', captured, taken, captured - taken),
      schema = tg_table_schema, table = tg_table_name, column = 'amount_minor';
  end if;
  return new;
end
$body$
"""

CHECK_LINE = """
create function billing.check_line() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
declare
  payment record;
  taken bigint;
  most bigint;
begin
  update billing.payments as p set updated_at = p.updated_at
    where p.tenant_id = new.tenant_id and p.id = new.payment_id
    returning p.amount_minor, p.captured_minor into payment;
  if not found or new.kind = 'fee' or (new.kind = 'refund' and new.refund_id is null) or exists (
    select from billing.transactions as t where t.tenant_id = new.tenant_id and t.payment_id = new.payment_id
      and t.kind = new.kind and t.provider_reference = new.provider_reference
  ) then
    return new;
  end if;
  if new.kind = 'refund' then
    select r.amount_minor into most from billing.refunds as r
      where r.tenant_id = new.tenant_id and r.id = new.refund_id and r.payment_id = new.payment_id;
    if not found then
      raise exception 'the payment has no refund %', new.refund_id using
        errcode = '23503', constraint = 'fk_transactions_tenant_id_refund_id',
        schema = tg_table_schema, table = tg_table_name, column = 'refund_id';
    end if;
    if new.amount_minor <> most then
      raise exception 'a line of % does not carry out a refund of %', new.amount_minor, most using
        errcode = 'TN103', schema = tg_table_schema, table = tg_table_name, column = 'amount_minor';
    end if;
    return new;
  end if;
  if new.kind = 'authorisation' then
    taken := 0;
    most := payment.amount_minor;
  else
    select coalesce(sum(t.amount_minor), 0) into taken from billing.transactions as t
      where t.tenant_id = new.tenant_id and t.payment_id = new.payment_id and t.kind = new.kind;
    most := payment.captured_minor;
  end if;
  if taken + new.amount_minor > most then
    raise exception 'a line of kind % and % exceeds its payment', new.kind, new.amount_minor using
      errcode = 'TN103',
      detail = format('at most %s, there are %s already', most, taken),
      schema = tg_table_schema, table = tg_table_name, column = 'amount_minor';
  end if;
  return new;
end
$body$
"""

FIXED = ("tenant_id", "id", "payment_id", "amount_minor", "reason", "idempotency_key", "created_at")


def upgrade() -> None:
    create_refunds()
    create_transactions()


def create_refunds() -> None:
    ddl.execute(REFUNDS)
    ddl.comment_on_table(
        "billing.refunds", "What is paid back of a payment, never more than was captured.", REFUND_COLUMNS
    )
    ddl.comment_on("index billing.pk_refunds", "A refund by its id.")
    ddl.comment_on("index billing.uq_refunds_tenant_id_idempotency_key", "The refund that was asked for already.")
    ddl.execute("create index ix_refunds_tenant_id_payment_id on billing.refunds (tenant_id, payment_id)")
    ddl.comment_on("index billing.ix_refunds_tenant_id_payment_id", "The refunds of a payment, and their sum.")
    ddl.belongs_to_tenant("billing.refunds", "fk_refunds_tenant_id")
    refers("refunds", "payment_id", "payments")
    ddl.tenant_policies("billing.refunds")
    ddl.grant(
        "select, insert (tenant_id, id, payment_id, amount_minor, reason, idempotency_key), "
        "update (status, updated_at)",
        "billing.refunds",
        ["app_rw", "payments_service"],
    )
    grant_to_keepers("billing.refunds")
    guard_refunds()


def guard_refunds() -> None:
    ddl.execute(CHECK_REFUND)
    close("billing.check_refund()", "Locks the payment and refuses a refund of more than is left of it (TN103).")
    ddl.execute(
        "create trigger check_refund before insert on billing.refunds for each row "
        "execute function billing.check_refund()"
    )
    ddl.comment_on("trigger check_refund on billing.refunds", "What goes back never exceeds what was captured.")
    ddl.execute(
        "create trigger check_transition before update on billing.refunds for each row "
        "when (old.status is distinct from new.status) execute function "
        "billing.check_transition('pending>succeeded', 'pending>failed', 'pending>canceled')"
    )
    ddl.comment_on("trigger check_transition on billing.refunds", "The ways that a refund's status may go.")
    ddl.execute(
        "create trigger keep_fixed before update on billing.refunds for each row "
        f"when (({', '.join(f'old.{name}' for name in FIXED)}) is distinct from "
        f"({', '.join(f'new.{name}' for name in FIXED)})) "
        "execute function billing.refuse_change('payment, amount, reason and key of a refund never change')"
    )
    ddl.comment_on("trigger keep_fixed on billing.refunds", "What was asked for stays as it was.")


def create_transactions() -> None:
    ddl.execute(TRANSACTIONS)
    ddl.comment_on_table(
        "billing.transactions", "The ledger of each payment; lines are added and never changed.", TRANSACTION_COLUMNS
    )
    ddl.comment_on("index billing.pk_transactions", "A line by its id.")
    ddl.comment_on(
        "index billing.uq_transactions_tenant_id_payment_id_kind_provider_reference",
        "The lines of a payment; a line that a provider told already.",
    )
    ddl.comment_on("index billing.uq_transactions_tenant_id_refund_id", "The line that carries out a refund.")
    ddl.execute(
        "create index ix_transactions_tenant_id_created_at on billing.transactions "
        "(tenant_id, created_at desc, id desc)"
    )
    ddl.comment_on("index billing.ix_transactions_tenant_id_created_at", "The newest lines of a tenant.")
    ddl.belongs_to_tenant("billing.transactions", "fk_transactions_tenant_id")
    refers("transactions", "payment_id", "payments")
    refers("transactions", "refund_id", "refunds")
    ddl.tenant_policies("billing.transactions")
    ddl.grant(
        "select, insert (tenant_id, id, payment_id, refund_id, kind, amount_minor, provider_reference)",
        "billing.transactions",
        ["app_rw", "payments_service"],
    )
    ddl.grant("select, insert, delete", "billing.transactions", ["app_admin"])
    ddl.grant("select", "billing.transactions", ["app_ro", "app_maint", "app_backup"])
    guard_transactions()


def guard_transactions() -> None:
    ddl.execute(CHECK_LINE)
    close("billing.check_line()", "Locks the payment and refuses a line that exceeds it (TN103).")
    ddl.execute(
        "create trigger check_line before insert on billing.transactions for each row "
        "execute function billing.check_line()"
    )
    ddl.comment_on("trigger check_line on billing.transactions", "The ledger adds up to no more than the payment.")
    ddl.execute(
        "create trigger keep_fixed before update on billing.transactions for each row "
        "execute function billing.refuse_change('a line of the ledger never changes')"
    )
    ddl.comment_on("trigger keep_fixed on billing.transactions", "What was written stays, for the owner too.")


def refers(table: str, column: str, target: str) -> None:
    ddl.execute(
        f"alter table billing.{table} add constraint fk_{table}_tenant_id_{column} "
        f"foreign key (tenant_id, {column}) references billing.{target} (tenant_id, id) on delete restrict"
    )


def grant_to_keepers(table: str) -> None:
    # an administrator takes a tenant away as a whole, and puts it back
    ddl.grant("select, insert, update, delete", table, ["app_admin"])
    ddl.grant("select", table, ["app_ro", "app_maint", "app_backup"])


def close(function: str, comment: str) -> None:
    ddl.execute(f"revoke execute on function {function} from public")
    ddl.comment_on(f"function {function}", comment)


def downgrade() -> None:
    ddl.execute("drop table billing.transactions")
    ddl.execute("drop function billing.check_line()")
    ddl.execute("drop table billing.refunds")
    ddl.execute("drop function billing.check_refund()")
