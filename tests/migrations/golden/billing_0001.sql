-- Running upgrade  -> billing_0001

create schema billing;

comment on schema billing is 'Money that a tenant''s customers pay.';

grant usage on schema billing to app_tenant, app_tenant_admin, app_all;

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
$body$;

revoke execute on function billing.check_transition() from public;

comment on function billing.check_transition() is 'Refuses a status that does not follow from the old one (TN101).';

create function billing.refuse_change() returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception '%', tg_argv[0] using
    errcode = 'TN102', schema = tg_table_schema, table = tg_table_name;
end
$body$;

revoke execute on function billing.refuse_change() from public;

comment on function billing.refuse_change() is 'Refuses a change of what never changes (TN102).';

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
  constraint ck_payment_methods_provider check (provider ~ '^[a-z][a-z0-9_]{0,31}$'),
  constraint ck_payment_methods_provider_reference
    check (length(provider_reference) between 1 and 200 and provider_reference !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'),
  constraint ck_payment_methods_kind check (kind in ('card', 'bank_account', 'wallet')),
  constraint ck_payment_methods_brand check (brand ~ '^[a-z][a-z_]{0,31}$'),
  constraint ck_payment_methods_last4 check (last4 ~ '^[0-9]{4}$'),
  constraint ck_payment_methods_expiry_month check (expiry_month between 1 and 12),
  constraint ck_payment_methods_expiry_year check (expiry_year between 2000 and 2099),
  constraint ck_payment_methods_expiry check ((expiry_month is null) = (expiry_year is null)),
  constraint ck_payment_methods_card
    check (kind <> 'card' or (brand is not null and last4 is not null and expiry_year is not null)),
  constraint ck_payment_methods_removed check (removed_at is null or not is_default)
);

comment on table billing.payment_methods is 'How customers pay, by a provider''s reference; never a card number.';

comment on column billing.payment_methods.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column billing.payment_methods.id is 'UUIDv7: unique, and in the order of creation.';

comment on column billing.payment_methods.customer_id is 'Who pays with it; no foreign key: they live in another service.';

comment on column billing.payment_methods.provider is 'The payment provider, e.g. stripe.';

comment on column billing.payment_methods.provider_reference is 'What the provider calls it; never a card number.';

comment on column billing.payment_methods.kind is 'card, bank_account or wallet.';

comment on column billing.payment_methods.brand is 'The brand of a card, e.g. visa.';

comment on column billing.payment_methods.last4 is 'The last four digits, for people to know it by.';

comment on column billing.payment_methods.expiry_month is 'Month of expiry, 1 to 12.';

comment on column billing.payment_methods.expiry_year is 'Year of expiry, four digits.';

comment on column billing.payment_methods.is_default is 'Whether it is taken where none is chosen; one for each customer.';

comment on column billing.payment_methods.removed_at is 'When the customer removed it; the row stays, as payments refer to it.';

comment on column billing.payment_methods.created_at is 'When the row was made.';

comment on column billing.payment_methods.updated_at is 'When the row was last changed.';

comment on index billing.pk_payment_methods is 'A payment method by its id.';

comment on index billing.uq_payment_methods_tenant_id_provider_provider_reference is 'The payment method that a provider''s message is about.';

create unique index uq_payment_methods_tenant_id_customer_id_default on billing.payment_methods (tenant_id, customer_id) where is_default;

comment on index billing.uq_payment_methods_tenant_id_customer_id_default is 'A customer''s default; one for each.';

create index ix_payment_methods_tenant_id_customer_id on billing.payment_methods (tenant_id, customer_id, created_at desc);

comment on index billing.ix_payment_methods_tenant_id_customer_id is 'A customer''s methods, newest first.';

alter table billing.payment_methods add constraint fk_payment_methods_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table billing.payment_methods enable row level security;

alter table billing.payment_methods force row level security;

create policy tenant_rows on billing.payment_methods to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on billing.payment_methods to app_all using (true) with check (true);

grant select, insert, update (brand, last4, expiry_month, expiry_year, is_default, removed_at, updated_at) on billing.payment_methods to app_rw, payments_service;

grant select, insert, update, delete on billing.payment_methods to app_admin;

