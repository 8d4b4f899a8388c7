"""The audit log of each tenant, and the events of the system.

Why: what was done can be looked up, by the tenant for its own part. Both tables are append-only by grant: no role of an
application may change or delete a row.

Locks: none that anybody waits for: the foreign key takes SHARE ROW EXCLUSIVE on tenancy.tenants for a moment.

Safe with the previous release? Yes.

Undo: drops the tables; their rows are gone.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "core_0004"
down_revision = "core_0003"
branch_labels = None
depends_on = None

AUDIT_LOG = """
create table ops.audit_log (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  actor_id uuid,
  action text not null,
  subject text,
  details jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_audit_log primary key (tenant_id, id),
  constraint ck_audit_log_action check (length(action) between 1 and 100),
  constraint ck_audit_log_details check (jsonb_typeof(details) = 'object')
)
"""

AUDIT_LOG_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "actor_id": "The person who did it; empty for the system itself.",
    "action": "What was done, as noun.verb, e.g. material.delete.",
    "subject": "What it was done to, as table:id.",
    "details": "Whatever else matters, a JSON object; no secrets.",
    "created_at": "When the row was made.",
}

SYSTEM_EVENT = """
create table ops.system_event (
  id uuid default app.uuid7() not null,
  event text not null,
  actor text,
  reason text,
  work_id uuid,
  details jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_system_event primary key (id),
  constraint ck_system_event_event check (length(event) between 1 and 100),
  constraint ck_system_event_details check (jsonb_typeof(details) = 'object')
)
"""

SYSTEM_EVENT_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation.",
    "event": "What happened, as noun.verb, e.g. admin.begin.",
    "actor": "Who did it.",
    "reason": "Why it was done.",
    "work_id": "Ties the events of one piece of work together.",
    "details": "Whatever else matters, a JSON object; no secrets.",
    "created_at": "When the row was made.",
}


def upgrade() -> None:
    ddl.execute(AUDIT_LOG)
    ddl.comment_on_table(
        "ops.audit_log", "What was done in a tenant; rows are added and never changed.", AUDIT_LOG_COLUMNS
    )
    ddl.comment_on("index ops.pk_audit_log", "An entry by its id.")
    ddl.execute("create index ix_audit_log_tenant_id_created_at on ops.audit_log (tenant_id, created_at desc)")
    ddl.comment_on("index ops.ix_audit_log_tenant_id_created_at", "The newest entries of a tenant.")
    ddl.belongs_to_tenant("ops.audit_log", "fk_audit_log_tenant_id")
    ddl.tenant_policies("ops.audit_log")
    # NOTE: nobody gets update or delete
    ddl.grant("select, insert", "ops.audit_log", ["app_rw", "app_admin", "admin_service"])
    ddl.grant("select", "ops.audit_log", ["app_ro", "app_maint", "app_backup"])

    ddl.execute(SYSTEM_EVENT)
    ddl.comment_on_table(
        "ops.system_event", "What happened beyond any tenant; rows are added and never changed.", SYSTEM_EVENT_COLUMNS
    )
    ddl.comment_on("index ops.pk_system_event", "An event by its id.")
    ddl.execute("create index ix_system_event_created_at on ops.system_event (created_at desc)")
    ddl.comment_on("index ops.ix_system_event_created_at", "The newest events.")
    ddl.system_policies("ops.system_event")
    ddl.grant("select, insert", "ops.system_event", ["app_admin", "app_maint"])
    ddl.grant("select", "ops.system_event", ["app_backup"])


def downgrade() -> None:
    ddl.execute("drop table ops.system_event")
    ddl.execute("drop table ops.audit_log")
