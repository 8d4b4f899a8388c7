CREATE SCHEMA app;

ALTER SCHEMA app OWNER TO app_owner;

COMMENT ON SCHEMA app IS 'Context functions and the version table.';

CREATE SCHEMA auth;

ALTER SCHEMA auth OWNER TO app_owner;

COMMENT ON SCHEMA auth IS 'People, and how they prove who they are.';

CREATE SCHEMA auth_private;

ALTER SCHEMA auth_private OWNER TO app_secrets;

COMMENT ON SCHEMA auth_private IS 'What app_secrets alone can read, but for backups.';

CREATE SCHEMA billing;

ALTER SCHEMA billing OWNER TO app_owner;

COMMENT ON SCHEMA billing IS 'Money that a tenant''s customers pay.';

CREATE SCHEMA catalog;

ALTER SCHEMA catalog OWNER TO app_owner;

COMMENT ON SCHEMA catalog IS 'What tenants buy, sell or estimate with.';

CREATE SCHEMA extensions;

ALTER SCHEMA extensions OWNER TO app_owner;

COMMENT ON SCHEMA extensions IS 'Extensions that the schema uses.';

CREATE SCHEMA learning;

ALTER SCHEMA learning OWNER TO app_owner;

COMMENT ON SCHEMA learning IS 'Courses, what they are made of, and what people have learnt.';

CREATE SCHEMA ops;

ALTER SCHEMA ops OWNER TO app_owner;

COMMENT ON SCHEMA ops IS 'What happened, within tenants and beyond.';

CREATE SCHEMA profile;

ALTER SCHEMA profile OWNER TO app_owner;

COMMENT ON SCHEMA profile IS 'People as a tenant knows them.';

CREATE SCHEMA tenancy;

ALTER SCHEMA tenancy OWNER TO app_owner;

COMMENT ON SCHEMA tenancy IS 'Tenants, and who belongs to them.';

CREATE FUNCTION app.current_tenant_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid;

ALTER FUNCTION app.current_tenant_id() OWNER TO app_owner;

COMMENT ON FUNCTION app.current_tenant_id() IS 'The tenant that the transaction is bound to, or null.';

CREATE FUNCTION app.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid;

ALTER FUNCTION app.current_user_id() OWNER TO app_owner;

COMMENT ON FUNCTION app.current_user_id() IS 'The person that the transaction is bound to, or null.';

CREATE FUNCTION app.set_current_tenant_id(tenant_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format('set local app.current_tenant_id = %L', coalesce(tenant_id::text, ''));
end
$$;

ALTER FUNCTION app.set_current_tenant_id(tenant_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION app.set_current_tenant_id(tenant_id uuid) IS 'Binds the transaction to a tenant, or to none with null.';

CREATE FUNCTION app.set_current_user_id(user_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format('set local app.current_user_id = %L', coalesce(user_id::text, ''));
end
$$;

ALTER FUNCTION app.set_current_user_id(user_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION app.set_current_user_id(user_id uuid) IS 'Binds the transaction to a person, or to none with null.';

CREATE FUNCTION app.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  new.updated_at := now();
  return new;
end
$$;

ALTER FUNCTION app.touch_updated_at() OWNER TO app_owner;

COMMENT ON FUNCTION app.touch_updated_at() IS 'Sets updated_at to the transaction''s time; a trigger.';

CREATE FUNCTION app.uuid7() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    RETURN uuidv7();

ALTER FUNCTION app.uuid7() OWNER TO app_owner;

COMMENT ON FUNCTION app.uuid7() IS 'A new UUIDv7 (RFC 9562): unique, in the order of creation.';

CREATE FUNCTION auth.account_failed(user_id uuid) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION auth.account_failed(user_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION auth.account_failed(user_id uuid) IS 'Counts a failed login of a person; returns how many in a row.';

CREATE FUNCTION auth.account_wait(user_id uuid, on_known_device boolean, OUT is_locked boolean, OUT retry_after interval) RETURNS record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select t.consecutive_failures >= 100,
    case when t.consecutive_failures < 100 and free.at > clock_timestamp() then free.at - clock_timestamp() end
  from auth.account_throttle as t
  cross join lateral (
    select case when $2 then least(t.next_attempt_at, t.last_failure_at + interval '30 seconds')
      else t.next_attempt_at end as at
  ) as free
  where t.user_id = $1
$_$;

ALTER FUNCTION auth.account_wait(user_id uuid, on_known_device boolean, OUT is_locked boolean, OUT retry_after interval) OWNER TO app_owner;

COMMENT ON FUNCTION auth.account_wait(user_id uuid, on_known_device boolean, OUT is_locked boolean, OUT retry_after interval) IS 'Whether a person has to prove himself by mail, or how long he has to wait.';

CREATE FUNCTION auth.api_key_check(tenant_id uuid, key_id uuid, key_hash bytea) RETURNS TABLE(user_id uuid, scopes text[], last_used_at timestamp with time zone)
    LANGUAGE sql STABLE ROWS 1
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select k.user_id, k.scopes, k.last_used_at
  from auth.api_keys as k
  left join auth.users as u on u.id = k.user_id
  where k.tenant_id = $1 and k.id = $2
    and sha256(k.key_hash) = sha256($3)
    and k.revoked_at is null
    and (k.expires_at is null or now() < k.expires_at)
    and (k.user_id is null or u.status = 'active')
$_$;

ALTER FUNCTION auth.api_key_check(tenant_id uuid, key_id uuid, key_hash bytea) OWNER TO app_owner;

COMMENT ON FUNCTION auth.api_key_check(tenant_id uuid, key_id uuid, key_hash bytea) IS 'Whose key it is and what for, if it is good now; otherwise no row.';

CREATE FUNCTION auth.attempt_subject(email text, device_cookie_hash bytea, OUT user_id uuid, OUT device_id uuid) RETURNS record
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select u.id, d.id
  from auth.users as u
  left join auth.devices as d on d.user_id = u.id and d.cookie_hash = $2 and d.revoked_at is null
  where u.email_key = auth.email_key($1) and u.deleted_at is null
$_$;

ALTER FUNCTION auth.attempt_subject(email text, device_cookie_hash bytea, OUT user_id uuid, OUT device_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION auth.attempt_subject(email text, device_cookie_hash bytea, OUT user_id uuid, OUT device_id uuid) IS 'The living person with an address, and his device if the cookie is that of one of his.';

CREATE FUNCTION auth.email_digest(email text) RETURNS bytea
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  key text := auth.email_key($1);
begin
  if key is null then
    return null;
  end if;
  return (
    select auth_private.hmac_sha256(k.secret, convert_to(key, 'UTF8'))
    from auth_private.digest_keys as k where k.purpose = 'email'
  );
end
$_$;

ALTER FUNCTION auth.email_digest(email text) OWNER TO app_secrets;

COMMENT ON FUNCTION auth.email_digest(email text) IS 'What attempts are kept by: HMAC-SHA-256 of the address; null where it is empty.';

CREATE FUNCTION auth.email_key(email text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN NULLIF(lower((btrim(email) COLLATE "C")), ''::text);

ALTER FUNCTION auth.email_key(email text) OWNER TO app_owner;

COMMENT ON FUNCTION auth.email_key(email text) IS 'What an address is compared by; null where it is empty.';

CREATE FUNCTION auth.factor_failed(factor_id uuid) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  failures integer;
begin
  update auth.mfa_factors as f
  set consecutive_failures = least(f.consecutive_failures + 1, 32767),
    locked_until = case when f.consecutive_failures >= 9 then clock_timestamp() + interval '15 minutes' end
  where f.id = $1
  returning f.consecutive_failures into failures;
  return failures;
end
$_$;

ALTER FUNCTION auth.factor_failed(factor_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION auth.factor_failed(factor_id uuid) IS 'Counts a wrong code of a factor, and locks it at the tenth in a row; returns how many.';

CREATE FUNCTION auth.ip_bucket(ip inet) RETURNS inet
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN CASE WHEN (family(ip) = 4) THEN set_masklen(ip, 32) WHEN (ip <<= '::ffff:0.0.0.0/96'::inet) THEN ('0.0.0.0'::inet + (set_masklen(ip, 128) - '::ffff:0.0.0.0'::inet)) ELSE (network(set_masklen(ip, 64)))::inet END;

ALTER FUNCTION auth.ip_bucket(ip inet) OWNER TO app_owner;

COMMENT ON FUNCTION auth.ip_bucket(ip inet) IS 'The network that counts as one address: IPv4 /32, IPv6 /64.';

CREATE FUNCTION auth.is_rate_limited(email text, ip inet) RETURNS boolean
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION auth.is_rate_limited(email text, ip inet) OWNER TO app_owner;

COMMENT ON FUNCTION auth.is_rate_limited(email text, ip inet) IS 'Whether an attempt would be refused now; a hint, as only auth.login_attempt_begin takes part in the limit.';

CREATE FUNCTION auth.keep_epoch() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception 'the epoch of a person can only grow: % is less than %', new.auth_epoch, old.auth_epoch using
    errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, column = 'auth_epoch',
    constraint = 'keep_epoch', hint = 'sessions that were ended would be good again; let people log in anew';
end
$$;

ALTER FUNCTION auth.keep_epoch() OWNER TO app_owner;

COMMENT ON FUNCTION auth.keep_epoch() IS 'Refuses to lower a person''s epoch; for a trigger.';

CREATE FUNCTION auth.limit_take(scope text, key bytea) RETURNS interval
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  named record;
begin
  select r.max_hits, r.period into strict named from auth.rate_limits as r where r.scope = $1;
  return auth.rate_take($1, $2, named.max_hits, named.period);
end
$_$;

ALTER FUNCTION auth.limit_take(scope text, key bytea) OWNER TO app_owner;

COMMENT ON FUNCTION auth.limit_take(scope text, key bytea) IS 'Takes one hit of a limit of auth.rate_limits: null where it was free, otherwise how long to wait.';

CREATE FUNCTION auth.limit_wait(scope text, key bytea) RETURNS interval
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  named record;
begin
  select r.max_hits, r.period into strict named from auth.rate_limits as r where r.scope = $1;
  return auth.rate_wait($1, $2, named.max_hits, named.period);
end
$_$;

ALTER FUNCTION auth.limit_wait(scope text, key bytea) OWNER TO app_owner;

COMMENT ON FUNCTION auth.limit_wait(scope text, key bytea) IS 'How long until a limit of auth.rate_limits would let the next hit through, or null for now.';

CREATE FUNCTION auth.login_attempt_begin(email text, ip inet, device_cookie_hash bytea DEFAULT NULL::bytea, OUT allowed boolean, OUT retry_after interval, OUT reason text, OUT attempt_id uuid) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION auth.login_attempt_begin(email text, ip inet, device_cookie_hash bytea, OUT allowed boolean, OUT retry_after interval, OUT reason text, OUT attempt_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION auth.login_attempt_begin(email text, ip inet, device_cookie_hash bytea, OUT allowed boolean, OUT retry_after interval, OUT reason text, OUT attempt_id uuid) IS 'Reserves an attempt to log in, before the password is looked at; commit it at once.';

CREATE FUNCTION auth.one_time_token_use(token_hash bytea, purpose text) RETURNS TABLE(user_id uuid, email_key text, payload jsonb)
    LANGUAGE plpgsql ROWS 1
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  person record;
begin
  select u.id, u.auth_epoch, u.email_key into person
  from auth.users as u
  where u.id = (select t.user_id from auth.one_time_tokens as t where t.token_hash = $1 and t.purpose = $2)
    and u.status in ('pending', 'active')
  for share;
  return query
    update auth.one_time_tokens as t set consumed_at = now()
    where t.token_hash = $1 and t.purpose = $2 and t.user_id = person.id
      and t.consumed_at is null and t.superseded_at is null and t.expires_at > now()
      and t.auth_epoch = person.auth_epoch
      and (t.purpose = 'email_change' or t.email_key = person.email_key)
    returning t.user_id, t.email_key, t.payload;
end
$_$;

ALTER FUNCTION auth.one_time_token_use(token_hash bytea, purpose text) OWNER TO app_owner;

COMMENT ON FUNCTION auth.one_time_token_use(token_hash bytea, purpose text) IS 'Uses up a token and returns whose it was; no row where it is no good.';

CREATE FUNCTION auth.password_change(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  perform from auth.users as u where u.id = $1 and u.status in ('pending', 'active') for no key update;
  if not found then
    return false;
  end if;
  update auth_private.password_hashes as h set prefix = $3, digest = $4, pepper_id = $5, changed_at = now()
  where h.user_id = $1 and sha256(h.digest) = sha256($2);
  if not found then
    return false;
  end if;
  update auth.users as u set password_changed_at = now(), updated_at = now() where u.id = $1;
  perform auth.revoke_all_user_sessions($1, 'password_change');
  insert into ops.system_event (event, actor) values ('password.change', $1::text);
  return true;
end
$_$;

ALTER FUNCTION auth.password_change(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) OWNER TO app_secrets;

COMMENT ON FUNCTION auth.password_change(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) IS 'Sets a new password for who shows the old digest, and ends every session; false where it does not match.';

CREATE FUNCTION auth.password_create(user_id uuid, prefix text, digest bytea, pepper_id smallint DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  perform from auth.users as u where u.id = $1 and u.status = 'pending' for no key update;
  if not found then
    return false;
  end if;
  insert into auth_private.password_hashes (user_id, prefix, digest, pepper_id) values ($1, $2, $3, $4)
  on conflict on constraint pk_password_hashes do nothing;
  if not found then
    return false;
  end if;
  update auth.users as u set password_changed_at = now(), updated_at = now() where u.id = $1;
  return true;
end
$_$;

ALTER FUNCTION auth.password_create(user_id uuid, prefix text, digest bytea, pepper_id smallint) OWNER TO app_secrets;

COMMENT ON FUNCTION auth.password_create(user_id uuid, prefix text, digest bytea, pepper_id smallint) IS 'Sets the first password of a person who is pending; false where there is one, or the person is not.';

CREATE FUNCTION auth.password_matches(user_id uuid, digest bytea) RETURNS boolean
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  return exists (
    select from auth_private.password_hashes as h where h.user_id = $1 and sha256(h.digest) = sha256($2)
  );
end
$_$;

ALTER FUNCTION auth.password_matches(user_id uuid, digest bytea) OWNER TO app_secrets;

COMMENT ON FUNCTION auth.password_matches(user_id uuid, digest bytea) IS 'Whether that is the digest of the person''s password.';

CREATE FUNCTION auth.password_prefix(user_id uuid, OUT prefix text, OUT pepper_id smallint) RETURNS record
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  select h.prefix, h.pepper_id into prefix, pepper_id from auth_private.password_hashes as h where h.user_id = $1;
end
$_$;

ALTER FUNCTION auth.password_prefix(user_id uuid, OUT prefix text, OUT pepper_id smallint) OWNER TO app_secrets;

COMMENT ON FUNCTION auth.password_prefix(user_id uuid, OUT prefix text, OUT pepper_id smallint) IS 'Parameters and salt of a person''s password, and its pepper; nulls where there is none.';

CREATE FUNCTION auth.password_rehash(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  update auth_private.password_hashes as h set prefix = $3, digest = $4, pepper_id = $5
  where h.user_id = $1 and sha256(h.digest) = sha256($2);
  return found;
end
$_$;

ALTER FUNCTION auth.password_rehash(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) OWNER TO app_secrets;

COMMENT ON FUNCTION auth.password_rehash(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) IS 'Keeps the same password by newer parameters, for who shows the old digest.';

CREATE FUNCTION auth.password_reset(token_hash bytea, prefix text, digest bytea, pepper_id smallint DEFAULT 0) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  person uuid := (
    select t.user_id from auth.one_time_tokens as t where t.token_hash = $1 and t.purpose = 'password_reset'
  );
begin
  perform from auth.users as u where u.id = person for no key update;
  if not exists (select from auth.one_time_token_use($1, 'password_reset')) then
    return null;
  end if;
  insert into auth_private.password_hashes as h (user_id, prefix, digest, pepper_id) values (person, $2, $3, $4)
  on conflict on constraint pk_password_hashes do update
  set prefix = excluded.prefix, digest = excluded.digest, pepper_id = excluded.pepper_id, changed_at = now();
  update auth.users as u
  set password_changed_at = now(), updated_at = now(), email_verified_at = coalesce(u.email_verified_at, now())
  where u.id = person;
  perform auth.revoke_all_user_sessions(person, 'password_reset');
  update auth.account_throttle as t set consecutive_failures = 0, next_attempt_at = null where t.user_id = person;
  insert into ops.system_event (event, actor) values ('password.reset', person::text);
  return person;
end
$_$;

ALTER FUNCTION auth.password_reset(token_hash bytea, prefix text, digest bytea, pepper_id smallint) OWNER TO app_secrets;

COMMENT ON FUNCTION auth.password_reset(token_hash bytea, prefix text, digest bytea, pepper_id smallint) IS 'Uses up a mailed token, sets the password and ends every session; returns whose, or null.';

CREATE FUNCTION auth.rate_take(scope text, key bytea, max_hits integer, period interval) RETURNS interval
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION auth.rate_take(scope text, key bytea, max_hits integer, period interval) OWNER TO app_owner;

COMMENT ON FUNCTION auth.rate_take(scope text, key bytea, max_hits integer, period interval) IS 'Takes one hit: null where it was free, otherwise how long to wait.';

CREATE FUNCTION auth.rate_wait(scope text, key bytea, max_hits integer, period interval) RETURNS interval
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION auth.rate_wait(scope text, key bytea, max_hits integer, period interval) OWNER TO app_owner;

COMMENT ON FUNCTION auth.rate_wait(scope text, key bytea, max_hits integer, period interval) IS 'How long until the next hit would be let through, or null for now.';

CREATE FUNCTION auth.record_login_attempt(email text, ip inet, success boolean, reason text, device_cookie_hash bytea DEFAULT NULL::bytea, attempt_id uuid DEFAULT NULL::uuid) RETURNS uuid
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
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
$_$;

ALTER FUNCTION auth.record_login_attempt(email text, ip inet, success boolean, reason text, device_cookie_hash bytea, attempt_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION auth.record_login_attempt(email text, ip inet, success boolean, reason text, device_cookie_hash bytea, attempt_id uuid) IS 'Writes down what came of an attempt; a success frees the account, a failure makes it wait. Returns the id.';

CREATE FUNCTION auth.recovery_code_use(user_id uuid, code_hash bytea) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  update auth.recovery_codes as c set used_at = now()
  where c.user_id = $1 and c.code_hash = $2 and c.used_at is null;
  return found;
end
$_$;

ALTER FUNCTION auth.recovery_code_use(user_id uuid, code_hash bytea) OWNER TO app_owner;

COMMENT ON FUNCTION auth.recovery_code_use(user_id uuid, code_hash bytea) IS 'Uses up a recovery code; false where there is none or it was used.';

CREATE FUNCTION auth.revoke_all_user_sessions(user_id uuid, reason text DEFAULT 'revoke_all'::text, revoked_by uuid DEFAULT NULL::uuid) RETURNS integer
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  marked integer;
begin
  update auth.users as u set auth_epoch = u.auth_epoch + 1, updated_at = now() where u.id = $1;
  update auth.sessions as s set revoked_at = now(), revoke_reason = $2, revoked_by = $3
  where s.user_id = $1 and s.revoked_at is null;
  get diagnostics marked = row_count;
  return marked;
end
$_$;

ALTER FUNCTION auth.revoke_all_user_sessions(user_id uuid, reason text, revoked_by uuid) OWNER TO app_owner;

COMMENT ON FUNCTION auth.revoke_all_user_sessions(user_id uuid, reason text, revoked_by uuid) IS 'Ends every session and token of a person, those being opened meanwhile too; returns how many sessions.';

CREATE FUNCTION auth.totp_accept(factor_id uuid, step bigint) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  update auth.mfa_factors as f set last_step = $2, consecutive_failures = 0, locked_until = null, last_used_at = now()
  where f.id = $1 and f.kind = 'totp' and f.status = 'active' and f.last_step < $2
    and (f.locked_until is null or f.locked_until <= clock_timestamp())
    and $2 - floor(extract(epoch from clock_timestamp()) / f.period) between -2 and 2;
  return found;
end
$_$;

ALTER FUNCTION auth.totp_accept(factor_id uuid, step bigint) OWNER TO app_owner;

COMMENT ON FUNCTION auth.totp_accept(factor_id uuid, step bigint) IS 'Uses up a step of an active factor and those before it; false where it was used, or the factor is locked.';

CREATE FUNCTION auth.totp_confirm(factor_id uuid, step bigint) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  update auth.mfa_factors as f
  set status = 'active', confirmed_at = now(), last_step = $2, consecutive_failures = 0, last_used_at = now()
  where f.id = $1 and f.kind = 'totp' and f.status = 'pending'
    and (f.locked_until is null or f.locked_until <= clock_timestamp())
    and $2 - floor(extract(epoch from clock_timestamp()) / f.period) between -2 and 2;
  return found;
end
$_$;

ALTER FUNCTION auth.totp_confirm(factor_id uuid, step bigint) OWNER TO app_owner;

COMMENT ON FUNCTION auth.totp_confirm(factor_id uuid, step bigint) IS 'Makes a pending factor active by its first code, whose step is used up.';

CREATE FUNCTION auth.valid_session(session_id uuid, member_epoch integer DEFAULT NULL::integer) RETURNS TABLE(user_id uuid, tenant_id uuid, device_id uuid, auth_epoch integer, aal smallint, amr text[], auth_time timestamp with time zone, last_seen_at timestamp with time zone)
    LANGUAGE sql STABLE ROWS 1
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select s.user_id, s.tenant_id, s.device_id, s.auth_epoch, s.aal, s.amr, s.auth_time, s.last_seen_at
  from auth.sessions as s
  join auth.users as u on u.id = s.user_id
  left join auth.devices as d on d.id = s.device_id
  where s.id = $1
    and s.revoked_at is null
    and now() < s.idle_expires_at
    and now() < s.absolute_expires_at
    and s.auth_epoch = u.auth_epoch
    and (s.tenant_id is null or s.member_epoch = $2)
    and u.status = 'active'
    and d.revoked_at is null
$_$;

ALTER FUNCTION auth.valid_session(session_id uuid, member_epoch integer) OWNER TO app_owner;

COMMENT ON FUNCTION auth.valid_session(session_id uuid, member_epoch integer) IS 'The session if it is good now, otherwise no row; one for a tenant needs the membership''s current epoch.';

CREATE FUNCTION auth_private.hmac_sha256(secret bytea, message bytea) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  inner_pad bytea := decode(repeat('36', 64), 'hex');
  outer_pad bytea := decode(repeat('5c', 64), 'hex');
begin
  for place in 0..octet_length(secret) - 1 loop
    inner_pad := set_byte(inner_pad, place, get_byte(secret, place) # 54);
    outer_pad := set_byte(outer_pad, place, get_byte(secret, place) # 92);
  end loop;
  return sha256(outer_pad || sha256(inner_pad || message));
end
$$;

ALTER FUNCTION auth_private.hmac_sha256(secret bytea, message bytea) OWNER TO app_secrets;

COMMENT ON FUNCTION auth_private.hmac_sha256(secret bytea, message bytea) IS 'HMAC-SHA-256 with a key of up to 64 bytes (RFC 2104).';

CREATE FUNCTION billing.check_line() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  payment record;
  taken bigint;
  most bigint;
begin
  update billing.payments as p set updated_at = p.updated_at
    where p.tenant_id = new.tenant_id and p.id = new.payment_id
    returning p.amount_minor, p.captured_minor into payment;
  if not found or new.kind = 'fee' or (new.kind = 'refund' and new.refund_id is null) or exists (
    select from billing.transactions as t where t.tenant_id = new.tenant_id and t.payment_id = new.payment_id
      and t.kind = new.kind and t.provider_reference = new.provider_reference
  ) then
    return new;
  end if;
  if new.kind = 'refund' then
    select r.amount_minor into most from billing.refunds as r
      where r.tenant_id = new.tenant_id and r.id = new.refund_id and r.payment_id = new.payment_id;
    if not found then
      raise exception 'the payment has no refund %', new.refund_id using
        errcode = '23503', constraint = 'fk_transactions_tenant_id_refund_id',
        schema = tg_table_schema, table = tg_table_name, column = 'refund_id';
    end if;
    if new.amount_minor <> most then
      raise exception 'a line of % does not carry out a refund of %', new.amount_minor, most using
        errcode = 'TN103', schema = tg_table_schema, table = tg_table_name, column = 'amount_minor';
    end if;
    return new;
  end if;
  if new.kind = 'authorisation' then
    taken := 0;
    most := payment.amount_minor;
  else
    select coalesce(sum(t.amount_minor), 0) into taken from billing.transactions as t
      where t.tenant_id = new.tenant_id and t.payment_id = new.payment_id and t.kind = new.kind;
    most := payment.captured_minor;
  end if;
  if taken + new.amount_minor > most then
    raise exception 'a line of kind % and % exceeds its payment', new.kind, new.amount_minor using
      errcode = 'TN103',
      detail = format('at most %s, there are %s already', most, taken),
      schema = tg_table_schema, table = tg_table_name, column = 'amount_minor';
  end if;
  return new;
end
$$;

ALTER FUNCTION billing.check_line() OWNER TO app_owner;

COMMENT ON FUNCTION billing.check_line() IS 'Locks the payment and refuses a line that exceeds it (TN103).';

CREATE FUNCTION billing.check_refund() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  captured bigint;
  taken bigint;
begin
  update billing.payments as p set updated_at = p.updated_at
    where p.tenant_id = new.tenant_id and p.id = new.payment_id returning p.captured_minor into captured;
  if not found or new.status not in ('pending', 'succeeded') or exists (
    select from billing.refunds as r where r.tenant_id = new.tenant_id and r.idempotency_key = new.idempotency_key
  ) then
    return new;
  end if;
  select coalesce(sum(r.amount_minor), 0) into taken from billing.refunds as r
    where r.tenant_id = new.tenant_id and r.payment_id = new.payment_id and r.status in ('pending', 'succeeded');
  if taken + new.amount_minor > captured then
    raise exception 'a refund of % exceeds what is left of the payment', new.amount_minor using
      errcode = 'TN103',
      detail = format('captured %s, refunded or under way %s, left %s', captured, taken, captured - taken),
      schema = tg_table_schema, table = tg_table_name, column = 'amount_minor';
  end if;
  return new;
end
$$;

ALTER FUNCTION billing.check_refund() OWNER TO app_owner;

COMMENT ON FUNCTION billing.check_refund() IS 'Locks the payment and refuses a refund of more than is left of it (TN103).';

CREATE FUNCTION billing.check_transition() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  allowed text;
begin
  if format('%s>%s', old.status, new.status) = any (tg_argv) then
    return new;
  end if;
  select string_agg(split_part(step, '>', 2), ', ') into allowed
    from unnest(tg_argv) as step where split_part(step, '>', 1) = old.status;
  raise exception 'the status of a row of %.% can''t go from % to %',
    tg_table_schema, tg_table_name, old.status, new.status using
    errcode = 'TN101',
    hint = coalesce('from ' || old.status || ' it goes to ' || allowed, old.status || ' is final'),
    schema = tg_table_schema, table = tg_table_name, column = 'status';
end
$$;

ALTER FUNCTION billing.check_transition() OWNER TO app_owner;

COMMENT ON FUNCTION billing.check_transition() IS 'Refuses a status that does not follow from the old one (TN101).';

CREATE FUNCTION billing.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception '%', tg_argv[0] using
    errcode = 'TN102', schema = tg_table_schema, table = tg_table_name;
end
$$;

ALTER FUNCTION billing.refuse_change() OWNER TO app_owner;

COMMENT ON FUNCTION billing.refuse_change() IS 'Refuses a change of what never changes (TN102).';

CREATE FUNCTION catalog.category_and_below(category uuid) RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with recursive below (id) as (
    select c.id from catalog.categories as c where c.tenant_id = app.current_tenant_id() and c.id = category
    union
    select c.id from catalog.categories as c join below on c.parent_id = below.id
    where c.tenant_id = app.current_tenant_id()
  )
  select coalesce(array_agg(id), '{}') from below
$$;

ALTER FUNCTION catalog.category_and_below(category uuid) OWNER TO app_owner;

COMMENT ON FUNCTION catalog.category_and_below(category uuid) IS 'The ids of a category of the current tenant and of all below it; none where there is no such category.';

CREATE FUNCTION catalog.find_materials(query text, result_limit integer, category uuid DEFAULT NULL::uuid, in_currency text DEFAULT NULL::text, min_price bigint DEFAULT NULL::bigint, max_price bigint DEFAULT NULL::bigint, after_match text DEFAULT NULL::text, after_rank real DEFAULT NULL::real, after_id uuid DEFAULT NULL::uuid, after_horizon uuid DEFAULT NULL::uuid) RETURNS TABLE(id uuid, code text, name text, description text, unit text, price_minor bigint, currency text, category_id uuid, rank real, matched text, horizon uuid)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := app.current_tenant_id();
  categories uuid[] := case when category is not null then catalog.category_and_below(category) end;
  newest uuid := after_horizon;
begin
  if tenant is null then
    raise exception 'no tenant is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_tenant_id(...) in the same transaction';
  end if;
  if newest is null then
    select m.id into newest from catalog.materials as m where m.tenant_id = tenant order by m.id desc limit 1;
  end if;
  if after_match is distinct from 'similar' then
    return query
      select m.id, m.code, m.name, m.description, m.unit, m.price_minor, m.currency, m.category_id, f.rank,
        'words', newest
      from catalog.materials_by_words(
        tenant, query, result_limit, categories, in_currency, min_price, max_price, after_rank, after_id, newest
      ) as f
      join catalog.materials as m on m.tenant_id = tenant and m.id = f.id
      order by f.rank desc, m.id;
    if found or after_match is not null or length(query) > 200 or query ~ '(^|[[:space:]])-|"'
      or query !~ '[^[:space:][:punct:]]{3}' then
      return;
    end if;
  end if;
  return query
    select m.id, m.code, m.name, m.description, m.unit, m.price_minor, m.currency, m.category_id, f.rank,
      'similar', newest
    from catalog.materials_by_similarity(
      tenant, query, result_limit, categories, in_currency, min_price, max_price, after_rank, after_id, newest
    ) as f
    join catalog.materials as m on m.tenant_id = tenant and m.id = f.id
    order by f.rank desc, m.id;
end
$$;

ALTER FUNCTION catalog.find_materials(query text, result_limit integer, category uuid, in_currency text, min_price bigint, max_price bigint, after_match text, after_rank real, after_id uuid, after_horizon uuid) OWNER TO app_definer;

COMMENT ON FUNCTION catalog.find_materials(query text, result_limit integer, category uuid, in_currency text, min_price bigint, max_price bigint, after_match text, after_rank real, after_id uuid, after_horizon uuid) IS 'The current tenant''s materials that match what somebody types, best first; a page.';

CREATE FUNCTION catalog.materials_by_similarity(tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint, max_price bigint, after_rank real, after_id uuid, horizon uuid) RETURNS TABLE(id uuid, rank real)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_indexscan TO 'off'
    SET enable_seqscan TO 'off'
    AS $$
#variable_conflict use_column
declare
  threshold text := current_setting('pg_trgm.word_similarity_threshold', true);
begin
  -- two letters changed places in a word of six: 3 of 7 trigrams are the same
  perform set_config('pg_trgm.word_similarity_threshold', '0.4', true);
  return query
    with found as (
      select m.id, m.name from catalog.materials as m
      where m.tenant_id = tenant and m.id <= horizon and m.name operator(extensions.%>) query
        and (categories is null or m.category_id = any(categories))
        and (in_currency is null or m.currency = in_currency)
        and (min_price is null or m.price_minor >= min_price)
        and (max_price is null or m.price_minor <= max_price)
      limit 1000
    ),
    ranked as (select f.id, extensions.word_similarity(query, f.name) as rank from found as f)
    select r.id, r.rank from ranked as r
    where after_id is null or r.rank < after_rank or (r.rank = after_rank and r.id > after_id)
    order by r.rank desc, r.id limit result_limit;
  perform set_config('pg_trgm.word_similarity_threshold', coalesce(nullif(threshold, ''), '0.6'), true);
end
$$;

ALTER FUNCTION catalog.materials_by_similarity(tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint, max_price bigint, after_rank real, after_id uuid, horizon uuid) OWNER TO app_definer;

COMMENT ON FUNCTION catalog.materials_by_similarity(tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint, max_price bigint, after_rank real, after_id uuid, horizon uuid) IS 'A tenant''s materials with similar names, of 1,000; a page of them.';

CREATE FUNCTION catalog.materials_by_words(tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint, max_price bigint, after_rank real, after_id uuid, horizon uuid) RETURNS TABLE(id uuid, rank real)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  words tsquery := catalog.typed_query(query);
  beginning text := case when length(btrim(query)) >= 2 then lower(btrim(query)) end;
begin
  return query
    with newest as (
      select m.id, m.search, lower(m.code) collate "C" as code from catalog.materials as m
      where m.tenant_id = tenant and m.id <= horizon
        and (m.search @@ words or lower(m.code) collate "C" ^@ beginning)
        and (categories is null or m.category_id = any(categories))
        and (in_currency is null or m.currency = in_currency)
        and (min_price is null or m.price_minor >= min_price)
        and (max_price is null or m.price_minor <= max_price)
      order by m.id desc limit 5000
    ),
    ranked as (
      select n.id, (
        ts_rank(n.search, words) + case when n.code = beginning then 2 when n.code ^@ beginning then 1 else 0 end
      )::real as rank
      from newest as n
    )
    select r.id, r.rank from ranked as r
    where after_id is null or r.rank < after_rank or (r.rank = after_rank and r.id > after_id)
    order by r.rank desc, r.id limit result_limit;
end
$$;

ALTER FUNCTION catalog.materials_by_words(tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint, max_price bigint, after_rank real, after_id uuid, horizon uuid) OWNER TO app_definer;

COMMENT ON FUNCTION catalog.materials_by_words(tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint, max_price bigint, after_rank real, after_id uuid, horizon uuid) IS 'A tenant''s newest 5,000 that match, ranked; a page of them.';

CREATE FUNCTION catalog.refuse_circle() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tenancy.is_in_transit(new.tenant_id) then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
      raise exception 'a category is moved at READ COMMITTED, where others'' moves are seen' using
        errcode = 'feature_not_supported',
        hint = 'move it in a session that names no isolation level';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('catalog.categories ' || new.tenant_id, 0));
  end if;
  if exists (
    with recursive above (id) as (
      values (new.parent_id)
      union
      select c.parent_id from catalog.categories as c join above on c.tenant_id = new.tenant_id and c.id = above.id
    )
    select from above where id = new.id
  ) then
    raise exception 'category % would lie below itself', new.id using
      errcode = 'check_violation', schema = 'catalog', table = 'categories', constraint = 'ck_categories_circle',
      hint = 'move it to a category that is not below it, or to the top';
  end if;
  return null;
end
$$;

ALTER FUNCTION catalog.refuse_circle() OWNER TO app_owner;

COMMENT ON FUNCTION catalog.refuse_circle() IS 'Refuses a category that would lie below itself.';

CREATE FUNCTION catalog.search_materials(query text, result_limit integer DEFAULT 20) RETURNS TABLE(id uuid, code text, name text, description text, unit text, price_minor bigint, currency text, rank real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
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
$$;

ALTER FUNCTION catalog.search_materials(query text, result_limit integer) OWNER TO app_definer;

COMMENT ON FUNCTION catalog.search_materials(query text, result_limit integer) IS 'The current tenant''s materials that match, best first.';

CREATE FUNCTION catalog.typed_query(query text) RETURNS tsquery
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  typed text := substring(query from '(?:^|\s)([^\s[:punct:]]{2,64})$');
  words tsquery := websearch_to_tsquery('pg_catalog.russian', query);
begin
  if typed is null then
    return words;
  end if;
  return words || (
    websearch_to_tsquery('pg_catalog.russian', left(query, -length(typed)))
    && to_tsquery('pg_catalog.simple', quote_literal(typed) || ':*')
  );
end
$_$;

ALTER FUNCTION catalog.typed_query(query text) OWNER TO app_owner;

COMMENT ON FUNCTION catalog.typed_query(query text) IS 'What is looked for while somebody types: the last word may be unfinished.';

CREATE FUNCTION learning.analyze_feedback(course uuid) RETURNS TABLE(kind text, relationships bigint, people bigint, helpful bigint, unhelpful bigint, divided bigint, undecided bigint, mean_rating numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 5 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    with found as materialized (
      select r.id, r.kind, r.consensus from learning.keywords as k
      join learning.relationships as r on r.tenant_id = k.tenant_id and r.source_keyword_id = k.id
      where k.tenant_id = tenant and k.course_id = course
    ),
    told as (
      select f.kind, count(distinct a.user_id) as people, round(avg(a.rating), 2) as rating
      from found as f
      join learning.analogy_feedback as a on a.tenant_id = tenant and a.relationship_id = f.id
      group by f.kind
    )
    select f.kind, count(*), coalesce(min(t.people), 0), count(*) filter (where f.consensus = 'helpful'),
      count(*) filter (where f.consensus = 'unhelpful'), count(*) filter (where f.consensus = 'divided'),
      count(*) filter (where f.consensus is null), min(t.rating)
    from found as f left join told as t on t.kind = f.kind
    group by f.kind order by f.kind;
end
$$;

ALTER FUNCTION learning.analyze_feedback(course uuid) OWNER TO app_definer;

COMMENT ON FUNCTION learning.analyze_feedback(course uuid) IS 'What people think of the relationships of a course, in sums for each kind.';

CREATE FUNCTION learning.cache_key(kind text, parts jsonb DEFAULT '{}'::jsonb, of_person boolean DEFAULT true) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  tenant uuid := learning.require_tenant();
  person uuid := app.current_user_id();
begin
  if kind is null or kind !~ '^[a-z][a-z0-9_]{0,62}$' then
    raise exception 'the kind of a cache key is %', coalesce(quote_literal(kind), 'missing') using
      errcode = 'invalid_parameter_value', hint = 'write small letters, digits and _, e.g. course_stats';
  end if;
  if parts is null or of_person is null then
    raise exception 'the parts of a cache key are missing' using
      errcode = 'null_value_not_allowed', hint = 'leave out what is not needed, and give no null';
  end if;
  if of_person and person is null then
    raise exception 'no person is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_user_id(...), or say that the entry is of no person';
  end if;
  return format(
    'learning:%s:%s:%s:%s', tenant, case when of_person then person::text else '-' end, kind,
    encode(sha256(convert_to(parts::text, 'UTF8')), 'hex')
  );
end
$_$;

ALTER FUNCTION learning.cache_key(kind text, parts jsonb, of_person boolean) OWNER TO app_owner;

COMMENT ON FUNCTION learning.cache_key(kind text, parts jsonb, of_person boolean) IS 'A key for a cache that others share: it holds the tenant and, unless told otherwise, the person.';

CREATE FUNCTION learning.change_hnsw(iterative_scan text, ef_search text, max_scan_tuples text) RETURNS text[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  former text[] := array[
    current_setting('hnsw.iterative_scan'), current_setting('hnsw.ef_search'), current_setting('hnsw.max_scan_tuples')
  ];
begin
  perform set_config('hnsw.iterative_scan', iterative_scan, true), set_config('hnsw.ef_search', ef_search, true),
    set_config('hnsw.max_scan_tuples', max_scan_tuples, true);
  return former;
end
$$;

ALTER FUNCTION learning.change_hnsw(iterative_scan text, ef_search text, max_scan_tuples text) OWNER TO app_owner;

COMMENT ON FUNCTION learning.change_hnsw(iterative_scan text, ef_search text, max_scan_tuples text) IS 'Changes how indexes of vectors are scanned, until the transaction ends, and returns how they were.';

CREATE FUNCTION learning.check_document_status() RETURNS trigger
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  allowed text;
begin
  if format('%s>%s', old.status, new.status) <> all (tg_argv) then
    select string_agg(split_part(step, '>', 2), ', ') into allowed
      from unnest(tg_argv) as step where split_part(step, '>', 1) = old.status;
    raise exception 'the status of a document can''t go from % to %', old.status, new.status using
      errcode = 'TN101', hint = 'from ' || old.status || ' it goes to ' || allowed,
      schema = tg_table_schema, table = tg_table_name, column = 'status';
  end if;
  if new.status = 'failed' and new.error is null then
    raise exception 'a document has failed, and nothing says why' using
      errcode = 'check_violation', hint = 'set error in the same update',
      schema = tg_table_schema, table = tg_table_name, column = 'error', constraint = 'ck_course_documents_error';
  end if;
  new.error := case when new.status = 'failed' then new.error end;
  new.processed_at := case when new.status = 'processed' then now() end;
  return new;
end
$$;

ALTER FUNCTION learning.check_document_status() OWNER TO app_owner;

COMMENT ON FUNCTION learning.check_document_status() IS 'Refuses a status that does not follow from the old one (TN101).';

CREATE FUNCTION learning.check_profile() RETURNS trigger
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  long text;
begin
  if new.interests is not null then
    new.interests := array(
      select w.word
      from unnest(new.interests) with ordinality as u (raw, place)
      cross join lateral (select lower(btrim(regexp_replace(u.raw, '\s+', ' ', 'g'))) as word) as w
      where w.word <> ''
      group by w.word
      order by min(u.place)
    );
    select i.word into long from unnest(new.interests) as i (word) where length(i.word) > 50 limit 1;
    if cardinality(new.interests) > 20 or long is not null then
      raise exception 'interests are refused: %', case
        when long is null then format('%s were given', cardinality(new.interests))
        else format('%s… has %s characters', left(long, 20), length(long))
      end using
        errcode = 'check_violation', hint = 'give 20 interests at most, of 50 characters at most',
        schema = tg_table_schema, table = tg_table_name, column = 'interests',
        constraint = 'ck_user_profiles_interests';
    end if;
  end if;
  if tg_op = 'INSERT' or new.time_zone is distinct from old.time_zone then
    begin
      perform now() at time zone new.time_zone;
    exception when invalid_parameter_value then
      raise exception 'there is no time zone %', new.time_zone using
        errcode = 'check_violation', hint = 'write a name of the IANA database, e.g. Europe/Moscow or UTC',
        schema = tg_table_schema, table = tg_table_name, column = 'time_zone',
        constraint = 'ck_user_profiles_time_zone';
    end;
  end if;
  return new;
end
$$;

ALTER FUNCTION learning.check_profile() OWNER TO app_owner;

COMMENT ON FUNCTION learning.check_profile() IS 'Tidies interests and refuses a time zone that does not exist; a trigger.';

CREATE FUNCTION learning.check_vector_search(query_embedding extensions.vector, result_limit integer, threshold double precision, exact_up_to integer, after_distance double precision, after_id uuid) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  problem text := case
    when query_embedding is null then 'there is no vector to search for: give its 768 numbers'
    when extensions.vector_dims(query_embedding) <> 768 then
      format('the vector has %s numbers: give the 768 of the model', extensions.vector_dims(query_embedding))
    when extensions.vector_norm(query_embedding) not between 0.001 and 10000 then
      format('the norm of the vector is %s: give one between 0.001 and 10000', extensions.vector_norm(query_embedding))
    when coalesce(result_limit, 0) not between 1 and 1000 then
      format('the limit is %s: ask for 1 to 1000 at a time', coalesce(result_limit::text, 'null'))
    when coalesce(threshold, 2) not between -1 and 1 then
      format('the threshold is %s: a similarity is between -1 and 1', coalesce(threshold::text, 'null'))
    when coalesce(exact_up_to, -1) < 0 then
      format('exact_up_to is %s: give a number of candidates', coalesce(exact_up_to::text, 'null'))
    when (after_distance is null) <> (after_id is null) then
      'a page begins after a distance and an id: give both, or neither'
  end;
begin
  if problem is not null then
    raise exception '%', split_part(problem, ': ', 1) using
      errcode = 'invalid_parameter_value', hint = split_part(problem, ': ', 2);
  end if;
end
$$;

ALTER FUNCTION learning.check_vector_search(query_embedding extensions.vector, result_limit integer, threshold double precision, exact_up_to integer, after_distance double precision, after_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION learning.check_vector_search(query_embedding extensions.vector, result_limit integer, threshold double precision, exact_up_to integer, after_distance double precision, after_id uuid) IS 'Refuses what no search by vector can be made of (22023).';

CREATE FUNCTION learning.cosine_similarity(a extensions.vector, b extensions.vector) RETURNS double precision
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    RETURN ((1)::double precision - (a OPERATOR(extensions.<=>) b));

ALTER FUNCTION learning.cosine_similarity(a extensions.vector, b extensions.vector) OWNER TO app_owner;

COMMENT ON FUNCTION learning.cosine_similarity(a extensions.vector, b extensions.vector) IS 'How much two vectors mean the same: from -1, the opposite, to 1, the same.';

CREATE FUNCTION learning.count_feedback() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  tenant uuid := coalesce(new.tenant_id, old.tenant_id);
  relationship uuid := coalesce(new.relationship_id, old.relationship_id);
  people integer := (tg_op = 'INSERT')::integer - (tg_op = 'DELETE')::integer;
  helpful integer := coalesce(new.is_helpful::integer, 0) - coalesce(old.is_helpful::integer, 0);
begin
  if (people, helpful) <> (0, 0) and not tenancy.is_in_transit(tenant) then
    update learning.relationships as r
      set feedback_people = r.feedback_people + people, feedback_helpful = r.feedback_helpful + helpful
      where r.tenant_id = tenant and r.id = relationship;
  end if;
  return null;
end
$$;

ALTER FUNCTION learning.count_feedback() OWNER TO app_definer;

COMMENT ON FUNCTION learning.count_feedback() IS 'Counts the people who have given feedback on a relationship; a trigger.';

CREATE FUNCTION learning.exact_bound(relation regclass, result_limit integer, exact_up_to integer) RETURNS bigint
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select greatest(exact_up_to, ceil(2 * sqrt(result_limit * greatest(c.reltuples, 0)::double precision)))::bigint
  from pg_class as c where c.oid = relation
$$;

ALTER FUNCTION learning.exact_bound(relation regclass, result_limit integer, exact_up_to integer) OWNER TO app_owner;

COMMENT ON FUNCTION learning.exact_bound(relation regclass, result_limit integer, exact_up_to integer) IS 'Up to how many candidates it is better to compare each than to scan the index of all tenants.';

CREATE FUNCTION learning.find_chapters(wanted jsonb, result_limit integer DEFAULT 20, after_chapter_id uuid DEFAULT NULL::uuid) RETURNS TABLE(chapter_id uuid, course_id uuid, number integer, title text, score smallint, reading_level text, factors jsonb)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    select x.chapter_id, c.course_id, c.number, c.title, x.score, x.reading_level, x.factors
    from learning.chapter_complexity as x
    join learning.chapters as c on c.tenant_id = x.tenant_id and c.id = x.chapter_id
    where x.tenant_id = tenant and x.factors @> wanted
      and (after_chapter_id is null or x.chapter_id > after_chapter_id)
    order by x.chapter_id
    limit result_limit;
end
$$;

ALTER FUNCTION learning.find_chapters(wanted jsonb, result_limit integer, after_chapter_id uuid) OWNER TO app_definer;

COMMENT ON FUNCTION learning.find_chapters(wanted jsonb, result_limit integer, after_chapter_id uuid) IS 'Chapters of the current tenant whose complexity has these factors.';

CREATE FUNCTION learning.find_duplicate_documents(course uuid, result_limit integer DEFAULT 100, after_sha256 bytea DEFAULT NULL::bytea) RETURNS TABLE(content_sha256 bytea, documents uuid[], titles text[])
    LANGUAGE plpgsql STABLE ROWS 100 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    select d.content_sha256, array_agg(d.id order by d.id), array_agg(d.title order by d.id)
    from learning.course_documents as d
    where d.tenant_id = tenant and d.course_id = course and d.content_sha256 is not null
      and (after_sha256 is null or d.content_sha256 > after_sha256)
    group by d.content_sha256
    having count(*) > 1
    order by d.content_sha256
    limit result_limit;
end
$$;

ALTER FUNCTION learning.find_duplicate_documents(course uuid, result_limit integer, after_sha256 bytea) OWNER TO app_owner;

COMMENT ON FUNCTION learning.find_duplicate_documents(course uuid, result_limit integer, after_sha256 bytea) IS 'Documents of a course that have the same content.';

CREATE FUNCTION learning.find_person(subject text) RETURNS uuid
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  tenant uuid := learning.require_tenant();
begin
  return (
    select p.user_id from learning.user_profiles as p where p.tenant_id = tenant and p.external_subject = subject
  );
end
$$;

ALTER FUNCTION learning.find_person(subject text) OWNER TO app_definer;

COMMENT ON FUNCTION learning.find_person(subject text) IS 'Who a subject of the identity provider is in the current tenant.';

CREATE FUNCTION learning.find_similar_documents(query_embedding extensions.vector, result_limit integer DEFAULT 10, threshold double precision DEFAULT 0, course uuid DEFAULT NULL::uuid, after_distance double precision DEFAULT NULL::double precision, after_id uuid DEFAULT NULL::uuid, exact_up_to integer DEFAULT 2000) RETURNS TABLE(id uuid, document_id uuid, part integer, content text, distance double precision, similarity double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_sort TO 'off'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  bound bigint;
  former text[];
  near uuid[];
begin
  perform learning.check_vector_search(
    query_embedding, result_limit, threshold, exact_up_to, after_distance, after_id
  );
  bound := learning.exact_bound('learning.processed_documents', result_limit, exact_up_to);
  if bound < (select count(*) from (select from learning.processed_documents as r where r.tenant_id = tenant and (course is null or r.document_id = any (array(select d.id from learning.course_documents as d where d.tenant_id = tenant and d.course_id = course))) limit bound + 1) as c) then
    former := learning.change_hnsw('relaxed_order', least(greatest(200, result_limit + 10), 1000)::text, '20000');
    near := array(
      select r.id from learning.processed_documents as r
      where r.tenant_id = tenant and (course is null or r.document_id = any (array(select d.id from learning.course_documents as d where d.tenant_id = tenant and d.course_id = course))) and (after_id is null or (r.embedding operator(extensions.<=>) query_embedding, r.id) > (after_distance, after_id))
      order by r.embedding::extensions.halfvec(768) operator(extensions.<=>) query_embedding::extensions.halfvec(768)
      limit result_limit + 10
    );
    perform learning.change_hnsw(former[1], former[2], former[3]);
  end if;
  if cardinality(near) < result_limit then
    near := null;
  end if;
  return query
    with scored as materialized (
      select r.id, r.embedding operator(extensions.<=>) query_embedding as distance from learning.processed_documents as r
      where r.tenant_id = tenant and (course is null or r.document_id = any (array(select d.id from learning.course_documents as d where d.tenant_id = tenant and d.course_id = course))) and (near is null or r.id = any (near))
    ), best as (
      select s.id, s.distance from scored as s
      where 1 - s.distance >= threshold and (after_id is null or (s.distance, s.id) > (after_distance, after_id))
      order by s.distance, s.id limit result_limit
    )
    select r.id, r.document_id, r.part, r.content, b.distance, 1 - b.distance
    from best as b join learning.processed_documents as r on r.tenant_id = tenant and r.id = b.id
    order by b.distance, b.id;
end
$$;

ALTER FUNCTION learning.find_similar_documents(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) OWNER TO app_definer;

COMMENT ON FUNCTION learning.find_similar_documents(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) IS 'Parts of the current tenant''s documents that mean the same as a vector, the most similar first.';

CREATE FUNCTION learning.find_similar_keywords(query_embedding extensions.vector, result_limit integer DEFAULT 10, threshold double precision DEFAULT 0, course uuid DEFAULT NULL::uuid, after_distance double precision DEFAULT NULL::double precision, after_id uuid DEFAULT NULL::uuid, exact_up_to integer DEFAULT 2000) RETURNS TABLE(id uuid, course_id uuid, term text, definition text, distance double precision, similarity double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    SET enable_sort TO 'off'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  bound bigint;
  former text[];
  near uuid[];
begin
  perform learning.check_vector_search(
    query_embedding, result_limit, threshold, exact_up_to, after_distance, after_id
  );
  bound := learning.exact_bound('learning.keywords', result_limit, exact_up_to);
  if bound < (select count(*) from (select from learning.keywords as r where r.tenant_id = tenant and (course is null or r.course_id = course) and r.embedding is not null limit bound + 1) as c) then
    former := learning.change_hnsw('relaxed_order', least(greatest(200, result_limit + 10), 1000)::text, '20000');
    near := array(
      select r.id from learning.keywords as r
      where r.tenant_id = tenant and (course is null or r.course_id = course) and r.embedding is not null and (after_id is null or (r.embedding operator(extensions.<=>) query_embedding, r.id) > (after_distance, after_id))
      order by r.embedding::extensions.halfvec(768) operator(extensions.<=>) query_embedding::extensions.halfvec(768)
      limit result_limit + 10
    );
    perform learning.change_hnsw(former[1], former[2], former[3]);
  end if;
  if cardinality(near) < result_limit then
    near := null;
  end if;
  return query
    with scored as materialized (
      select r.id, r.embedding operator(extensions.<=>) query_embedding as distance from learning.keywords as r
      where r.tenant_id = tenant and (course is null or r.course_id = course) and r.embedding is not null and (near is null or r.id = any (near))
    ), best as (
      select s.id, s.distance from scored as s
      where 1 - s.distance >= threshold and (after_id is null or (s.distance, s.id) > (after_distance, after_id))
      order by s.distance, s.id limit result_limit
    )
    select r.id, r.course_id, r.term, r.definition, b.distance, 1 - b.distance
    from best as b join learning.keywords as r on r.tenant_id = tenant and r.id = b.id
    order by b.distance, b.id;
end
$$;

ALTER FUNCTION learning.find_similar_keywords(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) OWNER TO app_definer;

COMMENT ON FUNCTION learning.find_similar_keywords(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) IS 'Keywords of the current tenant that mean the same as a vector, the most similar first.';

CREATE FUNCTION learning.finish_documents() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  with written as materialized (
    select d.tenant_id, d.id
    from learning.course_documents as d
    join (select distinct p.tenant_id, p.document_id from parts as p) as w
      on w.tenant_id = d.tenant_id and w.document_id = d.id
    where d.status <> 'processed' and not tenancy.is_in_transit(d.tenant_id)
    order by d.tenant_id, d.id
    for no key update of d
  )
  update learning.course_documents as d set status = 'processed' from written as w
  where d.tenant_id = w.tenant_id and d.id = w.id and d.status <> 'processed';
  return null;
end
$$;

ALTER FUNCTION learning.finish_documents() OWNER TO app_definer;

COMMENT ON FUNCTION learning.finish_documents() IS 'Makes documents processed whose parts were written; a trigger.';

CREATE FUNCTION learning.get_course_stats(course uuid) RETURNS TABLE(people bigint, people_finished bigint, chapters bigint, chapters_completed bigint, completion_rate numeric, seconds_spent bigint, keywords bigint, documents jsonb, mean_complexity numeric)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    with
      made as (
        select count(*) as chapters from learning.chapters as c where c.tenant_id = tenant and c.course_id = course
      ),
      each as (
        select count(*) filter (where p.status = 'completed') as completed, sum(p.seconds_spent)::bigint as seconds
        from learning.chapter_progress as p
        where p.tenant_id = tenant and p.course_id = course
        group by p.user_id
      ),
      everybody as (
        select count(*) as people, coalesce(sum(e.completed), 0)::bigint as completed,
          coalesce(sum(e.seconds), 0)::bigint as seconds,
          count(*) filter (where e.completed >= made.chapters) as finished
        from each as e cross join made
      )
    select everybody.people, everybody.finished, made.chapters, everybody.completed,
      round(coalesce(everybody.completed::numeric / nullif(everybody.people * made.chapters, 0), 0), 4),
      everybody.seconds,
      (select count(*) from learning.keywords as k where k.tenant_id = tenant and k.course_id = course),
      (
        select coalesce(jsonb_object_agg(s.status, s.documents), '{}') from (
          select d.status, count(*) as documents from learning.course_documents as d
          where d.tenant_id = tenant and d.course_id = course group by d.status
        ) as s
      ),
      (
        select round(avg(x.score), 2) from learning.chapters as c
        join learning.chapter_complexity as x on x.tenant_id = c.tenant_id and x.chapter_id = c.id
        where c.tenant_id = tenant and c.course_id = course
      )
    from everybody cross join made
    where exists (select from learning.courses as o where o.tenant_id = tenant and o.id = course);
end
$$;

ALTER FUNCTION learning.get_course_stats(course uuid) OWNER TO app_definer;

COMMENT ON FUNCTION learning.get_course_stats(course uuid) IS 'What everybody has done in a course of the current tenant, in sums; no row where there is no such course.';

CREATE FUNCTION learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone) RETURNS TABLE(people bigint, courses bigint, chapters_started bigint, chapters_completed bigint)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 1 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    with done as (
      select p.user_id, p.course_id, 1 as started, 0 as completed from learning.chapter_progress as p
      where p.tenant_id = tenant and p.started_at >= since and p.started_at < until
      union all
      select p.user_id, p.course_id, 0, 1 from learning.chapter_progress as p
      where p.tenant_id = tenant and p.completed_at >= since and p.completed_at < until
    )
    select count(distinct d.user_id), count(distinct d.course_id), coalesce(sum(d.started), 0),
      coalesce(sum(d.completed), 0)
    from done as d;
end
$$;

ALTER FUNCTION learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone) OWNER TO app_definer;

COMMENT ON FUNCTION learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone) IS 'What everybody in the current tenant has begun and completed from one time to another, in sums.';

CREATE FUNCTION learning.get_progress_summary(person uuid DEFAULT app.current_user_id()) RETURNS TABLE(current_streak integer, longest_streak integer, last_active_on date, badges text[], chapters_started bigint, chapters_completed bigint, seconds_spent bigint, courses bigint, annotations bigint)
    LANGUAGE plpgsql STABLE ROWS 1 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  today date := (now() at time zone coalesce(
    (select p.time_zone from learning.user_profiles as p where p.tenant_id = tenant and p.user_id = person), 'UTC'
  ))::date;
begin
  return query
    select
      case when u.last_active_on >= today - 1 then u.current_streak else 0 end, coalesce(u.longest_streak, 0),
      u.last_active_on, coalesce(u.badges, '{}'), c.started, coalesce(u.chapters_completed, 0)::bigint,
      coalesce(u.seconds_spent, 0), c.courses,
      (select count(*) from learning.user_annotations as a where a.tenant_id = tenant and a.user_id = person)
    from (
      select count(*) as started, count(distinct p.course_id) as courses
      from learning.chapter_progress as p where p.tenant_id = tenant and p.user_id = person
    ) as c
    left join learning.user_progress as u on u.tenant_id = tenant and u.user_id = person;
end
$$;

ALTER FUNCTION learning.get_progress_summary(person uuid) OWNER TO app_owner;

COMMENT ON FUNCTION learning.get_progress_summary(person uuid) IS 'What a person has done so far, as far as one may see.';

CREATE FUNCTION learning.keep_progress() RETURNS trigger
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tenancy.is_in_transit(new.tenant_id) then
    return new;
  end if;
  if tg_op = 'INSERT' then
    select c.course_id into new.course_id from learning.chapters as c
      where c.tenant_id = new.tenant_id and c.id = new.chapter_id;
    if not found and new.tenant_id = app.current_tenant_id() then
      raise exception 'there is no chapter %', new.chapter_id using
        errcode = 'foreign_key_violation', hint = 'read the chapters of the course again',
        schema = tg_table_schema, table = tg_table_name, column = 'chapter_id',
        constraint = 'fk_chapter_progress_tenant_id_chapter_id';
    end if;
    new.started_at := now();
    new.completed_at := null;
  else
    new.started_at := old.started_at;
    new.completed_at := old.completed_at;
    new.status := case when old.status = 'completed' then old.status else new.status end;
  end if;
  if new.status = 'completed' then
    new.percent := 100;
    new.completed_at := coalesce(new.completed_at, now());
  end if;
  return new;
end
$$;

ALTER FUNCTION learning.keep_progress() OWNER TO app_definer;

COMMENT ON FUNCTION learning.keep_progress() IS 'Fills in course and times of progress, and keeps what is completed; a trigger.';

CREATE FUNCTION learning.next_streak(streak integer, last_day date, today date) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (today <= last_day) THEN streak WHEN (today = (last_day + 1)) THEN (streak + 1) ELSE 1 END;

ALTER FUNCTION learning.next_streak(streak integer, last_day date, today date) OWNER TO app_owner;

COMMENT ON FUNCTION learning.next_streak(streak integer, last_day date, today date) IS 'How many days in a row it is, with one more day.';

CREATE FUNCTION learning.note_activity(tenant uuid, person uuid, at timestamp with time zone, completed integer, seconds bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  zone text := coalesce(
    (select p.time_zone from learning.user_profiles as p where p.tenant_id = tenant and p.user_id = person), 'UTC'
  );
  today date := (at at time zone zone)::date;
begin
  insert into learning.user_progress as p
    (tenant_id, user_id, last_active_on, chapters_completed, seconds_spent, badges)
  values (tenant, person, today, completed, seconds, learning.with_badges('{}', 1, completed))
  on conflict (tenant_id, user_id) do update set
    current_streak = learning.next_streak(p.current_streak, p.last_active_on, today),
    longest_streak = greatest(
      p.longest_streak, learning.next_streak(p.current_streak, p.last_active_on, today)
    ),
    last_active_on = greatest(p.last_active_on, today),
    chapters_completed = p.chapters_completed + excluded.chapters_completed,
    seconds_spent = p.seconds_spent + excluded.seconds_spent,
    badges = learning.with_badges(
      p.badges, learning.next_streak(p.current_streak, p.last_active_on, today),
      p.chapters_completed + excluded.chapters_completed
    );
end
$$;

ALTER FUNCTION learning.note_activity(tenant uuid, person uuid, at timestamp with time zone, completed integer, seconds bigint) OWNER TO app_definer;

COMMENT ON FUNCTION learning.note_activity(tenant uuid, person uuid, at timestamp with time zone, completed integer, seconds bigint) IS 'Adds to what a person has done, and to the streak by the day where the person lives.';

CREATE FUNCTION learning.note_progress() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if not tenancy.is_in_transit(new.tenant_id) then
    perform learning.note_activity(
      new.tenant_id, new.user_id, now(),
      (new.status = 'completed')::integer - coalesce((old.status = 'completed')::integer, 0),
      new.seconds_spent - coalesce(old.seconds_spent, 0)
    );
  end if;
  return null;
end
$$;

ALTER FUNCTION learning.note_progress() OWNER TO app_definer;

COMMENT ON FUNCTION learning.note_progress() IS 'Hands progress on to the row that sums up the person; a trigger.';

CREATE FUNCTION learning.require_tenant() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  tenant uuid := app.current_tenant_id();
begin
  if tenant is null then
    raise exception 'no tenant is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_tenant_id(...) in the same transaction';
  end if;
  return tenant;
end
$$;

ALTER FUNCTION learning.require_tenant() OWNER TO app_owner;

COMMENT ON FUNCTION learning.require_tenant() IS 'The tenant that is bound, or an error (TN001) where there is none.';

CREATE FUNCTION learning.search_courses(person uuid, query text, result_limit integer DEFAULT 20, after_rank real DEFAULT NULL::real, after_id uuid DEFAULT NULL::uuid) RETURNS TABLE(id uuid, title text, description text, status text, language text, difficulty text, tags text[], rank real)
    LANGUAGE plpgsql STABLE ROWS 20 PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  words tsquery := websearch_to_tsquery('pg_catalog.russian', query);
begin
  return query
    select f.* from (
      select c.id, c.title, c.description, c.status, c.language, c.difficulty, c.tags, ts_rank(c.search, words) as rank
      from learning.courses as c
      where c.tenant_id = tenant and c.user_id = person and c.search @@ words
    ) as f
    where after_id is null or f.rank < after_rank or (f.rank = after_rank and f.id > after_id)
    order by f.rank desc, f.id
    limit result_limit;
end
$$;

ALTER FUNCTION learning.search_courses(person uuid, query text, result_limit integer, after_rank real, after_id uuid) OWNER TO app_owner;

COMMENT ON FUNCTION learning.search_courses(person uuid, query text, result_limit integer, after_rank real, after_id uuid) IS 'The courses of a person that match, best first, as far as one may see.';

CREATE FUNCTION learning.search_keywords(query text, result_limit integer DEFAULT 20, after_key text DEFAULT NULL::text, after_score real DEFAULT NULL::real, after_id uuid DEFAULT NULL::uuid) RETURNS TABLE(id uuid, course_id uuid, term text, term_key text, definition text, match text, score real)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 20
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  wanted text := lower(btrim(query));
  former text := current_setting('pg_trgm.word_similarity_threshold', true);
  threshold real;
begin
  if wanted = '' then
    return;
  end if;
  if after_score is null then
    return query
      select k.id, k.course_id, k.term, k.term_key, k.definition, 'prefix', 1::real
      from learning.keywords as k
      where k.tenant_id = tenant and k.term_key ^@ wanted
        and (after_id is null or (k.term_key, k.id) > (after_key, after_id))
      order by k.term_key, k.id
      limit result_limit;
    if found or after_id is not null then
      return;
    end if;
  end if;
  foreach threshold in array case
    when after_score is null then array[0.6, 0.4] when after_score >= 0.6 then array[0.6] else array[0.4]
  end loop
    perform set_config('pg_trgm.word_similarity_threshold', threshold::text, true);
    return query
      select f.*
      from (
        select a.id, a.course_id, a.term, a.term_key, a.definition, 'similar',
          extensions.word_similarity(wanted, a.term_key) as score
        from (
          select k.* from learning.keywords as k
          where k.tenant_id = tenant and wanted operator(extensions.<%) k.term_key
          limit 1000
        ) as a
      ) as f
      where after_id is null or f.score < after_score or (f.score = after_score and f.id > after_id)
      order by f.score desc, f.id
      limit result_limit;
    exit when found;
  end loop;
  perform set_config('pg_trgm.word_similarity_threshold', coalesce(nullif(former, ''), '0.6'), true);
end
$$;

ALTER FUNCTION learning.search_keywords(query text, result_limit integer, after_key text, after_score real, after_id uuid) OWNER TO app_definer;

COMMENT ON FUNCTION learning.search_keywords(query text, result_limit integer, after_key text, after_score real, after_id uuid) IS 'Keywords of the current tenant that begin so, or where there are none, that are spelled alike.';

CREATE FUNCTION learning.with_badges(badges text[], streak integer, chapters integer) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (badges || ARRAY(SELECT b.name FROM (VALUES (1,'streak_7'::text,(with_badges.streak >= 7)), (2,'streak_30'::text,(with_badges.streak >= 30)), (3,'streak_365'::text,(with_badges.streak >= 365)), (4,'chapters_1'::text,(with_badges.chapters >= 1)), (5,'chapters_10'::text,(with_badges.chapters >= 10)), (6,'chapters_100'::text,(with_badges.chapters >= 100))) b(place, name, is_reached) WHERE (b.is_reached AND (b.name <> ALL (with_badges.badges))) ORDER BY b.place));

ALTER FUNCTION learning.with_badges(badges text[], streak integer, chapters integer) OWNER TO app_owner;

COMMENT ON FUNCTION learning.with_badges(badges text[], streak integer, chapters integer) IS 'The badges, and those that are reached now.';

CREATE FUNCTION ops.audit_row() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
$$;

ALTER FUNCTION ops.audit_row() OWNER TO app_definer;

COMMENT ON FUNCTION ops.audit_row() IS 'Notes in the audit log that a row was added, changed or removed; a trigger, told what to call the row.';

CREATE FUNCTION ops.drop_expired_partition(at timestamp with time zone DEFAULT now()) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '100ms'
    AS $_$
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
$_$;

ALTER FUNCTION ops.drop_expired_partition(at timestamp with time zone) OWNER TO app_owner;

COMMENT ON FUNCTION ops.drop_expired_partition(at timestamp with time zone) IS 'Drops the oldest partition whose rows are past the retention of its table, and returns its name; or null.';

CREATE FUNCTION ops.ensure_partitions(at timestamp with time zone DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
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
$$;

ALTER FUNCTION ops.ensure_partitions(at timestamp with time zone) OWNER TO app_owner;

COMMENT ON FUNCTION ops.ensure_partitions(at timestamp with time zone) IS 'Makes the missing partitions of every registered table, for that time and ahead of it; returns how many.';

CREATE FUNCTION ops.make_partition(parent regclass, partition text, partition_column text, append_only boolean, lower_bound timestamp with time zone, upper_bound timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
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
$_$;

ALTER FUNCTION ops.make_partition(parent regclass, partition text, partition_column text, append_only boolean, lower_bound timestamp with time zone, upper_bound timestamp with time zone) OWNER TO app_owner;

COMMENT ON FUNCTION ops.make_partition(parent regclass, partition text, partition_column text, append_only boolean, lower_bound timestamp with time zone, upper_bound timestamp with time zone) IS 'Makes one partition; rows of its time come along.';

CREATE FUNCTION ops.purge_audit_log(tenant uuid, batch integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
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
$$;

ALTER FUNCTION ops.purge_audit_log(tenant uuid, batch integer) OWNER TO app_definer;

COMMENT ON FUNCTION ops.purge_audit_log(tenant uuid, batch integer) IS 'Removes so many entries of a tenant that is being deleted; returns how many.';

CREATE FUNCTION ops.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception '% on %.%, whose rows are added and never changed', lower(tg_op), tg_table_schema, tg_table_name using
    errcode = 'AO001',
    hint = 'write another row that says what is different; old rows go when maintenance drops their partition';
end
$$;

ALTER FUNCTION ops.refuse_change() OWNER TO app_owner;

COMMENT ON FUNCTION ops.refuse_change() IS 'Refuses to change or remove rows; for triggers.';

CREATE FUNCTION ops.refuse_delete_of_audit() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (select from tenancy.tenants where id = old.tenant_id and status = 'deleting') then
    return old;
  end if;
  raise exception 'delete on %.%, whose rows are added and never changed', tg_table_schema, tg_table_name using
    errcode = 'AO001',
    hint = 'entries go with their tenant, by app-db tenant delete, or when maintenance drops their partition';
end
$$;

ALTER FUNCTION ops.refuse_delete_of_audit() OWNER TO app_owner;

COMMENT ON FUNCTION ops.refuse_delete_of_audit() IS 'Refuses to remove entries of a tenant that is not being deleted.';

CREATE FUNCTION tenancy.bump_membership() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  changed uuid[] := case tg_op
    when 'INSERT' then array[new.membership_id]
    when 'DELETE' then array[old.membership_id]
    else array[old.membership_id, new.membership_id]
  end;
  tenant uuid := case when tg_op = 'DELETE' then old.tenant_id else new.tenant_id end;
begin
  update tenancy.memberships as m set epoch = m.epoch + 1
  where m.tenant_id = tenant and m.id = any(changed)
    and exists (select from tenancy.tenants as t where t.id = tenant and t.status <> 'importing');
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end
$$;

ALTER FUNCTION tenancy.bump_membership() OWNER TO app_owner;

COMMENT ON FUNCTION tenancy.bump_membership() IS 'Counts a change of a member''s roles in its membership.';

CREATE FUNCTION tenancy.guard_membership() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if tg_op = 'UPDATE' then
    if (new.role, new.status) is distinct from (old.role, old.status) then
      new.epoch := greatest(new.epoch, old.epoch + 1);
    end if;
    if new.role = 'owner' and new.status = 'active' and new.tenant_id = old.tenant_id then
      return new;
    end if;
  end if;
  if old.role = 'owner' and old.status = 'active' then
    -- a change and not only a lock: under REPEATABLE READ the second one fails then, and does not count too many
    update tenancy.tenants set updated_at = clock_timestamp() where id = old.tenant_id;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end
$$;

ALTER FUNCTION tenancy.guard_membership() OWNER TO app_owner;

COMMENT ON FUNCTION tenancy.guard_membership() IS 'Counts changes of a membership; holds the tenant before an owner goes.';

CREATE TABLE tenancy.tenants (
    id uuid DEFAULT app.uuid7() NOT NULL,
    slug text NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    subscription_plan text DEFAULT 'free'::text NOT NULL,
    subscription_status text DEFAULT 'trial'::text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    rejection_reason text,
    approved_at timestamp with time zone,
    approved_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    suspended_at timestamp with time zone,
    suspension_reason text,
    deletion_requested_at timestamp with time zone,
    delete_after timestamp with time zone,
    deletion_started_at timestamp with time zone,
    CONSTRAINT ck_tenants_approved CHECK (((status <> 'approved'::text) OR ((approved_at IS NOT NULL) AND (approved_by IS NOT NULL)))),
    CONSTRAINT ck_tenants_deletion CHECK ((((status = 'deleting'::text) = (deletion_requested_at IS NOT NULL)) AND ((status = 'deleting'::text) = (delete_after IS NOT NULL)) AND ((status = 'deleting'::text) OR (deletion_started_at IS NULL)))),
    CONSTRAINT ck_tenants_name CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT ck_tenants_rejection_reason CHECK ((((status <> 'rejected'::text) OR (rejection_reason IS NOT NULL)) AND ((rejection_reason IS NULL) OR (status = ANY (ARRAY['rejected'::text, 'importing'::text, 'deleting'::text]))))),
    CONSTRAINT ck_tenants_settings CHECK ((jsonb_typeof(settings) = 'object'::text)),
    CONSTRAINT ck_tenants_slug CHECK ((slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'::text)),
    CONSTRAINT ck_tenants_status CHECK ((status = ANY (ARRAY['pending'::text, 'approved'::text, 'rejected'::text, 'suspended'::text, 'importing'::text, 'deleting'::text]))),
    CONSTRAINT ck_tenants_subscription_status CHECK ((subscription_status = ANY (ARRAY['trial'::text, 'active'::text, 'past_due'::text, 'canceled'::text]))),
    CONSTRAINT ck_tenants_suspended CHECK ((((suspended_at IS NULL) OR (status = ANY (ARRAY['suspended'::text, 'importing'::text, 'deleting'::text]))) AND ((suspension_reason IS NULL) OR (suspended_at IS NOT NULL)))),
    CONSTRAINT ck_tenants_suspension_reason CHECK (((length(suspension_reason) >= 1) AND (length(suspension_reason) <= 1000)))
);

ALTER TABLE ONLY tenancy.tenants FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.tenants OWNER TO app_owner;

COMMENT ON TABLE tenancy.tenants IS 'The customers of the application; each sees its own row only.';

COMMENT ON COLUMN tenancy.tenants.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN tenancy.tenants.slug IS 'Short name in URLs: lower-case letters, digits and hyphens.';

COMMENT ON COLUMN tenancy.tenants.name IS 'What people call it.';

COMMENT ON COLUMN tenancy.tenants.settings IS 'The tenant''s own settings, a JSON object.';

COMMENT ON COLUMN tenancy.tenants.subscription_plan IS 'The plan it pays for.';

COMMENT ON COLUMN tenancy.tenants.subscription_status IS 'trial, active, past_due or canceled.';

COMMENT ON COLUMN tenancy.tenants.status IS 'Where it stands: pending, approved, rejected, suspended, importing or deleting.';

COMMENT ON COLUMN tenancy.tenants.rejection_reason IS 'Why it was rejected; empty otherwise.';

COMMENT ON COLUMN tenancy.tenants.approved_at IS 'When it was approved.';

COMMENT ON COLUMN tenancy.tenants.approved_by IS 'Who approved it.';

COMMENT ON COLUMN tenancy.tenants.created_at IS 'When the row was made.';

COMMENT ON COLUMN tenancy.tenants.updated_at IS 'When the row was last changed.';

COMMENT ON COLUMN tenancy.tenants.suspended_at IS 'When it was suspended; empty otherwise.';

COMMENT ON COLUMN tenancy.tenants.suspension_reason IS 'Why it was suspended.';

COMMENT ON COLUMN tenancy.tenants.deletion_requested_at IS 'When its deletion was asked for; empty otherwise.';

COMMENT ON COLUMN tenancy.tenants.delete_after IS 'When its rows may go; until then the deletion can be taken back.';

COMMENT ON COLUMN tenancy.tenants.deletion_started_at IS 'When the first of its rows went; from then on there is no way back.';

CREATE FUNCTION tenancy.is_in_transit(tenant uuid) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (EXISTS (SELECT FROM tenancy.tenants t WHERE ((t.id = is_in_transit.tenant) AND (t.status = ANY (ARRAY['importing'::text, 'deleting'::text])))));

ALTER FUNCTION tenancy.is_in_transit(tenant uuid) OWNER TO app_owner;

COMMENT ON FUNCTION tenancy.is_in_transit(tenant uuid) IS 'Whether the rows of a tenant are being imported or deleted, when triggers must neither count nor log.';

CREATE FUNCTION tenancy.keep_an_owner() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if exists (
    select from tenancy.tenants where id = old.tenant_id and status not in ('importing', 'deleting')
  ) and not exists (
    select from tenancy.memberships where tenant_id = old.tenant_id and role = 'owner' and status = 'active'
  ) then
    raise exception 'the tenant % would be without an owner', old.tenant_id using
      errcode = 'TN002',
      hint = 'make another member an owner, in the same transaction or before';
  end if;
  return null;
end
$$;

ALTER FUNCTION tenancy.keep_an_owner() OWNER TO app_owner;

COMMENT ON FUNCTION tenancy.keep_an_owner() IS 'Refuses, at commit, to leave a tenant without an owner.';

CREATE TABLE app.alembic_version (
    version_num character varying(32) NOT NULL
);

ALTER TABLE app.alembic_version OWNER TO app_owner;

COMMENT ON TABLE app.alembic_version IS 'The revisions that are applied; kept by Alembic.';

COMMENT ON COLUMN app.alembic_version.version_num IS 'The newest revision of a chain.';

CREATE TABLE auth.account_throttle (
    user_id uuid NOT NULL,
    consecutive_failures integer DEFAULT 0 NOT NULL,
    next_attempt_at timestamp with time zone,
    last_failure_at timestamp with time zone,
    CONSTRAINT ck_account_throttle_consecutive_failures CHECK ((consecutive_failures >= 0))
)
WITH (fillfactor='70');

ALTER TABLE ONLY auth.account_throttle FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.account_throttle OWNER TO app_owner;

COMMENT ON TABLE auth.account_throttle IS 'Failed logins of a person since the last good one.';

COMMENT ON COLUMN auth.account_throttle.user_id IS 'The person.';

COMMENT ON COLUMN auth.account_throttle.consecutive_failures IS 'Failed logins since the last one that succeeded.';

COMMENT ON COLUMN auth.account_throttle.next_attempt_at IS 'Until when further attempts are refused.';

COMMENT ON COLUMN auth.account_throttle.last_failure_at IS 'When the last one failed.';

CREATE TABLE auth.api_keys (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid,
    name text NOT NULL,
    prefix text NOT NULL,
    last4 text NOT NULL,
    key_hash bytea NOT NULL,
    scopes text[] DEFAULT '{}'::text[] NOT NULL,
    created_by uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    last_used_at timestamp with time zone,
    last_used_ip inet,
    revoked_at timestamp with time zone,
    replaced_by uuid,
    CONSTRAINT ck_api_keys_expiry CHECK ((expires_at > created_at)),
    CONSTRAINT ck_api_keys_key_hash CHECK ((octet_length(key_hash) = 32)),
    CONSTRAINT ck_api_keys_last4 CHECK ((length(last4) = 4)),
    CONSTRAINT ck_api_keys_name CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT ck_api_keys_prefix CHECK (((length(prefix) >= 1) AND (length(prefix) <= 32))),
    CONSTRAINT ck_api_keys_replaced_by CHECK ((replaced_by <> id)),
    CONSTRAINT ck_api_keys_scopes CHECK ((cardinality(scopes) <= 100))
)
WITH (fillfactor='70');

ALTER TABLE ONLY auth.api_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.api_keys OWNER TO app_owner;

COMMENT ON TABLE auth.api_keys IS 'Keys by which programs work for a tenant.';

COMMENT ON COLUMN auth.api_keys.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN auth.api_keys.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN auth.api_keys.user_id IS 'The person whose key it is; empty for the tenant''s own. No foreign key, see auth.api_key_check.';

COMMENT ON COLUMN auth.api_keys.name IS 'What people call it.';

COMMENT ON COLUMN auth.api_keys.prefix IS 'The beginning of the key, to tell it by.';

COMMENT ON COLUMN auth.api_keys.last4 IS 'Its last four characters, to tell it by.';

COMMENT ON COLUMN auth.api_keys.key_hash IS 'SHA-256 of the key, which has 256 random bits.';

COMMENT ON COLUMN auth.api_keys.scopes IS 'What it may be used for.';

COMMENT ON COLUMN auth.api_keys.created_by IS 'The person who made it.';

COMMENT ON COLUMN auth.api_keys.created_at IS 'When the row was made.';

COMMENT ON COLUMN auth.api_keys.expires_at IS 'Until when it is good; empty for no end.';

COMMENT ON COLUMN auth.api_keys.last_used_at IS 'When it was last used, to a minute; without an index, as it moves.';

COMMENT ON COLUMN auth.api_keys.last_used_ip IS 'From which address it was last used.';

COMMENT ON COLUMN auth.api_keys.revoked_at IS 'When it was ended.';

COMMENT ON COLUMN auth.api_keys.replaced_by IS 'The key that takes its place; both are good until this one is ended.';

CREATE TABLE auth.devices (
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    cookie_hash bytea NOT NULL,
    fingerprint_hmac bytea,
    label text,
    user_agent text,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    last_ip inet,
    trusted_until timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT ck_devices_cookie_hash CHECK ((octet_length(cookie_hash) = 32)),
    CONSTRAINT ck_devices_fingerprint_hmac CHECK ((octet_length(fingerprint_hmac) = 32)),
    CONSTRAINT ck_devices_label CHECK (((length(label) >= 1) AND (length(label) <= 100))),
    CONSTRAINT ck_devices_user_agent CHECK ((length(user_agent) <= 512))
)
WITH (fillfactor='70');

ALTER TABLE ONLY auth.devices FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.devices OWNER TO app_owner;

COMMENT ON TABLE auth.devices IS 'What people log in on; each keeps a cookie of its own.';

COMMENT ON COLUMN auth.devices.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN auth.devices.user_id IS 'The person who logged in on it.';

COMMENT ON COLUMN auth.devices.cookie_hash IS 'SHA-256 of the cookie that the device keeps.';

COMMENT ON COLUMN auth.devices.fingerprint_hmac IS 'Keyed digest of what the device looks like; a sign of risk, never a reason to log out.';

COMMENT ON COLUMN auth.devices.label IS 'What the person calls it.';

COMMENT ON COLUMN auth.devices.user_agent IS 'What its browser says it is.';

COMMENT ON COLUMN auth.devices.first_seen_at IS 'When the row was made.';

COMMENT ON COLUMN auth.devices.last_seen_at IS 'When it was last used; without an index, as it moves.';

COMMENT ON COLUMN auth.devices.last_ip IS 'From which address it was last used.';

COMMENT ON COLUMN auth.devices.trusted_until IS 'Until when it needs no second factor.';

COMMENT ON COLUMN auth.devices.revoked_at IS 'When it was cast off.';

CREATE TABLE auth.login_attempts (
    id uuid DEFAULT app.uuid7() NOT NULL,
    attempted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    email_digest bytea,
    user_id uuid,
    ip inet,
    ip_bucket inet GENERATED ALWAYS AS (auth.ip_bucket(ip)) STORED,
    device_id uuid,
    success boolean NOT NULL,
    reason text NOT NULL,
    CONSTRAINT ck_login_attempts_email_digest CHECK ((octet_length(email_digest) = 32)),
    CONSTRAINT ck_login_attempts_reason CHECK ((reason = ANY (ARRAY['ok'::text, 'invalid_password'::text, 'unknown_user'::text, 'rate_limited'::text, 'locked'::text, 'mfa_failed'::text, 'suspended'::text, 'unverified'::text]))),
    CONSTRAINT ck_login_attempts_success CHECK ((success = (reason = 'ok'::text)))
)
PARTITION BY RANGE (attempted_at);

ALTER TABLE ONLY auth.login_attempts FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.login_attempts OWNER TO app_owner;

COMMENT ON TABLE auth.login_attempts IS 'Who tried to log in, for 90 days; what limits is in auth.rate_buckets.';

COMMENT ON COLUMN auth.login_attempts.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN auth.login_attempts.attempted_at IS 'When it was.';

COMMENT ON COLUMN auth.login_attempts.email_digest IS 'Keyed digest of the address that was typed, see auth.email_digest; empty where none was.';

COMMENT ON COLUMN auth.login_attempts.user_id IS 'The person with that address, or empty; no foreign key, as rows outlive people until they are too old.';

COMMENT ON COLUMN auth.login_attempts.ip IS 'Where it came from.';

COMMENT ON COLUMN auth.login_attempts.ip_bucket IS 'The network that counts as one address.';

COMMENT ON COLUMN auth.login_attempts.device_id IS 'The known device it came from; no foreign key, as for the person.';

COMMENT ON COLUMN auth.login_attempts.success IS 'Whether the person was let in.';

COMMENT ON COLUMN auth.login_attempts.reason IS 'ok, or why not.';

CREATE TABLE auth.login_attempts_default (
    id uuid DEFAULT app.uuid7() CONSTRAINT login_attempts_id_not_null NOT NULL,
    attempted_at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT login_attempts_attempted_at_not_null NOT NULL,
    email_digest bytea,
    user_id uuid,
    ip inet,
    ip_bucket inet GENERATED ALWAYS AS (auth.ip_bucket(ip)) STORED,
    device_id uuid,
    success boolean CONSTRAINT login_attempts_success_not_null NOT NULL,
    reason text CONSTRAINT login_attempts_reason_not_null NOT NULL,
    CONSTRAINT ck_login_attempts_email_digest CHECK ((octet_length(email_digest) = 32)),
    CONSTRAINT ck_login_attempts_reason CHECK ((reason = ANY (ARRAY['ok'::text, 'invalid_password'::text, 'unknown_user'::text, 'rate_limited'::text, 'locked'::text, 'mfa_failed'::text, 'suspended'::text, 'unverified'::text]))),
    CONSTRAINT ck_login_attempts_success CHECK ((success = (reason = 'ok'::text)))
);

ALTER TABLE ONLY auth.login_attempts_default FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.login_attempts_default OWNER TO app_owner;

COMMENT ON TABLE auth.login_attempts_default IS 'Rows of auth.login_attempts that no other partition is there for; should be empty.';

CREATE TABLE auth.mfa_factors (
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    kind text NOT NULL,
    label text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    secret_ciphertext bytea,
    key_id smallint,
    digits smallint DEFAULT 6 NOT NULL,
    period smallint DEFAULT 30 NOT NULL,
    algorithm text DEFAULT 'SHA1'::text NOT NULL,
    last_step bigint DEFAULT '-1'::integer NOT NULL,
    consecutive_failures smallint DEFAULT 0 NOT NULL,
    locked_until timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    confirmed_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT ck_mfa_factors_algorithm CHECK ((algorithm = ANY (ARRAY['SHA1'::text, 'SHA256'::text, 'SHA512'::text]))),
    CONSTRAINT ck_mfa_factors_confirmed CHECK (((status <> 'active'::text) OR (confirmed_at IS NOT NULL))),
    CONSTRAINT ck_mfa_factors_consecutive_failures CHECK ((consecutive_failures >= 0)),
    CONSTRAINT ck_mfa_factors_digits CHECK ((digits = ANY (ARRAY[6, 8]))),
    CONSTRAINT ck_mfa_factors_kind CHECK ((kind = ANY (ARRAY['totp'::text, 'webauthn'::text]))),
    CONSTRAINT ck_mfa_factors_label CHECK (((length(label) >= 1) AND (length(label) <= 100))),
    CONSTRAINT ck_mfa_factors_last_step CHECK ((last_step >= '-1'::integer)),
    CONSTRAINT ck_mfa_factors_period CHECK (((period >= 15) AND (period <= 120))),
    CONSTRAINT ck_mfa_factors_secret CHECK (((kind <> 'totp'::text) OR ((secret_ciphertext IS NOT NULL) AND (key_id IS NOT NULL)))),
    CONSTRAINT ck_mfa_factors_secret_ciphertext CHECK (((octet_length(secret_ciphertext) >= 44) AND (octet_length(secret_ciphertext) <= 4096))),
    CONSTRAINT ck_mfa_factors_status CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'disabled'::text])))
)
WITH (fillfactor='70');

ALTER TABLE ONLY auth.mfa_factors FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.mfa_factors OWNER TO app_owner;

COMMENT ON TABLE auth.mfa_factors IS 'Second factors of people.';

COMMENT ON COLUMN auth.mfa_factors.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN auth.mfa_factors.user_id IS 'The person.';

COMMENT ON COLUMN auth.mfa_factors.kind IS 'totp or webauthn.';

COMMENT ON COLUMN auth.mfa_factors.label IS 'What the person calls it.';

COMMENT ON COLUMN auth.mfa_factors.status IS 'pending until the person has shown a code, then active, in the end disabled.';

COMMENT ON COLUMN auth.mfa_factors.secret_ciphertext IS 'The secret, encrypted by the application and bound to this row: nonce, ciphertext, tag.';

COMMENT ON COLUMN auth.mfa_factors.key_id IS 'Which key of the application it is encrypted with.';

COMMENT ON COLUMN auth.mfa_factors.digits IS 'How many digits a code has.';

COMMENT ON COLUMN auth.mfa_factors.period IS 'How many seconds a step takes.';

COMMENT ON COLUMN auth.mfa_factors.algorithm IS 'SHA1, SHA256 or SHA512.';

COMMENT ON COLUMN auth.mfa_factors.last_step IS 'The step of the newest code that was accepted; it and those before are used up.';

COMMENT ON COLUMN auth.mfa_factors.consecutive_failures IS 'Wrong codes since the last right one.';

COMMENT ON COLUMN auth.mfa_factors.locked_until IS 'Until when no code is accepted.';

COMMENT ON COLUMN auth.mfa_factors.created_at IS 'When the row was made.';

COMMENT ON COLUMN auth.mfa_factors.confirmed_at IS 'When the person first showed a code.';

COMMENT ON COLUMN auth.mfa_factors.last_used_at IS 'When a code was last accepted.';

CREATE TABLE auth.one_time_tokens (
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    purpose text NOT NULL,
    token_hash bytea NOT NULL,
    email_key text NOT NULL COLLATE pg_catalog."C",
    auth_epoch integer NOT NULL,
    payload jsonb DEFAULT '{}'::jsonb NOT NULL,
    requested_ip inet,
    attempts smallint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    consumed_at timestamp with time zone,
    superseded_at timestamp with time zone,
    CONSTRAINT ck_one_time_tokens_attempts CHECK ((attempts >= 0)),
    CONSTRAINT ck_one_time_tokens_email_key CHECK (((length(email_key) >= 3) AND (length(email_key) <= 254))),
    CONSTRAINT ck_one_time_tokens_expiry CHECK ((expires_at > created_at)),
    CONSTRAINT ck_one_time_tokens_lifetime CHECK (((purpose = 'email_verify'::text) OR (expires_at <= (created_at + '24:00:00'::interval)))),
    CONSTRAINT ck_one_time_tokens_payload CHECK ((jsonb_typeof(payload) = 'object'::text)),
    CONSTRAINT ck_one_time_tokens_purpose CHECK ((purpose = ANY (ARRAY['password_reset'::text, 'email_verify'::text, 'email_change'::text, 'magic_link'::text, 'unlock'::text]))),
    CONSTRAINT ck_one_time_tokens_token_hash CHECK ((octet_length(token_hash) = 32))
);

ALTER TABLE ONLY auth.one_time_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.one_time_tokens OWNER TO app_owner;

COMMENT ON TABLE auth.one_time_tokens IS 'What is mailed to people to prove themselves by, once.';

COMMENT ON COLUMN auth.one_time_tokens.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN auth.one_time_tokens.user_id IS 'The person it was made for.';

COMMENT ON COLUMN auth.one_time_tokens.purpose IS 'password_reset, email_verify, email_change, magic_link or unlock.';

COMMENT ON COLUMN auth.one_time_tokens.token_hash IS 'SHA-256 of the token, or a keyed digest of a short code.';

COMMENT ON COLUMN auth.one_time_tokens.email_key IS 'The address it was mailed to; where that is the person''s own, it still has to be when it is used.';

COMMENT ON COLUMN auth.one_time_tokens.auth_epoch IS 'The person''s epoch when it was made: a new password or the end of all sessions ends it too.';

COMMENT ON COLUMN auth.one_time_tokens.payload IS 'Whatever else its purpose needs, a JSON object; no secrets.';

COMMENT ON COLUMN auth.one_time_tokens.requested_ip IS 'The address it was asked for from.';

COMMENT ON COLUMN auth.one_time_tokens.attempts IS 'How often a short code was tried.';

COMMENT ON COLUMN auth.one_time_tokens.created_at IS 'When the row was made.';

COMMENT ON COLUMN auth.one_time_tokens.expires_at IS 'Until when it is good: 24 hours at the most, but for email_verify.';

COMMENT ON COLUMN auth.one_time_tokens.consumed_at IS 'When it was used.';

COMMENT ON COLUMN auth.one_time_tokens.superseded_at IS 'When a newer one took its place.';

CREATE TABLE auth.rate_buckets (
    scope text NOT NULL COLLATE pg_catalog."C",
    key bytea NOT NULL,
    hits timestamp with time zone[] NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT ck_rate_buckets_hits CHECK (((cardinality(hits) >= 1) AND (cardinality(hits) <= 1000))),
    CONSTRAINT ck_rate_buckets_key CHECK (((octet_length(key) >= 1) AND (octet_length(key) <= 64))),
    CONSTRAINT ck_rate_buckets_scope CHECK ((scope ~ '^[a-z][a-z0-9_]{0,39}$'::text))
)
WITH (fillfactor='70');

ALTER TABLE ONLY auth.rate_buckets FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.rate_buckets OWNER TO app_owner;

COMMENT ON TABLE auth.rate_buckets IS 'What counts towards limits, a row for each key.';

COMMENT ON COLUMN auth.rate_buckets.scope IS 'What is limited, e.g. login_email.';

COMMENT ON COLUMN auth.rate_buckets.key IS 'Whom it is limited for: a digest, an id or a network, as bytes.';

COMMENT ON COLUMN auth.rate_buckets.hits IS 'The times of the last hits, no more than the limit.';

COMMENT ON COLUMN auth.rate_buckets.expires_at IS 'When the last hit stops counting, and the row may go.';

CREATE TABLE auth.rate_limits (
    scope text NOT NULL,
    max_hits integer NOT NULL,
    period interval NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_rate_limits_max_hits CHECK (((max_hits >= 1) AND (max_hits <= 1000))),
    CONSTRAINT ck_rate_limits_period CHECK (((period >= '00:00:01'::interval) AND (period <= '31 days'::interval))),
    CONSTRAINT ck_rate_limits_scope CHECK ((scope ~ '^[a-z][a-z0-9_]{0,39}$'::text))
);

ALTER TABLE ONLY auth.rate_limits FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.rate_limits OWNER TO app_owner;

COMMENT ON TABLE auth.rate_limits IS 'How often something may be tried.';

COMMENT ON COLUMN auth.rate_limits.scope IS 'What is limited, e.g. login_email.';

COMMENT ON COLUMN auth.rate_limits.max_hits IS 'How often within the period.';

COMMENT ON COLUMN auth.rate_limits.period IS 'The period, which slides.';

COMMENT ON COLUMN auth.rate_limits.updated_at IS 'When the row was last changed.';

CREATE TABLE auth.recovery_codes (
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    batch_id uuid NOT NULL,
    code_hash bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT ck_recovery_codes_code_hash CHECK ((octet_length(code_hash) = 32))
);

ALTER TABLE ONLY auth.recovery_codes FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.recovery_codes OWNER TO app_owner;

COMMENT ON TABLE auth.recovery_codes IS 'Codes that people keep on paper, in place of a second factor.';

COMMENT ON COLUMN auth.recovery_codes.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN auth.recovery_codes.user_id IS 'The person.';

COMMENT ON COLUMN auth.recovery_codes.batch_id IS 'Codes that were made together have the same.';

COMMENT ON COLUMN auth.recovery_codes.code_hash IS 'SHA-256 of a code of at least 112 random bits.';

COMMENT ON COLUMN auth.recovery_codes.created_at IS 'When the row was made.';

COMMENT ON COLUMN auth.recovery_codes.used_at IS 'When it was used.';

CREATE TABLE auth.refresh_tokens (
    session_id uuid NOT NULL,
    user_id uuid NOT NULL,
    generation integer DEFAULT 0 NOT NULL,
    token_hash bytea NOT NULL,
    prev_hash bytea,
    successor_salt bytea,
    key_id smallint NOT NULL,
    rotated_at timestamp with time zone DEFAULT now() NOT NULL,
    reuse_detected_at timestamp with time zone,
    CONSTRAINT ck_refresh_tokens_generation CHECK ((generation >= 0)),
    CONSTRAINT ck_refresh_tokens_prev_hash CHECK ((octet_length(prev_hash) = 32)),
    CONSTRAINT ck_refresh_tokens_successor_salt CHECK ((octet_length(successor_salt) = 32)),
    CONSTRAINT ck_refresh_tokens_token_hash CHECK ((octet_length(token_hash) = 32))
)
WITH (fillfactor='70');

ALTER TABLE ONLY auth.refresh_tokens FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.refresh_tokens OWNER TO app_owner;

COMMENT ON TABLE auth.refresh_tokens IS 'How each session is prolonged; hashes only, changed in place.';

COMMENT ON COLUMN auth.refresh_tokens.session_id IS 'The session; it has one row, changed in place at each refresh.';

COMMENT ON COLUMN auth.refresh_tokens.user_id IS 'The person, as in the session.';

COMMENT ON COLUMN auth.refresh_tokens.generation IS 'How often it was refreshed.';

COMMENT ON COLUMN auth.refresh_tokens.token_hash IS 'SHA-256 of the token that is good now.';

COMMENT ON COLUMN auth.refresh_tokens.prev_hash IS 'SHA-256 of the one before, by which a late or a stolen one is told.';

COMMENT ON COLUMN auth.refresh_tokens.successor_salt IS 'What the current token was derived with, so that callers at once get the same one.';

COMMENT ON COLUMN auth.refresh_tokens.key_id IS 'Which key of the server the token was derived with.';

COMMENT ON COLUMN auth.refresh_tokens.rotated_at IS 'When it was last refreshed.';

COMMENT ON COLUMN auth.refresh_tokens.reuse_detected_at IS 'When an old token was shown again.';

CREATE TABLE auth.sessions (
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    tenant_id uuid,
    device_id uuid,
    auth_epoch integer NOT NULL,
    member_epoch integer,
    token_hash bytea,
    aal smallint DEFAULT 1 NOT NULL,
    amr text[] DEFAULT '{}'::text[] NOT NULL,
    auth_time timestamp with time zone DEFAULT now() NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    idle_expires_at timestamp with time zone NOT NULL,
    absolute_expires_at timestamp with time zone NOT NULL,
    ip inet,
    user_agent text,
    revoked_at timestamp with time zone,
    revoke_reason text,
    revoked_by uuid,
    CONSTRAINT ck_sessions_aal CHECK (((aal >= 1) AND (aal <= 3))),
    CONSTRAINT ck_sessions_amr CHECK ((cardinality(amr) <= 10)),
    CONSTRAINT ck_sessions_expiry CHECK (((idle_expires_at <= absolute_expires_at) AND (created_at < absolute_expires_at))),
    CONSTRAINT ck_sessions_member_epoch CHECK (((tenant_id IS NULL) = (member_epoch IS NULL))),
    CONSTRAINT ck_sessions_revoke_reason CHECK (((length(revoke_reason) >= 1) AND (length(revoke_reason) <= 100))),
    CONSTRAINT ck_sessions_revoked CHECK (((revoked_at IS NULL) = (revoke_reason IS NULL))),
    CONSTRAINT ck_sessions_revoked_by CHECK (((revoked_by IS NULL) OR (revoked_at IS NOT NULL))),
    CONSTRAINT ck_sessions_token_hash CHECK ((octet_length(token_hash) = 32)),
    CONSTRAINT ck_sessions_user_agent CHECK ((length(user_agent) <= 512))
)
WITH (fillfactor='70');

ALTER TABLE ONLY auth.sessions FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.sessions OWNER TO app_owner;

COMMENT ON TABLE auth.sessions IS 'Logins that last; see auth.valid_session for which are good.';

COMMENT ON COLUMN auth.sessions.id IS 'UUIDv7: unique, and in the order of creation; also what a token names its session by.';

COMMENT ON COLUMN auth.sessions.user_id IS 'The person.';

COMMENT ON COLUMN auth.sessions.tenant_id IS 'The tenant it is for, or empty; no foreign key, as memberships belong to another service.';

COMMENT ON COLUMN auth.sessions.device_id IS 'The device it was opened on.';

COMMENT ON COLUMN auth.sessions.auth_epoch IS 'The person''s epoch when it was opened.';

COMMENT ON COLUMN auth.sessions.member_epoch IS 'The membership''s epoch when it was opened for a tenant.';

COMMENT ON COLUMN auth.sessions.token_hash IS 'SHA-256 of the token, where the session is carried by an opaque cookie.';

COMMENT ON COLUMN auth.sessions.aal IS 'How surely the person was recognised: 1 to 3, as in NIST SP 800-63B.';

COMMENT ON COLUMN auth.sessions.amr IS 'By what the person was recognised, e.g. pwd, otp.';

COMMENT ON COLUMN auth.sessions.auth_time IS 'When the person last proved who he is.';

COMMENT ON COLUMN auth.sessions.created_at IS 'When the row was made.';

COMMENT ON COLUMN auth.sessions.last_seen_at IS 'When it was last used; without an index, as it moves.';

COMMENT ON COLUMN auth.sessions.idle_expires_at IS 'When it ends unless it is used; without an index, as it moves.';

COMMENT ON COLUMN auth.sessions.absolute_expires_at IS 'When it ends at the latest.';

COMMENT ON COLUMN auth.sessions.ip IS 'The address it was opened from.';

COMMENT ON COLUMN auth.sessions.user_agent IS 'What the browser said it was.';

COMMENT ON COLUMN auth.sessions.revoked_at IS 'When it was ended before its time.';

COMMENT ON COLUMN auth.sessions.revoke_reason IS 'Why it was ended.';

COMMENT ON COLUMN auth.sessions.revoked_by IS 'Who ended it; empty for the system itself.';

CREATE TABLE auth.user_activity (
    user_id uuid NOT NULL,
    last_login_at timestamp with time zone,
    last_login_ip inet,
    last_seen_at timestamp with time zone
)
WITH (fillfactor='70');

ALTER TABLE ONLY auth.user_activity FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.user_activity OWNER TO app_owner;

COMMENT ON TABLE auth.user_activity IS 'What changes with each login of a person.';

COMMENT ON COLUMN auth.user_activity.user_id IS 'The person.';

COMMENT ON COLUMN auth.user_activity.last_login_at IS 'When the person last logged in.';

COMMENT ON COLUMN auth.user_activity.last_login_ip IS 'From which address.';

COMMENT ON COLUMN auth.user_activity.last_seen_at IS 'When the person was last seen at work.';

CREATE TABLE auth.users (
    id uuid DEFAULT app.uuid7() NOT NULL,
    email text NOT NULL,
    email_key text GENERATED ALWAYS AS (lower((email COLLATE "C"))) STORED NOT NULL COLLATE pg_catalog."C",
    email_verified_at timestamp with time zone,
    provider text,
    subject text,
    status text DEFAULT 'pending'::text NOT NULL,
    auth_epoch integer DEFAULT 1 NOT NULL,
    password_changed_at timestamp with time zone,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_users_auth_epoch CHECK ((auth_epoch >= 1)),
    CONSTRAINT ck_users_deleted CHECK (((status = 'deleted'::text) = (deleted_at IS NOT NULL))),
    CONSTRAINT ck_users_email CHECK ((((length(email) >= 3) AND (length(email) <= 254)) AND (email = btrim(email)) AND (POSITION(('@'::text) IN (email)) > 1) AND (email !~ '[[:space:][:cntrl:]]'::text))),
    CONSTRAINT ck_users_identity CHECK (((provider IS NULL) = (subject IS NULL))),
    CONSTRAINT ck_users_provider CHECK (((length(provider) >= 1) AND (length(provider) <= 64))),
    CONSTRAINT ck_users_status CHECK ((status = ANY (ARRAY['pending'::text, 'active'::text, 'suspended'::text, 'deleted'::text]))),
    CONSTRAINT ck_users_subject CHECK (((length(subject) >= 1) AND (length(subject) <= 255)))
);

ALTER TABLE ONLY auth.users FORCE ROW LEVEL SECURITY;

ALTER TABLE auth.users OWNER TO app_owner;

COMMENT ON TABLE auth.users IS 'The people who log in; one may belong to many tenants.';

COMMENT ON COLUMN auth.users.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN auth.users.email IS 'The address as the person wrote it; mail goes there and nowhere else.';

COMMENT ON COLUMN auth.users.email_key IS 'What addresses are compared by: ASCII letters in lower case, nothing else folded.';

COMMENT ON COLUMN auth.users.email_verified_at IS 'When the person proved to read mail at the address.';

COMMENT ON COLUMN auth.users.provider IS 'Who vouches for the person, e.g. cognito; empty for people with a password only.';

COMMENT ON COLUMN auth.users.subject IS 'The person''s identifier at the provider.';

COMMENT ON COLUMN auth.users.status IS 'pending, active, suspended or deleted.';

COMMENT ON COLUMN auth.users.auth_epoch IS 'Sessions and tokens carry the number that was current when they were made; a higher one ends them.';

COMMENT ON COLUMN auth.users.password_changed_at IS 'When the password was last set.';

COMMENT ON COLUMN auth.users.deleted_at IS 'When the person was deleted; the address is free again.';

COMMENT ON COLUMN auth.users.created_at IS 'When the row was made.';

COMMENT ON COLUMN auth.users.updated_at IS 'When the row was last changed.';

CREATE TABLE auth_private.digest_keys (
    purpose text NOT NULL,
    secret bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_digest_keys_purpose CHECK ((purpose = 'email'::text)),
    CONSTRAINT ck_digest_keys_secret CHECK ((octet_length(secret) = 32))
);

ALTER TABLE ONLY auth_private.digest_keys FORCE ROW LEVEL SECURITY;

ALTER TABLE auth_private.digest_keys OWNER TO app_secrets;

COMMENT ON TABLE auth_private.digest_keys IS 'Keys of digests that never leave.';

COMMENT ON COLUMN auth_private.digest_keys.purpose IS 'What is digested with it.';

COMMENT ON COLUMN auth_private.digest_keys.secret IS 'The key, 32 random bytes.';

COMMENT ON COLUMN auth_private.digest_keys.created_at IS 'When the row was made.';

CREATE TABLE auth_private.password_hashes (
    user_id uuid NOT NULL,
    prefix text NOT NULL,
    digest bytea NOT NULL,
    pepper_id smallint DEFAULT 0 NOT NULL,
    changed_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_password_hashes_digest CHECK ((octet_length(digest) = 32)),
    CONSTRAINT ck_password_hashes_prefix CHECK ((prefix ~ '^[$]argon2id[$]v=19[$]m=[0-9]{1,10},t=[0-9]{1,10},p=[0-9]{1,3}[$][A-Za-z0-9+/]{11,86}$'::text))
);

ALTER TABLE ONLY auth_private.password_hashes FORCE ROW LEVEL SECURITY;

ALTER TABLE auth_private.password_hashes OWNER TO app_secrets;

COMMENT ON TABLE auth_private.password_hashes IS 'Passwords, in a form that nobody can read.';

COMMENT ON COLUMN auth_private.password_hashes.user_id IS 'The person.';

COMMENT ON COLUMN auth_private.password_hashes.prefix IS 'Parameters and salt, as argon2 writes them before the hash.';

COMMENT ON COLUMN auth_private.password_hashes.digest IS 'The hash, 32 bytes.';

COMMENT ON COLUMN auth_private.password_hashes.pepper_id IS 'Which key of the application the password was keyed with before it was hashed; 0 for none.';

COMMENT ON COLUMN auth_private.password_hashes.changed_at IS 'When it was last set.';

CREATE TABLE billing.payment_methods (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    customer_id uuid NOT NULL,
    provider text NOT NULL,
    provider_reference text NOT NULL,
    kind text NOT NULL,
    brand text,
    last4 text,
    expiry_month smallint,
    expiry_year smallint,
    is_default boolean DEFAULT false NOT NULL,
    removed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_payment_methods_brand CHECK ((brand ~ '^[a-z][a-z_]{0,31}$'::text)),
    CONSTRAINT ck_payment_methods_card CHECK (((kind <> 'card'::text) OR ((brand IS NOT NULL) AND (last4 IS NOT NULL) AND (expiry_year IS NOT NULL)))),
    CONSTRAINT ck_payment_methods_expiry CHECK (((expiry_month IS NULL) = (expiry_year IS NULL))),
    CONSTRAINT ck_payment_methods_expiry_month CHECK (((expiry_month >= 1) AND (expiry_month <= 12))),
    CONSTRAINT ck_payment_methods_expiry_year CHECK (((expiry_year >= 2000) AND (expiry_year <= 2099))),
    CONSTRAINT ck_payment_methods_kind CHECK ((kind = ANY (ARRAY['card'::text, 'bank_account'::text, 'wallet'::text]))),
    CONSTRAINT ck_payment_methods_last4 CHECK ((last4 ~ '^[0-9]{4}$'::text)),
    CONSTRAINT ck_payment_methods_provider CHECK ((provider ~ '^[a-z][a-z0-9_]{0,31}$'::text)),
    CONSTRAINT ck_payment_methods_provider_reference CHECK ((((length(provider_reference) >= 1) AND (length(provider_reference) <= 200)) AND (provider_reference !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'::text))),
    CONSTRAINT ck_payment_methods_removed CHECK (((removed_at IS NULL) OR (NOT is_default)))
);

ALTER TABLE ONLY billing.payment_methods FORCE ROW LEVEL SECURITY;

ALTER TABLE billing.payment_methods OWNER TO app_owner;

COMMENT ON TABLE billing.payment_methods IS 'How customers pay, by a provider''s reference; never a card number.';

COMMENT ON COLUMN billing.payment_methods.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN billing.payment_methods.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN billing.payment_methods.customer_id IS 'Who pays with it; no foreign key: they live in another service.';

COMMENT ON COLUMN billing.payment_methods.provider IS 'The payment provider, e.g. stripe.';

COMMENT ON COLUMN billing.payment_methods.provider_reference IS 'What the provider calls it; never a card number.';

COMMENT ON COLUMN billing.payment_methods.kind IS 'card, bank_account or wallet.';

COMMENT ON COLUMN billing.payment_methods.brand IS 'The brand of a card, e.g. visa.';

COMMENT ON COLUMN billing.payment_methods.last4 IS 'The last four digits, for people to know it by.';

COMMENT ON COLUMN billing.payment_methods.expiry_month IS 'Month of expiry, 1 to 12.';

COMMENT ON COLUMN billing.payment_methods.expiry_year IS 'Year of expiry, four digits.';

COMMENT ON COLUMN billing.payment_methods.is_default IS 'Whether it is taken where none is chosen; one for each customer.';

COMMENT ON COLUMN billing.payment_methods.removed_at IS 'When the customer removed it; the row stays, as payments refer to it.';

COMMENT ON COLUMN billing.payment_methods.created_at IS 'When the row was made.';

COMMENT ON COLUMN billing.payment_methods.updated_at IS 'When the row was last changed.';

CREATE TABLE billing.payments (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    customer_id uuid NOT NULL,
    payment_method_id uuid,
    amount_minor bigint NOT NULL,
    currency text NOT NULL,
    idempotency_key text NOT NULL,
    description text,
    status text DEFAULT 'pending'::text NOT NULL,
    captured_minor bigint DEFAULT 0 NOT NULL,
    failure_reason text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_payments_amount_minor CHECK ((amount_minor > 0)),
    CONSTRAINT ck_payments_captured CHECK (((captured_minor > 0) = (status = ANY (ARRAY['captured'::text, 'partially_refunded'::text, 'refunded'::text, 'charged_back'::text])))),
    CONSTRAINT ck_payments_captured_minor CHECK (((captured_minor >= 0) AND (captured_minor <= amount_minor))),
    CONSTRAINT ck_payments_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_payments_description CHECK ((((length(description) >= 1) AND (length(description) <= 500)) AND (description !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'::text))),
    CONSTRAINT ck_payments_failed CHECK (((status = 'failed'::text) = (failure_reason IS NOT NULL))),
    CONSTRAINT ck_payments_failure_reason CHECK ((((length(failure_reason) >= 1) AND (length(failure_reason) <= 500)) AND (failure_reason !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'::text))),
    CONSTRAINT ck_payments_idempotency_key CHECK ((((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 255)) AND (idempotency_key !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'::text))),
    CONSTRAINT ck_payments_status CHECK ((status = ANY (ARRAY['pending'::text, 'authorised'::text, 'captured'::text, 'partially_refunded'::text, 'refunded'::text, 'charged_back'::text, 'failed'::text, 'canceled'::text])))
);

ALTER TABLE ONLY billing.payments FORCE ROW LEVEL SECURITY;

ALTER TABLE billing.payments OWNER TO app_owner;

COMMENT ON TABLE billing.payments IS 'What customers pay; amounts never change once they are written.';

COMMENT ON COLUMN billing.payments.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN billing.payments.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN billing.payments.customer_id IS 'Who pays; no foreign key: they live in another service.';

COMMENT ON COLUMN billing.payments.payment_method_id IS 'What it is paid with, once that is chosen.';

COMMENT ON COLUMN billing.payments.amount_minor IS 'What is to be paid, in the currency''s minor unit.';

COMMENT ON COLUMN billing.payments.currency IS 'ISO 4217 code of the currency, also of captures and refunds.';

COMMENT ON COLUMN billing.payments.idempotency_key IS 'The same key is the same payment; one in each tenant.';

COMMENT ON COLUMN billing.payments.description IS 'What it is for, as the customer reads it.';

COMMENT ON COLUMN billing.payments.status IS 'pending, authorised, captured, partially_refunded, refunded, charged_back, failed or canceled.';

COMMENT ON COLUMN billing.payments.captured_minor IS 'What was captured so far, in the currency''s minor unit; never falls.';

COMMENT ON COLUMN billing.payments.failure_reason IS 'Why it failed; empty otherwise.';

COMMENT ON COLUMN billing.payments.created_at IS 'When the row was made.';

COMMENT ON COLUMN billing.payments.updated_at IS 'When the row was last changed.';

CREATE TABLE billing.refunds (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    payment_id uuid NOT NULL,
    amount_minor bigint NOT NULL,
    reason text NOT NULL,
    idempotency_key text NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_refunds_amount_minor CHECK ((amount_minor > 0)),
    CONSTRAINT ck_refunds_idempotency_key CHECK ((((length(idempotency_key) >= 1) AND (length(idempotency_key) <= 255)) AND (idempotency_key !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'::text))),
    CONSTRAINT ck_refunds_reason CHECK ((((length(reason) >= 1) AND (length(reason) <= 500)) AND (reason !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'::text))),
    CONSTRAINT ck_refunds_status CHECK ((status = ANY (ARRAY['pending'::text, 'succeeded'::text, 'failed'::text, 'canceled'::text])))
);

ALTER TABLE ONLY billing.refunds FORCE ROW LEVEL SECURITY;

ALTER TABLE billing.refunds OWNER TO app_owner;

COMMENT ON TABLE billing.refunds IS 'What is paid back of a payment, never more than was captured.';

COMMENT ON COLUMN billing.refunds.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN billing.refunds.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN billing.refunds.payment_id IS 'The payment that it goes back from.';

COMMENT ON COLUMN billing.refunds.amount_minor IS 'What goes back, in the minor unit of the payment''s currency.';

COMMENT ON COLUMN billing.refunds.reason IS 'Why it goes back.';

COMMENT ON COLUMN billing.refunds.idempotency_key IS 'The same key is the same refund; one in each tenant.';

COMMENT ON COLUMN billing.refunds.status IS 'pending, succeeded, failed or canceled.';

COMMENT ON COLUMN billing.refunds.created_at IS 'When the row was made.';

COMMENT ON COLUMN billing.refunds.updated_at IS 'When the row was last changed.';

CREATE TABLE billing.subscriptions (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    customer_id uuid NOT NULL,
    plan text NOT NULL,
    period tstzrange NOT NULL,
    price_minor bigint NOT NULL,
    currency text NOT NULL,
    payment_id uuid,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_subscriptions_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_subscriptions_period CHECK (((NOT isempty(period)) AND (NOT lower_inf(period)) AND lower_inc(period) AND (NOT upper_inc(period)))),
    CONSTRAINT ck_subscriptions_plan CHECK ((plan ~ '^[a-z][a-z0-9_-]{0,63}$'::text)),
    CONSTRAINT ck_subscriptions_price_minor CHECK ((price_minor >= 0))
);

ALTER TABLE ONLY billing.subscriptions FORCE ROW LEVEL SECURITY;

ALTER TABLE billing.subscriptions OWNER TO app_owner;

COMMENT ON TABLE billing.subscriptions IS 'Which plan a customer has when; periods of a customer never overlap.';

COMMENT ON COLUMN billing.subscriptions.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN billing.subscriptions.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN billing.subscriptions.customer_id IS 'Who has the plan; no foreign key: they live in another service.';

COMMENT ON COLUMN billing.subscriptions.plan IS 'The plan, e.g. team-yearly.';

COMMENT ON COLUMN billing.subscriptions.period IS 'From when, included, until when, excluded; without an end until it is canceled.';

COMMENT ON COLUMN billing.subscriptions.price_minor IS 'The price of the period, in the currency''s minor unit.';

COMMENT ON COLUMN billing.subscriptions.currency IS 'ISO 4217 code of the currency.';

COMMENT ON COLUMN billing.subscriptions.payment_id IS 'What it was paid by, once it was.';

COMMENT ON COLUMN billing.subscriptions.created_at IS 'When the row was made.';

COMMENT ON COLUMN billing.subscriptions.updated_at IS 'When the row was last changed.';

CREATE TABLE billing.transactions (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    payment_id uuid NOT NULL,
    refund_id uuid,
    kind text NOT NULL,
    amount_minor bigint NOT NULL,
    provider_reference text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_transactions_amount_minor CHECK ((amount_minor > 0)),
    CONSTRAINT ck_transactions_kind CHECK ((kind = ANY (ARRAY['authorisation'::text, 'capture'::text, 'refund'::text, 'chargeback'::text, 'fee'::text]))),
    CONSTRAINT ck_transactions_provider_reference CHECK ((((length(provider_reference) >= 1) AND (length(provider_reference) <= 200)) AND (provider_reference !~ '(^|[^0-9A-Za-z])[0-9]{13,19}([^0-9A-Za-z]|$)|(^|[^0-9A-Za-z-])([0-9]{4}[ .-][0-9]{4}[ .-][0-9]{4}[ .-][0-9]|[0-9]{4}[ .-][0-9]{6}[ .-][0-9]{5})'::text))),
    CONSTRAINT ck_transactions_refund CHECK (((kind = 'refund'::text) = (refund_id IS NOT NULL)))
);

ALTER TABLE ONLY billing.transactions FORCE ROW LEVEL SECURITY;

ALTER TABLE billing.transactions OWNER TO app_owner;

COMMENT ON TABLE billing.transactions IS 'The ledger of each payment; lines are added and never changed.';

COMMENT ON COLUMN billing.transactions.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN billing.transactions.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN billing.transactions.payment_id IS 'The payment whose line it is.';

COMMENT ON COLUMN billing.transactions.refund_id IS 'The refund that a line of kind refund carries out.';

COMMENT ON COLUMN billing.transactions.kind IS 'authorisation, capture, refund, chargeback or fee.';

COMMENT ON COLUMN billing.transactions.amount_minor IS 'In the minor unit of the payment''s currency; the kind says in which direction.';

COMMENT ON COLUMN billing.transactions.provider_reference IS 'What the provider calls it; told again, it is the same line.';

COMMENT ON COLUMN billing.transactions.created_at IS 'When the row was made.';

CREATE TABLE catalog.categories (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    parent_id uuid,
    name text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_categories_name CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT ck_categories_parent_id CHECK ((parent_id <> id))
);

ALTER TABLE ONLY catalog.categories FORCE ROW LEVEL SECURITY;

ALTER TABLE catalog.categories OWNER TO app_owner;

COMMENT ON TABLE catalog.categories IS 'The categories of each tenant''s catalogue, a tree.';

COMMENT ON COLUMN catalog.categories.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN catalog.categories.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN catalog.categories.parent_id IS 'The category that it is part of; empty at the top.';

COMMENT ON COLUMN catalog.categories.name IS 'What people call it; no two of one parent have the same.';

COMMENT ON COLUMN catalog.categories."position" IS 'Where it stands among those of its parent, smallest first; equal ones by name.';

COMMENT ON COLUMN catalog.categories.created_at IS 'When the row was made.';

COMMENT ON COLUMN catalog.categories.updated_at IS 'When the row was last changed.';

CREATE TABLE catalog.materials (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    code text NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    unit text NOT NULL,
    price_minor bigint NOT NULL,
    currency text DEFAULT 'RUB'::text NOT NULL,
    search tsvector GENERATED ALWAYS AS (((setweight(to_tsvector('russian'::regconfig, name), 'A'::"char") || setweight(to_tsvector('russian'::regconfig, code), 'A'::"char")) || setweight(to_tsvector('russian'::regconfig, description), 'B'::"char"))) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    category_id uuid,
    CONSTRAINT ck_materials_code CHECK (((length(code) >= 1) AND (length(code) <= 64))),
    CONSTRAINT ck_materials_currency CHECK ((currency ~ '^[A-Z]{3}$'::text)),
    CONSTRAINT ck_materials_description CHECK ((length(description) <= 10000)),
    CONSTRAINT ck_materials_name CHECK (((length(name) >= 1) AND (length(name) <= 500))),
    CONSTRAINT ck_materials_price_minor CHECK ((price_minor >= 0)),
    CONSTRAINT ck_materials_unit CHECK (((length(unit) >= 1) AND (length(unit) <= 32)))
);

ALTER TABLE ONLY catalog.materials FORCE ROW LEVEL SECURITY;

ALTER TABLE catalog.materials OWNER TO app_owner;

COMMENT ON TABLE catalog.materials IS 'The materials of each tenant''s catalogue, with their prices.';

COMMENT ON COLUMN catalog.materials.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN catalog.materials.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN catalog.materials.code IS 'The tenant''s own number for it.';

COMMENT ON COLUMN catalog.materials.name IS 'What people call it, in Russian or English.';

COMMENT ON COLUMN catalog.materials.description IS 'Whatever helps to find and to choose it.';

COMMENT ON COLUMN catalog.materials.unit IS 'The unit that the price is for, e.g. kg, m2, шт.';

COMMENT ON COLUMN catalog.materials.price_minor IS 'The price of one unit, in the currency''s minor unit.';

COMMENT ON COLUMN catalog.materials.currency IS 'ISO 4217 code of the currency.';

COMMENT ON COLUMN catalog.materials.search IS 'What the full-text search looks at: name, code and description.';

COMMENT ON COLUMN catalog.materials.created_at IS 'When the row was made.';

COMMENT ON COLUMN catalog.materials.updated_at IS 'When the row was last changed.';

COMMENT ON COLUMN catalog.materials.category_id IS 'The category that it is in; empty where it is in none.';

CREATE TABLE catalog.usage_statistics (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    day date NOT NULL,
    material_id uuid NOT NULL,
    uses bigint NOT NULL,
    quantity numeric(18,3) NOT NULL,
    CONSTRAINT ck_usage_statistics_quantity CHECK ((quantity >= (0)::numeric)),
    CONSTRAINT ck_usage_statistics_uses CHECK ((uses > 0))
)
PARTITION BY RANGE (day);

ALTER TABLE ONLY catalog.usage_statistics FORCE ROW LEVEL SECURITY;

ALTER TABLE catalog.usage_statistics OWNER TO app_owner;

COMMENT ON TABLE catalog.usage_statistics IS 'How often and how much each material is used, by day.';

COMMENT ON COLUMN catalog.usage_statistics.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN catalog.usage_statistics.day IS 'The day of use; in UTC where nobody has said another one.';

COMMENT ON COLUMN catalog.usage_statistics.material_id IS 'What was used.';

COMMENT ON COLUMN catalog.usage_statistics.uses IS 'How many times it was used on that day.';

COMMENT ON COLUMN catalog.usage_statistics.quantity IS 'How much of it, in the unit of the material.';

CREATE TABLE catalog.usage_statistics_default (
    tenant_id uuid DEFAULT app.current_tenant_id() CONSTRAINT usage_statistics_tenant_id_not_null NOT NULL,
    day date CONSTRAINT usage_statistics_day_not_null NOT NULL,
    material_id uuid CONSTRAINT usage_statistics_material_id_not_null NOT NULL,
    uses bigint CONSTRAINT usage_statistics_uses_not_null NOT NULL,
    quantity numeric(18,3) CONSTRAINT usage_statistics_quantity_not_null NOT NULL,
    CONSTRAINT ck_usage_statistics_quantity CHECK ((quantity >= (0)::numeric)),
    CONSTRAINT ck_usage_statistics_uses CHECK ((uses > 0))
);

ALTER TABLE ONLY catalog.usage_statistics_default FORCE ROW LEVEL SECURITY;

ALTER TABLE catalog.usage_statistics_default OWNER TO app_owner;

COMMENT ON TABLE catalog.usage_statistics_default IS 'Rows of catalog.usage_statistics that no other partition is there for; should be empty.';

CREATE TABLE learning.analogy_feedback (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    relationship_id uuid NOT NULL,
    is_helpful boolean NOT NULL,
    rating smallint,
    comment text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_analogy_feedback_comment CHECK ((length(comment) <= 2000)),
    CONSTRAINT ck_analogy_feedback_rating CHECK (((rating >= 1) AND (rating <= 5)))
);

ALTER TABLE ONLY learning.analogy_feedback FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.analogy_feedback OWNER TO app_owner;

COMMENT ON TABLE learning.analogy_feedback IS 'What people think of relationships; each sees their own.';

COMMENT ON COLUMN learning.analogy_feedback.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.analogy_feedback.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.analogy_feedback.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.analogy_feedback.relationship_id IS 'The relationship that it is about.';

COMMENT ON COLUMN learning.analogy_feedback.is_helpful IS 'Whether it has helped the person.';

COMMENT ON COLUMN learning.analogy_feedback.rating IS 'From 1, bad, to 5, good, where the person says.';

COMMENT ON COLUMN learning.analogy_feedback.comment IS 'What the person says about it.';

COMMENT ON COLUMN learning.analogy_feedback.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.analogy_feedback.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.chapter_complexity (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    chapter_id uuid NOT NULL,
    score smallint NOT NULL,
    reading_level text NOT NULL,
    factors jsonb DEFAULT '{}'::jsonb NOT NULL,
    model text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_chapter_complexity_factors CHECK (((jsonb_typeof(factors) = 'object'::text) AND (length((factors)::text) <= 16384))),
    CONSTRAINT ck_chapter_complexity_model CHECK (((length(model) >= 1) AND (length(model) <= 100))),
    CONSTRAINT ck_chapter_complexity_reading_level CHECK ((reading_level = ANY (ARRAY['elementary'::text, 'middle'::text, 'high'::text, 'university'::text, 'expert'::text]))),
    CONSTRAINT ck_chapter_complexity_score CHECK (((score >= 1) AND (score <= 5)))
);

ALTER TABLE ONLY learning.chapter_complexity FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.chapter_complexity OWNER TO app_owner;

COMMENT ON TABLE learning.chapter_complexity IS 'How hard chapters are to read, as a model has judged.';

COMMENT ON COLUMN learning.chapter_complexity.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.chapter_complexity.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.chapter_complexity.chapter_id IS 'The chapter.';

COMMENT ON COLUMN learning.chapter_complexity.score IS 'From 1, easy, to 5, hard.';

COMMENT ON COLUMN learning.chapter_complexity.reading_level IS 'elementary, middle, high, university or expert.';

COMMENT ON COLUMN learning.chapter_complexity.factors IS 'What makes it hard, a JSON object, e.g. whether it has formulas.';

COMMENT ON COLUMN learning.chapter_complexity.model IS 'What has judged, with its version.';

COMMENT ON COLUMN learning.chapter_complexity.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.chapter_complexity.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.chapter_progress (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    chapter_id uuid NOT NULL,
    course_id uuid NOT NULL,
    status text DEFAULT 'started'::text NOT NULL,
    percent smallint DEFAULT 0 NOT NULL,
    seconds_spent bigint DEFAULT 0 NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    completed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_chapter_progress_completed_at CHECK (((status = 'completed'::text) = (completed_at IS NOT NULL))),
    CONSTRAINT ck_chapter_progress_percent CHECK ((((percent >= 0) AND (percent <= 100)) AND ((status <> 'completed'::text) OR (percent = 100)))),
    CONSTRAINT ck_chapter_progress_seconds_spent CHECK ((seconds_spent >= 0)),
    CONSTRAINT ck_chapter_progress_status CHECK ((status = ANY (ARRAY['started'::text, 'completed'::text])))
);

ALTER TABLE ONLY learning.chapter_progress FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.chapter_progress OWNER TO app_owner;

COMMENT ON TABLE learning.chapter_progress IS 'How far people are in chapters; each sees their own.';

COMMENT ON COLUMN learning.chapter_progress.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.chapter_progress.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.chapter_progress.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.chapter_progress.chapter_id IS 'The chapter.';

COMMENT ON COLUMN learning.chapter_progress.course_id IS 'The chapter''s course, which a trigger fills in.';

COMMENT ON COLUMN learning.chapter_progress.status IS 'started or completed.';

COMMENT ON COLUMN learning.chapter_progress.percent IS 'How much of it is read, from 0 to 100.';

COMMENT ON COLUMN learning.chapter_progress.seconds_spent IS 'Time spent in it, in seconds.';

COMMENT ON COLUMN learning.chapter_progress.started_at IS 'When the person began, by the server''s clock.';

COMMENT ON COLUMN learning.chapter_progress.completed_at IS 'When it was first completed, by the server''s clock; empty before.';

COMMENT ON COLUMN learning.chapter_progress.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.chapter_progress.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.chapters (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    course_id uuid NOT NULL,
    number integer NOT NULL,
    title text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    summary text DEFAULT ''::text NOT NULL,
    expected_minutes smallint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_chapters_body CHECK ((length(body) <= 1000000)),
    CONSTRAINT ck_chapters_expected_minutes CHECK (((expected_minutes >= 1) AND (expected_minutes <= 1440))),
    CONSTRAINT ck_chapters_number CHECK (((number >= 1) AND (number <= 10000))),
    CONSTRAINT ck_chapters_summary CHECK ((length(summary) <= 10000)),
    CONSTRAINT ck_chapters_title CHECK (((length(title) >= 1) AND (length(title) <= 300)))
);

ALTER TABLE ONLY learning.chapters FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.chapters OWNER TO app_owner;

COMMENT ON TABLE learning.chapters IS 'Chapters of courses; everybody in the tenant may read them.';

COMMENT ON COLUMN learning.chapters.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.chapters.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.chapters.course_id IS 'The course that it is of.';

COMMENT ON COLUMN learning.chapters.number IS 'Its place in the course, from 1.';

COMMENT ON COLUMN learning.chapters.title IS 'What it is called.';

COMMENT ON COLUMN learning.chapters.body IS 'The text that is read.';

COMMENT ON COLUMN learning.chapters.summary IS 'What it says, in short.';

COMMENT ON COLUMN learning.chapters.expected_minutes IS 'How long it takes to read, in minutes, where somebody has said.';

COMMENT ON COLUMN learning.chapters.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.chapters.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.course_documents (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    course_id uuid NOT NULL,
    title text NOT NULL,
    kind text NOT NULL,
    source_uri text NOT NULL,
    content_sha256 bytea,
    size_bytes bigint,
    status text DEFAULT 'uploaded'::text NOT NULL,
    error text,
    processed_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_course_documents_content_sha256 CHECK ((octet_length(content_sha256) = 32)),
    CONSTRAINT ck_course_documents_error CHECK ((((length(error) >= 1) AND (length(error) <= 2000)) AND ((status = 'failed'::text) = (error IS NOT NULL)))),
    CONSTRAINT ck_course_documents_kind CHECK ((kind = ANY (ARRAY['pdf'::text, 'web'::text, 'video'::text, 'audio'::text, 'text'::text]))),
    CONSTRAINT ck_course_documents_processed_at CHECK (((status = 'processed'::text) = (processed_at IS NOT NULL))),
    CONSTRAINT ck_course_documents_size_bytes CHECK ((size_bytes >= 0)),
    CONSTRAINT ck_course_documents_source_uri CHECK (((length(source_uri) >= 1) AND (length(source_uri) <= 2000))),
    CONSTRAINT ck_course_documents_status CHECK ((status = ANY (ARRAY['uploaded'::text, 'processing'::text, 'processed'::text, 'failed'::text]))),
    CONSTRAINT ck_course_documents_title CHECK (((length(title) >= 1) AND (length(title) <= 300)))
);

ALTER TABLE ONLY learning.course_documents FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.course_documents OWNER TO app_owner;

COMMENT ON TABLE learning.course_documents IS 'Files and pages that courses are made from.';

COMMENT ON COLUMN learning.course_documents.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.course_documents.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.course_documents.course_id IS 'The course that is made from it.';

COMMENT ON COLUMN learning.course_documents.title IS 'What it is called.';

COMMENT ON COLUMN learning.course_documents.kind IS 'pdf, web, video, audio or text.';

COMMENT ON COLUMN learning.course_documents.source_uri IS 'Where it is: the key of an object, or an address.';

COMMENT ON COLUMN learning.course_documents.content_sha256 IS 'SHA-256 of its content, by which the same content is found again.';

COMMENT ON COLUMN learning.course_documents.size_bytes IS 'How long its content is, in bytes.';

COMMENT ON COLUMN learning.course_documents.status IS 'uploaded, processing, processed or failed.';

COMMENT ON COLUMN learning.course_documents.error IS 'Why it could not be processed; empty unless it failed.';

COMMENT ON COLUMN learning.course_documents.processed_at IS 'When it was processed; empty unless it is.';

COMMENT ON COLUMN learning.course_documents.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.course_documents.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.courses (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    title text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    status text DEFAULT 'draft'::text NOT NULL,
    language text DEFAULT 'en'::text NOT NULL,
    difficulty text DEFAULT 'beginner'::text NOT NULL,
    tags text[] DEFAULT '{}'::text[] NOT NULL,
    search tsvector GENERATED ALWAYS AS ((setweight(to_tsvector('russian'::regconfig, title), 'A'::"char") || setweight(to_tsvector('russian'::regconfig, description), 'B'::"char"))) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_courses_description CHECK ((length(description) <= 10000)),
    CONSTRAINT ck_courses_difficulty CHECK ((difficulty = ANY (ARRAY['beginner'::text, 'intermediate'::text, 'advanced'::text]))),
    CONSTRAINT ck_courses_language CHECK ((language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'::text)),
    CONSTRAINT ck_courses_status CHECK ((status = ANY (ARRAY['draft'::text, 'active'::text, 'archived'::text]))),
    CONSTRAINT ck_courses_tags CHECK ((cardinality(tags) <= 20)),
    CONSTRAINT ck_courses_title CHECK (((length(title) >= 1) AND (length(title) <= 300)))
);

ALTER TABLE ONLY learning.courses FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.courses OWNER TO app_owner;

COMMENT ON TABLE learning.courses IS 'Courses; each person sees the own ones.';

COMMENT ON COLUMN learning.courses.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.courses.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.courses.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.courses.title IS 'What it is called.';

COMMENT ON COLUMN learning.courses.description IS 'What is learnt in it.';

COMMENT ON COLUMN learning.courses.status IS 'draft, active or archived.';

COMMENT ON COLUMN learning.courses.language IS 'Language and, if wanted, country, e.g. pt-BR.';

COMMENT ON COLUMN learning.courses.difficulty IS 'beginner, intermediate or advanced.';

COMMENT ON COLUMN learning.courses.tags IS 'Words to sort courses by, 20 at most.';

COMMENT ON COLUMN learning.courses.search IS 'What the full-text search looks at: title and description.';

COMMENT ON COLUMN learning.courses.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.courses.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.keywords (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    course_id uuid NOT NULL,
    term text NOT NULL,
    term_key text GENERATED ALWAYS AS (lower(term)) STORED NOT NULL COLLATE pg_catalog."C",
    definition text DEFAULT ''::text NOT NULL,
    embedding extensions.vector(768),
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_keywords_definition CHECK ((length(definition) <= 10000)),
    CONSTRAINT ck_keywords_embedding CHECK (((extensions.vector_norm(embedding) >= (0.001)::double precision) AND (extensions.vector_norm(embedding) <= (10000)::double precision))),
    CONSTRAINT ck_keywords_term CHECK (((length(term) >= 1) AND (length(term) <= 200)))
)
WITH (toast_tuple_target='4000');
ALTER TABLE ONLY learning.keywords ALTER COLUMN embedding SET STORAGE PLAIN;

ALTER TABLE ONLY learning.keywords FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.keywords OWNER TO app_owner;

COMMENT ON TABLE learning.keywords IS 'Words of courses that are worth to be explained.';

COMMENT ON COLUMN learning.keywords.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.keywords.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.keywords.course_id IS 'The course that explains it.';

COMMENT ON COLUMN learning.keywords.term IS 'The word or words, as they are written.';

COMMENT ON COLUMN learning.keywords.term_key IS 'The words in lower case, by which they are found and told apart.';

COMMENT ON COLUMN learning.keywords.definition IS 'What it means in this course.';

COMMENT ON COLUMN learning.keywords.embedding IS 'What it means, as 768 numbers, once a model has said.';

COMMENT ON COLUMN learning.keywords.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.keywords.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.processed_documents (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    document_id uuid NOT NULL,
    part integer NOT NULL,
    content text NOT NULL,
    tokens integer NOT NULL,
    model text NOT NULL,
    embedding extensions.vector(768) NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_processed_documents_content CHECK (((length(content) >= 1) AND (length(content) <= 100000))),
    CONSTRAINT ck_processed_documents_embedding CHECK (((extensions.vector_norm(embedding) >= (0.001)::double precision) AND (extensions.vector_norm(embedding) <= (10000)::double precision))),
    CONSTRAINT ck_processed_documents_model CHECK (((length(model) >= 1) AND (length(model) <= 100))),
    CONSTRAINT ck_processed_documents_part CHECK ((part >= 1)),
    CONSTRAINT ck_processed_documents_tokens CHECK ((tokens >= 0))
)
WITH (toast_tuple_target='4000');
ALTER TABLE ONLY learning.processed_documents ALTER COLUMN embedding SET STORAGE PLAIN;

ALTER TABLE ONLY learning.processed_documents FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.processed_documents OWNER TO app_owner;

COMMENT ON TABLE learning.processed_documents IS 'Parts of documents, in words and as vectors.';

COMMENT ON COLUMN learning.processed_documents.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.processed_documents.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.processed_documents.document_id IS 'The document that it is a part of.';

COMMENT ON COLUMN learning.processed_documents.part IS 'Its place in the document, from 1.';

COMMENT ON COLUMN learning.processed_documents.content IS 'The words.';

COMMENT ON COLUMN learning.processed_documents.tokens IS 'How many tokens the words are to the model.';

COMMENT ON COLUMN learning.processed_documents.model IS 'What has made the vector; vectors of two models can''t be compared.';

COMMENT ON COLUMN learning.processed_documents.embedding IS 'What the words mean, as 768 numbers.';

COMMENT ON COLUMN learning.processed_documents.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.processed_documents.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.relationships (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    source_keyword_id uuid NOT NULL,
    target_keyword_id uuid NOT NULL,
    kind text NOT NULL,
    explanation text DEFAULT ''::text NOT NULL,
    weight smallint DEFAULT 50 NOT NULL,
    feedback_people integer DEFAULT 0 NOT NULL,
    feedback_helpful integer DEFAULT 0 NOT NULL,
    consensus text GENERATED ALWAYS AS (
CASE
    WHEN (feedback_people < 3) THEN NULL::text
    WHEN ((feedback_helpful * 3) >= (feedback_people * 2)) THEN 'helpful'::text
    WHEN ((feedback_helpful * 3) <= feedback_people) THEN 'unhelpful'::text
    ELSE 'divided'::text
END) STORED,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_relationships_explanation CHECK ((length(explanation) <= 10000)),
    CONSTRAINT ck_relationships_feedback_helpful CHECK (((feedback_helpful >= 0) AND (feedback_helpful <= feedback_people))),
    CONSTRAINT ck_relationships_feedback_people CHECK ((feedback_people >= 0)),
    CONSTRAINT ck_relationships_kind CHECK ((kind = ANY (ARRAY['prerequisite'::text, 'similar'::text, 'contrast'::text, 'part_of'::text, 'analogy'::text]))),
    CONSTRAINT ck_relationships_two_keywords CHECK ((source_keyword_id <> target_keyword_id)),
    CONSTRAINT ck_relationships_weight CHECK (((weight >= 0) AND (weight <= 100)))
);

ALTER TABLE ONLY learning.relationships FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.relationships OWNER TO app_owner;

COMMENT ON TABLE learning.relationships IS 'How keywords hang together, and what people think of it.';

COMMENT ON COLUMN learning.relationships.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.relationships.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.relationships.source_keyword_id IS 'The keyword that it begins at.';

COMMENT ON COLUMN learning.relationships.target_keyword_id IS 'The keyword that it leads to.';

COMMENT ON COLUMN learning.relationships.kind IS 'prerequisite, similar, contrast, part_of or analogy.';

COMMENT ON COLUMN learning.relationships.explanation IS 'Why, in words; for an analogy its text.';

COMMENT ON COLUMN learning.relationships.weight IS 'How strong it is, from 0 to 100.';

COMMENT ON COLUMN learning.relationships.feedback_people IS 'How many people have given feedback; counted by a trigger.';

COMMENT ON COLUMN learning.relationships.feedback_helpful IS 'How many of them found it helpful; counted by a trigger.';

COMMENT ON COLUMN learning.relationships.consensus IS 'helpful by two thirds, unhelpful by one third at most, or divided; empty below three people.';

COMMENT ON COLUMN learning.relationships.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.relationships.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.user_annotations (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    chapter_id uuid NOT NULL,
    kind text NOT NULL,
    quote text DEFAULT ''::text NOT NULL,
    body text DEFAULT ''::text NOT NULL,
    "position" jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_user_annotations_body CHECK (((length(body) <= 10000) AND ((kind <> ALL (ARRAY['note'::text, 'question'::text])) OR (body <> ''::text)))),
    CONSTRAINT ck_user_annotations_kind CHECK ((kind = ANY (ARRAY['highlight'::text, 'note'::text, 'question'::text, 'bookmark'::text]))),
    CONSTRAINT ck_user_annotations_position CHECK (((jsonb_typeof("position") = 'object'::text) AND (length(("position")::text) <= 4096))),
    CONSTRAINT ck_user_annotations_quote CHECK (((length(quote) <= 5000) AND ((kind <> 'highlight'::text) OR (quote <> ''::text))))
);

ALTER TABLE ONLY learning.user_annotations FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.user_annotations OWNER TO app_owner;

COMMENT ON TABLE learning.user_annotations IS 'What people have marked or written in chapters; each sees their own.';

COMMENT ON COLUMN learning.user_annotations.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.user_annotations.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.user_annotations.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.user_annotations.chapter_id IS 'The chapter, which stays while somebody has notes in it.';

COMMENT ON COLUMN learning.user_annotations.kind IS 'highlight, note, question or bookmark.';

COMMENT ON COLUMN learning.user_annotations.quote IS 'The words that are marked.';

COMMENT ON COLUMN learning.user_annotations.body IS 'What the person has written.';

COMMENT ON COLUMN learning.user_annotations."position" IS 'Where in the chapter, as the reader''s program tells it.';

COMMENT ON COLUMN learning.user_annotations.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.user_annotations.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.user_profiles (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    external_subject text,
    display_name text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    language text DEFAULT 'en'::text NOT NULL,
    interests text[] DEFAULT '{}'::text[] NOT NULL,
    preferences jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_user_profiles_display_name CHECK (((length(display_name) >= 1) AND (length(display_name) <= 200))),
    CONSTRAINT ck_user_profiles_external_subject CHECK (((length(external_subject) >= 1) AND (length(external_subject) <= 255))),
    CONSTRAINT ck_user_profiles_interests CHECK ((cardinality(interests) <= 20)),
    CONSTRAINT ck_user_profiles_language CHECK ((language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'::text)),
    CONSTRAINT ck_user_profiles_preferences CHECK (((jsonb_typeof(preferences) = 'object'::text) AND (length((preferences)::text) <= 16384))),
    CONSTRAINT ck_user_profiles_time_zone CHECK ((time_zone ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+){1,2}|Etc/GMT[+-]([0-9]|1[0-4]))$'::text))
);

ALTER TABLE ONLY learning.user_profiles FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.user_profiles OWNER TO app_owner;

COMMENT ON TABLE learning.user_profiles IS 'Who learns in a tenant: one row for each person.';

COMMENT ON COLUMN learning.user_profiles.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.user_profiles.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.user_profiles.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.user_profiles.external_subject IS 'Who the person is to the identity provider, e.g. the subject of Cognito.';

COMMENT ON COLUMN learning.user_profiles.display_name IS 'What others call the person.';

COMMENT ON COLUMN learning.user_profiles.time_zone IS 'IANA name, e.g. Europe/Moscow; says when the person''s day begins.';

COMMENT ON COLUMN learning.user_profiles.language IS 'Language and, if wanted, country, e.g. pt-BR.';

COMMENT ON COLUMN learning.user_profiles.interests IS 'What interests the person, in lower case; 20 at most.';

COMMENT ON COLUMN learning.user_profiles.preferences IS 'What the person has chosen, a JSON object up to 16 KiB.';

COMMENT ON COLUMN learning.user_profiles.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.user_profiles.updated_at IS 'When the row was last changed.';

CREATE TABLE learning.user_progress (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    current_streak integer DEFAULT 1 NOT NULL,
    longest_streak integer DEFAULT 1 NOT NULL,
    last_active_on date NOT NULL,
    badges text[] DEFAULT '{}'::text[] NOT NULL,
    chapters_completed integer DEFAULT 0 NOT NULL,
    seconds_spent bigint DEFAULT 0 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_user_progress_chapters_completed CHECK ((chapters_completed >= 0)),
    CONSTRAINT ck_user_progress_current_streak CHECK ((current_streak >= 1)),
    CONSTRAINT ck_user_progress_longest_streak CHECK ((longest_streak >= current_streak)),
    CONSTRAINT ck_user_progress_seconds_spent CHECK ((seconds_spent >= 0))
);

ALTER TABLE ONLY learning.user_progress FORCE ROW LEVEL SECURITY;

ALTER TABLE learning.user_progress OWNER TO app_owner;

COMMENT ON TABLE learning.user_progress IS 'What each person has done so far; kept by a trigger.';

COMMENT ON COLUMN learning.user_progress.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.user_progress.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN learning.user_progress.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN learning.user_progress.current_streak IS 'Days in a row until last_active_on.';

COMMENT ON COLUMN learning.user_progress.longest_streak IS 'The most days in a row that there ever were.';

COMMENT ON COLUMN learning.user_progress.last_active_on IS 'The last day with progress, in the person''s time zone at that time.';

COMMENT ON COLUMN learning.user_progress.badges IS 'What was reached, e.g. streak_7; never taken away.';

COMMENT ON COLUMN learning.user_progress.chapters_completed IS 'How many chapters the person has completed.';

COMMENT ON COLUMN learning.user_progress.seconds_spent IS 'Time spent in all chapters, in seconds.';

COMMENT ON COLUMN learning.user_progress.created_at IS 'When the row was made.';

COMMENT ON COLUMN learning.user_progress.updated_at IS 'When the row was last changed.';

CREATE TABLE ops.audit_log (
    tenant_id uuid DEFAULT app.current_tenant_id() CONSTRAINT audit_log_tenant_id_not_null1 NOT NULL,
    id uuid DEFAULT app.uuid7() CONSTRAINT audit_log_id_not_null1 NOT NULL,
    actor_id uuid,
    action text CONSTRAINT audit_log_action_not_null1 NOT NULL,
    subject text,
    details jsonb DEFAULT '{}'::jsonb CONSTRAINT audit_log_details_not_null1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() CONSTRAINT audit_log_created_at_not_null1 NOT NULL,
    actor_type text DEFAULT 'user'::text NOT NULL,
    on_behalf_of uuid,
    session_id uuid,
    outcome text DEFAULT 'success'::text NOT NULL,
    ip inet,
    user_agent text,
    request_id text,
    CONSTRAINT ck_audit_log_action CHECK (((length(action) >= 1) AND (length(action) <= 100))),
    CONSTRAINT ck_audit_log_actor CHECK (((actor_type <> 'system'::text) OR (actor_id IS NULL))),
    CONSTRAINT ck_audit_log_actor_type CHECK ((actor_type = ANY (ARRAY['user'::text, 'api_key'::text, 'service'::text, 'administrator'::text, 'system'::text]))),
    CONSTRAINT ck_audit_log_details CHECK ((jsonb_typeof(details) = 'object'::text)),
    CONSTRAINT ck_audit_log_outcome CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'denied'::text]))),
    CONSTRAINT ck_audit_log_request_id CHECK (((length(request_id) >= 1) AND (length(request_id) <= 200))),
    CONSTRAINT ck_audit_log_user_agent CHECK ((length(user_agent) <= 1000))
)
PARTITION BY RANGE (created_at);

ALTER TABLE ONLY ops.audit_log FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.audit_log OWNER TO app_owner;

COMMENT ON TABLE ops.audit_log IS 'What was done in a tenant; rows are added and never changed.';

COMMENT ON COLUMN ops.audit_log.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN ops.audit_log.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN ops.audit_log.actor_id IS 'The person or key that did it; empty where nobody was known, and for the system itself.';

COMMENT ON COLUMN ops.audit_log.action IS 'What was done, as noun.verb, e.g. material.delete.';

COMMENT ON COLUMN ops.audit_log.subject IS 'What it was done to, as table:id.';

COMMENT ON COLUMN ops.audit_log.details IS 'Whatever else matters, a JSON object; no secrets.';

COMMENT ON COLUMN ops.audit_log.created_at IS 'When the row was made.';

COMMENT ON COLUMN ops.audit_log.actor_type IS 'What kind of actor it was: user, api_key, service, administrator or system.';

COMMENT ON COLUMN ops.audit_log.on_behalf_of IS 'The person for whom it was done, where that is another one.';

COMMENT ON COLUMN ops.audit_log.session_id IS 'The session in which it was done; no foreign key, as sessions live in another service.';

COMMENT ON COLUMN ops.audit_log.outcome IS 'What came of it: success, failure or denied.';

COMMENT ON COLUMN ops.audit_log.ip IS 'The address that it was asked for from.';

COMMENT ON COLUMN ops.audit_log.user_agent IS 'The program that it was asked for with, as it names itself.';

COMMENT ON COLUMN ops.audit_log.request_id IS 'Ties it to the request, and to the logs of the application.';

CREATE TABLE ops.audit_log_default (
    tenant_id uuid DEFAULT app.current_tenant_id() CONSTRAINT audit_log_tenant_id_not_null1 NOT NULL,
    id uuid DEFAULT app.uuid7() CONSTRAINT audit_log_id_not_null1 NOT NULL,
    actor_id uuid,
    action text CONSTRAINT audit_log_action_not_null1 NOT NULL,
    subject text,
    details jsonb DEFAULT '{}'::jsonb CONSTRAINT audit_log_details_not_null1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() CONSTRAINT audit_log_created_at_not_null1 NOT NULL,
    actor_type text DEFAULT 'user'::text CONSTRAINT audit_log_actor_type_not_null NOT NULL,
    on_behalf_of uuid,
    session_id uuid,
    outcome text DEFAULT 'success'::text CONSTRAINT audit_log_outcome_not_null NOT NULL,
    ip inet,
    user_agent text,
    request_id text,
    CONSTRAINT ck_audit_log_action CHECK (((length(action) >= 1) AND (length(action) <= 100))),
    CONSTRAINT ck_audit_log_actor CHECK (((actor_type <> 'system'::text) OR (actor_id IS NULL))),
    CONSTRAINT ck_audit_log_actor_type CHECK ((actor_type = ANY (ARRAY['user'::text, 'api_key'::text, 'service'::text, 'administrator'::text, 'system'::text]))),
    CONSTRAINT ck_audit_log_details CHECK ((jsonb_typeof(details) = 'object'::text)),
    CONSTRAINT ck_audit_log_outcome CHECK ((outcome = ANY (ARRAY['success'::text, 'failure'::text, 'denied'::text]))),
    CONSTRAINT ck_audit_log_request_id CHECK (((length(request_id) >= 1) AND (length(request_id) <= 200))),
    CONSTRAINT ck_audit_log_user_agent CHECK ((length(user_agent) <= 1000))
);

ALTER TABLE ONLY ops.audit_log_default FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.audit_log_default OWNER TO app_owner;

COMMENT ON TABLE ops.audit_log_default IS 'Rows of ops.audit_log that no other partition is there for; should be empty.';

CREATE TABLE ops.partition_sets (
    parent text NOT NULL,
    partition_column text NOT NULL,
    period text DEFAULT 'month'::text NOT NULL,
    ahead integer DEFAULT 3 NOT NULL,
    retention interval,
    append_only boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_partition_sets_ahead CHECK (((ahead >= 1) AND (ahead <= 60))),
    CONSTRAINT ck_partition_sets_parent CHECK ((parent ~ '^[a-z_][a-z0-9_]*[.][a-z_][a-z0-9_]{0,49}$'::text)),
    CONSTRAINT ck_partition_sets_partition_column CHECK ((partition_column ~ '^[a-z_][a-z0-9_]{0,62}$'::text)),
    CONSTRAINT ck_partition_sets_period CHECK ((period = ANY (ARRAY['day'::text, 'week'::text, 'month'::text]))),
    CONSTRAINT ck_partition_sets_retention CHECK ((retention >= '1 day'::interval))
);

ALTER TABLE ONLY ops.partition_sets FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.partition_sets OWNER TO app_owner;

COMMENT ON TABLE ops.partition_sets IS 'The tables whose partitions are made ahead and dropped in time.';

COMMENT ON COLUMN ops.partition_sets.parent IS 'The partitioned table, with its schema.';

COMMENT ON COLUMN ops.partition_sets.partition_column IS 'The column that rows are put into partitions by; a time.';

COMMENT ON COLUMN ops.partition_sets.period IS 'How much time a partition holds: day, week (from Monday) or month; in UTC.';

COMMENT ON COLUMN ops.partition_sets.ahead IS 'How many partitions are kept ready beyond the current one.';

COMMENT ON COLUMN ops.partition_sets.retention IS 'How long rows are kept after the end of their partition; for ever where empty.';

COMMENT ON COLUMN ops.partition_sets.append_only IS 'Whether each partition refuses TRUNCATE; UPDATE and DELETE are refused by its parent.';

COMMENT ON COLUMN ops.partition_sets.created_at IS 'When the row was made.';

CREATE TABLE ops.system_event (
    id uuid DEFAULT app.uuid7() NOT NULL,
    event text NOT NULL,
    actor text,
    reason text,
    work_id uuid,
    details jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_system_event_details CHECK ((jsonb_typeof(details) = 'object'::text)),
    CONSTRAINT ck_system_event_event CHECK (((length(event) >= 1) AND (length(event) <= 100)))
);

ALTER TABLE ONLY ops.system_event FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.system_event OWNER TO app_owner;

COMMENT ON TABLE ops.system_event IS 'What happened beyond any tenant; rows are added and never changed.';

COMMENT ON COLUMN ops.system_event.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN ops.system_event.event IS 'What happened, as noun.verb, e.g. admin.begin.';

COMMENT ON COLUMN ops.system_event.actor IS 'Who did it.';

COMMENT ON COLUMN ops.system_event.reason IS 'Why it was done.';

COMMENT ON COLUMN ops.system_event.work_id IS 'Ties the events of one piece of work together.';

COMMENT ON COLUMN ops.system_event.details IS 'Whatever else matters, a JSON object; no secrets.';

COMMENT ON COLUMN ops.system_event.created_at IS 'When the row was made.';

CREATE TABLE ops.tenant_work (
    tenant uuid NOT NULL,
    work text NOT NULL,
    digest text,
    outcome jsonb DEFAULT '{}'::jsonb NOT NULL,
    progress jsonb DEFAULT '{}'::jsonb NOT NULL,
    actor text NOT NULL,
    reason text NOT NULL,
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_tenant_work_digest CHECK ((((work = 'import'::text) = (digest IS NOT NULL)) AND (digest ~ '^[0-9a-f]{64}$'::text))),
    CONSTRAINT ck_tenant_work_outcome CHECK ((jsonb_typeof(outcome) = 'object'::text)),
    CONSTRAINT ck_tenant_work_progress CHECK ((jsonb_typeof(progress) = 'object'::text)),
    CONSTRAINT ck_tenant_work_work CHECK ((work = ANY (ARRAY['import'::text, 'delete'::text])))
);

ALTER TABLE ONLY ops.tenant_work FORCE ROW LEVEL SECURITY;

ALTER TABLE ops.tenant_work OWNER TO app_owner;

COMMENT ON TABLE ops.tenant_work IS 'Imports and deletions of tenants that are under way, and how far they are.';

COMMENT ON COLUMN ops.tenant_work.tenant IS 'The tenant; no foreign key, as the work goes on before its row is complete and ends when it is gone.';

COMMENT ON COLUMN ops.tenant_work.work IS 'import or delete.';

COMMENT ON COLUMN ops.tenant_work.digest IS 'SHA-256 of the manifest that is imported: the import goes on with the same file and no other.';

COMMENT ON COLUMN ops.tenant_work.outcome IS 'What the tenant''s row becomes when an import is complete.';

COMMENT ON COLUMN ops.tenant_work.progress IS 'Rows that are done, by table; counted in the transaction that does them.';

COMMENT ON COLUMN ops.tenant_work.actor IS 'Who began it.';

COMMENT ON COLUMN ops.tenant_work.reason IS 'Why.';

COMMENT ON COLUMN ops.tenant_work.started_at IS 'When it was begun.';

COMMENT ON COLUMN ops.tenant_work.updated_at IS 'When it last went on.';

CREATE TABLE profile.addresses (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    kind text NOT NULL,
    recipient text NOT NULL,
    line1 text NOT NULL,
    line2 text DEFAULT ''::text NOT NULL,
    city text NOT NULL,
    region text,
    postal_code text,
    country text NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_addresses_city CHECK (((length(city) >= 1) AND (length(city) <= 100))),
    CONSTRAINT ck_addresses_country CHECK ((country ~ '^[A-Z]{2}$'::text)),
    CONSTRAINT ck_addresses_kind CHECK ((kind = ANY (ARRAY['home'::text, 'work'::text, 'billing'::text, 'shipping'::text]))),
    CONSTRAINT ck_addresses_line1 CHECK (((length(line1) >= 1) AND (length(line1) <= 200))),
    CONSTRAINT ck_addresses_line2 CHECK ((length(line2) <= 200)),
    CONSTRAINT ck_addresses_postal_code CHECK (((length(postal_code) >= 1) AND (length(postal_code) <= 16))),
    CONSTRAINT ck_addresses_recipient CHECK (((length(recipient) >= 1) AND (length(recipient) <= 200))),
    CONSTRAINT ck_addresses_region CHECK (((length(region) >= 1) AND (length(region) <= 100)))
);

ALTER TABLE ONLY profile.addresses FORCE ROW LEVEL SECURITY;

ALTER TABLE profile.addresses OWNER TO app_owner;

COMMENT ON TABLE profile.addresses IS 'Where people can be reached by post.';

COMMENT ON COLUMN profile.addresses.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN profile.addresses.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN profile.addresses.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN profile.addresses.kind IS 'home, work, billing or shipping.';

COMMENT ON COLUMN profile.addresses.recipient IS 'The name on the envelope.';

COMMENT ON COLUMN profile.addresses.line1 IS 'Street and number.';

COMMENT ON COLUMN profile.addresses.line2 IS 'Flat, floor, company.';

COMMENT ON COLUMN profile.addresses.city IS 'City, town or village.';

COMMENT ON COLUMN profile.addresses.region IS 'State, province or oblast, where the country has them.';

COMMENT ON COLUMN profile.addresses.postal_code IS 'Postal code, where the country has them.';

COMMENT ON COLUMN profile.addresses.country IS 'ISO 3166-1 code of the country, two letters.';

COMMENT ON COLUMN profile.addresses.is_default IS 'Whether it is taken where the person chooses none; one of each kind.';

COMMENT ON COLUMN profile.addresses.created_at IS 'When the row was made.';

COMMENT ON COLUMN profile.addresses.updated_at IS 'When the row was last changed.';

CREATE TABLE profile.preferences (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    key text NOT NULL,
    value jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_preferences_key CHECK ((key ~ '^[a-z][a-z0-9_.-]{0,99}$'::text)),
    CONSTRAINT ck_preferences_value CHECK ((length((value)::text) <= 16384))
);

ALTER TABLE ONLY profile.preferences FORCE ROW LEVEL SECURITY;

ALTER TABLE profile.preferences OWNER TO app_owner;

COMMENT ON TABLE profile.preferences IS 'What people have chosen, a row for each key.';

COMMENT ON COLUMN profile.preferences.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN profile.preferences.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN profile.preferences.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN profile.preferences.key IS 'What is chosen, e.g. editor.theme.';

COMMENT ON COLUMN profile.preferences.value IS 'The choice, any JSON up to 16 KiB.';

COMMENT ON COLUMN profile.preferences.created_at IS 'When the row was made.';

COMMENT ON COLUMN profile.preferences.updated_at IS 'When the row was last changed.';

CREATE TABLE profile.profiles (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid DEFAULT app.current_user_id() NOT NULL,
    display_name text NOT NULL,
    locale text DEFAULT 'en'::text NOT NULL,
    time_zone text DEFAULT 'UTC'::text NOT NULL,
    avatar_url text,
    about text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_profiles_about CHECK ((length(about) <= 2000)),
    CONSTRAINT ck_profiles_avatar_url CHECK (((avatar_url ~ '^https://[^[:space:]]+$'::text) AND (length(avatar_url) <= 2000))),
    CONSTRAINT ck_profiles_display_name CHECK (((length(display_name) >= 1) AND (length(display_name) <= 200))),
    CONSTRAINT ck_profiles_locale CHECK ((locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$'::text)),
    CONSTRAINT ck_profiles_time_zone CHECK ((time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$'::text))
);

ALTER TABLE ONLY profile.profiles FORCE ROW LEVEL SECURITY;

ALTER TABLE profile.profiles OWNER TO app_owner;

COMMENT ON TABLE profile.profiles IS 'How each person is shown in a tenant.';

COMMENT ON COLUMN profile.profiles.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN profile.profiles.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN profile.profiles.user_id IS 'The person that the row belongs to; taken from the session.';

COMMENT ON COLUMN profile.profiles.display_name IS 'What others call the person.';

COMMENT ON COLUMN profile.profiles.locale IS 'BCP 47 tag of language and region, e.g. ru-RU.';

COMMENT ON COLUMN profile.profiles.time_zone IS 'IANA name, e.g. Europe/Moscow.';

COMMENT ON COLUMN profile.profiles.avatar_url IS 'Where the picture is; https only.';

COMMENT ON COLUMN profile.profiles.about IS 'What the person says about themselves.';

COMMENT ON COLUMN profile.profiles.created_at IS 'When the row was made.';

COMMENT ON COLUMN profile.profiles.updated_at IS 'When the row was last changed.';

CREATE TABLE tenancy.builtin_role_permissions (
    role text NOT NULL,
    permission text NOT NULL,
    CONSTRAINT ck_builtin_role_permissions_role CHECK ((role = ANY (ARRAY['owner'::text, 'administrator'::text, 'member'::text, 'viewer'::text])))
);

ALTER TABLE ONLY tenancy.builtin_role_permissions FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.builtin_role_permissions OWNER TO app_owner;

COMMENT ON TABLE tenancy.builtin_role_permissions IS 'What the roles that every tenant has permit.';

COMMENT ON COLUMN tenancy.builtin_role_permissions.role IS 'One of the roles that every tenant has: owner, administrator, member or viewer.';

COMMENT ON COLUMN tenancy.builtin_role_permissions.permission IS 'What it permits.';

CREATE TABLE tenancy.invitations (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    email text NOT NULL,
    email_key text GENERATED ALWAYS AS (lower((email COLLATE "C"))) STORED NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    token_hash bytea NOT NULL,
    status text DEFAULT 'pending'::text NOT NULL,
    invited_by uuid,
    accepted_by uuid,
    answered_at timestamp with time zone,
    expires_at timestamp with time zone NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_invitations_accepted CHECK (((status = 'accepted'::text) = (accepted_by IS NOT NULL))),
    CONSTRAINT ck_invitations_answered CHECK (((status = 'pending'::text) = (answered_at IS NULL))),
    CONSTRAINT ck_invitations_email CHECK ((((length(email) >= 3) AND (length(email) <= 320)) AND (email ~ '^[^@[:space:]]+@[^@[:space:]]+$'::text))),
    CONSTRAINT ck_invitations_expires_at CHECK ((expires_at > created_at)),
    CONSTRAINT ck_invitations_role CHECK ((role = ANY (ARRAY['administrator'::text, 'member'::text, 'viewer'::text]))),
    CONSTRAINT ck_invitations_status CHECK ((status = ANY (ARRAY['pending'::text, 'accepted'::text, 'declined'::text, 'revoked'::text]))),
    CONSTRAINT ck_invitations_token_hash CHECK ((octet_length(token_hash) = 32))
);

ALTER TABLE ONLY tenancy.invitations FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.invitations OWNER TO app_owner;

COMMENT ON TABLE tenancy.invitations IS 'Who was invited to a tenant, and what came of it.';

COMMENT ON COLUMN tenancy.invitations.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN tenancy.invitations.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN tenancy.invitations.email IS 'Whom it was sent to, as it was written.';

COMMENT ON COLUMN tenancy.invitations.email_key IS 'The address in small letters, by which it is found; only who has proved it may accept.';

COMMENT ON COLUMN tenancy.invitations.role IS 'The built-in role that it brings; nobody is invited as an owner.';

COMMENT ON COLUMN tenancy.invitations.token_hash IS 'SHA-256 of the token in the link; a resent invitation gets another.';

COMMENT ON COLUMN tenancy.invitations.status IS 'pending, accepted, declined or revoked; a pending one is void after expires_at.';

COMMENT ON COLUMN tenancy.invitations.invited_by IS 'The person who invited; empty for the system itself.';

COMMENT ON COLUMN tenancy.invitations.accepted_by IS 'The person who accepted; no foreign key, as people live in another service.';

COMMENT ON COLUMN tenancy.invitations.answered_at IS 'When it was accepted, declined or revoked; empty while it is pending.';

COMMENT ON COLUMN tenancy.invitations.expires_at IS 'Until when it can be accepted.';

COMMENT ON COLUMN tenancy.invitations.created_at IS 'When the row was made.';

COMMENT ON COLUMN tenancy.invitations.updated_at IS 'When the row was last changed.';

CREATE TABLE tenancy.membership_roles (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    membership_id uuid NOT NULL,
    role_id uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY tenancy.membership_roles FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.membership_roles OWNER TO app_owner;

COMMENT ON TABLE tenancy.membership_roles IS 'Which of the tenant''s own roles a member has.';

COMMENT ON COLUMN tenancy.membership_roles.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN tenancy.membership_roles.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN tenancy.membership_roles.membership_id IS 'Whose place in the tenant it is.';

COMMENT ON COLUMN tenancy.membership_roles.role_id IS 'A role of the tenant''s own that it has beside the built-in one.';

COMMENT ON COLUMN tenancy.membership_roles.created_at IS 'When the row was made.';

CREATE TABLE tenancy.memberships (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    user_id uuid NOT NULL,
    role text DEFAULT 'member'::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    status text DEFAULT 'active'::text NOT NULL,
    epoch integer DEFAULT 1 NOT NULL,
    CONSTRAINT ck_memberships_epoch CHECK ((epoch >= 1)),
    CONSTRAINT ck_memberships_role CHECK ((role = ANY (ARRAY['owner'::text, 'administrator'::text, 'member'::text, 'viewer'::text]))),
    CONSTRAINT ck_memberships_status CHECK ((status = ANY (ARRAY['active'::text, 'suspended'::text])))
);

ALTER TABLE ONLY tenancy.memberships FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.memberships OWNER TO app_owner;

COMMENT ON TABLE tenancy.memberships IS 'Who belongs to which tenant, and as what.';

COMMENT ON COLUMN tenancy.memberships.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN tenancy.memberships.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN tenancy.memberships.user_id IS 'The person; no foreign key, as people live in another service.';

COMMENT ON COLUMN tenancy.memberships.role IS 'owner, administrator, member or viewer.';

COMMENT ON COLUMN tenancy.memberships.created_at IS 'When the row was made.';

COMMENT ON COLUMN tenancy.memberships.updated_at IS 'When the row was last changed.';

COMMENT ON COLUMN tenancy.memberships.status IS 'active or suspended.';

COMMENT ON COLUMN tenancy.memberships.epoch IS 'Grows when role, roles or status change: what was issued for an earlier one is void.';

CREATE TABLE tenancy.permissions (
    name text NOT NULL,
    description text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_permissions_description CHECK (((length(description) >= 1) AND (length(description) <= 500))),
    CONSTRAINT ck_permissions_name CHECK ((name ~ '^[a-z][a-z0-9_]{0,49}[.][a-z][a-z0-9_]{0,49}$'::text))
);

ALTER TABLE ONLY tenancy.permissions FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.permissions OWNER TO app_owner;

COMMENT ON TABLE tenancy.permissions IS 'What may be permitted; the same for every tenant.';

COMMENT ON COLUMN tenancy.permissions.name IS 'What may be done, as noun.verb, e.g. member.invite.';

COMMENT ON COLUMN tenancy.permissions.description IS 'What that means, for whoever gives it.';

COMMENT ON COLUMN tenancy.permissions.created_at IS 'When the row was made.';

CREATE TABLE tenancy.role_permissions (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    role_id uuid NOT NULL,
    permission text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY tenancy.role_permissions FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.role_permissions OWNER TO app_owner;

COMMENT ON TABLE tenancy.role_permissions IS 'What a tenant''s own role permits.';

COMMENT ON COLUMN tenancy.role_permissions.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN tenancy.role_permissions.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN tenancy.role_permissions.role_id IS 'The role.';

COMMENT ON COLUMN tenancy.role_permissions.permission IS 'What it permits.';

COMMENT ON COLUMN tenancy.role_permissions.created_at IS 'When the row was made.';

CREATE TABLE tenancy.roles (
    tenant_id uuid DEFAULT app.current_tenant_id() NOT NULL,
    id uuid DEFAULT app.uuid7() NOT NULL,
    name text NOT NULL,
    description text DEFAULT ''::text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT ck_roles_description CHECK ((length(description) <= 500)),
    CONSTRAINT ck_roles_name CHECK ((((length(name) >= 1) AND (length(name) <= 100)) AND (lower(name) <> ALL (ARRAY['owner'::text, 'administrator'::text, 'member'::text, 'viewer'::text]))))
);

ALTER TABLE ONLY tenancy.roles FORCE ROW LEVEL SECURITY;

ALTER TABLE tenancy.roles OWNER TO app_owner;

COMMENT ON TABLE tenancy.roles IS 'Roles of the tenant''s own, beside the built-in ones.';

COMMENT ON COLUMN tenancy.roles.tenant_id IS 'The tenant that the row belongs to; taken from the session.';

COMMENT ON COLUMN tenancy.roles.id IS 'UUIDv7: unique, and in the order of creation.';

COMMENT ON COLUMN tenancy.roles.name IS 'What people call it; none of the built-in names.';

COMMENT ON COLUMN tenancy.roles.description IS 'What it is for.';

COMMENT ON COLUMN tenancy.roles.created_at IS 'When the row was made.';

COMMENT ON COLUMN tenancy.roles.updated_at IS 'When the row was last changed.';

ALTER TABLE ONLY auth.login_attempts ATTACH PARTITION auth.login_attempts_default DEFAULT;

ALTER TABLE ONLY catalog.usage_statistics ATTACH PARTITION catalog.usage_statistics_default DEFAULT;

ALTER TABLE ONLY ops.audit_log ATTACH PARTITION ops.audit_log_default DEFAULT;

ALTER TABLE ONLY app.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);

ALTER TABLE ONLY auth.login_attempts
    ADD CONSTRAINT pk_login_attempts PRIMARY KEY (attempted_at, id);

ALTER TABLE ONLY auth.login_attempts_default
    ADD CONSTRAINT login_attempts_default_pkey PRIMARY KEY (attempted_at, id);

ALTER TABLE ONLY auth.account_throttle
    ADD CONSTRAINT pk_account_throttle PRIMARY KEY (user_id);

ALTER TABLE ONLY auth.api_keys
    ADD CONSTRAINT pk_api_keys PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY auth.devices
    ADD CONSTRAINT pk_devices PRIMARY KEY (id);

ALTER TABLE ONLY auth.mfa_factors
    ADD CONSTRAINT pk_mfa_factors PRIMARY KEY (id);

ALTER TABLE ONLY auth.one_time_tokens
    ADD CONSTRAINT pk_one_time_tokens PRIMARY KEY (id);

ALTER TABLE ONLY auth.rate_buckets
    ADD CONSTRAINT pk_rate_buckets PRIMARY KEY (scope, key);

ALTER TABLE ONLY auth.rate_limits
    ADD CONSTRAINT pk_rate_limits PRIMARY KEY (scope);

ALTER TABLE ONLY auth.recovery_codes
    ADD CONSTRAINT pk_recovery_codes PRIMARY KEY (id);

ALTER TABLE ONLY auth.refresh_tokens
    ADD CONSTRAINT pk_refresh_tokens PRIMARY KEY (session_id);

ALTER TABLE ONLY auth.sessions
    ADD CONSTRAINT pk_sessions PRIMARY KEY (id);

ALTER TABLE ONLY auth.user_activity
    ADD CONSTRAINT pk_user_activity PRIMARY KEY (user_id);

ALTER TABLE ONLY auth.users
    ADD CONSTRAINT pk_users PRIMARY KEY (id);

ALTER TABLE ONLY auth.devices
    ADD CONSTRAINT uq_devices_cookie_hash UNIQUE (cookie_hash);

ALTER TABLE ONLY auth.one_time_tokens
    ADD CONSTRAINT uq_one_time_tokens_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY auth.recovery_codes
    ADD CONSTRAINT uq_recovery_codes_user_id_code_hash UNIQUE (user_id, code_hash);

ALTER TABLE ONLY auth.sessions
    ADD CONSTRAINT uq_sessions_id_user_id UNIQUE (id, user_id);

ALTER TABLE ONLY auth.sessions
    ADD CONSTRAINT uq_sessions_token_hash UNIQUE (token_hash);

ALTER TABLE ONLY auth.users
    ADD CONSTRAINT uq_users_provider_subject UNIQUE (provider, subject);

ALTER TABLE ONLY auth_private.digest_keys
    ADD CONSTRAINT pk_digest_keys PRIMARY KEY (purpose);

ALTER TABLE ONLY auth_private.password_hashes
    ADD CONSTRAINT pk_password_hashes PRIMARY KEY (user_id);

ALTER TABLE ONLY billing.subscriptions
    ADD CONSTRAINT ex_subscriptions_tenant_id_customer_id_period EXCLUDE USING gist (tenant_id WITH =, customer_id WITH =, period WITH &&);

ALTER TABLE ONLY billing.payment_methods
    ADD CONSTRAINT pk_payment_methods PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY billing.payments
    ADD CONSTRAINT pk_payments PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY billing.refunds
    ADD CONSTRAINT pk_refunds PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY billing.subscriptions
    ADD CONSTRAINT pk_subscriptions PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY billing.transactions
    ADD CONSTRAINT pk_transactions PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY billing.payment_methods
    ADD CONSTRAINT uq_payment_methods_tenant_id_provider_provider_reference UNIQUE (tenant_id, provider, provider_reference);

ALTER TABLE ONLY billing.payments
    ADD CONSTRAINT uq_payments_tenant_id_idempotency_key UNIQUE (tenant_id, idempotency_key);

ALTER TABLE ONLY billing.refunds
    ADD CONSTRAINT uq_refunds_tenant_id_idempotency_key UNIQUE (tenant_id, idempotency_key);

ALTER TABLE ONLY billing.transactions
    ADD CONSTRAINT uq_transactions_tenant_id_payment_id_kind_provider_reference UNIQUE (tenant_id, payment_id, kind, provider_reference);

ALTER TABLE ONLY billing.transactions
    ADD CONSTRAINT uq_transactions_tenant_id_refund_id UNIQUE (tenant_id, refund_id);

ALTER TABLE ONLY catalog.categories
    ADD CONSTRAINT pk_categories PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY catalog.materials
    ADD CONSTRAINT pk_materials PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY catalog.usage_statistics
    ADD CONSTRAINT pk_usage_statistics PRIMARY KEY (tenant_id, day, material_id);

ALTER TABLE ONLY catalog.materials
    ADD CONSTRAINT uq_materials_tenant_id_code UNIQUE (tenant_id, code);

ALTER TABLE ONLY catalog.usage_statistics_default
    ADD CONSTRAINT usage_statistics_default_pkey PRIMARY KEY (tenant_id, day, material_id);

ALTER TABLE ONLY learning.analogy_feedback
    ADD CONSTRAINT pk_analogy_feedback PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.chapter_complexity
    ADD CONSTRAINT pk_chapter_complexity PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.chapter_progress
    ADD CONSTRAINT pk_chapter_progress PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.chapters
    ADD CONSTRAINT pk_chapters PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.course_documents
    ADD CONSTRAINT pk_course_documents PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.courses
    ADD CONSTRAINT pk_courses PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.keywords
    ADD CONSTRAINT pk_keywords PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.processed_documents
    ADD CONSTRAINT pk_processed_documents PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.relationships
    ADD CONSTRAINT pk_relationships PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.user_annotations
    ADD CONSTRAINT pk_user_annotations PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.user_profiles
    ADD CONSTRAINT pk_user_profiles PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.user_progress
    ADD CONSTRAINT pk_user_progress PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY learning.analogy_feedback
    ADD CONSTRAINT uq_analogy_feedback_tenant_id_relationship_id_user_id UNIQUE (tenant_id, relationship_id, user_id);

ALTER TABLE ONLY learning.chapter_complexity
    ADD CONSTRAINT uq_chapter_complexity_tenant_id_chapter_id UNIQUE (tenant_id, chapter_id);

ALTER TABLE ONLY learning.chapter_progress
    ADD CONSTRAINT uq_chapter_progress_tenant_id_user_id_chapter_id UNIQUE (tenant_id, user_id, chapter_id);

ALTER TABLE ONLY learning.chapters
    ADD CONSTRAINT uq_chapters_tenant_id_course_id_number UNIQUE (tenant_id, course_id, number);

ALTER TABLE ONLY learning.keywords
    ADD CONSTRAINT uq_keywords_tenant_id_course_id_term_key UNIQUE (tenant_id, course_id, term_key);

ALTER TABLE ONLY learning.processed_documents
    ADD CONSTRAINT uq_processed_documents_tenant_id_document_id_part UNIQUE (tenant_id, document_id, part);

ALTER TABLE ONLY learning.relationships
    ADD CONSTRAINT uq_relationships_source_target_kind UNIQUE (tenant_id, source_keyword_id, target_keyword_id, kind);

ALTER TABLE ONLY learning.user_profiles
    ADD CONSTRAINT uq_user_profiles_tenant_id_external_subject UNIQUE (tenant_id, external_subject);

ALTER TABLE ONLY learning.user_profiles
    ADD CONSTRAINT uq_user_profiles_tenant_id_user_id UNIQUE (tenant_id, user_id);

ALTER TABLE ONLY learning.user_progress
    ADD CONSTRAINT uq_user_progress_tenant_id_user_id UNIQUE (tenant_id, user_id);

ALTER TABLE ONLY ops.audit_log
    ADD CONSTRAINT pk_audit_log PRIMARY KEY (tenant_id, id, created_at);

ALTER TABLE ONLY ops.audit_log_default
    ADD CONSTRAINT audit_log_default_pkey PRIMARY KEY (tenant_id, id, created_at);

ALTER TABLE ONLY ops.partition_sets
    ADD CONSTRAINT pk_partition_sets PRIMARY KEY (parent);

ALTER TABLE ONLY ops.system_event
    ADD CONSTRAINT pk_system_event PRIMARY KEY (id);

ALTER TABLE ONLY ops.tenant_work
    ADD CONSTRAINT pk_tenant_work PRIMARY KEY (tenant);

ALTER TABLE ONLY profile.addresses
    ADD CONSTRAINT pk_addresses PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY profile.preferences
    ADD CONSTRAINT pk_preferences PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY profile.profiles
    ADD CONSTRAINT pk_profiles PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY profile.preferences
    ADD CONSTRAINT uq_preferences_tenant_id_user_id_key UNIQUE (tenant_id, user_id, key);

ALTER TABLE ONLY profile.profiles
    ADD CONSTRAINT uq_profiles_tenant_id_user_id UNIQUE (tenant_id, user_id);

ALTER TABLE ONLY tenancy.builtin_role_permissions
    ADD CONSTRAINT pk_builtin_role_permissions PRIMARY KEY (role, permission);

ALTER TABLE ONLY tenancy.invitations
    ADD CONSTRAINT pk_invitations PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY tenancy.membership_roles
    ADD CONSTRAINT pk_membership_roles PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY tenancy.memberships
    ADD CONSTRAINT pk_memberships PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY tenancy.permissions
    ADD CONSTRAINT pk_permissions PRIMARY KEY (name);

ALTER TABLE ONLY tenancy.role_permissions
    ADD CONSTRAINT pk_role_permissions PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY tenancy.roles
    ADD CONSTRAINT pk_roles PRIMARY KEY (tenant_id, id);

ALTER TABLE ONLY tenancy.tenants
    ADD CONSTRAINT pk_tenants PRIMARY KEY (id);

ALTER TABLE ONLY tenancy.invitations
    ADD CONSTRAINT uq_invitations_tenant_id_token_hash UNIQUE (tenant_id, token_hash);

ALTER TABLE ONLY tenancy.membership_roles
    ADD CONSTRAINT uq_membership_roles_tenant_id_membership_id_role_id UNIQUE (tenant_id, membership_id, role_id);

ALTER TABLE ONLY tenancy.memberships
    ADD CONSTRAINT uq_memberships_tenant_id_user_id UNIQUE (tenant_id, user_id);

ALTER TABLE ONLY tenancy.role_permissions
    ADD CONSTRAINT uq_role_permissions_tenant_id_role_id_permission UNIQUE (tenant_id, role_id, permission);

ALTER TABLE ONLY tenancy.roles
    ADD CONSTRAINT uq_roles_tenant_id_name UNIQUE (tenant_id, name);

ALTER TABLE ONLY tenancy.tenants
    ADD CONSTRAINT uq_tenants_slug UNIQUE (slug);

COMMENT ON INDEX app.alembic_version_pkc IS 'Keeps a revision from being noted twice.';

CREATE INDEX ix_api_keys_tenant_id_replaced_by ON auth.api_keys USING btree (tenant_id, replaced_by) WHERE (replaced_by IS NOT NULL);

COMMENT ON INDEX auth.ix_api_keys_tenant_id_replaced_by IS 'What a key took the place of.';

CREATE INDEX ix_devices_user_id ON auth.devices USING btree (user_id);

COMMENT ON INDEX auth.ix_devices_user_id IS 'The devices of a person.';

CREATE INDEX ix_login_attempts_email_digest_attempted_at ON ONLY auth.login_attempts USING btree (email_digest, attempted_at DESC);

COMMENT ON INDEX auth.ix_login_attempts_email_digest_attempted_at IS 'The newest attempts for an address.';

CREATE INDEX ix_login_attempts_ip_bucket_attempted_at ON ONLY auth.login_attempts USING btree (ip_bucket, attempted_at DESC);

COMMENT ON INDEX auth.ix_login_attempts_ip_bucket_attempted_at IS 'The newest attempts from a network.';

CREATE INDEX ix_mfa_factors_user_id ON auth.mfa_factors USING btree (user_id);

COMMENT ON INDEX auth.ix_mfa_factors_user_id IS 'All factors of a person, disabled ones too.';

CREATE INDEX ix_one_time_tokens_expires_at ON auth.one_time_tokens USING btree (expires_at);

COMMENT ON INDEX auth.ix_one_time_tokens_expires_at IS 'Tokens that are over, for clean-up.';

CREATE INDEX ix_one_time_tokens_user_id ON auth.one_time_tokens USING btree (user_id);

COMMENT ON INDEX auth.ix_one_time_tokens_user_id IS 'All tokens of a person, used ones too, when he is deleted.';

CREATE INDEX ix_sessions_absolute_expires_at ON auth.sessions USING btree (absolute_expires_at);

COMMENT ON INDEX auth.ix_sessions_absolute_expires_at IS 'Sessions that are over, for clean-up.';

CREATE INDEX ix_sessions_device_id ON auth.sessions USING btree (device_id) WHERE (device_id IS NOT NULL);

COMMENT ON INDEX auth.ix_sessions_device_id IS 'The sessions on a device.';

CREATE INDEX ix_sessions_tenant_id ON auth.sessions USING btree (tenant_id) WHERE ((revoked_at IS NULL) AND (tenant_id IS NOT NULL));

COMMENT ON INDEX auth.ix_sessions_tenant_id IS 'The sessions that are open for a tenant.';

CREATE INDEX ix_sessions_user_id ON auth.sessions USING btree (user_id);

COMMENT ON INDEX auth.ix_sessions_user_id IS 'The sessions of a person, to show and to end them.';

CREATE INDEX login_attempts_default_email_digest_attempted_at_idx ON auth.login_attempts_default USING btree (email_digest, attempted_at DESC);

CREATE INDEX login_attempts_default_ip_bucket_attempted_at_idx ON auth.login_attempts_default USING btree (ip_bucket, attempted_at DESC);

COMMENT ON INDEX auth.pk_login_attempts IS 'An attempt by its time and id.';

COMMENT ON INDEX auth.pk_account_throttle IS 'The backoff of a person.';

COMMENT ON INDEX auth.pk_api_keys IS 'The key that is shown, which names tenant and id; a tenant''s keys.';

COMMENT ON INDEX auth.pk_devices IS 'A device by its id.';

COMMENT ON INDEX auth.pk_mfa_factors IS 'A factor by its id.';

COMMENT ON INDEX auth.pk_one_time_tokens IS 'A token by its id.';

COMMENT ON INDEX auth.pk_rate_buckets IS 'The bucket of a key; clean-up goes through it in ranges.';

COMMENT ON INDEX auth.pk_rate_limits IS 'The limit of a scope.';

COMMENT ON INDEX auth.pk_recovery_codes IS 'A code by its id.';

COMMENT ON INDEX auth.pk_refresh_tokens IS 'The refresh token of a session.';

COMMENT ON INDEX auth.pk_sessions IS 'A session by its id.';

COMMENT ON INDEX auth.pk_user_activity IS 'The activity of a person.';

COMMENT ON INDEX auth.pk_users IS 'A person by his id.';

COMMENT ON INDEX auth.uq_devices_cookie_hash IS 'The device that shows a cookie.';

CREATE UNIQUE INDEX uq_mfa_factors_user_id_label ON auth.mfa_factors USING btree (user_id, label) WHERE (status <> 'disabled'::text);

COMMENT ON INDEX auth.uq_mfa_factors_user_id_label IS 'The factors of a person that are in use.';

COMMENT ON INDEX auth.uq_one_time_tokens_token_hash IS 'The token that is shown.';

CREATE UNIQUE INDEX uq_one_time_tokens_user_id_purpose ON auth.one_time_tokens USING btree (user_id, purpose) WHERE ((consumed_at IS NULL) AND (superseded_at IS NULL));

COMMENT ON INDEX auth.uq_one_time_tokens_user_id_purpose IS 'The one token of a person that may still be used.';

COMMENT ON INDEX auth.uq_recovery_codes_user_id_code_hash IS 'The code that a person shows; all of a person''s.';

COMMENT ON INDEX auth.uq_sessions_id_user_id IS 'What a refresh token refers to: the session, with its person.';

COMMENT ON INDEX auth.uq_sessions_token_hash IS 'The session of an opaque cookie.';

CREATE UNIQUE INDEX uq_users_email_key ON auth.users USING btree (email_key) WHERE (deleted_at IS NULL);

COMMENT ON INDEX auth.uq_users_email_key IS 'The living person with an address, at login.';

COMMENT ON INDEX auth.uq_users_provider_subject IS 'The person whom a provider vouches for.';

COMMENT ON INDEX auth_private.pk_digest_keys IS 'The key for a purpose.';

COMMENT ON INDEX auth_private.pk_password_hashes IS 'The password of a person.';

COMMENT ON INDEX billing.ex_subscriptions_tenant_id_customer_id_period IS 'A customer''s plan at a time; no two at once.';

CREATE INDEX ix_payment_methods_tenant_id_customer_id ON billing.payment_methods USING btree (tenant_id, customer_id, created_at DESC);

COMMENT ON INDEX billing.ix_payment_methods_tenant_id_customer_id IS 'A customer''s methods, newest first.';

CREATE INDEX ix_payments_tenant_id_created_at ON billing.payments USING btree (tenant_id, created_at DESC, id DESC);

COMMENT ON INDEX billing.ix_payments_tenant_id_created_at IS 'The newest payments of a tenant.';

CREATE INDEX ix_payments_tenant_id_customer_id ON billing.payments USING btree (tenant_id, customer_id, created_at DESC);

COMMENT ON INDEX billing.ix_payments_tenant_id_customer_id IS 'A customer''s payments, newest first.';

CREATE INDEX ix_payments_tenant_id_open ON billing.payments USING btree (tenant_id, created_at) WHERE (status = ANY (ARRAY['pending'::text, 'authorised'::text]));

COMMENT ON INDEX billing.ix_payments_tenant_id_open IS 'Payments that wait for something, the oldest first.';

CREATE INDEX ix_payments_tenant_id_payment_method_id ON billing.payments USING btree (tenant_id, payment_method_id);

COMMENT ON INDEX billing.ix_payments_tenant_id_payment_method_id IS 'Whether a payment method is in use.';

CREATE INDEX ix_refunds_tenant_id_payment_id ON billing.refunds USING btree (tenant_id, payment_id);

COMMENT ON INDEX billing.ix_refunds_tenant_id_payment_id IS 'The refunds of a payment, and their sum.';

CREATE INDEX ix_subscriptions_tenant_id_payment_id ON billing.subscriptions USING btree (tenant_id, payment_id);

COMMENT ON INDEX billing.ix_subscriptions_tenant_id_payment_id IS 'What a payment was for.';

CREATE INDEX ix_transactions_tenant_id_created_at ON billing.transactions USING btree (tenant_id, created_at DESC, id DESC);

COMMENT ON INDEX billing.ix_transactions_tenant_id_created_at IS 'The newest lines of a tenant.';

COMMENT ON INDEX billing.pk_payment_methods IS 'A payment method by its id.';

COMMENT ON INDEX billing.pk_payments IS 'A payment by its id.';

COMMENT ON INDEX billing.pk_refunds IS 'A refund by its id.';

COMMENT ON INDEX billing.pk_subscriptions IS 'A subscription by its id.';

COMMENT ON INDEX billing.pk_transactions IS 'A line by its id.';

CREATE UNIQUE INDEX uq_payment_methods_tenant_id_customer_id_default ON billing.payment_methods USING btree (tenant_id, customer_id) WHERE is_default;

COMMENT ON INDEX billing.uq_payment_methods_tenant_id_customer_id_default IS 'A customer''s default; one for each.';

COMMENT ON INDEX billing.uq_payment_methods_tenant_id_provider_provider_reference IS 'The payment method that a provider''s message is about.';

COMMENT ON INDEX billing.uq_payments_tenant_id_idempotency_key IS 'The payment that was asked for already.';

COMMENT ON INDEX billing.uq_refunds_tenant_id_idempotency_key IS 'The refund that was asked for already.';

COMMENT ON INDEX billing.uq_transactions_tenant_id_payment_id_kind_provider_reference IS 'The lines of a payment; a line that a provider told already.';

COMMENT ON INDEX billing.uq_transactions_tenant_id_refund_id IS 'The line that carries out a refund.';

CREATE INDEX ix_materials_tenant_id_category_id ON catalog.materials USING btree (tenant_id, category_id) WHERE (category_id IS NOT NULL);

COMMENT ON INDEX catalog.ix_materials_tenant_id_category_id IS 'The materials of a category.';

CREATE INDEX ix_materials_tenant_id_created_at ON catalog.materials USING btree (tenant_id, created_at DESC, id DESC);

COMMENT ON INDEX catalog.ix_materials_tenant_id_created_at IS 'The newest materials of a tenant.';

CREATE INDEX ix_materials_tenant_id_currency_price_minor_id ON catalog.materials USING btree (tenant_id, currency, price_minor, id);

COMMENT ON INDEX catalog.ix_materials_tenant_id_currency_price_minor_id IS 'Materials of a tenant between two prices of a currency, cheapest first, page by page.';

CREATE INDEX ix_materials_tenant_id_lower_code ON catalog.materials USING btree (tenant_id, lower(code) COLLATE "C");

COMMENT ON INDEX catalog.ix_materials_tenant_id_lower_code IS 'Materials whose number begins so, in small or capital letters.';

CREATE INDEX ix_materials_tenant_id_name ON catalog.materials USING gin (tenant_id, name extensions.gin_trgm_ops) WITH (fastupdate=off);

COMMENT ON INDEX catalog.ix_materials_tenant_id_name IS 'Names that are spelled similarly, within a tenant.';

CREATE INDEX ix_materials_tenant_id_search ON catalog.materials USING gin (tenant_id, search) WITH (fastupdate=off);

COMMENT ON INDEX catalog.ix_materials_tenant_id_search IS 'Full-text search within a tenant.';

CREATE INDEX ix_usage_statistics_tenant_id_material_id_day ON ONLY catalog.usage_statistics USING btree (tenant_id, material_id, day);

COMMENT ON INDEX catalog.ix_usage_statistics_tenant_id_material_id_day IS 'When a material was used.';

COMMENT ON INDEX catalog.pk_categories IS 'A category by its id; the way up from one.';

COMMENT ON INDEX catalog.pk_materials IS 'A material by its id.';

COMMENT ON INDEX catalog.pk_usage_statistics IS 'What a tenant used from a day until another one.';

CREATE UNIQUE INDEX uq_categories_tenant_id_name_top ON catalog.categories USING btree (tenant_id, name) WHERE (parent_id IS NULL);

COMMENT ON INDEX catalog.uq_categories_tenant_id_name_top IS 'The categories at the top by name.';

CREATE UNIQUE INDEX uq_categories_tenant_id_parent_id_name ON catalog.categories USING btree (tenant_id, parent_id, name) WHERE (parent_id IS NOT NULL);

COMMENT ON INDEX catalog.uq_categories_tenant_id_parent_id_name IS 'The categories of a parent by name.';

COMMENT ON INDEX catalog.uq_materials_tenant_id_code IS 'A material by the tenant''s own number.';

CREATE INDEX usage_statistics_default_tenant_id_material_id_day_idx ON catalog.usage_statistics_default USING btree (tenant_id, material_id, day);

CREATE INDEX ix_analogy_feedback_tenant_id_user_id_created_at ON learning.analogy_feedback USING btree (tenant_id, user_id, created_at DESC, id DESC);

COMMENT ON INDEX learning.ix_analogy_feedback_tenant_id_user_id_created_at IS 'What a person has given feedback on, newest first.';

CREATE INDEX ix_chapter_complexity_tenant_id_factors ON learning.chapter_complexity USING gin (tenant_id, factors jsonb_path_ops) WITH (fastupdate=off);

COMMENT ON INDEX learning.ix_chapter_complexity_tenant_id_factors IS 'Chapters that have certain factors; see learning.find_chapters.';

CREATE INDEX ix_chapter_progress_tenant_id_chapter_id ON learning.chapter_progress USING btree (tenant_id, chapter_id);

COMMENT ON INDEX learning.ix_chapter_progress_tenant_id_chapter_id IS 'Whether anybody has begun a chapter, when it is to be removed.';

CREATE INDEX ix_chapter_progress_tenant_id_completed_at ON learning.chapter_progress USING btree (tenant_id, completed_at) WHERE (completed_at IS NOT NULL);

COMMENT ON INDEX learning.ix_chapter_progress_tenant_id_completed_at IS 'What was completed in a time; see learning.get_learning_statistics.';

CREATE INDEX ix_chapter_progress_tenant_id_course_id ON learning.chapter_progress USING btree (tenant_id, course_id);

COMMENT ON INDEX learning.ix_chapter_progress_tenant_id_course_id IS 'How far everybody is in a course; see learning.get_course_stats.';

CREATE INDEX ix_chapter_progress_tenant_id_started_at ON learning.chapter_progress USING btree (tenant_id, started_at);

COMMENT ON INDEX learning.ix_chapter_progress_tenant_id_started_at IS 'What was begun in a time; see learning.get_learning_statistics.';

CREATE INDEX ix_chapter_progress_tenant_id_user_id_course_id ON learning.chapter_progress USING btree (tenant_id, user_id, course_id);

COMMENT ON INDEX learning.ix_chapter_progress_tenant_id_user_id_course_id IS 'How far a person is in a course.';

CREATE INDEX ix_course_documents_tenant_id_course_id_content_sha256 ON learning.course_documents USING btree (tenant_id, course_id, content_sha256);

COMMENT ON INDEX learning.ix_course_documents_tenant_id_course_id_content_sha256 IS 'Documents of a course with the same content; see learning.find_duplicate_documents.';

CREATE INDEX ix_course_documents_tenant_id_course_id_created_at ON learning.course_documents USING btree (tenant_id, course_id, created_at DESC, id DESC);

COMMENT ON INDEX learning.ix_course_documents_tenant_id_course_id_created_at IS 'The documents of a course, newest first.';

CREATE INDEX ix_course_documents_tenant_id_waiting ON learning.course_documents USING btree (tenant_id, created_at) WHERE (status = ANY (ARRAY['uploaded'::text, 'processing'::text]));

COMMENT ON INDEX learning.ix_course_documents_tenant_id_waiting IS 'Documents that wait to be processed, the oldest first.';

CREATE INDEX ix_courses_tenant_id_user_id_created_at ON learning.courses USING btree (tenant_id, user_id, created_at DESC, id DESC);

COMMENT ON INDEX learning.ix_courses_tenant_id_user_id_created_at IS 'A person''s courses, newest first; those that learning.search_courses looks at.';

CREATE INDEX ix_keywords_embedding ON learning.keywords USING hnsw (((embedding)::extensions.halfvec(768)) extensions.halfvec_cosine_ops);

COMMENT ON INDEX learning.ix_keywords_embedding IS 'Keywords by what they mean; see learning.find_similar_keywords.';

CREATE INDEX ix_keywords_tenant_id_course_id_embedded ON learning.keywords USING btree (tenant_id, course_id, id) WHERE (embedding IS NOT NULL);

COMMENT ON INDEX learning.ix_keywords_tenant_id_course_id_embedded IS 'Keywords that have a vector, counted and compared one by one; see learning.find_similar_keywords.';

CREATE INDEX ix_keywords_tenant_id_term_key ON learning.keywords USING btree (tenant_id, term_key, id);

COMMENT ON INDEX learning.ix_keywords_tenant_id_term_key IS 'Keywords of the tenant that begin with some letters, in the order of letters; see learning.search_keywords.';

CREATE INDEX ix_keywords_tenant_id_term_key_trigrams ON learning.keywords USING gin (tenant_id, term_key extensions.gin_trgm_ops) WITH (fastupdate=off);

COMMENT ON INDEX learning.ix_keywords_tenant_id_term_key_trigrams IS 'Keywords of the tenant that are spelled alike; see learning.search_keywords.';

CREATE INDEX ix_processed_documents_embedding ON learning.processed_documents USING hnsw (((embedding)::extensions.halfvec(768)) extensions.halfvec_cosine_ops);

COMMENT ON INDEX learning.ix_processed_documents_embedding IS 'Parts of documents by what they mean; see learning.find_similar_documents.';

CREATE INDEX ix_relationships_tenant_id_target_keyword_id ON learning.relationships USING btree (tenant_id, target_keyword_id);

COMMENT ON INDEX learning.ix_relationships_tenant_id_target_keyword_id IS 'What leads to a keyword.';

CREATE INDEX ix_user_annotations_tenant_id_chapter_id_user_id ON learning.user_annotations USING btree (tenant_id, chapter_id, user_id);

COMMENT ON INDEX learning.ix_user_annotations_tenant_id_chapter_id_user_id IS 'What a person has marked or written in a chapter; whether anybody has.';

CREATE INDEX ix_user_annotations_tenant_id_user_id_created_at ON learning.user_annotations USING btree (tenant_id, user_id, created_at DESC, id DESC);

COMMENT ON INDEX learning.ix_user_annotations_tenant_id_user_id_created_at IS 'What a person has marked or written, newest first.';

COMMENT ON INDEX learning.pk_analogy_feedback IS 'A piece of feedback by its id.';

COMMENT ON INDEX learning.pk_chapter_complexity IS 'A judgement by its id.';

COMMENT ON INDEX learning.pk_chapter_progress IS 'Progress in a chapter by its id.';

COMMENT ON INDEX learning.pk_chapters IS 'A chapter by its id.';

COMMENT ON INDEX learning.pk_course_documents IS 'A document by its id.';

COMMENT ON INDEX learning.pk_courses IS 'A course by its id.';

COMMENT ON INDEX learning.pk_keywords IS 'A keyword by its id.';

COMMENT ON INDEX learning.pk_processed_documents IS 'A part by its id.';

COMMENT ON INDEX learning.pk_relationships IS 'A relationship by its id.';

COMMENT ON INDEX learning.pk_user_annotations IS 'An annotation by its id.';

COMMENT ON INDEX learning.pk_user_profiles IS 'A person''s row by its id.';

COMMENT ON INDEX learning.pk_user_progress IS 'The sum of a person by its id.';

COMMENT ON INDEX learning.uq_analogy_feedback_tenant_id_relationship_id_user_id IS 'What people think of a relationship; one row for each person.';

COMMENT ON INDEX learning.uq_chapter_complexity_tenant_id_chapter_id IS 'How hard a chapter is; one judgement for each.';

COMMENT ON INDEX learning.uq_chapter_progress_tenant_id_user_id_chapter_id IS 'How far a person is in a chapter; one row for each.';

COMMENT ON INDEX learning.uq_chapters_tenant_id_course_id_number IS 'The chapters of a course in their order.';

COMMENT ON INDEX learning.uq_keywords_tenant_id_course_id_term_key IS 'A keyword of a course by its words; one of each.';

COMMENT ON INDEX learning.uq_processed_documents_tenant_id_document_id_part IS 'The parts of a document in their order.';

COMMENT ON INDEX learning.uq_relationships_source_target_kind IS 'Where a keyword leads to; one of each kind.';

COMMENT ON INDEX learning.uq_user_profiles_tenant_id_external_subject IS 'Who a subject of the identity provider is; see learning.find_person.';

COMMENT ON INDEX learning.uq_user_profiles_tenant_id_user_id IS 'The row of a person; one in each tenant.';

COMMENT ON INDEX learning.uq_user_progress_tenant_id_user_id IS 'What a person has done so far; one row in each tenant.';

COMMENT ON INDEX ops.pk_audit_log IS 'An entry by its id.';

CREATE INDEX ix_audit_log_tenant_id_created_at ON ONLY ops.audit_log USING btree (tenant_id, created_at DESC);

COMMENT ON INDEX ops.ix_audit_log_tenant_id_created_at IS 'The newest entries of a tenant.';

CREATE INDEX audit_log_default_tenant_id_created_at_idx ON ops.audit_log_default USING btree (tenant_id, created_at DESC);

CREATE INDEX ix_system_event_created_at ON ops.system_event USING btree (created_at DESC);

COMMENT ON INDEX ops.ix_system_event_created_at IS 'The newest events.';

COMMENT ON INDEX ops.pk_partition_sets IS 'The set of a table.';

COMMENT ON INDEX ops.pk_system_event IS 'An event by its id.';

COMMENT ON INDEX ops.pk_tenant_work IS 'The work on a tenant; one at a time.';

CREATE INDEX ix_addresses_tenant_id_user_id_created_at ON profile.addresses USING btree (tenant_id, user_id, created_at DESC);

COMMENT ON INDEX profile.ix_addresses_tenant_id_user_id_created_at IS 'A person''s addresses, newest first.';

COMMENT ON INDEX profile.pk_addresses IS 'An address by its id.';

COMMENT ON INDEX profile.pk_preferences IS 'A preference by its id.';

COMMENT ON INDEX profile.pk_profiles IS 'A profile by its id.';

CREATE UNIQUE INDEX uq_addresses_tenant_id_user_id_kind_default ON profile.addresses USING btree (tenant_id, user_id, kind) WHERE is_default;

COMMENT ON INDEX profile.uq_addresses_tenant_id_user_id_kind_default IS 'A person''s default address of a kind.';

COMMENT ON INDEX profile.uq_preferences_tenant_id_user_id_key IS 'A person''s preference by its key; all of a person''s.';

COMMENT ON INDEX profile.uq_profiles_tenant_id_user_id IS 'The profile of a person; one in each tenant.';

CREATE INDEX ix_builtin_role_permissions_permission ON tenancy.builtin_role_permissions USING btree (permission);

COMMENT ON INDEX tenancy.ix_builtin_role_permissions_permission IS 'Which built-in roles permit something.';

CREATE INDEX ix_membership_roles_tenant_id_role_id ON tenancy.membership_roles USING btree (tenant_id, role_id);

COMMENT ON INDEX tenancy.ix_membership_roles_tenant_id_role_id IS 'The members that have a role.';

CREATE INDEX ix_role_permissions_tenant_id_permission ON tenancy.role_permissions USING btree (tenant_id, permission);

COMMENT ON INDEX tenancy.ix_role_permissions_tenant_id_permission IS 'Which roles permit something.';

COMMENT ON INDEX tenancy.pk_builtin_role_permissions IS 'What a built-in role permits.';

COMMENT ON INDEX tenancy.pk_invitations IS 'An invitation by its id.';

COMMENT ON INDEX tenancy.pk_membership_roles IS 'A role of a member by its id.';

COMMENT ON INDEX tenancy.pk_memberships IS 'A membership by its id.';

COMMENT ON INDEX tenancy.pk_permissions IS 'A permission by its name.';

COMMENT ON INDEX tenancy.pk_role_permissions IS 'A permission of a role by its id.';

COMMENT ON INDEX tenancy.pk_roles IS 'A role by its id.';

COMMENT ON INDEX tenancy.pk_tenants IS 'A tenant by its id; every policy of this table reads by it.';

CREATE UNIQUE INDEX uq_invitations_tenant_id_email_key ON tenancy.invitations USING btree (tenant_id, email_key) WHERE (status = 'pending'::text);

COMMENT ON INDEX tenancy.uq_invitations_tenant_id_email_key IS 'The one pending invitation of an address.';

COMMENT ON INDEX tenancy.uq_invitations_tenant_id_token_hash IS 'The invitation of a link.';

COMMENT ON INDEX tenancy.uq_membership_roles_tenant_id_membership_id_role_id IS 'The roles of a member.';

COMMENT ON INDEX tenancy.uq_memberships_tenant_id_user_id IS 'A person''s membership in the tenant; the tenant''s people.';

COMMENT ON INDEX tenancy.uq_role_permissions_tenant_id_role_id_permission IS 'What a role permits.';

COMMENT ON INDEX tenancy.uq_roles_tenant_id_name IS 'A role by its name; the tenant''s roles.';

COMMENT ON INDEX tenancy.uq_tenants_slug IS 'A tenant by its name in a URL.';

ALTER INDEX auth.ix_login_attempts_email_digest_attempted_at ATTACH PARTITION auth.login_attempts_default_email_digest_attempted_at_idx;

ALTER INDEX auth.ix_login_attempts_ip_bucket_attempted_at ATTACH PARTITION auth.login_attempts_default_ip_bucket_attempted_at_idx;

ALTER INDEX auth.pk_login_attempts ATTACH PARTITION auth.login_attempts_default_pkey;

ALTER INDEX catalog.pk_usage_statistics ATTACH PARTITION catalog.usage_statistics_default_pkey;

ALTER INDEX catalog.ix_usage_statistics_tenant_id_material_id_day ATTACH PARTITION catalog.usage_statistics_default_tenant_id_material_id_day_idx;

ALTER INDEX ops.pk_audit_log ATTACH PARTITION ops.audit_log_default_pkey;

ALTER INDEX ops.ix_audit_log_tenant_id_created_at ATTACH PARTITION ops.audit_log_default_tenant_id_created_at_idx;

CREATE TRIGGER keep_epoch BEFORE UPDATE OF auth_epoch ON auth.users FOR EACH ROW WHEN ((new.auth_epoch < old.auth_epoch)) EXECUTE FUNCTION auth.keep_epoch();

COMMENT ON TRIGGER keep_epoch ON auth.users IS 'What was ended stays ended.';

CREATE TRIGGER check_line BEFORE INSERT ON billing.transactions FOR EACH ROW EXECUTE FUNCTION billing.check_line();

COMMENT ON TRIGGER check_line ON billing.transactions IS 'The ledger adds up to no more than the payment.';

CREATE TRIGGER check_refund BEFORE INSERT ON billing.refunds FOR EACH ROW EXECUTE FUNCTION billing.check_refund();

COMMENT ON TRIGGER check_refund ON billing.refunds IS 'What goes back never exceeds what was captured.';

CREATE TRIGGER check_transition BEFORE UPDATE ON billing.payments FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION billing.check_transition('pending>authorised', 'pending>captured', 'pending>failed', 'pending>canceled', 'authorised>captured', 'authorised>failed', 'authorised>canceled', 'captured>partially_refunded', 'captured>refunded', 'captured>charged_back', 'partially_refunded>refunded', 'partially_refunded>charged_back');

COMMENT ON TRIGGER check_transition ON billing.payments IS 'The ways that a payment''s status may go.';

CREATE TRIGGER check_transition BEFORE UPDATE ON billing.refunds FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION billing.check_transition('pending>succeeded', 'pending>failed', 'pending>canceled');

COMMENT ON TRIGGER check_transition ON billing.refunds IS 'The ways that a refund''s status may go.';

CREATE TRIGGER keep_captured BEFORE UPDATE ON billing.payments FOR EACH ROW WHEN ((new.captured_minor < old.captured_minor)) EXECUTE FUNCTION billing.refuse_change('what was captured of a payment never falls');

COMMENT ON TRIGGER keep_captured ON billing.payments IS 'What was captured goes back by a refund only.';

CREATE TRIGGER keep_fixed BEFORE UPDATE ON billing.payments FOR EACH ROW WHEN ((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.customer_id IS DISTINCT FROM new.customer_id)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.currency IS DISTINCT FROM new.currency)) OR (old.idempotency_key IS DISTINCT FROM new.idempotency_key)) OR (old.created_at IS DISTINCT FROM new.created_at))) EXECUTE FUNCTION billing.refuse_change('amount, currency, customer and key of a payment never change');

COMMENT ON TRIGGER keep_fixed ON billing.payments IS 'What was agreed stays as it was.';

CREATE TRIGGER keep_fixed BEFORE UPDATE ON billing.refunds FOR EACH ROW WHEN ((((((((old.tenant_id IS DISTINCT FROM new.tenant_id) OR (old.id IS DISTINCT FROM new.id)) OR (old.payment_id IS DISTINCT FROM new.payment_id)) OR (old.amount_minor IS DISTINCT FROM new.amount_minor)) OR (old.reason IS DISTINCT FROM new.reason)) OR (old.idempotency_key IS DISTINCT FROM new.idempotency_key)) OR (old.created_at IS DISTINCT FROM new.created_at))) EXECUTE FUNCTION billing.refuse_change('payment, amount, reason and key of a refund never change');

COMMENT ON TRIGGER keep_fixed ON billing.refunds IS 'What was asked for stays as it was.';

CREATE TRIGGER keep_fixed BEFORE UPDATE ON billing.transactions FOR EACH ROW EXECUTE FUNCTION billing.refuse_change('a line of the ledger never changes');

COMMENT ON TRIGGER keep_fixed ON billing.transactions IS 'What was written stays, for the owner too.';

CREATE TRIGGER refuse_circle AFTER UPDATE OF parent_id ON catalog.categories FOR EACH ROW WHEN (((new.parent_id IS NOT NULL) AND (new.parent_id IS DISTINCT FROM old.parent_id))) EXECUTE FUNCTION catalog.refuse_circle();

COMMENT ON TRIGGER refuse_circle ON catalog.categories IS 'A category is not moved below itself.';

CREATE TRIGGER refuse_circle_at_insert AFTER INSERT ON catalog.categories FOR EACH ROW WHEN ((new.parent_id IS NOT NULL)) EXECUTE FUNCTION catalog.refuse_circle();

COMMENT ON TRIGGER refuse_circle_at_insert ON catalog.categories IS 'Several new rows may form a circle.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON catalog.categories FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON catalog.categories IS 'Says when a row was changed, whoever does it.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON catalog.materials FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON catalog.materials IS 'Says when a row was changed, whoever does it.';

CREATE TRIGGER audit_row AFTER INSERT OR DELETE OR UPDATE ON learning.courses FOR EACH ROW EXECUTE FUNCTION ops.audit_row('course');

COMMENT ON TRIGGER audit_row ON learning.courses IS 'What is done to courses is in the audit log.';

CREATE TRIGGER check_document_status BEFORE UPDATE OF status ON learning.course_documents FOR EACH ROW WHEN ((old.status IS DISTINCT FROM new.status)) EXECUTE FUNCTION learning.check_document_status('uploaded>processing', 'uploaded>processed', 'uploaded>failed', 'processing>processed', 'processing>failed', 'processed>processing', 'failed>processing', 'failed>processed');

COMMENT ON TRIGGER check_document_status ON learning.course_documents IS 'The ways that a document''s status may go.';

CREATE TRIGGER check_profile BEFORE INSERT OR UPDATE OF interests, time_zone ON learning.user_profiles FOR EACH ROW EXECUTE FUNCTION learning.check_profile();

COMMENT ON TRIGGER check_profile ON learning.user_profiles IS 'Interests are few, short and told once; a time zone exists.';

CREATE TRIGGER count_feedback AFTER INSERT OR DELETE OR UPDATE ON learning.analogy_feedback FOR EACH ROW EXECUTE FUNCTION learning.count_feedback();

COMMENT ON TRIGGER count_feedback ON learning.analogy_feedback IS 'How many people have given feedback, and whether they agree.';

CREATE TRIGGER finish_documents AFTER INSERT ON learning.processed_documents REFERENCING NEW TABLE AS parts FOR EACH STATEMENT EXECUTE FUNCTION learning.finish_documents();

COMMENT ON TRIGGER finish_documents ON learning.processed_documents IS 'A document that has parts is processed.';

CREATE TRIGGER keep_progress BEFORE INSERT OR UPDATE ON learning.chapter_progress FOR EACH ROW EXECUTE FUNCTION learning.keep_progress();

COMMENT ON TRIGGER keep_progress ON learning.chapter_progress IS 'The server''s clock says when a chapter was begun and completed.';

CREATE TRIGGER note_progress AFTER INSERT OR UPDATE ON learning.chapter_progress FOR EACH ROW EXECUTE FUNCTION learning.note_progress();

COMMENT ON TRIGGER note_progress ON learning.chapter_progress IS 'Streak, chapters and time of the person.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.analogy_feedback FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.analogy_feedback IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.chapter_complexity FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.chapter_complexity IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.chapter_progress FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.chapter_progress IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.chapters FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.chapters IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.course_documents FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.course_documents IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.courses FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.courses IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.keywords FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.keywords IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.processed_documents FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.processed_documents IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.relationships FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.relationships IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.user_annotations FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.user_annotations IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.user_profiles FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.user_profiles IS 'When the row was last changed.';

CREATE TRIGGER touch_updated_at BEFORE UPDATE ON learning.user_progress FOR EACH ROW EXECUTE FUNCTION app.touch_updated_at();

COMMENT ON TRIGGER touch_updated_at ON learning.user_progress IS 'When the row was last changed.';

CREATE TRIGGER refuse_delete BEFORE DELETE ON ops.audit_log FOR EACH ROW EXECUTE FUNCTION ops.refuse_delete_of_audit();

COMMENT ON TRIGGER refuse_delete ON ops.audit_log IS 'Entries go with their tenant, and not before.';

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON ops.audit_log FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();

COMMENT ON TRIGGER refuse_truncate ON ops.audit_log IS 'Rows are not taken away all at once, by nobody.';

CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON ops.audit_log_default FOR EACH STATEMENT EXECUTE FUNCTION ops.refuse_change();

COMMENT ON TRIGGER refuse_truncate ON ops.audit_log_default IS 'Rows are not taken away all at once, by nobody.';

CREATE TRIGGER refuse_update BEFORE UPDATE ON ops.audit_log FOR EACH ROW EXECUTE FUNCTION ops.refuse_change();

COMMENT ON TRIGGER refuse_update ON ops.audit_log IS 'Entries are never changed, by nobody.';

CREATE TRIGGER bump_membership BEFORE INSERT OR DELETE OR UPDATE ON tenancy.membership_roles FOR EACH ROW EXECUTE FUNCTION tenancy.bump_membership();

COMMENT ON TRIGGER bump_membership ON tenancy.membership_roles IS 'A member''s roles count in its epoch.';

CREATE TRIGGER guard_membership BEFORE DELETE OR UPDATE ON tenancy.memberships FOR EACH ROW EXECUTE FUNCTION tenancy.guard_membership();

COMMENT ON TRIGGER guard_membership ON tenancy.memberships IS 'Counts changes in epoch; one owner goes at a time.';

CREATE CONSTRAINT TRIGGER keep_an_owner AFTER DELETE OR UPDATE ON tenancy.memberships DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (((old.role = 'owner'::text) AND (old.status = 'active'::text))) EXECUTE FUNCTION tenancy.keep_an_owner();

COMMENT ON TRIGGER keep_an_owner ON tenancy.memberships IS 'A tenant that has an owner keeps one.';

ALTER TABLE ONLY auth.account_throttle
    ADD CONSTRAINT fk_account_throttle_user_id FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.api_keys
    ADD CONSTRAINT fk_api_keys_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY auth.api_keys
    ADD CONSTRAINT fk_api_keys_tenant_id_replaced_by FOREIGN KEY (tenant_id, replaced_by) REFERENCES auth.api_keys(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY auth.devices
    ADD CONSTRAINT fk_devices_user_id FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.mfa_factors
    ADD CONSTRAINT fk_mfa_factors_user_id FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.one_time_tokens
    ADD CONSTRAINT fk_one_time_tokens_user_id FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.recovery_codes
    ADD CONSTRAINT fk_recovery_codes_user_id FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.refresh_tokens
    ADD CONSTRAINT fk_refresh_tokens_session_id_user_id FOREIGN KEY (session_id, user_id) REFERENCES auth.sessions(id, user_id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.sessions
    ADD CONSTRAINT fk_sessions_device_id FOREIGN KEY (device_id) REFERENCES auth.devices(id) ON DELETE SET NULL;

ALTER TABLE ONLY auth.sessions
    ADD CONSTRAINT fk_sessions_user_id FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth.user_activity
    ADD CONSTRAINT fk_user_activity_user_id FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY auth_private.password_hashes
    ADD CONSTRAINT fk_password_hashes_user_id FOREIGN KEY (user_id) REFERENCES auth.users(id) ON DELETE CASCADE;

ALTER TABLE ONLY billing.payment_methods
    ADD CONSTRAINT fk_payment_methods_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.payments
    ADD CONSTRAINT fk_payments_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.payments
    ADD CONSTRAINT fk_payments_tenant_id_payment_method_id FOREIGN KEY (tenant_id, payment_method_id) REFERENCES billing.payment_methods(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.refunds
    ADD CONSTRAINT fk_refunds_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.refunds
    ADD CONSTRAINT fk_refunds_tenant_id_payment_id FOREIGN KEY (tenant_id, payment_id) REFERENCES billing.payments(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.subscriptions
    ADD CONSTRAINT fk_subscriptions_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.subscriptions
    ADD CONSTRAINT fk_subscriptions_tenant_id_payment_id FOREIGN KEY (tenant_id, payment_id) REFERENCES billing.payments(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.transactions
    ADD CONSTRAINT fk_transactions_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.transactions
    ADD CONSTRAINT fk_transactions_tenant_id_payment_id FOREIGN KEY (tenant_id, payment_id) REFERENCES billing.payments(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY billing.transactions
    ADD CONSTRAINT fk_transactions_tenant_id_refund_id FOREIGN KEY (tenant_id, refund_id) REFERENCES billing.refunds(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY catalog.categories
    ADD CONSTRAINT fk_categories_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY catalog.categories
    ADD CONSTRAINT fk_categories_tenant_id_parent_id FOREIGN KEY (tenant_id, parent_id) REFERENCES catalog.categories(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY catalog.materials
    ADD CONSTRAINT fk_materials_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY catalog.materials
    ADD CONSTRAINT fk_materials_tenant_id_category_id FOREIGN KEY (tenant_id, category_id) REFERENCES catalog.categories(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE catalog.usage_statistics
    ADD CONSTRAINT fk_usage_statistics_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE catalog.usage_statistics
    ADD CONSTRAINT fk_usage_statistics_tenant_id_material_id FOREIGN KEY (tenant_id, material_id) REFERENCES catalog.materials(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.analogy_feedback
    ADD CONSTRAINT fk_analogy_feedback_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.analogy_feedback
    ADD CONSTRAINT fk_analogy_feedback_tenant_id_relationship_id FOREIGN KEY (tenant_id, relationship_id) REFERENCES learning.relationships(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.chapter_complexity
    ADD CONSTRAINT fk_chapter_complexity_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.chapter_complexity
    ADD CONSTRAINT fk_chapter_complexity_tenant_id_chapter_id FOREIGN KEY (tenant_id, chapter_id) REFERENCES learning.chapters(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.chapter_progress
    ADD CONSTRAINT fk_chapter_progress_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.chapter_progress
    ADD CONSTRAINT fk_chapter_progress_tenant_id_chapter_id FOREIGN KEY (tenant_id, chapter_id) REFERENCES learning.chapters(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.chapter_progress
    ADD CONSTRAINT fk_chapter_progress_tenant_id_course_id FOREIGN KEY (tenant_id, course_id) REFERENCES learning.courses(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.chapters
    ADD CONSTRAINT fk_chapters_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.chapters
    ADD CONSTRAINT fk_chapters_tenant_id_course_id FOREIGN KEY (tenant_id, course_id) REFERENCES learning.courses(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.course_documents
    ADD CONSTRAINT fk_course_documents_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.course_documents
    ADD CONSTRAINT fk_course_documents_tenant_id_course_id FOREIGN KEY (tenant_id, course_id) REFERENCES learning.courses(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.courses
    ADD CONSTRAINT fk_courses_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.keywords
    ADD CONSTRAINT fk_keywords_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.keywords
    ADD CONSTRAINT fk_keywords_tenant_id_course_id FOREIGN KEY (tenant_id, course_id) REFERENCES learning.courses(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.processed_documents
    ADD CONSTRAINT fk_processed_documents_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.processed_documents
    ADD CONSTRAINT fk_processed_documents_tenant_id_document_id FOREIGN KEY (tenant_id, document_id) REFERENCES learning.course_documents(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.relationships
    ADD CONSTRAINT fk_relationships_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.relationships
    ADD CONSTRAINT fk_relationships_tenant_id_source_keyword_id FOREIGN KEY (tenant_id, source_keyword_id) REFERENCES learning.keywords(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.relationships
    ADD CONSTRAINT fk_relationships_tenant_id_target_keyword_id FOREIGN KEY (tenant_id, target_keyword_id) REFERENCES learning.keywords(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY learning.user_annotations
    ADD CONSTRAINT fk_user_annotations_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.user_annotations
    ADD CONSTRAINT fk_user_annotations_tenant_id_chapter_id FOREIGN KEY (tenant_id, chapter_id) REFERENCES learning.chapters(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.user_profiles
    ADD CONSTRAINT fk_user_profiles_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY learning.user_progress
    ADD CONSTRAINT fk_user_progress_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ops.audit_log
    ADD CONSTRAINT fk_audit_log_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY profile.addresses
    ADD CONSTRAINT fk_addresses_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY profile.preferences
    ADD CONSTRAINT fk_preferences_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY profile.profiles
    ADD CONSTRAINT fk_profiles_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY tenancy.builtin_role_permissions
    ADD CONSTRAINT fk_builtin_role_permissions_permission FOREIGN KEY (permission) REFERENCES tenancy.permissions(name) ON DELETE CASCADE;

ALTER TABLE ONLY tenancy.invitations
    ADD CONSTRAINT fk_invitations_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY tenancy.membership_roles
    ADD CONSTRAINT fk_membership_roles_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY tenancy.membership_roles
    ADD CONSTRAINT fk_membership_roles_tenant_id_membership_id FOREIGN KEY (tenant_id, membership_id) REFERENCES tenancy.memberships(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY tenancy.membership_roles
    ADD CONSTRAINT fk_membership_roles_tenant_id_role_id FOREIGN KEY (tenant_id, role_id) REFERENCES tenancy.roles(tenant_id, id) ON DELETE RESTRICT;

ALTER TABLE ONLY tenancy.memberships
    ADD CONSTRAINT fk_memberships_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY tenancy.role_permissions
    ADD CONSTRAINT fk_role_permissions_permission FOREIGN KEY (permission) REFERENCES tenancy.permissions(name) ON DELETE RESTRICT;

ALTER TABLE ONLY tenancy.role_permissions
    ADD CONSTRAINT fk_role_permissions_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE ONLY tenancy.role_permissions
    ADD CONSTRAINT fk_role_permissions_tenant_id_role_id FOREIGN KEY (tenant_id, role_id) REFERENCES tenancy.roles(tenant_id, id) ON DELETE CASCADE;

ALTER TABLE ONLY tenancy.roles
    ADD CONSTRAINT fk_roles_tenant_id FOREIGN KEY (tenant_id) REFERENCES tenancy.tenants(id) ON DELETE RESTRICT;

ALTER TABLE auth.account_throttle ENABLE ROW LEVEL SECURITY;

CREATE POLICY all_rows ON auth.account_throttle TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.api_keys TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.devices TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.login_attempts TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.mfa_factors TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.one_time_tokens TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.rate_buckets TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.rate_limits TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.recovery_codes TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.refresh_tokens TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.sessions TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.user_activity TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth.users TO app_all USING (true) WITH CHECK (true);

ALTER TABLE auth.api_keys ENABLE ROW LEVEL SECURITY;

CREATE POLICY auth_rows ON auth.account_throttle TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.api_keys TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.devices TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.login_attempts TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.mfa_factors TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.one_time_tokens TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.rate_buckets TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.rate_limits TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.recovery_codes TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.refresh_tokens TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.sessions TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.user_activity TO auth_service, app_auth USING (true) WITH CHECK (true);

CREATE POLICY auth_rows ON auth.users TO auth_service, app_auth USING (true) WITH CHECK (true);

ALTER TABLE auth.devices ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.login_attempts ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.login_attempts_default ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.mfa_factors ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.one_time_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON auth.account_throttle TO app_tenant, app_tenant_admin USING ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_rows ON auth.devices TO app_tenant, app_tenant_admin USING ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_rows ON auth.mfa_factors TO app_tenant, app_tenant_admin USING ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_rows ON auth.one_time_tokens TO app_tenant, app_tenant_admin USING ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_rows ON auth.recovery_codes TO app_tenant, app_tenant_admin USING ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_rows ON auth.refresh_tokens TO app_tenant, app_tenant_admin USING ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_rows ON auth.sessions TO app_tenant, app_tenant_admin USING ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_rows ON auth.user_activity TO app_tenant, app_tenant_admin USING ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

CREATE POLICY own_rows ON auth.users TO app_tenant, app_tenant_admin USING ((id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)) WITH CHECK ((id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid));

ALTER TABLE auth.rate_buckets ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.rate_limits ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.recovery_codes ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.refresh_tokens ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.sessions ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON auth.api_keys TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

ALTER TABLE auth.user_activity ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY all_rows ON auth_private.digest_keys TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON auth_private.password_hashes TO app_all USING (true) WITH CHECK (true);

ALTER TABLE auth_private.digest_keys ENABLE ROW LEVEL SECURITY;

ALTER TABLE auth_private.password_hashes ENABLE ROW LEVEL SECURITY;

CREATE POLICY all_rows ON billing.payment_methods TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON billing.payments TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON billing.refunds TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON billing.subscriptions TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON billing.transactions TO app_all USING (true) WITH CHECK (true);

ALTER TABLE billing.payment_methods ENABLE ROW LEVEL SECURITY;

ALTER TABLE billing.payments ENABLE ROW LEVEL SECURITY;

ALTER TABLE billing.refunds ENABLE ROW LEVEL SECURITY;

ALTER TABLE billing.subscriptions ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON billing.payment_methods TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON billing.payments TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON billing.refunds TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON billing.subscriptions TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON billing.transactions TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

ALTER TABLE billing.transactions ENABLE ROW LEVEL SECURITY;

CREATE POLICY all_rows ON catalog.categories TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON catalog.materials TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON catalog.usage_statistics TO app_all USING (true) WITH CHECK (true);

ALTER TABLE catalog.categories ENABLE ROW LEVEL SECURITY;

ALTER TABLE catalog.materials ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON catalog.categories TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON catalog.materials TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON catalog.usage_statistics TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

ALTER TABLE catalog.usage_statistics ENABLE ROW LEVEL SECURITY;

ALTER TABLE catalog.usage_statistics_default ENABLE ROW LEVEL SECURITY;

CREATE POLICY all_rows ON learning.analogy_feedback TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.chapter_complexity TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.chapter_progress TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.chapters TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.course_documents TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.courses TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.keywords TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.processed_documents TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.relationships TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.user_annotations TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.user_profiles TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON learning.user_progress TO app_all USING (true) WITH CHECK (true);

ALTER TABLE learning.analogy_feedback ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.chapter_complexity ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.chapter_progress ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.chapters ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.course_documents ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.courses ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.keywords ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.processed_documents ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.relationships ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON learning.analogy_feedback TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.chapter_complexity TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.chapter_progress TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.chapters TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.course_documents TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.courses TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.keywords TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.processed_documents TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.relationships TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.user_annotations TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.user_profiles TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON learning.user_progress TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

ALTER TABLE learning.user_annotations ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.user_profiles ENABLE ROW LEVEL SECURITY;

ALTER TABLE learning.user_progress ENABLE ROW LEVEL SECURITY;

CREATE POLICY user_rows ON learning.analogy_feedback TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY user_rows ON learning.chapter_progress TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY user_rows ON learning.courses TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY user_rows ON learning.user_annotations TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY user_rows ON learning.user_profiles TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY user_rows ON learning.user_progress TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY all_rows ON ops.audit_log TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON ops.partition_sets TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON ops.system_event TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON ops.tenant_work TO app_all USING (true) WITH CHECK (true);

ALTER TABLE ops.audit_log ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.audit_log_default ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.partition_sets ENABLE ROW LEVEL SECURITY;

ALTER TABLE ops.system_event ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON ops.audit_log TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

ALTER TABLE ops.tenant_work ENABLE ROW LEVEL SECURITY;

ALTER TABLE profile.addresses ENABLE ROW LEVEL SECURITY;

CREATE POLICY all_rows ON profile.addresses TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON profile.preferences TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON profile.profiles TO app_all USING (true) WITH CHECK (true);

ALTER TABLE profile.preferences ENABLE ROW LEVEL SECURITY;

ALTER TABLE profile.profiles ENABLE ROW LEVEL SECURITY;

CREATE POLICY tenant_rows ON profile.addresses TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON profile.preferences TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON profile.profiles TO app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY user_rows ON profile.addresses TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY user_rows ON profile.preferences TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY user_rows ON profile.profiles TO app_tenant USING (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid))) WITH CHECK (((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid) AND (user_id = (NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::uuid)));

CREATE POLICY all_rows ON tenancy.builtin_role_permissions TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON tenancy.invitations TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON tenancy.membership_roles TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON tenancy.memberships TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON tenancy.permissions TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON tenancy.role_permissions TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON tenancy.roles TO app_all USING (true) WITH CHECK (true);

CREATE POLICY all_rows ON tenancy.tenants TO app_all USING (true) WITH CHECK (true);

ALTER TABLE tenancy.builtin_role_permissions ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.invitations ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.membership_roles ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.memberships ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.permissions ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.role_permissions ENABLE ROW LEVEL SECURITY;

ALTER TABLE tenancy.roles ENABLE ROW LEVEL SECURITY;

CREATE POLICY shared_rows ON tenancy.builtin_role_permissions FOR SELECT TO app_tenant, app_tenant_admin USING (true);

CREATE POLICY shared_rows ON tenancy.permissions FOR SELECT TO app_tenant, app_tenant_admin USING (true);

CREATE POLICY tenant_rows ON tenancy.invitations TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON tenancy.membership_roles TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON tenancy.memberships TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON tenancy.role_permissions TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON tenancy.roles TO app_tenant, app_tenant_admin USING ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((tenant_id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

CREATE POLICY tenant_rows ON tenancy.tenants TO app_tenant, app_tenant_admin USING ((id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid)) WITH CHECK ((id = (NULLIF(current_setting('app.current_tenant_id'::text, true), ''::text))::uuid));

ALTER TABLE tenancy.tenants ENABLE ROW LEVEL SECURITY;

GRANT USAGE ON SCHEMA app TO app_tenant;
GRANT USAGE ON SCHEMA app TO app_tenant_admin;
GRANT USAGE ON SCHEMA app TO app_all;

GRANT USAGE ON SCHEMA auth TO app_tenant;
GRANT USAGE ON SCHEMA auth TO app_tenant_admin;
GRANT USAGE ON SCHEMA auth TO app_all;

GRANT USAGE ON SCHEMA auth_private TO app_backup;

GRANT USAGE ON SCHEMA billing TO app_tenant;
GRANT USAGE ON SCHEMA billing TO app_tenant_admin;
GRANT USAGE ON SCHEMA billing TO app_all;

GRANT USAGE ON SCHEMA catalog TO app_tenant;
GRANT USAGE ON SCHEMA catalog TO app_tenant_admin;
GRANT USAGE ON SCHEMA catalog TO app_all;

GRANT USAGE ON SCHEMA extensions TO app_tenant;
GRANT USAGE ON SCHEMA extensions TO app_tenant_admin;
GRANT USAGE ON SCHEMA extensions TO app_all;

GRANT USAGE ON SCHEMA learning TO app_tenant;
GRANT USAGE ON SCHEMA learning TO app_tenant_admin;
GRANT USAGE ON SCHEMA learning TO app_all;

GRANT USAGE ON SCHEMA ops TO app_tenant;
GRANT USAGE ON SCHEMA ops TO app_tenant_admin;
GRANT USAGE ON SCHEMA ops TO app_all;

GRANT USAGE ON SCHEMA profile TO app_tenant;
GRANT USAGE ON SCHEMA profile TO app_tenant_admin;
GRANT USAGE ON SCHEMA profile TO app_all;

GRANT USAGE ON SCHEMA tenancy TO app_tenant;
GRANT USAGE ON SCHEMA tenancy TO app_tenant_admin;
GRANT USAGE ON SCHEMA tenancy TO app_all;

REVOKE ALL ON FUNCTION app.current_tenant_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.current_tenant_id() TO app_tenant;
GRANT ALL ON FUNCTION app.current_tenant_id() TO app_tenant_admin;
GRANT ALL ON FUNCTION app.current_tenant_id() TO app_all;

REVOKE ALL ON FUNCTION app.current_user_id() FROM PUBLIC;
GRANT ALL ON FUNCTION app.current_user_id() TO app_tenant;
GRANT ALL ON FUNCTION app.current_user_id() TO app_tenant_admin;
GRANT ALL ON FUNCTION app.current_user_id() TO app_all;

REVOKE ALL ON FUNCTION app.set_current_tenant_id(tenant_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.set_current_tenant_id(tenant_id uuid) TO app_tenant;
GRANT ALL ON FUNCTION app.set_current_tenant_id(tenant_id uuid) TO app_tenant_admin;
GRANT ALL ON FUNCTION app.set_current_tenant_id(tenant_id uuid) TO app_all;

REVOKE ALL ON FUNCTION app.set_current_user_id(user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION app.set_current_user_id(user_id uuid) TO app_tenant;
GRANT ALL ON FUNCTION app.set_current_user_id(user_id uuid) TO app_tenant_admin;
GRANT ALL ON FUNCTION app.set_current_user_id(user_id uuid) TO app_all;

REVOKE ALL ON FUNCTION app.touch_updated_at() FROM PUBLIC;

REVOKE ALL ON FUNCTION app.uuid7() FROM PUBLIC;
GRANT ALL ON FUNCTION app.uuid7() TO app_tenant;
GRANT ALL ON FUNCTION app.uuid7() TO app_tenant_admin;
GRANT ALL ON FUNCTION app.uuid7() TO app_all;

REVOKE ALL ON FUNCTION auth.account_failed(user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.account_failed(user_id uuid) TO app_auth;
GRANT ALL ON FUNCTION auth.account_failed(user_id uuid) TO auth_service;

REVOKE ALL ON FUNCTION auth.account_wait(user_id uuid, on_known_device boolean, OUT is_locked boolean, OUT retry_after interval) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.account_wait(user_id uuid, on_known_device boolean, OUT is_locked boolean, OUT retry_after interval) TO app_auth;
GRANT ALL ON FUNCTION auth.account_wait(user_id uuid, on_known_device boolean, OUT is_locked boolean, OUT retry_after interval) TO auth_service;

REVOKE ALL ON FUNCTION auth.api_key_check(tenant_id uuid, key_id uuid, key_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.api_key_check(tenant_id uuid, key_id uuid, key_hash bytea) TO app_auth;
GRANT ALL ON FUNCTION auth.api_key_check(tenant_id uuid, key_id uuid, key_hash bytea) TO auth_service;

REVOKE ALL ON FUNCTION auth.attempt_subject(email text, device_cookie_hash bytea, OUT user_id uuid, OUT device_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.attempt_subject(email text, device_cookie_hash bytea, OUT user_id uuid, OUT device_id uuid) TO app_auth;
GRANT ALL ON FUNCTION auth.attempt_subject(email text, device_cookie_hash bytea, OUT user_id uuid, OUT device_id uuid) TO auth_service;

REVOKE ALL ON FUNCTION auth.email_digest(email text) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.email_digest(email text) TO app_auth;
GRANT ALL ON FUNCTION auth.email_digest(email text) TO auth_service;
GRANT ALL ON FUNCTION auth.email_digest(email text) TO app_admin;

REVOKE ALL ON FUNCTION auth.email_key(email text) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.email_key(email text) TO app_tenant;
GRANT ALL ON FUNCTION auth.email_key(email text) TO app_tenant_admin;
GRANT ALL ON FUNCTION auth.email_key(email text) TO app_all;

REVOKE ALL ON FUNCTION auth.factor_failed(factor_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.factor_failed(factor_id uuid) TO app_auth;
GRANT ALL ON FUNCTION auth.factor_failed(factor_id uuid) TO auth_service;

REVOKE ALL ON FUNCTION auth.ip_bucket(ip inet) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.ip_bucket(ip inet) TO app_tenant;
GRANT ALL ON FUNCTION auth.ip_bucket(ip inet) TO app_tenant_admin;
GRANT ALL ON FUNCTION auth.ip_bucket(ip inet) TO app_all;

REVOKE ALL ON FUNCTION auth.is_rate_limited(email text, ip inet) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.is_rate_limited(email text, ip inet) TO app_auth;
GRANT ALL ON FUNCTION auth.is_rate_limited(email text, ip inet) TO auth_service;

REVOKE ALL ON FUNCTION auth.keep_epoch() FROM PUBLIC;

REVOKE ALL ON FUNCTION auth.limit_take(scope text, key bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.limit_take(scope text, key bytea) TO app_auth;
GRANT ALL ON FUNCTION auth.limit_take(scope text, key bytea) TO auth_service;

REVOKE ALL ON FUNCTION auth.limit_wait(scope text, key bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.limit_wait(scope text, key bytea) TO app_auth;
GRANT ALL ON FUNCTION auth.limit_wait(scope text, key bytea) TO auth_service;

REVOKE ALL ON FUNCTION auth.login_attempt_begin(email text, ip inet, device_cookie_hash bytea, OUT allowed boolean, OUT retry_after interval, OUT reason text, OUT attempt_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.login_attempt_begin(email text, ip inet, device_cookie_hash bytea, OUT allowed boolean, OUT retry_after interval, OUT reason text, OUT attempt_id uuid) TO app_auth;
GRANT ALL ON FUNCTION auth.login_attempt_begin(email text, ip inet, device_cookie_hash bytea, OUT allowed boolean, OUT retry_after interval, OUT reason text, OUT attempt_id uuid) TO auth_service;

REVOKE ALL ON FUNCTION auth.one_time_token_use(token_hash bytea, purpose text) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.one_time_token_use(token_hash bytea, purpose text) TO app_auth;
GRANT ALL ON FUNCTION auth.one_time_token_use(token_hash bytea, purpose text) TO auth_service;
GRANT ALL ON FUNCTION auth.one_time_token_use(token_hash bytea, purpose text) TO app_secrets;

REVOKE ALL ON FUNCTION auth.password_change(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.password_change(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) TO app_auth;
GRANT ALL ON FUNCTION auth.password_change(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) TO auth_service;

REVOKE ALL ON FUNCTION auth.password_create(user_id uuid, prefix text, digest bytea, pepper_id smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.password_create(user_id uuid, prefix text, digest bytea, pepper_id smallint) TO app_auth;
GRANT ALL ON FUNCTION auth.password_create(user_id uuid, prefix text, digest bytea, pepper_id smallint) TO auth_service;

REVOKE ALL ON FUNCTION auth.password_matches(user_id uuid, digest bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.password_matches(user_id uuid, digest bytea) TO app_auth;
GRANT ALL ON FUNCTION auth.password_matches(user_id uuid, digest bytea) TO auth_service;

REVOKE ALL ON FUNCTION auth.password_prefix(user_id uuid, OUT prefix text, OUT pepper_id smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.password_prefix(user_id uuid, OUT prefix text, OUT pepper_id smallint) TO app_auth;
GRANT ALL ON FUNCTION auth.password_prefix(user_id uuid, OUT prefix text, OUT pepper_id smallint) TO auth_service;

REVOKE ALL ON FUNCTION auth.password_rehash(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.password_rehash(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) TO app_auth;
GRANT ALL ON FUNCTION auth.password_rehash(user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint) TO auth_service;

REVOKE ALL ON FUNCTION auth.password_reset(token_hash bytea, prefix text, digest bytea, pepper_id smallint) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.password_reset(token_hash bytea, prefix text, digest bytea, pepper_id smallint) TO app_auth;
GRANT ALL ON FUNCTION auth.password_reset(token_hash bytea, prefix text, digest bytea, pepper_id smallint) TO auth_service;

REVOKE ALL ON FUNCTION auth.rate_take(scope text, key bytea, max_hits integer, period interval) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.rate_take(scope text, key bytea, max_hits integer, period interval) TO app_auth;
GRANT ALL ON FUNCTION auth.rate_take(scope text, key bytea, max_hits integer, period interval) TO auth_service;

REVOKE ALL ON FUNCTION auth.rate_wait(scope text, key bytea, max_hits integer, period interval) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.rate_wait(scope text, key bytea, max_hits integer, period interval) TO app_auth;
GRANT ALL ON FUNCTION auth.rate_wait(scope text, key bytea, max_hits integer, period interval) TO auth_service;

REVOKE ALL ON FUNCTION auth.record_login_attempt(email text, ip inet, success boolean, reason text, device_cookie_hash bytea, attempt_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.record_login_attempt(email text, ip inet, success boolean, reason text, device_cookie_hash bytea, attempt_id uuid) TO app_auth;
GRANT ALL ON FUNCTION auth.record_login_attempt(email text, ip inet, success boolean, reason text, device_cookie_hash bytea, attempt_id uuid) TO auth_service;

REVOKE ALL ON FUNCTION auth.recovery_code_use(user_id uuid, code_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.recovery_code_use(user_id uuid, code_hash bytea) TO app_auth;
GRANT ALL ON FUNCTION auth.recovery_code_use(user_id uuid, code_hash bytea) TO auth_service;

REVOKE ALL ON FUNCTION auth.revoke_all_user_sessions(user_id uuid, reason text, revoked_by uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.revoke_all_user_sessions(user_id uuid, reason text, revoked_by uuid) TO app_auth;
GRANT ALL ON FUNCTION auth.revoke_all_user_sessions(user_id uuid, reason text, revoked_by uuid) TO auth_service;
GRANT ALL ON FUNCTION auth.revoke_all_user_sessions(user_id uuid, reason text, revoked_by uuid) TO app_secrets;

REVOKE ALL ON FUNCTION auth.totp_accept(factor_id uuid, step bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.totp_accept(factor_id uuid, step bigint) TO app_auth;
GRANT ALL ON FUNCTION auth.totp_accept(factor_id uuid, step bigint) TO auth_service;

REVOKE ALL ON FUNCTION auth.totp_confirm(factor_id uuid, step bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.totp_confirm(factor_id uuid, step bigint) TO app_auth;
GRANT ALL ON FUNCTION auth.totp_confirm(factor_id uuid, step bigint) TO auth_service;

REVOKE ALL ON FUNCTION auth.valid_session(session_id uuid, member_epoch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION auth.valid_session(session_id uuid, member_epoch integer) TO app_auth;
GRANT ALL ON FUNCTION auth.valid_session(session_id uuid, member_epoch integer) TO auth_service;

REVOKE ALL ON FUNCTION auth_private.hmac_sha256(secret bytea, message bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION billing.check_line() FROM PUBLIC;

REVOKE ALL ON FUNCTION billing.check_refund() FROM PUBLIC;

REVOKE ALL ON FUNCTION billing.check_transition() FROM PUBLIC;

REVOKE ALL ON FUNCTION billing.refuse_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION catalog.category_and_below(category uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.category_and_below(category uuid) TO app_rw;
GRANT ALL ON FUNCTION catalog.category_and_below(category uuid) TO app_ro;
GRANT ALL ON FUNCTION catalog.category_and_below(category uuid) TO catalog_service;
GRANT ALL ON FUNCTION catalog.category_and_below(category uuid) TO app_admin;
GRANT ALL ON FUNCTION catalog.category_and_below(category uuid) TO app_definer;

REVOKE ALL ON FUNCTION catalog.find_materials(query text, result_limit integer, category uuid, in_currency text, min_price bigint, max_price bigint, after_match text, after_rank real, after_id uuid, after_horizon uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.find_materials(query text, result_limit integer, category uuid, in_currency text, min_price bigint, max_price bigint, after_match text, after_rank real, after_id uuid, after_horizon uuid) TO app_rw;
GRANT ALL ON FUNCTION catalog.find_materials(query text, result_limit integer, category uuid, in_currency text, min_price bigint, max_price bigint, after_match text, after_rank real, after_id uuid, after_horizon uuid) TO app_ro;
GRANT ALL ON FUNCTION catalog.find_materials(query text, result_limit integer, category uuid, in_currency text, min_price bigint, max_price bigint, after_match text, after_rank real, after_id uuid, after_horizon uuid) TO catalog_service;
GRANT ALL ON FUNCTION catalog.find_materials(query text, result_limit integer, category uuid, in_currency text, min_price bigint, max_price bigint, after_match text, after_rank real, after_id uuid, after_horizon uuid) TO app_admin;

REVOKE ALL ON FUNCTION catalog.materials_by_similarity(tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint, max_price bigint, after_rank real, after_id uuid, horizon uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION catalog.materials_by_words(tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint, max_price bigint, after_rank real, after_id uuid, horizon uuid) FROM PUBLIC;

REVOKE ALL ON FUNCTION catalog.refuse_circle() FROM PUBLIC;

REVOKE ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) TO app_rw;
GRANT ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) TO app_ro;
GRANT ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) TO catalog_service;
GRANT ALL ON FUNCTION catalog.search_materials(query text, result_limit integer) TO app_admin;

REVOKE ALL ON FUNCTION catalog.typed_query(query text) FROM PUBLIC;
GRANT ALL ON FUNCTION catalog.typed_query(query text) TO app_definer;

REVOKE ALL ON FUNCTION learning.analyze_feedback(course uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.analyze_feedback(course uuid) TO app_rw;
GRANT ALL ON FUNCTION learning.analyze_feedback(course uuid) TO app_ro;
GRANT ALL ON FUNCTION learning.analyze_feedback(course uuid) TO learning_service;
GRANT ALL ON FUNCTION learning.analyze_feedback(course uuid) TO app_admin;

REVOKE ALL ON FUNCTION learning.cache_key(kind text, parts jsonb, of_person boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.cache_key(kind text, parts jsonb, of_person boolean) TO app_rw;
GRANT ALL ON FUNCTION learning.cache_key(kind text, parts jsonb, of_person boolean) TO app_ro;
GRANT ALL ON FUNCTION learning.cache_key(kind text, parts jsonb, of_person boolean) TO learning_service;
GRANT ALL ON FUNCTION learning.cache_key(kind text, parts jsonb, of_person boolean) TO app_admin;

REVOKE ALL ON FUNCTION learning.change_hnsw(iterative_scan text, ef_search text, max_scan_tuples text) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.change_hnsw(iterative_scan text, ef_search text, max_scan_tuples text) TO app_definer;

REVOKE ALL ON FUNCTION learning.check_document_status() FROM PUBLIC;

REVOKE ALL ON FUNCTION learning.check_profile() FROM PUBLIC;

REVOKE ALL ON FUNCTION learning.check_vector_search(query_embedding extensions.vector, result_limit integer, threshold double precision, exact_up_to integer, after_distance double precision, after_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.check_vector_search(query_embedding extensions.vector, result_limit integer, threshold double precision, exact_up_to integer, after_distance double precision, after_id uuid) TO app_definer;

REVOKE ALL ON FUNCTION learning.cosine_similarity(a extensions.vector, b extensions.vector) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.cosine_similarity(a extensions.vector, b extensions.vector) TO app_rw;
GRANT ALL ON FUNCTION learning.cosine_similarity(a extensions.vector, b extensions.vector) TO app_ro;
GRANT ALL ON FUNCTION learning.cosine_similarity(a extensions.vector, b extensions.vector) TO learning_service;
GRANT ALL ON FUNCTION learning.cosine_similarity(a extensions.vector, b extensions.vector) TO app_admin;

REVOKE ALL ON FUNCTION learning.count_feedback() FROM PUBLIC;

REVOKE ALL ON FUNCTION learning.exact_bound(relation regclass, result_limit integer, exact_up_to integer) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.exact_bound(relation regclass, result_limit integer, exact_up_to integer) TO app_definer;

REVOKE ALL ON FUNCTION learning.find_chapters(wanted jsonb, result_limit integer, after_chapter_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.find_chapters(wanted jsonb, result_limit integer, after_chapter_id uuid) TO app_rw;
GRANT ALL ON FUNCTION learning.find_chapters(wanted jsonb, result_limit integer, after_chapter_id uuid) TO app_ro;
GRANT ALL ON FUNCTION learning.find_chapters(wanted jsonb, result_limit integer, after_chapter_id uuid) TO learning_service;
GRANT ALL ON FUNCTION learning.find_chapters(wanted jsonb, result_limit integer, after_chapter_id uuid) TO app_admin;

REVOKE ALL ON FUNCTION learning.find_duplicate_documents(course uuid, result_limit integer, after_sha256 bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.find_duplicate_documents(course uuid, result_limit integer, after_sha256 bytea) TO app_rw;
GRANT ALL ON FUNCTION learning.find_duplicate_documents(course uuid, result_limit integer, after_sha256 bytea) TO app_ro;
GRANT ALL ON FUNCTION learning.find_duplicate_documents(course uuid, result_limit integer, after_sha256 bytea) TO learning_service;
GRANT ALL ON FUNCTION learning.find_duplicate_documents(course uuid, result_limit integer, after_sha256 bytea) TO app_admin;

REVOKE ALL ON FUNCTION learning.find_person(subject text) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.find_person(subject text) TO app_rw;
GRANT ALL ON FUNCTION learning.find_person(subject text) TO app_ro;
GRANT ALL ON FUNCTION learning.find_person(subject text) TO learning_service;
GRANT ALL ON FUNCTION learning.find_person(subject text) TO app_admin;

REVOKE ALL ON FUNCTION learning.find_similar_documents(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.find_similar_documents(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) TO app_rw;
GRANT ALL ON FUNCTION learning.find_similar_documents(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) TO app_ro;
GRANT ALL ON FUNCTION learning.find_similar_documents(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) TO learning_service;
GRANT ALL ON FUNCTION learning.find_similar_documents(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) TO app_admin;

REVOKE ALL ON FUNCTION learning.find_similar_keywords(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.find_similar_keywords(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) TO app_rw;
GRANT ALL ON FUNCTION learning.find_similar_keywords(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) TO app_ro;
GRANT ALL ON FUNCTION learning.find_similar_keywords(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) TO learning_service;
GRANT ALL ON FUNCTION learning.find_similar_keywords(query_embedding extensions.vector, result_limit integer, threshold double precision, course uuid, after_distance double precision, after_id uuid, exact_up_to integer) TO app_admin;

REVOKE ALL ON FUNCTION learning.finish_documents() FROM PUBLIC;

REVOKE ALL ON FUNCTION learning.get_course_stats(course uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.get_course_stats(course uuid) TO app_rw;
GRANT ALL ON FUNCTION learning.get_course_stats(course uuid) TO app_ro;
GRANT ALL ON FUNCTION learning.get_course_stats(course uuid) TO learning_service;
GRANT ALL ON FUNCTION learning.get_course_stats(course uuid) TO app_admin;

REVOKE ALL ON FUNCTION learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone) TO app_rw;
GRANT ALL ON FUNCTION learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone) TO app_ro;
GRANT ALL ON FUNCTION learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone) TO learning_service;
GRANT ALL ON FUNCTION learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone) TO app_admin;

REVOKE ALL ON FUNCTION learning.get_progress_summary(person uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.get_progress_summary(person uuid) TO app_rw;
GRANT ALL ON FUNCTION learning.get_progress_summary(person uuid) TO app_ro;
GRANT ALL ON FUNCTION learning.get_progress_summary(person uuid) TO learning_service;
GRANT ALL ON FUNCTION learning.get_progress_summary(person uuid) TO app_admin;

REVOKE ALL ON FUNCTION learning.keep_progress() FROM PUBLIC;

REVOKE ALL ON FUNCTION learning.next_streak(streak integer, last_day date, today date) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.next_streak(streak integer, last_day date, today date) TO app_definer;

REVOKE ALL ON FUNCTION learning.note_activity(tenant uuid, person uuid, at timestamp with time zone, completed integer, seconds bigint) FROM PUBLIC;

REVOKE ALL ON FUNCTION learning.note_progress() FROM PUBLIC;

REVOKE ALL ON FUNCTION learning.require_tenant() FROM PUBLIC;
GRANT ALL ON FUNCTION learning.require_tenant() TO app_tenant;
GRANT ALL ON FUNCTION learning.require_tenant() TO app_tenant_admin;
GRANT ALL ON FUNCTION learning.require_tenant() TO app_all;

REVOKE ALL ON FUNCTION learning.search_courses(person uuid, query text, result_limit integer, after_rank real, after_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.search_courses(person uuid, query text, result_limit integer, after_rank real, after_id uuid) TO app_rw;
GRANT ALL ON FUNCTION learning.search_courses(person uuid, query text, result_limit integer, after_rank real, after_id uuid) TO app_ro;
GRANT ALL ON FUNCTION learning.search_courses(person uuid, query text, result_limit integer, after_rank real, after_id uuid) TO learning_service;
GRANT ALL ON FUNCTION learning.search_courses(person uuid, query text, result_limit integer, after_rank real, after_id uuid) TO app_admin;

REVOKE ALL ON FUNCTION learning.search_keywords(query text, result_limit integer, after_key text, after_score real, after_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.search_keywords(query text, result_limit integer, after_key text, after_score real, after_id uuid) TO app_rw;
GRANT ALL ON FUNCTION learning.search_keywords(query text, result_limit integer, after_key text, after_score real, after_id uuid) TO app_ro;
GRANT ALL ON FUNCTION learning.search_keywords(query text, result_limit integer, after_key text, after_score real, after_id uuid) TO learning_service;
GRANT ALL ON FUNCTION learning.search_keywords(query text, result_limit integer, after_key text, after_score real, after_id uuid) TO app_admin;

REVOKE ALL ON FUNCTION learning.with_badges(badges text[], streak integer, chapters integer) FROM PUBLIC;
GRANT ALL ON FUNCTION learning.with_badges(badges text[], streak integer, chapters integer) TO app_definer;

REVOKE ALL ON FUNCTION ops.audit_row() FROM PUBLIC;

REVOKE ALL ON FUNCTION ops.drop_expired_partition(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.drop_expired_partition(at timestamp with time zone) TO app_maint;

REVOKE ALL ON FUNCTION ops.ensure_partitions(at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.ensure_partitions(at timestamp with time zone) TO app_maint;

REVOKE ALL ON FUNCTION ops.make_partition(parent regclass, partition text, partition_column text, append_only boolean, lower_bound timestamp with time zone, upper_bound timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION ops.purge_audit_log(tenant uuid, batch integer) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.purge_audit_log(tenant uuid, batch integer) TO app_admin;

REVOKE ALL ON FUNCTION ops.refuse_change() FROM PUBLIC;

REVOKE ALL ON FUNCTION ops.refuse_delete_of_audit() FROM PUBLIC;

REVOKE ALL ON FUNCTION tenancy.bump_membership() FROM PUBLIC;

REVOKE ALL ON FUNCTION tenancy.guard_membership() FROM PUBLIC;

GRANT SELECT ON TABLE tenancy.tenants TO app_rw;
GRANT SELECT ON TABLE tenancy.tenants TO app_ro;
GRANT SELECT ON TABLE tenancy.tenants TO app_maint;
GRANT SELECT ON TABLE tenancy.tenants TO app_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.tenants TO app_admin;
GRANT SELECT,INSERT,UPDATE ON TABLE tenancy.tenants TO admin_service;
GRANT SELECT ON TABLE tenancy.tenants TO app_definer;
GRANT SELECT ON TABLE tenancy.tenants TO app_auth;

GRANT UPDATE(name) ON TABLE tenancy.tenants TO app_rw;

GRANT UPDATE(settings) ON TABLE tenancy.tenants TO app_rw;

GRANT UPDATE(updated_at) ON TABLE tenancy.tenants TO app_rw;

REVOKE ALL ON FUNCTION tenancy.is_in_transit(tenant uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION tenancy.is_in_transit(tenant uuid) TO app_tenant;
GRANT ALL ON FUNCTION tenancy.is_in_transit(tenant uuid) TO app_tenant_admin;
GRANT ALL ON FUNCTION tenancy.is_in_transit(tenant uuid) TO app_all;

REVOKE ALL ON FUNCTION tenancy.keep_an_owner() FROM PUBLIC;

GRANT SELECT ON TABLE app.alembic_version TO app_tenant;
GRANT SELECT ON TABLE app.alembic_version TO app_tenant_admin;
GRANT SELECT ON TABLE app.alembic_version TO app_all;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.account_throttle TO app_auth;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.account_throttle TO auth_service;
GRANT SELECT ON TABLE auth.account_throttle TO app_admin;
GRANT SELECT ON TABLE auth.account_throttle TO app_maint;
GRANT SELECT ON TABLE auth.account_throttle TO app_backup;

GRANT SELECT(user_id) ON TABLE auth.account_throttle TO app_secrets;

GRANT UPDATE(consecutive_failures) ON TABLE auth.account_throttle TO app_secrets;

GRANT UPDATE(next_attempt_at) ON TABLE auth.account_throttle TO app_secrets;

GRANT SELECT,INSERT,DELETE ON TABLE auth.api_keys TO app_auth;
GRANT SELECT,INSERT,DELETE ON TABLE auth.api_keys TO auth_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.api_keys TO app_admin;
GRANT DELETE ON TABLE auth.api_keys TO app_maint;
GRANT SELECT ON TABLE auth.api_keys TO app_backup;

GRANT SELECT(tenant_id) ON TABLE auth.api_keys TO app_maint;

GRANT SELECT(id) ON TABLE auth.api_keys TO app_maint;

GRANT SELECT(user_id) ON TABLE auth.api_keys TO app_maint;

GRANT UPDATE(name) ON TABLE auth.api_keys TO app_auth;
GRANT UPDATE(name) ON TABLE auth.api_keys TO auth_service;
GRANT SELECT(name) ON TABLE auth.api_keys TO app_maint;

GRANT SELECT(prefix) ON TABLE auth.api_keys TO app_maint;

GRANT SELECT(last4) ON TABLE auth.api_keys TO app_maint;

GRANT UPDATE(scopes) ON TABLE auth.api_keys TO app_auth;
GRANT UPDATE(scopes) ON TABLE auth.api_keys TO auth_service;
GRANT SELECT(scopes) ON TABLE auth.api_keys TO app_maint;

GRANT SELECT(created_by) ON TABLE auth.api_keys TO app_maint;

GRANT SELECT(created_at) ON TABLE auth.api_keys TO app_maint;

GRANT UPDATE(expires_at) ON TABLE auth.api_keys TO app_auth;
GRANT UPDATE(expires_at) ON TABLE auth.api_keys TO auth_service;
GRANT SELECT(expires_at) ON TABLE auth.api_keys TO app_maint;

GRANT UPDATE(last_used_at) ON TABLE auth.api_keys TO app_auth;
GRANT UPDATE(last_used_at) ON TABLE auth.api_keys TO auth_service;
GRANT SELECT(last_used_at) ON TABLE auth.api_keys TO app_maint;

GRANT UPDATE(last_used_ip) ON TABLE auth.api_keys TO app_auth;
GRANT UPDATE(last_used_ip) ON TABLE auth.api_keys TO auth_service;
GRANT SELECT(last_used_ip) ON TABLE auth.api_keys TO app_maint;

GRANT UPDATE(revoked_at) ON TABLE auth.api_keys TO app_auth;
GRANT UPDATE(revoked_at) ON TABLE auth.api_keys TO auth_service;
GRANT SELECT(revoked_at) ON TABLE auth.api_keys TO app_maint;

GRANT UPDATE(replaced_by) ON TABLE auth.api_keys TO app_auth;
GRANT UPDATE(replaced_by) ON TABLE auth.api_keys TO auth_service;
GRANT SELECT(replaced_by) ON TABLE auth.api_keys TO app_maint;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.devices TO app_auth;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.devices TO auth_service;
GRANT DELETE ON TABLE auth.devices TO app_maint;
GRANT SELECT ON TABLE auth.devices TO app_backup;

GRANT SELECT(id) ON TABLE auth.devices TO app_rw;
GRANT SELECT(id) ON TABLE auth.devices TO app_ro;
GRANT SELECT(id) ON TABLE auth.devices TO app_admin;
GRANT SELECT(id) ON TABLE auth.devices TO app_maint;

GRANT SELECT(user_id) ON TABLE auth.devices TO app_rw;
GRANT SELECT(user_id) ON TABLE auth.devices TO app_ro;
GRANT SELECT(user_id) ON TABLE auth.devices TO app_admin;
GRANT SELECT(user_id) ON TABLE auth.devices TO app_maint;

GRANT SELECT(label) ON TABLE auth.devices TO app_rw;
GRANT SELECT(label) ON TABLE auth.devices TO app_ro;
GRANT SELECT(label) ON TABLE auth.devices TO app_admin;
GRANT SELECT(label) ON TABLE auth.devices TO app_maint;

GRANT SELECT(user_agent) ON TABLE auth.devices TO app_rw;
GRANT SELECT(user_agent) ON TABLE auth.devices TO app_ro;
GRANT SELECT(user_agent) ON TABLE auth.devices TO app_admin;
GRANT SELECT(user_agent) ON TABLE auth.devices TO app_maint;

GRANT SELECT(first_seen_at) ON TABLE auth.devices TO app_rw;
GRANT SELECT(first_seen_at) ON TABLE auth.devices TO app_ro;
GRANT SELECT(first_seen_at) ON TABLE auth.devices TO app_admin;
GRANT SELECT(first_seen_at) ON TABLE auth.devices TO app_maint;

GRANT SELECT(last_seen_at) ON TABLE auth.devices TO app_rw;
GRANT SELECT(last_seen_at) ON TABLE auth.devices TO app_ro;
GRANT SELECT(last_seen_at) ON TABLE auth.devices TO app_admin;
GRANT SELECT(last_seen_at) ON TABLE auth.devices TO app_maint;

GRANT SELECT(last_ip) ON TABLE auth.devices TO app_rw;
GRANT SELECT(last_ip) ON TABLE auth.devices TO app_ro;
GRANT SELECT(last_ip) ON TABLE auth.devices TO app_admin;
GRANT SELECT(last_ip) ON TABLE auth.devices TO app_maint;

GRANT SELECT(trusted_until) ON TABLE auth.devices TO app_rw;
GRANT SELECT(trusted_until) ON TABLE auth.devices TO app_ro;
GRANT SELECT(trusted_until) ON TABLE auth.devices TO app_admin;
GRANT SELECT(trusted_until) ON TABLE auth.devices TO app_maint;

GRANT SELECT(revoked_at) ON TABLE auth.devices TO app_rw;
GRANT SELECT(revoked_at) ON TABLE auth.devices TO app_ro;
GRANT SELECT(revoked_at) ON TABLE auth.devices TO app_admin;
GRANT SELECT(revoked_at) ON TABLE auth.devices TO app_maint;

GRANT SELECT,INSERT ON TABLE auth.login_attempts TO app_auth;
GRANT SELECT,INSERT ON TABLE auth.login_attempts TO auth_service;
GRANT SELECT ON TABLE auth.login_attempts TO app_admin;
GRANT SELECT ON TABLE auth.login_attempts TO app_maint;
GRANT SELECT ON TABLE auth.login_attempts TO app_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.mfa_factors TO app_auth;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.mfa_factors TO auth_service;
GRANT DELETE ON TABLE auth.mfa_factors TO app_maint;
GRANT SELECT ON TABLE auth.mfa_factors TO app_backup;

GRANT SELECT(id) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(id) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(user_id) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(user_id) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(kind) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(kind) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(label) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(label) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(status) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(status) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(key_id) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(key_id) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(digits) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(digits) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(period) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(period) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(algorithm) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(algorithm) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(consecutive_failures) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(consecutive_failures) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(locked_until) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(locked_until) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(created_at) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(created_at) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(confirmed_at) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(confirmed_at) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT(last_used_at) ON TABLE auth.mfa_factors TO app_admin;
GRANT SELECT(last_used_at) ON TABLE auth.mfa_factors TO app_maint;

GRANT SELECT,INSERT,DELETE ON TABLE auth.one_time_tokens TO app_auth;
GRANT SELECT,INSERT,DELETE ON TABLE auth.one_time_tokens TO auth_service;
GRANT DELETE ON TABLE auth.one_time_tokens TO app_maint;
GRANT SELECT ON TABLE auth.one_time_tokens TO app_backup;
GRANT SELECT ON TABLE auth.one_time_tokens TO app_secrets;

GRANT SELECT(id) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(id) ON TABLE auth.one_time_tokens TO app_maint;

GRANT SELECT(user_id) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(user_id) ON TABLE auth.one_time_tokens TO app_maint;

GRANT SELECT(purpose) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(purpose) ON TABLE auth.one_time_tokens TO app_maint;

GRANT SELECT(email_key) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(email_key) ON TABLE auth.one_time_tokens TO app_maint;

GRANT SELECT(auth_epoch) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(auth_epoch) ON TABLE auth.one_time_tokens TO app_maint;

GRANT SELECT(requested_ip) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(requested_ip) ON TABLE auth.one_time_tokens TO app_maint;

GRANT UPDATE(attempts) ON TABLE auth.one_time_tokens TO app_auth;
GRANT UPDATE(attempts) ON TABLE auth.one_time_tokens TO auth_service;
GRANT SELECT(attempts) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(attempts) ON TABLE auth.one_time_tokens TO app_maint;

GRANT SELECT(created_at) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(created_at) ON TABLE auth.one_time_tokens TO app_maint;

GRANT SELECT(expires_at) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(expires_at) ON TABLE auth.one_time_tokens TO app_maint;

GRANT UPDATE(consumed_at) ON TABLE auth.one_time_tokens TO app_auth;
GRANT UPDATE(consumed_at) ON TABLE auth.one_time_tokens TO auth_service;
GRANT SELECT(consumed_at) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(consumed_at) ON TABLE auth.one_time_tokens TO app_maint;
GRANT UPDATE(consumed_at) ON TABLE auth.one_time_tokens TO app_secrets;

GRANT UPDATE(superseded_at) ON TABLE auth.one_time_tokens TO app_auth;
GRANT UPDATE(superseded_at) ON TABLE auth.one_time_tokens TO auth_service;
GRANT SELECT(superseded_at) ON TABLE auth.one_time_tokens TO app_admin;
GRANT SELECT(superseded_at) ON TABLE auth.one_time_tokens TO app_maint;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.rate_buckets TO app_auth;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.rate_buckets TO auth_service;
GRANT SELECT,DELETE ON TABLE auth.rate_buckets TO app_admin;
GRANT SELECT,DELETE ON TABLE auth.rate_buckets TO app_maint;
GRANT SELECT ON TABLE auth.rate_buckets TO app_backup;

GRANT SELECT ON TABLE auth.rate_limits TO app_auth;
GRANT SELECT ON TABLE auth.rate_limits TO auth_service;
GRANT SELECT ON TABLE auth.rate_limits TO app_maint;
GRANT SELECT ON TABLE auth.rate_limits TO app_backup;
GRANT SELECT ON TABLE auth.rate_limits TO app_admin;

GRANT UPDATE(max_hits) ON TABLE auth.rate_limits TO app_admin;

GRANT UPDATE(period) ON TABLE auth.rate_limits TO app_admin;

GRANT UPDATE(updated_at) ON TABLE auth.rate_limits TO app_admin;

GRANT SELECT,INSERT,DELETE ON TABLE auth.recovery_codes TO app_auth;
GRANT SELECT,INSERT,DELETE ON TABLE auth.recovery_codes TO auth_service;
GRANT SELECT ON TABLE auth.recovery_codes TO app_backup;

GRANT SELECT(id) ON TABLE auth.recovery_codes TO app_admin;

GRANT SELECT(user_id) ON TABLE auth.recovery_codes TO app_admin;

GRANT SELECT(batch_id) ON TABLE auth.recovery_codes TO app_admin;

GRANT SELECT(created_at) ON TABLE auth.recovery_codes TO app_admin;

GRANT UPDATE(used_at) ON TABLE auth.recovery_codes TO app_auth;
GRANT UPDATE(used_at) ON TABLE auth.recovery_codes TO auth_service;
GRANT SELECT(used_at) ON TABLE auth.recovery_codes TO app_admin;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.refresh_tokens TO app_auth;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE auth.refresh_tokens TO auth_service;
GRANT SELECT ON TABLE auth.refresh_tokens TO app_backup;

GRANT SELECT(session_id) ON TABLE auth.refresh_tokens TO app_admin;

GRANT SELECT(user_id) ON TABLE auth.refresh_tokens TO app_admin;

GRANT SELECT(generation) ON TABLE auth.refresh_tokens TO app_admin;

GRANT SELECT(key_id) ON TABLE auth.refresh_tokens TO app_admin;

GRANT SELECT(rotated_at) ON TABLE auth.refresh_tokens TO app_admin;

GRANT SELECT(reuse_detected_at) ON TABLE auth.refresh_tokens TO app_admin;

GRANT SELECT,INSERT,DELETE ON TABLE auth.sessions TO app_auth;
GRANT SELECT,INSERT,DELETE ON TABLE auth.sessions TO auth_service;
GRANT DELETE ON TABLE auth.sessions TO app_maint;
GRANT SELECT ON TABLE auth.sessions TO app_backup;

GRANT SELECT(id) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(id) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(id) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(id) ON TABLE auth.sessions TO app_maint;

GRANT SELECT(user_id) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(user_id) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(user_id) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(user_id) ON TABLE auth.sessions TO app_maint;
GRANT SELECT(user_id) ON TABLE auth.sessions TO app_secrets;

GRANT SELECT(tenant_id) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(tenant_id) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(tenant_id) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(tenant_id) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(device_id) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(device_id) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(device_id) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(device_id) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(device_id) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(device_id) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(token_hash) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(token_hash) ON TABLE auth.sessions TO auth_service;

GRANT UPDATE(aal) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(aal) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(aal) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(aal) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(aal) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(aal) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(amr) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(amr) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(amr) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(amr) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(amr) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(amr) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(auth_time) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(auth_time) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(auth_time) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(auth_time) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(auth_time) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(auth_time) ON TABLE auth.sessions TO app_maint;

GRANT SELECT(created_at) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(created_at) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(created_at) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(created_at) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(last_seen_at) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(last_seen_at) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(last_seen_at) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(last_seen_at) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(last_seen_at) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(last_seen_at) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(idle_expires_at) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(idle_expires_at) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(idle_expires_at) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(idle_expires_at) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(idle_expires_at) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(idle_expires_at) ON TABLE auth.sessions TO app_maint;

GRANT SELECT(absolute_expires_at) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(absolute_expires_at) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(absolute_expires_at) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(absolute_expires_at) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(ip) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(ip) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(ip) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(ip) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(ip) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(ip) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(user_agent) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(user_agent) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(user_agent) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(user_agent) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(user_agent) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(user_agent) ON TABLE auth.sessions TO app_maint;

GRANT UPDATE(revoked_at) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(revoked_at) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(revoked_at) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(revoked_at) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(revoked_at) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(revoked_at) ON TABLE auth.sessions TO app_maint;
GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE auth.sessions TO app_secrets;

GRANT UPDATE(revoke_reason) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(revoke_reason) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(revoke_reason) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(revoke_reason) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(revoke_reason) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(revoke_reason) ON TABLE auth.sessions TO app_maint;
GRANT UPDATE(revoke_reason) ON TABLE auth.sessions TO app_secrets;

GRANT UPDATE(revoked_by) ON TABLE auth.sessions TO app_auth;
GRANT UPDATE(revoked_by) ON TABLE auth.sessions TO auth_service;
GRANT SELECT(revoked_by) ON TABLE auth.sessions TO app_rw;
GRANT SELECT(revoked_by) ON TABLE auth.sessions TO app_ro;
GRANT SELECT(revoked_by) ON TABLE auth.sessions TO app_admin;
GRANT SELECT(revoked_by) ON TABLE auth.sessions TO app_maint;
GRANT UPDATE(revoked_by) ON TABLE auth.sessions TO app_secrets;

GRANT SELECT,INSERT,UPDATE ON TABLE auth.user_activity TO app_auth;
GRANT SELECT,INSERT,UPDATE ON TABLE auth.user_activity TO auth_service;
GRANT SELECT ON TABLE auth.user_activity TO app_admin;
GRANT SELECT ON TABLE auth.user_activity TO app_maint;
GRANT SELECT ON TABLE auth.user_activity TO app_backup;

GRANT SELECT,INSERT ON TABLE auth.users TO app_auth;
GRANT SELECT,INSERT,DELETE ON TABLE auth.users TO auth_service;
GRANT SELECT ON TABLE auth.users TO app_admin;
GRANT SELECT,DELETE ON TABLE auth.users TO app_maint;
GRANT SELECT ON TABLE auth.users TO app_backup;

GRANT SELECT(id) ON TABLE auth.users TO app_rw;
GRANT SELECT(id) ON TABLE auth.users TO app_ro;
GRANT SELECT(id) ON TABLE auth.users TO app_secrets;

GRANT UPDATE(email) ON TABLE auth.users TO app_auth;
GRANT UPDATE(email) ON TABLE auth.users TO auth_service;
GRANT SELECT(email) ON TABLE auth.users TO app_rw;
GRANT SELECT(email) ON TABLE auth.users TO app_ro;

GRANT SELECT(email_key) ON TABLE auth.users TO app_rw;
GRANT SELECT(email_key) ON TABLE auth.users TO app_ro;
GRANT SELECT(email_key) ON TABLE auth.users TO app_secrets;

GRANT UPDATE(email_verified_at) ON TABLE auth.users TO app_auth;
GRANT UPDATE(email_verified_at) ON TABLE auth.users TO auth_service;
GRANT SELECT(email_verified_at) ON TABLE auth.users TO app_rw;
GRANT SELECT(email_verified_at) ON TABLE auth.users TO app_ro;
GRANT SELECT(email_verified_at),UPDATE(email_verified_at) ON TABLE auth.users TO app_secrets;

GRANT UPDATE(provider) ON TABLE auth.users TO app_auth;
GRANT UPDATE(provider) ON TABLE auth.users TO auth_service;
GRANT SELECT(provider) ON TABLE auth.users TO app_rw;
GRANT SELECT(provider) ON TABLE auth.users TO app_ro;

GRANT UPDATE(subject) ON TABLE auth.users TO app_auth;
GRANT UPDATE(subject) ON TABLE auth.users TO auth_service;
GRANT SELECT(subject) ON TABLE auth.users TO app_rw;
GRANT SELECT(subject) ON TABLE auth.users TO app_ro;

GRANT UPDATE(status) ON TABLE auth.users TO app_auth;
GRANT UPDATE(status) ON TABLE auth.users TO auth_service;
GRANT SELECT(status) ON TABLE auth.users TO app_rw;
GRANT SELECT(status) ON TABLE auth.users TO app_ro;
GRANT UPDATE(status) ON TABLE auth.users TO app_admin;
GRANT SELECT(status) ON TABLE auth.users TO app_secrets;

GRANT UPDATE(auth_epoch) ON TABLE auth.users TO app_auth;
GRANT UPDATE(auth_epoch) ON TABLE auth.users TO auth_service;
GRANT SELECT(auth_epoch),UPDATE(auth_epoch) ON TABLE auth.users TO app_secrets;

GRANT UPDATE(password_changed_at) ON TABLE auth.users TO app_secrets;

GRANT UPDATE(deleted_at) ON TABLE auth.users TO app_auth;
GRANT UPDATE(deleted_at) ON TABLE auth.users TO auth_service;
GRANT UPDATE(deleted_at) ON TABLE auth.users TO app_admin;

GRANT SELECT(created_at) ON TABLE auth.users TO app_rw;
GRANT SELECT(created_at) ON TABLE auth.users TO app_ro;

GRANT UPDATE(updated_at) ON TABLE auth.users TO app_auth;
GRANT UPDATE(updated_at) ON TABLE auth.users TO auth_service;
GRANT SELECT(updated_at) ON TABLE auth.users TO app_rw;
GRANT SELECT(updated_at) ON TABLE auth.users TO app_ro;
GRANT UPDATE(updated_at) ON TABLE auth.users TO app_admin;
GRANT UPDATE(updated_at) ON TABLE auth.users TO app_secrets;

GRANT SELECT ON TABLE auth_private.digest_keys TO app_backup;

GRANT SELECT ON TABLE auth_private.password_hashes TO app_backup;

GRANT SELECT,INSERT ON TABLE billing.payment_methods TO app_rw;
GRANT SELECT,INSERT ON TABLE billing.payment_methods TO payments_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE billing.payment_methods TO app_admin;
GRANT SELECT ON TABLE billing.payment_methods TO app_ro;
GRANT SELECT ON TABLE billing.payment_methods TO app_maint;
GRANT SELECT ON TABLE billing.payment_methods TO app_backup;

GRANT UPDATE(brand) ON TABLE billing.payment_methods TO app_rw;
GRANT UPDATE(brand) ON TABLE billing.payment_methods TO payments_service;

GRANT UPDATE(last4) ON TABLE billing.payment_methods TO app_rw;
GRANT UPDATE(last4) ON TABLE billing.payment_methods TO payments_service;

GRANT UPDATE(expiry_month) ON TABLE billing.payment_methods TO app_rw;
GRANT UPDATE(expiry_month) ON TABLE billing.payment_methods TO payments_service;

GRANT UPDATE(expiry_year) ON TABLE billing.payment_methods TO app_rw;
GRANT UPDATE(expiry_year) ON TABLE billing.payment_methods TO payments_service;

GRANT UPDATE(is_default) ON TABLE billing.payment_methods TO app_rw;
GRANT UPDATE(is_default) ON TABLE billing.payment_methods TO payments_service;

GRANT UPDATE(removed_at) ON TABLE billing.payment_methods TO app_rw;
GRANT UPDATE(removed_at) ON TABLE billing.payment_methods TO payments_service;

GRANT UPDATE(updated_at) ON TABLE billing.payment_methods TO app_rw;
GRANT UPDATE(updated_at) ON TABLE billing.payment_methods TO payments_service;

GRANT SELECT ON TABLE billing.payments TO app_rw;
GRANT SELECT ON TABLE billing.payments TO payments_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE billing.payments TO app_admin;
GRANT SELECT ON TABLE billing.payments TO app_ro;
GRANT SELECT ON TABLE billing.payments TO app_maint;
GRANT SELECT ON TABLE billing.payments TO app_backup;

GRANT INSERT(tenant_id) ON TABLE billing.payments TO app_rw;
GRANT INSERT(tenant_id) ON TABLE billing.payments TO payments_service;

GRANT INSERT(id) ON TABLE billing.payments TO app_rw;
GRANT INSERT(id) ON TABLE billing.payments TO payments_service;

GRANT INSERT(customer_id) ON TABLE billing.payments TO app_rw;
GRANT INSERT(customer_id) ON TABLE billing.payments TO payments_service;

GRANT INSERT(payment_method_id),UPDATE(payment_method_id) ON TABLE billing.payments TO app_rw;
GRANT INSERT(payment_method_id),UPDATE(payment_method_id) ON TABLE billing.payments TO payments_service;

GRANT INSERT(amount_minor) ON TABLE billing.payments TO app_rw;
GRANT INSERT(amount_minor) ON TABLE billing.payments TO payments_service;

GRANT INSERT(currency) ON TABLE billing.payments TO app_rw;
GRANT INSERT(currency) ON TABLE billing.payments TO payments_service;

GRANT INSERT(idempotency_key) ON TABLE billing.payments TO app_rw;
GRANT INSERT(idempotency_key) ON TABLE billing.payments TO payments_service;

GRANT INSERT(description),UPDATE(description) ON TABLE billing.payments TO app_rw;
GRANT INSERT(description),UPDATE(description) ON TABLE billing.payments TO payments_service;

GRANT UPDATE(status) ON TABLE billing.payments TO app_rw;
GRANT UPDATE(status) ON TABLE billing.payments TO payments_service;

GRANT UPDATE(captured_minor) ON TABLE billing.payments TO app_rw;
GRANT UPDATE(captured_minor) ON TABLE billing.payments TO payments_service;

GRANT INSERT(failure_reason),UPDATE(failure_reason) ON TABLE billing.payments TO app_rw;
GRANT INSERT(failure_reason),UPDATE(failure_reason) ON TABLE billing.payments TO payments_service;

GRANT UPDATE(updated_at) ON TABLE billing.payments TO app_rw;
GRANT UPDATE(updated_at) ON TABLE billing.payments TO payments_service;

GRANT SELECT ON TABLE billing.refunds TO app_rw;
GRANT SELECT ON TABLE billing.refunds TO payments_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE billing.refunds TO app_admin;
GRANT SELECT ON TABLE billing.refunds TO app_ro;
GRANT SELECT ON TABLE billing.refunds TO app_maint;
GRANT SELECT ON TABLE billing.refunds TO app_backup;

GRANT INSERT(tenant_id) ON TABLE billing.refunds TO app_rw;
GRANT INSERT(tenant_id) ON TABLE billing.refunds TO payments_service;

GRANT INSERT(id) ON TABLE billing.refunds TO app_rw;
GRANT INSERT(id) ON TABLE billing.refunds TO payments_service;

GRANT INSERT(payment_id) ON TABLE billing.refunds TO app_rw;
GRANT INSERT(payment_id) ON TABLE billing.refunds TO payments_service;

GRANT INSERT(amount_minor) ON TABLE billing.refunds TO app_rw;
GRANT INSERT(amount_minor) ON TABLE billing.refunds TO payments_service;

GRANT INSERT(reason) ON TABLE billing.refunds TO app_rw;
GRANT INSERT(reason) ON TABLE billing.refunds TO payments_service;

GRANT INSERT(idempotency_key) ON TABLE billing.refunds TO app_rw;
GRANT INSERT(idempotency_key) ON TABLE billing.refunds TO payments_service;

GRANT UPDATE(status) ON TABLE billing.refunds TO app_rw;
GRANT UPDATE(status) ON TABLE billing.refunds TO payments_service;

GRANT UPDATE(updated_at) ON TABLE billing.refunds TO app_rw;
GRANT UPDATE(updated_at) ON TABLE billing.refunds TO payments_service;

GRANT SELECT ON TABLE billing.subscriptions TO app_rw;
GRANT SELECT ON TABLE billing.subscriptions TO payments_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE billing.subscriptions TO app_admin;
GRANT SELECT ON TABLE billing.subscriptions TO app_ro;
GRANT SELECT ON TABLE billing.subscriptions TO app_maint;
GRANT SELECT ON TABLE billing.subscriptions TO app_backup;

GRANT INSERT(tenant_id) ON TABLE billing.subscriptions TO app_rw;
GRANT INSERT(tenant_id) ON TABLE billing.subscriptions TO payments_service;

GRANT INSERT(id) ON TABLE billing.subscriptions TO app_rw;
GRANT INSERT(id) ON TABLE billing.subscriptions TO payments_service;

GRANT INSERT(customer_id) ON TABLE billing.subscriptions TO app_rw;
GRANT INSERT(customer_id) ON TABLE billing.subscriptions TO payments_service;

GRANT INSERT(plan) ON TABLE billing.subscriptions TO app_rw;
GRANT INSERT(plan) ON TABLE billing.subscriptions TO payments_service;

GRANT INSERT(period),UPDATE(period) ON TABLE billing.subscriptions TO app_rw;
GRANT INSERT(period),UPDATE(period) ON TABLE billing.subscriptions TO payments_service;

GRANT INSERT(price_minor) ON TABLE billing.subscriptions TO app_rw;
GRANT INSERT(price_minor) ON TABLE billing.subscriptions TO payments_service;

GRANT INSERT(currency) ON TABLE billing.subscriptions TO app_rw;
GRANT INSERT(currency) ON TABLE billing.subscriptions TO payments_service;

GRANT INSERT(payment_id),UPDATE(payment_id) ON TABLE billing.subscriptions TO app_rw;
GRANT INSERT(payment_id),UPDATE(payment_id) ON TABLE billing.subscriptions TO payments_service;

GRANT UPDATE(updated_at) ON TABLE billing.subscriptions TO app_rw;
GRANT UPDATE(updated_at) ON TABLE billing.subscriptions TO payments_service;

GRANT SELECT ON TABLE billing.transactions TO app_rw;
GRANT SELECT ON TABLE billing.transactions TO payments_service;
GRANT SELECT,INSERT,DELETE ON TABLE billing.transactions TO app_admin;
GRANT SELECT ON TABLE billing.transactions TO app_ro;
GRANT SELECT ON TABLE billing.transactions TO app_maint;
GRANT SELECT ON TABLE billing.transactions TO app_backup;

GRANT INSERT(tenant_id) ON TABLE billing.transactions TO app_rw;
GRANT INSERT(tenant_id) ON TABLE billing.transactions TO payments_service;

GRANT INSERT(id) ON TABLE billing.transactions TO app_rw;
GRANT INSERT(id) ON TABLE billing.transactions TO payments_service;

GRANT INSERT(payment_id) ON TABLE billing.transactions TO app_rw;
GRANT INSERT(payment_id) ON TABLE billing.transactions TO payments_service;

GRANT INSERT(refund_id) ON TABLE billing.transactions TO app_rw;
GRANT INSERT(refund_id) ON TABLE billing.transactions TO payments_service;

GRANT INSERT(kind) ON TABLE billing.transactions TO app_rw;
GRANT INSERT(kind) ON TABLE billing.transactions TO payments_service;

GRANT INSERT(amount_minor) ON TABLE billing.transactions TO app_rw;
GRANT INSERT(amount_minor) ON TABLE billing.transactions TO payments_service;

GRANT INSERT(provider_reference) ON TABLE billing.transactions TO app_rw;
GRANT INSERT(provider_reference) ON TABLE billing.transactions TO payments_service;

GRANT SELECT,DELETE ON TABLE catalog.categories TO app_rw;
GRANT SELECT,DELETE ON TABLE catalog.categories TO catalog_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE catalog.categories TO app_admin;
GRANT SELECT ON TABLE catalog.categories TO app_ro;
GRANT SELECT ON TABLE catalog.categories TO app_maint;
GRANT SELECT ON TABLE catalog.categories TO app_backup;
GRANT SELECT ON TABLE catalog.categories TO app_definer;

GRANT INSERT(tenant_id) ON TABLE catalog.categories TO app_rw;
GRANT INSERT(tenant_id) ON TABLE catalog.categories TO catalog_service;

GRANT INSERT(id) ON TABLE catalog.categories TO app_rw;
GRANT INSERT(id) ON TABLE catalog.categories TO catalog_service;

GRANT INSERT(parent_id),UPDATE(parent_id) ON TABLE catalog.categories TO app_rw;
GRANT INSERT(parent_id),UPDATE(parent_id) ON TABLE catalog.categories TO catalog_service;

GRANT INSERT(name),UPDATE(name) ON TABLE catalog.categories TO app_rw;
GRANT INSERT(name),UPDATE(name) ON TABLE catalog.categories TO catalog_service;

GRANT INSERT("position"),UPDATE("position") ON TABLE catalog.categories TO app_rw;
GRANT INSERT("position"),UPDATE("position") ON TABLE catalog.categories TO catalog_service;

GRANT UPDATE(updated_at) ON TABLE catalog.categories TO app_rw;
GRANT UPDATE(updated_at) ON TABLE catalog.categories TO catalog_service;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE catalog.materials TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE catalog.materials TO catalog_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE catalog.materials TO app_admin;
GRANT SELECT ON TABLE catalog.materials TO app_ro;
GRANT SELECT ON TABLE catalog.materials TO app_maint;
GRANT SELECT ON TABLE catalog.materials TO app_backup;
GRANT SELECT ON TABLE catalog.materials TO app_definer;

GRANT SELECT,INSERT ON TABLE catalog.usage_statistics TO app_rw;
GRANT SELECT,INSERT ON TABLE catalog.usage_statistics TO catalog_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE catalog.usage_statistics TO app_admin;
GRANT SELECT ON TABLE catalog.usage_statistics TO app_ro;
GRANT SELECT ON TABLE catalog.usage_statistics TO app_maint;
GRANT SELECT ON TABLE catalog.usage_statistics TO app_backup;

GRANT UPDATE(uses) ON TABLE catalog.usage_statistics TO app_rw;
GRANT UPDATE(uses) ON TABLE catalog.usage_statistics TO catalog_service;

GRANT UPDATE(quantity) ON TABLE catalog.usage_statistics TO app_rw;
GRANT UPDATE(quantity) ON TABLE catalog.usage_statistics TO catalog_service;

GRANT SELECT,DELETE ON TABLE learning.analogy_feedback TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.analogy_feedback TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.analogy_feedback TO app_admin;
GRANT SELECT ON TABLE learning.analogy_feedback TO app_ro;
GRANT SELECT ON TABLE learning.analogy_feedback TO app_maint;
GRANT SELECT ON TABLE learning.analogy_feedback TO app_backup;
GRANT SELECT ON TABLE learning.analogy_feedback TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.analogy_feedback TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.analogy_feedback TO learning_service;

GRANT INSERT(id) ON TABLE learning.analogy_feedback TO app_rw;
GRANT INSERT(id) ON TABLE learning.analogy_feedback TO learning_service;

GRANT INSERT(user_id) ON TABLE learning.analogy_feedback TO app_rw;
GRANT INSERT(user_id) ON TABLE learning.analogy_feedback TO learning_service;

GRANT INSERT(relationship_id) ON TABLE learning.analogy_feedback TO app_rw;
GRANT INSERT(relationship_id) ON TABLE learning.analogy_feedback TO learning_service;

GRANT INSERT(is_helpful),UPDATE(is_helpful) ON TABLE learning.analogy_feedback TO app_rw;
GRANT INSERT(is_helpful),UPDATE(is_helpful) ON TABLE learning.analogy_feedback TO learning_service;
GRANT UPDATE(is_helpful) ON TABLE learning.analogy_feedback TO app_admin;

GRANT INSERT(rating),UPDATE(rating) ON TABLE learning.analogy_feedback TO app_rw;
GRANT INSERT(rating),UPDATE(rating) ON TABLE learning.analogy_feedback TO learning_service;
GRANT UPDATE(rating) ON TABLE learning.analogy_feedback TO app_admin;

GRANT INSERT(comment),UPDATE(comment) ON TABLE learning.analogy_feedback TO app_rw;
GRANT INSERT(comment),UPDATE(comment) ON TABLE learning.analogy_feedback TO learning_service;
GRANT UPDATE(comment) ON TABLE learning.analogy_feedback TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.analogy_feedback TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.analogy_feedback TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.analogy_feedback TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.chapter_complexity TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.chapter_complexity TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.chapter_complexity TO app_admin;
GRANT SELECT ON TABLE learning.chapter_complexity TO app_ro;
GRANT SELECT ON TABLE learning.chapter_complexity TO app_maint;
GRANT SELECT ON TABLE learning.chapter_complexity TO app_backup;
GRANT SELECT ON TABLE learning.chapter_complexity TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.chapter_complexity TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.chapter_complexity TO learning_service;

GRANT INSERT(id) ON TABLE learning.chapter_complexity TO app_rw;
GRANT INSERT(id) ON TABLE learning.chapter_complexity TO learning_service;

GRANT INSERT(chapter_id) ON TABLE learning.chapter_complexity TO app_rw;
GRANT INSERT(chapter_id) ON TABLE learning.chapter_complexity TO learning_service;

GRANT INSERT(score),UPDATE(score) ON TABLE learning.chapter_complexity TO app_rw;
GRANT INSERT(score),UPDATE(score) ON TABLE learning.chapter_complexity TO learning_service;
GRANT UPDATE(score) ON TABLE learning.chapter_complexity TO app_admin;

GRANT INSERT(reading_level),UPDATE(reading_level) ON TABLE learning.chapter_complexity TO app_rw;
GRANT INSERT(reading_level),UPDATE(reading_level) ON TABLE learning.chapter_complexity TO learning_service;
GRANT UPDATE(reading_level) ON TABLE learning.chapter_complexity TO app_admin;

GRANT INSERT(factors),UPDATE(factors) ON TABLE learning.chapter_complexity TO app_rw;
GRANT INSERT(factors),UPDATE(factors) ON TABLE learning.chapter_complexity TO learning_service;
GRANT UPDATE(factors) ON TABLE learning.chapter_complexity TO app_admin;

GRANT INSERT(model),UPDATE(model) ON TABLE learning.chapter_complexity TO app_rw;
GRANT INSERT(model),UPDATE(model) ON TABLE learning.chapter_complexity TO learning_service;
GRANT UPDATE(model) ON TABLE learning.chapter_complexity TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.chapter_complexity TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.chapter_complexity TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.chapter_complexity TO app_admin;

GRANT SELECT ON TABLE learning.chapter_progress TO app_rw;
GRANT SELECT ON TABLE learning.chapter_progress TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.chapter_progress TO app_admin;
GRANT SELECT ON TABLE learning.chapter_progress TO app_ro;
GRANT SELECT ON TABLE learning.chapter_progress TO app_maint;
GRANT SELECT ON TABLE learning.chapter_progress TO app_backup;
GRANT SELECT ON TABLE learning.chapter_progress TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.chapter_progress TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.chapter_progress TO learning_service;

GRANT INSERT(id) ON TABLE learning.chapter_progress TO app_rw;
GRANT INSERT(id) ON TABLE learning.chapter_progress TO learning_service;

GRANT INSERT(user_id) ON TABLE learning.chapter_progress TO app_rw;
GRANT INSERT(user_id) ON TABLE learning.chapter_progress TO learning_service;

GRANT INSERT(chapter_id) ON TABLE learning.chapter_progress TO app_rw;
GRANT INSERT(chapter_id) ON TABLE learning.chapter_progress TO learning_service;

GRANT INSERT(status),UPDATE(status) ON TABLE learning.chapter_progress TO app_rw;
GRANT INSERT(status),UPDATE(status) ON TABLE learning.chapter_progress TO learning_service;
GRANT UPDATE(status) ON TABLE learning.chapter_progress TO app_admin;

GRANT INSERT(percent),UPDATE(percent) ON TABLE learning.chapter_progress TO app_rw;
GRANT INSERT(percent),UPDATE(percent) ON TABLE learning.chapter_progress TO learning_service;
GRANT UPDATE(percent) ON TABLE learning.chapter_progress TO app_admin;

GRANT INSERT(seconds_spent),UPDATE(seconds_spent) ON TABLE learning.chapter_progress TO app_rw;
GRANT INSERT(seconds_spent),UPDATE(seconds_spent) ON TABLE learning.chapter_progress TO learning_service;
GRANT UPDATE(seconds_spent) ON TABLE learning.chapter_progress TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.chapter_progress TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.chapter_progress TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.chapter_progress TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.chapters TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.chapters TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.chapters TO app_admin;
GRANT SELECT ON TABLE learning.chapters TO app_ro;
GRANT SELECT ON TABLE learning.chapters TO app_maint;
GRANT SELECT ON TABLE learning.chapters TO app_backup;
GRANT SELECT ON TABLE learning.chapters TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.chapters TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.chapters TO learning_service;

GRANT INSERT(id) ON TABLE learning.chapters TO app_rw;
GRANT INSERT(id) ON TABLE learning.chapters TO learning_service;

GRANT INSERT(course_id) ON TABLE learning.chapters TO app_rw;
GRANT INSERT(course_id) ON TABLE learning.chapters TO learning_service;

GRANT INSERT(number),UPDATE(number) ON TABLE learning.chapters TO app_rw;
GRANT INSERT(number),UPDATE(number) ON TABLE learning.chapters TO learning_service;
GRANT UPDATE(number) ON TABLE learning.chapters TO app_admin;

GRANT INSERT(title),UPDATE(title) ON TABLE learning.chapters TO app_rw;
GRANT INSERT(title),UPDATE(title) ON TABLE learning.chapters TO learning_service;
GRANT UPDATE(title) ON TABLE learning.chapters TO app_admin;

GRANT INSERT(body),UPDATE(body) ON TABLE learning.chapters TO app_rw;
GRANT INSERT(body),UPDATE(body) ON TABLE learning.chapters TO learning_service;
GRANT UPDATE(body) ON TABLE learning.chapters TO app_admin;

GRANT INSERT(summary),UPDATE(summary) ON TABLE learning.chapters TO app_rw;
GRANT INSERT(summary),UPDATE(summary) ON TABLE learning.chapters TO learning_service;
GRANT UPDATE(summary) ON TABLE learning.chapters TO app_admin;

GRANT INSERT(expected_minutes),UPDATE(expected_minutes) ON TABLE learning.chapters TO app_rw;
GRANT INSERT(expected_minutes),UPDATE(expected_minutes) ON TABLE learning.chapters TO learning_service;
GRANT UPDATE(expected_minutes) ON TABLE learning.chapters TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.chapters TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.chapters TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.chapters TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.course_documents TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.course_documents TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.course_documents TO app_admin;
GRANT SELECT ON TABLE learning.course_documents TO app_ro;
GRANT SELECT ON TABLE learning.course_documents TO app_maint;
GRANT SELECT ON TABLE learning.course_documents TO app_backup;
GRANT SELECT ON TABLE learning.course_documents TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.course_documents TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.course_documents TO learning_service;

GRANT INSERT(id) ON TABLE learning.course_documents TO app_rw;
GRANT INSERT(id) ON TABLE learning.course_documents TO learning_service;

GRANT INSERT(course_id) ON TABLE learning.course_documents TO app_rw;
GRANT INSERT(course_id) ON TABLE learning.course_documents TO learning_service;

GRANT INSERT(title),UPDATE(title) ON TABLE learning.course_documents TO app_rw;
GRANT INSERT(title),UPDATE(title) ON TABLE learning.course_documents TO learning_service;
GRANT UPDATE(title) ON TABLE learning.course_documents TO app_admin;

GRANT INSERT(kind) ON TABLE learning.course_documents TO app_rw;
GRANT INSERT(kind) ON TABLE learning.course_documents TO learning_service;

GRANT INSERT(source_uri),UPDATE(source_uri) ON TABLE learning.course_documents TO app_rw;
GRANT INSERT(source_uri),UPDATE(source_uri) ON TABLE learning.course_documents TO learning_service;
GRANT UPDATE(source_uri) ON TABLE learning.course_documents TO app_admin;

GRANT INSERT(content_sha256),UPDATE(content_sha256) ON TABLE learning.course_documents TO app_rw;
GRANT INSERT(content_sha256),UPDATE(content_sha256) ON TABLE learning.course_documents TO learning_service;
GRANT UPDATE(content_sha256) ON TABLE learning.course_documents TO app_admin;

GRANT INSERT(size_bytes),UPDATE(size_bytes) ON TABLE learning.course_documents TO app_rw;
GRANT INSERT(size_bytes),UPDATE(size_bytes) ON TABLE learning.course_documents TO learning_service;
GRANT UPDATE(size_bytes) ON TABLE learning.course_documents TO app_admin;

GRANT UPDATE(status) ON TABLE learning.course_documents TO app_rw;
GRANT UPDATE(status) ON TABLE learning.course_documents TO learning_service;
GRANT UPDATE(status) ON TABLE learning.course_documents TO app_admin;
GRANT UPDATE(status) ON TABLE learning.course_documents TO app_definer;

GRANT UPDATE(error) ON TABLE learning.course_documents TO app_rw;
GRANT UPDATE(error) ON TABLE learning.course_documents TO learning_service;
GRANT UPDATE(error) ON TABLE learning.course_documents TO app_admin;
GRANT UPDATE(error) ON TABLE learning.course_documents TO app_definer;

GRANT UPDATE(processed_at) ON TABLE learning.course_documents TO app_definer;

GRANT UPDATE(updated_at) ON TABLE learning.course_documents TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.course_documents TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.course_documents TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.courses TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.courses TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.courses TO app_admin;
GRANT SELECT ON TABLE learning.courses TO app_ro;
GRANT SELECT ON TABLE learning.courses TO app_maint;
GRANT SELECT ON TABLE learning.courses TO app_backup;
GRANT SELECT ON TABLE learning.courses TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.courses TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.courses TO learning_service;

GRANT INSERT(id) ON TABLE learning.courses TO app_rw;
GRANT INSERT(id) ON TABLE learning.courses TO learning_service;

GRANT INSERT(user_id) ON TABLE learning.courses TO app_rw;
GRANT INSERT(user_id) ON TABLE learning.courses TO learning_service;

GRANT INSERT(title),UPDATE(title) ON TABLE learning.courses TO app_rw;
GRANT INSERT(title),UPDATE(title) ON TABLE learning.courses TO learning_service;
GRANT UPDATE(title) ON TABLE learning.courses TO app_admin;

GRANT INSERT(description),UPDATE(description) ON TABLE learning.courses TO app_rw;
GRANT INSERT(description),UPDATE(description) ON TABLE learning.courses TO learning_service;
GRANT UPDATE(description) ON TABLE learning.courses TO app_admin;

GRANT INSERT(status),UPDATE(status) ON TABLE learning.courses TO app_rw;
GRANT INSERT(status),UPDATE(status) ON TABLE learning.courses TO learning_service;
GRANT UPDATE(status) ON TABLE learning.courses TO app_admin;

GRANT INSERT(language),UPDATE(language) ON TABLE learning.courses TO app_rw;
GRANT INSERT(language),UPDATE(language) ON TABLE learning.courses TO learning_service;
GRANT UPDATE(language) ON TABLE learning.courses TO app_admin;

GRANT INSERT(difficulty),UPDATE(difficulty) ON TABLE learning.courses TO app_rw;
GRANT INSERT(difficulty),UPDATE(difficulty) ON TABLE learning.courses TO learning_service;
GRANT UPDATE(difficulty) ON TABLE learning.courses TO app_admin;

GRANT INSERT(tags),UPDATE(tags) ON TABLE learning.courses TO app_rw;
GRANT INSERT(tags),UPDATE(tags) ON TABLE learning.courses TO learning_service;
GRANT UPDATE(tags) ON TABLE learning.courses TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.courses TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.courses TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.courses TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.keywords TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.keywords TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.keywords TO app_admin;
GRANT SELECT ON TABLE learning.keywords TO app_ro;
GRANT SELECT ON TABLE learning.keywords TO app_maint;
GRANT SELECT ON TABLE learning.keywords TO app_backup;
GRANT SELECT ON TABLE learning.keywords TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.keywords TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.keywords TO learning_service;

GRANT INSERT(id) ON TABLE learning.keywords TO app_rw;
GRANT INSERT(id) ON TABLE learning.keywords TO learning_service;

GRANT INSERT(course_id) ON TABLE learning.keywords TO app_rw;
GRANT INSERT(course_id) ON TABLE learning.keywords TO learning_service;

GRANT INSERT(term),UPDATE(term) ON TABLE learning.keywords TO app_rw;
GRANT INSERT(term),UPDATE(term) ON TABLE learning.keywords TO learning_service;
GRANT UPDATE(term) ON TABLE learning.keywords TO app_admin;

GRANT INSERT(definition),UPDATE(definition) ON TABLE learning.keywords TO app_rw;
GRANT INSERT(definition),UPDATE(definition) ON TABLE learning.keywords TO learning_service;
GRANT UPDATE(definition) ON TABLE learning.keywords TO app_admin;

GRANT INSERT(embedding),UPDATE(embedding) ON TABLE learning.keywords TO app_rw;
GRANT INSERT(embedding),UPDATE(embedding) ON TABLE learning.keywords TO learning_service;
GRANT UPDATE(embedding) ON TABLE learning.keywords TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.keywords TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.keywords TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.keywords TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.processed_documents TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.processed_documents TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.processed_documents TO app_admin;
GRANT SELECT ON TABLE learning.processed_documents TO app_ro;
GRANT SELECT ON TABLE learning.processed_documents TO app_maint;
GRANT SELECT ON TABLE learning.processed_documents TO app_backup;
GRANT SELECT ON TABLE learning.processed_documents TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.processed_documents TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.processed_documents TO learning_service;

GRANT INSERT(id) ON TABLE learning.processed_documents TO app_rw;
GRANT INSERT(id) ON TABLE learning.processed_documents TO learning_service;

GRANT INSERT(document_id) ON TABLE learning.processed_documents TO app_rw;
GRANT INSERT(document_id) ON TABLE learning.processed_documents TO learning_service;

GRANT INSERT(part) ON TABLE learning.processed_documents TO app_rw;
GRANT INSERT(part) ON TABLE learning.processed_documents TO learning_service;

GRANT INSERT(content),UPDATE(content) ON TABLE learning.processed_documents TO app_rw;
GRANT INSERT(content),UPDATE(content) ON TABLE learning.processed_documents TO learning_service;
GRANT UPDATE(content) ON TABLE learning.processed_documents TO app_admin;

GRANT INSERT(tokens),UPDATE(tokens) ON TABLE learning.processed_documents TO app_rw;
GRANT INSERT(tokens),UPDATE(tokens) ON TABLE learning.processed_documents TO learning_service;
GRANT UPDATE(tokens) ON TABLE learning.processed_documents TO app_admin;

GRANT INSERT(model),UPDATE(model) ON TABLE learning.processed_documents TO app_rw;
GRANT INSERT(model),UPDATE(model) ON TABLE learning.processed_documents TO learning_service;
GRANT UPDATE(model) ON TABLE learning.processed_documents TO app_admin;

GRANT INSERT(embedding),UPDATE(embedding) ON TABLE learning.processed_documents TO app_rw;
GRANT INSERT(embedding),UPDATE(embedding) ON TABLE learning.processed_documents TO learning_service;
GRANT UPDATE(embedding) ON TABLE learning.processed_documents TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.processed_documents TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.processed_documents TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.processed_documents TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.relationships TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.relationships TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.relationships TO app_admin;
GRANT SELECT ON TABLE learning.relationships TO app_ro;
GRANT SELECT ON TABLE learning.relationships TO app_maint;
GRANT SELECT ON TABLE learning.relationships TO app_backup;
GRANT SELECT ON TABLE learning.relationships TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.relationships TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.relationships TO learning_service;

GRANT INSERT(id) ON TABLE learning.relationships TO app_rw;
GRANT INSERT(id) ON TABLE learning.relationships TO learning_service;

GRANT INSERT(source_keyword_id) ON TABLE learning.relationships TO app_rw;
GRANT INSERT(source_keyword_id) ON TABLE learning.relationships TO learning_service;

GRANT INSERT(target_keyword_id) ON TABLE learning.relationships TO app_rw;
GRANT INSERT(target_keyword_id) ON TABLE learning.relationships TO learning_service;

GRANT INSERT(kind) ON TABLE learning.relationships TO app_rw;
GRANT INSERT(kind) ON TABLE learning.relationships TO learning_service;

GRANT INSERT(explanation),UPDATE(explanation) ON TABLE learning.relationships TO app_rw;
GRANT INSERT(explanation),UPDATE(explanation) ON TABLE learning.relationships TO learning_service;
GRANT UPDATE(explanation) ON TABLE learning.relationships TO app_admin;

GRANT INSERT(weight),UPDATE(weight) ON TABLE learning.relationships TO app_rw;
GRANT INSERT(weight),UPDATE(weight) ON TABLE learning.relationships TO learning_service;
GRANT UPDATE(weight) ON TABLE learning.relationships TO app_admin;

GRANT UPDATE(feedback_people) ON TABLE learning.relationships TO app_definer;

GRANT UPDATE(feedback_helpful) ON TABLE learning.relationships TO app_definer;

GRANT UPDATE(updated_at) ON TABLE learning.relationships TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.relationships TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.relationships TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.user_annotations TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.user_annotations TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.user_annotations TO app_admin;
GRANT SELECT ON TABLE learning.user_annotations TO app_ro;
GRANT SELECT ON TABLE learning.user_annotations TO app_maint;
GRANT SELECT ON TABLE learning.user_annotations TO app_backup;
GRANT SELECT ON TABLE learning.user_annotations TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.user_annotations TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.user_annotations TO learning_service;

GRANT INSERT(id) ON TABLE learning.user_annotations TO app_rw;
GRANT INSERT(id) ON TABLE learning.user_annotations TO learning_service;

GRANT INSERT(user_id) ON TABLE learning.user_annotations TO app_rw;
GRANT INSERT(user_id) ON TABLE learning.user_annotations TO learning_service;

GRANT INSERT(chapter_id) ON TABLE learning.user_annotations TO app_rw;
GRANT INSERT(chapter_id) ON TABLE learning.user_annotations TO learning_service;

GRANT INSERT(kind),UPDATE(kind) ON TABLE learning.user_annotations TO app_rw;
GRANT INSERT(kind),UPDATE(kind) ON TABLE learning.user_annotations TO learning_service;
GRANT UPDATE(kind) ON TABLE learning.user_annotations TO app_admin;

GRANT INSERT(quote),UPDATE(quote) ON TABLE learning.user_annotations TO app_rw;
GRANT INSERT(quote),UPDATE(quote) ON TABLE learning.user_annotations TO learning_service;
GRANT UPDATE(quote) ON TABLE learning.user_annotations TO app_admin;

GRANT INSERT(body),UPDATE(body) ON TABLE learning.user_annotations TO app_rw;
GRANT INSERT(body),UPDATE(body) ON TABLE learning.user_annotations TO learning_service;
GRANT UPDATE(body) ON TABLE learning.user_annotations TO app_admin;

GRANT INSERT("position"),UPDATE("position") ON TABLE learning.user_annotations TO app_rw;
GRANT INSERT("position"),UPDATE("position") ON TABLE learning.user_annotations TO learning_service;
GRANT UPDATE("position") ON TABLE learning.user_annotations TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.user_annotations TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.user_annotations TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.user_annotations TO app_admin;

GRANT SELECT,DELETE ON TABLE learning.user_profiles TO app_rw;
GRANT SELECT,DELETE ON TABLE learning.user_profiles TO learning_service;
GRANT SELECT,INSERT,DELETE ON TABLE learning.user_profiles TO app_admin;
GRANT SELECT ON TABLE learning.user_profiles TO app_ro;
GRANT SELECT ON TABLE learning.user_profiles TO app_maint;
GRANT SELECT ON TABLE learning.user_profiles TO app_backup;
GRANT SELECT ON TABLE learning.user_profiles TO app_definer;

GRANT INSERT(tenant_id) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(tenant_id) ON TABLE learning.user_profiles TO learning_service;

GRANT INSERT(id) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(id) ON TABLE learning.user_profiles TO learning_service;

GRANT INSERT(user_id) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(user_id) ON TABLE learning.user_profiles TO learning_service;

GRANT INSERT(external_subject) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(external_subject) ON TABLE learning.user_profiles TO learning_service;
GRANT UPDATE(external_subject) ON TABLE learning.user_profiles TO app_admin;

GRANT INSERT(display_name),UPDATE(display_name) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(display_name),UPDATE(display_name) ON TABLE learning.user_profiles TO learning_service;
GRANT UPDATE(display_name) ON TABLE learning.user_profiles TO app_admin;

GRANT INSERT(time_zone),UPDATE(time_zone) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(time_zone),UPDATE(time_zone) ON TABLE learning.user_profiles TO learning_service;
GRANT UPDATE(time_zone) ON TABLE learning.user_profiles TO app_admin;

GRANT INSERT(language),UPDATE(language) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(language),UPDATE(language) ON TABLE learning.user_profiles TO learning_service;
GRANT UPDATE(language) ON TABLE learning.user_profiles TO app_admin;

GRANT INSERT(interests),UPDATE(interests) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(interests),UPDATE(interests) ON TABLE learning.user_profiles TO learning_service;
GRANT UPDATE(interests) ON TABLE learning.user_profiles TO app_admin;

GRANT INSERT(preferences),UPDATE(preferences) ON TABLE learning.user_profiles TO app_rw;
GRANT INSERT(preferences),UPDATE(preferences) ON TABLE learning.user_profiles TO learning_service;
GRANT UPDATE(preferences) ON TABLE learning.user_profiles TO app_admin;

GRANT UPDATE(updated_at) ON TABLE learning.user_profiles TO app_rw;
GRANT UPDATE(updated_at) ON TABLE learning.user_profiles TO learning_service;
GRANT UPDATE(updated_at) ON TABLE learning.user_profiles TO app_admin;

GRANT SELECT ON TABLE learning.user_progress TO app_rw;
GRANT SELECT ON TABLE learning.user_progress TO learning_service;
GRANT SELECT ON TABLE learning.user_progress TO app_ro;
GRANT SELECT ON TABLE learning.user_progress TO app_maint;
GRANT SELECT ON TABLE learning.user_progress TO app_backup;
GRANT SELECT,INSERT,DELETE ON TABLE learning.user_progress TO app_admin;
GRANT SELECT,INSERT,UPDATE ON TABLE learning.user_progress TO app_definer;

GRANT SELECT,INSERT ON TABLE ops.audit_log TO app_rw;
GRANT SELECT,INSERT ON TABLE ops.audit_log TO app_admin;
GRANT SELECT,INSERT ON TABLE ops.audit_log TO admin_service;
GRANT SELECT ON TABLE ops.audit_log TO app_ro;
GRANT SELECT ON TABLE ops.audit_log TO app_maint;
GRANT SELECT ON TABLE ops.audit_log TO app_backup;
GRANT SELECT,INSERT,DELETE ON TABLE ops.audit_log TO app_definer;

GRANT SELECT ON TABLE ops.partition_sets TO app_admin;
GRANT SELECT ON TABLE ops.partition_sets TO app_maint;
GRANT SELECT ON TABLE ops.partition_sets TO app_backup;

GRANT UPDATE(ahead) ON TABLE ops.partition_sets TO app_admin;

GRANT UPDATE(retention) ON TABLE ops.partition_sets TO app_admin;

GRANT SELECT,INSERT ON TABLE ops.system_event TO app_admin;
GRANT SELECT,INSERT ON TABLE ops.system_event TO app_maint;
GRANT SELECT ON TABLE ops.system_event TO app_backup;
GRANT INSERT ON TABLE ops.system_event TO app_secrets;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE ops.tenant_work TO app_admin;
GRANT SELECT ON TABLE ops.tenant_work TO app_maint;
GRANT SELECT ON TABLE ops.tenant_work TO app_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.addresses TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.addresses TO profile_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.addresses TO app_admin;
GRANT SELECT ON TABLE profile.addresses TO app_ro;
GRANT SELECT ON TABLE profile.addresses TO app_maint;
GRANT SELECT ON TABLE profile.addresses TO app_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.preferences TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.preferences TO profile_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.preferences TO app_admin;
GRANT SELECT ON TABLE profile.preferences TO app_ro;
GRANT SELECT ON TABLE profile.preferences TO app_maint;
GRANT SELECT ON TABLE profile.preferences TO app_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.profiles TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.profiles TO profile_service;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE profile.profiles TO app_admin;
GRANT SELECT ON TABLE profile.profiles TO app_ro;
GRANT SELECT ON TABLE profile.profiles TO app_maint;
GRANT SELECT ON TABLE profile.profiles TO app_backup;

GRANT SELECT ON TABLE tenancy.builtin_role_permissions TO app_rw;
GRANT SELECT ON TABLE tenancy.builtin_role_permissions TO app_ro;
GRANT SELECT ON TABLE tenancy.builtin_role_permissions TO app_auth;
GRANT SELECT ON TABLE tenancy.builtin_role_permissions TO admin_service;
GRANT SELECT ON TABLE tenancy.builtin_role_permissions TO auth_service;
GRANT SELECT ON TABLE tenancy.builtin_role_permissions TO app_maint;
GRANT SELECT ON TABLE tenancy.builtin_role_permissions TO app_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.builtin_role_permissions TO app_admin;

GRANT INSERT,DELETE ON TABLE tenancy.invitations TO app_rw;
GRANT INSERT,DELETE ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT ON TABLE tenancy.invitations TO app_auth;
GRANT SELECT ON TABLE tenancy.invitations TO auth_service;
GRANT DELETE ON TABLE tenancy.invitations TO app_maint;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.invitations TO app_admin;
GRANT SELECT ON TABLE tenancy.invitations TO app_backup;

GRANT SELECT(tenant_id) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(tenant_id) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(tenant_id) ON TABLE tenancy.invitations TO app_ro;
GRANT SELECT(tenant_id) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(id) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(id) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(id) ON TABLE tenancy.invitations TO app_ro;
GRANT SELECT(id) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(email),UPDATE(email) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(email),UPDATE(email) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(email) ON TABLE tenancy.invitations TO app_ro;
GRANT SELECT(email) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(email_key) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(email_key) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(email_key) ON TABLE tenancy.invitations TO app_ro;
GRANT SELECT(email_key) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(role),UPDATE(role) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(role),UPDATE(role) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(role) ON TABLE tenancy.invitations TO app_ro;
GRANT SELECT(role) ON TABLE tenancy.invitations TO app_maint;

GRANT UPDATE(token_hash) ON TABLE tenancy.invitations TO app_rw;
GRANT UPDATE(token_hash) ON TABLE tenancy.invitations TO admin_service;

GRANT SELECT(status),UPDATE(status) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(status),UPDATE(status) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(status) ON TABLE tenancy.invitations TO app_ro;
GRANT UPDATE(status) ON TABLE tenancy.invitations TO app_auth;
GRANT UPDATE(status) ON TABLE tenancy.invitations TO auth_service;
GRANT SELECT(status) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(invited_by) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(invited_by) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(invited_by) ON TABLE tenancy.invitations TO app_ro;
GRANT SELECT(invited_by) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(accepted_by),UPDATE(accepted_by) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(accepted_by),UPDATE(accepted_by) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(accepted_by) ON TABLE tenancy.invitations TO app_ro;
GRANT UPDATE(accepted_by) ON TABLE tenancy.invitations TO app_auth;
GRANT UPDATE(accepted_by) ON TABLE tenancy.invitations TO auth_service;
GRANT SELECT(accepted_by) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(answered_at),UPDATE(answered_at) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(answered_at),UPDATE(answered_at) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(answered_at) ON TABLE tenancy.invitations TO app_ro;
GRANT UPDATE(answered_at) ON TABLE tenancy.invitations TO app_auth;
GRANT UPDATE(answered_at) ON TABLE tenancy.invitations TO auth_service;
GRANT SELECT(answered_at) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(expires_at),UPDATE(expires_at) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(expires_at),UPDATE(expires_at) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(expires_at) ON TABLE tenancy.invitations TO app_ro;
GRANT SELECT(expires_at) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(created_at) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(created_at) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(created_at) ON TABLE tenancy.invitations TO app_ro;
GRANT SELECT(created_at) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT(updated_at),UPDATE(updated_at) ON TABLE tenancy.invitations TO app_rw;
GRANT SELECT(updated_at),UPDATE(updated_at) ON TABLE tenancy.invitations TO admin_service;
GRANT SELECT(updated_at) ON TABLE tenancy.invitations TO app_ro;
GRANT UPDATE(updated_at) ON TABLE tenancy.invitations TO app_auth;
GRANT UPDATE(updated_at) ON TABLE tenancy.invitations TO auth_service;
GRANT SELECT(updated_at) ON TABLE tenancy.invitations TO app_maint;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.membership_roles TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.membership_roles TO app_admin;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.membership_roles TO admin_service;
GRANT SELECT ON TABLE tenancy.membership_roles TO app_ro;
GRANT SELECT ON TABLE tenancy.membership_roles TO app_auth;
GRANT SELECT ON TABLE tenancy.membership_roles TO auth_service;
GRANT SELECT ON TABLE tenancy.membership_roles TO app_maint;
GRANT SELECT ON TABLE tenancy.membership_roles TO app_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.memberships TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.memberships TO app_admin;
GRANT SELECT,INSERT,UPDATE ON TABLE tenancy.memberships TO admin_service;
GRANT SELECT ON TABLE tenancy.memberships TO app_ro;
GRANT SELECT ON TABLE tenancy.memberships TO app_maint;
GRANT SELECT ON TABLE tenancy.memberships TO app_backup;
GRANT SELECT,INSERT ON TABLE tenancy.memberships TO app_auth;

GRANT SELECT ON TABLE tenancy.permissions TO app_rw;
GRANT SELECT ON TABLE tenancy.permissions TO app_ro;
GRANT SELECT ON TABLE tenancy.permissions TO app_auth;
GRANT SELECT ON TABLE tenancy.permissions TO admin_service;
GRANT SELECT ON TABLE tenancy.permissions TO auth_service;
GRANT SELECT ON TABLE tenancy.permissions TO app_maint;
GRANT SELECT ON TABLE tenancy.permissions TO app_backup;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.permissions TO app_admin;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.role_permissions TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.role_permissions TO app_admin;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.role_permissions TO admin_service;
GRANT SELECT ON TABLE tenancy.role_permissions TO app_ro;
GRANT SELECT ON TABLE tenancy.role_permissions TO app_auth;
GRANT SELECT ON TABLE tenancy.role_permissions TO auth_service;
GRANT SELECT ON TABLE tenancy.role_permissions TO app_maint;
GRANT SELECT ON TABLE tenancy.role_permissions TO app_backup;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.roles TO app_rw;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.roles TO app_admin;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE tenancy.roles TO admin_service;
GRANT SELECT ON TABLE tenancy.roles TO app_ro;
GRANT SELECT ON TABLE tenancy.roles TO app_auth;
GRANT SELECT ON TABLE tenancy.roles TO auth_service;
GRANT SELECT ON TABLE tenancy.roles TO app_maint;
GRANT SELECT ON TABLE tenancy.roles TO app_backup;
