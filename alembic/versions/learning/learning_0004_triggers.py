"""What is kept by the database itself: counts, streaks, consensus, times, and the way of a document's status.

Why: each of these is told by what many write at once, so a program that reads, adds and writes back would lose some.
A count moves by what has changed, in one statement that reads the newest version of its row. None of it happens while a
tenant is moved as a whole, as an export holds the counts too.

The races, and what settles them. *Feedback*: two people at once wait for each other at the row of the relationship; the
foreign key locks only its key, so that it is in nobody's way. Whoever rates several does so in the order of their ids.
*Progress*: a person with two devices waits at the own row of `user_progress`. A transaction that began before midnight
and commits after one that began later finds a later day there, and leaves it. *Documents*: parts of the same documents
from two workers; documents are locked in the order of their ids, and that lock goes with those of the foreign key.
*Completion*: the row itself is locked, and what is completed stays completed.

Functions that write what the writer may not are app_definer's, take the tenant from the written row, and are called by
triggers alone. The others look at nothing but their row.

Locks: SHARE ROW EXCLUSIVE on each table of learning for a moment: writers wait until the revision commits.

Safe with the previous release? Yes: the previous one has no learning.

Undo: drops triggers and functions; what they have written stays.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "learning_0004"
down_revision = "learning_0003"
branch_labels = None
depends_on = None

TOUCHED = (
    "user_profiles",
    "courses",
    "chapters",
    "chapter_complexity",
    "course_documents",
    "processed_documents",
    "keywords",
    "relationships",
    "user_annotations",
    "analogy_feedback",
    "chapter_progress",
    "user_progress",
)

# The check refuses abbreviations and POSIX zones, which AT TIME ZONE would take too.
CHECK_PROFILE = r"""
create function learning.check_profile() returns trigger
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $body$
declare
  long text;
begin
  if new.interests is not null then
    new.interests := array(
      select w.word
      from unnest(new.interests) with ordinality as u (raw, place)
      cross join lateral (select lower(btrim(regexp_replace(u.raw, '\s+', ' ', 'g'))) as word) as w
      where w.word <> ''
      group by w.word
      order by min(u.place)
    );
    select i.word into long from unnest(new.interests) as i (word) where length(i.word) > 50 limit 1;
    if cardinality(new.interests) > 20 or long is not null then
      raise exception 'interests are refused: %', case
        when long is null then format('%s were given', cardinality(new.interests))
        else format('%s… has %s characters', left(long, 20), length(long))
      end using
        errcode = 'check_violation', hint = 'give 20 interests at most, of 50 characters at most',
        schema = tg_table_schema, table = tg_table_name, column = 'interests',
        constraint = 'ck_user_profiles_interests';
    end if;
  end if;
  if tg_op = 'INSERT' or new.time_zone is distinct from old.time_zone then
    begin
      perform now() at time zone new.time_zone;
    exception when invalid_parameter_value then
      raise exception 'there is no time zone %', new.time_zone using
        errcode = 'check_violation', hint = 'write a name of the IANA database, e.g. Europe/Moscow or UTC',
        schema = tg_table_schema, table = tg_table_name, column = 'time_zone',
        constraint = 'ck_user_profiles_time_zone';
    end;
  end if;
  return new;
end
$body$
"""

CHECK_DOCUMENT_STATUS = """
create function learning.check_document_status() returns trigger
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed text;
begin
  if format('%s>%s', old.status, new.status) <> all (tg_argv) then
    select string_agg(split_part(step, '>', 2), ', ') into allowed
      from unnest(tg_argv) as step where split_part(step, '>', 1) = old.status;
    raise exception 'the status of a document can''t go from % to %', old.status, new.status using
      errcode = 'TN101', hint = 'from ' || old.status || ' it goes to ' || allowed,
      schema = tg_table_schema, table = tg_table_name, column = 'status';
  end if;
  if new.status = 'failed' and new.error is null then
    raise exception 'a document has failed, and nothing says why' using
      errcode = 'check_violation', hint = 'set error in the same update',
      schema = tg_table_schema, table = tg_table_name, column = 'error', constraint = 'ck_course_documents_error';
  end if;
  new.error := case when new.status = 'failed' then new.error end;
  new.processed_at := case when new.status = 'processed' then now() end;
  return new;
end
$body$
"""

STEPS = (
    "uploaded>processing",
    "uploaded>processed",
    "uploaded>failed",
    "processing>processed",
    "processing>failed",
    "processed>processing",
    "failed>processing",
    "failed>processed",
)

FINISH_DOCUMENTS = """
create function learning.finish_documents() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  with written as materialized (
    select d.tenant_id, d.id
    from learning.course_documents as d
    join (select distinct p.tenant_id, p.document_id from parts as p) as w
      on w.tenant_id = d.tenant_id and w.document_id = d.id
    where d.status <> 'processed' and not tenancy.is_in_transit(d.tenant_id)
    order by d.tenant_id, d.id
    for no key update of d
  )
  update learning.course_documents as d set status = 'processed' from written as w
  where d.tenant_id = w.tenant_id and d.id = w.id and d.status <> 'processed';
  return null;
