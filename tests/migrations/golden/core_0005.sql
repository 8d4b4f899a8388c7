set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade core_0004 -> core_0005

create table ops.partition_sets (
  parent text not null,
  partition_column text not null,
  period text default 'month' not null,
  ahead integer default 3 not null,
  retention interval,
  append_only boolean default false not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_partition_sets primary key (parent),
  constraint ck_partition_sets_parent check (parent ~ '^[a-z_][a-z0-9_]*[.][a-z_][a-z0-9_]{0,49}$'),
  constraint ck_partition_sets_partition_column check (partition_column ~ '^[a-z_][a-z0-9_]{0,62}$'),
  constraint ck_partition_sets_period check (period in ('day', 'week', 'month')),
  constraint ck_partition_sets_ahead check (ahead between 1 and 60),
  constraint ck_partition_sets_retention check (retention >= interval '1 day')
);

comment on table ops.partition_sets is 'The tables whose partitions are made ahead and dropped in time.';

comment on column ops.partition_sets.parent is 'The partitioned table, with its schema.';

comment on column ops.partition_sets.partition_column is 'The column that rows are put into partitions by; a time.';

comment on column ops.partition_sets.period is 'How much time a partition holds: day, week (from Monday) or month; in UTC.';

comment on column ops.partition_sets.ahead is 'How many partitions are kept ready beyond the current one.';

comment on column ops.partition_sets.retention is 'How long rows are kept after the end of their partition; for ever where empty.';

comment on column ops.partition_sets.append_only is 'Whether each partition refuses TRUNCATE; UPDATE and DELETE are refused by its parent.';

comment on column ops.partition_sets.created_at is 'When the row was made.';

comment on index ops.pk_partition_sets is 'The set of a table.';

alter table ops.partition_sets enable row level security;

alter table ops.partition_sets force row level security;

create policy all_rows on ops.partition_sets to app_all using (true) with check (true);

grant select, update (ahead, retention) on ops.partition_sets to app_admin;

grant select on ops.partition_sets to app_maint, app_backup;

create function ops.refuse_change() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception '% on %.%, whose rows are added and never changed', lower(tg_op), tg_table_schema, tg_table_name using
    errcode = 'AO001',
    hint = 'write another row that says what is different; old rows go when maintenance drops their partition';
end
$body$;

revoke execute on function ops.refuse_change() from public;

grant execute on function ops.refuse_change() to app_owner;

comment on function ops.refuse_change() is 'Refuses to change or remove rows; for triggers.';

create function ops.make_partition(
  parent regclass, partition text, partition_column text, append_only boolean,
  lower_bound timestamp with time zone, upper_bound timestamp with time zone
) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $body$
declare
  rest oid := (select partdefid from pg_partitioned_table where partrelid = parent);
  is_misplaced boolean := false;
  columns text;
begin
  execute format(
    'create table %s (like %s including defaults including constraints including generated including storage)',
    partition, parent
  );
  execute format(
    'comment on table %s is %L', partition,
    format('Rows of %s from %s until before %s.', parent, lower_bound::date, upper_bound::date)
  );
  if append_only then
    execute format(
      'create trigger refuse_truncate before truncate on %s for each statement execute function ops.refuse_change()',
      partition
    );
  end if;
  if rest <> 0 then
    -- so that no row comes in between this look and the attachment, which locks it as strongly
    execute format('lock table %s in access exclusive mode', rest::regclass);
    execute format(
      'select exists (select from %1$s where tableoid = %2$s and %3$I >= $1 and %3$I < $2)', parent, rest,
      partition_column
    ) into is_misplaced using lower_bound, upper_bound;
  end if;
  if is_misplaced then
    select string_agg(quote_ident(attname), ', ' order by attnum) into columns from pg_attribute
    where attrelid = parent and attnum > 0 and not attisdropped and attgenerated = '';
    -- detached, it has no trigger of the parent's; without FORCE its owner sees its rows
    execute format('alter table %s detach partition %s', parent, rest::regclass);
    execute format('alter table %s no force row level security', rest::regclass);
    execute format(
      'with moved as (delete from %1$s where %2$I >= $1 and %2$I < $2 returning %3$s) '
      'insert into %4$s (%3$s) select %3$s from moved', rest::regclass, partition_column, columns, partition
    ) using lower_bound, upper_bound;
    execute format('alter table %s force row level security', rest::regclass);
  end if;
  execute format('alter table %s enable row level security', partition);
  execute format('alter table %s force row level security', partition);
  execute format(
    'alter table %s attach partition %s for values from (%L) to (%L)', parent, partition, lower_bound, upper_bound
  );
  if is_misplaced then
    execute format('alter table %s attach partition %s default', parent, rest::regclass);
    raise notice 'rows of % were in its default partition and are in % now', parent, partition;
  end if;
end
$body$;

revoke execute on function ops.make_partition(regclass, text, text, boolean, timestamp with time zone, timestamp with time zone) from public;

grant execute on function ops.make_partition(regclass, text, text, boolean, timestamp with time zone, timestamp with time zone) to app_owner;

comment on function ops.make_partition(regclass, text, text, boolean, timestamp with time zone, timestamp with time zone) is 'Makes one partition; rows of its time come along.';

create function ops.ensure_partitions(at timestamp with time zone default now()) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set lock_timeout = '2s'
as $body$
declare
  wanted record;
  made integer := 0;
begin
  perform pg_advisory_xact_lock(hashtextextended('ops.ensure_partitions', 0));
  for wanted in
    select s.parent, s.partition_column, s.append_only, start as lower_bound, start + step as upper_bound,
      s.parent || case s.period
        when 'month' then to_char(start, '"_y"YYYY"m"MM')
        when 'week' then to_char(start, '"_y"IYYY"w"IW')
        else to_char(start, '"_y"YYYY"m"MM"d"DD')
      end as partition
    from ops.partition_sets as s
    cross join lateral (select ('1 ' || s.period)::interval as step, date_trunc(s.period, at) as first) as p
    cross join lateral generate_series(first, first + s.ahead * step, step) as start
    order by s.parent, start
  loop
    if to_regclass(wanted.partition) is null then
      perform ops.make_partition(
        wanted.parent::regclass, wanted.partition, wanted.partition_column, wanted.append_only, wanted.lower_bound,
        wanted.upper_bound
      );
      made := made + 1;
    elsif not exists (
      select from pg_inherits
      where inhrelid = to_regclass(wanted.partition) and inhparent = to_regclass(wanted.parent)
    ) then
      raise exception '% exists and is no partition of %', wanted.partition, wanted.parent using
        errcode = 'duplicate_table', hint = 'rename it, or attach it as that partition';
    end if;
  end loop;
  return made;
end
$body$;

revoke execute on function ops.ensure_partitions(timestamp with time zone) from public;

grant execute on function ops.ensure_partitions(timestamp with time zone) to app_maint, app_owner;

comment on function ops.ensure_partitions(timestamp with time zone) is 'Makes the missing partitions of every registered table, for that time and ahead of it; returns how many.';

UPDATE app.alembic_version SET version_num='core_0005' WHERE app.alembic_version.version_num = 'core_0004';

COMMIT;

