set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade core_0006 -> core_0007

alter table tenancy.tenants
  add column suspended_at timestamp with time zone,
  add column suspension_reason text,
  add column deletion_requested_at timestamp with time zone,
  add column delete_after timestamp with time zone,
  add column deletion_started_at timestamp with time zone;

comment on column tenancy.tenants.status is 'Where it stands: pending, approved, rejected, suspended, importing or deleting.';

comment on column tenancy.tenants.suspended_at is 'When it was suspended; empty otherwise.';

comment on column tenancy.tenants.suspension_reason is 'Why it was suspended.';

comment on column tenancy.tenants.deletion_requested_at is 'When its deletion was asked for; empty otherwise.';

comment on column tenancy.tenants.delete_after is 'When its rows may go; until then the deletion can be taken back.';

comment on column tenancy.tenants.deletion_started_at is 'When the first of its rows went; from then on there is no way back.';

update tenancy.tenants set suspended_at = updated_at where status = 'suspended';

alter table tenancy.tenants drop constraint ck_tenants_status;

alter table tenancy.tenants drop constraint ck_tenants_rejection_reason;

alter table tenancy.tenants drop constraint ck_tenants_approved;

alter table tenancy.tenants add constraint ck_tenants_status check (status in ('pending', 'approved', 'rejected', 'suspended', 'importing', 'deleting'));

alter table tenancy.tenants add constraint ck_tenants_rejection_reason check ((status <> 'rejected' or rejection_reason is not null) and (rejection_reason is null or status in ('rejected', 'importing', 'deleting')));

alter table tenancy.tenants add constraint ck_tenants_approved check (status <> 'approved' or (approved_at is not null and approved_by is not null));

alter table tenancy.tenants add constraint ck_tenants_suspended check ((suspended_at is null or status in ('suspended', 'importing', 'deleting')) and (suspension_reason is null or suspended_at is not null));

alter table tenancy.tenants add constraint ck_tenants_suspension_reason check (length(suspension_reason) between 1 and 1000);

alter table tenancy.tenants add constraint ck_tenants_deletion check ((status = 'deleting') = (deletion_requested_at is not null) and (status = 'deleting') = (delete_after is not null) and (status = 'deleting' or deletion_started_at is null));

grant select on tenancy.tenants to app_auth;

alter table tenancy.memberships
  add column status text default 'active' not null,
  add column epoch integer default 1 not null,
  add constraint ck_memberships_status check (status in ('active', 'suspended')),
  add constraint ck_memberships_epoch check (epoch >= 1);

comment on column tenancy.memberships.status is 'active or suspended.';

comment on column tenancy.memberships.epoch is 'Grows when role, roles or status change: what was issued for an earlier one is void.';

grant select, insert on tenancy.memberships to app_auth;

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
$body$;

revoke execute on function tenancy.guard_membership() from public;

grant execute on function tenancy.guard_membership() to app_owner;

comment on function tenancy.guard_membership() is 'Counts changes of a membership; holds the tenant before an owner goes.';

create trigger guard_membership before update or delete on tenancy.memberships for each row execute function tenancy.guard_membership();

comment on trigger guard_membership on tenancy.memberships is 'Counts changes in epoch; one owner goes at a time.';

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
$body$;

revoke execute on function tenancy.keep_an_owner() from public;

grant execute on function tenancy.keep_an_owner() to app_owner;

comment on function tenancy.keep_an_owner() is 'Refuses, at commit, to leave a tenant without an owner.';

create constraint trigger keep_an_owner after update or delete on tenancy.memberships deferrable initially deferred for each row when (old.role = 'owner' and old.status = 'active') execute function tenancy.keep_an_owner();

comment on trigger keep_an_owner on tenancy.memberships is 'A tenant that has an owner keeps one.';

create table tenancy.permissions (
  name text not null,
  description text not null,
  created_at timestamp with time zone default now() not null,
  constraint pk_permissions primary key (name),
  constraint ck_permissions_name check (name ~ '^[a-z][a-z0-9_]{0,49}[.][a-z][a-z0-9_]{0,49}$'),
  constraint ck_permissions_description check (length(description) between 1 and 500)
);

comment on table tenancy.permissions is 'What may be permitted; the same for every tenant.';

comment on column tenancy.permissions.name is 'What may be done, as noun.verb, e.g. member.invite.';

comment on column tenancy.permissions.description is 'What that means, for whoever gives it.';

comment on column tenancy.permissions.created_at is 'When the row was made.';

comment on index tenancy.pk_permissions is 'A permission by its name.';

create table tenancy.builtin_role_permissions (
  role text not null,
  permission text not null,
  constraint pk_builtin_role_permissions primary key (role, permission),
  constraint ck_builtin_role_permissions_role check (role in ('owner', 'administrator', 'member', 'viewer')),
  constraint fk_builtin_role_permissions_permission foreign key (permission)
    references tenancy.permissions (name) on delete cascade
);

comment on table tenancy.builtin_role_permissions is 'What the roles that every tenant has permit.';

comment on column tenancy.builtin_role_permissions.role is 'One of the roles that every tenant has: owner, administrator, member or viewer.';

