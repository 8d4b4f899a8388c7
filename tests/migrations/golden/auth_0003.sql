set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade auth_0002 -> auth_0003

create table auth.one_time_tokens (
  id uuid default app.uuid7() not null,
  user_id uuid not null,
  purpose text not null,
  token_hash bytea not null,
  email_key text collate "C" not null,
  auth_epoch integer not null,
  payload jsonb default '{}'::jsonb not null,
  requested_ip inet,
  attempts smallint default 0 not null,
  created_at timestamp with time zone default now() not null,
  expires_at timestamp with time zone not null,
  consumed_at timestamp with time zone,
  superseded_at timestamp with time zone,
  constraint pk_one_time_tokens primary key (id),
  constraint uq_one_time_tokens_token_hash unique (token_hash),
  constraint fk_one_time_tokens_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint ck_one_time_tokens_purpose
    check (purpose in ('password_reset', 'email_verify', 'email_change', 'magic_link', 'unlock')),
  constraint ck_one_time_tokens_token_hash check (octet_length(token_hash) = 32),
  constraint ck_one_time_tokens_email_key check (length(email_key) between 3 and 254),
  constraint ck_one_time_tokens_payload check (jsonb_typeof(payload) = 'object'),
  constraint ck_one_time_tokens_attempts check (attempts >= 0),
  constraint ck_one_time_tokens_expiry check (expires_at > created_at),
  constraint ck_one_time_tokens_lifetime
    check (purpose = 'email_verify' or expires_at <= created_at + interval '24 hours')
);

comment on table auth.one_time_tokens is 'What is mailed to people to prove themselves by, once.';

comment on column auth.one_time_tokens.id is 'UUIDv7: unique, and in the order of creation.';

comment on column auth.one_time_tokens.user_id is 'The person it was made for.';

comment on column auth.one_time_tokens.purpose is 'password_reset, email_verify, email_change, magic_link or unlock.';

comment on column auth.one_time_tokens.token_hash is 'SHA-256 of the token, or a keyed digest of a short code.';

comment on column auth.one_time_tokens.email_key is 'The address it was mailed to; where that is the person''s own, it still has to be when it is used.';

comment on column auth.one_time_tokens.auth_epoch is 'The person''s epoch when it was made: a new password or the end of all sessions ends it too.';

comment on column auth.one_time_tokens.payload is 'Whatever else its purpose needs, a JSON object; no secrets.';

comment on column auth.one_time_tokens.requested_ip is 'The address it was asked for from.';

comment on column auth.one_time_tokens.attempts is 'How often a short code was tried.';

comment on column auth.one_time_tokens.created_at is 'When the row was made.';

comment on column auth.one_time_tokens.expires_at is 'Until when it is good: 24 hours at the most, but for email_verify.';

comment on column auth.one_time_tokens.consumed_at is 'When it was used.';

comment on column auth.one_time_tokens.superseded_at is 'When a newer one took its place.';

comment on index auth.pk_one_time_tokens is 'A token by its id.';

comment on index auth.uq_one_time_tokens_token_hash is 'The token that is shown.';

create unique index uq_one_time_tokens_user_id_purpose on auth.one_time_tokens (user_id, purpose) where consumed_at is null and superseded_at is null;

comment on index auth.uq_one_time_tokens_user_id_purpose is 'The one token of a person that may still be used.';

create index ix_one_time_tokens_user_id on auth.one_time_tokens (user_id);

comment on index auth.ix_one_time_tokens_user_id is 'All tokens of a person, used ones too, when he is deleted.';

create index ix_one_time_tokens_expires_at on auth.one_time_tokens (expires_at);

comment on index auth.ix_one_time_tokens_expires_at is 'Tokens that are over, for clean-up.';

alter table auth.one_time_tokens enable row level security;

alter table auth.one_time_tokens force row level security;

create policy all_rows on auth.one_time_tokens to app_all using (true) with check (true);

create policy own_rows on auth.one_time_tokens to app_tenant, app_tenant_admin using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.one_time_tokens to app_auth, auth_service using (true) with check (true);

grant select, insert, update (attempts, consumed_at, superseded_at), delete on auth.one_time_tokens to app_auth, auth_service;

grant select (id, user_id, purpose, email_key, auth_epoch, requested_ip, attempts, created_at, expires_at, consumed_at, superseded_at) on auth.one_time_tokens to app_admin;

grant select (id, user_id, purpose, email_key, auth_epoch, requested_ip, attempts, created_at, expires_at, consumed_at, superseded_at), delete on auth.one_time_tokens to app_maint;

grant select on auth.one_time_tokens to app_backup;

