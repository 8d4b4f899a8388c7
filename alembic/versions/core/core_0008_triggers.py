"""What triggers of any service use, and partitions that go when their time is over.

Why: a service's trigger that counts or logs must not do so while the rows of a tenant are moved as a whole: what an
export holds would be counted twice, and what is being deleted would leave new entries behind it. So there is one place
that says whether a tenant is in transit. `ops.audit_row` acts as app_definer, who may write to the log; it notes which
columns have changed and never what is in them. `ops.drop_expired_partition` drops one partition at a time, so that
whoever writes waits for one drop at most, and gives up after 100 ms: while it waits behind a long reader, every writer
waits behind it. A concurrent DETACH would wait without a lock, but is refused where there is a default partition, and
can't be called by a role that does not own the table.

Locks: none here. `ops.drop_expired_partition` takes ACCESS EXCLUSIVE on the parent, its default partition, the one that
goes and the tables that its foreign keys refer to, for as long as a DROP TABLE takes; it waits 100 ms for each at most.

Safe with the previous release? Yes.

Undo: drops the functions; triggers that use them go first, with the services that made them.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "core_0008"
down_revision = "core_0007"
branch_labels = None
depends_on = None

TOUCH = """
create function app.touch_updated_at() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  new.updated_at := now();
  return new;
end
$body$
"""

IS_IN_TRANSIT = """
create function tenancy.is_in_transit(tenant uuid) returns boolean
language sql stable parallel safe
return exists (select from tenancy.tenants as t where t.id = tenant and t.status in ('importing', 'deleting'))
"""

AUDIT = """
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
$body$
"""

DROP_EXPIRED = r"""
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
$body$
"""

DROP_SIGNATURE = "ops.drop_expired_partition(timestamp with time zone)"


def upgrade() -> None:
    ddl.execute(TOUCH)
    ddl.close_function("app.touch_updated_at()", ["app_owner"], "Sets updated_at to the transaction's time; a trigger.")
    ddl.execute(IS_IN_TRANSIT)
    ddl.close_function(
        "tenancy.is_in_transit(uuid)",
        ddl.EVERYONE,
        "Whether the rows of a tenant are being imported or deleted, when triggers must neither count nor log.",
    )
    ddl.grant("insert", "ops.audit_log", ["app_definer"])
    ddl.execute(AUDIT)
    ddl.close_function(
        "ops.audit_row()",
        ["app_owner"],
        "Notes in the audit log that a row was added, changed or removed; a trigger, told what to call the row.",
    )
    ddl.give_to_definer("ops.audit_row()", "ops")
    ddl.execute(DROP_EXPIRED)
    ddl.close_function(
        DROP_SIGNATURE,
        ["app_maint", "app_owner"],
        "Drops the oldest partition whose rows are past the retention of its table, and returns its name; or null.",
    )


def downgrade() -> None:
    ddl.execute(f"drop function {DROP_SIGNATURE}")
    ddl.execute("drop function ops.audit_row()")
    ddl.execute(f"revoke insert on ops.audit_log from {ddl.role('app_definer')}")
    ddl.execute("drop function tenancy.is_in_transit(uuid)")
    ddl.execute("drop function app.touch_updated_at()")
