"""People, their devices, sessions and refresh tokens.

Why: whoever logs in is known before any tenant is. The row of a person stays cold: logins lock it in share mode and
read its epoch, and what changes with each login stands in `auth.user_activity`. Sessions and refresh tokens are
updated in place, so no index holds a time that moves: with one on `idle_expires_at` none of 3,000 updates was HOT.
Whether a session is good is asked of `auth.valid_session` and nowhere else.

Locks: none; everything is new.

Safe with the previous release? Yes.

Undo: drops the functions, the tables with their rows, and the schema.
"""

from app_db.migrations.ddl import v1 as ddl
from app_db.migrations.ddl import v2

revision = "auth_0001"
down_revision = None
branch_labels = ("auth",)
depends_on = "core_0005"

LOGIN_ROLES = ("app_auth", "auth_service")

USERS = """
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
)
"""

USER_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation.",
    "email": "The address as the person wrote it; mail goes there and nowhere else.",
    "email_key": "What addresses are compared by: ASCII letters in lower case, nothing else folded.",
    "email_verified_at": "When the person proved to read mail at the address.",
    "provider": "Who vouches for the person, e.g. cognito; empty for people with a password only.",
    "subject": "The person's identifier at the provider.",
    "status": "pending, active, suspended or deleted.",
    "auth_epoch": "Sessions and tokens carry the number that was current when they were made; a higher one ends them.",
    "password_changed_at": "When the password was last set.",
    "deleted_at": "When the person was deleted; the address is free again.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

USER_ACTIVITY = """
create table auth.user_activity (
  user_id uuid not null,
  last_login_at timestamp with time zone,
  last_login_ip inet,
  last_seen_at timestamp with time zone,
  constraint pk_user_activity primary key (user_id),
  constraint fk_user_activity_user_id foreign key (user_id) references auth.users (id) on delete cascade
) with (fillfactor = 70)
"""

USER_ACTIVITY_COLUMNS = {
    "user_id": "The person.",
    "last_login_at": "When the person last logged in.",
    "last_login_ip": "From which address.",
    "last_seen_at": "When the person was last seen at work.",
}

DEVICES = """
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
) with (fillfactor = 70)
"""

DEVICE_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation.",
    "user_id": "The person who logged in on it.",
    "cookie_hash": "SHA-256 of the cookie that the device keeps.",
    "fingerprint_hmac": "Keyed digest of what the device looks like; a sign of risk, never a reason to log out.",
    "label": "What the person calls it.",
    "user_agent": "What its browser says it is.",
    "first_seen_at": "When the row was made.",
    "last_seen_at": "When it was last used; without an index, as it moves.",
    "last_ip": "From which address it was last used.",
    "trusted_until": "Until when it needs no second factor.",
    "revoked_at": "When it was cast off.",
}

SESSIONS = """
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
) with (fillfactor = 70)
"""

SESSION_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation; also what a token names its session by.",
    "user_id": "The person.",
    "tenant_id": "The tenant it is for, or empty; no foreign key, as memberships belong to another service.",
    "device_id": "The device it was opened on.",
    "auth_epoch": "The person's epoch when it was opened.",
    "member_epoch": "The membership's epoch when it was opened for a tenant.",
    "token_hash": "SHA-256 of the token, where the session is carried by an opaque cookie.",
    "aal": "How surely the person was recognised: 1 to 3, as in NIST SP 800-63B.",
    "amr": "By what the person was recognised, e.g. pwd, otp.",
    "auth_time": "When the person last proved who he is.",
    "created_at": "When the row was made.",
    "last_seen_at": "When it was last used; without an index, as it moves.",
    "idle_expires_at": "When it ends unless it is used; without an index, as it moves.",
    "absolute_expires_at": "When it ends at the latest.",
    "ip": "The address it was opened from.",
    "user_agent": "What the browser said it was.",
    "revoked_at": "When it was ended before its time.",
    "revoke_reason": "Why it was ended.",
    "revoked_by": "Who ended it; empty for the system itself.",
}

REFRESH_TOKENS = """
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
) with (fillfactor = 70)
"""

REFRESH_TOKEN_COLUMNS = {
    "session_id": "The session; it has one row, changed in place at each refresh.",
    "user_id": "The person, as in the session.",
    "generation": "How often it was refreshed.",
    "token_hash": "SHA-256 of the token that is good now.",
    "prev_hash": "SHA-256 of the one before, by which a late or a stolen one is told.",
    "successor_salt": "What the current token was derived with, so that callers at once get the same one.",
    "key_id": "Which key of the server the token was derived with.",
    "rotated_at": "When it was last refreshed.",
    "reuse_detected_at": "When an old token was shown again.",
}

