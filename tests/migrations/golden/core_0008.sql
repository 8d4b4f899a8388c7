set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade core_0007 -> core_0008

create function app.touch_updated_at() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  new.updated_at := now();
  return new;
end
$body$;

revoke execute on function app.touch_updated_at() from public;

grant execute on function app.touch_updated_at() to app_owner;

comment on function app.touch_updated_at() is 'Sets updated_at to the transaction''s time; a trigger.';

create function tenancy.is_in_transit(tenant uuid) returns boolean
language sql stable parallel safe
return exists (select from tenancy.tenants as t where t.id = tenant and t.status in ('importing', 'deleting'));

revoke execute on function tenancy.is_in_transit(uuid) from public;

grant execute on function tenancy.is_in_transit(uuid) to app_tenant, app_tenant_admin, app_all;

comment on function tenancy.is_in_transit(uuid) is 'Whether the rows of a tenant are being imported or deleted, when triggers must neither count nor log.';

grant insert on ops.audit_log to app_definer;

create function ops.audit_row() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  subject record := coalesce(new, old);
  person uuid := app.current_user_id();
  changed text[];
begin
  if tenancy.is_in_transit(subject.tenant_id) then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    changed := array(
      select n.key from jsonb_each(to_jsonb(new)) as n
      where n.key <> 'updated_at' and n.value is distinct from to_jsonb(old) -> n.key order by n.key
    );
    if cardinality(changed) = 0 then
      return null;
    end if;
  end if;
  insert into ops.audit_log (tenant_id, actor_id, actor_type, action, subject, details) values (
    subject.tenant_id, person, case when person is null then 'system' else 'user' end,
    tg_argv[0] || '.' || lower(tg_op),
    tg_table_schema || '.' || tg_table_name || ':' || subject.id,
    case when changed is null then '{}' else jsonb_build_object('changed', changed) end
  );
  return null;
end
$body$;

revoke execute on function ops.audit_row() from public;

grant execute on function ops.audit_row() to app_owner;

comment on function ops.audit_row() is 'Notes in the audit log that a row was added, changed or removed; a trigger, told what to call the row.';

grant create on schema ops to app_definer;

alter function ops.audit_row() owner to app_definer;

revoke create on schema ops from app_definer;

create function ops.drop_expired_partition(at timestamp with time zone default now()) returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '100ms'
as $body$
declare
  expired record;
begin
  perform pg_advisory_xact_lock(hashtextextended('ops.ensure_partitions', 0));
  select s.parent, i.inhrelid::regclass::text as partition into expired
  from ops.partition_sets as s
  join pg_inherits as i on i.inhparent = to_regclass(s.parent)
  join pg_class as c on c.oid = i.inhrelid
  cross join lateral (
    select substring(pg_get_expr(c.relpartbound, c.oid) from $$TO \('([^']+)'\)$$)::timestamp with time zone as upper
  ) as bound
  where bound.upper <= at - s.retention
  order by bound.upper, s.parent limit 1;
  if not found then
    return null;
  end if;
  execute format('lock table %s in access exclusive mode', expired.parent);
  execute format('drop table %s', expired.partition);
  return expired.partition;
end
$body$;

revoke execute on function ops.drop_expired_partition(timestamp with time zone) from public;

grant execute on function ops.drop_expired_partition(timestamp with time zone) to app_maint, app_owner;

comment on function ops.drop_expired_partition(timestamp with time zone) is 'Drops the oldest partition whose rows are past the retention of its table, and returns its name; or null.';

UPDATE app.alembic_version SET version_num='core_0008' WHERE app.alembic_version.version_num = 'core_0007';

COMMIT;

