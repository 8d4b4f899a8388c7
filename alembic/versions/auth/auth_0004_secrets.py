"""Password hashes and the key of the addresses' digest, which app_secrets alone can read.

Why: whoever reads with the login that checks passwords, by an injected query say, must not get the hashes, nor put one
of his own in their place. The application gets parameters and salt, computes the digest and asks whether it matches. A
hash is replaced by who shows the old digest or uses up a token that was mailed; the first one is set while the person
is pending. Who tried to log in is kept by a keyed digest of the address, since people type passwords into that field;
HMAC is RFC 2104 over the server's own SHA-256, so no extension is needed.

Locks: none that anybody waits for: the foreign key takes SHARE ROW EXCLUSIVE on auth.users for a moment.

Safe with the previous release? Yes.

Undo: drops the functions, the tables and the schema. Hashes and key are gone: digests made before can't be compared
any more, and every password has to be reset.
"""

from app_db.migrations.ddl import v1 as ddl
from app_db.migrations.ddl import v2

revision = "auth_0004"
down_revision = "auth_0003"
branch_labels = None
depends_on = None

LOGIN_ROLES = ("app_auth", "auth_service")
SECRETS = "app_secrets"

PREFIX = r"'^[$]argon2id[$]v=19[$]m=[0-9]{1,10},t=[0-9]{1,10},p=[0-9]{1,3}[$][A-Za-z0-9+/]{11,86}$'"

PASSWORD_HASHES = f"""
create table auth_private.password_hashes (
  user_id uuid not null,
  prefix text not null,
  digest bytea not null,
  pepper_id smallint default 0 not null,
  changed_at timestamp with time zone default now() not null,
  constraint pk_password_hashes primary key (user_id),
  constraint fk_password_hashes_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint ck_password_hashes_prefix check (prefix ~ {PREFIX}),
  constraint ck_password_hashes_digest check (octet_length(digest) = 32)
)
"""

PASSWORD_HASH_COLUMNS = {
    "user_id": "The person.",
    "prefix": "Parameters and salt, as argon2 writes them before the hash.",
    "digest": "The hash, 32 bytes.",
    "pepper_id": "Which key of the application the password was keyed with before it was hashed; 0 for none.",
    "changed_at": "When it was last set.",
}

DIGEST_KEYS = """
create table auth_private.digest_keys (
  purpose text not null,
  secret bytea not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_digest_keys primary key (purpose),
  constraint ck_digest_keys_purpose check (purpose in ('email')),
  constraint ck_digest_keys_secret check (octet_length(secret) = 32)
)
"""

DIGEST_KEY_COLUMNS = {
    "purpose": "What is digested with it.",
    "secret": "The key, 32 random bytes.",
    "created_at": "When the row was made.",
}

# Each gen_random_uuid() brings 122 bits of the server's strong random source.
NEW_KEY = """
insert into auth_private.digest_keys (purpose, secret) values (
  'email',
  sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
)
"""

HMAC = """
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
$body$
"""

HMAC_SIGNATURE = "auth_private.hmac_sha256(bytea, bytea)"

DEFINER = """security definer
set search_path = pg_catalog, pg_temp"""

EMAIL_DIGEST = f"""
create function auth.email_digest(email text) returns bytea
language plpgsql stable {DEFINER}
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
$body$
"""

PASSWORD_PREFIX = f"""
create function auth.password_prefix(user_id uuid, out prefix text, out pepper_id smallint)
language plpgsql stable {DEFINER}
as $body$
begin
  select h.prefix, h.pepper_id into prefix, pepper_id from auth_private.password_hashes as h where h.user_id = $1;
end
$body$
"""

# The digests are hashed once more before they are compared, so that the time taken tells nothing of them.
PASSWORD_MATCHES = f"""
create function auth.password_matches(user_id uuid, digest bytea) returns boolean
language plpgsql stable {DEFINER}
as $body$
begin
  return exists (
    select from auth_private.password_hashes as h where h.user_id = $1 and sha256(h.digest) = sha256($2)
  );
end
$body$
"""

PASSWORD_CREATE = f"""
create function auth.password_create(user_id uuid, prefix text, digest bytea, pepper_id smallint default 0)
returns boolean
language plpgsql volatile {DEFINER}
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
$body$
"""

PASSWORD_CHANGE = f"""
create function auth.password_change(
  user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint default 0
) returns boolean
language plpgsql volatile {DEFINER}
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
$body$
"""

PASSWORD_RESET = f"""
create function auth.password_reset(token_hash bytea, prefix text, digest bytea, pepper_id smallint default 0)
returns uuid
language plpgsql volatile {DEFINER}
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
$body$
"""

PASSWORD_REHASH = f"""
create function auth.password_rehash(
  user_id uuid, old_digest bytea, prefix text, digest bytea, pepper_id smallint default 0
) returns boolean
language plpgsql volatile {DEFINER}
as $body$
begin
  update auth_private.password_hashes as h set prefix = $3, digest = $4, pepper_id = $5
  where h.user_id = $1 and sha256(h.digest) = sha256($2);
  return found;
end
$body$
"""

