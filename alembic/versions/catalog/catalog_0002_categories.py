"""Categories: a tree in each tenant, and the one that a material is in.

Why: a catalogue is looked through by its shelves. That no category lies below itself, no CHECK can say: it is a matter
of several rows. A trigger looks when everything of a statement is written, since one INSERT may hold a whole circle. Of
two sessions that move A below B and B below A at the same moment neither sees the other's row, so who moves a category
waits for whoever else moves one in that tenant, until that one's transaction has ended, and then looks with a new
snapshot. At REPEATABLE READ and above there is no new snapshot, so moving is refused there.

Locks: ACCESS EXCLUSIVE on catalog.materials for a moment: a new column that may be empty is written nowhere, and its
foreign key is NOT VALID, so no row is read; catalog_0003 validates it. SHARE ROW EXCLUSIVE on tenancy.tenants for a
moment.

Safe with the previous release? Yes: it does not name the column, and a material without a category is as before.
`updated_at` is now set by the server too, to what the ORM sets it to.

Undo: drops the table with its rows, and from each material what category it was in.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "catalog_0002"
down_revision = "catalog_0001"
branch_labels = None
depends_on = "core_0008"

CATEGORIES = """
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
)
"""

CATEGORY_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "parent_id": "The category that it is part of; empty at the top.",
    "name": "What people call it; no two of one parent have the same.",
    "position": "Where it stands among those of its parent, smallest first; equal ones by name.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

# Partial, so that neither is a key that somebody may refer to: who moves or renames a category would wait for whoever
# is putting something into it, and two who move two below each other would deadlock.
NAMES = (
    (
        "uq_categories_tenant_id_parent_id_name",
        "tenant_id, parent_id, name",
        "parent_id is not null",
        "The categories of a parent by name.",
    ),
    ("uq_categories_tenant_id_name_top", "tenant_id, name", "parent_id is null", "The categories at the top by name."),
)

# An INSERT needs no lock: nobody else can refer to a row before it is committed. UNION ends the walk in a circle.
REFUSE_CIRCLE = """
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
$body$
"""

# Of the current tenant's categories alone, also where the caller sees all of them.
CATEGORY_AND_BELOW = """
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
$body$
"""

TOUCH = (
    "create trigger touch_updated_at before update on catalog.{} for each row execute function app.touch_updated_at()"
)


def upgrade() -> None:
    ddl.execute(CATEGORIES)
    ddl.comment_on_table("catalog.categories", "The categories of each tenant's catalogue, a tree.", CATEGORY_COLUMNS)
    ddl.comment_on("index catalog.pk_categories", "A category by its id; the way up from one.")
    for index, columns, where, comment in NAMES:
        ddl.execute(f"create unique index {index} on catalog.categories ({columns}) where {where}")
        ddl.comment_on(f"index catalog.{index}", comment)
    ddl.belongs_to_tenant("catalog.categories", "fk_categories_tenant_id")
    ddl.execute(
        "alter table catalog.categories add constraint fk_categories_tenant_id_parent_id "
        "foreign key (tenant_id, parent_id) references catalog.categories (tenant_id, id) on delete restrict"
    )
    ddl.tenant_policies("catalog.categories")
    ddl.grant(
        "select, delete, insert (tenant_id, id, parent_id, name, position), "
        "update (parent_id, name, position, updated_at)",
        "catalog.categories",
        ["app_rw", "catalog_service"],
    )
    ddl.grant("select, insert, update, delete", "catalog.categories", ["app_admin"])
    ddl.grant("select", "catalog.categories", ["app_ro", "app_maint", "app_backup", "app_definer"])

    ddl.execute(REFUSE_CIRCLE)
    ddl.close_function("catalog.refuse_circle()", ["app_owner"], "Refuses a category that would lie below itself.")
    ddl.execute(
        "create trigger refuse_circle_at_insert after insert on catalog.categories "
        "for each row when (new.parent_id is not null) execute function catalog.refuse_circle()"
    )
    ddl.execute(
        "create trigger refuse_circle after update of parent_id on catalog.categories "
        "for each row when (new.parent_id is not null and new.parent_id is distinct from old.parent_id) "
        "execute function catalog.refuse_circle()"
    )
    ddl.comment_on("trigger refuse_circle_at_insert on catalog.categories", "Several new rows may form a circle.")
    ddl.comment_on("trigger refuse_circle on catalog.categories", "A category is not moved below itself.")
    ddl.execute(CATEGORY_AND_BELOW)
    ddl.close_function(
        "catalog.category_and_below(uuid)",
        ["app_rw", "app_ro", "catalog_service", "app_admin", "app_definer"],
        "The ids of a category of the current tenant and of all below it; none where there is no such category.",
    )

    ddl.execute("alter table catalog.materials add column category_id uuid")
    ddl.comment_on("column catalog.materials.category_id", "The category that it is in; empty where it is in none.")
    ddl.execute(
        "alter table catalog.materials add constraint fk_materials_tenant_id_category_id "
        "foreign key (tenant_id, category_id) references catalog.categories (tenant_id, id) "
        "on delete restrict not valid"
    )
    for table in ("categories", "materials"):
        ddl.execute(TOUCH.format(table))
        ddl.comment_on(f"trigger touch_updated_at on catalog.{table}", "Says when a row was changed, whoever does it.")


def downgrade() -> None:
    ddl.execute("drop trigger touch_updated_at on catalog.materials")
    ddl.execute("alter table catalog.materials drop constraint fk_materials_tenant_id_category_id")
    ddl.execute("alter table catalog.materials drop column category_id")
    ddl.execute("drop function catalog.category_and_below(uuid)")
    ddl.execute("drop table catalog.categories")
    ddl.execute("drop function catalog.refuse_circle()")
