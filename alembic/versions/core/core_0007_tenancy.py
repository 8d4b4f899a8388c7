"""Tenancy complete: a tenant's life, permissions, roles, invitations, and a tenant that keeps an owner.

Why: two owners who demote each other at once left none in 5 of 5 tries when each had counted first. So whoever gives
up ownership first changes the tenant's row, which makes the second one wait (and fail under REPEATABLE READ, whose
snapshot would still count the first), and a deferred trigger counts at commit. Built-in roles are rows of their own
table and not roles without a tenant, which a policy could show to nobody or only with an OR. Work on a whole tenant, an
import or a deletion, is noted in `ops.tenant_work`, so that it is resumed after a kill.

Locks: ACCESS EXCLUSIVE on tenancy.tenants and tenancy.memberships for milliseconds: columns with constant defaults are
added without a rewrite, and the checks of tenants read that small table. SHARE ROW EXCLUSIVE on tenancy.tenants from
the foreign keys.

Safe with the previous release? Yes: new columns have defaults, and every status that it writes is allowed. Taking the
last owner away fails now.

Undo: drops the tables and columns. A tenant that is being imported or deleted, or is suspended without having been
approved, is pending afterwards, or rejected where it was.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "core_0007"
down_revision = "core_0006"
branch_labels = None
depends_on = None

LIFE = """
alter table tenancy.tenants
  add column suspended_at timestamp with time zone,
  add column suspension_reason text,
  add column deletion_requested_at timestamp with time zone,
  add column delete_after timestamp with time zone,
  add column deletion_started_at timestamp with time zone
"""

NO_LIFE = """
alter table tenancy.tenants
  drop column suspended_at,
  drop column suspension_reason,
  drop column deletion_requested_at,
  drop column delete_after,
  drop column deletion_started_at
"""

LIFE_COLUMNS = {
    "status": "Where it stands: pending, approved, rejected, suspended, importing or deleting.",
    "suspended_at": "When it was suspended; empty otherwise.",
    "suspension_reason": "Why it was suspended.",
    "deletion_requested_at": "When its deletion was asked for; empty otherwise.",
    "delete_after": "When its rows may go; until then the deletion can be taken back.",
    "deletion_started_at": "When the first of its rows went; from then on there is no way back.",
}

CHECKS = {
    "status": "status in ('pending', 'approved', 'rejected', 'suspended', 'importing', 'deleting')",
    "rejection_reason": (
        "(status <> 'rejected' or rejection_reason is not null) "
        "and (rejection_reason is null or status in ('rejected', 'importing', 'deleting'))"
    ),
    "approved": "status <> 'approved' or (approved_at is not null and approved_by is not null)",
    "suspended": (
        "(suspended_at is null or status in ('suspended', 'importing', 'deleting')) "
        "and (suspension_reason is null or suspended_at is not null)"
    ),
    "suspension_reason": "length(suspension_reason) between 1 and 1000",
    "deletion": (
        "(status = 'deleting') = (deletion_requested_at is not null) "
        "and (status = 'deleting') = (delete_after is not null) "
        "and (status = 'deleting' or deletion_started_at is null)"
    ),
}

FORMER_CHECKS = {
    "status": "status in ('pending', 'approved', 'rejected', 'suspended')",
    "rejection_reason": "(status = 'rejected') = (rejection_reason is not null)",
    "approved": ("status not in ('approved', 'suspended') or (approved_at is not null and approved_by is not null)"),
}

FORMER_STATUS = """
update tenancy.tenants
set status = case when rejection_reason is not null then 'rejected' else 'pending' end
where status in ('importing', 'deleting') or (status = 'suspended' and (approved_at is null or approved_by is null))
"""

MEMBERSHIPS = """
alter table tenancy.memberships
  add column status text default 'active' not null,
  add column epoch integer default 1 not null,
  add constraint ck_memberships_status check (status in ('active', 'suspended')),
  add constraint ck_memberships_epoch check (epoch >= 1)
