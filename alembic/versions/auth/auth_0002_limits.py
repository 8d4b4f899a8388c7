"""How often something may be tried: exact limits, and the backoff of an account.

Why: to count first and to write afterwards lets everybody through who asks at the same time (40 of 40 against a limit
of 5). A bucket is one row with the times of the last hits. An INSERT with ON CONFLICT DO UPDATE and a condition takes
one hit as a whole, and under REPEATABLE READ it fails instead of letting through. Whoever is refused writes nothing.

Locks: none that anybody waits for; everything is new.

Safe with the previous release? Yes.

Undo: drops the functions and the tables with their rows.
"""

from app_db.migrations.ddl import v1 as ddl
from app_db.migrations.ddl import v2

revision = "auth_0002"
down_revision = "auth_0001"
branch_labels = None
depends_on = None

LOGIN_ROLES = ("app_auth", "auth_service")

RATE_LIMITS = """
create table auth.rate_limits (
  scope text not null,
  max_hits integer not null,
  period interval not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_rate_limits primary key (scope),
  constraint ck_rate_limits_scope check (scope ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint ck_rate_limits_max_hits check (max_hits between 1 and 1000),
  constraint ck_rate_limits_period check (period between interval '1 second' and interval '31 days')
)
"""

RATE_LIMIT_COLUMNS = {
    "scope": "What is limited, e.g. login_email.",
    "max_hits": "How often within the period.",
    "period": "The period, which slides.",
    "updated_at": "When the row was last changed.",
}

# An office shares an address, hence the many of login_ip; a known device has a bucket of its own, so that a stranger
# who tries somebody's address does not shut that person out.
LIMITS = """
insert into auth.rate_limits (scope, max_hits, period) values
  ('login_email', 5, interval '15 minutes'),
  ('login_device', 10, interval '15 minutes'),
  ('login_ip', 100, interval '15 minutes')
"""

RATE_BUCKETS = """
create table auth.rate_buckets (
  scope text collate "C" not null,
  key bytea not null,
  hits timestamp with time zone[] not null,
  expires_at timestamp with time zone not null,
  constraint pk_rate_buckets primary key (scope, key),
  constraint ck_rate_buckets_scope check (scope ~ '^[a-z][a-z0-9_]{0,39}$'),
  constraint ck_rate_buckets_key check (octet_length(key) between 1 and 64),
  constraint ck_rate_buckets_hits check (cardinality(hits) between 1 and 1000)
) with (fillfactor = 70)
"""

RATE_BUCKET_COLUMNS = {
    "scope": "What is limited, e.g. login_email.",
    "key": "Whom it is limited for: a digest, an id or a network, as bytes.",
    "hits": "The times of the last hits, no more than the limit.",
    "expires_at": "When the last hit stops counting, and the row may go.",
}

ACCOUNT_THROTTLE = """
create table auth.account_throttle (
  user_id uuid not null,
  consecutive_failures integer default 0 not null,
  next_attempt_at timestamp with time zone,
  last_failure_at timestamp with time zone,
  constraint pk_account_throttle primary key (user_id),
  constraint fk_account_throttle_user_id foreign key (user_id) references auth.users (id) on delete cascade,
  constraint ck_account_throttle_consecutive_failures check (consecutive_failures >= 0)
) with (fillfactor = 70)
"""

ACCOUNT_THROTTLE_COLUMNS = {
    "user_id": "The person.",
    "consecutive_failures": "Failed logins since the last one that succeeded.",
    "next_attempt_at": "Until when further attempts are refused.",
    "last_failure_at": "When the last one failed.",
}

# The network that counts as one address: a customer has a whole /64 of IPv6; IPv4 written as ::ffff:a.b.c.d is IPv4, or
# all of it would be one network.
IP_BUCKET = """
create function auth.ip_bucket(ip inet) returns inet
language sql immutable strict parallel safe
return case
  when family(ip) = 4 then set_masklen(ip, 32)
  when ip <<= inet '::ffff:0:0/96' then inet '0.0.0.0' + (set_masklen(ip, 128) - inet '::ffff:0:0')
  else network(set_masklen(ip, 64))::inet
end
"""

RATE_WAIT = """
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
$body$
"""

RATE_WAIT_SIGNATURE = "auth.rate_wait(text, bytea, integer, interval)"

