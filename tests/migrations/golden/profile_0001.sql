-- Running upgrade  -> profile_0001

create schema profile;

comment on schema profile is 'People as a tenant knows them.';

grant usage on schema profile to app_tenant, app_tenant_admin, app_all;

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
);

comment on table profile.profiles is 'How each person is shown in a tenant.';

comment on column profile.profiles.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column profile.profiles.id is 'UUIDv7: unique, and in the order of creation.';

comment on column profile.profiles.user_id is 'The person that the row belongs to; taken from the session.';

comment on column profile.profiles.display_name is 'What others call the person.';

comment on column profile.profiles.locale is 'BCP 47 tag of language and region, e.g. ru-RU.';

comment on column profile.profiles.time_zone is 'IANA name, e.g. Europe/Moscow.';

comment on column profile.profiles.avatar_url is 'Where the picture is; https only.';

comment on column profile.profiles.about is 'What the person says about themselves.';

comment on column profile.profiles.created_at is 'When the row was made.';

comment on column profile.profiles.updated_at is 'When the row was last changed.';

comment on index profile.pk_profiles is 'A profile by its id.';

comment on index profile.uq_profiles_tenant_id_user_id is 'The profile of a person; one in each tenant.';

alter table profile.profiles add constraint fk_profiles_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table profile.profiles enable row level security;

alter table profile.profiles force row level security;

create policy user_rows on profile.profiles to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on profile.profiles to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on profile.profiles to app_all using (true) with check (true);

grant select, insert, update, delete on profile.profiles to app_rw, profile_service, app_admin;

grant select on profile.profiles to app_ro, app_maint, app_backup;

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
);

comment on table profile.preferences is 'What people have chosen, a row for each key.';

comment on column profile.preferences.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column profile.preferences.id is 'UUIDv7: unique, and in the order of creation.';

comment on column profile.preferences.user_id is 'The person that the row belongs to; taken from the session.';

comment on column profile.preferences.key is 'What is chosen, e.g. editor.theme.';

comment on column profile.preferences.value is 'The choice, any JSON up to 16 KiB.';

comment on column profile.preferences.created_at is 'When the row was made.';

comment on column profile.preferences.updated_at is 'When the row was last changed.';

comment on index profile.pk_preferences is 'A preference by its id.';

comment on index profile.uq_preferences_tenant_id_user_id_key is 'A person''s preference by its key; all of a person''s.';

alter table profile.preferences add constraint fk_preferences_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table profile.preferences enable row level security;

alter table profile.preferences force row level security;

create policy user_rows on profile.preferences to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on profile.preferences to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on profile.preferences to app_all using (true) with check (true);

grant select, insert, update, delete on profile.preferences to app_rw, profile_service, app_admin;

grant select on profile.preferences to app_ro, app_maint, app_backup;

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
);

comment on table profile.addresses is 'Where people can be reached by post.';

comment on column profile.addresses.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column profile.addresses.id is 'UUIDv7: unique, and in the order of creation.';

comment on column profile.addresses.user_id is 'The person that the row belongs to; taken from the session.';

comment on column profile.addresses.kind is 'home, work, billing or shipping.';

comment on column profile.addresses.recipient is 'The name on the envelope.';

comment on column profile.addresses.line1 is 'Street and number.';

comment on column profile.addresses.line2 is 'Flat, floor, company.';

comment on column profile.addresses.city is 'City, town or village.';

comment on column profile.addresses.region is 'State, province or oblast, where the country has them.';

comment on column profile.addresses.postal_code is 'Postal code, where the country has them.';

comment on column profile.addresses.country is 'ISO 3166-1 code of the country, two letters.';

comment on column profile.addresses.is_default is 'Whether it is taken where the person chooses none; one of each kind.';

comment on column profile.addresses.created_at is 'When the row was made.';

comment on column profile.addresses.updated_at is 'When the row was last changed.';

comment on index profile.pk_addresses is 'An address by its id.';

create index ix_addresses_tenant_id_user_id_created_at on profile.addresses (tenant_id, user_id, created_at desc);

comment on index profile.ix_addresses_tenant_id_user_id_created_at is 'A person''s addresses, newest first.';

create unique index uq_addresses_tenant_id_user_id_kind_default on profile.addresses (tenant_id, user_id, kind) where is_default;

comment on index profile.uq_addresses_tenant_id_user_id_kind_default is 'A person''s default address of a kind.';

alter table profile.addresses add constraint fk_addresses_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

alter table profile.addresses enable row level security;

alter table profile.addresses force row level security;

create policy user_rows on profile.addresses to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on profile.addresses to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on profile.addresses to app_all using (true) with check (true);

grant select, insert, update, delete on profile.addresses to app_rw, profile_service, app_admin;

grant select on profile.addresses to app_ro, app_maint, app_backup;

UPDATE app.alembic_version SET version_num='profile_0001' WHERE app.alembic_version.version_num = 'core_0003';

COMMIT;

