"""The audit log in partitions by month, append-only for its owner too, with who, whence and what came of it.

Why: the log only grows, and old months are to go without a DELETE. The key has to hold the partition column. A trigger
refuses UPDATE, DELETE and TRUNCATE to everybody, so that a mistake of the owner's, or a grant too many, changes
nothing. The one exception is a tenant that is being deleted: its entries go with it, through `ops.purge_audit_log`, and
what is left of the tenant is in `ops.system_event`.

Locks: ACCESS EXCLUSIVE on ops.audit_log for as long as its entries are copied, a second or two for 100,000 of them;
whoever writes an entry waits meanwhile. The table has to be copied, because its entries of the current month would
overlap with the partition of that month. SHARE ROW EXCLUSIVE on tenancy.tenants from the foreign key on.

Safe with the previous release? Yes: the new columns may be empty or have a default.

Undo: copies the entries back into one table; the new columns are lost.
"""

from app_db.migrations.ddl import v1, v2

revision = "core_0006"
down_revision = "core_0005"
branch_labels = None
depends_on = None

COLUMNS = """
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  actor_id uuid,
  action text not null,
  subject text,
  details jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
"""

NEW_COLUMNS = """
  actor_type text default 'user' not null,
  on_behalf_of uuid,
  session_id uuid,
  outcome text default 'success' not null,
  ip inet,
  user_agent text,
  request_id text,
"""

CHECKS = """
  constraint ck_audit_log_action check (length(action) between 1 and 100),
  constraint ck_audit_log_details check (jsonb_typeof(details) = 'object')
"""

NEW_CHECKS = """,
  constraint ck_audit_log_actor_type check (actor_type in ('user', 'api_key', 'service', 'administrator', 'system')),
  constraint ck_audit_log_actor check (actor_type <> 'system' or actor_id is null),
  constraint ck_audit_log_outcome check (outcome in ('success', 'failure', 'denied')),
  constraint ck_audit_log_user_agent check (length(user_agent) <= 1000),
  constraint ck_audit_log_request_id check (length(request_id) between 1 and 200)
"""

LOG = f"""
create table ops.audit_log ({COLUMNS}{NEW_COLUMNS}
  constraint pk_audit_log primary key (tenant_id, id, created_at),{CHECKS}{NEW_CHECKS}
) partition by range (created_at)
"""

FORMER_LOG = f"""
create table ops.audit_log ({COLUMNS}
  constraint pk_audit_log primary key (tenant_id, id),{CHECKS}
)
"""

FORMER_COMMENTS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "actor_id": "The person who did it; empty for the system itself.",
    "action": "What was done, as noun.verb, e.g. material.delete.",
    "subject": "What it was done to, as table:id.",
    "details": "Whatever else matters, a JSON object; no secrets.",
    "created_at": "When the row was made.",
}

COMMENTS = {
    **FORMER_COMMENTS,
    "actor_id": "The person or key that did it; empty where nobody was known, and for the system itself.",
    "actor_type": "What kind of actor it was: user, api_key, service, administrator or system.",
    "on_behalf_of": "The person for whom it was done, where that is another one.",
    "session_id": "The session in which it was done; no foreign key, as sessions live in another service.",
    "outcome": "What came of it: success, failure or denied.",
    "ip": "The address that it was asked for from.",
    "user_agent": "The program that it was asked for with, as it names itself.",
    "request_id": "Ties it to the request, and to the logs of the application.",
}

SAME = "tenant_id, id, actor_id, action, subject, details, created_at"

MONTHS = """
select ops.ensure_partitions(month)
from (select distinct date_trunc('month', created_at, 'UTC') as month from ops.audit_log_before) as months
"""

# The tenant's life is decided in its own row, which is locked while rows go; see tenancy.tenants.
REFUSE_DELETE = """
create function ops.refuse_delete_of_audit() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (select from tenancy.tenants where id = old.tenant_id and status = 'deleting') then
    return old;
  end if;
  raise exception 'delete on %.%, whose rows are added and never changed', tg_table_schema, tg_table_name using
    errcode = 'AO001',
    hint = 'entries go with their tenant, by app-db tenant delete, or when maintenance drops their partition';
end
$body$
"""

