"""Rooms, clients, bookings, diaries, and the list of equipment.

Why: the first tables of the application.

Locks: none that anybody waits for: the foreign keys take SHARE ROW EXCLUSIVE on tenancy.tenants for a moment.

Safe with the previous release? There is none.

Undo: drops the tables; their rows are gone.
"""

import sqlalchemy as sa
from alembic import op

from app_db.migrations.ddl import v1 as ddl

revision = "studio_0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_function(
        name="studio.refuse_past",
        returns="trigger",
        body=(
            "\n"
            "begin\n"
            "  if new.starts_at < now() then\n"
            "    raise exception 'a booking begins at %, which is past', new.starts_at using errcode = 'check_violation';\n"
            "  end if;\n"
            "  return new;\n"
            "end\n"
        ),
        comment="Refuses a booking that begins in the past.",
    )
    op.create_table(
        "equipment",
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("app.uuid7()"),
            nullable=False,
            comment="UUIDv7: unique, and in the order of creation.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="What it is called, e.g. grand piano."),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_equipment")),
        sa.UniqueConstraint("name", name=op.f("uq_equipment_name")),
        schema="studio",
        comment="What a room may have; the same for all tenants.",
    )
    op.create_table(
        "clients",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            server_default=sa.text("app.current_tenant_id()"),
            nullable=False,
            comment="The tenant that the row belongs to; taken from the session.",
        ),
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("app.uuid7()"),
            nullable=False,
            comment="UUIDv7: unique, and in the order of creation.",
        ),
        sa.Column("email", sa.Text(), nullable=False, comment="Where confirmations go."),
        sa.Column("name", sa.Text(), nullable=False, comment="What to say on the phone."),
        sa.CheckConstraint("length(email) between 3 and 254", name=op.f("ck_clients_email")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_clients_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients")),
        sa.UniqueConstraint("tenant_id", "email", name=op.f("uq_clients_tenant_id_email")),
        schema="studio",
        comment="Who books.",
    )
    op.create_table(
        "diaries",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            server_default=sa.text("app.current_tenant_id()"),
            nullable=False,
            comment="The tenant that the row belongs to; taken from the session.",
        ),
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("app.uuid7()"),
            nullable=False,
            comment="UUIDv7: unique, and in the order of creation.",
        ),
        sa.Column(
            "user_id",
            sa.Uuid(),
            server_default=sa.text("app.current_user_id()"),
            nullable=False,
            comment="The person that the row belongs to; taken from the session.",
        ),
        sa.Column("text", sa.Text(), nullable=False, comment="What it says."),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_diaries_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_diaries")),
        schema="studio",
        comment="What people wrote down for themselves.",
    )
    op.create_table(
        "rooms",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            server_default=sa.text("app.current_tenant_id()"),
            nullable=False,
            comment="The tenant that the row belongs to; taken from the session.",
        ),
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("app.uuid7()"),
            nullable=False,
            comment="UUIDv7: unique, and in the order of creation.",
        ),
        sa.Column("name", sa.Text(), nullable=False, comment="What people call it."),
        sa.Column("hourly_minor", sa.BigInteger(), nullable=False, comment="The price of an hour, in cents."),
        sa.Column("equipment_id", sa.Uuid(), nullable=True, comment="What it is best for."),
        sa.Column(
            "updated_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was last changed.",
        ),
        sa.CheckConstraint("hourly_minor >= 0", name=op.f("ck_rooms_hourly_minor")),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_rooms_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_rooms")),
        sa.UniqueConstraint("tenant_id", "name", name=op.f("uq_rooms_tenant_id_name")),
        schema="studio",
        comment="The rooms that a tenant lets.",
    )
    op.create_table(
        "bookings",
        sa.Column(
            "tenant_id",
            sa.Uuid(),
            server_default=sa.text("app.current_tenant_id()"),
            nullable=False,
            comment="The tenant that the row belongs to; taken from the session.",
        ),
        sa.Column(
            "id",
            sa.Uuid(),
            server_default=sa.text("app.uuid7()"),
            nullable=False,
            comment="UUIDv7: unique, and in the order of creation.",
        ),
        sa.Column("room_id", sa.Uuid(), nullable=False, comment="The room."),
        sa.Column("client_id", sa.Uuid(), nullable=False, comment="Who comes."),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False, comment="When it begins."),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False, comment="When it ends."),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
            comment="When the row was made.",
        ),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_bookings_hours")),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["studio.clients.tenant_id", "studio.clients.id"],
            name=op.f("fk_bookings_tenant_id_client_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "room_id"],
            ["studio.rooms.tenant_id", "studio.rooms.id"],
            name=op.f("fk_bookings_tenant_id_room_id"),
            ondelete="RESTRICT",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["tenancy.tenants.id"], name=op.f("fk_bookings_tenant_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_bookings")),
        schema="studio",
        comment="Which room is whose, and when.",
    )
    op.create_index(
        op.f("ix_bookings_tenant_id_client_id"), "bookings", ["tenant_id", "client_id"], unique=False, schema="studio"
    )
    op.create_index(
        op.f("ix_bookings_tenant_id_room_id_starts_at"),
        "bookings",
        ["tenant_id", "room_id", "starts_at"],
        unique=False,
        schema="studio",
    )
    ddl.grant("select", "studio.equipment", ["app_rw", "app_ro", "app_maint", "app_backup"])
    ddl.grant("select, insert, update, delete", "studio.equipment", ["app_admin"])
    ddl.tenant_policies("studio.clients")
    ddl.grant("select, insert, update (email, name), delete", "studio.clients", ["app_rw"])
    ddl.grant("select", "studio.clients", ["app_ro", "app_maint", "app_backup"])
    ddl.grant("select, insert, update, delete", "studio.clients", ["app_admin"])
    ddl.user_policies("studio.diaries")
    ddl.grant("select, insert, update, delete", "studio.diaries", ["app_rw", "app_admin"])
    ddl.grant("select", "studio.diaries", ["app_ro", "app_maint", "app_backup"])
    ddl.tenant_policies("studio.rooms")
    ddl.grant("select, insert, update, delete", "studio.rooms", ["app_rw", "app_admin"])
    ddl.grant("select", "studio.rooms", ["app_ro", "app_maint", "app_backup"])
    ddl.tenant_policies("studio.bookings")
    ddl.grant("select, insert, update, delete", "studio.bookings", ["app_rw", "app_admin"])
    ddl.grant("select", "studio.bookings", ["app_ro", "app_maint", "app_backup"])
    op.create_trigger(
        name="refuse_past",
        on="studio.bookings",
        fires="before insert",
        function="studio.refuse_past()",
        comment="A booking begins in the future.",
    )
    op.create_view(
        name="studio.busy_rooms",
        query=(
            " SELECT tenant_id,\n"
            "    room_id,\n"
            "    count(*) AS bookings\n"
            "   FROM studio.bookings\n"
            "  WHERE (ends_at > now())\n"
            "  GROUP BY tenant_id, room_id;"
        ),
        comment="How many bookings are ahead of each room.",
    )
    ddl.comment_on("index studio.uq_equipment_name", "A piece of equipment by its name.")
    ddl.comment_on("index studio.uq_clients_tenant_id_email", "A client by the address that was typed in.")
    ddl.comment_on("index studio.uq_rooms_tenant_id_name", "A room by its name.")
    ddl.comment_on("index studio.ix_bookings_tenant_id_client_id", "The bookings of a client.")
    ddl.comment_on("index studio.ix_bookings_tenant_id_room_id_starts_at", "The bookings of a room, in order.")
    ddl.comment_on("schema studio", "Rooms by the hour.")
    ddl.grant("usage", "schema studio", ["app_tenant", "app_tenant_admin", "app_all"])
    ddl.grant("select", "studio.busy_rooms", ["app_rw"])