end
$body$
"""

# A chapter of another tenant is not looked for on behalf of this one: the policy refuses the row first.
KEEP_PROGRESS = """
create function learning.keep_progress() returns trigger
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tenancy.is_in_transit(new.tenant_id) then
    return new;
  end if;
  if tg_op = 'INSERT' then
    select c.course_id into new.course_id from learning.chapters as c
      where c.tenant_id = new.tenant_id and c.id = new.chapter_id;
    if not found and new.tenant_id = app.current_tenant_id() then
      raise exception 'there is no chapter %', new.chapter_id using
        errcode = 'foreign_key_violation', hint = 'read the chapters of the course again',
        schema = tg_table_schema, table = tg_table_name, column = 'chapter_id',
        constraint = 'fk_chapter_progress_tenant_id_chapter_id';
    end if;
    new.started_at := now();
    new.completed_at := null;
  else
    new.started_at := old.started_at;
    new.completed_at := old.completed_at;
    new.status := case when old.status = 'completed' then old.status else new.status end;
  end if;
  if new.status = 'completed' then
    new.percent := 100;
    new.completed_at := coalesce(new.completed_at, now());
  end if;
  return new;
end
$body$
"""

# A day that is not later than the last one changes nothing: who travels west lives it twice.
NEXT_STREAK = """
create function learning.next_streak(streak integer, last_day date, today date) returns integer
language sql immutable parallel safe
return case when today <= last_day then streak when today = last_day + 1 then streak + 1 else 1 end
"""

WITH_BADGES = """
create function learning.with_badges(badges text[], streak integer, chapters integer) returns text[]
language sql immutable parallel safe
return badges || array(
  select b.name
  from (values
    (1, 'streak_7', streak >= 7), (2, 'streak_30', streak >= 30), (3, 'streak_365', streak >= 365),
    (4, 'chapters_1', chapters >= 1), (5, 'chapters_10', chapters >= 10), (6, 'chapters_100', chapters >= 100)
  ) as b (place, name, is_reached)
  where b.is_reached and b.name <> all (badges)
  order by b.place
)
"""

# One statement, whose expressions read the newest version of the row that it has locked.
NOTE_ACTIVITY = """
create function learning.note_activity(
  tenant uuid, person uuid, at timestamp with time zone, completed integer, seconds bigint
) returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  zone text := coalesce(
    (select p.time_zone from learning.user_profiles as p where p.tenant_id = tenant and p.user_id = person), 'UTC'
  );
  today date := (at at time zone zone)::date;
begin
  insert into learning.user_progress as p
    (tenant_id, user_id, last_active_on, chapters_completed, seconds_spent, badges)
  values (tenant, person, today, completed, seconds, learning.with_badges('{}', 1, completed))
  on conflict (tenant_id, user_id) do update set
    current_streak = learning.next_streak(p.current_streak, p.last_active_on, today),
    longest_streak = greatest(
      p.longest_streak, learning.next_streak(p.current_streak, p.last_active_on, today)
    ),
    last_active_on = greatest(p.last_active_on, today),
    chapters_completed = p.chapters_completed + excluded.chapters_completed,
    seconds_spent = p.seconds_spent + excluded.seconds_spent,
    badges = learning.with_badges(
      p.badges, learning.next_streak(p.current_streak, p.last_active_on, today),
      p.chapters_completed + excluded.chapters_completed
    );
end
$body$
"""

NOTE_PROGRESS = """
create function learning.note_progress() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not tenancy.is_in_transit(new.tenant_id) then
    perform learning.note_activity(
      new.tenant_id, new.user_id, now(),
      (new.status = 'completed')::integer - coalesce((old.status = 'completed')::integer, 0),
      new.seconds_spent - coalesce(old.seconds_spent, 0)
    );
  end if;
  return null;
end
$body$
"""

COUNT_FEEDBACK = """
create function learning.count_feedback() returns trigger
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  tenant uuid := coalesce(new.tenant_id, old.tenant_id);
  relationship uuid := coalesce(new.relationship_id, old.relationship_id);
  people integer := (tg_op = 'INSERT')::integer - (tg_op = 'DELETE')::integer;
  helpful integer := coalesce(new.is_helpful::integer, 0) - coalesce(old.is_helpful::integer, 0);
begin
  if (people, helpful) <> (0, 0) and not tenancy.is_in_transit(tenant) then
    update learning.relationships as r
      set feedback_people = r.feedback_people + people, feedback_helpful = r.feedback_helpful + helpful
      where r.tenant_id = tenant and r.id = relationship;
  end if;
  return null;
