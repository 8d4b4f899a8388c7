set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade core_0003 -> core_0004

create table ops.audit_log (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  actor_id uuid,
  action text not null,
  subject text,
  details jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_audit_log primary key (tenant_id, id),
  constraint ck_audit_log_action check (length(action) between 1 and 100),
  constraint ck_audit_log_details check (jsonb_typeof(details) = 'object')
);

comment on table ops.audit_log is 'What was done in a tenant; rows are added and never changed.';

comment on column ops.audit_log.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column ops.audit_log.id is 'UUIDv7: unique, and in the order of creation.';

comment on column ops.audit_log.actor_id is 'The person who did it; empty for the system itself.';

comment on column ops.audit_log.action is 'What was done, as noun.verb, e.g. material.delete.';

comment on column ops.audit_log.subject is 'What it was done to, as table:id.';

comment on column ops.audit_log.details is 'Whatever else matters, a JSON object; no secrets.';

comment on column ops.audit_log.created_at is 'When the row was made.';

comment on index ops.pk_audit_log is 'An entry by its id.';

create index ix_audit_log_tenant_id_created_at on ops.audit_log (tenant_id, created_at desc);

comment on index ops.ix_audit_log_tenant_id_created_at is 'The newest entries of a tenant.';

alter table ops.audit_log add constraint fk_audit_log_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table ops.audit_log enable row level security;

alter table ops.audit_log force row level security;

create policy tenant_rows on ops.audit_log to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on ops.audit_log to app_all using (true) with check (true);

grant select, insert on ops.audit_log to app_rw, app_admin, admin_service;

grant select on ops.audit_log to app_ro, app_maint, app_backup;

create table ops.system_event (
  id uuid default app.uuid7() not null,
  event text not null,
  actor text,
  reason text,
  work_id uuid,
  details jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_system_event primary key (id),
  constraint ck_system_event_event check (length(event) between 1 and 100),
  constraint ck_system_event_details check (jsonb_typeof(details) = 'object')
);

comment on table ops.system_event is 'What happened beyond any tenant; rows are added and never changed.';

comment on column ops.system_event.id is 'UUIDv7: unique, and in the order of creation.';

comment on column ops.system_event.event is 'What happened, as noun.verb, e.g. admin.begin.';

comment on column ops.system_event.actor is 'Who did it.';

comment on column ops.system_event.reason is 'Why it was done.';

comment on column ops.system_event.work_id is 'Ties the events of one piece of work together.';

comment on column ops.system_event.details is 'Whatever else matters, a JSON object; no secrets.';

comment on column ops.system_event.created_at is 'When the row was made.';

comment on index ops.pk_system_event is 'An event by its id.';

create index ix_system_event_created_at on ops.system_event (created_at desc);

comment on index ops.ix_system_event_created_at is 'The newest events.';

alter table ops.system_event enable row level security;

alter table ops.system_event force row level security;

create policy all_rows on ops.system_event to app_all using (true) with check (true);

grant select, insert on ops.system_event to app_admin, app_maint;

grant select on ops.system_event to app_backup;

UPDATE app.alembic_version SET version_num='core_0004' WHERE app.alembic_version.version_num = 'core_0003';

COMMIT;