def downgrade() -> None:
    op.drop_grant(on="studio.busy_rooms", role="app_rw", privileges=["select"])
    op.drop_grant(on="schema studio", role="app_all", privileges=["usage"])
    op.drop_grant(on="schema studio", role="app_tenant_admin", privileges=["usage"])
    op.drop_grant(on="schema studio", role="app_tenant", privileges=["usage"])
    op.drop_comment(on="schema studio", text="Rooms by the hour.")
    op.drop_comment(
        on="index studio.ix_bookings_tenant_id_room_id_starts_at",
        text="The bookings of a room, in order.",
    )
    op.drop_comment(on="index studio.ix_bookings_tenant_id_client_id", text="The bookings of a client.")
    op.drop_comment(on="index studio.uq_rooms_tenant_id_name", text="A room by its name.")
    op.drop_comment(
        on="index studio.uq_clients_tenant_id_email",
        text="A client by the address that was typed in.",
    )
    op.drop_comment(on="index studio.uq_equipment_name", text="A piece of equipment by its name.")
    op.drop_view(
        name="studio.busy_rooms",
        query=(
            " SELECT tenant_id,\n"
            "    room_id,\n"
            "    count(*) AS bookings\n"
            "   FROM studio.bookings\n"
            "  WHERE (ends_at > now())\n"
            "  GROUP BY tenant_id, room_id;"
        ),
        comment="How many bookings are ahead of each room.",
    )
    op.drop_index(op.f("ix_bookings_tenant_id_room_id_starts_at"), table_name="bookings", schema="studio")
    op.drop_index(op.f("ix_bookings_tenant_id_client_id"), table_name="bookings", schema="studio")
    op.drop_table("bookings", schema="studio")
    op.drop_table("rooms", schema="studio")
    op.drop_table("diaries", schema="studio")
    op.drop_table("clients", schema="studio")
    op.drop_table("equipment", schema="studio")
    op.drop_function(
        name="studio.refuse_past",
        returns="trigger",
        body=(
            "\n"
            "begin\n"
            "  if new.starts_at < now() then\n"
            "    raise exception 'a booking begins at %, which is past', new.starts_at using errcode = 'check_violation';\n"
            "  end if;\n"
            "  return new;\n"
            "end\n"
        ),
        comment="Refuses a booking that begins in the past.",
    )
