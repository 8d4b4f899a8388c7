set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade billing_0002 -> billing_0003

create extension if not exists btree_gist with schema extensions;

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
);

comment on table billing.subscriptions is 'Which plan a customer has when; periods of a customer never overlap.';

comment on column billing.subscriptions.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column billing.subscriptions.id is 'UUIDv7: unique, and in the order of creation.';

comment on column billing.subscriptions.customer_id is 'Who has the plan; no foreign key: they live in another service.';

comment on column billing.subscriptions.plan is 'The plan, e.g. team-yearly.';

comment on column billing.subscriptions.period is 'From when, included, until when, excluded; without an end until it is canceled.';

comment on column billing.subscriptions.price_minor is 'The price of the period, in the currency''s minor unit.';

comment on column billing.subscriptions.currency is 'ISO 4217 code of the currency.';

comment on column billing.subscriptions.payment_id is 'What it was paid by, once it was.';

comment on column billing.subscriptions.created_at is 'When the row was made.';

comment on column billing.subscriptions.updated_at is 'When the row was last changed.';

comment on index billing.pk_subscriptions is 'A subscription by its id.';

comment on index billing.ex_subscriptions_tenant_id_customer_id_period is 'A customer''s plan at a time; no two at once.';

create index ix_subscriptions_tenant_id_payment_id on billing.subscriptions (tenant_id, payment_id);

comment on index billing.ix_subscriptions_tenant_id_payment_id is 'What a payment was for.';

alter table billing.subscriptions add constraint fk_subscriptions_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table billing.subscriptions add constraint fk_subscriptions_tenant_id_payment_id foreign key (tenant_id, payment_id) references billing.payments (tenant_id, id) on delete restrict;

alter table billing.subscriptions enable row level security;

alter table billing.subscriptions force row level security;

create policy tenant_rows on billing.subscriptions to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on billing.subscriptions to app_all using (true) with check (true);

grant select, insert (tenant_id, id, customer_id, plan, period, price_minor, currency, payment_id), update (period, payment_id, updated_at) on billing.subscriptions to app_rw, payments_service;

grant select, insert, update, delete on billing.subscriptions to app_admin;

grant select on billing.subscriptions to app_ro, app_maint, app_backup;

UPDATE app.alembic_version SET version_num='billing_0003' WHERE app.alembic_version.version_num = 'billing_0002';

COMMIT;

