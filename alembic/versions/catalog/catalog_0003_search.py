"""Search that knows the word being typed, typing errors, categories and prices, and goes on page by page.

Why: `catalog.search_materials` finds whole words only. `catalog.find_materials` also finds by the beginning of the last
word and of the code, and, where words find nothing, by names that are spelled similarly. It has a name of its own,
since the release that runs calls the old one. As that one it acts as app_definer with the tenant filter inside, because
neither `@@` nor `%>` is leakproof.

Ranking reads every match: 50,000 of a tenant with 300,000 materials took 400 ms. So a search ranks the newest 5,000
matches, which took 45 ms, and looks at 1,000 similar names, at 20 microseconds each. A cursor carries the newest
material of when its first page was made, the horizon, so that new ones do not move the 5,000 from page to page.

The threshold of similarity is set inside the body: as a setting of the function it is refused to whoever is no
superuser while pg_trgm is not loaded, as in a restore. GIN has 40 MB and finds in 5 to 90 ms in 300,000 names where
GiST (siglen 64) has 113 MB and took 2 to 400 ms for the nearest, and seconds where nothing is near.

Locks: SHARE on catalog.materials while its indexes are built: whoever writes materials waits, readers do not. For
600,000 materials that took 16 seconds, of which the index of names took 12. SHARE UPDATE EXCLUSIVE while the foreign
key is validated, which reads the table once.

Safe with the previous release? Yes: it calls `catalog.search_materials`, which stays.

Undo: drops functions and indexes, and the foreign key is NOT VALID again; the extension goes too, unless something else
uses it or somebody else made it.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "catalog_0003"
down_revision = "catalog_0002"
branch_labels = None
depends_on = None

READERS = ("app_rw", "app_ro", "catalog_service", "app_admin")

# What websearch makes of it, or the same with the last word as a beginning. A word that is negated, quoted or joined by
# a hyphen is left as it is; one letter would match a good part of all tenants' rows, which GIN collects first.
TYPED_QUERY = r"""
create function catalog.typed_query(query text) returns tsquery
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $body$
declare
  typed text := substring(query from '(?:^|\s)([^\s[:punct:]]{2,64})$');
  words tsquery := websearch_to_tsquery('pg_catalog.russian', query);
begin
  if typed is null then
    return words;
  end if;
  return words || (
    websearch_to_tsquery('pg_catalog.russian', left(query, -length(typed)))
    && to_tsquery('pg_catalog.simple', quote_literal(typed) || ':*')
  );
end
$body$
"""

# The order by id makes the planner choose: the newest of many by the key, or the few by the indexes of words and codes.
BY_WORDS = """
create function catalog.materials_by_words(
  tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint,
  max_price bigint, after_rank real, after_id uuid, horizon uuid
) returns table (id uuid, rank real)
language plpgsql stable rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  words tsquery := catalog.typed_query(query);
  beginning text := case when length(btrim(query)) >= 2 then lower(btrim(query)) end;
begin
  return query
    with newest as (
      select m.id, m.search, lower(m.code) collate "C" as code from catalog.materials as m
      where m.tenant_id = tenant and m.id <= horizon
        and (m.search @@ words or lower(m.code) collate "C" ^@ beginning)
        and (categories is null or m.category_id = any(categories))
        and (in_currency is null or m.currency = in_currency)
        and (min_price is null or m.price_minor >= min_price)
        and (max_price is null or m.price_minor <= max_price)
      order by m.id desc limit 5000
    ),
    ranked as (
      select n.id, (
        ts_rank(n.search, words) + case when n.code = beginning then 2 when n.code ^@ beginning then 1 else 0 end
      )::real as rank
      from newest as n
    )
    select r.id, r.rank from ranked as r
    where after_id is null or r.rank < after_rank or (r.rank = after_rank and r.id > after_id)
    order by r.rank desc, r.id limit result_limit;
end
$body$
"""

# Bitmap scans only: the planner takes similarity for cheap and common, and would walk the key of a large tenant.
BY_SIMILARITY = """
create function catalog.materials_by_similarity(
  tenant uuid, query text, result_limit integer, categories uuid[], in_currency text, min_price bigint,
  max_price bigint, after_rank real, after_id uuid, horizon uuid
) returns table (id uuid, rank real)
language plpgsql stable rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set enable_indexscan = off
set enable_seqscan = off
as $body$
#variable_conflict use_column
declare
  threshold text := current_setting('pg_trgm.word_similarity_threshold', true);
begin
  -- two letters changed places in a word of six: 3 of 7 trigrams are the same
  perform set_config('pg_trgm.word_similarity_threshold', '0.4', true);
  return query
    with found as (
      select m.id, m.name from catalog.materials as m
      where m.tenant_id = tenant and m.id <= horizon and m.name operator(extensions.%>) query
        and (categories is null or m.category_id = any(categories))
        and (in_currency is null or m.currency = in_currency)
        and (min_price is null or m.price_minor >= min_price)
        and (max_price is null or m.price_minor <= max_price)
      limit 1000
    ),
    ranked as (select f.id, extensions.word_similarity(query, f.name) as rank from found as f)
    select r.id, r.rank from ranked as r
    where after_id is null or r.rank < after_rank or (r.rank = after_rank and r.id > after_id)
    order by r.rank desc, r.id limit result_limit;
  perform set_config('pg_trgm.word_similarity_threshold', coalesce(nullif(threshold, ''), '0.6'), true);