"""

MEMBERSHIP_COLUMNS = {
    "status": "active or suspended.",
    "epoch": "Grows when role, roles or status change: what was issued for an earlier one is void.",
}

GUARD = """
create function tenancy.guard_membership() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'UPDATE' then
    if (new.role, new.status) is distinct from (old.role, old.status) then
      new.epoch := greatest(new.epoch, old.epoch + 1);
    end if;
    if new.role = 'owner' and new.status = 'active' and new.tenant_id = old.tenant_id then
      return new;
    end if;
  end if;
  if old.role = 'owner' and old.status = 'active' then
    -- a change and not only a lock: under REPEATABLE READ the second one fails then, and does not count too many
    update tenancy.tenants set updated_at = clock_timestamp() where id = old.tenant_id;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end
$body$
"""

KEEP_AN_OWNER = """
create function tenancy.keep_an_owner() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
    select from tenancy.tenants where id = old.tenant_id and status not in ('importing', 'deleting')
  ) and not exists (
    select from tenancy.memberships where tenant_id = old.tenant_id and role = 'owner' and status = 'active'
  ) then
    raise exception 'the tenant % would be without an owner', old.tenant_id using
      errcode = 'TN002',
      hint = 'make another member an owner, in the same transaction or before';
  end if;
  return null;
end
$body$
"""

# While a tenant is imported, its memberships come with the epochs that they had.
BUMP = """
create function tenancy.bump_membership() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
declare
  changed uuid[] := case tg_op
    when 'INSERT' then array[new.membership_id]
    when 'DELETE' then array[old.membership_id]
    else array[old.membership_id, new.membership_id]
  end;
  tenant uuid := case when tg_op = 'DELETE' then old.tenant_id else new.tenant_id end;
begin
  update tenancy.memberships as m set epoch = m.epoch + 1
  where m.tenant_id = tenant and m.id = any(changed)
    and exists (select from tenancy.tenants as t where t.id = tenant and t.status <> 'importing');
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end
$body$
"""

PERMISSIONS = """
create table tenancy.permissions (
  name text not null,
  description text not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_permissions primary key (name),
  constraint ck_permissions_name check (name ~ '^[a-z][a-z0-9_]{0,49}[.][a-z][a-z0-9_]{0,49}$'),
  constraint ck_permissions_description check (length(description) between 1 and 500)
)
"""

PERMISSION_COLUMNS = {
    "name": "What may be done, as noun.verb, e.g. member.invite.",
    "description": "What that means, for whoever gives it.",
    "created_at": "When the row was made.",
}

BUILTIN = """
create table tenancy.builtin_role_permissions (
  role text not null,
  permission text not null,
  constraint pk_builtin_role_permissions primary key (role, permission),
  constraint ck_builtin_role_permissions_role check (role in ('owner', 'administrator', 'member', 'viewer')),
  constraint fk_builtin_role_permissions_permission foreign key (permission)
    references tenancy.permissions (name) on delete cascade
)
"""

BUILTIN_COLUMNS = {
    "role": "One of the roles that every tenant has: owner, administrator, member or viewer.",
    "permission": "What it permits.",
}

SEED_PERMISSIONS = """
insert into tenancy.permissions (name, description) values
  ('tenant.read', 'See the tenant and its settings.'),
  ('tenant.update', 'Change name and settings of the tenant.'),
  ('tenant.delete', 'Ask for the deletion of the tenant.'),
  ('member.read', 'See who belongs to the tenant.'),
  ('member.invite', 'Invite people.'),
  ('member.update', 'Change roles of members, suspend them.'),
  ('member.remove', 'Take members out of the tenant.'),
  ('role.manage', 'Make and change roles of the tenant.'),
  ('audit.read', 'Read the audit log.'),
  ('data.read', 'Read the data of the tenant.'),
  ('data.write', 'Change the data of the tenant.')