end
$body$
"""

ACTIVITY_SIGNATURE = "learning.note_activity(uuid, uuid, timestamp with time zone, integer, bigint)"

# by app_definer; the others run as who writes
DEFINERS = {
    "learning.finish_documents()": "Makes documents processed whose parts were written; a trigger.",
    "learning.keep_progress()": "Fills in course and times of progress, and keeps what is completed; a trigger.",
    ACTIVITY_SIGNATURE: "Adds to what a person has done, and to the streak by the day where the person lives.",
    "learning.note_progress()": "Hands progress on to the row that sums up the person; a trigger.",
    "learning.count_feedback()": "Counts the people who have given feedback on a relationship; a trigger.",
}


def upgrade() -> None:
    for body in (CHECK_PROFILE, CHECK_DOCUMENT_STATUS, NEXT_STREAK, WITH_BADGES):
        ddl.execute(body)
    close("check_profile()", "app_owner", "Tidies interests and refuses a time zone that does not exist; a trigger.")
    close("check_document_status()", "app_owner", "Refuses a status that does not follow from the old one (TN101).")
    close("next_streak(integer, date, date)", "app_definer", "How many days in a row it is, with one more day.")
    close("with_badges(text[], integer, integer)", "app_definer", "The badges, and those that are reached now.")
    for body in (FINISH_DOCUMENTS, KEEP_PROGRESS, NOTE_ACTIVITY, NOTE_PROGRESS, COUNT_FEEDBACK):
        ddl.execute(body)
    for signature, comment in DEFINERS.items():
        ddl.close_function(signature, ["app_owner"], comment)
        ddl.give_to_definer(signature, "learning")
    ddl.grant("update (status, error, processed_at)", "learning.course_documents", ["app_definer"])
    ddl.grant("update (feedback_people, feedback_helpful)", "learning.relationships", ["app_definer"])
    ddl.grant("select, insert, update", "learning.user_progress", ["app_definer"])
    create_triggers()


def create_triggers() -> None:
    for table in TOUCHED:
        trigger("touch_updated_at", table, "before update", "app.touch_updated_at()", "When the row was last changed.")
    trigger(
        "check_profile",
        "user_profiles",
        "before insert or update of interests, time_zone",
        "learning.check_profile()",
        "Interests are few, short and told once; a time zone exists.",
    )
    trigger(
        "audit_row",
        "courses",
        "after insert or update or delete",
        "ops.audit_row('course')",
        "What is done to courses is in the audit log.",
    )
    steps = ", ".join(f"'{step}'" for step in STEPS)
    ddl.execute(
        "create trigger check_document_status before update of status on learning.course_documents for each row "
        f"when (old.status is distinct from new.status) execute function learning.check_document_status({steps})"
    )
    ddl.comment_on(
        "trigger check_document_status on learning.course_documents", "The ways that a document's status may go."
    )
    ddl.execute(
        "create trigger finish_documents after insert on learning.processed_documents "
        "referencing new table as parts for each statement execute function learning.finish_documents()"
    )
    ddl.comment_on(
        "trigger finish_documents on learning.processed_documents", "A document that has parts is processed."
    )
    create_triggers_of_people()


def create_triggers_of_people() -> None:
    trigger(
        "keep_progress",
        "chapter_progress",
        "before insert or update",
        "learning.keep_progress()",
        "The server's clock says when a chapter was begun and completed.",
    )
    trigger(
        "note_progress",
        "chapter_progress",
        "after insert or update",
        "learning.note_progress()",
        "Streak, chapters and time of the person.",
    )
    trigger(
        "count_feedback",
        "analogy_feedback",
        "after insert or update or delete",
        "learning.count_feedback()",
        "How many people have given feedback, and whether they agree.",
    )


def trigger(name: str, table: str, when: str, call: str, comment: str) -> None:
    ddl.execute(f"create trigger {name} {when} on learning.{table} for each row execute function {call}")
    ddl.comment_on(f"trigger {name} on learning.{table}", comment)


def close(signature: str, role: str, comment: str) -> None:
    ddl.close_function(f"learning.{signature}", [role], comment)


TRIGGERS = (
    ("count_feedback", "analogy_feedback"),
    ("note_progress", "chapter_progress"),
    ("keep_progress", "chapter_progress"),
    ("finish_documents", "processed_documents"),
    ("check_document_status", "course_documents"),
    ("audit_row", "courses"),
    ("check_profile", "user_profiles"),
)


def downgrade() -> None:
    for name, table in TRIGGERS:
        ddl.execute(f"drop trigger {name} on learning.{table}")
    for table in TOUCHED:
        ddl.execute(f"drop trigger touch_updated_at on learning.{table}")
    for signature in reversed(DEFINERS):
        ddl.execute(f"drop function {signature}")
    ddl.execute("drop function learning.with_badges(text[], integer, integer)")
    ddl.execute("drop function learning.next_streak(integer, date, date)")
    ddl.execute("drop function learning.check_document_status()")
    ddl.execute("drop function learning.check_profile()")
    definer = ddl.role("app_definer")
    ddl.execute(f"revoke update (status, error, processed_at) on learning.course_documents from {definer}")
    ddl.execute(f"revoke update (feedback_people, feedback_helpful) on learning.relationships from {definer}")
    ddl.execute(f"revoke select, insert, update on learning.user_progress from {definer}")
