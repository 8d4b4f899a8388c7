"""Schemas of the core, and the version table readable by everyone.

Why: every service stands in a schema of its own; an application compares the version table with what it needs before it
serves.

Locks: none that anybody waits for; everything is new.

Safe with the previous release? There is none.

Undo: drops the schemas; `app` stays, as it holds the version table.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "core_0001"
down_revision = None
branch_labels = ("core",)
depends_on = None

DROP_EXTENSIONS = """
do $do$
begin
  drop schema extensions;
exception when dependent_objects_still_exist then
  raise notice 'schema extensions stays: it holds what no revision has made';
end
$do$
"""


def upgrade() -> None:
    ddl.comment_on("schema app", "Context functions and the version table.")
    ddl.execute(f"grant usage on schema app to {', '.join(map(ddl.role, ddl.EVERYONE))}")
    ddl.grant("select", "app.alembic_version", ddl.EVERYONE)
    ddl.comment_on("table app.alembic_version", "The revisions that are applied; kept by Alembic.")
    ddl.comment_on("column app.alembic_version.version_num", "The newest revision of a chain.")
    ddl.comment_on("index app.alembic_version_pkc", "Keeps a revision from being noted twice.")
    # a superuser may have made it already, for extensions that only a superuser can create
    ddl.execute("create schema if not exists extensions")
    ddl.comment_on("schema extensions", "Extensions that the schema uses.")
    ddl.execute(f"grant usage on schema extensions to {', '.join(map(ddl.role, ddl.EVERYONE))}")
    ddl.execute("create extension btree_gin with schema extensions")
    ddl.create_schema("tenancy", "Tenants, and who belongs to them.", ddl.EVERYONE)
    ddl.create_schema("ops", "What happened, within tenants and beyond.", ddl.EVERYONE)


def downgrade() -> None:
    ddl.execute("drop schema ops")
    ddl.execute("drop schema tenancy")
    ddl.execute("drop extension btree_gin")
    ddl.execute(DROP_EXTENSIONS)
    ddl.execute("comment on index app.alembic_version_pkc is null")
    ddl.execute("comment on column app.alembic_version.version_num is null")
    ddl.execute("comment on table app.alembic_version is null")
    ddl.execute(f"revoke select on app.alembic_version from {', '.join(map(ddl.role, ddl.EVERYONE))}")
    ddl.execute(f"revoke usage on schema app from {', '.join(map(ddl.role, ddl.EVERYONE))}")
    ddl.execute("comment on schema app is null")
