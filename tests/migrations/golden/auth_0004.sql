set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade auth_0003 -> auth_0004

create schema auth_private authorization app_secrets;

grant references (id) on auth.users to app_secrets;

set local role app_secrets;

comment on schema auth_private is 'What app_secrets alone can read, but for backups.';

create table auth_private.password_hashes (
  user_id uuid not null,
  prefix text not null,
  digest bytea not null,
  pepper_id smallint default 0 not null,
  changed_at timestamp with time zone default now() not null,
  constraint pk_password_hashes primary key (user_id),
  constraint fk_password_hashes_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint ck_password_hashes_prefix check (prefix ~ '^[$]argon2id[$]v=19[$]m=[0-9]{1,10},t=[0-9]{1,10},p=[0-9]{1,3}[$][A-Za-z0-9+/]{11,86}$'),
  constraint ck_password_hashes_digest check (octet_length(digest) = 32)
);

comment on table auth_private.password_hashes is 'Passwords, in a form that nobody can read.';

comment on column auth_private.password_hashes.user_id is 'The person.';

comment on column auth_private.password_hashes.prefix is 'Parameters and salt, as argon2 writes them before the hash.';

comment on column auth_private.password_hashes.digest is 'The hash, 32 bytes.';

comment on column auth_private.password_hashes.pepper_id is 'Which key of the application the password was keyed with before it was hashed; 0 for none.';

comment on column auth_private.password_hashes.changed_at is 'When it was last set.';

comment on index auth_private.pk_password_hashes is 'The password of a person.';

alter table auth_private.password_hashes enable row level security;

alter table auth_private.password_hashes force row level security;

create policy all_rows on auth_private.password_hashes to app_all using (true) with check (true);

create table auth_private.digest_keys (
  purpose text not null,
  secret bytea not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_digest_keys primary key (purpose),
  constraint ck_digest_keys_purpose check (purpose in ('email')),
  constraint ck_digest_keys_secret check (octet_length(secret) = 32)
);

comment on table auth_private.digest_keys is 'Keys of digests that never leave.';

comment on column auth_private.digest_keys.purpose is 'What is digested with it.';

comment on column auth_private.digest_keys.secret is 'The key, 32 random bytes.';

comment on column auth_private.digest_keys.created_at is 'When the row was made.';

comment on index auth_private.pk_digest_keys is 'The key for a purpose.';

alter table auth_private.digest_keys enable row level security;

alter table auth_private.digest_keys force row level security;

create policy all_rows on auth_private.digest_keys to app_all using (true) with check (true);

grant usage on schema auth_private to app_backup;

grant select on auth_private.password_hashes to app_backup;

grant select on auth_private.digest_keys to app_backup;

insert into auth_private.digest_keys (purpose, secret) values (
  'email',
  sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
);

create function auth_private.hmac_sha256(secret bytea, message bytea) returns bytea
language plpgsql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $body$
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
$body$;

revoke execute on function auth_private.hmac_sha256(bytea, bytea) from public;

grant execute on function auth_private.hmac_sha256(bytea, bytea) to app_secrets;

comment on function auth_private.hmac_sha256(bytea, bytea) is 'HMAC-SHA-256 with a key of up to 64 bytes (RFC 2104).';

set local role app_owner;

revoke references (id) on auth.users from app_secrets;

grant select (id, email_key, status, auth_epoch, email_verified_at), update (password_changed_at, email_verified_at, auth_epoch, updated_at) on auth.users to app_secrets;

grant select (user_id, revoked_at), update (revoked_at, revoke_reason, revoked_by) on auth.sessions to app_secrets;

grant select, update (consumed_at) on auth.one_time_tokens to app_secrets;

grant select (user_id), update (consecutive_failures, next_attempt_at) on auth.account_throttle to app_secrets;

grant execute on function auth.one_time_token_use(bytea, text) to app_secrets;

grant execute on function auth.revoke_all_user_sessions(uuid, text, uuid) to app_secrets;

create function auth.email_digest(email text) returns bytea
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $body$
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
$body$;

revoke execute on function auth.email_digest(text) from public;

grant execute on function auth.email_digest(text) to app_auth, auth_service, app_admin;