comment on column tenancy.builtin_role_permissions.permission is 'What it permits.';

comment on index tenancy.pk_builtin_role_permissions is 'What a built-in role permits.';

create index ix_builtin_role_permissions_permission on tenancy.builtin_role_permissions (permission);

comment on index tenancy.ix_builtin_role_permissions_permission is 'Which built-in roles permit something.';

alter table tenancy.permissions enable row level security;

alter table tenancy.permissions force row level security;

create policy all_rows on tenancy.permissions to app_all using (true) with check (true);

create policy shared_rows on tenancy.permissions for select to app_tenant, app_tenant_admin using (true);

grant select on tenancy.permissions to app_rw, app_ro, app_auth, admin_service, auth_service, app_maint, app_backup;

grant select, insert, update, delete on tenancy.permissions to app_admin;

alter table tenancy.builtin_role_permissions enable row level security;

alter table tenancy.builtin_role_permissions force row level security;

create policy all_rows on tenancy.builtin_role_permissions to app_all using (true) with check (true);

create policy shared_rows on tenancy.builtin_role_permissions for select to app_tenant, app_tenant_admin using (true);

grant select on tenancy.builtin_role_permissions to app_rw, app_ro, app_auth, admin_service, auth_service, app_maint, app_backup;

grant select, insert, update, delete on tenancy.builtin_role_permissions to app_admin;

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
  ('data.write', 'Change the data of the tenant.');

insert into tenancy.builtin_role_permissions (role, permission)
select r.role, p.name
from tenancy.permissions as p
join (values
  ('owner', '.'),
  ('administrator', '^(tenant[.](read|update)|member|role|audit|data)'),
  ('member', '^(tenant[.]read|member[.]read|data[.])'),
  ('viewer', '^(tenant|member|data)[.]read')
) as r (role, pattern) on p.name ~ r.pattern;

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
);

comment on table tenancy.roles is 'Roles of the tenant''s own, beside the built-in ones.';

comment on column tenancy.roles.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column tenancy.roles.id is 'UUIDv7: unique, and in the order of creation.';

comment on column tenancy.roles.name is 'What people call it; none of the built-in names.';

comment on column tenancy.roles.description is 'What it is for.';

comment on column tenancy.roles.created_at is 'When the row was made.';

comment on column tenancy.roles.updated_at is 'When the row was last changed.';

comment on index tenancy.pk_roles is 'A role by its id.';

comment on index tenancy.uq_roles_tenant_id_name is 'A role by its name; the tenant''s roles.';

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
);

comment on table tenancy.role_permissions is 'What a tenant''s own role permits.';

comment on column tenancy.role_permissions.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column tenancy.role_permissions.id is 'UUIDv7: unique, and in the order of creation.';

comment on column tenancy.role_permissions.role_id is 'The role.';

comment on column tenancy.role_permissions.permission is 'What it permits.';

comment on column tenancy.role_permissions.created_at is 'When the row was made.';

comment on index tenancy.pk_role_permissions is 'A permission of a role by its id.';

comment on index tenancy.uq_role_permissions_tenant_id_role_id_permission is 'What a role permits.';

create index ix_role_permissions_tenant_id_permission on tenancy.role_permissions (tenant_id, permission);

comment on index tenancy.ix_role_permissions_tenant_id_permission is 'Which roles permit something.';

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
);

comment on table tenancy.membership_roles is 'Which of the tenant''s own roles a member has.';

comment on column tenancy.membership_roles.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column tenancy.membership_roles.id is 'UUIDv7: unique, and in the order of creation.';

comment on column tenancy.membership_roles.membership_id is 'Whose place in the tenant it is.';

comment on column tenancy.membership_roles.role_id is 'A role of the tenant''s own that it has beside the built-in one.';

comment on column tenancy.membership_roles.created_at is 'When the row was made.';

comment on index tenancy.pk_membership_roles is 'A role of a member by its id.';

comment on index tenancy.uq_membership_roles_tenant_id_membership_id_role_id is 'The roles of a member.';

create index ix_membership_roles_tenant_id_role_id on tenancy.membership_roles (tenant_id, role_id);

comment on index tenancy.ix_membership_roles_tenant_id_role_id is 'The members that have a role.';

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
$body$;

revoke execute on function tenancy.bump_membership() from public;

grant execute on function tenancy.bump_membership() to app_owner;

comment on function tenancy.bump_membership() is 'Counts a change of a member''s roles in its membership.';

create trigger bump_membership before insert or update or delete on tenancy.membership_roles for each row execute function tenancy.bump_membership();

comment on trigger bump_membership on tenancy.membership_roles is 'A member''s roles count in its epoch.';

alter table tenancy.roles add constraint fk_roles_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table tenancy.roles enable row level security;

alter table tenancy.roles force row level security;

create policy tenant_rows on tenancy.roles to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on tenancy.roles to app_all using (true) with check (true);

grant select, insert, update, delete on tenancy.roles to app_rw, app_admin, admin_service;

grant select on tenancy.roles to app_ro, app_auth, auth_service, app_maint, app_backup;

