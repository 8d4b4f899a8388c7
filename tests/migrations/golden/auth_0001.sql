-- Running upgrade  -> auth_0001

create schema auth;

comment on schema auth is 'People, and how they prove who they are.';

grant usage on schema auth to app_tenant, app_tenant_admin, app_all;

create table auth.users (
  id uuid default app.uuid7() not null,
  email text not null,
  email_key text collate "C" generated always as (lower(email collate "C")) stored not null,
  email_verified_at timestamp with time zone,
  provider text,
  subject text,
  status text default 'pending' not null,
  auth_epoch integer default 1 not null,
  password_changed_at timestamp with time zone,
  deleted_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_users primary key (id),
  constraint uq_users_provider_subject unique (provider, subject),
  constraint ck_users_email check (
    length(email) between 3 and 254 and email = btrim(email) and position('@' in email) > 1
    and email !~ '[[:space:][:cntrl:]]'
  ),
  constraint ck_users_provider check (length(provider) between 1 and 64),
  constraint ck_users_subject check (length(subject) between 1 and 255),
  constraint ck_users_identity check ((provider is null) = (subject is null)),
  constraint ck_users_status check (status in ('pending', 'active', 'suspended', 'deleted')),
  constraint ck_users_auth_epoch check (auth_epoch >= 1),
  constraint ck_users_deleted check ((status = 'deleted') = (deleted_at is not null))
);

comment on table auth.users is 'The people who log in; one may belong to many tenants.';

comment on column auth.users.id is 'UUIDv7: unique, and in the order of creation.';

comment on column auth.users.email is 'The address as the person wrote it; mail goes there and nowhere else.';

comment on column auth.users.email_key is 'What addresses are compared by: ASCII letters in lower case, nothing else folded.';

comment on column auth.users.email_verified_at is 'When the person proved to read mail at the address.';

comment on column auth.users.provider is 'Who vouches for the person, e.g. cognito; empty for people with a password only.';

comment on column auth.users.subject is 'The person''s identifier at the provider.';

comment on column auth.users.status is 'pending, active, suspended or deleted.';

comment on column auth.users.auth_epoch is 'Sessions and tokens carry the number that was current when they were made; a higher one ends them.';

comment on column auth.users.password_changed_at is 'When the password was last set.';

comment on column auth.users.deleted_at is 'When the person was deleted; the address is free again.';

comment on column auth.users.created_at is 'When the row was made.';

comment on column auth.users.updated_at is 'When the row was last changed.';

comment on index auth.pk_users is 'A person by his id.';

comment on index auth.uq_users_provider_subject is 'The person whom a provider vouches for.';

create unique index uq_users_email_key on auth.users (email_key) where deleted_at is null;

comment on index auth.uq_users_email_key is 'The living person with an address, at login.';

create function auth.keep_epoch() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception 'the epoch of a person can only grow: % is less than %', new.auth_epoch, old.auth_epoch using
    errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, column = 'auth_epoch',
    constraint = 'keep_epoch', hint = 'sessions that were ended would be good again; let people log in anew';
end
$body$;

revoke execute on function auth.keep_epoch() from public;

grant execute on function auth.keep_epoch() to app_owner;

comment on function auth.keep_epoch() is 'Refuses to lower a person''s epoch; for a trigger.';

create trigger keep_epoch before update of auth_epoch on auth.users
for each row when (new.auth_epoch < old.auth_epoch) execute function auth.keep_epoch();

comment on trigger keep_epoch on auth.users is 'What was ended stays ended.';

alter table auth.users enable row level security;

alter table auth.users force row level security;

create policy all_rows on auth.users to app_all using (true) with check (true);