EMAIL_KEY = """
create function auth.email_key(email text) returns text
language sql immutable parallel safe
return nullif(lower(btrim(email) collate "C"), '')
"""

VALID_SESSION = """
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
$body$
"""

VALID_SESSION_SIGNATURE = "auth.valid_session(uuid, integer)"

# The epoch first: a login that reads it in share mode comes before and is marked, or after and sees the new one.
REVOKE_ALL = """
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
$body$
"""

REVOKE_ALL_SIGNATURE = "auth.revoke_all_user_sessions(uuid, text, uuid)"

KEEP_EPOCH = """
create function auth.keep_epoch() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception 'the epoch of a person can only grow: % is less than %', new.auth_epoch, old.auth_epoch using
    errcode = 'check_violation', schema = tg_table_schema, table = tg_table_name, column = 'auth_epoch',
    constraint = 'keep_epoch', hint = 'sessions that were ended would be good again; let people log in anew';
end
$body$
"""

KEEP_EPOCH_TRIGGER = """
create trigger keep_epoch before update of auth_epoch on auth.users
for each row when (new.auth_epoch < old.auth_epoch) execute function auth.keep_epoch()
"""

OPEN_USER = "id, email, email_key, email_verified_at, provider, subject, status, created_at, updated_at"
OPEN_DEVICE = "id, user_id, label, user_agent, first_seen_at, last_seen_at, last_ip, trusted_until, revoked_at"
OPEN_SESSION = (
    "id, user_id, tenant_id, device_id, aal, amr, auth_time, created_at, last_seen_at, idle_expires_at, "
    "absolute_expires_at, ip, user_agent, revoked_at, revoke_reason, revoked_by"
)
MOVING_SESSION = (
    "device_id, token_hash, aal, amr, auth_time, last_seen_at, idle_expires_at, ip, user_agent, revoked_at, "
    "revoke_reason, revoked_by"
)


def upgrade() -> None:
    ddl.create_schema("auth", "People, and how they prove who they are.", ddl.EVERYONE)
    _users()
    _devices()
    _sessions()
    ddl.execute(EMAIL_KEY)
    ddl.close_function("auth.email_key(text)", ddl.EVERYONE, "What an address is compared by; null where it is empty.")
    ddl.execute(VALID_SESSION)
    ddl.close_function(
        VALID_SESSION_SIGNATURE,
        LOGIN_ROLES,
        "The session if it is good now, otherwise no row; one for a tenant needs the membership's current epoch.",
    )
    ddl.execute(REVOKE_ALL)
    ddl.close_function(
        REVOKE_ALL_SIGNATURE,
        LOGIN_ROLES,
        "Ends every session and token of a person, those being opened meanwhile too; returns how many sessions.",
    )


def _users() -> None:
    ddl.execute(USERS)
    ddl.comment_on_table("auth.users", "The people who log in; one may belong to many tenants.", USER_COLUMNS)
    ddl.comment_on("index auth.pk_users", "A person by his id.")
    ddl.comment_on("index auth.uq_users_provider_subject", "The person whom a provider vouches for.")
    ddl.execute("create unique index uq_users_email_key on auth.users (email_key) where deleted_at is null")
    ddl.comment_on("index auth.uq_users_email_key", "The living person with an address, at login.")
    ddl.execute(KEEP_EPOCH)
    ddl.close_function("auth.keep_epoch()", ["app_owner"], "Refuses to lower a person's epoch; for a trigger.")
    ddl.execute(KEEP_EPOCH_TRIGGER)
    ddl.comment_on("trigger keep_epoch on auth.users", "What was ended stays ended.")
    v2.person_policies("auth.users", column="id")
    # NOTE: the password's time is for app_secrets, and the epoch never for those who see their own row
    ddl.grant(
        "select, insert, "
        "update (email, email_verified_at, provider, subject, status, auth_epoch, deleted_at, updated_at)",
        "auth.users",
        LOGIN_ROLES,
    )
    ddl.grant("delete", "auth.users", ["auth_service"])
    ddl.grant(f"select ({OPEN_USER})", "auth.users", ["app_rw", "app_ro"])
    ddl.grant("select, update (status, deleted_at, updated_at)", "auth.users", ["app_admin"])
    ddl.grant("select, delete", "auth.users", ["app_maint"])
    ddl.grant("select", "auth.users", ["app_backup"])

    ddl.execute(USER_ACTIVITY)
    ddl.comment_on_table("auth.user_activity", "What changes with each login of a person.", USER_ACTIVITY_COLUMNS)
    ddl.comment_on("index auth.pk_user_activity", "The activity of a person.")
    v2.person_policies("auth.user_activity")
    ddl.grant("select, insert, update", "auth.user_activity", LOGIN_ROLES)
    ddl.grant("select", "auth.user_activity", ["app_admin", "app_maint", "app_backup"])


