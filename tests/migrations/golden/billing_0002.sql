set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade billing_0001 -> billing_0002

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
  constraint ck_refunds_reason check (length(reason) between 1 and 500 and reason !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'),
  constraint ck_refunds_idempotency_key
    check (length(idempotency_key) between 1 and 255 and idempotency_key !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'),
  constraint ck_refunds_status check (status in ('pending', 'succeeded', 'failed', 'canceled'))
);

comment on table billing.refunds is 'What is paid back of a payment, never more than was captured.';

comment on column billing.refunds.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column billing.refunds.id is 'UUIDv7: unique, and in the order of creation.';

comment on column billing.refunds.payment_id is 'The payment that it goes back from.';

comment on column billing.refunds.amount_minor is 'What goes back, in the minor unit of the payment''s currency.';

comment on column billing.refunds.reason is 'Why it goes back.';

comment on column billing.refunds.idempotency_key is 'The same key is the same refund; one in each tenant.';

comment on column billing.refunds.status is 'pending, succeeded, failed or canceled.';

comment on column billing.refunds.created_at is 'When the row was made.';

comment on column billing.refunds.updated_at is 'When the row was last changed.';

comment on index billing.pk_refunds is 'A refund by its id.';

comment on index billing.uq_refunds_tenant_id_idempotency_key is 'The refund that was asked for already.';

create index ix_refunds_tenant_id_payment_id on billing.refunds (tenant_id, payment_id);

comment on index billing.ix_refunds_tenant_id_payment_id is 'The refunds of a payment, and their sum.';

alter table billing.refunds add constraint fk_refunds_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table billing.refunds add constraint fk_refunds_tenant_id_payment_id foreign key (tenant_id, payment_id) references billing.payments (tenant_id, id) on delete restrict;

alter table billing.refunds enable row level security;

alter table billing.refunds force row level security;

create policy tenant_rows on billing.refunds to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on billing.refunds to app_all using (true) with check (true);

grant select, insert (tenant_id, id, payment_id, amount_minor, reason, idempotency_key), update (status, updated_at) on billing.refunds to app_rw, payments_service;

grant select, insert, update, delete on billing.refunds to app_admin;

grant select on billing.refunds to app_ro, app_maint, app_backup;

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
$body$;

revoke execute on function billing.check_refund() from public;

comment on function billing.check_refund() is 'Locks the payment and refuses a refund of more than is left of it (TN103).';

create trigger check_refund before insert on billing.refunds for each row execute function billing.check_refund();

comment on trigger check_refund on billing.refunds is 'What goes back never exceeds what was captured.';

create trigger check_transition before update on billing.refunds for each row when (old.status is distinct from new.status) execute function billing.check_transition('pending>succeeded', 'pending>failed', 'pending>canceled');

comment on trigger check_transition on billing.refunds is 'The ways that a refund''s status may go.';

create trigger keep_fixed before update on billing.refunds for each row when ((old.tenant_id, old.id, old.payment_id, old.amount_minor, old.reason, old.idempotency_key, old.created_at) is distinct from (new.tenant_id, new.id, new.payment_id, new.amount_minor, new.reason, new.idempotency_key, new.created_at)) execute function billing.refuse_change('payment, amount, reason and key of a refund never change');

comment on trigger keep_fixed on billing.refunds is 'What was asked for stays as it was.';

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
    check (length(provider_reference) between 1 and 200 and provider_reference !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})')
);

comment on table billing.transactions is 'The ledger of each payment; lines are added and never changed.';

comment on column billing.transactions.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column billing.transactions.id is 'UUIDv7: unique, and in the order of creation.';

comment on column billing.transactions.payment_id is 'The payment whose line it is.';

comment on column billing.transactions.refund_id is 'The refund that a line of kind refund carries out.';

comment on column billing.transactions.kind is 'authorisation, capture, refund, chargeback or fee.';

comment on column billing.transactions.amount_minor is 'In the minor unit of the payment''s currency; the kind says in which direction.';

comment on column billing.transactions.provider_reference is 'What the provider calls it; told again, it is the same line.';

comment on column billing.transactions.created_at is 'When the row was made.';

comment on index billing.pk_transactions is 'A line by its id.';

comment on index billing.uq_transactions_tenant_id_payment_id_kind_provider_reference is 'The lines of a payment; a line that a provider told already.';

comment on index billing.uq_transactions_tenant_id_refund_id is 'The line that carries out a refund.';

create index ix_transactions_tenant_id_created_at on billing.transactions (tenant_id, created_at desc, id desc);

comment on index billing.ix_transactions_tenant_id_created_at is 'The newest lines of a tenant.';

alter table billing.transactions add constraint fk_transactions_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table billing.transactions add constraint fk_transactions_tenant_id_payment_id foreign key (tenant_id, payment_id) references billing.payments (tenant_id, id) on delete restrict;

alter table billing.transactions add constraint fk_transactions_tenant_id_refund_id foreign key (tenant_id, refund_id) references billing.refunds (tenant_id, id) on delete restrict;

alter table billing.transactions enable row level security;

alter table billing.transactions force row level security;

create policy tenant_rows on billing.transactions to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on billing.transactions to app_all using (true) with check (true);

grant select, insert (tenant_id, id, payment_id, refund_id, kind, amount_minor, provider_reference) on billing.transactions to app_rw, payments_service;

grant select, insert, delete on billing.transactions to app_admin;

grant select on billing.transactions to app_ro, app_maint, app_backup;

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
$body$;

revoke execute on function billing.check_line() from public;

comment on function billing.check_line() is 'Locks the payment and refuses a line that exceeds it (TN103).';

create trigger check_line before insert on billing.transactions for each row execute function billing.check_line();

comment on trigger check_line on billing.transactions is 'The ledger adds up to no more than the payment.';

create trigger keep_fixed before update on billing.transactions for each row execute function billing.refuse_change('a line of the ledger never changes');

comment on trigger keep_fixed on billing.transactions is 'What was written stays, for the owner too.';

UPDATE app.alembic_version SET version_num='billing_0002' WHERE app.alembic_version.version_num = 'billing_0001';

COMMIT;