create function auth.one_time_token_use(token_hash bytea, purpose text)
returns table (user_id uuid, email_key text, payload jsonb)
language plpgsql volatile rows 1
set search_path = pg_catalog, pg_temp
as $body$
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
$body$;

revoke execute on function auth.one_time_token_use(bytea, text) from public;

grant execute on function auth.one_time_token_use(bytea, text) to app_auth, auth_service;

comment on function auth.one_time_token_use(bytea, text) is 'Uses up a token and returns whose it was; no row where it is no good.';

create table auth.mfa_factors (
  id uuid default app.uuid7() not null,
  user_id uuid not null,
  kind text not null,
  label text not null,
  status text default 'pending' not null,
  secret_ciphertext bytea,
  key_id smallint,
  digits smallint default 6 not null,
  period smallint default 30 not null,
  algorithm text default 'SHA1' not null,
  last_step bigint default -1 not null,
  consecutive_failures smallint default 0 not null,
  locked_until timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  confirmed_at timestamp with time zone,
  last_used_at timestamp with time zone,
  constraint pk_mfa_factors primary key (id),
  constraint fk_mfa_factors_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint ck_mfa_factors_kind check (kind in ('totp', 'webauthn')),
  constraint ck_mfa_factors_label check (length(label) between 1 and 100),
  constraint ck_mfa_factors_status check (status in ('pending', 'active', 'disabled')),
  constraint ck_mfa_factors_secret_ciphertext check (octet_length(secret_ciphertext) between 44 and 4096),
  constraint ck_mfa_factors_secret check (kind <> 'totp' or (secret_ciphertext is not null and key_id is not null)),
  constraint ck_mfa_factors_digits check (digits in (6, 8)),
  constraint ck_mfa_factors_period check (period between 15 and 120),
  constraint ck_mfa_factors_algorithm check (algorithm in ('SHA1', 'SHA256', 'SHA512')),
  constraint ck_mfa_factors_last_step check (last_step >= -1),
  constraint ck_mfa_factors_consecutive_failures check (consecutive_failures >= 0),
  constraint ck_mfa_factors_confirmed check (status <> 'active' or confirmed_at is not null)
) with (fillfactor = 70);

comment on table auth.mfa_factors is 'Second factors of people.';

comment on column auth.mfa_factors.id is 'UUIDv7: unique, and in the order of creation.';

comment on column auth.mfa_factors.user_id is 'The person.';

comment on column auth.mfa_factors.kind is 'totp or webauthn.';

comment on column auth.mfa_factors.label is 'What the person calls it.';

comment on column auth.mfa_factors.status is 'pending until the person has shown a code, then active, in the end disabled.';

comment on column auth.mfa_factors.secret_ciphertext is 'The secret, encrypted by the application and bound to this row: nonce, ciphertext, tag.';

comment on column auth.mfa_factors.key_id is 'Which key of the application it is encrypted with.';

comment on column auth.mfa_factors.digits is 'How many digits a code has.';

comment on column auth.mfa_factors.period is 'How many seconds a step takes.';

comment on column auth.mfa_factors.algorithm is 'SHA1, SHA256 or SHA512.';

comment on column auth.mfa_factors.last_step is 'The step of the newest code that was accepted; it and those before are used up.';

comment on column auth.mfa_factors.consecutive_failures is 'Wrong codes since the last right one.';

comment on column auth.mfa_factors.locked_until is 'Until when no code is accepted.';

comment on column auth.mfa_factors.created_at is 'When the row was made.';

comment on column auth.mfa_factors.confirmed_at is 'When the person first showed a code.';

comment on column auth.mfa_factors.last_used_at is 'When a code was last accepted.';

comment on index auth.pk_mfa_factors is 'A factor by its id.';

create unique index uq_mfa_factors_user_id_label on auth.mfa_factors (user_id, label) where status <> 'disabled';

comment on index auth.uq_mfa_factors_user_id_label is 'The factors of a person that are in use.';

create index ix_mfa_factors_user_id on auth.mfa_factors (user_id);

comment on index auth.ix_mfa_factors_user_id is 'All factors of a person, disabled ones too.';

alter table auth.mfa_factors enable row level security;

alter table auth.mfa_factors force row level security;

create policy all_rows on auth.mfa_factors to app_all using (true) with check (true);

create policy own_rows on auth.mfa_factors to app_tenant, app_tenant_admin using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.mfa_factors to app_auth, auth_service using (true) with check (true);

grant select, insert, update, delete on auth.mfa_factors to app_auth, auth_service;

grant select (id, user_id, kind, label, status, key_id, digits, period, algorithm, consecutive_failures, locked_until, created_at, confirmed_at, last_used_at) on auth.mfa_factors to app_admin;