RATE_TAKE = """
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
$body$
"""

RATE_TAKE_SIGNATURE = "auth.rate_take(text, bytea, integer, interval)"

# 5 are free; then 2 seconds, 4, 8 and so on, at most a quarter of an hour. 2^10 seconds are more than that.
ACCOUNT_FAILED = """
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
$body$
"""

ACCOUNT_FAILED_SIGNATURE = "auth.account_failed(uuid)"

# NIST SP 800-63B-4, section 3.2.2: no more than 100 in a row. Only a reset by mail or a success begins anew, so an
# administrator need not be asked. On a known device one attempt in 30 seconds is always free.
ACCOUNT_WAIT = """
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
$body$
"""

ACCOUNT_WAIT_SIGNATURE = "auth.account_wait(uuid, boolean)"


def upgrade() -> None:
    ddl.execute(RATE_LIMITS)
    ddl.comment_on_table("auth.rate_limits", "How often something may be tried.", RATE_LIMIT_COLUMNS)
    ddl.comment_on("index auth.pk_rate_limits", "The limit of a scope.")
    ddl.system_policies("auth.rate_limits")
    v2.auth_rows("auth.rate_limits")
    ddl.grant("select", "auth.rate_limits", [*LOGIN_ROLES, "app_maint", "app_backup"])
    ddl.grant("select, update (max_hits, period, updated_at)", "auth.rate_limits", ["app_admin"])
    ddl.execute(LIMITS)

    ddl.execute(RATE_BUCKETS)
    ddl.comment_on_table("auth.rate_buckets", "What counts towards limits, a row for each key.", RATE_BUCKET_COLUMNS)
    ddl.comment_on("index auth.pk_rate_buckets", "The bucket of a key; clean-up goes through it in ranges.")
    ddl.system_policies("auth.rate_buckets")
    v2.auth_rows("auth.rate_buckets")
    ddl.grant("select, insert, update, delete", "auth.rate_buckets", LOGIN_ROLES)
    ddl.grant("select, delete", "auth.rate_buckets", ["app_admin", "app_maint"])
    ddl.grant("select", "auth.rate_buckets", ["app_backup"])

    ddl.execute(ACCOUNT_THROTTLE)
    ddl.comment_on_table(
        "auth.account_throttle", "Failed logins of a person since the last good one.", ACCOUNT_THROTTLE_COLUMNS
    )
    ddl.comment_on("index auth.pk_account_throttle", "The backoff of a person.")
    v2.person_policies("auth.account_throttle")
    ddl.grant("select, insert, update, delete", "auth.account_throttle", LOGIN_ROLES)
    ddl.grant("select", "auth.account_throttle", ["app_admin", "app_maint", "app_backup"])
    _functions()


def _functions() -> None:
    ddl.execute(IP_BUCKET)
    ddl.close_function(
        "auth.ip_bucket(inet)", ddl.EVERYONE, "The network that counts as one address: IPv4 /32, IPv6 /64."
    )
    ddl.execute(RATE_WAIT)
    ddl.close_function(
        RATE_WAIT_SIGNATURE, LOGIN_ROLES, "How long until the next hit would be let through, or null for now."
    )
    ddl.execute(RATE_TAKE)
    ddl.close_function(
        RATE_TAKE_SIGNATURE, LOGIN_ROLES, "Takes one hit: null where it was free, otherwise how long to wait."
    )
    ddl.execute(ACCOUNT_FAILED)
    ddl.close_function(
        ACCOUNT_FAILED_SIGNATURE, LOGIN_ROLES, "Counts a failed login of a person; returns how many in a row."
    )
    ddl.execute(ACCOUNT_WAIT)
    ddl.close_function(
        ACCOUNT_WAIT_SIGNATURE,
        LOGIN_ROLES,
        "Whether a person has to prove himself by mail, or how long he has to wait.",
    )


def downgrade() -> None:
    for signature in (
        ACCOUNT_WAIT_SIGNATURE,
        ACCOUNT_FAILED_SIGNATURE,
        RATE_TAKE_SIGNATURE,
        RATE_WAIT_SIGNATURE,
        "auth.ip_bucket(inet)",
    ):
        ddl.execute(f"drop function {signature}")
    for table in ("account_throttle", "rate_buckets", "rate_limits"):
        ddl.execute(f"drop table auth.{table}")
