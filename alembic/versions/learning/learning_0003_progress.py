"""What people write, what they think of explanations, and how far they are.

Why: each person sees the own rows only. What somebody has annotated or begun keeps a chapter and its course from being
removed (RESTRICT): an author may archive a course, and not take away what others have written in it. Progress is not
deleted by an application, as it was counted. The row that sums up a person is written by a trigger alone.

Locks: none that anybody waits for: the foreign keys take SHARE ROW EXCLUSIVE on tenancy.tenants, learning.courses,
learning.chapters and learning.relationships for a moment.

Safe with the previous release? Yes.

Undo: drops the tables with their rows.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "learning_0003"
down_revision = "learning_0002"
branch_labels = None
depends_on = None

KEY_COLUMNS = {
    "tenant_id": "The tenant that the row belongs to; taken from the session.",
    "id": "UUIDv7: unique, and in the order of creation.",
}
OWN_COLUMNS = {**KEY_COLUMNS, "user_id": "The person that the row belongs to; taken from the session."}
TIME_COLUMNS = {
    "created_at": "When the row was made.",
    "updated_at": "When the row was last changed.",
}

USER_ANNOTATION = """
create table learning.user_annotations (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  chapter_id uuid not null,
  kind text not null,
  quote text default '' not null,
  body text default '' not null,
  position jsonb default '{}'::jsonb not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_user_annotations primary key (tenant_id, id),
  constraint ck_user_annotations_kind check (kind in ('highlight', 'note', 'question', 'bookmark')),
  constraint ck_user_annotations_quote check (length(quote) <= 5000 and (kind <> 'highlight' or quote <> '')),
  constraint ck_user_annotations_body
    check (length(body) <= 10000 and (kind not in ('note', 'question') or body <> '')),
  constraint ck_user_annotations_position check (jsonb_typeof(position) = 'object' and length(position::text) <= 4096)
)
"""

USER_ANNOTATION_COLUMNS = {
    **OWN_COLUMNS,
    "chapter_id": "The chapter, which stays while somebody has notes in it.",
    "kind": "highlight, note, question or bookmark.",
    "quote": "The words that are marked.",
    "body": "What the person has written.",
    "position": "Where in the chapter, as the reader's program tells it.",
    **TIME_COLUMNS,
}

ANALOGY_FEEDBACK = """
create table learning.analogy_feedback (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  relationship_id uuid not null,
  is_helpful boolean not null,
  rating smallint,
  comment text default '' not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_analogy_feedback primary key (tenant_id, id),
  constraint uq_analogy_feedback_tenant_id_relationship_id_user_id unique (tenant_id, relationship_id, user_id),
  constraint ck_analogy_feedback_rating check (rating between 1 and 5),
  constraint ck_analogy_feedback_comment check (length(comment) <= 2000)
)
"""

ANALOGY_FEEDBACK_COLUMNS = {
    **OWN_COLUMNS,
    "relationship_id": "The relationship that it is about.",
    "is_helpful": "Whether it has helped the person.",
    "rating": "From 1, bad, to 5, good, where the person says.",
    "comment": "What the person says about it.",
    **TIME_COLUMNS,
}

CHAPTER_PROGRESS = """
create table learning.chapter_progress (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  chapter_id uuid not null,
  course_id uuid not null,
  status text default 'started' not null,
  percent smallint default 0 not null,
  seconds_spent bigint default 0 not null,
  started_at timestamp with time zone default now() not null,
  completed_at timestamp with time zone,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_chapter_progress primary key (tenant_id, id),
  constraint uq_chapter_progress_tenant_id_user_id_chapter_id unique (tenant_id, user_id, chapter_id),
  constraint ck_chapter_progress_status check (status in ('started', 'completed')),
  constraint ck_chapter_progress_percent
    check (percent between 0 and 100 and (status <> 'completed' or percent = 100)),
  constraint ck_chapter_progress_seconds_spent check (seconds_spent >= 0),
  constraint ck_chapter_progress_completed_at check ((status = 'completed') = (completed_at is not null))
)
"""

CHAPTER_PROGRESS_COLUMNS = {
    **OWN_COLUMNS,
    "chapter_id": "The chapter.",
    "course_id": "The chapter's course, which a trigger fills in.",
    "status": "started or completed.",
    "percent": "How much of it is read, from 0 to 100.",
    "seconds_spent": "Time spent in it, in seconds.",
    "started_at": "When the person began, by the server's clock.",
    "completed_at": "When it was first completed, by the server's clock; empty before.",
    **TIME_COLUMNS,
}

USER_PROGRESS = """
create table learning.user_progress (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  user_id uuid default app.current_user_id() not null,
  current_streak integer default 1 not null,
  longest_streak integer default 1 not null,
  last_active_on date not null,
  badges text[] default '{}'::text[] not null,
  chapters_completed integer default 0 not null,
  seconds_spent bigint default 0 not null,
  created_at timestamp with time zone default now() not null,
  updated_at timestamp with time zone default now() not null,
  constraint pk_user_progress primary key (tenant_id, id),
  constraint uq_user_progress_tenant_id_user_id unique (tenant_id, user_id),
  constraint ck_user_progress_current_streak check (current_streak >= 1),
  constraint ck_user_progress_longest_streak check (longest_streak >= current_streak),
  constraint ck_user_progress_chapters_completed check (chapters_completed >= 0),
  constraint ck_user_progress_seconds_spent check (seconds_spent >= 0)
)
"""

USER_PROGRESS_COLUMNS = {
    **OWN_COLUMNS,
    "current_streak": "Days in a row until last_active_on.",
    "longest_streak": "The most days in a row that there ever were.",
    "last_active_on": "The last day with progress, in the person's time zone at that time.",
    "badges": "What was reached, e.g. streak_7; never taken away.",
    "chapters_completed": "How many chapters the person has completed.",
    "seconds_spent": "Time spent in all chapters, in seconds.",
    **TIME_COLUMNS,
}


def upgrade() -> None:
    ddl.execute(USER_ANNOTATION)
    ddl.comment_on_table(
        "learning.user_annotations",
        "What people have marked or written in chapters; each sees their own.",
        USER_ANNOTATION_COLUMNS,
    )
    ddl.comment_on("index learning.pk_user_annotations", "An annotation by its id.")
    index(
        "ix_user_annotations_tenant_id_user_id_created_at",
        "user_annotations",
        "tenant_id, user_id, created_at desc, id desc",
        "What a person has marked or written, newest first.",
    )
    index(
        "ix_user_annotations_tenant_id_chapter_id_user_id",
        "user_annotations",
        "tenant_id, chapter_id, user_id",
        "What a person has marked or written in a chapter; whether anybody has.",
    )
    refer("user_annotations", "chapter_id", "chapters", on_delete="restrict")
    ddl.user_policies("learning.user_annotations")
    protect(
        "user_annotations",
        inserted="tenant_id, id, user_id, chapter_id, kind, quote, body, position",
        updated="kind, quote, body, position, updated_at",
        deleted=True,
    )

    ddl.execute(ANALOGY_FEEDBACK)
    ddl.comment_on_table(
        "learning.analogy_feedback",
        "What people think of relationships; each sees their own.",
        ANALOGY_FEEDBACK_COLUMNS,
    )
    ddl.comment_on("index learning.pk_analogy_feedback", "A piece of feedback by its id.")
    ddl.comment_on(
        "index learning.uq_analogy_feedback_tenant_id_relationship_id_user_id",
        "What people think of a relationship; one row for each person.",
    )
    index(
        "ix_analogy_feedback_tenant_id_user_id_created_at",
        "analogy_feedback",
        "tenant_id, user_id, created_at desc, id desc",
        "What a person has given feedback on, newest first.",
    )
    refer("analogy_feedback", "relationship_id", "relationships", on_delete="cascade")
    ddl.user_policies("learning.analogy_feedback")
    protect(
        "analogy_feedback",
        inserted="tenant_id, id, user_id, relationship_id, is_helpful, rating, comment",
        updated="is_helpful, rating, comment, updated_at",
        deleted=True,
    )

    ddl.execute(CHAPTER_PROGRESS)
    ddl.comment_on_table(
        "learning.chapter_progress", "How far people are in chapters; each sees their own.", CHAPTER_PROGRESS_COLUMNS
    )
    ddl.comment_on("index learning.pk_chapter_progress", "Progress in a chapter by its id.")
    ddl.comment_on(
        "index learning.uq_chapter_progress_tenant_id_user_id_chapter_id",
        "How far a person is in a chapter; one row for each.",
    )
    index(
        "ix_chapter_progress_tenant_id_user_id_course_id",
        "chapter_progress",
        "tenant_id, user_id, course_id",
        "How far a person is in a course.",
    )
    index(
        "ix_chapter_progress_tenant_id_course_id",
        "chapter_progress",
        "tenant_id, course_id",
        "How far everybody is in a course; see learning.get_course_stats.",
    )
    index(
        "ix_chapter_progress_tenant_id_chapter_id",
        "chapter_progress",
        "tenant_id, chapter_id",
        "Whether anybody has begun a chapter, when it is to be removed.",
    )
    index(
        "ix_chapter_progress_tenant_id_started_at",
        "chapter_progress",
        "tenant_id, started_at",
        "What was begun in a time; see learning.get_learning_statistics.",
    )
    index(
        "ix_chapter_progress_tenant_id_completed_at",
        "chapter_progress",
        "tenant_id, completed_at",
        "What was completed in a time; see learning.get_learning_statistics.",
        where="completed_at is not null",
    )
    refer("chapter_progress", "chapter_id", "chapters", on_delete="restrict")
    refer("chapter_progress", "course_id", "courses", on_delete="restrict")
    ddl.user_policies("learning.chapter_progress")
    protect(
        "chapter_progress",
        inserted="tenant_id, id, user_id, chapter_id, status, percent, seconds_spent",
        updated="status, percent, seconds_spent, updated_at",
    )

    ddl.execute(USER_PROGRESS)
    ddl.comment_on_table(
        "learning.user_progress", "What each person has done so far; kept by a trigger.", USER_PROGRESS_COLUMNS
    )
    ddl.comment_on("index learning.pk_user_progress", "The sum of a person by its id.")
    ddl.comment_on(
        "index learning.uq_user_progress_tenant_id_user_id", "What a person has done so far; one row in each tenant."
    )
    ddl.user_policies("learning.user_progress")
    ddl.belongs_to_tenant("learning.user_progress", "fk_user_progress_tenant_id")
    ddl.grant("select", "learning.user_progress", ["app_rw", "learning_service", "app_ro", "app_maint", "app_backup"])
    ddl.grant("select, insert, delete", "learning.user_progress", ["app_admin"])


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
    ddl.execute("drop table learning.user_progress")
    ddl.execute("drop table learning.chapter_progress")
    ddl.execute("drop table learning.analogy_feedback")
    ddl.execute("drop table learning.user_annotations")
