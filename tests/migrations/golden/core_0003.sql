set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade core_0002 -> core_0003

create table tenancy.tenants (
  id uuid default app.uuid7() not null,
  slug text not null,
  name text not null,
  settings jsonb default '{}'::jsonb not null,
  subscription_plan text default 'free' not null,
  subscription_status text default 'trial' not null,
  status text default 'pending' not null,
  rejection_reason text,
  approved_at timestamp with time zone,
  approved_by uuid,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_tenants primary key (id),
  constraint uq_tenants_slug unique (slug),
  constraint ck_tenants_slug check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  constraint ck_tenants_name check (length(name) between 1 and 200),
  constraint ck_tenants_settings check (jsonb_typeof(settings) = 'object'),
  constraint ck_tenants_subscription_status
    check (subscription_status in ('trial', 'active', 'past_due', 'canceled')),
  constraint ck_tenants_status check (status in ('pending', 'approved', 'rejected', 'suspended')),
  constraint ck_tenants_rejection_reason check ((status = 'rejected') = (rejection_reason is not null)),
  constraint ck_tenants_approved
    check (status not in ('approved', 'suspended') or (approved_at is not null and approved_by is not null))
);

comment on table tenancy.tenants is 'The customers of the application; each sees its own row only.';

comment on column tenancy.tenants.id is 'UUIDv7: unique, and in the order of creation.';

comment on column tenancy.tenants.slug is 'Short name in URLs: lower-case letters, digits and hyphens.';

comment on column tenancy.tenants.name is 'What people call it.';

comment on column tenancy.tenants.settings is 'The tenant''s own settings, a JSON object.';

comment on column tenancy.tenants.subscription_plan is 'The plan it pays for.';

comment on column tenancy.tenants.subscription_status is 'trial, active, past_due or canceled.';

comment on column tenancy.tenants.status is 'Where its approval stands: pending, approved, rejected or suspended.';

comment on column tenancy.tenants.rejection_reason is 'Why it was rejected; empty otherwise.';

comment on column tenancy.tenants.approved_at is 'When it was approved.';

comment on column tenancy.tenants.approved_by is 'Who approved it.';

comment on column tenancy.tenants.created_at is 'When the row was made.';

comment on column tenancy.tenants.updated_at is 'When the row was last changed.';

comment on index tenancy.pk_tenants is 'A tenant by its id; every policy of this table reads by it.';

comment on index tenancy.uq_tenants_slug is 'A tenant by its name in a URL.';

alter table tenancy.tenants enable row level security;

alter table tenancy.tenants force row level security;

create policy tenant_rows on tenancy.tenants to app_tenant, app_tenant_admin using (id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on tenancy.tenants to app_all using (true) with check (true);

grant select, update (name, settings, updated_at) on tenancy.tenants to app_rw;

grant select on tenancy.tenants to app_ro, app_maint, app_backup;

grant select, insert, update, delete on tenancy.tenants to app_admin;

grant select, insert, update on tenancy.tenants to admin_service;

create table tenancy.memberships (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid not null,
  role text default 'member' not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_memberships primary key (tenant_id, id),
  constraint uq_memberships_tenant_id_user_id unique (tenant_id, user_id),
  constraint ck_memberships_role check (role in ('owner', 'administrator', 'member', 'viewer'))
);

comment on table tenancy.memberships is 'Who belongs to which tenant, and as what.';

comment on column tenancy.memberships.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column tenancy.memberships.id is 'UUIDv7: unique, and in the order of creation.';

comment on column tenancy.memberships.user_id is 'The person; no foreign key, as people live in another service.';

comment on column tenancy.memberships.role is 'owner, administrator, member or viewer.';

comment on column tenancy.memberships.created_at is 'When the row was made.';

comment on column tenancy.memberships.updated_at is 'When the row was last changed.';

comment on index tenancy.pk_memberships is 'A membership by its id.';

comment on index tenancy.uq_memberships_tenant_id_user_id is 'A person''s membership in the tenant; the tenant''s people.';

alter table tenancy.memberships add constraint fk_memberships_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table tenancy.memberships enable row level security;

alter table tenancy.memberships force row level security;

create policy tenant_rows on tenancy.memberships to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on tenancy.memberships to app_all using (true) with check (true);

grant select, insert, update, delete on tenancy.memberships to app_rw, app_admin;

grant select, insert, update on tenancy.memberships to admin_service;

grant select on tenancy.memberships to app_ro, app_maint, app_backup;

UPDATE app.alembic_version SET version_num='core_0003' WHERE app.alembic_version.version_num = 'core_0002';

COMMIT;

