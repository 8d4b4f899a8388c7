"""What a person proves himself by beside a password: mailed tokens, second factors, recovery codes; and API keys.

Why: each is good once, so using it is one UPDATE that asks whether it was used: of 40 at once one wins, where looking
first and writing afterwards let 40 through. The step of a TOTP code only moves up. A token dies with the epoch of the
person it was made for. A key of the API belongs to a tenant, and names it, so it is found by the tenant's key.

Locks: none that anybody waits for: the foreign key of `auth.api_keys` takes SHARE ROW EXCLUSIVE on tenancy.tenants for
a moment.

Safe with the previous release? Yes.

Undo: drops the functions and the tables with their rows.
"""

from app_db.migrations.ddl import v1 as ddl
from app_db.migrations.ddl import v2

revision = "auth_0003"
down_revision = "auth_0002"
branch_labels = None
depends_on = None

LOGIN_ROLES = ("app_auth", "auth_service")

ONE_TIME_TOKENS = """
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
)
"""

ONE_TIME_TOKEN_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation.",
    "user_id": "The person it was made for.",
    "purpose": "password_reset, email_verify, email_change, magic_link or unlock.",
    "token_hash": "SHA-256 of the token, or a keyed digest of a short code.",
    "email_key": "The address it was mailed to; where that is the person's own, it still has to be when it is used.",
    "auth_epoch": "The person's epoch when it was made: a new password or the end of all sessions ends it too.",
    "payload": "Whatever else its purpose needs, a JSON object; no secrets.",
    "requested_ip": "The address it was asked for from.",
    "attempts": "How often a short code was tried.",
    "created_at": "When the row was made.",
    "expires_at": "Until when it is good: 24 hours at the most, but for email_verify.",
    "consumed_at": "When it was used.",
    "superseded_at": "When a newer one took its place.",
}

# The person first: whoever ends all of his sessions meanwhile makes this wait, and then ends the token.
USE_ONCE = """
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
$body$
"""

USE_ONCE_SIGNATURE = "auth.one_time_token_use(bytea, text)"

MFA_FACTORS = """
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
) with (fillfactor = 70)
"""

MFA_FACTOR_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation.",
    "user_id": "The person.",
    "kind": "totp or webauthn.",
    "label": "What the person calls it.",
    "status": "pending until the person has shown a code, then active, in the end disabled.",
    "secret_ciphertext": "The secret, encrypted by the application and bound to this row: nonce, ciphertext, tag.",
    "key_id": "Which key of the application it is encrypted with.",
    "digits": "How many digits a code has.",
    "period": "How many seconds a step takes.",
    "algorithm": "SHA1, SHA256 or SHA512.",
    "last_step": "The step of the newest code that was accepted; it and those before are used up.",
    "consecutive_failures": "Wrong codes since the last right one.",
    "locked_until": "Until when no code is accepted.",
    "created_at": "When the row was made.",
    "confirmed_at": "When the person first showed a code.",
    "last_used_at": "When a code was last accepted.",
}

# A step far ahead would use up all those before it, and with them the factor.
NEAR_STEP = "$2 - floor(extract(epoch from clock_timestamp()) / f.period) between -2 and 2"

TOTP_ACCEPT = f"""
create function auth.totp_accept(factor_id uuid, step bigint) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  update auth.mfa_factors as f set last_step = $2, consecutive_failures = 0, locked_until = null, last_used_at = now()
  where f.id = $1 and f.kind = 'totp' and f.status = 'active' and f.last_step < $2
    and (f.locked_until is null or f.locked_until <= clock_timestamp())
    and {NEAR_STEP};
  return found;
end
$body$
"""

TOTP_CONFIRM = f"""
create function auth.totp_confirm(factor_id uuid, step bigint) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  update auth.mfa_factors as f
  set status = 'active', confirmed_at = now(), last_step = $2, consecutive_failures = 0, last_used_at = now()
  where f.id = $1 and f.kind = 'totp' and f.status = 'pending'
    and (f.locked_until is null or f.locked_until <= clock_timestamp())
    and {NEAR_STEP};
  return found;
end
$body$
"""

# 10 wrong codes, then a quarter of an hour; each wrong one after that a quarter of an hour again.
FACTOR_FAILED = """
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
$body$
"""

FACTOR_FUNCTIONS = {
    "auth.totp_accept(uuid, bigint)": (
        TOTP_ACCEPT,
        "Uses up a step of an active factor and those before it; false where it was used, or the factor is locked.",
    ),
    "auth.totp_confirm(uuid, bigint)": (
        TOTP_CONFIRM,
        "Makes a pending factor active by its first code, whose step is used up.",
    ),
    "auth.factor_failed(uuid)": (
        FACTOR_FAILED,
        "Counts a wrong code of a factor, and locks it at the tenth in a row; returns how many.",
    ),
}

