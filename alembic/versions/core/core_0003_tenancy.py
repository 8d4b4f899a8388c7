"""Tenants and memberships.

Why: everything else hangs on a tenant. An application's session sees its own tenant's row and may change its name and
settings; plan, subscription and approval are for administrators.

Locks: none; everything is new.

Safe with the previous release? Yes.

Undo: drops the tables; their rows are gone.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "core_0003"
down_revision = "core_0002"
branch_labels = None
depends_on = None

TENANTS = """
create table tenancy.tenants (
  id uuid default app.uuid7() not null,
  slug text not null,
  name text not null,
  settings jsonb default '{}'::jsonb not null,
  subscription_plan text default 'free' not null,
  subscription_status text default 'trial' not null,
  status text default 'pending' not null,
  rejection_reason text,
  approved_at timestamp with time zone,
  approved_by uuid,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_tenants primary key (id),
  constraint uq_tenants_slug unique (slug),
  constraint ck_tenants_slug check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
  constraint ck_tenants_name check (length(name) between 1 and 200),
  constraint ck_tenants_settings check (jsonb_typeof(settings) = 'object'),
  constraint ck_tenants_subscription_status
    check (subscription_status in ('trial', 'active', 'past_due', 'canceled')),
  constraint ck_tenants_status check (status in ('pending', 'approved', 'rejected', 'suspended')),
  constraint ck_tenants_rejection_reason check ((status = 'rejected') = (rejection_reason is not null)),
  constraint ck_tenants_approved
    check (status not in ('approved', 'suspended') or (approved_at is not null and approved_by is not null))
)
"""

TENANT_COLUMNS = {
    "id": "UUIDv7: unique, and in the order of creation.",
    "slug": "Short name in URLs: lower-case letters, digits and hyphens.",
    "name": "What people call it.",
    "settings": "The tenant's own settings, a JSON object.",
    "subscription_plan": "The plan it pays for.",
    "subscription_status": "trial, active, past_due or canceled.",
    "status": "Where its approval stands: pending, approved, rejected or suspended.",
    "rejection_reason": "Why it was rejected; empty otherwise.",
    "approved_at": "When it was approved.",
    "approved_by": "Who approved it.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

MEMBERSHIPS = """
create table tenancy.memberships (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid not null,
  role text default 'member' not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_memberships primary key (tenant_id, id),
  constraint uq_memberships_tenant_id_user_id unique (tenant_id, user_id),
  constraint ck_memberships_role check (role in ('owner', 'administrator', 'member', 'viewer'))
)
"""

MEMBERSHIP_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "user_id": "The person; no foreign key, as people live in another service.",
    "role": "owner, administrator, member or viewer.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}


def upgrade() -> None:
    ddl.execute(TENANTS)
    ddl.comment_on_table(
        "tenancy.tenants", "The customers of the application; each sees its own row only.", TENANT_COLUMNS
    )
    ddl.comment_on("index tenancy.pk_tenants", "A tenant by its id; every policy of this table reads by it.")
    ddl.comment_on("index tenancy.uq_tenants_slug", "A tenant by its name in a URL.")
    ddl.tenant_policies("tenancy.tenants", column="id")
    # NOTE: app_rw may neither make nor delete a tenant, nor change its plan or its approval
    ddl.grant("select, update (name, settings, updated_at)", "tenancy.tenants", ["app_rw"])
    ddl.grant("select", "tenancy.tenants", ["app_ro", "app_maint", "app_backup"])
    ddl.grant("select, insert, update, delete", "tenancy.tenants", ["app_admin"])
    ddl.grant("select, insert, update", "tenancy.tenants", ["admin_service"])

    ddl.execute(MEMBERSHIPS)
    ddl.comment_on_table("tenancy.memberships", "Who belongs to which tenant, and as what.", MEMBERSHIP_COLUMNS)
    ddl.comment_on("index tenancy.pk_memberships", "A membership by its id.")
    ddl.comment_on(
        "index tenancy.uq_memberships_tenant_id_user_id", "A person's membership in the tenant; the tenant's people."
    )
    ddl.belongs_to_tenant("tenancy.memberships", "fk_memberships_tenant_id")
    ddl.tenant_policies("tenancy.memberships")
    ddl.grant("select, insert, update, delete", "tenancy.memberships", ["app_rw", "app_admin"])
    ddl.grant("select, insert, update", "tenancy.memberships", ["admin_service"])
    ddl.grant("select", "tenancy.memberships", ["app_ro", "app_maint", "app_backup"])


def downgrade() -> None:
    ddl.execute("drop table tenancy.memberships")
    ddl.execute("drop table tenancy.tenants")
