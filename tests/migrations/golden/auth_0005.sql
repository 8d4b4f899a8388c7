set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade auth_0004 -> auth_0005

create table auth.login_attempts (
  id uuid default app.uuid7() not null,
  attempted_at timestamp with time zone default clock_timestamp() not null,
  email_digest bytea,
  user_id uuid,
  ip inet,
  ip_bucket inet generated always as (auth.ip_bucket(ip)) stored,
  device_id uuid,
  success boolean not null,
  reason text not null,
  constraint pk_login_attempts primary key (attempted_at, id),
  constraint ck_login_attempts_email_digest check (octet_length(email_digest) = 32),
  constraint ck_login_attempts_reason check (
    reason in (
      'ok', 'invalid_password', 'unknown_user', 'rate_limited', 'locked', 'mfa_failed', 'suspended', 'unverified'
    )
  ),
  constraint ck_login_attempts_success check (success = (reason = 'ok'))
) partition by range (attempted_at);

comment on table auth.login_attempts is 'Who tried to log in, for 90 days; what limits is in auth.rate_buckets.';

comment on column auth.login_attempts.id is 'UUIDv7: unique, and in the order of creation.';

comment on column auth.login_attempts.attempted_at is 'When it was.';

comment on column auth.login_attempts.email_digest is 'Keyed digest of the address that was typed, see auth.email_digest; empty where none was.';

comment on column auth.login_attempts.user_id is 'The person with that address, or empty; no foreign key, as rows outlive people until they are too old.';

comment on column auth.login_attempts.ip is 'Where it came from.';

comment on column auth.login_attempts.ip_bucket is 'The network that counts as one address.';

comment on column auth.login_attempts.device_id is 'The known device it came from; no foreign key, as for the person.';

comment on column auth.login_attempts.success is 'Whether the person was let in.';

comment on column auth.login_attempts.reason is 'ok, or why not.';

comment on index auth.pk_login_attempts is 'An attempt by its time and id.';

create index ix_login_attempts_email_digest_attempted_at on auth.login_attempts (email_digest, attempted_at desc);

comment on index auth.ix_login_attempts_email_digest_attempted_at is 'The newest attempts for an address.';

create index ix_login_attempts_ip_bucket_attempted_at on auth.login_attempts (ip_bucket, attempted_at desc);

comment on index auth.ix_login_attempts_ip_bucket_attempted_at is 'The newest attempts from a network.';

alter table auth.login_attempts enable row level security;

alter table auth.login_attempts force row level security;

create policy all_rows on auth.login_attempts to app_all using (true) with check (true);

create policy auth_rows on auth.login_attempts to app_auth, auth_service using (true) with check (true);

grant select, insert on auth.login_attempts to app_auth, auth_service;

grant select on auth.login_attempts to app_admin, app_maint, app_backup;

create table auth.login_attempts_default partition of auth.login_attempts default;

comment on table auth.login_attempts_default is 'Rows of auth.login_attempts that no other partition is there for; should be empty.';

alter table auth.login_attempts_default enable row level security;

alter table auth.login_attempts_default force row level security;

insert into ops.partition_sets (parent, partition_column, period, ahead, retention, append_only) values ('auth.login_attempts', 'attempted_at', 'month', 3, '90 days', false);

select ops.ensure_partitions();

create function auth.limit_take(scope text, key bytea) returns interval
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
declare
  named record;
begin
  select r.max_hits, r.period into strict named from auth.rate_limits as r where r.scope = $1;
  return auth.rate_take($1, $2, named.max_hits, named.period);
end
$body$;

revoke execute on function auth.limit_take(text, bytea) from public;

grant execute on function auth.limit_take(text, bytea) to app_auth, auth_service;

comment on function auth.limit_take(text, bytea) is 'Takes one hit of a limit of auth.rate_limits: null where it was free, otherwise how long to wait.';

create function auth.limit_wait(scope text, key bytea) returns interval
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $body$
declare
  named record;
begin
  select r.max_hits, r.period into strict named from auth.rate_limits as r where r.scope = $1;
  return auth.rate_wait($1, $2, named.max_hits, named.period);
end
$body$;

revoke execute on function auth.limit_wait(text, bytea) from public;

grant execute on function auth.limit_wait(text, bytea) to app_auth, auth_service;

comment on function auth.limit_wait(text, bytea) is 'How long until a limit of auth.rate_limits would let the next hit through, or null for now.';

create function auth.attempt_subject(email text, device_cookie_hash bytea, out user_id uuid, out device_id uuid)
language sql stable
set search_path = pg_catalog, pg_temp
as $body$
  select u.id, d.id
  from auth.users as u
  left join auth.devices as d on d.user_id = u.id and d.cookie_hash = $2 and d.revoked_at is null
  where u.email_key = auth.email_key($1) and u.deleted_at is null
$body$;

revoke execute on function auth.attempt_subject(text, bytea) from public;