grant select (id, user_id, kind, label, status, key_id, digits, period, algorithm, consecutive_failures, locked_until, created_at, confirmed_at, last_used_at), delete on auth.mfa_factors to app_maint;

grant select on auth.mfa_factors to app_backup;

create function auth.totp_accept(factor_id uuid, step bigint) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  update auth.mfa_factors as f set last_step = $2, consecutive_failures = 0, locked_until = null, last_used_at = now()
  where f.id = $1 and f.kind = 'totp' and f.status = 'active' and f.last_step < $2
    and (f.locked_until is null or f.locked_until <= clock_timestamp())
    and $2 - floor(extract(epoch from clock_timestamp()) / f.period) between -2 and 2;
  return found;
end
$body$;

revoke execute on function auth.totp_accept(uuid, bigint) from public;

grant execute on function auth.totp_accept(uuid, bigint) to app_auth, auth_service;

comment on function auth.totp_accept(uuid, bigint) is 'Uses up a step of an active factor and those before it; false where it was used, or the factor is locked.';

create function auth.totp_confirm(factor_id uuid, step bigint) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  update auth.mfa_factors as f
  set status = 'active', confirmed_at = now(), last_step = $2, consecutive_failures = 0, last_used_at = now()
  where f.id = $1 and f.kind = 'totp' and f.status = 'pending'
    and (f.locked_until is null or f.locked_until <= clock_timestamp())
    and $2 - floor(extract(epoch from clock_timestamp()) / f.period) between -2 and 2;
  return found;
end
$body$;

revoke execute on function auth.totp_confirm(uuid, bigint) from public;

grant execute on function auth.totp_confirm(uuid, bigint) to app_auth, auth_service;

comment on function auth.totp_confirm(uuid, bigint) is 'Makes a pending factor active by its first code, whose step is used up.';

create function auth.factor_failed(factor_id uuid) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
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
$body$;

revoke execute on function auth.factor_failed(uuid) from public;

grant execute on function auth.factor_failed(uuid) to app_auth, auth_service;

comment on function auth.factor_failed(uuid) is 'Counts a wrong code of a factor, and locks it at the tenth in a row; returns how many.';

create table auth.recovery_codes (
  id uuid default app.uuid7() not null,
  user_id uuid not null,
  batch_id uuid not null,
  code_hash bytea not null,
  created_at timestamp with time zone default now() not null,
  used_at timestamp with time zone,
  constraint pk_recovery_codes primary key (id),
  constraint uq_recovery_codes_user_id_code_hash unique (user_id, code_hash),
  constraint fk_recovery_codes_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint ck_recovery_codes_code_hash check (octet_length(code_hash) = 32)
);

comment on table auth.recovery_codes is 'Codes that people keep on paper, in place of a second factor.';

comment on column auth.recovery_codes.id is 'UUIDv7: unique, and in the order of creation.';

comment on column auth.recovery_codes.user_id is 'The person.';

comment on column auth.recovery_codes.batch_id is 'Codes that were made together have the same.';

comment on column auth.recovery_codes.code_hash is 'SHA-256 of a code of at least 112 random bits.';

comment on column auth.recovery_codes.created_at is 'When the row was made.';

comment on column auth.recovery_codes.used_at is 'When it was used.';

comment on index auth.pk_recovery_codes is 'A code by its id.';

comment on index auth.uq_recovery_codes_user_id_code_hash is 'The code that a person shows; all of a person''s.';

alter table auth.recovery_codes enable row level security;

alter table auth.recovery_codes force row level security;

create policy all_rows on auth.recovery_codes to app_all using (true) with check (true);

create policy own_rows on auth.recovery_codes to app_tenant, app_tenant_admin using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.recovery_codes to app_auth, auth_service using (true) with check (true);

grant select, insert, update (used_at), delete on auth.recovery_codes to app_auth, auth_service;

grant select (id, user_id, batch_id, created_at, used_at) on auth.recovery_codes to app_admin;

grant select on auth.recovery_codes to app_backup;

create function auth.recovery_code_use(user_id uuid, code_hash bytea) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  update auth.recovery_codes as c set used_at = now()
  where c.user_id = $1 and c.code_hash = $2 and c.used_at is null;
  return found;
end
$body$;

revoke execute on function auth.recovery_code_use(uuid, bytea) from public;

grant execute on function auth.recovery_code_use(uuid, bytea) to app_auth, auth_service;

comment on function auth.recovery_code_use(uuid, bytea) is 'Uses up a recovery code; false where there is none or it was used.';