grant select on billing.payment_methods to app_ro, app_maint, app_backup;

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
  constraint ck_payments_currency check (currency ~ '^[A-Z]{3}$'),
  constraint ck_payments_idempotency_key
    check (length(idempotency_key) between 1 and 255 and idempotency_key !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'),
  constraint ck_payments_description
    check (length(description) between 1 and 500 and description !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'),
  constraint ck_payments_status check (status in (
    'pending', 'authorised', 'captured', 'partially_refunded', 'refunded', 'charged_back', 'failed', 'canceled'
  )),
  constraint ck_payments_captured_minor check (captured_minor between 0 and amount_minor),
  constraint ck_payments_captured check (
    (captured_minor > 0) = (status in ('captured', 'partially_refunded', 'refunded', 'charged_back'))
  ),
  constraint ck_payments_failure_reason
    check (length(failure_reason) between 1 and 500 and failure_reason !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'),
  constraint ck_payments_failed check ((status = 'failed') = (failure_reason is not null))
);

comment on table billing.payments is 'What customers pay; amounts never change once they are written.';

comment on column billing.payments.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column billing.payments.id is 'UUIDv7: unique, and in the order of creation.';

comment on column billing.payments.customer_id is 'Who pays; no foreign key: they live in another service.';

comment on column billing.payments.payment_method_id is 'What it is paid with, once that is chosen.';

comment on column billing.payments.amount_minor is 'What is to be paid, in the currency''s minor unit.';

comment on column billing.payments.currency is 'ISO 4217 code of the currency, also of captures and refunds.';

comment on column billing.payments.idempotency_key is 'The same key is the same payment; one in each tenant.';

comment on column billing.payments.description is 'What it is for, as the customer reads it.';

comment on column billing.payments.status is 'pending, authorised, captured, partially_refunded, refunded, charged_back, failed or canceled.';

comment on column billing.payments.captured_minor is 'What was captured so far, in the currency''s minor unit; never falls.';

comment on column billing.payments.failure_reason is 'Why it failed; empty otherwise.';

comment on column billing.payments.created_at is 'When the row was made.';

comment on column billing.payments.updated_at is 'When the row was last changed.';

comment on index billing.pk_payments is 'A payment by its id.';

comment on index billing.uq_payments_tenant_id_idempotency_key is 'The payment that was asked for already.';

create index ix_payments_tenant_id_customer_id on billing.payments (tenant_id, customer_id, created_at desc);

comment on index billing.ix_payments_tenant_id_customer_id is 'A customer''s payments, newest first.';

create index ix_payments_tenant_id_payment_method_id on billing.payments (tenant_id, payment_method_id);

comment on index billing.ix_payments_tenant_id_payment_method_id is 'Whether a payment method is in use.';

create index ix_payments_tenant_id_created_at on billing.payments (tenant_id, created_at desc, id desc);

comment on index billing.ix_payments_tenant_id_created_at is 'The newest payments of a tenant.';

create index ix_payments_tenant_id_open on billing.payments (tenant_id, created_at) where status in ('pending', 'authorised');

comment on index billing.ix_payments_tenant_id_open is 'Payments that wait for something, the oldest first.';

alter table billing.payments add constraint fk_payments_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table billing.payments add constraint fk_payments_tenant_id_payment_method_id foreign key (tenant_id, payment_method_id) references billing.payment_methods (tenant_id, id) on delete restrict;

alter table billing.payments enable row level security;

alter table billing.payments force row level security;

create policy tenant_rows on billing.payments to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on billing.payments to app_all using (true) with check (true);

grant select, insert (tenant_id, id, customer_id, payment_method_id, amount_minor, currency, idempotency_key, description, failure_reason), update (payment_method_id, description, status, captured_minor, failure_reason, updated_at) on billing.payments to app_rw, payments_service;

grant select, insert, update, delete on billing.payments to app_admin;

grant select on billing.payments to app_ro, app_maint, app_backup;

create trigger check_transition before update on billing.payments for each row when (old.status is distinct from new.status) execute function billing.check_transition('pending>authorised', 'pending>captured', 'pending>failed', 'pending>canceled', 'authorised>captured', 'authorised>failed', 'authorised>canceled', 'captured>partially_refunded', 'captured>refunded', 'captured>charged_back', 'partially_refunded>refunded', 'partially_refunded>charged_back');

comment on trigger check_transition on billing.payments is 'The ways that a payment''s status may go.';

create trigger keep_fixed before update on billing.payments for each row when ((old.tenant_id, old.id, old.customer_id, old.amount_minor, old.currency, old.idempotency_key, old.created_at) is distinct from (new.tenant_id, new.id, new.customer_id, new.amount_minor, new.currency, new.idempotency_key, new.created_at)) execute function billing.refuse_change('amount, currency, customer and key of a payment never change');

comment on trigger keep_fixed on billing.payments is 'What was agreed stays as it was.';

create trigger keep_captured before update on billing.payments for each row when (new.captured_minor < old.captured_minor) execute function billing.refuse_change('what was captured of a payment never falls');

comment on trigger keep_captured on billing.payments is 'What was captured goes back by a refund only.';

UPDATE app.alembic_version SET version_num='billing_0001' WHERE app.alembic_version.version_num = 'core_0003';

COMMIT;

