"""Parts of documents and keywords that mean the same as a vector, within a tenant.

Why: an index of vectors can't lead with the tenant, so the nearest rows may all be others', and a search that filters
them afterwards returns too few. So the functions count the tenant's candidates first. Where they are few, each is
compared. Where they are many, the index is scanned until enough of them are found, at most 20000 rows; what was found
is compared again in full precision, and the threshold comes last. Where too few were found, each is compared after all.
The functions are app_definer's, with the tenant filter inside, and fail where no tenant is bound.

An index scan costs about limit * rows / candidates rows, each four times as long as one that is merely compared; so it
is worth while from 2 * sqrt(limit * rows) candidates. The settings `hnsw.*` are changed in the body and put back: a
function that has them as its own can't be made by an owner who is no superuser. Sorting is disabled to keep the planner
from sorting a tenant's rows where the index is wanted; where it isn't, they are sorted all the same.

Locks: none.

Safe with the previous release? Yes.

Undo: drops the functions.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "learning_0006"
down_revision = "learning_0005"
branch_labels = None
depends_on = None

READERS = ("app_rw", "app_ro", "learning_service", "app_admin")

COSINE_SIMILARITY = """
create function learning.cosine_similarity(a extensions.vector, b extensions.vector) returns double precision
language sql immutable strict parallel safe
return 1 - (a operator(extensions.<=>) b)
"""

CHECK_VECTOR_SEARCH = """
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
$body$
"""

# Rows of the whole table, all tenants', by the last ANALYZE; -1 before the first one.
EXACT_BOUND = """
create function learning.exact_bound(relation regclass, result_limit integer, exact_up_to integer) returns bigint
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $body$
  select greatest(exact_up_to, ceil(2 * sqrt(result_limit * greatest(c.reltuples, 0)::double precision)))::bigint
  from pg_class as c where c.oid = relation
$body$
"""

CHANGE_HNSW = """
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
$body$
"""


def finder(name: str, table: str, candidates: str, columns: str, typed: str) -> str:
    """Return a function that finds rows of a table; `candidates` says which of them, `r`, may be found."""
    distance = "r.embedding operator(extensions.<=>) query_embedding"
    halves = "::extensions.halfvec(768)"
    return f"""
create function learning.{name}(
  query_embedding extensions.vector, result_limit integer default 10, threshold double precision default 0,
  course uuid default null, after_distance double precision default null, after_id uuid default null,
  exact_up_to integer default 2000
)
returns table (id uuid, {typed}, distance double precision, similarity double precision)
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
  bound := learning.exact_bound('learning.{table}', result_limit, exact_up_to);
  if bound < (select count(*) from (select from learning.{table} as r where {candidates} limit bound + 1) as c) then
    former := learning.change_hnsw('relaxed_order', least(greatest(200, result_limit + 10), 1000)::text, '20000');
    near := array(
      select r.id from learning.{table} as r
      where {candidates} and (after_id is null or ({distance}, r.id) > (after_distance, after_id))
      order by r.embedding{halves} operator(extensions.<=>) query_embedding{halves}
      limit result_limit + 10
    );
    perform learning.change_hnsw(former[1], former[2], former[3]);
  end if;
  if cardinality(near) < result_limit then
    near := null;
  end if;
  return query
    with scored as materialized (
      select r.id, {distance} as distance from learning.{table} as r
      where {candidates} and (near is null or r.id = any (near))
    ), best as (
      select s.id, s.distance from scored as s
      where 1 - s.distance >= threshold and (after_id is null or (s.distance, s.id) > (after_distance, after_id))
      order by s.distance, s.id limit result_limit
    )
    select r.id, {columns}, b.distance, 1 - b.distance
    from best as b join learning.{table} as r on r.tenant_id = tenant and r.id = b.id
    order by b.distance, b.id;
end
$body$
"""


FIND_DOCUMENTS = finder(
    "find_similar_documents",
    "processed_documents",
    "r.tenant_id = tenant and (course is null or r.document_id = any (array("
    "select d.id from learning.course_documents as d where d.tenant_id = tenant and d.course_id = course)))",
    columns="r.document_id, r.part, r.content",
    typed="document_id uuid, part integer, content text",
)
FIND_KEYWORDS = finder(
    "find_similar_keywords",
    "keywords",
    "r.tenant_id = tenant and (course is null or r.course_id = course) and r.embedding is not null",
    columns="r.course_id, r.term, r.definition",
    typed="course_id uuid, term text, definition text",
)

ARGUMENTS = "extensions.vector, integer, double precision, uuid, double precision, uuid, integer"
# by signature: the body, and what it is
HELPERS = {
    "learning.check_vector_search(extensions.vector, integer, double precision, integer, double precision, uuid)": (
        CHECK_VECTOR_SEARCH,
        "Refuses what no search by vector can be made of (22023).",
    ),
    "learning.exact_bound(regclass, integer, integer)": (
        EXACT_BOUND,
        "Up to how many candidates it is better to compare each than to scan the index of all tenants.",
    ),
    "learning.change_hnsw(text, text, text)": (
        CHANGE_HNSW,
        "Changes how indexes of vectors are scanned, until the transaction ends, and returns how they were.",
    ),
}
FINDERS = {
    f"learning.find_similar_documents({ARGUMENTS})": (
        FIND_DOCUMENTS,
        "Parts of the current tenant's documents that mean the same as a vector, the most similar first.",
    ),
    f"learning.find_similar_keywords({ARGUMENTS})": (
        FIND_KEYWORDS,
        "Keywords of the current tenant that mean the same as a vector, the most similar first.",
    ),
}
SIMILARITY_SIGNATURE = "learning.cosine_similarity(extensions.vector, extensions.vector)"


def upgrade() -> None:
    ddl.execute(COSINE_SIMILARITY)
    ddl.close_function(
        SIMILARITY_SIGNATURE, READERS, "How much two vectors mean the same: from -1, the opposite, to 1, the same."
    )
    for signature, (body, comment) in HELPERS.items():
        ddl.execute(body)
        ddl.close_function(signature, ["app_definer"], comment)
    for signature, (body, comment) in FINDERS.items():
        ddl.execute(body)
        ddl.close_function(signature, READERS, comment)
        ddl.give_to_definer(signature, "learning")


def downgrade() -> None:
    for signature in reversed([*HELPERS, *FINDERS, SIMILARITY_SIGNATURE]):
        ddl.execute(f"drop function {signature}")
