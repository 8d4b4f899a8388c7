"""What is read of the catalogue, a query each. All but the names of roles and schemas is PostgreSQL's own."""

from __future__ import annotations

_SYSTEM = "n.nspname !~ '^pg_' and n.nspname <> 'information_schema'"
_CHOSEN = f"{_SYSTEM} and (cast(:schemas as text[]) is null or n.nspname = any(:schemas))"

# Tables that the login may read some column of, with the policies that narrow it, as one condition.
TABLES = f"""
select n.nspname as schema, c.relname as name, c.reltuples::bigint as rows,
  (select string_agg(distinct pg_get_expr(p.polqual, p.polrelid), ' and ') from pg_policy p
    where p.polrelid = c.oid and p.polcmd in ('*', 'r') and p.polqual is not null
    and exists (select from unnest(p.polroles) r where r = 0 or pg_has_role(:login, r, 'usage'))) as policy,
  (select json_object_agg(a.attname, format_type(a.atttypid, a.atttypmod) order by k.n)
    from pg_index i, unnest(i.indkey) with ordinality as k(attnum, n)
    join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
    where i.indrelid = c.oid and i.indisprimary) as key,
  array(select a.attname from pg_attribute a where a.attrelid = c.oid and a.attnum > 0
    union select x.relname from pg_class x where x.relnamespace = n.oid and x.relkind in ('i', 'I')) as taken
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where {_CHOSEN} and c.relrowsecurity and c.relkind in ('r', 'p') and not c.relispartition
and has_any_column_privilege(:login, c.oid, 'select') and has_schema_privilege(:login, n.oid, 'usage')
order by 1, 2
"""

# The text of an expression's tree names the functions that it calls, those of operators too; what goes by a type's
# input and output functions (COERCEVIAIO) is not leakproof.
KEYS = f"""
select n.nspname as schema, r.relname as table, c.relname as index, k.n::integer as position, am.amname as method,
  a.attname as column, pg_get_indexdef(i.indexrelid, k.n::integer, false) as expression,
  case when k.attnum <> 0 then array[a.attname] else (
    select array_agg(x.attname order by x.attnum) from pg_depend d
    join pg_attribute x on x.attrelid = d.refobjid and x.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.objid = i.indexrelid and d.refobjid = r.oid and d.refobjsubid > 0
  ) end as columns,
  format_type(t.oid, null) as type, coalesce(format_type(nullif(t.typbasetype, 0), null), t.typname::text) as base_type,
  t.typtype::text as type_kind,
  case when t.typname = 'numeric' and a.atttypmod > 4 then (a.atttypmod - 4) & 2047 end as scale,
  (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
  (select pg_get_expr(ad.adbin, ad.adrelid) from pg_attrdef ad
    where ad.adrelid = r.oid and ad.adnum = k.attnum) as default,
  ocn.nspname || '.' || oc.opcname as opclass,
  k.attnum = 0 and (
    i.indexprs::text like '%COERCEVIAIO%' or exists (
      select from regexp_matches(i.indexprs::text, '(op)?funcid ([0-9]+)', 'g') f(id)
      join pg_proc p on p.oid = f.id[2]::oid where not p.proleakproof)
  ) as leaky_functions,
  array(select pg_get_indexdef(i.indexrelid, l::integer, false) from generate_series(1, k.n - 1) l) as leading,
  array(select pg_get_indexdef(i.indexrelid, l::integer, false) from generate_series(k.n + 1, i.indnkeyatts) l)
    as trailing,
  pg_get_expr(i.indpred, i.indrelid) as predicate, i.indisunique as is_unique,
  i.indnullsnotdistinct as is_null_once,
  (select json_agg(json_build_object('sign', o.oprname, 'schema', ns.nspname,
      'right', case when ty.typtype = 'p' then format_type(t.oid, null) else format_type(ty.oid, null) end,
      'category', case when ty.typtype = 'p' then t.typcategory else ty.typcategory end,
      'commutator', (select x.oprname from pg_operator x where x.oid = o.oprcom),
      'purpose', ao.amoppurpose, 'strategy', ao.amopstrategy, 'is_leakproof', p.proleakproof))
    from pg_amop ao join pg_operator o on o.oid = ao.amopopr join pg_namespace ns on ns.oid = o.oprnamespace
    join pg_proc p on p.oid = o.oprcode join pg_type ty on ty.oid = ao.amoprighttype
    where ao.amopfamily = oc.opcfamily and ao.amoplefttype = oc.opcintype
    and (am.amname <> 'btree' or ao.amoprighttype = ao.amoplefttype)) as operators
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class r on r.oid = i.indrelid
join pg_namespace n on n.oid = r.relnamespace join pg_am am on am.oid = c.relam
cross join lateral unnest(i.indkey) with ordinality as k(attnum, n)
join pg_opclass oc on oc.oid = i.indclass[k.n - 1] join pg_namespace ocn on ocn.oid = oc.opcnamespace
left join pg_attribute a on a.attrelid = r.oid and a.attnum = k.attnum and k.attnum <> 0
join pg_attribute ia on ia.attrelid = i.indexrelid and ia.attnum = k.n
join pg_type t on t.oid = coalesce(a.atttypid, case when am.amname = 'btree' then ia.atttypid else oc.opcintype end)
where {_CHOSEN} and r.relrowsecurity and not r.relispartition and i.indisvalid and not i.indisexclusion
and k.n <= i.indnkeyatts
order by 1, 2, 3, 4
"""

ROOTS = f"""
select n.nspname as schema, c.relname as name, rn.nspname as root_schema, r.relname as root
from pg_class c join pg_namespace n on n.oid = c.relnamespace
join pg_class r on r.oid = pg_partition_root(c.oid) join pg_namespace rn on rn.oid = r.relnamespace
where {_SYSTEM} and c.relispartition and c.relkind in ('r', 'p')
"""

INDEXES = f"""
select n.nspname as schema, c.relname as name, r.relname as root
from pg_class c join pg_namespace n on n.oid = c.relnamespace join pg_class r on r.oid = pg_partition_root(c.oid)
where {_SYSTEM} and c.relispartition and c.relkind in ('i', 'I')
"""

# Functions that work as one who sees all rows: SECURITY DEFINER, or executed by nobody else.
FUNCTIONS = f"""
select n.nspname || '.' || p.proname as name, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body,
  has_function_privilege(:login, p.oid, 'execute') as is_callable,
  (select json_object_agg(coalesce(nullif(p.proargnames[a.n], ''), '$' || a.n),
      json_build_array(format_type(t.oid, null), t.typcategory))
    from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as a(type, n)
    join pg_type t on t.oid = a.type
    where coalesce(p.proargmodes[a.n], 'i') in ('i', 'b', 'v')) as parameters
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where {_SYSTEM} and p.prokind in ('f', 'p') and pg_has_role(p.proowner, :all, 'usage') and (
  p.prosecdef or not exists (
    select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
    where acl.grantee = 0 or not pg_has_role(acl.grantee, :all, 'usage')))
"""

# Generated columns, and what each is made of.
GENERATED = f"""
select n.nspname as schema, c.relname as table, a.attname as column, array_agg(s.attname) as made_of
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
join pg_attrdef ad on ad.adrelid = c.oid and ad.adnum = a.attnum
join pg_depend d on d.classid = 'pg_attrdef'::regclass and d.objid = ad.oid and d.refobjid = c.oid
join pg_attribute s on s.attrelid = c.oid and s.attnum = d.refobjsubid and s.attnum <> a.attnum
where {_CHOSEN} and a.attgenerated = 's' group by 1, 2, 3
"""