"""

SEED_BUILTIN = """
insert into tenancy.builtin_role_permissions (role, permission)
select r.role, p.name
from tenancy.permissions as p
join (values
  ('owner', '.'),
  ('administrator', '^(tenant[.](read|update)|member|role|audit|data)'),
  ('member', '^(tenant[.]read|member[.]read|data[.])'),
  ('viewer', '^(tenant|member|data)[.]read')
) as r (role, pattern) on p.name ~ r.pattern
"""

ROLES = """
create table tenancy.roles (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  name text not null,
  description text default '' not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_roles primary key (tenant_id, id),
  constraint uq_roles_tenant_id_name unique (tenant_id, name),
  constraint ck_roles_name check (
    length(name) between 1 and 100 and lower(name) not in ('owner', 'administrator', 'member', 'viewer')
  ),
  constraint ck_roles_description check (length(description) <= 500)
)
"""

KEY_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
}

ROLE_COLUMNS = {
    **KEY_COLUMNS,
    "name": "What people call it; none of the built-in names.",
    "description": "What it is for.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

ROLE_PERMISSIONS = """
create table tenancy.role_permissions (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  role_id uuid not null,
  permission text not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_role_permissions primary key (tenant_id, id),
  constraint uq_role_permissions_tenant_id_role_id_permission unique (tenant_id, role_id, permission),
  constraint fk_role_permissions_tenant_id_role_id foreign key (tenant_id, role_id)
    references tenancy.roles (tenant_id, id) on delete cascade,
  constraint fk_role_permissions_permission foreign key (permission)
    references tenancy.permissions (name) on delete restrict
)
"""

ROLE_PERMISSION_COLUMNS = {
    **KEY_COLUMNS,
    "role_id": "The role.",
    "permission": "What it permits.",
    "created_at": "When the row was made.",
}

MEMBERSHIP_ROLES = """
create table tenancy.membership_roles (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  membership_id uuid not null,
  role_id uuid not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_membership_roles primary key (tenant_id, id),
  constraint uq_membership_roles_tenant_id_membership_id_role_id unique (tenant_id, membership_id, role_id),
  constraint fk_membership_roles_tenant_id_membership_id foreign key (tenant_id, membership_id)
    references tenancy.memberships (tenant_id, id) on delete cascade,
  constraint fk_membership_roles_tenant_id_role_id foreign key (tenant_id, role_id)
    references tenancy.roles (tenant_id, id) on delete restrict
)
"""

MEMBERSHIP_ROLE_COLUMNS = {
    **KEY_COLUMNS,
    "membership_id": "Whose place in the tenant it is.",
    "role_id": "A role of the tenant's own that it has beside the built-in one.",
    "created_at": "When the row was made.",
}

INVITATIONS = """
create table tenancy.invitations (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  email text not null,
  email_key text not null generated always as (lower(email collate "C")) stored,
  role text default 'member' not null,
  token_hash bytea not null,
  status text default 'pending' not null,
  invited_by uuid,
  accepted_by uuid,
  answered_at timestamp with time zone,
  expires_at timestamp with time zone not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_invitations primary key (tenant_id, id),
  constraint uq_invitations_tenant_id_token_hash unique (tenant_id, token_hash),
  constraint ck_invitations_email check (length(email) between 3 and 320 and email ~ '^[^@[:space:]]+@[^@[:space:]]+$'),
  constraint ck_invitations_role check (role in ('administrator', 'member', 'viewer')),
  constraint ck_invitations_token_hash check (octet_length(token_hash) = 32),
  constraint ck_invitations_status check (status in ('pending', 'accepted', 'declined', 'revoked')),
  constraint ck_invitations_accepted check ((status = 'accepted') = (accepted_by is not null)),
  constraint ck_invitations_answered check ((status = 'pending') = (answered_at is null)),
  constraint ck_invitations_expires_at check (expires_at > created_at)
)
"""

INVITATION_COLUMNS = {
    **KEY_COLUMNS,
    "email": "Whom it was sent to, as it was written.",
    "email_key": "The address in small letters, by which it is found; only who has proved it may accept.",
    "role": "The built-in role that it brings; nobody is invited as an owner.",
    "token_hash": "SHA-256 of the token in the link; a resent invitation gets another.",
    "status": "pending, accepted, declined or revoked; a pending one is void after expires_at.",
    "invited_by": "The person who invited; empty for the system itself.",
    "accepted_by": "The person who accepted; no foreign key, as people live in another service.",
    "answered_at": "When it was accepted, declined or revoked; empty while it is pending.",
    "expires_at": "Until when it can be accepted.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

WITHOUT_TOKEN = ", ".join(column for column in INVITATION_COLUMNS if column != "token_hash")

WORK = """
create table ops.tenant_work (
  tenant uuid not null,
  work text not null,
  digest text,
  outcome jsonb default '{}'::jsonb not null,
  progress jsonb default '{}'::jsonb not null,
  actor text not null,
  reason text not null,
  started_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_tenant_work primary key (tenant),
  constraint ck_tenant_work_work check (work in ('import', 'delete')),
  constraint ck_tenant_work_digest check ((work = 'import') = (digest is not null) and digest ~ '^[0-9a-f]{64}$'),
  constraint ck_tenant_work_outcome check (jsonb_typeof(outcome) = 'object'),
  constraint ck_tenant_work_progress check (jsonb_typeof(progress) = 'object')
)
"""

WORK_COLUMNS = {
    "tenant": "The tenant; no foreign key, as the work goes on before its row is complete and ends when it is gone.",
    "work": "import or delete.",
    "digest": "SHA-256 of the manifest that is imported: the import goes on with the same file and no other.",
    "outcome": "What the tenant's row becomes when an import is complete.",
    "progress": "Rows that are done, by table; counted in the transaction that does them.",
    "actor": "Who began it.",
    "reason": "Why.",
    "started_at": "When it was begun.",
    "updated_at": "When it last went on.",
}

TENANT_TABLES = ("tenancy.roles", "tenancy.role_permissions", "tenancy.membership_roles")


def upgrade() -> None:
    _live()
    _complete_memberships()
    _make_permissions()
    _make_roles()
    _make_invitations()
    _make_work()


def _live() -> None:
    ddl.execute(LIFE)
    for column, comment in LIFE_COLUMNS.items():
        ddl.comment_on(f"column tenancy.tenants.{column}", comment)
    ddl.execute("update tenancy.tenants set suspended_at = updated_at where status = 'suspended'")
    for name in FORMER_CHECKS:
        ddl.execute(f"alter table tenancy.tenants drop constraint ck_tenants_{name}")
    for name, check in CHECKS.items():
        ddl.execute(f"alter table tenancy.tenants add constraint ck_tenants_{name} check ({check})")
    ddl.grant("select", "tenancy.tenants", ["app_auth"])


def _complete_memberships() -> None:
    ddl.execute(MEMBERSHIPS)
    for column, comment in MEMBERSHIP_COLUMNS.items():
        ddl.comment_on(f"column tenancy.memberships.{column}", comment)
    ddl.grant("select, insert", "tenancy.memberships", ["app_auth"])
    ddl.execute(GUARD)
    ddl.close_function(
        "tenancy.guard_membership()",
        ["app_owner"],
        "Counts changes of a membership; holds the tenant before an owner goes.",
    )
    ddl.execute(
        "create trigger guard_membership before update or delete on tenancy.memberships "
        "for each row execute function tenancy.guard_membership()"
    )
    ddl.comment_on(
        "trigger guard_membership on tenancy.memberships", "Counts changes in epoch; one owner goes at a time."
    )
    ddl.execute(KEEP_AN_OWNER)
    ddl.close_function(
        "tenancy.keep_an_owner()", ["app_owner"], "Refuses, at commit, to leave a tenant without an owner."
    )
    ddl.execute(
        "create constraint trigger keep_an_owner after update or delete on tenancy.memberships "
        "deferrable initially deferred for each row when (old.role = 'owner' and old.status = 'active') "
        "execute function tenancy.keep_an_owner()"
    )
    ddl.comment_on("trigger keep_an_owner on tenancy.memberships", "A tenant that has an owner keeps one.")


def _make_permissions() -> None:
    ddl.execute(PERMISSIONS)
    ddl.comment_on_table("tenancy.permissions", "What may be permitted; the same for every tenant.", PERMISSION_COLUMNS)
    ddl.comment_on("index tenancy.pk_permissions", "A permission by its name.")
    ddl.execute(BUILTIN)
    ddl.comment_on_table(
        "tenancy.builtin_role_permissions", "What the roles that every tenant has permit.", BUILTIN_COLUMNS
    )
    ddl.comment_on("index tenancy.pk_builtin_role_permissions", "What a built-in role permits.")
    ddl.execute("create index ix_builtin_role_permissions_permission on tenancy.builtin_role_permissions (permission)")
    ddl.comment_on("index tenancy.ix_builtin_role_permissions_permission", "Which built-in roles permit something.")
    everyone = f"{ddl.role('app_tenant')}, {ddl.role('app_tenant_admin')}"
    for table in ("tenancy.permissions", "tenancy.builtin_role_permissions"):
        ddl.system_policies(table)
        ddl.execute(f"create policy shared_rows on {table} for select to {everyone} using (true)")
        ddl.grant(
            "select",
            table,
            ["app_rw", "app_ro", "app_auth", "admin_service", "auth_service", "app_maint", "app_backup"],
        )
        ddl.grant("select, insert, update, delete", table, ["app_admin"])
    ddl.execute(SEED_PERMISSIONS)
    ddl.execute(SEED_BUILTIN)


def _make_roles() -> None:
    ddl.execute(ROLES)
    ddl.comment_on_table("tenancy.roles", "Roles of the tenant's own, beside the built-in ones.", ROLE_COLUMNS)
    ddl.comment_on("index tenancy.pk_roles", "A role by its id.")
    ddl.comment_on("index tenancy.uq_roles_tenant_id_name", "A role by its name; the tenant's roles.")

    ddl.execute(ROLE_PERMISSIONS)
    ddl.comment_on_table("tenancy.role_permissions", "What a tenant's own role permits.", ROLE_PERMISSION_COLUMNS)
    ddl.comment_on("index tenancy.pk_role_permissions", "A permission of a role by its id.")
    ddl.comment_on("index tenancy.uq_role_permissions_tenant_id_role_id_permission", "What a role permits.")
    ddl.execute(
        "create index ix_role_permissions_tenant_id_permission on tenancy.role_permissions (tenant_id, permission)"
    )
    ddl.comment_on("index tenancy.ix_role_permissions_tenant_id_permission", "Which roles permit something.")

    ddl.execute(MEMBERSHIP_ROLES)
    ddl.comment_on_table(
        "tenancy.membership_roles", "Which of the tenant's own roles a member has.", MEMBERSHIP_ROLE_COLUMNS
    )
    ddl.comment_on("index tenancy.pk_membership_roles", "A role of a member by its id.")
    ddl.comment_on("index tenancy.uq_membership_roles_tenant_id_membership_id_role_id", "The roles of a member.")
    ddl.execute("create index ix_membership_roles_tenant_id_role_id on tenancy.membership_roles (tenant_id, role_id)")
    ddl.comment_on("index tenancy.ix_membership_roles_tenant_id_role_id", "The members that have a role.")
    ddl.execute(BUMP)
    ddl.close_function(
        "tenancy.bump_membership()", ["app_owner"], "Counts a change of a member's roles in its membership."
    )
    ddl.execute(
        "create trigger bump_membership before insert or update or delete on tenancy.membership_roles "
        "for each row execute function tenancy.bump_membership()"
    )
    ddl.comment_on("trigger bump_membership on tenancy.membership_roles", "A member's roles count in its epoch.")
    for table in TENANT_TABLES:
        ddl.belongs_to_tenant(table, f"fk_{table.split('.')[1]}_tenant_id")
        ddl.tenant_policies(table)
        ddl.grant("select, insert, update, delete", table, ["app_rw", "app_admin", "admin_service"])
        ddl.grant("select", table, ["app_ro", "app_auth", "auth_service", "app_maint", "app_backup"])


def _make_invitations() -> None:
    ddl.execute(INVITATIONS)
    ddl.comment_on_table("tenancy.invitations", "Who was invited to a tenant, and what came of it.", INVITATION_COLUMNS)
    ddl.comment_on("index tenancy.pk_invitations", "An invitation by its id.")
    ddl.comment_on("index tenancy.uq_invitations_tenant_id_token_hash", "The invitation of a link.")
    ddl.execute(
        "create unique index uq_invitations_tenant_id_email_key on tenancy.invitations (tenant_id, email_key) "
        "where status = 'pending'"
    )
    ddl.comment_on("index tenancy.uq_invitations_tenant_id_email_key", "The one pending invitation of an address.")
    ddl.belongs_to_tenant("tenancy.invitations", "fk_invitations_tenant_id")
    ddl.tenant_policies("tenancy.invitations")
    ddl.grant(
        f"select ({WITHOUT_TOKEN}), insert, "
        "update (email, role, token_hash, status, accepted_by, answered_at, expires_at, updated_at), delete",
        "tenancy.invitations",
        ["app_rw", "admin_service"],
    )
    ddl.grant(f"select ({WITHOUT_TOKEN})", "tenancy.invitations", ["app_ro"])
    ddl.grant(
        "select, update (status, accepted_by, answered_at, updated_at)",
        "tenancy.invitations",
        ["app_auth", "auth_service"],
    )
    ddl.grant(f"select ({WITHOUT_TOKEN}), delete", "tenancy.invitations", ["app_maint"])
    ddl.grant("select, insert, update, delete", "tenancy.invitations", ["app_admin"])
    ddl.grant("select", "tenancy.invitations", ["app_backup"])


def _make_work() -> None:
    ddl.execute(WORK)
    ddl.comment_on_table(
        "ops.tenant_work", "Imports and deletions of tenants that are under way, and how far they are.", WORK_COLUMNS
    )
    ddl.comment_on("index ops.pk_tenant_work", "The work on a tenant; one at a time.")
    ddl.system_policies("ops.tenant_work")
    ddl.grant("select, insert, update, delete", "ops.tenant_work", ["app_admin"])
    ddl.grant("select", "ops.tenant_work", ["app_maint", "app_backup"])


def downgrade() -> None:
    ddl.execute("drop table ops.tenant_work")
    ddl.execute("drop table tenancy.invitations")
    ddl.execute("drop table tenancy.membership_roles")
    ddl.execute("drop function tenancy.bump_membership()")
    ddl.execute("drop table tenancy.role_permissions")
    ddl.execute("drop table tenancy.roles")
    ddl.execute("drop table tenancy.builtin_role_permissions")
    ddl.execute("drop table tenancy.permissions")
    ddl.execute("drop trigger keep_an_owner on tenancy.memberships")
    ddl.execute("drop function tenancy.keep_an_owner()")
    ddl.execute("drop trigger guard_membership on tenancy.memberships")
    ddl.execute("drop function tenancy.guard_membership()")
    app_auth = ddl.role("app_auth")
    ddl.execute(f"revoke select, insert on tenancy.memberships from {app_auth}")
    ddl.execute("alter table tenancy.memberships drop column status, drop column epoch")
    for name in CHECKS:
        ddl.execute(f"alter table tenancy.tenants drop constraint ck_tenants_{name}")
    ddl.execute(FORMER_STATUS)
    ddl.execute(NO_LIFE)
    for name, check in FORMER_CHECKS.items():
        ddl.execute(f"alter table tenancy.tenants add constraint ck_tenants_{name} check ({check})")
    ddl.comment_on(
        "column tenancy.tenants.status", "Where its approval stands: pending, approved, rejected or suspended."
    )
    ddl.execute(f"revoke select on tenancy.tenants from {app_auth}")