RECOVERY_CODES = """
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
)
"""

RECOVERY_CODE_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation.",
    "user_id": "The person.",
    "batch_id": "Codes that were made together have the same.",
    "code_hash": "SHA-256 of a code of at least 112 random bits.",
    "created_at": "When the row was made.",
    "used_at": "When it was used.",
}

RECOVERY_CODE_USE = """
create function auth.recovery_code_use(user_id uuid, code_hash bytea) returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  update auth.recovery_codes as c set used_at = now()
  where c.user_id = $1 and c.code_hash = $2 and c.used_at is null;
  return found;
end
$body$
"""

RECOVERY_CODE_USE_SIGNATURE = "auth.recovery_code_use(uuid, bytea)"

API_KEYS = """
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
) with (fillfactor = 70)
"""

API_KEY_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "user_id": "The person whose key it is; empty for the tenant's own. No foreign key, see auth.api_key_check.",
    "name": "What people call it.",
    "prefix": "The beginning of the key, to tell it by.",
    "last4": "Its last four characters, to tell it by.",
    "key_hash": "SHA-256 of the key, which has 256 random bits.",
    "scopes": "What it may be used for.",
    "created_by": "The person who made it.",
    "created_at": "When the row was made.",
    "expires_at": "Until when it is good; empty for no end.",
    "last_used_at": "When it was last used, to a minute; without an index, as it moves.",
    "last_used_ip": "From which address it was last used.",
    "revoked_at": "When it was ended.",
    "replaced_by": "The key that takes its place; both are good until this one is ended.",
}

# The digests are hashed once more before they are compared, so that the time taken tells nothing of them.
API_KEY_CHECK = """
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
$body$
"""

API_KEY_CHECK_SIGNATURE = "auth.api_key_check(uuid, uuid, bytea)"

OPEN_ONCE = (
    "id, user_id, purpose, email_key, auth_epoch, requested_ip, attempts, created_at, expires_at, consumed_at, "
    "superseded_at"
)
OPEN_FACTOR = (
    "id, user_id, kind, label, status, key_id, digits, period, algorithm, consecutive_failures, locked_until, "
    "created_at, confirmed_at, last_used_at"
)
OPEN_CODE = "id, user_id, batch_id, created_at, used_at"
OPEN_KEY = (
    "tenant_id, id, user_id, name, prefix, last4, scopes, created_by, created_at, expires_at, last_used_at, "
    "last_used_ip, revoked_at, replaced_by"
)
MOVING_KEY = "name, scopes, expires_at, last_used_at, last_used_ip, revoked_at, replaced_by"


def upgrade() -> None:
    _tokens()
    _factors()
    _recovery_codes()
    _api_keys()


def _tokens() -> None:
    ddl.execute(ONE_TIME_TOKENS)
    ddl.comment_on_table(
        "auth.one_time_tokens", "What is mailed to people to prove themselves by, once.", ONE_TIME_TOKEN_COLUMNS
    )
    ddl.comment_on("index auth.pk_one_time_tokens", "A token by its id.")
    ddl.comment_on("index auth.uq_one_time_tokens_token_hash", "The token that is shown.")
    ddl.execute(
        "create unique index uq_one_time_tokens_user_id_purpose on auth.one_time_tokens (user_id, purpose) "
        "where consumed_at is null and superseded_at is null"
    )
    ddl.comment_on("index auth.uq_one_time_tokens_user_id_purpose", "The one token of a person that may still be used.")
    ddl.execute("create index ix_one_time_tokens_user_id on auth.one_time_tokens (user_id)")
    ddl.comment_on(
        "index auth.ix_one_time_tokens_user_id", "All tokens of a person, used ones too, when he is deleted."
    )
    ddl.execute("create index ix_one_time_tokens_expires_at on auth.one_time_tokens (expires_at)")
    ddl.comment_on("index auth.ix_one_time_tokens_expires_at", "Tokens that are over, for clean-up.")
    v2.person_policies("auth.one_time_tokens")
    ddl.grant(
        "select, insert, update (attempts, consumed_at, superseded_at), delete", "auth.one_time_tokens", LOGIN_ROLES
    )
    ddl.grant(f"select ({OPEN_ONCE})", "auth.one_time_tokens", ["app_admin"])
    ddl.grant(f"select ({OPEN_ONCE}), delete", "auth.one_time_tokens", ["app_maint"])
    ddl.grant("select", "auth.one_time_tokens", ["app_backup"])
    ddl.execute(USE_ONCE)
    ddl.close_function(
        USE_ONCE_SIGNATURE,
        LOGIN_ROLES,
        "Uses up a token and returns whose it was; no row where it is no good.",
    )


