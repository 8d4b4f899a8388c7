set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade learning_0002 -> learning_0003

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
);

comment on table learning.user_annotations is 'What people have marked or written in chapters; each sees their own.';

comment on column learning.user_annotations.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.user_annotations.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.user_annotations.user_id is 'The person that the row belongs to; taken from the session.';

comment on column learning.user_annotations.chapter_id is 'The chapter, which stays while somebody has notes in it.';

comment on column learning.user_annotations.kind is 'highlight, note, question or bookmark.';

comment on column learning.user_annotations.quote is 'The words that are marked.';

comment on column learning.user_annotations.body is 'What the person has written.';

comment on column learning.user_annotations.position is 'Where in the chapter, as the reader''s program tells it.';

comment on column learning.user_annotations.created_at is 'When the row was made.';

comment on column learning.user_annotations.updated_at is 'When the row was last changed.';

comment on index learning.pk_user_annotations is 'An annotation by its id.';

create index ix_user_annotations_tenant_id_user_id_created_at on learning.user_annotations (tenant_id, user_id, created_at desc, id desc);

comment on index learning.ix_user_annotations_tenant_id_user_id_created_at is 'What a person has marked or written, newest first.';

create index ix_user_annotations_tenant_id_chapter_id_user_id on learning.user_annotations (tenant_id, chapter_id, user_id);

comment on index learning.ix_user_annotations_tenant_id_chapter_id_user_id is 'What a person has marked or written in a chapter; whether anybody has.';

alter table learning.user_annotations add constraint fk_user_annotations_tenant_id_chapter_id foreign key (tenant_id, chapter_id) references learning.chapters (tenant_id, id) on delete restrict;

alter table learning.user_annotations enable row level security;

alter table learning.user_annotations force row level security;

create policy user_rows on learning.user_annotations to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on learning.user_annotations to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.user_annotations to app_all using (true) with check (true);

alter table learning.user_annotations add constraint fk_user_annotations_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, user_id, chapter_id, kind, quote, body, position), update (kind, quote, body, position, updated_at), delete on learning.user_annotations to app_rw, learning_service;

grant select, insert, update (kind, quote, body, position, updated_at), delete on learning.user_annotations to app_admin;

grant select on learning.user_annotations to app_ro, app_maint, app_backup, app_definer;

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
);

comment on table learning.analogy_feedback is 'What people think of relationships; each sees their own.';

comment on column learning.analogy_feedback.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.analogy_feedback.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.analogy_feedback.user_id is 'The person that the row belongs to; taken from the session.';

comment on column learning.analogy_feedback.relationship_id is 'The relationship that it is about.';

comment on column learning.analogy_feedback.is_helpful is 'Whether it has helped the person.';

comment on column learning.analogy_feedback.rating is 'From 1, bad, to 5, good, where the person says.';

comment on column learning.analogy_feedback.comment is 'What the person says about it.';

comment on column learning.analogy_feedback.created_at is 'When the row was made.';

comment on column learning.analogy_feedback.updated_at is 'When the row was last changed.';

comment on index learning.pk_analogy_feedback is 'A piece of feedback by its id.';

comment on index learning.uq_analogy_feedback_tenant_id_relationship_id_user_id is 'What people think of a relationship; one row for each person.';

create index ix_analogy_feedback_tenant_id_user_id_created_at on learning.analogy_feedback (tenant_id, user_id, created_at desc, id desc);

comment on index learning.ix_analogy_feedback_tenant_id_user_id_created_at is 'What a person has given feedback on, newest first.';

alter table learning.analogy_feedback add constraint fk_analogy_feedback_tenant_id_relationship_id foreign key (tenant_id, relationship_id) references learning.relationships (tenant_id, id) on delete cascade;

alter table learning.analogy_feedback enable row level security;

alter table learning.analogy_feedback force row level security;

create policy user_rows on learning.analogy_feedback to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on learning.analogy_feedback to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.analogy_feedback to app_all using (true) with check (true);

alter table learning.analogy_feedback add constraint fk_analogy_feedback_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, user_id, relationship_id, is_helpful, rating, comment), update (is_helpful, rating, comment, updated_at), delete on learning.analogy_feedback to app_rw, learning_service;

grant select, insert, update (is_helpful, rating, comment, updated_at), delete on learning.analogy_feedback to app_admin;

grant select on learning.analogy_feedback to app_ro, app_maint, app_backup, app_definer;

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
);

comment on table learning.chapter_progress is 'How far people are in chapters; each sees their own.';

comment on column learning.chapter_progress.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.chapter_progress.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.chapter_progress.user_id is 'The person that the row belongs to; taken from the session.';

comment on column learning.chapter_progress.chapter_id is 'The chapter.';

comment on column learning.chapter_progress.course_id is 'The chapter''s course, which a trigger fills in.';

comment on column learning.chapter_progress.status is 'started or completed.';

comment on column learning.chapter_progress.percent is 'How much of it is read, from 0 to 100.';

