set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade learning_0005 -> learning_0006

create function learning.cosine_similarity(a extensions.vector, b extensions.vector) returns double precision
language sql immutable strict parallel safe
return 1 - (a operator(extensions.<=>) b);

revoke execute on function learning.cosine_similarity(extensions.vector, extensions.vector) from public;

grant execute on function learning.cosine_similarity(extensions.vector, extensions.vector) to app_rw, app_ro, learning_service, app_admin;

comment on function learning.cosine_similarity(extensions.vector, extensions.vector) is 'How much two vectors mean the same: from -1, the opposite, to 1, the same.';

create function learning.check_vector_search(
  query_embedding extensions.vector, result_limit integer, threshold double precision, exact_up_to integer,
  after_distance double precision, after_id uuid
) returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $body$
declare
  problem text := case
    when query_embedding is null then 'there is no vector to search for: give its 768 numbers'
    when extensions.vector_dims(query_embedding) <> 768 then
      format('the vector has %s numbers: give the 768 of the model', extensions.vector_dims(query_embedding))
    when extensions.vector_norm(query_embedding) not between 0.001 and 10000 then
      format('the norm of the vector is %s: give one between 0.001 and 10000', extensions.vector_norm(query_embedding))
    when coalesce(result_limit, 0) not between 1 and 1000 then
      format('the limit is %s: ask for 1 to 1000 at a time', coalesce(result_limit::text, 'null'))
    when coalesce(threshold, 2) not between -1 and 1 then
      format('the threshold is %s: a similarity is between -1 and 1', coalesce(threshold::text, 'null'))
    when coalesce(exact_up_to, -1) < 0 then
      format('exact_up_to is %s: give a number of candidates', coalesce(exact_up_to::text, 'null'))
    when (after_distance is null) <> (after_id is null) then
      'a page begins after a distance and an id: give both, or neither'
  end;
begin
  if problem is not null then
    raise exception '%', split_part(problem, ': ', 1) using
      errcode = 'invalid_parameter_value', hint = split_part(problem, ': ', 2);
  end if;
end
$body$;

revoke execute on function learning.check_vector_search(extensions.vector, integer, double precision, integer, double precision, uuid) from public;

grant execute on function learning.check_vector_search(extensions.vector, integer, double precision, integer, double precision, uuid) to app_definer;

comment on function learning.check_vector_search(extensions.vector, integer, double precision, integer, double precision, uuid) is 'Refuses what no search by vector can be made of (22023).';

create function learning.exact_bound(relation regclass, result_limit integer, exact_up_to integer) returns bigint
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $body$
  select greatest(exact_up_to, ceil(2 * sqrt(result_limit * greatest(c.reltuples, 0)::double precision)))::bigint
  from pg_class as c where c.oid = relation
$body$;

revoke execute on function learning.exact_bound(regclass, integer, integer) from public;

grant execute on function learning.exact_bound(regclass, integer, integer) to app_definer;

comment on function learning.exact_bound(regclass, integer, integer) is 'Up to how many candidates it is better to compare each than to scan the index of all tenants.';

