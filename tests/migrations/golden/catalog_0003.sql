set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade catalog_0002 -> catalog_0003

create extension if not exists pg_trgm with schema extensions;

create index ix_materials_tenant_id_name on catalog.materials using gin (tenant_id extensions.uuid_ops, name extensions.gin_trgm_ops) with (fastupdate = off);

comment on index catalog.ix_materials_tenant_id_name is 'Names that are spelled similarly, within a tenant.';

create index ix_materials_tenant_id_lower_code on catalog.materials (tenant_id, (lower(code) collate "C"));

comment on index catalog.ix_materials_tenant_id_lower_code is 'Materials whose number begins so, in small or capital letters.';

create index ix_materials_tenant_id_currency_price_minor_id on catalog.materials (tenant_id, currency, price_minor, id);

comment on index catalog.ix_materials_tenant_id_currency_price_minor_id is 'Materials of a tenant between two prices of a currency, cheapest first, page by page.';

create index ix_materials_tenant_id_category_id on catalog.materials (tenant_id, category_id) where category_id is not null;

comment on index catalog.ix_materials_tenant_id_category_id is 'The materials of a category.';

alter table catalog.materials validate constraint fk_materials_tenant_id_category_id;

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
$body$;

revoke execute on function catalog.typed_query(text) from public;

grant execute on function catalog.typed_query(text) to app_definer;

comment on function catalog.typed_query(text) is 'What is looked for while somebody types: the last word may be unfinished.';

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
$body$;

revoke execute on function catalog.materials_by_words(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid) from public;

grant execute on function catalog.materials_by_words(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid) to app_definer;

comment on function catalog.materials_by_words(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid) is 'A tenant''s newest 5,000 that match, ranked; a page of them.';

grant create on schema catalog to app_definer;

alter function catalog.materials_by_words(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid) owner to app_definer;

revoke create on schema catalog from app_definer;

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
$body$;

revoke execute on function catalog.materials_by_similarity(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid) from public;

grant execute on function catalog.materials_by_similarity(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid) to app_definer;

comment on function catalog.materials_by_similarity(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid) is 'A tenant''s materials with similar names, of 1,000; a page of them.';

grant create on schema catalog to app_definer;

alter function catalog.materials_by_similarity(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid) owner to app_definer;

revoke create on schema catalog from app_definer;

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
$body$;

revoke execute on function catalog.find_materials(text, integer, uuid, text, bigint, bigint, text, real, uuid, uuid) from public;

grant execute on function catalog.find_materials(text, integer, uuid, text, bigint, bigint, text, real, uuid, uuid) to app_rw, app_ro, catalog_service, app_admin;

comment on function catalog.find_materials(text, integer, uuid, text, bigint, bigint, text, real, uuid, uuid) is 'The current tenant''s materials that match what somebody types, best first; a page.';

grant create on schema catalog to app_definer;

alter function catalog.find_materials(text, integer, uuid, text, bigint, bigint, text, real, uuid, uuid) owner to app_definer;

revoke create on schema catalog from app_definer;

UPDATE app.alembic_version SET version_num='catalog_0003' WHERE app.alembic_version.version_num = 'catalog_0002';

COMMIT;