def _devices() -> None:
    ddl.execute(DEVICES)
    ddl.comment_on_table("auth.devices", "What people log in on; each keeps a cookie of its own.", DEVICE_COLUMNS)
    ddl.comment_on("index auth.pk_devices", "A device by its id.")
    ddl.comment_on("index auth.uq_devices_cookie_hash", "The device that shows a cookie.")
    ddl.execute("create index ix_devices_user_id on auth.devices (user_id)")
    ddl.comment_on("index auth.ix_devices_user_id", "The devices of a person.")
    v2.person_policies("auth.devices")
    ddl.grant("select, insert, update, delete", "auth.devices", LOGIN_ROLES)
    ddl.grant(f"select ({OPEN_DEVICE})", "auth.devices", ["app_rw", "app_ro", "app_admin"])
    ddl.grant(f"select ({OPEN_DEVICE}), delete", "auth.devices", ["app_maint"])
    ddl.grant("select", "auth.devices", ["app_backup"])


def _sessions() -> None:
    ddl.execute(SESSIONS)
    ddl.comment_on_table(
        "auth.sessions", "Logins that last; see auth.valid_session for which are good.", SESSION_COLUMNS
    )
    ddl.comment_on("index auth.pk_sessions", "A session by its id.")
    ddl.comment_on("index auth.uq_sessions_id_user_id", "What a refresh token refers to: the session, with its person.")
    ddl.comment_on("index auth.uq_sessions_token_hash", "The session of an opaque cookie.")
    ddl.execute("create index ix_sessions_user_id on auth.sessions (user_id)")
    ddl.comment_on("index auth.ix_sessions_user_id", "The sessions of a person, to show and to end them.")
    ddl.execute(
        "create index ix_sessions_tenant_id on auth.sessions (tenant_id) "
        "where revoked_at is null and tenant_id is not null"
    )
    ddl.comment_on("index auth.ix_sessions_tenant_id", "The sessions that are open for a tenant.")
    ddl.execute("create index ix_sessions_device_id on auth.sessions (device_id) where device_id is not null")
    ddl.comment_on("index auth.ix_sessions_device_id", "The sessions on a device.")
    ddl.execute("create index ix_sessions_absolute_expires_at on auth.sessions (absolute_expires_at)")
    ddl.comment_on("index auth.ix_sessions_absolute_expires_at", "Sessions that are over, for clean-up.")
    v2.person_policies("auth.sessions")
    ddl.grant(f"select, insert, update ({MOVING_SESSION}), delete", "auth.sessions", LOGIN_ROLES)
    ddl.grant(f"select ({OPEN_SESSION})", "auth.sessions", ["app_rw", "app_ro", "app_admin"])
    ddl.grant(f"select ({OPEN_SESSION}), delete", "auth.sessions", ["app_maint"])
    ddl.grant("select", "auth.sessions", ["app_backup"])

    ddl.execute(REFRESH_TOKENS)
    ddl.comment_on_table(
        "auth.refresh_tokens", "How each session is prolonged; hashes only, changed in place.", REFRESH_TOKEN_COLUMNS
    )
    ddl.comment_on("index auth.pk_refresh_tokens", "The refresh token of a session.")
    v2.person_policies("auth.refresh_tokens")
    ddl.grant("select, insert, update, delete", "auth.refresh_tokens", LOGIN_ROLES)
    ddl.grant(
        "select (session_id, user_id, generation, key_id, rotated_at, reuse_detected_at)",
        "auth.refresh_tokens",
        ["app_admin"],
    )
    ddl.grant("select", "auth.refresh_tokens", ["app_backup"])


def downgrade() -> None:
    ddl.execute(f"drop function {REVOKE_ALL_SIGNATURE}")
    ddl.execute(f"drop function {VALID_SESSION_SIGNATURE}")
    ddl.execute("drop function auth.email_key(text)")
    for table in ("refresh_tokens", "sessions", "devices", "user_activity", "users"):
        ddl.execute(f"drop table auth.{table}")
    ddl.execute("drop function auth.keep_epoch()")
    ddl.execute("drop schema auth")
