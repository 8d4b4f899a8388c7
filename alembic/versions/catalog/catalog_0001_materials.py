"""Materials, and the function that finds them.

Why: full-text operators are not leakproof, so a policy would keep the planner from using their index; the search runs
in a function of app_definer, who sees all rows, with the tenant filter inside. The function fails where no tenant is
bound. Its plans are made for the tenant at hand, as tenants differ in size.

Locks: none that anybody waits for: the foreign key takes SHARE ROW EXCLUSIVE on tenancy.tenants for a moment.

Safe with the previous release? Yes.

Undo: drops the function, the table with its rows, and the schema.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "catalog_0001"
down_revision = None
branch_labels = ("catalog",)
depends_on = "core_0003"

READERS = ("app_rw", "app_ro", "catalog_service", "app_admin")

# The configuration russian stems words in Latin letters as English, so one vector serves both languages.
MATERIALS = """
create table catalog.materials (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  code text not null,
  name text not null,
  description text default '' not null,
  unit text not null,
  price_minor bigint not null,
  currency text default 'RUB' not null,
  search tsvector not null generated always as (
    setweight(to_tsvector('pg_catalog.russian'::regconfig, name), 'A') ||
    setweight(to_tsvector('pg_catalog.russian'::regconfig, code), 'A') ||
    setweight(to_tsvector('pg_catalog.russian'::regconfig, description), 'B')
  ) stored,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_materials primary key (tenant_id, id),
  constraint uq_materials_tenant_id_code unique (tenant_id, code),
  constraint ck_materials_code check (length(code) between 1 and 64),
  constraint ck_materials_name check (length(name) between 1 and 500),
  constraint ck_materials_description check (length(description) <= 10000),
  constraint ck_materials_unit check (length(unit) between 1 and 32),
  constraint ck_materials_price_minor check (price_minor >= 0),
  constraint ck_materials_currency check (currency ~ '^[A-Z]{3}$')
)
"""

MATERIAL_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "code": "The tenant's own number for it.",
    "name": "What people call it, in Russian or English.",
    "description": "Whatever helps to find and to choose it.",
    "unit": "The unit that the price is for, e.g. kg, m2, шт.",
    "price_minor": "The price of one unit, in the currency's minor unit.",
    "currency": "ISO 4217 code of the currency.",
    "search": "What the full-text search looks at: name, code and description.",
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

SEARCH = """
create function catalog.search_materials(query text, result_limit integer default 20)
returns table (
  id uuid, code text, name text, description text, unit text, price_minor bigint, currency text, rank real
)
language plpgsql stable parallel safe security definer rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := app.current_tenant_id();
  words tsquery := websearch_to_tsquery('pg_catalog.russian', query);
begin
  if tenant is null then
    raise exception 'no tenant is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_tenant_id(...) in the same transaction';
  end if;
  return query
    select m.id, m.code, m.name, m.description, m.unit, m.price_minor, m.currency, ts_rank(m.search, words) as rank
    from catalog.materials as m
    where m.tenant_id = tenant and m.search @@ words
    order by rank desc, m.id
    limit result_limit;
end
$body$
"""

SEARCH_SIGNATURE = "catalog.search_materials(text, integer)"


def upgrade() -> None:
    ddl.create_schema("catalog", "What tenants buy, sell or estimate with.", ddl.EVERYONE)
    ddl.execute(MATERIALS)
    ddl.comment_on_table(
        "catalog.materials", "The materials of each tenant's catalogue, with their prices.", MATERIAL_COLUMNS
    )
    ddl.comment_on("index catalog.pk_materials", "A material by its id.")
    ddl.comment_on("index catalog.uq_materials_tenant_id_code", "A material by the tenant's own number.")
    # no pending list: after bulk writes it made a search as slow as a scan until the next vacuum
    ddl.execute(
        "create index ix_materials_tenant_id_search on catalog.materials "
        "using gin (tenant_id extensions.uuid_ops, search) with (fastupdate = off)"
    )
    ddl.comment_on("index catalog.ix_materials_tenant_id_search", "Full-text search within a tenant.")
    ddl.execute(
        "create index ix_materials_tenant_id_created_at on catalog.materials (tenant_id, created_at desc, id desc)"
    )
    ddl.comment_on("index catalog.ix_materials_tenant_id_created_at", "The newest materials of a tenant.")
    ddl.belongs_to_tenant("catalog.materials", "fk_materials_tenant_id")
    ddl.tenant_policies("catalog.materials")
    ddl.grant("select, insert, update, delete", "catalog.materials", ["app_rw", "catalog_service", "app_admin"])
    ddl.grant("select", "catalog.materials", ["app_ro", "app_maint", "app_backup", "app_definer"])

    ddl.execute(SEARCH)
    ddl.close_function(SEARCH_SIGNATURE, READERS, "The current tenant's materials that match, best first.")
    ddl.give_to_definer(SEARCH_SIGNATURE, "catalog")


def downgrade() -> None:
    ddl.execute(f"drop function {SEARCH_SIGNATURE}")
    ddl.execute("drop table catalog.materials")
    ddl.execute("drop schema catalog")