comment on column learning.chapter_progress.seconds_spent is 'Time spent in it, in seconds.';

comment on column learning.chapter_progress.started_at is 'When the person began, by the server''s clock.';

comment on column learning.chapter_progress.completed_at is 'When it was first completed, by the server''s clock; empty before.';

comment on column learning.chapter_progress.created_at is 'When the row was made.';

comment on column learning.chapter_progress.updated_at is 'When the row was last changed.';

comment on index learning.pk_chapter_progress is 'Progress in a chapter by its id.';

comment on index learning.uq_chapter_progress_tenant_id_user_id_chapter_id is 'How far a person is in a chapter; one row for each.';

create index ix_chapter_progress_tenant_id_user_id_course_id on learning.chapter_progress (tenant_id, user_id, course_id);

comment on index learning.ix_chapter_progress_tenant_id_user_id_course_id is 'How far a person is in a course.';

create index ix_chapter_progress_tenant_id_course_id on learning.chapter_progress (tenant_id, course_id);

comment on index learning.ix_chapter_progress_tenant_id_course_id is 'How far everybody is in a course; see learning.get_course_stats.';

create index ix_chapter_progress_tenant_id_chapter_id on learning.chapter_progress (tenant_id, chapter_id);

comment on index learning.ix_chapter_progress_tenant_id_chapter_id is 'Whether anybody has begun a chapter, when it is to be removed.';

create index ix_chapter_progress_tenant_id_started_at on learning.chapter_progress (tenant_id, started_at);

comment on index learning.ix_chapter_progress_tenant_id_started_at is 'What was begun in a time; see learning.get_learning_statistics.';

create index ix_chapter_progress_tenant_id_completed_at on learning.chapter_progress (tenant_id, completed_at) where completed_at is not null;

comment on index learning.ix_chapter_progress_tenant_id_completed_at is 'What was completed in a time; see learning.get_learning_statistics.';

alter table learning.chapter_progress add constraint fk_chapter_progress_tenant_id_chapter_id foreign key (tenant_id, chapter_id) references learning.chapters (tenant_id, id) on delete restrict;

alter table learning.chapter_progress add constraint fk_chapter_progress_tenant_id_course_id foreign key (tenant_id, course_id) references learning.courses (tenant_id, id) on delete restrict;

alter table learning.chapter_progress enable row level security;

alter table learning.chapter_progress force row level security;

create policy user_rows on learning.chapter_progress to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on learning.chapter_progress to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.chapter_progress to app_all using (true) with check (true);

alter table learning.chapter_progress add constraint fk_chapter_progress_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select, insert (tenant_id, id, user_id, chapter_id, status, percent, seconds_spent), update (status, percent, seconds_spent, updated_at) on learning.chapter_progress to app_rw, learning_service;

grant select, insert, update (status, percent, seconds_spent, updated_at), delete on learning.chapter_progress to app_admin;

grant select on learning.chapter_progress to app_ro, app_maint, app_backup, app_definer;

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
);

comment on table learning.user_progress is 'What each person has done so far; kept by a trigger.';

comment on column learning.user_progress.tenant_id is 'The tenant that the row belongs to; taken from the session.';

comment on column learning.user_progress.id is 'UUIDv7: unique, and in the order of creation.';

comment on column learning.user_progress.user_id is 'The person that the row belongs to; taken from the session.';

comment on column learning.user_progress.current_streak is 'Days in a row until last_active_on.';

comment on column learning.user_progress.longest_streak is 'The most days in a row that there ever were.';

comment on column learning.user_progress.last_active_on is 'The last day with progress, in the person''s time zone at that time.';

comment on column learning.user_progress.badges is 'What was reached, e.g. streak_7; never taken away.';

comment on column learning.user_progress.chapters_completed is 'How many chapters the person has completed.';

comment on column learning.user_progress.seconds_spent is 'Time spent in all chapters, in seconds.';

comment on column learning.user_progress.created_at is 'When the row was made.';

comment on column learning.user_progress.updated_at is 'When the row was last changed.';

comment on index learning.pk_user_progress is 'The sum of a person by its id.';

comment on index learning.uq_user_progress_tenant_id_user_id is 'What a person has done so far; one row in each tenant.';

alter table learning.user_progress enable row level security;

alter table learning.user_progress force row level security;

create policy user_rows on learning.user_progress to app_tenant using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid and user_id = nullif(current_setting('app.current_user_id', true), '')::uuid);

create policy tenant_rows on learning.user_progress to app_tenant_admin using (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid) with check (tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid);

create policy all_rows on learning.user_progress to app_all using (true) with check (true);

alter table learning.user_progress add constraint fk_user_progress_tenant_id foreign key (tenant_id) references tenancy.tenants (id) on delete restrict;

grant select on learning.user_progress to app_rw, learning_service, app_ro, app_maint, app_backup;

grant select, insert, delete on learning.user_progress to app_admin;

UPDATE app.alembic_version SET version_num='learning_0003' WHERE app.alembic_version.version_num = 'learning_0002';

COMMIT;