PURGE = """
create function ops.purge_audit_log(tenant uuid, batch integer) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
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
$body$
"""

PURGE_SIGNATURE = "ops.purge_audit_log(uuid, integer)"


def upgrade() -> None:
    _put_aside()
    v1.execute(LOG)
    _dress("What was done in a tenant; rows are added and never changed.", COMMENTS)
    v1.execute(REFUSE_DELETE)
    v1.close_function(
        "ops.refuse_delete_of_audit()",
        ["app_owner"],
        "Refuses to remove entries of a tenant that is not being deleted.",
    )
    v2.partition_by_time("ops.audit_log", "created_at", append_only=True)
    v1.execute("drop trigger refuse_change on ops.audit_log")
    v1.execute(
        "create trigger refuse_update before update on ops.audit_log for each row execute function ops.refuse_change()"
    )
    v1.execute(
        "create trigger refuse_delete before delete on ops.audit_log "
        "for each row execute function ops.refuse_delete_of_audit()"
    )
    v1.comment_on("trigger refuse_update on ops.audit_log", "Entries are never changed, by nobody.")
    v1.comment_on("trigger refuse_delete on ops.audit_log", "Entries go with their tenant, and not before.")
    v1.execute(MONTHS)
    v1.execute(f"insert into ops.audit_log ({SAME}) select {SAME} from ops.audit_log_before")
    v1.execute("drop table ops.audit_log_before")

    # a password that is changed leaves an event, and its function is app_secrets'
    v1.grant("insert", "ops.system_event", ["app_secrets"])
    v1.grant("select, delete", "ops.audit_log", ["app_definer"])
    v1.grant("select", "tenancy.tenants", ["app_definer"])
    v1.execute(PURGE)
    v1.close_function(
        PURGE_SIGNATURE, ["app_admin"], "Removes so many entries of a tenant that is being deleted; returns how many."
    )
    v1.give_to_definer(PURGE_SIGNATURE, "ops")


def downgrade() -> None:
    v1.execute(f"drop function {PURGE_SIGNATURE}")
    v1.execute(f"revoke select on tenancy.tenants from {v1.role('app_definer')}")
    v1.execute(f"revoke insert on ops.system_event from {v1.role('app_secrets')}")
    _put_aside()
    v1.execute(FORMER_LOG)
    _dress("What was done in a tenant; rows are added and never changed.", FORMER_COMMENTS)
    v1.execute(f"insert into ops.audit_log ({SAME}) select {SAME} from ops.audit_log_before")
    v2.forget_partitions("ops.audit_log")
    v1.execute("drop table ops.audit_log_before")
    v1.execute("drop function ops.refuse_delete_of_audit()")


def _put_aside() -> None:
    """Rename the table and free the names of its indexes."""
    v1.execute("alter table ops.audit_log rename to audit_log_before")
    v1.execute("alter table ops.audit_log_before rename constraint pk_audit_log to pk_audit_log_before")
    v1.execute("alter index ops.ix_audit_log_tenant_id_created_at rename to ix_audit_log_before_tenant_id_created_at")


def _dress(comment: str, columns: dict[str, str]) -> None:
    """Give the empty table its comments, index, foreign key, policies and grants."""
    v1.comment_on_table("ops.audit_log", comment, columns)
    v1.comment_on("index ops.pk_audit_log", "An entry by its id.")
    v1.execute("create index ix_audit_log_tenant_id_created_at on ops.audit_log (tenant_id, created_at desc)")
    v1.comment_on("index ops.ix_audit_log_tenant_id_created_at", "The newest entries of a tenant.")
    v1.belongs_to_tenant("ops.audit_log", "fk_audit_log_tenant_id")
    v1.tenant_policies("ops.audit_log")
    # NOTE: nobody gets update or delete
    v1.grant("select, insert", "ops.audit_log", ["app_rw", "app_admin", "admin_service"])
    v1.grant("select", "ops.audit_log", ["app_ro", "app_maint", "app_backup"])
