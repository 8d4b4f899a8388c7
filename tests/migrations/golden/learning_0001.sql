-- Running upgrade  -> learning_0001

do $do$
declare
  found text := (select extversion from pg_extension where extname = 'vector');
begin
  if found is null or string_to_array(split_part(found, '-', 1), '.')::integer[] < array[0, 8] then
    raise exception 'the service learning needs the extension vector 0.8 or newer, and this database has %',
      coalesce('version ' || found, 'none') using
      errcode = 'feature_not_supported',
      hint = 'install pgvector on the server; then a superuser, or who administers the managed service, types in this '
        'database: ' || case when found is null then 'create schema if not exists extensions; '
        'create extension vector schema extensions' else 'alter extension vector update' end
        || '; or leave learning out of APP_DB_SERVICES';
  end if;
end
$do$;

create schema learning;

comment on schema learning is 'Courses, what they are made of, and what people have learnt.';

grant usage on schema learning to app_tenant, app_tenant_admin, app_all;

create table learning.user_profiles (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  external_subject text,
  display_name text not null,
  time_zone text default 'UTC' not null,
  language text default 'en' not null,
  interests text[] default '{}'::text[] not null,
  preferences jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_user_profiles primary key (tenant_id, id),
  constraint uq_user_profiles_tenant_id_user_id unique (tenant_id, user_id),
  constraint uq_user_profiles_tenant_id_external_subject unique (tenant_id, external_subject),
  constraint ck_user_profiles_external_subject check (length(external_subject) between 1 and 255),
  constraint ck_user_profiles_display_name check (length(display_name) between 1 and 200),
  constraint ck_user_profiles_time_zone
    check (time_zone ~ '^(UTC|[A-Z][A-Za-z_]+(/[A-Z][A-Za-z_-]+){1,2}|Etc/GMT[+-]([0-9]|1[0-4]))$'),
  constraint ck_user_profiles_language check (language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
  constraint ck_user_profiles_interests check (cardinality(interests) <= 20),
  constraint ck_user_profiles_preferences
    check (jsonb_typeof(preferences) = 'object' and length(preferences::text) <= 16384)
);

comment on table learning.user_profiles is 'Who learns in a tenant: one row for each person.';

comment on column learning.user_profiles.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.user_profiles.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.user_profiles.user_id is 'The person that the row belongs to; taken from the session.';

comment on column learning.user_profiles.external_subject is 'Who the person is to the identity provider, e.g. the subject of Cognito.';

comment on column learning.user_profiles.display_name is 'What others call the person.';

comment on column learning.user_profiles.time_zone is 'IANA name, e.g. Europe/Moscow; says when the person''s day begins.';

comment on column learning.user_profiles.language is 'Language and, if wanted, country, e.g. pt-BR.';

comment on column learning.user_profiles.interests is 'What interests the person, in lower case; 20 at most.';

comment on column learning.user_profiles.preferences is 'What the person has chosen, a JSON object up to 16 KiB.';

comment on column learning.user_profiles.created_at is 'When the row was made.';

comment on column learning.user_profiles.updated_at is 'When the row was last changed.';

comment on index learning.pk_user_profiles is 'A person''s row by its id.';

comment on index learning.uq_user_profiles_tenant_id_user_id is 'The row of a person; one in each tenant.';

comment on index learning.uq_user_profiles_tenant_id_external_subject is 'Who a subject of the identity provider is; see learning.find_person.';

alter table learning.user_profiles enable row level security;

alter table learning.user_profiles force row level security;

create policy user_rows on learning.user_profiles to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on learning.user_profiles to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.user_profiles to app_all using (true) with check (true);

alter table learning.user_profiles add constraint fk_user_profiles_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, user_id, external_subject, display_name, time_zone, language, interests, preferences), update (display_name, time_zone, language, interests, preferences, updated_at), delete on learning.user_profiles to app_rw, learning_service;

grant select, insert, update (external_subject, display_name, time_zone, language, interests, preferences, updated_at), delete on learning.user_profiles to app_admin;

