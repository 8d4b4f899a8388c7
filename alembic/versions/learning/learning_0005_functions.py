"""What is asked of learning: statistics, summaries, searches, duplicates, keys for a cache.

Why: who looks across people asks a function of app_definer, who sees all rows, with the tenant filter inside; it
returns sums and never a person's row. So do the searches whose operators are not leakproof (`<%`, `@>`): a policy
would keep the planner from their index. Where a person asks for what is the own, the function runs as who asks, and the
policies decide: `search_courses` reads a person's courses by the index and looks into each of them, as one person has
few. Each function fails where no tenant is bound. Plans are made for the tenant at hand, as tenants differ in size.

Locks: none.

Safe with the previous release? Yes.

Undo: drops the functions.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "learning_0005"
down_revision = "learning_0004"
branch_labels = None
depends_on = None

READERS = ("app_rw", "app_ro", "learning_service", "app_admin")

REQUIRE_TENANT = """
create function learning.require_tenant() returns uuid
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $body$
declare
  tenant uuid := app.current_tenant_id();
begin
  if tenant is null then
    raise exception 'no tenant is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_tenant_id(...) in the same transaction';
  end if;
  return tenant;
end
$body$
"""

FIND_PERSON = """
create function learning.find_person(subject text) returns uuid
language plpgsql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  tenant uuid := learning.require_tenant();
begin
  return (
    select p.user_id from learning.user_profiles as p where p.tenant_id = tenant and p.external_subject = subject
  );
end
$body$
"""

COURSE_STATS = """
create function learning.get_course_stats(course uuid)
returns table (
  people bigint, people_finished bigint, chapters bigint, chapters_completed bigint, completion_rate numeric,
  seconds_spent bigint, keywords bigint, documents jsonb, mean_complexity numeric
)
language plpgsql stable parallel safe security definer rows 1
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    with
      made as (
        select count(*) as chapters from learning.chapters as c where c.tenant_id = tenant and c.course_id = course
      ),
      each as (
        select count(*) filter (where p.status = 'completed') as completed, sum(p.seconds_spent)::bigint as seconds
        from learning.chapter_progress as p
        where p.tenant_id = tenant and p.course_id = course
        group by p.user_id
      ),
      everybody as (
        select count(*) as people, coalesce(sum(e.completed), 0)::bigint as completed,
          coalesce(sum(e.seconds), 0)::bigint as seconds,
          count(*) filter (where e.completed >= made.chapters) as finished
        from each as e cross join made
      )
    select everybody.people, everybody.finished, made.chapters, everybody.completed,
      round(coalesce(everybody.completed::numeric / nullif(everybody.people * made.chapters, 0), 0), 4),
      everybody.seconds,
      (select count(*) from learning.keywords as k where k.tenant_id = tenant and k.course_id = course),
      (
        select coalesce(jsonb_object_agg(s.status, s.documents), '{}') from (
          select d.status, count(*) as documents from learning.course_documents as d
          where d.tenant_id = tenant and d.course_id = course group by d.status
        ) as s
      ),
      (
        select round(avg(x.score), 2) from learning.chapters as c
        join learning.chapter_complexity as x on x.tenant_id = c.tenant_id and x.chapter_id = c.id
        where c.tenant_id = tenant and c.course_id = course
      )
    from everybody cross join made
    where exists (select from learning.courses as o where o.tenant_id = tenant and o.id = course);
end
$body$
"""

PROGRESS_SUMMARY = """
create function learning.get_progress_summary(person uuid default app.current_user_id())
returns table (
  current_streak integer, longest_streak integer, last_active_on date, badges text[], chapters_started bigint,
  chapters_completed bigint, seconds_spent bigint, courses bigint, annotations bigint
)
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  today date := (now() at time zone coalesce(
    (select p.time_zone from learning.user_profiles as p where p.tenant_id = tenant and p.user_id = person), 'UTC'
  ))::date;
begin
  return query
    select
      case when u.last_active_on >= today - 1 then u.current_streak else 0 end, coalesce(u.longest_streak, 0),
      u.last_active_on, coalesce(u.badges, '{}'), c.started, coalesce(u.chapters_completed, 0)::bigint,
      coalesce(u.seconds_spent, 0), c.courses,
      (select count(*) from learning.user_annotations as a where a.tenant_id = tenant and a.user_id = person)
    from (
      select count(*) as started, count(distinct p.course_id) as courses
      from learning.chapter_progress as p where p.tenant_id = tenant and p.user_id = person
    ) as c
    left join learning.user_progress as u on u.tenant_id = tenant and u.user_id = person;
