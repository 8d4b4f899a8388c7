set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade learning_0003 -> learning_0004

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
$body$;

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
$body$;

create function learning.next_streak(streak integer, last_day date, today date) returns integer
language sql immutable parallel safe
return case when today <= last_day then streak when today = last_day + 1 then streak + 1 else 1 end;

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
);

revoke execute on function learning.check_profile() from public;

grant execute on function learning.check_profile() to app_owner;

comment on function learning.check_profile() is 'Tidies interests and refuses a time zone that does not exist; a trigger.';

revoke execute on function learning.check_document_status() from public;

grant execute on function learning.check_document_status() to app_owner;

comment on function learning.check_document_status() is 'Refuses a status that does not follow from the old one (TN101).';

revoke execute on function learning.next_streak(integer, date, date) from public;

grant execute on function learning.next_streak(integer, date, date) to app_definer;

comment on function learning.next_streak(integer, date, date) is 'How many days in a row it is, with one more day.';

revoke execute on function learning.with_badges(text[], integer, integer) from public;

grant execute on function learning.with_badges(text[], integer, integer) to app_definer;

comment on function learning.with_badges(text[], integer, integer) is 'The badges, and those that are reached now.';

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
$body$;

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
$body$;

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
$body$;

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
$body$;

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
$body$;

revoke execute on function learning.finish_documents() from public;

grant execute on function learning.finish_documents() to app_owner;

comment on function learning.finish_documents() is 'Makes documents processed whose parts were written; a trigger.';

grant create on schema learning to app_definer;

alter function learning.finish_documents() owner to app_definer;

revoke create on schema learning from app_definer;

revoke execute on function learning.keep_progress() from public;

grant execute on function learning.keep_progress() to app_owner;

comment on function learning.keep_progress() is 'Fills in course and times of progress, and keeps what is completed; a trigger.';

grant create on schema learning to app_definer;

alter function learning.keep_progress() owner to app_definer;

revoke create on schema learning from app_definer;

revoke execute on function learning.note_activity(uuid, uuid, timestamp with time zone, integer, bigint) from public;

grant execute on function learning.note_activity(uuid, uuid, timestamp with time zone, integer, bigint) to app_owner;

comment on function learning.note_activity(uuid, uuid, timestamp with time zone, integer, bigint) is 'Adds to what a person has done, and to the streak by the day where the person lives.';

grant create on schema learning to app_definer;

alter function learning.note_activity(uuid, uuid, timestamp with time zone, integer, bigint) owner to app_definer;

revoke create on schema learning from app_definer;

revoke execute on function learning.note_progress() from public;

grant execute on function learning.note_progress() to app_owner;

comment on function learning.note_progress() is 'Hands progress on to the row that sums up the person; a trigger.';

grant create on schema learning to app_definer;

alter function learning.note_progress() owner to app_definer;

revoke create on schema learning from app_definer;

revoke execute on function learning.count_feedback() from public;

grant execute on function learning.count_feedback() to app_owner;

comment on function learning.count_feedback() is 'Counts the people who have given feedback on a relationship; a trigger.';

grant create on schema learning to app_definer;

alter function learning.count_feedback() owner to app_definer;

revoke create on schema learning from app_definer;

grant update (status, error, processed_at) on learning.course_documents to app_definer;

grant update (feedback_people, feedback_helpful) on learning.relationships to app_definer;

grant select, insert, update on learning.user_progress to app_definer;

create trigger touch_updated_at before update on learning.user_profiles for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.user_profiles is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.courses for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.courses is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.chapters for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.chapters is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.chapter_complexity for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.chapter_complexity is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.course_documents for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.course_documents is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.processed_documents for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.processed_documents is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.keywords for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.keywords is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.relationships for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.relationships is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.user_annotations for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.user_annotations is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.analogy_feedback for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.analogy_feedback is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.chapter_progress for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.chapter_progress is 'When the row was last changed.';

create trigger touch_updated_at before update on learning.user_progress for each row execute function app.touch_updated_at();

comment on trigger touch_updated_at on learning.user_progress is 'When the row was last changed.';

create trigger check_profile before insert or update of interests, time_zone on learning.user_profiles for each row execute function learning.check_profile();

comment on trigger check_profile on learning.user_profiles is 'Interests are few, short and told once; a time zone exists.';

create trigger audit_row after insert or update or delete on learning.courses for each row execute function ops.audit_row('course');

comment on trigger audit_row on learning.courses is 'What is done to courses is in the audit log.';

create trigger check_document_status before update of status on learning.course_documents for each row when (old.status is distinct from new.status) execute function learning.check_document_status('uploaded>processing', 'uploaded>processed', 'uploaded>failed', 'processing>processed', 'processing>failed', 'processed>processing', 'failed>processing', 'failed>processed');

comment on trigger check_document_status on learning.course_documents is 'The ways that a document''s status may go.';

create trigger finish_documents after insert on learning.processed_documents referencing new table as parts for each statement execute function learning.finish_documents();

comment on trigger finish_documents on learning.processed_documents is 'A document that has parts is processed.';

create trigger keep_progress before insert or update on learning.chapter_progress for each row execute function learning.keep_progress();

comment on trigger keep_progress on learning.chapter_progress is 'The server''s clock says when a chapter was begun and completed.';

create trigger note_progress after insert or update on learning.chapter_progress for each row execute function learning.note_progress();

comment on trigger note_progress on learning.chapter_progress is 'Streak, chapters and time of the person.';

create trigger count_feedback after insert or update or delete on learning.analogy_feedback for each row execute function learning.count_feedback();

comment on trigger count_feedback on learning.analogy_feedback is 'How many people have given feedback, and whether they agree.';

UPDATE app.alembic_version SET version_num='learning_0004' WHERE app.alembic_version.version_num = 'learning_0003';

COMMIT;