FUNCTIONS = {
    "auth.email_digest(text)": (
        EMAIL_DIGEST,
        (*LOGIN_ROLES, "app_admin"),
        "What attempts are kept by: HMAC-SHA-256 of the address; null where it is empty.",
    ),
    "auth.password_prefix(uuid)": (
        PASSWORD_PREFIX,
        LOGIN_ROLES,
        "Parameters and salt of a person's password, and its pepper; nulls where there is none.",
    ),
    "auth.password_matches(uuid, bytea)": (
        PASSWORD_MATCHES,
        LOGIN_ROLES,
        "Whether that is the digest of the person's password.",
    ),
    "auth.password_create(uuid, text, bytea, smallint)": (
        PASSWORD_CREATE,
        LOGIN_ROLES,
        "Sets the first password of a person who is pending; false where there is one, or the person is not.",
    ),
    "auth.password_change(uuid, bytea, text, bytea, smallint)": (
        PASSWORD_CHANGE,
        LOGIN_ROLES,
        "Sets a new password for who shows the old digest, and ends every session; false where it does not match.",
    ),
    "auth.password_reset(bytea, text, bytea, smallint)": (
        PASSWORD_RESET,
        LOGIN_ROLES,
        "Uses up a mailed token, sets the password and ends every session; returns whose, or null.",
    ),
    "auth.password_rehash(uuid, bytea, text, bytea, smallint)": (
        PASSWORD_REHASH,
        LOGIN_ROLES,
        "Keeps the same password by newer parameters, for who shows the old digest.",
    ),
}

# What the functions above need as app_secrets; of the rows it sees all, as a member of app_all.
NEEDED = {
    "auth.users": "select (id, email_key, status, auth_epoch, email_verified_at), "
    "update (password_changed_at, email_verified_at, auth_epoch, updated_at)",
    "auth.sessions": "select (user_id, revoked_at), update (revoked_at, revoke_reason, revoked_by)",
    "auth.one_time_tokens": "select, update (consumed_at)",
    "auth.account_throttle": "select (user_id), update (consecutive_failures, next_attempt_at)",
    "ops.system_event": "insert",
}
NEEDED_FUNCTIONS = (
    "auth.one_time_token_use(bytea, text)",
    "auth.revoke_all_user_sessions(uuid, text, uuid)",
)


def upgrade() -> None:
    secrets = ddl.role(SECRETS)
    ddl.execute(f"create schema auth_private authorization {secrets}")
    ddl.execute(f"grant references (id) on auth.users to {secrets}")
    v2.act_as(SECRETS)
    ddl.comment_on("schema auth_private", "What app_secrets alone can read.")
    ddl.execute(PASSWORD_HASHES)
    ddl.comment_on_table(
        "auth_private.password_hashes", "Passwords, in a form that nobody can read.", PASSWORD_HASH_COLUMNS
    )
    ddl.comment_on("index auth_private.pk_password_hashes", "The password of a person.")
    ddl.system_policies("auth_private.password_hashes")
    ddl.execute(DIGEST_KEYS)
    ddl.comment_on_table("auth_private.digest_keys", "Keys of digests that never leave.", DIGEST_KEY_COLUMNS)
    ddl.comment_on("index auth_private.pk_digest_keys", "The key for a purpose.")
    ddl.system_policies("auth_private.digest_keys")
    ddl.execute(NEW_KEY)
    ddl.execute(HMAC)
    ddl.close_function(HMAC_SIGNATURE, [SECRETS], "HMAC-SHA-256 with a key of up to 64 bytes (RFC 2104).")
    v2.act_as("app_owner")
    # needed to make the foreign key and never again
    ddl.execute(f"revoke references (id) on auth.users from {secrets}")
    for table, privileges in NEEDED.items():
        ddl.grant(privileges, table, [SECRETS])
    for function in NEEDED_FUNCTIONS:
        ddl.execute(f"grant execute on function {function} to {secrets}")
    for signature, (function, roles, comment) in FUNCTIONS.items():
        ddl.execute(function)
        ddl.close_function(signature, roles, comment)
        v2.give_to_secrets(signature, "auth")


def downgrade() -> None:
    secrets = ddl.role(SECRETS)
    v2.act_as(SECRETS)
    for signature in reversed(FUNCTIONS):
        ddl.execute(f"drop function {signature}")
    ddl.execute(f"drop function {HMAC_SIGNATURE}")
    ddl.execute("drop table auth_private.digest_keys")
    ddl.execute("drop table auth_private.password_hashes")
    ddl.execute("drop schema auth_private")
    v2.act_as("app_owner")
    for function in NEEDED_FUNCTIONS:
        ddl.execute(f"revoke execute on function {function} from {secrets}")
    for table, privileges in NEEDED.items():
        ddl.execute(f"revoke {privileges} on {table} from {secrets}")