grant execute on function auth.attempt_subject(text, bytea) to app_auth, auth_service;

comment on function auth.attempt_subject(text, bytea) is 'The living person with an address, and his device if the cookie is that of one of his.';

create function auth.login_attempt_begin(
  email text, ip inet, device_cookie_hash bytea default null,
  out allowed boolean, out retry_after interval, out reason text, out attempt_id uuid
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
declare
  digest bytea := auth.email_digest($1);
  subject record;
  account record;
begin
  if digest is null and $2 is null then
    raise exception 'an attempt to log in has neither an address nor a network, so nothing would limit it' using
      errcode = 'invalid_parameter_value', hint = 'give the e-mail address that was typed, or the IP address';
  end if;
  allowed := false;
  if $2 is not null then
    retry_after := auth.limit_take('login_ip', inet_send(auth.ip_bucket($2)));
    if retry_after is not null then
      reason := 'rate_limited';
      return;
    end if;
  end if;
  if digest is not null then
    select s.user_id, s.device_id into subject from auth.attempt_subject($1, $3) as s;
    select w.is_locked, w.retry_after into account
    from auth.account_wait(subject.user_id, subject.device_id is not null) as w;
    if account.is_locked then
      reason := 'locked';
      return;
    end if;
    retry_after := account.retry_after;
    if retry_after is null and subject.device_id is not null then
      retry_after := auth.limit_take('login_device', uuid_send(subject.device_id));
    elsif retry_after is null then
      retry_after := auth.limit_take('login_email', digest);
    end if;
    if retry_after is not null then
      reason := 'rate_limited';
      return;
    end if;
  end if;
  allowed := true;
  reason := 'ok';
  attempt_id := app.uuid7();
end
$body$;

revoke execute on function auth.login_attempt_begin(text, inet, bytea) from public;

grant execute on function auth.login_attempt_begin(text, inet, bytea) to app_auth, auth_service;

comment on function auth.login_attempt_begin(text, inet, bytea) is 'Reserves an attempt to log in, before the password is looked at; commit it at once.';

create function auth.record_login_attempt(
  email text, ip inet, success boolean, reason text, device_cookie_hash bytea default null, attempt_id uuid default null
) returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
declare
  digest bytea := auth.email_digest($1);
  subject record;
  written uuid := coalesce($6, app.uuid7());
begin
  select s.user_id, s.device_id into subject from auth.attempt_subject($1, $5) as s;
  insert into auth.login_attempts (id, email_digest, user_id, ip, device_id, success, reason)
  values (written, digest, subject.user_id, $2, subject.device_id, $3, $4);
  if subject.user_id is null then
    return written;
  end if;
  if $3 then
    delete from auth.rate_buckets as b
    where (b.scope = 'login_email' and b.key = digest)
      or (b.scope = 'login_device' and b.key = uuid_send(subject.device_id));
    update auth.account_throttle as t set consecutive_failures = 0, next_attempt_at = null
    where t.user_id = subject.user_id and t.consecutive_failures > 0;
    insert into auth.user_activity as a (user_id, last_login_at, last_login_ip, last_seen_at)
    values (subject.user_id, now(), $2, now())
    on conflict on constraint pk_user_activity do update
    set last_login_at = excluded.last_login_at, last_login_ip = excluded.last_login_ip,
      last_seen_at = excluded.last_seen_at;
  elsif $4 in ('invalid_password', 'mfa_failed') then
    perform auth.account_failed(subject.user_id);
  end if;
  return written;
end
$body$;

revoke execute on function auth.record_login_attempt(text, inet, boolean, text, bytea, uuid) from public;

grant execute on function auth.record_login_attempt(text, inet, boolean, text, bytea, uuid) to app_auth, auth_service;

comment on function auth.record_login_attempt(text, inet, boolean, text, bytea, uuid) is 'Writes down what came of an attempt; a success frees the account, a failure makes it wait. Returns the id.';

create function auth.is_rate_limited(email text, ip inet) returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $body$
declare
  digest bytea := auth.email_digest($1);
begin
  if digest is null and $2 is null then
    return true;
  end if;
  if $2 is not null and auth.limit_wait('login_ip', inet_send(auth.ip_bucket($2))) is not null then
    return true;
  end if;
  if digest is null then
    return false;
  end if;
  return auth.limit_wait('login_email', digest) is not null or exists (
    select from auth.attempt_subject($1, null) as s, auth.account_wait(s.user_id, false) as w
    where w.is_locked or w.retry_after is not null
  );
end
$body$;

revoke execute on function auth.is_rate_limited(text, inet) from public;

grant execute on function auth.is_rate_limited(text, inet) to app_auth, auth_service;

comment on function auth.is_rate_limited(text, inet) is 'Whether an attempt would be refused now; a hint, as only auth.login_attempt_begin takes part in the limit.';

UPDATE app.alembic_version SET version_num='auth_0005' WHERE app.alembic_version.version_num = 'auth_0004';

COMMIT;