grant select on learning.user_profiles to app_ro, app_maint, app_backup, app_definer;

create table learning.courses (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  title text not null,
  description text default '' not null,
  status text default 'draft' not null,
  language text default 'en' not null,
  difficulty text default 'beginner' not null,
  tags text[] default '{}'::text[] not null,
  search tsvector not null generated always as (
    setweight(to_tsvector('pg_catalog.russian'::regconfig, title), 'A') ||
    setweight(to_tsvector('pg_catalog.russian'::regconfig, description), 'B')
  ) stored,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_courses primary key (tenant_id, id),
  constraint ck_courses_title check (length(title) between 1 and 300),
  constraint ck_courses_description check (length(description) <= 10000),
  constraint ck_courses_status check (status in ('draft', 'active', 'archived')),
  constraint ck_courses_language check (language ~ '^[a-z]{2,3}(-[A-Z]{2})?$'),
  constraint ck_courses_difficulty check (difficulty in ('beginner', 'intermediate', 'advanced')),
  constraint ck_courses_tags check (cardinality(tags) <= 20)
);

comment on table learning.courses is 'Courses; each person sees the own ones.';

comment on column learning.courses.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.courses.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.courses.user_id is 'The person that the row belongs to; taken from the session.';

comment on column learning.courses.title is 'What it is called.';

comment on column learning.courses.description is 'What is learnt in it.';

comment on column learning.courses.status is 'draft, active or archived.';

comment on column learning.courses.language is 'Language and, if wanted, country, e.g. pt-BR.';

comment on column learning.courses.difficulty is 'beginner, intermediate or advanced.';

comment on column learning.courses.tags is 'Words to sort courses by, 20 at most.';

comment on column learning.courses.search is 'What the full-text search looks at: title and description.';

comment on column learning.courses.created_at is 'When the row was made.';

comment on column learning.courses.updated_at is 'When the row was last changed.';

comment on index learning.pk_courses is 'A course by its id.';

create index ix_courses_tenant_id_user_id_created_at on learning.courses (tenant_id, user_id, created_at desc, id desc);

comment on index learning.ix_courses_tenant_id_user_id_created_at is 'A person''s courses, newest first; those that learning.search_courses looks at.';

alter table learning.courses enable row level security;

alter table learning.courses force row level security;

create policy user_rows on learning.courses to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on learning.courses to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.courses to app_all using (true) with check (true);

alter table learning.courses add constraint fk_courses_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, user_id, title, description, status, language, difficulty, tags), update (title, description, status, language, difficulty, tags, updated_at), delete on learning.courses to app_rw, learning_service;

grant select, insert, update (title, description, status, language, difficulty, tags, updated_at), delete on learning.courses to app_admin;

grant select on learning.courses to app_ro, app_maint, app_backup, app_definer;

create table learning.chapters (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  course_id uuid not null,
  number integer not null,
  title text not null,
  body text default '' not null,
  summary text default '' not null,
  expected_minutes smallint,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_chapters primary key (tenant_id, id),
  constraint uq_chapters_tenant_id_course_id_number unique (tenant_id, course_id, number),
  constraint ck_chapters_number check (number between 1 and 10000),
  constraint ck_chapters_title check (length(title) between 1 and 300),
  constraint ck_chapters_body check (length(body) <= 1000000),
  constraint ck_chapters_summary check (length(summary) <= 10000),
  constraint ck_chapters_expected_minutes check (expected_minutes between 1 and 1440)
);

comment on table learning.chapters is 'Chapters of courses; everybody in the tenant may read them.';

comment on column learning.chapters.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.chapters.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.chapters.course_id is 'The course that it is of.';

comment on column learning.chapters.number is 'Its place in the course, from 1.';

comment on column learning.chapters.title is 'What it is called.';

comment on column learning.chapters.body is 'The text that is read.';

comment on column learning.chapters.summary is 'What it says, in short.';

comment on column learning.chapters.expected_minutes is 'How long it takes to read, in minutes, where somebody has said.';

comment on column learning.chapters.created_at is 'When the row was made.';

