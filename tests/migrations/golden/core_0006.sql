set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade core_0005 -> core_0006

alter table ops.audit_log rename to audit_log_before;

alter table ops.audit_log_before rename constraint pk_audit_log to pk_audit_log_before;

alter index ops.ix_audit_log_tenant_id_created_at rename to ix_audit_log_before_tenant_id_created_at;

create table ops.audit_log (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  actor_id uuid,
  action text not null,
  subject text,
  details jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,

  actor_type text default 'user' not null,
  on_behalf_of uuid,
  session_id uuid,
  outcome text default 'success' not null,
  ip inet,
  user_agent text,
  request_id text,

  constraint pk_audit_log primary key (tenant_id, id, created_at),
  constraint ck_audit_log_action check (length(action) between 1 and 100),
  constraint ck_audit_log_details check (jsonb_typeof(details) = 'object')
,
  constraint ck_audit_log_actor_type check (actor_type in ('user', 'api_key', 'service', 'administrator', 'system')),
  constraint ck_audit_log_actor check (actor_type <> 'system' or actor_id is null),
  constraint ck_audit_log_outcome check (outcome in ('success', 'failure', 'denied')),
  constraint ck_audit_log_user_agent check (length(user_agent) <= 1000),
  constraint ck_audit_log_request_id check (length(request_id) between 1 and 200)

) partition by range (created_at);

comment on table ops.audit_log is 'What was done in a tenant; rows are added and never changed.';

comment on column ops.audit_log.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column ops.audit_log.id is 'UUIDv7: unique, and in the order of creation.';

comment on column ops.audit_log.actor_id is 'The person or key that did it; empty where nobody was known, and for the system itself.';

comment on column ops.audit_log.action is 'What was done, as noun.verb, e.g. material.delete.';

comment on column ops.audit_log.subject is 'What it was done to, as table:id.';

comment on column ops.audit_log.details is 'Whatever else matters, a JSON object; no secrets.';

comment on column ops.audit_log.created_at is 'When the row was made.';

comment on column ops.audit_log.actor_type is 'What kind of actor it was: user, api_key, service, administrator or system.';

comment on column ops.audit_log.on_behalf_of is 'The person for whom it was done, where that is another one.';

comment on column ops.audit_log.session_id is 'The session in which it was done; no foreign key, as sessions live in another service.';

comment on column ops.audit_log.outcome is 'What came of it: success, failure or denied.';

comment on column ops.audit_log.ip is 'The address that it was asked for from.';

comment on column ops.audit_log.user_agent is 'The program that it was asked for with, as it names itself.';

comment on column ops.audit_log.request_id is 'Ties it to the request, and to the logs of the application.';

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

create function ops.refuse_delete_of_audit() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (select from tenancy.tenants where id = old.tenant_id and status = 'deleting') then
    return old;
  end if;
  raise exception 'delete on %.%, whose rows are added and never changed', tg_table_schema, tg_table_name using
    errcode = 'AO001',
    hint = 'entries go with their tenant, by app-db tenant delete, or when maintenance drops their partition';
end
$body$;

revoke execute on function ops.refuse_delete_of_audit() from public;

grant execute on function ops.refuse_delete_of_audit() to app_owner;

comment on function ops.refuse_delete_of_audit() is 'Refuses to remove entries of a tenant that is not being deleted.';

create trigger refuse_change before update or delete on ops.audit_log for each row execute function ops.refuse_change();

comment on trigger refuse_change on ops.audit_log is 'Rows are added and never changed, by nobody.';

create trigger refuse_truncate before truncate on ops.audit_log for each statement execute function ops.refuse_change();

comment on trigger refuse_truncate on ops.audit_log is 'Rows are not taken away all at once, by nobody.';

create table ops.audit_log_default partition of ops.audit_log default;

comment on table ops.audit_log_default is 'Rows of ops.audit_log that no other partition is there for; should be empty.';

alter table ops.audit_log_default enable row level security;

alter table ops.audit_log_default force row level security;

create trigger refuse_truncate before truncate on ops.audit_log_default for each statement execute function ops.refuse_change();

comment on trigger refuse_truncate on ops.audit_log_default is 'Rows are not taken away all at once, by nobody.';

insert into ops.partition_sets (parent, partition_column, period, ahead, retention, append_only) values ('ops.audit_log', 'created_at', 'month', 3, null, true);

select ops.ensure_partitions();

drop trigger refuse_change on ops.audit_log;

create trigger refuse_update before update on ops.audit_log for each row execute function ops.refuse_change();

create trigger refuse_delete before delete on ops.audit_log for each row execute function ops.refuse_delete_of_audit();

comment on trigger refuse_update on ops.audit_log is 'Entries are never changed, by nobody.';

comment on trigger refuse_delete on ops.audit_log is 'Entries go with their tenant, and not before.';

select ops.ensure_partitions(month)
from (select distinct date_trunc('month', created_at, 'UTC') as month from ops.audit_log_before) as months;

insert into ops.audit_log (tenant_id, id, actor_id, action, subject, details, created_at) select tenant_id, id, actor_id, action, subject, details, created_at from ops.audit_log_before;

drop table ops.audit_log_before;

grant insert on ops.system_event to app_secrets;

grant select, delete on ops.audit_log to app_definer;

grant select on tenancy.tenants to app_definer;

create function ops.purge_audit_log(tenant uuid, batch integer) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  gone integer;
begin
  with old as (
    select a.id, a.created_at from ops.audit_log as a where a.tenant_id = tenant limit batch
  )
  delete from ops.audit_log as a using old
  where a.tenant_id = tenant and a.id = old.id and a.created_at = old.created_at;
  get diagnostics gone = row_count;
  return gone;
end
$body$;

revoke execute on function ops.purge_audit_log(uuid, integer) from public;

grant execute on function ops.purge_audit_log(uuid, integer) to app_admin;

comment on function ops.purge_audit_log(uuid, integer) is 'Removes so many entries of a tenant that is being deleted; returns how many.';

grant create on schema ops to app_definer;

alter function ops.purge_audit_log(uuid, integer) owner to app_definer;

revoke create on schema ops from app_definer;

UPDATE app.alembic_version SET version_num='core_0006' WHERE app.alembic_version.version_num = 'core_0005';

COMMIT;