alter table tenancy.role_permissions add constraint fk_role_permissions_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table tenancy.role_permissions enable row level security;

alter table tenancy.role_permissions force row level security;

create policy tenant_rows on tenancy.role_permissions to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on tenancy.role_permissions to app_all using (true) with check (true);

grant select, insert, update, delete on tenancy.role_permissions to app_rw, app_admin, admin_service;

grant select on tenancy.role_permissions to app_ro, app_auth, auth_service, app_maint, app_backup;

alter table tenancy.membership_roles add constraint fk_membership_roles_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table tenancy.membership_roles enable row level security;

alter table tenancy.membership_roles force row level security;

create policy tenant_rows on tenancy.membership_roles to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on tenancy.membership_roles to app_all using (true) with check (true);

grant select, insert, update, delete on tenancy.membership_roles to app_rw, app_admin, admin_service;

grant select on tenancy.membership_roles to app_ro, app_auth, auth_service, app_maint, app_backup;

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
);

comment on table tenancy.invitations is 'Who was invited to a tenant, and what came of it.';

comment on column tenancy.invitations.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column tenancy.invitations.id is 'UUIDv7: unique, and in the order of creation.';

comment on column tenancy.invitations.email is 'Whom it was sent to, as it was written.';

comment on column tenancy.invitations.email_key is 'The address in small letters, by which it is found; only who has proved it may accept.';

comment on column tenancy.invitations.role is 'The built-in role that it brings; nobody is invited as an owner.';

comment on column tenancy.invitations.token_hash is 'SHA-256 of the token in the link; a resent invitation gets another.';

comment on column tenancy.invitations.status is 'pending, accepted, declined or revoked; a pending one is void after expires_at.';

comment on column tenancy.invitations.invited_by is 'The person who invited; empty for the system itself.';

comment on column tenancy.invitations.accepted_by is 'The person who accepted; no foreign key, as people live in another service.';

comment on column tenancy.invitations.answered_at is 'When it was accepted, declined or revoked; empty while it is pending.';

comment on column tenancy.invitations.expires_at is 'Until when it can be accepted.';

comment on column tenancy.invitations.created_at is 'When the row was made.';

comment on column tenancy.invitations.updated_at is 'When the row was last changed.';

comment on index tenancy.pk_invitations is 'An invitation by its id.';

comment on index tenancy.uq_invitations_tenant_id_token_hash is 'The invitation of a link.';

create unique index uq_invitations_tenant_id_email_key on tenancy.invitations (tenant_id, email_key) where status = 'pending';

comment on index tenancy.uq_invitations_tenant_id_email_key is 'The one pending invitation of an address.';

alter table tenancy.invitations add constraint fk_invitations_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table tenancy.invitations enable row level security;

alter table tenancy.invitations force row level security;

create policy tenant_rows on tenancy.invitations to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on tenancy.invitations to app_all using (true) with check (true);

grant select (tenant_id, id, email, email_key, role, status, invited_by, accepted_by, answered_at, expires_at, created_at, updated_at), insert, update (email, role, token_hash, status, accepted_by, answered_at, expires_at, updated_at), delete on tenancy.invitations to app_rw, admin_service;

grant select (tenant_id, id, email, email_key, role, status, invited_by, accepted_by, answered_at, expires_at, created_at, updated_at) on tenancy.invitations to app_ro;

grant select, update (status, accepted_by, answered_at, updated_at) on tenancy.invitations to app_auth, auth_service;

grant select (tenant_id, id, email, email_key, role, status, invited_by, accepted_by, answered_at, expires_at, created_at, updated_at), delete on tenancy.invitations to app_maint;

grant select, insert, update, delete on tenancy.invitations to app_admin;

grant select on tenancy.invitations to app_backup;

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
);

comment on table ops.tenant_work is 'Imports and deletions of tenants that are under way, and how far they are.';

comment on column ops.tenant_work.tenant is 'The tenant; no foreign key, as the work goes on before its row is complete and ends when it is gone.';

comment on column ops.tenant_work.work is 'import or delete.';

comment on column ops.tenant_work.digest is 'SHA-256 of the manifest that is imported: the import goes on with the same file and no other.';

comment on column ops.tenant_work.outcome is 'What the tenant''s row becomes when an import is complete.';

comment on column ops.tenant_work.progress is 'Rows that are done, by table; counted in the transaction that does them.';

comment on column ops.tenant_work.actor is 'Who began it.';

comment on column ops.tenant_work.reason is 'Why.';

comment on column ops.tenant_work.started_at is 'When it was begun.';

comment on column ops.tenant_work.updated_at is 'When it last went on.';

comment on index ops.pk_tenant_work is 'The work on a tenant; one at a time.';

alter table ops.tenant_work enable row level security;

alter table ops.tenant_work force row level security;

create policy all_rows on ops.tenant_work to app_all using (true) with check (true);

grant select, insert, update, delete on ops.tenant_work to app_admin;

grant select on ops.tenant_work to app_maint, app_backup;

UPDATE app.alembic_version SET version_num='core_0007' WHERE app.alembic_version.version_num = 'core_0006';

COMMIT;