comment on function auth.email_digest(text) is 'What attempts are kept by: HMAC-SHA-256 of the address; null where it is empty.';

grant create on schema auth to app_secrets;

alter function auth.email_digest(text) owner to app_secrets;

revoke create on schema auth from app_secrets;

create function auth.password_prefix(user_id uuid, out prefix text, out pepper_id smallint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  select h.prefix, h.pepper_id into prefix, pepper_id from auth_private.password_hashes as h where h.user_id = $1;
end
$body$;

revoke execute on function auth.password_prefix(uuid) from public;

grant execute on function auth.password_prefix(uuid) to app_auth, auth_service;

comment on function auth.password_prefix(uuid) is 'Parameters and salt of a person''s password, and its pepper; nulls where there is none.';

grant create on schema auth to app_secrets;

alter function auth.password_prefix(uuid) owner to app_secrets;

revoke create on schema auth from app_secrets;

create function auth.password_matches(user_id uuid, digest bytea) returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select from auth_private.password_hashes as h where h.user_id = $1 and sha256(h.digest) = sha256($2)
  );
end
$body$;

revoke execute on function auth.password_matches(uuid, bytea) from public;

grant execute on function auth.password_matches(uuid, bytea) to app_auth, auth_service;

comment on function auth.password_matches(uuid, bytea) is 'Whether that is the digest of the person''s password.';

grant create on schema auth to app_secrets;

alter function auth.password_matches(uuid, bytea) owner to app_secrets;

revoke create on schema auth from app_secrets;

create function auth.password_create(user_id uuid, prefix text, digest bytea, pepper_id smallint default 0)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
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
$body$;

revoke execute on function auth.password_create(uuid, text, bytea, smallint) from public;

grant execute on function auth.password_create(uuid, text, bytea, smallint) to app_auth, auth_service;

comment on function auth.password_create(uuid, text, bytea, smallint) is 'Sets the first password of a person who is pending; false where there is one, or the person is not.';

grant create on schema auth to app_secrets;

alter function auth.password_create(uuid, text, bytea, smallint) owner to app_secrets;

revoke create on schema auth from app_secrets;

create function auth.password_change(
  user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint default 0
) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
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
$body$;

revoke execute on function auth.password_change(uuid, bytea, text, bytea, smallint) from public;

grant execute on function auth.password_change(uuid, bytea, text, bytea, smallint) to app_auth, auth_service;

comment on function auth.password_change(uuid, bytea, text, bytea, smallint) is 'Sets a new password for who shows the old digest, and ends every session; false where it does not match.';

grant create on schema auth to app_secrets;

alter function auth.password_change(uuid, bytea, text, bytea, smallint) owner to app_secrets;

revoke create on schema auth from app_secrets;

create function auth.password_reset(token_hash bytea, prefix text, digest bytea, pepper_id smallint default 0)
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
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
$body$;

revoke execute on function auth.password_reset(bytea, text, bytea, smallint) from public;

grant execute on function auth.password_reset(bytea, text, bytea, smallint) to app_auth, auth_service;

comment on function auth.password_reset(bytea, text, bytea, smallint) is 'Uses up a mailed token, sets the password and ends every session; returns whose, or null.';

grant create on schema auth to app_secrets;

alter function auth.password_reset(bytea, text, bytea, smallint) owner to app_secrets;

revoke create on schema auth from app_secrets;

create function auth.password_rehash(
  user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint default 0
) returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  update auth_private.password_hashes as h set prefix = $3, digest = $4, pepper_id = $5
  where h.user_id = $1 and sha256(h.digest) = sha256($2);
  return found;
end
$body$;

revoke execute on function auth.password_rehash(uuid, bytea, text, bytea, smallint) from public;

grant execute on function auth.password_rehash(uuid, bytea, text, bytea, smallint) to app_auth, auth_service;

comment on function auth.password_rehash(uuid, bytea, text, bytea, smallint) is 'Keeps the same password by newer parameters, for who shows the old digest.';

grant create on schema auth to app_secrets;

alter function auth.password_rehash(uuid, bytea, text, bytea, smallint) owner to app_secrets;

revoke create on schema auth from app_secrets;

UPDATE app.alembic_version SET version_num='auth_0004' WHERE app.alembic_version.version_num = 'auth_0003';

COMMIT;

