"""Attempts to log in: reserved before the password is looked at, settled and kept afterwards.

Why: an attempt is taken from the limits first (`auth.login_attempt_begin`, to be committed at once), then the password
is checked, then `auth.record_login_attempt` writes down what came of it; both on a transaction of their own, or a
login that raises would take its traces with it. The network comes before the address, so that one machine can't make a
bucket for each address that it thinks of. `auth.is_rate_limited` only looks: for hints, never for a decision.

Locks: none that anybody waits for; everything is new.

Safe with the previous release? Yes.

Undo: drops the functions and the table with its partitions and rows.
"""

from app_db.migrations.ddl import v1 as ddl
from app_db.migrations.ddl import v2

revision = "auth_0005"
down_revision = "auth_0004"
branch_labels = None
depends_on = None

LOGIN_ROLES = ("app_auth", "auth_service")

LOGIN_ATTEMPTS = """
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
) partition by range (attempted_at)
"""

LOGIN_ATTEMPT_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation.",
    "attempted_at": "When it was.",
    "email_digest": "Keyed digest of the address that was typed, see auth.email_digest; empty where none was.",
    "user_id": "The person with that address, or empty; no foreign key, as rows outlive people until they are too old.",
    "ip": "Where it came from.",
    "ip_bucket": "The network that counts as one address.",
    "device_id": "The known device it came from; no foreign key, as for the person.",
    "success": "Whether the person was let in.",
    "reason": "ok, or why not.",
}

LIMIT_FUNCTIONS = {
    # Raises where the limit is missing: without it everything would be let through.
    "auth.limit_take(text, bytea)": (
        """
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
$body$
""",
        "Takes one hit of a limit of auth.rate_limits: null where it was free, otherwise how long to wait.",
    ),
    "auth.limit_wait(text, bytea)": (
        """
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
$body$
""",
        "How long until a limit of auth.rate_limits would let the next hit through, or null for now.",
    ),
}

# The person and the known device behind an attempt. A cookie counts for the person's own address and no other.
ATTEMPT_SUBJECT = """
create function auth.attempt_subject(email text, device_cookie_hash bytea, out user_id uuid, out device_id uuid)
language sql stable
set search_path = pg_catalog, pg_temp
as $body$
  select u.id, d.id
  from auth.users as u
  left join auth.devices as d on d.user_id = u.id and d.cookie_hash = $2 and d.revoked_at is null
  where u.email_key = auth.email_key($1) and u.deleted_at is null
$body$
"""

BEGIN = """
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
$body$
"""

BEGIN_SIGNATURE = "auth.login_attempt_begin(text, inet, bytea)"

# A success frees the account, and never the network: one account of his own would give an attacker a new start.
RECORD = """
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
$body$
"""

RECORD_SIGNATURE = "auth.record_login_attempt(text, inet, boolean, text, bytea, uuid)"

IS_RATE_LIMITED = """
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
$body$
"""

FUNCTIONS = {
    **LIMIT_FUNCTIONS,
    "auth.attempt_subject(text, bytea)": (
        ATTEMPT_SUBJECT,
        "The living person with an address, and his device if the cookie is that of one of his.",
    ),
    BEGIN_SIGNATURE: (
        BEGIN,
        "Reserves an attempt to log in, before the password is looked at; commit it at once.",
    ),
    RECORD_SIGNATURE: (
        RECORD,
        "Writes down what came of an attempt; a success frees the account, a failure makes it wait. Returns the id.",
    ),
    "auth.is_rate_limited(text, inet)": (
        IS_RATE_LIMITED,
        "Whether an attempt would be refused now; a hint, as only auth.login_attempt_begin takes part in the limit.",
    ),
}


def upgrade() -> None:
    ddl.execute(LOGIN_ATTEMPTS)
    ddl.comment_on_table(
        "auth.login_attempts", "Who tried to log in, for 90 days; what limits is in auth.rate_buckets.",
        LOGIN_ATTEMPT_COLUMNS,
    )  # fmt: skip
    ddl.comment_on("index auth.pk_login_attempts", "An attempt by its time and id.")
    ddl.execute(
        "create index ix_login_attempts_email_digest_attempted_at "
        "on auth.login_attempts (email_digest, attempted_at desc)"
    )
    ddl.comment_on("index auth.ix_login_attempts_email_digest_attempted_at", "The newest attempts for an address.")
    ddl.execute(
        "create index ix_login_attempts_ip_bucket_attempted_at on auth.login_attempts (ip_bucket, attempted_at desc)"
    )
    ddl.comment_on("index auth.ix_login_attempts_ip_bucket_attempted_at", "The newest attempts from a network.")
    ddl.system_policies("auth.login_attempts")
    v2.auth_rows("auth.login_attempts")
    ddl.grant("select, insert", "auth.login_attempts", LOGIN_ROLES)
    ddl.grant("select", "auth.login_attempts", ["app_admin", "app_maint", "app_backup"])
    v2.partition_by_time("auth.login_attempts", "attempted_at", retention="90 days")
    for signature, (function, comment) in FUNCTIONS.items():
        ddl.execute(function)
        ddl.close_function(signature, LOGIN_ROLES, comment)


def downgrade() -> None:
    for signature in reversed(FUNCTIONS):
        ddl.execute(f"drop function {signature}")
    v2.forget_partitions("auth.login_attempts")
    ddl.execute("drop table auth.login_attempts")
