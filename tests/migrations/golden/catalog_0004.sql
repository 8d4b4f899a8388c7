set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade catalog_0003 -> catalog_0004

create table catalog.usage_statistics (
  tenant_id uuid default app.current_tenant_id() not null,
  day date not null,
  material_id uuid not null,
  uses bigint not null,
  quantity numeric(18,3) not null,
  constraint pk_usage_statistics primary key (tenant_id, day, material_id),
  constraint ck_usage_statistics_uses check (uses > 0),
  constraint ck_usage_statistics_quantity check (quantity >= 0)
) partition by range (day);

comment on table catalog.usage_statistics is 'How often and how much each material is used, by day.';

comment on column catalog.usage_statistics.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column catalog.usage_statistics.day is 'The day of use; in UTC where nobody has said another one.';

comment on column catalog.usage_statistics.material_id is 'What was used.';

comment on column catalog.usage_statistics.uses is 'How many times it was used on that day.';

comment on column catalog.usage_statistics.quantity is 'How much of it, in the unit of the material.';

comment on index catalog.pk_usage_statistics is 'What a tenant used from a day until another one.';

create index ix_usage_statistics_tenant_id_material_id_day on catalog.usage_statistics (tenant_id, material_id, day);

comment on index catalog.ix_usage_statistics_tenant_id_material_id_day is 'When a material was used.';

alter table catalog.usage_statistics add constraint fk_usage_statistics_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table catalog.usage_statistics add constraint fk_usage_statistics_tenant_id_material_id foreign key (tenant_id, material_id) references catalog.materials (tenant_id, id) on delete cascade;

alter table catalog.usage_statistics enable row level security;

alter table catalog.usage_statistics force row level security;

create policy tenant_rows on catalog.usage_statistics to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on catalog.usage_statistics to app_all using (true) with check (true);

grant select, insert, update (uses, quantity) on catalog.usage_statistics to app_rw, catalog_service;

grant select, insert, update, delete on catalog.usage_statistics to app_admin;

grant select on catalog.usage_statistics to app_ro, app_maint, app_backup;

create table catalog.usage_statistics_default partition of catalog.usage_statistics default;

comment on table catalog.usage_statistics_default is 'Rows of catalog.usage_statistics that no other partition is there for; should be empty.';

alter table catalog.usage_statistics_default enable row level security;

alter table catalog.usage_statistics_default force row level security;

insert into ops.partition_sets (parent, partition_column, period, ahead, retention, append_only) values ('catalog.usage_statistics', 'day', 'month', 3, '13 months', false);

select ops.ensure_partitions();

UPDATE app.alembic_version SET version_num='catalog_0004' WHERE app.alembic_version.version_num = 'catalog_0003';

COMMIT;