end
$body$
"""

LEARNING_STATISTICS = """
create function learning.get_learning_statistics(since timestamp with time zone, until timestamp with time zone)
returns table (people bigint, courses bigint, chapters_started bigint, chapters_completed bigint)
language plpgsql stable parallel safe security definer rows 1
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    with done as (
      select p.user_id, p.course_id, 1 as started, 0 as completed from learning.chapter_progress as p
      where p.tenant_id = tenant and p.started_at >= since and p.started_at < until
      union all
      select p.user_id, p.course_id, 0, 1 from learning.chapter_progress as p
      where p.tenant_id = tenant and p.completed_at >= since and p.completed_at < until
    )
    select count(distinct d.user_id), count(distinct d.course_id), coalesce(sum(d.started), 0),
      coalesce(sum(d.completed), 0)
    from done as d;
end
$body$
"""

ANALYZE_FEEDBACK = """
create function learning.analyze_feedback(course uuid)
returns table (
  kind text, relationships bigint, people bigint, helpful bigint, unhelpful bigint, divided bigint, undecided bigint,
  mean_rating numeric
)
language plpgsql stable parallel safe security definer rows 5
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    with found as materialized (
      select r.id, r.kind, r.consensus from learning.keywords as k
      join learning.relationships as r on r.tenant_id = k.tenant_id and r.source_keyword_id = k.id
      where k.tenant_id = tenant and k.course_id = course
    ),
    told as (
      select f.kind, count(distinct a.user_id) as people, round(avg(a.rating), 2) as rating
      from found as f
      join learning.analogy_feedback as a on a.tenant_id = tenant and a.relationship_id = f.id
      group by f.kind
    )
    select f.kind, count(*), coalesce(min(t.people), 0), count(*) filter (where f.consensus = 'helpful'),
      count(*) filter (where f.consensus = 'unhelpful'), count(*) filter (where f.consensus = 'divided'),
      count(*) filter (where f.consensus is null), min(t.rating)
    from found as f left join told as t on t.kind = f.kind
    group by f.kind order by f.kind;
end
$body$
"""

SEARCH_COURSES = """
create function learning.search_courses(
  person uuid, query text, result_limit integer default 20, after_rank real default null, after_id uuid default null
)
returns table (
  id uuid, title text, description text, status text, language text, difficulty text, tags text[], rank real
)
language plpgsql stable parallel safe rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  words tsquery := websearch_to_tsquery('pg_catalog.russian', query);
begin
  return query
    select f.* from (
      select c.id, c.title, c.description, c.status, c.language, c.difficulty, c.tags, ts_rank(c.search, words) as rank
      from learning.courses as c
      where c.tenant_id = tenant and c.user_id = person and c.search @@ words
    ) as f
    where after_id is null or f.rank < after_rank or (f.rank = after_rank and f.id > after_id)
    order by f.rank desc, f.id
    limit result_limit;
end
$body$
"""

# Of 50,000 keywords those with a mistyped letter took 1 ms at 0.6, and 3 to 25 at 0.4, which is for short words; so
# that is asked only where nothing is nearer. The threshold is set in the body, as in the catalogue's search. A term may
# stand in each course, so there may be thousands: of them 1,000 are ranked, at 5 microseconds each.
SEARCH_KEYWORDS = """
create function learning.search_keywords(
  query text, result_limit integer default 20, after_key text default null, after_score real default null,
  after_id uuid default null
)
returns table (id uuid, course_id uuid, term text, term_key text, definition text, match text, score real)
language plpgsql stable security definer rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  wanted text := lower(btrim(query));
  former text := current_setting('pg_trgm.word_similarity_threshold', true);
  threshold real;
begin
  if wanted = '' then
    return;
  end if;
  if after_score is null then
    return query
      select k.id, k.course_id, k.term, k.term_key, k.definition, 'prefix', 1::real
      from learning.keywords as k
      where k.tenant_id = tenant and k.term_key ^@ wanted
        and (after_id is null or (k.term_key, k.id) > (after_key, after_id))
      order by k.term_key, k.id
      limit result_limit;
    if found or after_id is not null then
      return;
    end if;
  end if;
  foreach threshold in array case
    when after_score is null then array[0.6, 0.4] when after_score >= 0.6 then array[0.6] else array[0.4]
  end loop
    perform set_config('pg_trgm.word_similarity_threshold', threshold::text, true);
    return query
      select f.*
      from (
        select a.id, a.course_id, a.term, a.term_key, a.definition, 'similar',
          extensions.word_similarity(wanted, a.term_key) as score
        from (
          select k.* from learning.keywords as k
          where k.tenant_id = tenant and wanted operator(extensions.<%) k.term_key
          limit 1000
        ) as a
      ) as f
      where after_id is null or f.score < after_score or (f.score = after_score and f.id > after_id)
      order by f.score desc, f.id
      limit result_limit;
    exit when found;
  end loop;
  perform set_config('pg_trgm.word_similarity_threshold', coalesce(nullif(former, ''), '0.6'), true);
