"""How often materials are used, by day.

Why: a row for each day and material, counted up in place, so that a year of statistics is read and not a year of
events. It has no id: its key is the day and the material, as counting up needs them unique, and a second index on each
partition would be written for every new row. Months go after thirteen of them, by dropping a partition.

Locks: none that anybody waits for: each foreign key takes SHARE ROW EXCLUSIVE on tenancy.tenants or catalog.materials
for a moment. So does each partition that is made later, and one that is dropped takes ACCESS EXCLUSIVE on both.

Safe with the previous release? Yes. A material that it deletes takes its statistics with it.

Undo: drops the table with its rows.
"""

from app_db.migrations.ddl import v1, v2

revision = "catalog_0004"
down_revision = "catalog_0003"
branch_labels = None
depends_on = None

USAGE = """
create table catalog.usage_statistics (
  tenant_id uuid default app.current_tenant_id() not null,
  day date not null,
  material_id uuid not null,
  uses bigint not null,
  quantity numeric(18,3) not null,
  constraint pk_usage_statistics primary key (tenant_id, day, material_id),
  constraint ck_usage_statistics_uses check (uses > 0),
  constraint ck_usage_statistics_quantity check (quantity >= 0)
) partition by range (day)
"""

USAGE_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "day": "The day of use; in UTC where nobody has said another one.",
    "material_id": "What was used.",
    "uses": "How many times it was used on that day.",
    "quantity": "How much of it, in the unit of the material.",
}


def upgrade() -> None:
    v1.execute(USAGE)
    v1.comment_on_table(
        "catalog.usage_statistics", "How often and how much each material is used, by day.", USAGE_COLUMNS
    )
    v1.comment_on("index catalog.pk_usage_statistics", "What a tenant used from a day until another one.")
    v1.execute(
        "create index ix_usage_statistics_tenant_id_material_id_day on catalog.usage_statistics "
        "(tenant_id, material_id, day)"
    )
    v1.comment_on("index catalog.ix_usage_statistics_tenant_id_material_id_day", "When a material was used.")
    v1.belongs_to_tenant("catalog.usage_statistics", "fk_usage_statistics_tenant_id")
    v1.execute(
        "alter table catalog.usage_statistics add constraint fk_usage_statistics_tenant_id_material_id "
        "foreign key (tenant_id, material_id) references catalog.materials (tenant_id, id) on delete cascade"
    )
    v1.tenant_policies("catalog.usage_statistics")
    v1.grant("select, insert, update (uses, quantity)", "catalog.usage_statistics", ["app_rw", "catalog_service"])
    v1.grant("select, insert, update, delete", "catalog.usage_statistics", ["app_admin"])
    v1.grant("select", "catalog.usage_statistics", ["app_ro", "app_maint", "app_backup"])
    v2.partition_by_time("catalog.usage_statistics", "day", retention="13 months")


def downgrade() -> None:
    v2.forget_partitions("catalog.usage_statistics")
    v1.execute("drop table catalog.usage_statistics")