def _factors() -> None:
    ddl.execute(MFA_FACTORS)
    ddl.comment_on_table("auth.mfa_factors", "Second factors of people.", MFA_FACTOR_COLUMNS)
    ddl.comment_on("index auth.pk_mfa_factors", "A factor by its id.")
    ddl.execute(
        "create unique index uq_mfa_factors_user_id_label on auth.mfa_factors (user_id, label) "
        "where status <> 'disabled'"
    )
    ddl.comment_on("index auth.uq_mfa_factors_user_id_label", "The factors of a person that are in use.")
    ddl.execute("create index ix_mfa_factors_user_id on auth.mfa_factors (user_id)")
    ddl.comment_on("index auth.ix_mfa_factors_user_id", "All factors of a person, disabled ones too.")
    v2.person_policies("auth.mfa_factors")
    ddl.grant("select, insert, update, delete", "auth.mfa_factors", LOGIN_ROLES)
    ddl.grant(f"select ({OPEN_FACTOR})", "auth.mfa_factors", ["app_admin"])
    ddl.grant(f"select ({OPEN_FACTOR}), delete", "auth.mfa_factors", ["app_maint"])
    ddl.grant("select", "auth.mfa_factors", ["app_backup"])
    for signature, (function, comment) in FACTOR_FUNCTIONS.items():
        ddl.execute(function)
        ddl.close_function(signature, LOGIN_ROLES, comment)


def _recovery_codes() -> None:
    ddl.execute(RECOVERY_CODES)
    ddl.comment_on_table(
        "auth.recovery_codes", "Codes that people keep on paper, in place of a second factor.", RECOVERY_CODE_COLUMNS
    )
    ddl.comment_on("index auth.pk_recovery_codes", "A code by its id.")
    ddl.comment_on("index auth.uq_recovery_codes_user_id_code_hash", "The code that a person shows; all of a person's.")
    v2.person_policies("auth.recovery_codes")
    ddl.grant("select, insert, update (used_at), delete", "auth.recovery_codes", LOGIN_ROLES)
    ddl.grant(f"select ({OPEN_CODE})", "auth.recovery_codes", ["app_admin"])
    ddl.grant("select", "auth.recovery_codes", ["app_backup"])
    ddl.execute(RECOVERY_CODE_USE)
    ddl.close_function(
        RECOVERY_CODE_USE_SIGNATURE, LOGIN_ROLES, "Uses up a recovery code; false where there is none or it was used."
    )


def _api_keys() -> None:
    ddl.execute(API_KEYS)
    ddl.comment_on_table("auth.api_keys", "Keys by which programs work for a tenant.", API_KEY_COLUMNS)
    ddl.comment_on("index auth.pk_api_keys", "The key that is shown, which names tenant and id; a tenant's keys.")
    ddl.execute(
        "create index ix_api_keys_tenant_id_replaced_by on auth.api_keys (tenant_id, replaced_by) "
        "where replaced_by is not null"
    )
    ddl.comment_on("index auth.ix_api_keys_tenant_id_replaced_by", "What a key took the place of.")
    ddl.belongs_to_tenant("auth.api_keys", "fk_api_keys_tenant_id")
    ddl.tenant_policies("auth.api_keys")
    v2.auth_rows("auth.api_keys")
    ddl.grant(
        f"select, insert, update ({MOVING_KEY}), delete",
        "auth.api_keys",
        LOGIN_ROLES,
    )
    # a tenant is exported, imported and deleted with its keys
    ddl.grant("select, insert, update, delete", "auth.api_keys", ["app_admin"])
    ddl.grant(f"select ({OPEN_KEY}), delete", "auth.api_keys", ["app_maint"])
    ddl.grant("select", "auth.api_keys", ["app_backup"])
    ddl.execute(API_KEY_CHECK)
    ddl.close_function(
        API_KEY_CHECK_SIGNATURE, LOGIN_ROLES, "Whose key it is and what for, if it is good now; otherwise no row."
    )


def downgrade() -> None:
    for signature in (
        API_KEY_CHECK_SIGNATURE,
        RECOVERY_CODE_USE_SIGNATURE,
        *reversed(FACTOR_FUNCTIONS),
        USE_ONCE_SIGNATURE,
    ):
        ddl.execute(f"drop function {signature}")
    for table in ("api_keys", "recovery_codes", "mfa_factors", "one_time_tokens"):
        ddl.execute(f"drop table auth.{table}")
