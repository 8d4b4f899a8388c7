"""People who learn, their courses, and the chapters of those.

Why: a person sees only the own profile and courses, so those tables have policies of people; chapters are read by
everybody in the tenant. Columns that triggers keep are granted to nobody who could write them by hand, and who a person
is to the identity provider is said once and never changed. The service needs the extension `vector`, which is not
trusted: a superuser makes it beforehand, nothing begins without it, and a downgrade leaves it. The index of factors has
no pending list: after bulk writes it made a search as slow as a scan.

Locks: none that anybody waits for: the foreign keys take SHARE ROW EXCLUSIVE on tenancy.tenants for a moment.

Safe with the previous release? Yes.

Undo: drops the tables with their rows, and the schema.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "learning_0001"
down_revision = None
branch_labels = ("learning",)
depends_on = "core_0008"

# 0.8 brought scans that go on until enough rows of a tenant are found
REQUIRE_VECTOR = """
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
$do$
"""

KEY_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
}
OWN_COLUMNS = {**KEY_COLUMNS, "user_id": "The person that the row belongs to; taken from the session."}
TIME_COLUMNS = {
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

USER_PROFILE = """
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
)
"""

USER_PROFILE_COLUMNS = {
    **OWN_COLUMNS,
    "external_subject": "Who the person is to the identity provider, e.g. the subject of Cognito.",
    "display_name": "What others call the person.",
    "time_zone": "IANA name, e.g. Europe/Moscow; says when the person's day begins.",
    "language": "Language and, if wanted, country, e.g. pt-BR.",
    "interests": "What interests the person, in lower case; 20 at most.",
    "preferences": "What the person has chosen, a JSON object up to 16 KiB.",
    **TIME_COLUMNS,
}

COURSE = """
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
)
"""

COURSE_COLUMNS = {
    **OWN_COLUMNS,
    "title": "What it is called.",
    "description": "What is learnt in it.",
    "status": "draft, active or archived.",
    "language": "Language and, if wanted, country, e.g. pt-BR.",
    "difficulty": "beginner, intermediate or advanced.",
    "tags": "Words to sort courses by, 20 at most.",
    "search": "What the full-text search looks at: title and description.",
    **TIME_COLUMNS,
}

CHAPTER = """
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
)
"""

CHAPTER_COLUMNS = {
    **KEY_COLUMNS,
    "course_id": "The course that it is of.",
    "number": "Its place in the course, from 1.",
    "title": "What it is called.",
    "body": "The text that is read.",
    "summary": "What it says, in short.",
    "expected_minutes": "How long it takes to read, in minutes, where somebody has said.",
    **TIME_COLUMNS,
}

CHAPTER_COMPLEXITY = """
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
)
"""

CHAPTER_COMPLEXITY_COLUMNS = {
    **KEY_COLUMNS,
    "chapter_id": "The chapter.",
    "score": "From 1, easy, to 5, hard.",
    "reading_level": "elementary, middle, high, university or expert.",
    "factors": "What makes it hard, a JSON object, e.g. whether it has formulas.",
    "model": "What has judged, with its version.",
    **TIME_COLUMNS,
}


def upgrade() -> None:
    ddl.execute(REQUIRE_VECTOR)
    ddl.create_schema("learning", "Courses, what they are made of, and what people have learnt.", ddl.EVERYONE)
    ddl.execute(USER_PROFILE)
    ddl.comment_on_table(
        "learning.user_profiles", "Who learns in a tenant: one row for each person.", USER_PROFILE_COLUMNS
    )
    ddl.comment_on("index learning.pk_user_profiles", "A person's row by its id.")
    ddl.comment_on("index learning.uq_user_profiles_tenant_id_user_id", "The row of a person; one in each tenant.")
    ddl.comment_on(
        "index learning.uq_user_profiles_tenant_id_external_subject",
        "Who a subject of the identity provider is; see learning.find_person.",
    )
    ddl.user_policies("learning.user_profiles")
    protect(
        "user_profiles",
        inserted="tenant_id, id, user_id, external_subject, display_name, time_zone, language, interests, preferences",
        updated="display_name, time_zone, language, interests, preferences, updated_at",
        deleted=True,
        kept="external_subject, ",
    )

    ddl.execute(COURSE)
    ddl.comment_on_table("learning.courses", "Courses; each person sees the own ones.", COURSE_COLUMNS)
    ddl.comment_on("index learning.pk_courses", "A course by its id.")
    index(
        "ix_courses_tenant_id_user_id_created_at",
        "courses",
        "tenant_id, user_id, created_at desc, id desc",
        "A person's courses, newest first; those that learning.search_courses looks at.",
    )
    ddl.user_policies("learning.courses")
    protect(
        "courses",
        inserted="tenant_id, id, user_id, title, description, status, language, difficulty, tags",
        updated="title, description, status, language, difficulty, tags, updated_at",
        deleted=True,
    )

    ddl.execute(CHAPTER)
    ddl.comment_on_table(
        "learning.chapters", "Chapters of courses; everybody in the tenant may read them.", CHAPTER_COLUMNS
    )
    ddl.comment_on("index learning.pk_chapters", "A chapter by its id.")
    ddl.comment_on("index learning.uq_chapters_tenant_id_course_id_number", "The chapters of a course in their order.")
    refer("chapters", "course_id", "courses", on_delete="cascade")
    ddl.tenant_policies("learning.chapters")
    protect(
        "chapters",
        inserted="tenant_id, id, course_id, number, title, body, summary, expected_minutes",
        updated="number, title, body, summary, expected_minutes, updated_at",
        deleted=True,
    )

    ddl.execute(CHAPTER_COMPLEXITY)
    ddl.comment_on_table(
        "learning.chapter_complexity",
        "How hard chapters are to read, as a model has judged.",
        CHAPTER_COMPLEXITY_COLUMNS,
    )
    ddl.comment_on("index learning.pk_chapter_complexity", "A judgement by its id.")
    ddl.comment_on(
        "index learning.uq_chapter_complexity_tenant_id_chapter_id", "How hard a chapter is; one judgement for each."
    )
    index(
        "ix_chapter_complexity_tenant_id_factors",
        "chapter_complexity",
        "tenant_id extensions.uuid_ops, factors jsonb_path_ops",
        "Chapters that have certain factors; see learning.find_chapters.",
        gin=True,
    )
    refer("chapter_complexity", "chapter_id", "chapters", on_delete="cascade")
    ddl.tenant_policies("learning.chapter_complexity")
    protect(
        "chapter_complexity",
        inserted="tenant_id, id, chapter_id, score, reading_level, factors, model",
        updated="score, reading_level, factors, model, updated_at",
        deleted=True,
    )


def index(name: str, table: str, columns: str, comment: str, *, gin: bool = False, where: str = "") -> None:
    method, options = ("using gin ", " with (fastupdate = off)") if gin else ("", "")
    rows = f" where {where}" if where else ""
    ddl.execute(f"create index {name} on learning.{table} {method}({columns}){options}{rows}")
    ddl.comment_on(f"index learning.{name}", comment)


def refer(table: str, column: str, target: str, *, on_delete: str) -> None:
    ddl.execute(
        f"alter table learning.{table} add constraint fk_{table}_tenant_id_{column} "
        f"foreign key (tenant_id, {column}) references learning.{target} (tenant_id, id) on delete {on_delete}"
    )


def protect(table: str, *, inserted: str, updated: str, deleted: bool = False, kept: str = "") -> None:
    ddl.belongs_to_tenant(f"learning.{table}", f"fk_{table}_tenant_id")
    written = f"select, insert ({inserted}), update ({updated}){', delete' if deleted else ''}"
    ddl.grant(written, f"learning.{table}", ["app_rw", "learning_service"])
    # an administrator takes a tenant away as a whole and puts it back, and changes what an application changes
    ddl.grant(f"select, insert, update ({kept}{updated}), delete", f"learning.{table}", ["app_admin"])
    ddl.grant("select", f"learning.{table}", ["app_ro", "app_maint", "app_backup", "app_definer"])


def downgrade() -> None:
    ddl.execute("drop table learning.chapter_complexity")
    ddl.execute("drop table learning.chapters")
    ddl.execute("drop table learning.courses")
    ddl.execute("drop table learning.user_profiles")
    ddl.execute("drop schema learning")