create table auth.api_keys (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid,
  name text not null,
  prefix text not null,
  last4 text not null,
  key_hash bytea not null,
  scopes text[] default '{}'::text[] not null,
  created_by uuid,
  created_at timestamp with time zone default now() not null,
  expires_at timestamp with time zone,
  last_used_at timestamp with time zone,
  last_used_ip inet,
  revoked_at timestamp with time zone,
  replaced_by uuid,
  constraint pk_api_keys primary key (tenant_id, id),
  constraint fk_api_keys_tenant_id_replaced_by foreign key (tenant_id, replaced_by)
    references auth.api_keys (tenant_id, id) on delete restrict,
  constraint ck_api_keys_name check (length(name) between 1 and 100),
  constraint ck_api_keys_prefix check (length(prefix) between 1 and 32),
  constraint ck_api_keys_last4 check (length(last4) = 4),
  constraint ck_api_keys_key_hash check (octet_length(key_hash) = 32),
  constraint ck_api_keys_scopes check (cardinality(scopes) <= 100),
  constraint ck_api_keys_expiry check (expires_at > created_at),
  constraint ck_api_keys_replaced_by check (replaced_by <> id)
) with (fillfactor = 70);

comment on table auth.api_keys is 'Keys by which programs work for a tenant.';

comment on column auth.api_keys.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column auth.api_keys.id is 'UUIDv7: unique, and in the order of creation.';

comment on column auth.api_keys.user_id is 'The person whose key it is; empty for the tenant''s own. No foreign key, see auth.api_key_check.';

comment on column auth.api_keys.name is 'What people call it.';

comment on column auth.api_keys.prefix is 'The beginning of the key, to tell it by.';

comment on column auth.api_keys.last4 is 'Its last four characters, to tell it by.';

comment on column auth.api_keys.key_hash is 'SHA-256 of the key, which has 256 random bits.';

comment on column auth.api_keys.scopes is 'What it may be used for.';

comment on column auth.api_keys.created_by is 'The person who made it.';

comment on column auth.api_keys.created_at is 'When the row was made.';

comment on column auth.api_keys.expires_at is 'Until when it is good; empty for no end.';

comment on column auth.api_keys.last_used_at is 'When it was last used, to a minute; without an index, as it moves.';

comment on column auth.api_keys.last_used_ip is 'From which address it was last used.';

comment on column auth.api_keys.revoked_at is 'When it was ended.';

comment on column auth.api_keys.replaced_by is 'The key that takes its place; both are good until this one is ended.';

comment on index auth.pk_api_keys is 'The key that is shown, which names tenant and id; a tenant''s keys.';

create index ix_api_keys_tenant_id_replaced_by on auth.api_keys (tenant_id, replaced_by) where replaced_by is not null;

comment on index auth.ix_api_keys_tenant_id_replaced_by is 'What a key took the place of.';

alter table auth.api_keys add constraint fk_api_keys_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table auth.api_keys enable row level security;

alter table auth.api_keys force row level security;

create policy tenant_rows on auth.api_keys to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on auth.api_keys to app_all using (true) with check (true);

create policy auth_rows on auth.api_keys to app_auth, auth_service using (true) with check (true);

grant select, insert, update (name, scopes, expires_at, last_used_at, last_used_ip, revoked_at, replaced_by), delete on auth.api_keys to app_auth, auth_service;

grant select, insert, update, delete on auth.api_keys to app_admin;

grant select (tenant_id, id, user_id, name, prefix, last4, scopes, created_by, created_at, expires_at, last_used_at, last_used_ip, revoked_at, replaced_by), delete on auth.api_keys to app_maint;

grant select on auth.api_keys to app_backup;

create function auth.api_key_check(tenant_id uuid, key_id uuid, key_hash bytea)
returns table (user_id uuid, scopes text[], last_used_at timestamp with time zone)
language sql stable rows 1
set search_path = pg_catalog, pg_temp
as $body$
  select k.user_id, k.scopes, k.last_used_at
  from auth.api_keys as k
  left join auth.users as u on u.id = k.user_id
  where k.tenant_id = $1 and k.id = $2
    and sha256(k.key_hash) = sha256($3)
    and k.revoked_at is null
    and (k.expires_at is null or now() < k.expires_at)
    and (k.user_id is null or u.status = 'active')
$body$;

revoke execute on function auth.api_key_check(uuid, uuid, bytea) from public;

grant execute on function auth.api_key_check(uuid, uuid, bytea) to app_auth, auth_service;

comment on function auth.api_key_check(uuid, uuid, bytea) is 'Whose key it is and what for, if it is good now; otherwise no row.';

UPDATE app.alembic_version SET version_num='auth_0003' WHERE app.alembic_version.version_num = 'auth_0002';

COMMIT;