create policy own_rows on auth.users to app_tenant, app_tenant_admin using (id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.users to app_auth, auth_service using (true) with check (true);

grant select, insert, update (email, email_verified_at, provider, subject, status, auth_epoch, deleted_at, updated_at) on auth.users to app_auth, auth_service;

grant delete on auth.users to auth_service;

grant select (id, email, email_key, email_verified_at, provider, subject, status, created_at, updated_at) on auth.users to app_rw, app_ro;

grant select, update (status, deleted_at, updated_at) on auth.users to app_admin;

grant select, delete on auth.users to app_maint;

grant select on auth.users to app_backup;

create table auth.user_activity (
  user_id uuid not null,
  last_login_at timestamp with time zone,
  last_login_ip inet,
  last_seen_at timestamp with time zone,
  constraint pk_user_activity primary key (user_id),
  constraint fk_user_activity_user_id foreign key (user_id) references auth.users (id) on delete cascade
) with (fillfactor = 70);

comment on table auth.user_activity is 'What changes with each login of a person.';

comment on column auth.user_activity.user_id is 'The person.';

comment on column auth.user_activity.last_login_at is 'When the person last logged in.';

comment on column auth.user_activity.last_login_ip is 'From which address.';

comment on column auth.user_activity.last_seen_at is 'When the person was last seen at work.';

comment on index auth.pk_user_activity is 'The activity of a person.';

alter table auth.user_activity enable row level security;

alter table auth.user_activity force row level security;

create policy all_rows on auth.user_activity to app_all using (true) with check (true);

create policy own_rows on auth.user_activity to app_tenant, app_tenant_admin using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.user_activity to app_auth, auth_service using (true) with check (true);

grant select, insert, update on auth.user_activity to app_auth, auth_service;

grant select on auth.user_activity to app_admin, app_maint, app_backup;

create table auth.devices (
  id uuid default app.uuid7() not null,
  user_id uuid not null,
  cookie_hash bytea not null,
  fingerprint_hmac bytea,
  label text,
  user_agent text,
  first_seen_at timestamp with time zone default now() not null,
  last_seen_at timestamp with time zone default now() not null,
  last_ip inet,
  trusted_until timestamp with time zone,
  revoked_at timestamp with time zone,
  constraint pk_devices primary key (id),
  constraint uq_devices_cookie_hash unique (cookie_hash),
  constraint fk_devices_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint ck_devices_cookie_hash check (octet_length(cookie_hash) = 32),
  constraint ck_devices_fingerprint_hmac check (octet_length(fingerprint_hmac) = 32),
  constraint ck_devices_label check (length(label) between 1 and 100),
  constraint ck_devices_user_agent check (length(user_agent) <= 512)
) with (fillfactor = 70);

comment on table auth.devices is 'What people log in on; each keeps a cookie of its own.';

comment on column auth.devices.id is 'UUIDv7: unique, and in the order of creation.';

comment on column auth.devices.user_id is 'The person who logged in on it.';

comment on column auth.devices.cookie_hash is 'SHA-256 of the cookie that the device keeps.';

comment on column auth.devices.fingerprint_hmac is 'Keyed digest of what the device looks like; a sign of risk, never a reason to log out.';

comment on column auth.devices.label is 'What the person calls it.';

comment on column auth.devices.user_agent is 'What its browser says it is.';

comment on column auth.devices.first_seen_at is 'When the row was made.';

comment on column auth.devices.last_seen_at is 'When it was last used; without an index, as it moves.';

comment on column auth.devices.last_ip is 'From which address it was last used.';

comment on column auth.devices.trusted_until is 'Until when it needs no second factor.';

comment on column auth.devices.revoked_at is 'When it was cast off.';

comment on index auth.pk_devices is 'A device by its id.';

comment on index auth.uq_devices_cookie_hash is 'The device that shows a cookie.';

create index ix_devices_user_id on auth.devices (user_id);

comment on index auth.ix_devices_user_id is 'The devices of a person.';

alter table auth.devices enable row level security;

alter table auth.devices force row level security;

create policy all_rows on auth.devices to app_all using (true) with check (true);

create policy own_rows on auth.devices to app_tenant, app_tenant_admin using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.devices to app_auth, auth_service using (true) with check (true);

grant select, insert, update, delete on auth.devices to app_auth, auth_service;

grant select (id, user_id, label, user_agent, first_seen_at, last_seen_at, last_ip, trusted_until, revoked_at) on auth.devices to app_rw, app_ro, app_admin;

grant select (id, user_id, label, user_agent, first_seen_at, last_seen_at, last_ip, trusted_until, revoked_at), delete on auth.devices to app_maint;

grant select on auth.devices to app_backup;

create table auth.sessions (
  id uuid default app.uuid7() not null,
  user_id uuid not null,
  tenant_id uuid,
  device_id uuid,
  auth_epoch integer not null,
  member_epoch integer,
  token_hash bytea,
  aal smallint default 1 not null,
  amr text[] default '{}'::text[] not null,
  auth_time timestamp with time zone default now() not null,
  created_at timestamp with time zone default now() not null,
  last_seen_at timestamp with time zone default now() not null,
  idle_expires_at timestamp with time zone not null,
  absolute_expires_at timestamp with time zone not null,
  ip inet,
  user_agent text,
  revoked_at timestamp with time zone,
  revoke_reason text,
  revoked_by uuid,
  constraint pk_sessions primary key (id),
  constraint uq_sessions_id_user_id unique (id, user_id),
  constraint uq_sessions_token_hash unique (token_hash),
  constraint fk_sessions_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint fk_sessions_device_id foreign key (device_id) references auth.devices (id) on delete set null,
  constraint ck_sessions_token_hash check (octet_length(token_hash) = 32),
  constraint ck_sessions_aal check (aal between 1 and 3),
  constraint ck_sessions_amr check (cardinality(amr) <= 10),
  constraint ck_sessions_member_epoch check ((tenant_id is null) = (member_epoch is null)),
  constraint ck_sessions_expiry check (idle_expires_at <= absolute_expires_at and created_at < absolute_expires_at),
  constraint ck_sessions_user_agent check (length(user_agent) <= 512),
  constraint ck_sessions_revoke_reason check (length(revoke_reason) between 1 and 100),
  constraint ck_sessions_revoked check ((revoked_at is null) = (revoke_reason is null)),
  constraint ck_sessions_revoked_by check (revoked_by is null or revoked_at is not null)
) with (fillfactor = 70);

comment on table auth.sessions is 'Logins that last; see auth.valid_session for which are good.';

comment on column auth.sessions.id is 'UUIDv7: unique, and in the order of creation; also what a token names its session by.';

comment on column auth.sessions.user_id is 'The person.';

comment on column auth.sessions.tenant_id is 'The tenant it is for, or empty; no foreign key, as memberships belong to another service.';

comment on column auth.sessions.device_id is 'The device it was opened on.';

comment on column auth.sessions.auth_epoch is 'The person''s epoch when it was opened.';

comment on column auth.sessions.member_epoch is 'The membership''s epoch when it was opened for a tenant.';

comment on column auth.sessions.token_hash is 'SHA-256 of the token, where the session is carried by an opaque cookie.';

comment on column auth.sessions.aal is 'How surely the person was recognised: 1 to 3, as in NIST SP 800-63B.';

comment on column auth.sessions.amr is 'By what the person was recognised, e.g. pwd, otp.';

comment on column auth.sessions.auth_time is 'When the person last proved who he is.';

comment on column auth.sessions.created_at is 'When the row was made.';

comment on column auth.sessions.last_seen_at is 'When it was last used; without an index, as it moves.';

comment on column auth.sessions.idle_expires_at is 'When it ends unless it is used; without an index, as it moves.';

comment on column auth.sessions.absolute_expires_at is 'When it ends at the latest.';

comment on column auth.sessions.ip is 'The address it was opened from.';

comment on column auth.sessions.user_agent is 'What the browser said it was.';

comment on column auth.sessions.revoked_at is 'When it was ended before its time.';

comment on column auth.sessions.revoke_reason is 'Why it was ended.';

comment on column auth.sessions.revoked_by is 'Who ended it; empty for the system itself.';

comment on index auth.pk_sessions is 'A session by its id.';

comment on index auth.uq_sessions_id_user_id is 'What a refresh token refers to: the session, with its person.';

comment on index auth.uq_sessions_token_hash is 'The session of an opaque cookie.';

create index ix_sessions_user_id on auth.sessions (user_id);

comment on index auth.ix_sessions_user_id is 'The sessions of a person, to show and to end them.';

create index ix_sessions_tenant_id on auth.sessions (tenant_id) where revoked_at is null and tenant_id is not null;

comment on index auth.ix_sessions_tenant_id is 'The sessions that are open for a tenant.';

create index ix_sessions_device_id on auth.sessions (device_id) where device_id is not null;

comment on index auth.ix_sessions_device_id is 'The sessions on a device.';

create index ix_sessions_absolute_expires_at on auth.sessions (absolute_expires_at);

comment on index auth.ix_sessions_absolute_expires_at is 'Sessions that are over, for clean-up.';

alter table auth.sessions enable row level security;

alter table auth.sessions force row level security;

create policy all_rows on auth.sessions to app_all using (true) with check (true);

create policy own_rows on auth.sessions to app_tenant, app_tenant_admin using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.sessions to app_auth, auth_service using (true) with check (true);

grant select, insert, update (device_id, token_hash, aal, amr, auth_time, last_seen_at, idle_expires_at, ip, user_agent, revoked_at, revoke_reason, revoked_by), delete on auth.sessions to app_auth, auth_service;

grant select (id, user_id, tenant_id, device_id, aal, amr, auth_time, created_at, last_seen_at, idle_expires_at, absolute_expires_at, ip, user_agent, revoked_at, revoke_reason, revoked_by) on auth.sessions to app_rw, app_ro, app_admin;

grant select (id, user_id, tenant_id, device_id, aal, amr, auth_time, created_at, last_seen_at, idle_expires_at, absolute_expires_at, ip, user_agent, revoked_at, revoke_reason, revoked_by), delete on auth.sessions to app_maint;

grant select on auth.sessions to app_backup;

create table auth.refresh_tokens (
  session_id uuid not null,
  user_id uuid not null,
  generation integer default 0 not null,
  token_hash bytea not null,
  prev_hash bytea,
  successor_salt bytea,
  key_id smallint not null,
  rotated_at timestamp with time zone default now() not null,
  reuse_detected_at timestamp with time zone,
  constraint pk_refresh_tokens primary key (session_id),
  constraint fk_refresh_tokens_session_id_user_id foreign key (session_id, user_id)
    references auth.sessions (id, user_id) on delete cascade,
  constraint ck_refresh_tokens_generation check (generation >= 0),
  constraint ck_refresh_tokens_token_hash check (octet_length(token_hash) = 32),
  constraint ck_refresh_tokens_prev_hash check (octet_length(prev_hash) = 32),
  constraint ck_refresh_tokens_successor_salt check (octet_length(successor_salt) = 32)
) with (fillfactor = 70);

comment on table auth.refresh_tokens is 'How each session is prolonged; hashes only, changed in place.';

comment on column auth.refresh_tokens.session_id is 'The session; it has one row, changed in place at each refresh.';

comment on column auth.refresh_tokens.user_id is 'The person, as in the session.';

comment on column auth.refresh_tokens.generation is 'How often it was refreshed.';

comment on column auth.refresh_tokens.token_hash is 'SHA-256 of the token that is good now.';

comment on column auth.refresh_tokens.prev_hash is 'SHA-256 of the one before, by which a late or a stolen one is told.';

comment on column auth.refresh_tokens.successor_salt is 'What the current token was derived with, so that callers at once get the same one.';

comment on column auth.refresh_tokens.key_id is 'Which key of the server the token was derived with.';

comment on column auth.refresh_tokens.rotated_at is 'When it was last refreshed.';

comment on column auth.refresh_tokens.reuse_detected_at is 'When an old token was shown again.';

comment on index auth.pk_refresh_tokens is 'The refresh token of a session.';

alter table auth.refresh_tokens enable row level security;

alter table auth.refresh_tokens force row level security;

create policy all_rows on auth.refresh_tokens to app_all using (true) with check (true);

create policy own_rows on auth.refresh_tokens to app_tenant, app_tenant_admin using (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy auth_rows on auth.refresh_tokens to app_auth, auth_service using (true) with check (true);

grant select, insert, update, delete on auth.refresh_tokens to app_auth, auth_service;

grant select (session_id, user_id, generation, key_id, rotated_at, reuse_detected_at) on auth.refresh_tokens to app_admin;

grant select on auth.refresh_tokens to app_backup;

create function auth.email_key(email text) returns text
language sql immutable parallel safe
return nullif(lower(btrim(email) collate "C"), '');

revoke execute on function auth.email_key(text) from public;

grant execute on function auth.email_key(text) to app_tenant, app_tenant_admin, app_all;

comment on function auth.email_key(text) is 'What an address is compared by; null where it is empty.';

create function auth.valid_session(session_id uuid, member_epoch integer default null)
returns table (
  user_id uuid, tenant_id uuid, device_id uuid, auth_epoch integer, aal smallint, amr text[],
  auth_time timestamp with time zone, last_seen_at timestamp with time zone
)
language sql stable rows 1
set search_path = pg_catalog, pg_temp
as $body$
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
$body$;

revoke execute on function auth.valid_session(uuid, integer) from public;

grant execute on function auth.valid_session(uuid, integer) to app_auth, auth_service;

comment on function auth.valid_session(uuid, integer) is 'The session if it is good now, otherwise no row; one for a tenant needs the membership''s current epoch.';

create function auth.revoke_all_user_sessions(
  user_id uuid, reason text default 'revoke_all', revoked_by uuid default null
) returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
declare
  marked integer;
begin
  update auth.users as u set auth_epoch = u.auth_epoch + 1, updated_at = now() where u.id = $1;
  update auth.sessions as s set revoked_at = now(), revoke_reason = $2, revoked_by = $3
  where s.user_id = $1 and s.revoked_at is null;
  get diagnostics marked = row_count;
  return marked;
end
$body$;

revoke execute on function auth.revoke_all_user_sessions(uuid, text, uuid) from public;

grant execute on function auth.revoke_all_user_sessions(uuid, text, uuid) to app_auth, auth_service;

comment on function auth.revoke_all_user_sessions(uuid, text, uuid) is 'Ends every session and token of a person, those being opened meanwhile too; returns how many sessions.';

UPDATE app.alembic_version SET version_num='auth_0001' WHERE app.alembic_version.version_num = 'core_0006';

COMMIT;

