-- Running upgrade  -> catalog_0001

create schema catalog;

comment on schema catalog is 'What tenants buy, sell or estimate with.';

grant usage on schema catalog to app_tenant, app_tenant_admin, app_all;

create table catalog.materials (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  code text not null,
  name text not null,
  description text default '' not null,
  unit text not null,
  price_minor bigint not null,
  currency text default 'RUB' not null,
  search tsvector not null generated always as (
    setweight(to_tsvector('pg_catalog.russian'::regconfig, name), 'A') ||
    setweight(to_tsvector('pg_catalog.russian'::regconfig, code), 'A') ||
    setweight(to_tsvector('pg_catalog.russian'::regconfig, description), 'B')
  ) stored,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_materials primary key (tenant_id, id),
  constraint uq_materials_tenant_id_code unique (tenant_id, code),
  constraint ck_materials_code check (length(code) between 1 and 64),
  constraint ck_materials_name check (length(name) between 1 and 500),
  constraint ck_materials_description check (length(description) <= 10000),
  constraint ck_materials_unit check (length(unit) between 1 and 32),
  constraint ck_materials_price_minor check (price_minor >= 0),
  constraint ck_materials_currency check (currency ~ '^[A-Z]{3}$')
);

comment on table catalog.materials is 'The materials of each tenant''s catalogue, with their prices.';

comment on column catalog.materials.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column catalog.materials.id is 'UUIDv7: unique, and in the order of creation.';

comment on column catalog.materials.code is 'The tenant''s own number for it.';

comment on column catalog.materials.name is 'What people call it, in Russian or English.';

comment on column catalog.materials.description is 'Whatever helps to find and to choose it.';

comment on column catalog.materials.unit is 'The unit that the price is for, e.g. kg, m2, шт.';

comment on column catalog.materials.price_minor is 'The price of one unit, in the currency''s minor unit.';

comment on column catalog.materials.currency is 'ISO 4217 code of the currency.';

comment on column catalog.materials.search is 'What the full-text search looks at: name, code and description.';

comment on column catalog.materials.created_at is 'When the row was made.';

comment on column catalog.materials.updated_at is 'When the row was last changed.';

comment on index catalog.pk_materials is 'A material by its id.';

comment on index catalog.uq_materials_tenant_id_code is 'A material by the tenant''s own number.';

create index ix_materials_tenant_id_search on catalog.materials using gin (tenant_id extensions.uuid_ops, search) with (fastupdate = off);

comment on index catalog.ix_materials_tenant_id_search is 'Full-text search within a tenant.';

create index ix_materials_tenant_id_created_at on catalog.materials (tenant_id, created_at desc, id desc);

comment on index catalog.ix_materials_tenant_id_created_at is 'The newest materials of a tenant.';

alter table catalog.materials add constraint fk_materials_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table catalog.materials enable row level security;

alter table catalog.materials force row level security;

create policy tenant_rows on catalog.materials to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on catalog.materials to app_all using (true) with check (true);

grant select, insert, update, delete on catalog.materials to app_rw, catalog_service, app_admin;

grant select on catalog.materials to app_ro, app_maint, app_backup, app_definer;

create function catalog.search_materials(query text, result_limit integer default 20)
returns table (
  id uuid, code text, name text, description text, unit text, price_minor bigint, currency text, rank real
)
language plpgsql stable parallel safe security definer rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := app.current_tenant_id();
  words tsquery := websearch_to_tsquery('pg_catalog.russian', query);
begin
  if tenant is null then
    raise exception 'no tenant is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_tenant_id(...) in the same transaction';
  end if;
  return query
    select m.id, m.code, m.name, m.description, m.unit, m.price_minor, m.currency, ts_rank(m.search, words) as rank
    from catalog.materials as m
    where m.tenant_id = tenant and m.search @@ words
    order by rank desc, m.id
    limit result_limit;
end
$body$;

revoke execute on function catalog.search_materials(text, integer) from public;

grant execute on function catalog.search_materials(text, integer) to app_rw, app_ro, catalog_service, app_admin;

comment on function catalog.search_materials(text, integer) is 'The current tenant''s materials that match, best first.';

grant create on schema catalog to app_definer;

alter function catalog.search_materials(text, integer) owner to app_definer;

revoke create on schema catalog from app_definer;

UPDATE app.alembic_version SET version_num='catalog_0001' WHERE app.alembic_version.version_num = 'core_0003';

COMMIT;