end
$body$
"""

FIND_CHAPTERS = """
create function learning.find_chapters(
  wanted jsonb, result_limit integer default 20, after_chapter_id uuid default null
)
returns table (
  chapter_id uuid, course_id uuid, number integer, title text, score smallint, reading_level text, factors jsonb
)
language plpgsql stable parallel safe security definer rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    select x.chapter_id, c.course_id, c.number, c.title, x.score, x.reading_level, x.factors
    from learning.chapter_complexity as x
    join learning.chapters as c on c.tenant_id = x.tenant_id and c.id = x.chapter_id
    where x.tenant_id = tenant and x.factors @> wanted
      and (after_chapter_id is null or x.chapter_id > after_chapter_id)
    order by x.chapter_id
    limit result_limit;
end
$body$
"""

FIND_DUPLICATES = """
create function learning.find_duplicate_documents(
  course uuid, result_limit integer default 100, after_sha256 bytea default null
)
returns table (content_sha256 bytea, documents uuid[], titles text[])
language plpgsql stable parallel safe rows 100
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
begin
  return query
    select d.content_sha256, array_agg(d.id order by d.id), array_agg(d.title order by d.id)
    from learning.course_documents as d
    where d.tenant_id = tenant and d.course_id = course and d.content_sha256 is not null
      and (after_sha256 is null or d.content_sha256 > after_sha256)
    group by d.content_sha256
    having count(*) > 1
    order by d.content_sha256
    limit result_limit;
end
$body$
"""

# jsonb writes its keys in one order, so that the same parts are the same text
CACHE_KEY = """
create function learning.cache_key(kind text, parts jsonb default '{}', of_person boolean default true) returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $body$
declare
  tenant uuid := learning.require_tenant();
  person uuid := app.current_user_id();
begin
  if kind is null or kind !~ '^[a-z][a-z0-9_]{0,62}$' then
    raise exception 'the kind of a cache key is %', coalesce(quote_literal(kind), 'missing') using
      errcode = 'invalid_parameter_value', hint = 'write small letters, digits and _, e.g. course_stats';
  end if;
  if parts is null or of_person is null then
    raise exception 'the parts of a cache key are missing' using
      errcode = 'null_value_not_allowed', hint = 'leave out what is not needed, and give no null';
  end if;
  if of_person and person is null then
    raise exception 'no person is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_user_id(...), or say that the entry is of no person';
  end if;
  return format(
    'learning:%s:%s:%s:%s', tenant, case when of_person then person::text else '-' end, kind,
    encode(sha256(convert_to(parts::text, 'UTF8')), 'hex')
  );
end
$body$
"""

# by signature: the body, and what it is; those of app_definer, who sees all rows, and those that run as who asks
DEFINERS = {
    "learning.find_person(text)": (FIND_PERSON, "Who a subject of the identity provider is in the current tenant."),
    "learning.get_course_stats(uuid)": (
        COURSE_STATS,
        "What everybody has done in a course of the current tenant, in sums; no row where there is no such course.",
    ),
    "learning.get_learning_statistics(timestamp with time zone, timestamp with time zone)": (
        LEARNING_STATISTICS,
        "What everybody in the current tenant has begun and completed from one time to another, in sums.",
    ),
    "learning.analyze_feedback(uuid)": (
        ANALYZE_FEEDBACK,
        "What people think of the relationships of a course, in sums for each kind.",
    ),
    "learning.search_keywords(text, integer, text, real, uuid)": (
        SEARCH_KEYWORDS,
        "Keywords of the current tenant that begin so, or where there are none, that are spelled alike.",
    ),
    "learning.find_chapters(jsonb, integer, uuid)": (
        FIND_CHAPTERS,
        "Chapters of the current tenant whose complexity has these factors.",
    ),
}
INVOKERS = {
    "learning.get_progress_summary(uuid)": (PROGRESS_SUMMARY, "What a person has done so far, as far as one may see."),
    "learning.search_courses(uuid, text, integer, real, uuid)": (
        SEARCH_COURSES,
        "The courses of a person that match, best first, as far as one may see.",
    ),
    "learning.find_duplicate_documents(uuid, integer, bytea)": (
        FIND_DUPLICATES,
        "Documents of a course that have the same content.",
    ),
    "learning.cache_key(text, jsonb, boolean)": (
        CACHE_KEY,
        "A key for a cache that others share: it holds the tenant and, unless told otherwise, the person.",
    ),
}


def upgrade() -> None:
    ddl.execute(REQUIRE_TENANT)
    ddl.close_function(
        "learning.require_tenant()", ddl.EVERYONE, "The tenant that is bound, or an error (TN001) where there is none."
    )
    for signature, (body, comment) in (DEFINERS | INVOKERS).items():
        ddl.execute(body)
        ddl.close_function(signature, READERS, comment)
    for signature in DEFINERS:
        ddl.give_to_definer(signature, "learning")


def downgrade() -> None:
    for signature in reversed([*DEFINERS, *INVOKERS]):
        ddl.execute(f"drop function {signature}")
    ddl.execute("drop function learning.require_tenant()")
