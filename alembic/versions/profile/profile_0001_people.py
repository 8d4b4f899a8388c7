"""Profiles, preferences and addresses of people.

Why: people are the rows' owners here, within a tenant: app_tenant sees the current person's rows only, a tenant's
administrator those of all its people. People live in another service, so nothing refers to them by a foreign key.

Locks: none that anybody waits for: each foreign key takes SHARE ROW EXCLUSIVE on tenancy.tenants for a moment.

Safe with the previous release? Yes.

Undo: drops the tables with their rows, and the schema.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "profile_0001"
down_revision = None
branch_labels = ("profile",)
depends_on = "core_0003"

OWNER_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
    "user_id": "The person that the row belongs to; taken from the session.",
}

TIME_COLUMNS = {
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

PROFILES = """
create table profile.profiles (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  display_name text not null,
  locale text default 'en' not null,
  time_zone text default 'UTC' not null,
  avatar_url text,
  about text default '' not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_profiles primary key (tenant_id, id),
  constraint uq_profiles_tenant_id_user_id unique (tenant_id, user_id),
  constraint ck_profiles_display_name check (length(display_name) between 1 and 200),
  constraint ck_profiles_locale check (locale ~ '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$'),
  constraint ck_profiles_time_zone check (time_zone ~ '^[A-Za-z][A-Za-z0-9_+/-]{0,63}$'),
  constraint ck_profiles_avatar_url
    check (avatar_url ~ '^https://[^[:space:]]+$' and length(avatar_url) <= 2000),
  constraint ck_profiles_about check (length(about) <= 2000)
)
"""

PROFILE_COLUMNS = {
    **OWNER_COLUMNS,
    "display_name": "What others call the person.",
    "locale": "BCP 47 tag of language and region, e.g. ru-RU.",
    "time_zone": "IANA name, e.g. Europe/Moscow.",
    "avatar_url": "Where the picture is; https only.",
    "about": "What the person says about themselves.",
    **TIME_COLUMNS,
}

PREFERENCES = """
create table profile.preferences (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  key text not null,
  value jsonb not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_preferences primary key (tenant_id, id),
  constraint uq_preferences_tenant_id_user_id_key unique (tenant_id, user_id, key),
  constraint ck_preferences_key check (key ~ '^[a-z][a-z0-9_.-]{0,99}$'),
  constraint ck_preferences_value check (length(value::text) <= 16384)
)
"""

PREFERENCE_COLUMNS = {
    **OWNER_COLUMNS,
    "key": "What is chosen, e.g. editor.theme.",
    "value": "The choice, any JSON up to 16 KiB.",
    **TIME_COLUMNS,
}

ADDRESSES = """
create table profile.addresses (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  kind text not null,
  recipient text not null,
  line1 text not null,
  line2 text default '' not null,
  city text not null,
  region text,
  postal_code text,
  country text not null,
  is_default boolean default false not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_addresses primary key (tenant_id, id),
  constraint ck_addresses_kind check (kind in ('home', 'work', 'billing', 'shipping')),
  constraint ck_addresses_recipient check (length(recipient) between 1 and 200),
  constraint ck_addresses_line1 check (length(line1) between 1 and 200),
  constraint ck_addresses_line2 check (length(line2) <= 200),
  constraint ck_addresses_city check (length(city) between 1 and 100),
  constraint ck_addresses_region check (length(region) between 1 and 100),
  constraint ck_addresses_postal_code check (length(postal_code) between 1 and 16),
  constraint ck_addresses_country check (country ~ '^[A-Z]{2}$')
)
"""

ADDRESS_COLUMNS = {
    **OWNER_COLUMNS,
    "kind": "home, work, billing or shipping.",
    "recipient": "The name on the envelope.",
    "line1": "Street and number.",
    "line2": "Flat, floor, company.",
    "city": "City, town or village.",
    "region": "State, province or oblast, where the country has them.",
    "postal_code": "Postal code, where the country has them.",
    "country": "ISO 3166-1 code of the country, two letters.",
    "is_default": "Whether it is taken where the person chooses none; one of each kind.",
    **TIME_COLUMNS,
}


def upgrade() -> None:
    ddl.create_schema("profile", "People as a tenant knows them.", ddl.EVERYONE)

    ddl.execute(PROFILES)
    ddl.comment_on_table("profile.profiles", "How each person is shown in a tenant.", PROFILE_COLUMNS)
    ddl.comment_on("index profile.pk_profiles", "A profile by its id.")
    ddl.comment_on("index profile.uq_profiles_tenant_id_user_id", "The profile of a person; one in each tenant.")
    protect("profiles")

    ddl.execute(PREFERENCES)
    ddl.comment_on_table("profile.preferences", "What people have chosen, a row for each key.", PREFERENCE_COLUMNS)
    ddl.comment_on("index profile.pk_preferences", "A preference by its id.")
    ddl.comment_on(
        "index profile.uq_preferences_tenant_id_user_id_key", "A person's preference by its key; all of a person's."
    )
    protect("preferences")

    ddl.execute(ADDRESSES)
    ddl.comment_on_table("profile.addresses", "Where people can be reached by post.", ADDRESS_COLUMNS)
    ddl.comment_on("index profile.pk_addresses", "An address by its id.")
    ddl.execute(
        "create index ix_addresses_tenant_id_user_id_created_at on profile.addresses "
        "(tenant_id, user_id, created_at desc)"
    )
    ddl.comment_on("index profile.ix_addresses_tenant_id_user_id_created_at", "A person's addresses, newest first.")
    ddl.execute(
        "create unique index uq_addresses_tenant_id_user_id_kind_default on profile.addresses "
        "(tenant_id, user_id, kind) where is_default"
    )
    ddl.comment_on(
        "index profile.uq_addresses_tenant_id_user_id_kind_default",
        "A person's default address of a kind.",
    )
    protect("addresses")


def protect(table: str) -> None:
    ddl.belongs_to_tenant(f"profile.{table}", f"fk_{table}_tenant_id")
    ddl.user_policies(f"profile.{table}")
    ddl.grant("select, insert, update, delete", f"profile.{table}", ["app_rw", "profile_service", "app_admin"])
    ddl.grant("select", f"profile.{table}", ["app_ro", "app_maint", "app_backup"])


def downgrade() -> None:
    ddl.execute("drop table profile.addresses")
    ddl.execute("drop table profile.preferences")
    ddl.execute("drop table profile.profiles")
    ddl.execute("drop schema profile")