create function learning.change_hnsw(iterative_scan text, ef_search text, max_scan_tuples text) returns text[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
declare
  former text[] := array[
    current_setting('hnsw.iterative_scan'), current_setting('hnsw.ef_search'), current_setting('hnsw.max_scan_tuples')
  ];
begin
  perform set_config('hnsw.iterative_scan', iterative_scan, true), set_config('hnsw.ef_search', ef_search, true),
    set_config('hnsw.max_scan_tuples', max_scan_tuples, true);
  return former;
end
$body$;

revoke execute on function learning.change_hnsw(text, text, text) from public;

grant execute on function learning.change_hnsw(text, text, text) to app_definer;

comment on function learning.change_hnsw(text, text, text) is 'Changes how indexes of vectors are scanned, until the transaction ends, and returns how they were.';

create function learning.find_similar_documents(
  query_embedding extensions.vector, result_limit integer default 10, threshold double precision default 0,
  course uuid default null, after_distance double precision default null, after_id uuid default null,
  exact_up_to integer default 2000
)
returns table (id uuid, document_id uuid, part integer, content text, distance double precision, similarity double precision)
language plpgsql stable security definer rows 10
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_sort = off
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  bound bigint;
  former text[];
  near uuid[];
begin
  perform learning.check_vector_search(
    query_embedding, result_limit, threshold, exact_up_to, after_distance, after_id
  );
  bound := learning.exact_bound('learning.processed_documents', result_limit, exact_up_to);
  if bound < (select count(*) from (select from learning.processed_documents as r where r.tenant_id = tenant and (course is null or r.document_id = any (array(select d.id from learning.course_documents as d where d.tenant_id = tenant and d.course_id = course))) limit bound + 1) as c) then
    former := learning.change_hnsw('relaxed_order', least(greatest(200, result_limit + 10), 1000)::text, '20000');
    near := array(
      select r.id from learning.processed_documents as r
      where r.tenant_id = tenant and (course is null or r.document_id = any (array(select d.id from learning.course_documents as d where d.tenant_id = tenant and d.course_id = course))) and (after_id is null or (r.embedding operator(extensions.<=>) query_embedding, r.id) > (after_distance, after_id))
      order by r.embedding::extensions.halfvec(768) operator(extensions.<=>) query_embedding::extensions.halfvec(768)
      limit result_limit + 10
    );
    perform learning.change_hnsw(former[1], former[2], former[3]);
  end if;
  if cardinality(near) < result_limit then
    near := null;
  end if;
  return query
    with scored as materialized (
      select r.id, r.embedding operator(extensions.<=>) query_embedding as distance from learning.processed_documents as r
      where r.tenant_id = tenant and (course is null or r.document_id = any (array(select d.id from learning.course_documents as d where d.tenant_id = tenant and d.course_id = course))) and (near is null or r.id = any (near))
    ), best as (
      select s.id, s.distance from scored as s
      where 1 - s.distance >= threshold and (after_id is null or (s.distance, s.id) > (after_distance, after_id))
      order by s.distance, s.id limit result_limit
    )
    select r.id, r.document_id, r.part, r.content, b.distance, 1 - b.distance
    from best as b join learning.processed_documents as r on r.tenant_id = tenant and r.id = b.id
    order by b.distance, b.id;
end
$body$;

revoke execute on function learning.find_similar_documents(extensions.vector, integer, double precision, uuid, double precision, uuid, integer) from public;

grant execute on function learning.find_similar_documents(extensions.vector, integer, double precision, uuid, double precision, uuid, integer) to app_rw, app_ro, learning_service, app_admin;

comment on function learning.find_similar_documents(extensions.vector, integer, double precision, uuid, double precision, uuid, integer) is 'Parts of the current tenant''s documents that mean the same as a vector, the most similar first.';

grant create on schema learning to app_definer;

alter function learning.find_similar_documents(extensions.vector, integer, double precision, uuid, double precision, uuid, integer) owner to app_definer;

revoke create on schema learning from app_definer;

create function learning.find_similar_keywords(
  query_embedding extensions.vector, result_limit integer default 10, threshold double precision default 0,
  course uuid default null, after_distance double precision default null, after_id uuid default null,
  exact_up_to integer default 2000
)
returns table (id uuid, course_id uuid, term text, definition text, distance double precision, similarity double precision)
language plpgsql stable security definer rows 10
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_sort = off
as $body$
#variable_conflict use_column
declare
  tenant uuid := learning.require_tenant();
  bound bigint;
  former text[];
  near uuid[];
begin
  perform learning.check_vector_search(
    query_embedding, result_limit, threshold, exact_up_to, after_distance, after_id
  );
  bound := learning.exact_bound('learning.keywords', result_limit, exact_up_to);
  if bound < (select count(*) from (select from learning.keywords as r where r.tenant_id = tenant and (course is null or r.course_id = course) and r.embedding is not null limit bound + 1) as c) then
    former := learning.change_hnsw('relaxed_order', least(greatest(200, result_limit + 10), 1000)::text, '20000');
    near := array(
      select r.id from learning.keywords as r
      where r.tenant_id = tenant and (course is null or r.course_id = course) and r.embedding is not null and (after_id is null or (r.embedding operator(extensions.<=>) query_embedding, r.id) > (after_distance, after_id))
      order by r.embedding::extensions.halfvec(768) operator(extensions.<=>) query_embedding::extensions.halfvec(768)
      limit result_limit + 10
    );
    perform learning.change_hnsw(former[1], former[2], former[3]);
  end if;
  if cardinality(near) < result_limit then
    near := null;
  end if;
  return query
    with scored as materialized (
      select r.id, r.embedding operator(extensions.<=>) query_embedding as distance from learning.keywords as r
      where r.tenant_id = tenant and (course is null or r.course_id = course) and r.embedding is not null and (near is null or r.id = any (near))
    ), best as (
      select s.id, s.distance from scored as s
      where 1 - s.distance >= threshold and (after_id is null or (s.distance, s.id) > (after_distance, after_id))
      order by s.distance, s.id limit result_limit
    )
    select r.id, r.course_id, r.term, r.definition, b.distance, 1 - b.distance
    from best as b join learning.keywords as r on r.tenant_id = tenant and r.id = b.id
    order by b.distance, b.id;
end
$body$;

revoke execute on function learning.find_similar_keywords(extensions.vector, integer, double precision, uuid, double precision, uuid, integer) from public;

grant execute on function learning.find_similar_keywords(extensions.vector, integer, double precision, uuid, double precision, uuid, integer) to app_rw, app_ro, learning_service, app_admin;

comment on function learning.find_similar_keywords(extensions.vector, integer, double precision, uuid, double precision, uuid, integer) is 'Keywords of the current tenant that mean the same as a vector, the most similar first.';

grant create on schema learning to app_definer;

alter function learning.find_similar_keywords(extensions.vector, integer, double precision, uuid, double precision, uuid, integer) owner to app_definer;

revoke create on schema learning from app_definer;

UPDATE app.alembic_version SET version_num='learning_0006' WHERE app.alembic_version.version_num = 'learning_0005';

COMMIT;

