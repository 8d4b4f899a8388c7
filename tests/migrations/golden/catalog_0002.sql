-- Running upgrade catalog_0001 -> catalog_0002

create table catalog.categories (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  parent_id uuid,
  name text not null,
  position integer default 0 not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_categories primary key (tenant_id, id),
  constraint ck_categories_name check (length(name) between 1 and 200),
  constraint ck_categories_parent_id check (parent_id <> id)
);

comment on table catalog.categories is 'The categories of each tenant''s catalogue, a tree.';

comment on column catalog.categories.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column catalog.categories.id is 'UUIDv7: unique, and in the order of creation.';

comment on column catalog.categories.parent_id is 'The category that it is part of; empty at the top.';

comment on column catalog.categories.name is 'What people call it; no two of one parent have the same.';

comment on column catalog.categories.position is 'Where it stands among those of its parent, smallest first; equal ones by name.';

comment on column catalog.categories.created_at is 'When the row was made.';

comment on column catalog.categories.updated_at is 'When the row was last changed.';

comment on index catalog.pk_categories is 'A category by its id; the way up from one.';

create unique index uq_categories_tenant_id_parent_id_name on catalog.categories (tenant_id, parent_id, name) where parent_id is not null;

comment on index catalog.uq_categories_tenant_id_parent_id_name is 'The categories of a parent by name.';

create unique index uq_categories_tenant_id_name_top on catalog.categories (tenant_id, name) where parent_id is null;

comment on index catalog.uq_categories_tenant_id_name_top is 'The categories at the top by name.';

alter table catalog.categories add constraint fk_categories_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table catalog.categories add constraint fk_categories_tenant_id_parent_id foreign key (tenant_id, parent_id) references catalog.categories (tenant_id, id) on delete restrict;

alter table catalog.categories enable row level security;

alter table catalog.categories force row level security;

create policy tenant_rows on catalog.categories to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on catalog.categories to app_all using (true) with check (true);

grant select, delete, insert (tenant_id, id, parent_id, name, position), update (parent_id, name, position, updated_at) on catalog.categories to app_rw, catalog_service;

grant select, insert, update, delete on catalog.categories to app_admin;

grant select on catalog.categories to app_ro, app_maint, app_backup, app_definer;

create function catalog.refuse_circle() returns trigger
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tenancy.is_in_transit(new.tenant_id) then
    return null;
  end if;
  if tg_op = 'UPDATE' then
    if current_setting('transaction_isolation') not in ('read committed', 'read uncommitted') then
      raise exception 'a category is moved at READ COMMITTED, where others'' moves are seen' using
        errcode = 'feature_not_supported',
        hint = 'move it in a session that names no isolation level';
    end if;
    perform pg_advisory_xact_lock(hashtextextended('catalog.categories ' || new.tenant_id, 0));
  end if;
  if exists (
    with recursive above (id) as (
      values (new.parent_id)
      union
      select c.parent_id from catalog.categories as c join above on c.tenant_id = new.tenant_id and c.id = above.id
    )
    select from above where id = new.id
  ) then
    raise exception 'category % would lie below itself', new.id using
      errcode = 'check_violation', schema = 'catalog', table = 'categories', constraint = 'ck_categories_circle',
      hint = 'move it to a category that is not below it, or to the top';
  end if;
  return null;
end
$body$;

revoke execute on function catalog.refuse_circle() from public;

grant execute on function catalog.refuse_circle() to app_owner;

comment on function catalog.refuse_circle() is 'Refuses a category that would lie below itself.';

create trigger refuse_circle_at_insert after insert on catalog.categories for each row when (new.parent_id is not null) execute function catalog.refuse_circle();

create trigger refuse_circle after update of parent_id on catalog.categories for each row when (new.parent_id is not null and new.parent_id is distinct from old.parent_id) execute function catalog.refuse_circle();

comment on trigger refuse_circle_at_insert on catalog.categories is 'Several new rows may form a circle.';

comment on trigger refuse_circle on catalog.categories is 'A category is not moved below itself.';

create function catalog.category_and_below(category uuid) returns uuid[]
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $body$
  with recursive below (id) as (
    select c.id from catalog.categories as c where c.tenant_id = app.current_tenant_id() and c.id = category
    union
    select c.id from catalog.categories as c join below on c.parent_id = below.id
    where c.tenant_id = app.current_tenant_id()
  )
  select coalesce(array_agg(id), '{}') from below
$body$;

revoke execute on function catalog.category_and_below(uuid) from public;

grant execute on function catalog.category_and_below(uuid) to app_rw, app_ro, catalog_service, app_admin, app_definer;

comment on function catalog.category_and_below(uuid) is 'The ids of a category of the current tenant and of all below it; none where there is no such category.';

alter table catalog.materials add column category_id uuid;

comment on column catalog.materials.category_id is 'The category that it is in; empty where it is in none.';

alter table catalog.materials add constraint fk_materials_tenant_id_category_id foreign key (tenant_id, category_id) references catalog.categories (tenant_id, id) on delete restrict not valid;

create trigger touch_updated_at before update on catalog.categories for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on catalog.categories is 'Says when a row was changed, whoever does it.';

create trigger touch_updated_at before update on catalog.materials for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on catalog.materials is 'Says when a row was changed, whoever does it.';

DELETE FROM app.alembic_version WHERE app.alembic_version.version_num = 'catalog_0001';

UPDATE app.alembic_version SET version_num='catalog_0002' WHERE app.alembic_version.version_num = 'core_0008';

COMMIT;