end
$body$
"""

# A query with a minus or quotes says exactly what is wanted, so nothing similar is offered instead; nor where no word
# has three letters, as one in two trigrams is the same by chance.
FIND = """
create function catalog.find_materials(
  query text, result_limit integer, category uuid default null, in_currency text default null,
  min_price bigint default null, max_price bigint default null, after_match text default null,
  after_rank real default null, after_id uuid default null, after_horizon uuid default null
) returns table (
  id uuid, code text, name text, description text, unit text, price_minor bigint, currency text, category_id uuid,
  rank real, matched text, horizon uuid
)
language plpgsql stable security definer rows 20
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
as $body$
#variable_conflict use_column
declare
  tenant uuid := app.current_tenant_id();
  categories uuid[] := case when category is not null then catalog.category_and_below(category) end;
  newest uuid := after_horizon;
begin
  if tenant is null then
    raise exception 'no tenant is bound to this transaction' using
      errcode = 'TN001',
      hint = 'bind one with select app.set_current_tenant_id(...) in the same transaction';
  end if;
  if newest is null then
    select m.id into newest from catalog.materials as m where m.tenant_id = tenant order by m.id desc limit 1;
  end if;
  if after_match is distinct from 'similar' then
    return query
      select m.id, m.code, m.name, m.description, m.unit, m.price_minor, m.currency, m.category_id, f.rank,
        'words', newest
      from catalog.materials_by_words(
        tenant, query, result_limit, categories, in_currency, min_price, max_price, after_rank, after_id, newest
      ) as f
      join catalog.materials as m on m.tenant_id = tenant and m.id = f.id
      order by f.rank desc, m.id;
    if found or after_match is not null or length(query) > 200 or query ~ '(^|[[:space:]])-|"'
      or query !~ '[^[:space:][:punct:]]{3}' then
      return;
    end if;
  end if;
  return query
    select m.id, m.code, m.name, m.description, m.unit, m.price_minor, m.currency, m.category_id, f.rank,
      'similar', newest
    from catalog.materials_by_similarity(
      tenant, query, result_limit, categories, in_currency, min_price, max_price, after_rank, after_id, newest
    ) as f
    join catalog.materials as m on m.tenant_id = tenant and m.id = f.id
    order by f.rank desc, m.id;
end
$body$
"""

_ARGUMENTS = "uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid"
TYPED_SIGNATURE = "catalog.typed_query(text)"
WORDS_SIGNATURE = f"catalog.materials_by_words({_ARGUMENTS})"
SIMILARITY_SIGNATURE = f"catalog.materials_by_similarity({_ARGUMENTS})"
FIND_SIGNATURE = "catalog.find_materials(text, integer, uuid, text, bigint, bigint, text, real, uuid, uuid)"

INDEXES = {
    "ix_materials_tenant_id_name": (
        "using gin (tenant_id extensions.uuid_ops, name extensions.gin_trgm_ops) with (fastupdate = off)",
        "Names that are spelled similarly, within a tenant.",
    ),
    "ix_materials_tenant_id_lower_code": (
        '(tenant_id, (lower(code) collate "C"))',
        "Materials whose number begins so, in small or capital letters.",
    ),
    "ix_materials_tenant_id_currency_price_minor_id": (
        "(tenant_id, currency, price_minor, id)",
        "Materials of a tenant between two prices of a currency, cheapest first, page by page.",
    ),
    "ix_materials_tenant_id_category_id": (
        "(tenant_id, category_id) where category_id is not null",
        "The materials of a category.",
    ),
}

DROP_EXTENSION = """
do $do$
begin
  if exists (select from pg_extension where extname = 'pg_trgm' and extowner = current_user::regrole) then
    drop extension pg_trgm;
  end if;
exception when dependent_objects_still_exist then
  raise notice 'extension pg_trgm stays: something else uses it';
end
$do$
"""


def upgrade() -> None:
    ddl.execute("create extension if not exists pg_trgm with schema extensions")
    for index, (definition, comment) in INDEXES.items():
        ddl.execute(f"create index {index} on catalog.materials {definition}")
        ddl.comment_on(f"index catalog.{index}", comment)
    ddl.execute("alter table catalog.materials validate constraint fk_materials_tenant_id_category_id")

    ddl.execute(TYPED_QUERY)
    ddl.close_function(
        TYPED_SIGNATURE, ["app_definer"], "What is looked for while somebody types: the last word may be unfinished."
    )
    ddl.execute(BY_WORDS)
    ddl.close_function(WORDS_SIGNATURE, ["app_definer"], "A tenant's newest 5,000 that match, ranked; a page of them.")
    ddl.give_to_definer(WORDS_SIGNATURE, "catalog")
    ddl.execute(BY_SIMILARITY)
    ddl.close_function(
        SIMILARITY_SIGNATURE, ["app_definer"], "A tenant's materials with similar names, of 1,000; a page of them."
    )
    ddl.give_to_definer(SIMILARITY_SIGNATURE, "catalog")
    ddl.execute(FIND)
    ddl.close_function(
        FIND_SIGNATURE, READERS, "The current tenant's materials that match what somebody types, best first; a page."
    )
    ddl.give_to_definer(FIND_SIGNATURE, "catalog")


def downgrade() -> None:
    for signature in (FIND_SIGNATURE, SIMILARITY_SIGNATURE, WORDS_SIGNATURE, TYPED_SIGNATURE):
        ddl.execute(f"drop function {signature}")
    for index in INDEXES:
        ddl.execute(f"drop index catalog.{index}")
    ddl.execute("alter table catalog.materials drop constraint fk_materials_tenant_id_category_id")
    ddl.execute(
        "alter table catalog.materials add constraint fk_materials_tenant_id_category_id "
        "foreign key (tenant_id, category_id) references catalog.categories (tenant_id, id) "
        "on delete restrict not valid"
    )
    ddl.execute(DROP_EXTENSION)
