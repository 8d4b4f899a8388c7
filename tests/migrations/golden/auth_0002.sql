set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade auth_0001 -> auth_0002

create table auth.rate_limits (
  scope text not null,
  max_hits integer not null,
  period interval not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_rate_limits primary key (scope),
  constraint ck_rate_limits_scope check (scope ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint ck_rate_limits_max_hits check (max_hits between 1 and 1000),
  constraint ck_rate_limits_period check (period between interval '1 second' and interval '31 days')
);

comment on table auth.rate_limits is 'How often something may be tried.';

comment on column auth.rate_limits.scope is 'What is limited, e.g. login_email.';

comment on column auth.rate_limits.max_hits is 'How often within the period.';

comment on column auth.rate_limits.period is 'The period, which slides.';

comment on column auth.rate_limits.updated_at is 'When the row was last changed.';

comment on index auth.pk_rate_limits is 'The limit of a scope.';

alter table auth.rate_limits enable row level security;

alter table auth.rate_limits force row level security;

create policy all_rows on auth.rate_limits to app_all using (true) with check (true);

create policy auth_rows on auth.rate_limits to app_auth, auth_service using (true) with check (true);

grant select on auth.rate_limits to app_auth, auth_service, app_maint, app_backup;

grant select, update (max_hits, period, updated_at) on auth.rate_limits to app_admin;

insert into auth.rate_limits (scope, max_hits, period) values
  ('login_email', 5, interval '15 minutes'),
  ('login_device', 10, interval '15 minutes'),
  ('login_ip', 100, interval '15 minutes');

create table auth.rate_buckets (
  scope text collate "C" not null,
  key bytea not null,
  hits timestamp with time zone[] not null,
  expires_at timestamp with time zone not null,
  constraint pk_rate_buckets primary key (scope, key),
  constraint ck_rate_buckets_scope check (scope ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint ck_rate_buckets_key check (octet_length(key) between 1 and 64),
  constraint ck_rate_buckets_hits check (cardinality(hits) between 1 and 1000)
) with (fillfactor = 70);

comment on table auth.rate_buckets is 'What counts towards limits, a row for each key.';

comment on column auth.rate_buckets.scope is 'What is limited, e.g. login_email.';

comment on column auth.rate_buckets.key is 'Whom it is limited for: a digest, an id or a network, as bytes.';

comment on column auth.rate_buckets.hits is 'The times of the last hits, no more than the limit.';

comment on column auth.rate_buckets.expires_at is 'When the last hit stops counting, and the row may go.';

comment on index auth.pk_rate_buckets is 'The bucket of a key; clean-up goes through it in ranges.';

alter table auth.rate_buckets enable row level security;

alter table auth.rate_buckets force row level security;

create policy all_rows on auth.rate_buckets to app_all using (true) with check (true);

create policy auth_rows on auth.rate_buckets to app_auth, auth_service using (true) with check (true);

grant select, insert, update, delete on auth.rate_buckets to app_auth, auth_service;

grant select, delete on auth.rate_buckets to app_admin, app_maint;

grant select on auth.rate_buckets to app_backup;

create table auth.account_throttle (
  user_id uuid not null,
  consecutive_failures integer default 0 not null,
  next_attempt_at timestamp with time zone,
  last_failure_at timestamp with time zone,
  constraint pk_account_throttle primary key (user_id),
  constraint fk_account_throttle_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint ck_account_throttle_consecutive_failures check (consecutive_failures >= 0)
) with (fillfactor = 70);

comment on table auth.account_throttle is 'Failed logins of a person since the last good one.';

comment on column auth.account_throttle.user_id is 'The person.';

comment on column auth.account_throttle.consecutive_failures is 'Failed logins since the last one that succeeded.';

comment on column auth.account_throttle.next_attempt_at is 'Until when further attempts are refused.';

comment on column auth.account_throttle.last_failure_at is 'When the last one failed.';

comment on index auth.pk_account_throttle is 'The backoff of a person.';

alter table auth.account_throttle enable row level security;

alter table auth.account_throttle force row level security;

create policy all_rows on auth.account_throttle to app_all using (true) with check (true);

create policy own_rows on auth.account_throttle to app_tenant, app_tenant_admin using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.account_throttle to app_auth, auth_service using (true) with check (true);

grant select, insert, update, delete on auth.account_throttle to app_auth, auth_service;

grant select on auth.account_throttle to app_admin, app_maint, app_backup;

create function auth.ip_bucket(ip inet) returns inet
language sql immutable strict parallel safe
return case
  when family(ip) = 4 then set_masklen(ip, 32)
  when ip <<= inet '::ffff:0:0/96' then inet '0.0.0.0' + (set_masklen(ip, 128) - inet '::ffff:0:0')
  else network(set_masklen(ip, 64))::inet
end;

revoke execute on function auth.ip_bucket(inet) from public;

grant execute on function auth.ip_bucket(inet) to app_tenant, app_tenant_admin, app_all;

comment on function auth.ip_bucket(inet) is 'The network that counts as one address: IPv4 /32, IPv6 /64.';

create function auth.rate_wait(scope text, key bytea, max_hits integer, period interval) returns interval
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $body$
declare
  oldest timestamp with time zone := (
    select b.hits[cardinality(b.hits) - $3 + 1] from auth.rate_buckets as b where b.scope = $1 and b.key = $2
  );
begin
  if oldest > clock_timestamp() - $4 then
    return oldest + $4 - clock_timestamp();
  end if;
  return null;
end
$body$;

revoke execute on function auth.rate_wait(text, bytea, integer, interval) from public;

grant execute on function auth.rate_wait(text, bytea, integer, interval) to app_auth, auth_service;

comment on function auth.rate_wait(text, bytea, integer, interval) is 'How long until the next hit would be let through, or null for now.';

create function auth.rate_take(scope text, key bytea, max_hits integer, period interval) returns interval
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
declare
  wait interval;
begin
  if $1 is null or $2 is null or $3 is null or $3 not between 1 and 1000 or $4 is null or $4 <= interval '0' then
    raise exception 'a limit needs a scope, a key, 1 to 1000 hits and a period: got %, %, % and %', $1, $2, $3, $4 using
      errcode = 'invalid_parameter_value',
      hint = 'leave out the limit where there is no key: a key that is missing would be shared by all';
  end if;
  wait := auth.rate_wait($1, $2, $3, $4);
  if wait is not null then
    return wait;
  end if;
  insert into auth.rate_buckets as b (scope, key, hits, expires_at)
  values ($1, $2, array[clock_timestamp()], clock_timestamp() + $4)
  on conflict on constraint pk_rate_buckets do update set
    hits = case
      when cardinality(b.hits) < $3 then b.hits
      else b.hits[cardinality(b.hits) - $3 + 2:]
    end || clock_timestamp(),
    expires_at = clock_timestamp() + $4
  where cardinality(b.hits) < $3 or b.hits[cardinality(b.hits) - $3 + 1] <= clock_timestamp() - $4;
  if found then
    return null;
  end if;
  return $4;
end
$body$;

revoke execute on function auth.rate_take(text, bytea, integer, interval) from public;

grant execute on function auth.rate_take(text, bytea, integer, interval) to app_auth, auth_service;

comment on function auth.rate_take(text, bytea, integer, interval) is 'Takes one hit: null where it was free, otherwise how long to wait.';

create function auth.account_failed(user_id uuid) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
declare
  failures integer;
begin
  insert into auth.account_throttle as t (user_id, consecutive_failures, last_failure_at)
  values ($1, 1, clock_timestamp())
  on conflict on constraint pk_account_throttle do update set
    consecutive_failures = t.consecutive_failures + 1,
    last_failure_at = clock_timestamp(),
    next_attempt_at = case when t.consecutive_failures >= 5 then
      clock_timestamp()
      + least(interval '15 minutes', interval '1 second' * power(2, least(t.consecutive_failures - 4, 10)))
    end
  returning t.consecutive_failures into failures;
  return failures;
end
$body$;

revoke execute on function auth.account_failed(uuid) from public;

grant execute on function auth.account_failed(uuid) to app_auth, auth_service;

comment on function auth.account_failed(uuid) is 'Counts a failed login of a person; returns how many in a row.';

create function auth.account_wait(
  user_id uuid, on_known_device boolean, out is_locked boolean, out retry_after interval
)
language sql stable
set search_path = pg_catalog, pg_temp
as $body$
  select t.consecutive_failures >= 100,
    case when t.consecutive_failures < 100 and free.at > clock_timestamp() then free.at - clock_timestamp() end
  from auth.account_throttle as t
  cross join lateral (
    select case when $2 then least(t.next_attempt_at, t.last_failure_at + interval '30 seconds')
      else t.next_attempt_at end as at
  ) as free
  where t.user_id = $1
$body$;

revoke execute on function auth.account_wait(uuid, boolean) from public;

grant execute on function auth.account_wait(uuid, boolean) to app_auth, auth_service;

comment on function auth.account_wait(uuid, boolean) is 'Whether a person has to prove himself by mail, or how long he has to wait.';

UPDATE app.alembic_version SET version_num='auth_0002' WHERE app.alembic_version.version_num = 'auth_0001';

COMMIT;