comment on column learning.chapters.updated_at is 'When the row was last changed.';

comment on index learning.pk_chapters is 'A chapter by its id.';

comment on index learning.uq_chapters_tenant_id_course_id_number is 'The chapters of a course in their order.';

alter table learning.chapters add constraint fk_chapters_tenant_id_course_id foreign key (tenant_id, course_id) references learning.courses (tenant_id, id) on delete cascade;

alter table learning.chapters enable row level security;

alter table learning.chapters force row level security;

create policy tenant_rows on learning.chapters to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.chapters to app_all using (true) with check (true);

alter table learning.chapters add constraint fk_chapters_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, course_id, number, title, body, summary, expected_minutes), update (number, title, body, summary, expected_minutes, updated_at), delete on learning.chapters to app_rw, learning_service;

grant select, insert, update (number, title, body, summary, expected_minutes, updated_at), delete on learning.chapters to app_admin;

grant select on learning.chapters to app_ro, app_maint, app_backup, app_definer;

create table learning.chapter_complexity (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  chapter_id uuid not null,
  score smallint not null,
  reading_level text not null,
  factors jsonb default '{}'::jsonb not null,
  model text not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_chapter_complexity primary key (tenant_id, id),
  constraint uq_chapter_complexity_tenant_id_chapter_id unique (tenant_id, chapter_id),
  constraint ck_chapter_complexity_score check (score between 1 and 5),
  constraint ck_chapter_complexity_reading_level
    check (reading_level in ('elementary', 'middle', 'high', 'university', 'expert')),
  constraint ck_chapter_complexity_factors check (jsonb_typeof(factors) = 'object' and length(factors::text) <= 16384),
  constraint ck_chapter_complexity_model check (length(model) between 1 and 100)
);

comment on table learning.chapter_complexity is 'How hard chapters are to read, as a model has judged.';

comment on column learning.chapter_complexity.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.chapter_complexity.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.chapter_complexity.chapter_id is 'The chapter.';

comment on column learning.chapter_complexity.score is 'From 1, easy, to 5, hard.';

comment on column learning.chapter_complexity.reading_level is 'elementary, middle, high, university or expert.';

comment on column learning.chapter_complexity.factors is 'What makes it hard, a JSON object, e.g. whether it has formulas.';

comment on column learning.chapter_complexity.model is 'What has judged, with its version.';

comment on column learning.chapter_complexity.created_at is 'When the row was made.';

comment on column learning.chapter_complexity.updated_at is 'When the row was last changed.';

comment on index learning.pk_chapter_complexity is 'A judgement by its id.';

comment on index learning.uq_chapter_complexity_tenant_id_chapter_id is 'How hard a chapter is; one judgement for each.';

create index ix_chapter_complexity_tenant_id_factors on learning.chapter_complexity using gin (tenant_id extensions.uuid_ops, factors jsonb_path_ops) with (fastupdate = off);

comment on index learning.ix_chapter_complexity_tenant_id_factors is 'Chapters that have certain factors; see learning.find_chapters.';

alter table learning.chapter_complexity add constraint fk_chapter_complexity_tenant_id_chapter_id foreign key (tenant_id, chapter_id) references learning.chapters (tenant_id, id) on delete cascade;

alter table learning.chapter_complexity enable row level security;

alter table learning.chapter_complexity force row level security;

create policy tenant_rows on learning.chapter_complexity to app_tenant, app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.chapter_complexity to app_all using (true) with check (true);

alter table learning.chapter_complexity add constraint fk_chapter_complexity_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, chapter_id, score, reading_level, factors, model), update (score, reading_level, factors, model, updated_at), delete on learning.chapter_complexity to app_rw, learning_service;

grant select, insert, update (score, reading_level, factors, model, updated_at), delete on learning.chapter_complexity to app_admin;

grant select on learning.chapter_complexity to app_ro, app_maint, app_backup, app_definer;

UPDATE app.alembic_version SET version_num='learning_0001' WHERE app.alembic_version.version_num = 'core_0008';

COMMIT;

