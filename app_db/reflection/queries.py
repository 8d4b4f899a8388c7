"""What is read, a query for each kind of thing.

Each row is the thing's name, which begins with its schema, and its attributes as columns. Names of roles stand as the
server has them. What an extension has made is left out, and so are the partitions of a table but for how they are
protected: which months there are depends on the day. PostgreSQL's own functions print definitions (manual, "System
Catalog Information Functions"), so what two databases of one version print is the same for the same thing.
"""

from __future__ import annotations

_NOT_OF_EXTENSION = "not exists (select from pg_depend d where d.classid = '{catalog}'::regclass and d.objid = {oid} \
and d.deptype = 'e')"
_IS_PARTITION = "c.relispartition"


def _acl(acl: str, owner: str, kind: str) -> str:
    """Return SQL for the privileges as sorted lines `role: privilege`, those of the owner left out."""
    return f"""coalesce((
      select array_agg(line order by line) from (
        select case grantee when 0 then 'public' else pg_get_userbyid(grantee) end || ': ' || lower(privilege_type)
          || case when is_grantable then ' with grant option' else '' end as line
        from aclexplode(coalesce({acl}, acldefault('{kind}', {owner}))) where grantee <> {owner}) as lines
    ), '{{}}')"""


SCHEMAS = f"""
select n.nspname as name, pg_get_userbyid(n.nspowner) as owner,
  {_acl("n.nspacl", "n.nspowner", "n")} as grants, obj_description(n.oid, 'pg_namespace') as comment
from pg_namespace n where n.nspname = any(:schemas)
"""

RELATIONS = f"""
select n.nspname || '.' || c.relname as name,
  case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
    when 'f' then 'foreign table' when 'p' then 'partitioned table' else 'table' end as kind,
  pg_get_userbyid(c.relowner) as owner,
  case c.relpersistence when 'u' then 'unlogged' else 'permanent' end as persistence,
  coalesce((select array_agg(o order by o) from unnest(c.reloptions) o), '{{}}') as options,
  pg_get_partkeydef(c.oid) as partition_key,
  case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end as definition,
  case c.relreplident when 'd' then null else c.relreplident::text end as replica_identity,
  {_acl("c.relacl", "c.relowner", "r")} as grants, obj_description(c.oid, 'pg_class') as comment
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(:schemas) and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f') and not {_IS_PARTITION}
and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
  and d.deptype in ('e', 'i') and (d.deptype = 'e' or c.relkind = 'S'))
"""

# One entry for each table, and for all partitions of a table together: whether each of them is protected as it is.
ROW_SECURITY = f"""
select n.nspname || '.' || c.relname as name,
  c.relrowsecurity as enabled, c.relforcerowsecurity as forced
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(:schemas) and c.relkind in ('r', 'p') and not {_IS_PARTITION}
"""

# The partitions that differ from what each has to be: enabled and forced as their parent is, and nobody's to touch.
PARTITIONS = f"""
select n.nspname || '.' || c.relname as name,
  coalesce((
    select array_agg(k.relname || ' ' || concat_ws(', ',
      case when k.relrowsecurity <> c.relrowsecurity then 'row security is not as in its table' end,
      case when k.relforcerowsecurity <> c.relforcerowsecurity then 'force row security is not as in its table' end,
      case when k.relowner <> c.relowner then 'belongs to ' || pg_get_userbyid(k.relowner) end,
      case when exists (select from aclexplode(k.relacl) where grantee <> k.relowner) then 'has grants of its own' end,
      case when k.relpersistence <> c.relpersistence then 'is not as permanent as its table' end) order by k.relname)
    from pg_partition_tree(c.oid) t join pg_class k on k.oid = t.relid
    where t.relid <> c.oid and (k.relrowsecurity <> c.relrowsecurity or k.relforcerowsecurity <> c.relforcerowsecurity
      or k.relowner <> c.relowner or k.relpersistence <> c.relpersistence
      or exists (select from aclexplode(k.relacl) where grantee <> k.relowner))
  ), '{{}}') as unlike_their_table
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(:schemas) and c.relkind = 'p' and not {_IS_PARTITION}
"""

COLUMNS = f"""
select n.nspname || '.' || c.relname || '.' || a.attname as name,
  format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as not_null,
  case when a.attgenerated = '' then pg_get_expr(e.adbin, e.adrelid) end as default,
  case when a.attgenerated <> '' then pg_get_expr(e.adbin, e.adrelid) end as generated,
  case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
  (select o.collname from pg_collation o join pg_type t on t.oid = a.atttypid
    where o.oid = a.attcollation and o.oid <> t.typcollation) as collation,
  coalesce((
    select array_agg(line order by line) from (
      select case grantee when 0 then 'public' else pg_get_userbyid(grantee) end || ': ' || lower(privilege_type)
        || case when is_grantable then ' with grant option' else '' end as line
      from aclexplode(a.attacl) where grantee <> c.relowner) as lines
  ), '{{}}') as grants,
  col_description(c.oid, a.attnum) as comment
from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
left join pg_attrdef e on e.adrelid = c.oid and e.adnum = a.attnum
where n.nspname = any(:schemas) and c.relkind in ('r', 'p', 'v', 'm', 'f') and not {_IS_PARTITION}
and a.attnum > 0 and not a.attisdropped and {_NOT_OF_EXTENSION.format(catalog="pg_class", oid="c.oid")}
order by n.nspname collate "C", c.relname collate "C", a.attnum
"""

# NOT NULL is an attribute of its column: from 18 on it is a constraint as well
CONSTRAINTS = f"""
select n.nspname || '.' || coalesce(c.relname, t.typname) || '.' || k.conname as name,
  pg_get_constraintdef(k.oid) as definition, k.convalidated as is_validated,
  obj_description(k.oid, 'pg_constraint') as comment
from pg_constraint k join pg_namespace n on n.oid = k.connamespace
left join pg_class c on c.oid = k.conrelid left join pg_type t on t.oid = k.contypid
where n.nspname = any(:schemas) and k.contype <> 'n' and not coalesce({_IS_PARTITION}, false)
and k.conparentid = 0 and k.contype <> 't'
"""

INDEXES = f"""
select n.nspname || '.' || r.relname || '.' || c.relname as name,
  pg_get_indexdef(i.indexrelid) as definition,
  i.indisvalid and i.indisready as is_valid, obj_description(i.indexrelid, 'pg_class') as comment
from pg_index i join pg_class c on c.oid = i.indexrelid join pg_namespace n on n.oid = c.relnamespace
join pg_class r on r.oid = i.indrelid
where n.nspname = any(:schemas) and not {_IS_PARTITION}
"""

POLICIES = """
select n.nspname || '.' || c.relname || '.' || p.polname as name,
  case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
    else 'all' end as command,
  p.polpermissive as is_permissive,
  (select array_agg(case r when 0 then 'public' else pg_get_userbyid(r) end) from unnest(p.polroles) r) as roles,
  pg_get_expr(p.polqual, p.polrelid) as using, pg_get_expr(p.polwithcheck, p.polrelid) as with_check,
  obj_description(p.oid, 'pg_policy') as comment
from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(:schemas)
"""

FUNCTIONS = f"""
select n.nspname || '.' || p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as name,
  case p.prokind when 'p' then 'procedure' when 'a' then 'aggregate' when 'w' then 'window' else 'function' end as kind,
  pg_get_userbyid(p.proowner) as owner, l.lanname as language, pg_get_function_result(p.oid) as returns,
  pg_get_function_arguments(p.oid) as arguments,
  case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
  case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end as parallel,
  p.proisstrict as is_strict, p.prosecdef as is_security_definer, p.proleakproof as is_leakproof,
  p.procost::integer as cost, p.prorows::integer as rows,
  coalesce((select array_agg(s order by s) from unnest(p.proconfig) s), '{{}}') as settings,
  case when p.prokind <> 'a' then coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) end as body,
  {_acl("p.proacl", "p.proowner", "f")} as grants, obj_description(p.oid, 'pg_proc') as comment
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
where n.nspname = any(:schemas) and {_NOT_OF_EXTENSION.format(catalog="pg_proc", oid="p.oid")}
"""

TRIGGERS = f"""
select n.nspname || '.' || c.relname || '.' || t.tgname as name,
  pg_get_triggerdef(t.oid) as definition,
  case t.tgenabled when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always' else 'origin' end as fires,
  obj_description(t.oid, 'pg_trigger') as comment
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(:schemas) and not t.tgisinternal and not {_IS_PARTITION}
"""

RULES = """
select n.nspname || '.' || c.relname || '.' || r.rulename as name,
  pg_get_ruledef(r.oid) as definition, r.ev_enabled::text as fires
from pg_rewrite r join pg_class c on c.oid = r.ev_class join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any(:schemas) and r.rulename <> '_RETURN'
"""

TYPES = f"""
select n.nspname || '.' || t.typname as name,
  case t.typtype when 'd' then 'domain' when 'e' then 'enum' when 'r' then 'range' else 'composite' end as kind,
  pg_get_userbyid(t.typowner) as owner,
  case when t.typtype = 'd' then format_type(t.typbasetype, t.typtypmod) end as base_type,
  case when t.typtype = 'd' then t.typnotnull end as not_null,
  case when t.typtype = 'd' then t.typdefault end as default,
  (select array_agg(e.enumlabel order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid) as labels,
  {_acl("t.typacl", "t.typowner", "T")} as grants, obj_description(t.oid, 'pg_type') as comment
from pg_type t join pg_namespace n on n.oid = t.typnamespace left join pg_class c on c.oid = t.typrelid
where n.nspname = any(:schemas) and (t.typtype in ('d', 'e', 'r') or (t.typtype = 'c' and c.relkind = 'c'))
and {_NOT_OF_EXTENSION.format(catalog="pg_type", oid="t.oid")}
"""

SEQUENCES = """
select s.schemaname || '.' || s.sequencename as name, s.data_type::text as type,
  s.start_value, s.min_value, s.max_value, s.increment_by, s.cycle
from pg_sequences s where s.schemaname = any(:schemas)
"""

STATISTICS = """
select n.nspname || '.' || s.stxname as name, pg_get_statisticsobjdef(s.oid) as definition
from pg_statistic_ext s join pg_namespace n on n.oid = s.stxnamespace where n.nspname = any(:schemas)
"""

DEFAULT_PRIVILEGES = """
select n.nspname || '.' || pg_get_userbyid(d.defaclrole) || '.' || d.defaclobjtype::text as name,
  (select array_agg(line order by line) from (
    select case grantee when 0 then 'public' else pg_get_userbyid(grantee) end || ': ' || lower(privilege_type) as line
    from aclexplode(d.defaclacl)) as lines) as grants
from pg_default_acl d join pg_namespace n on n.oid = d.defaclnamespace where n.nspname = any(:schemas)
"""

# An extension may be made by hand before the revisions, by who has the right; what counts is where and how old it is.
EXTENSIONS = """
select n.nspname || '.' || x.extname as name,
  case when x.extversion = a.default_version then 'as installed on the server' else x.extversion end as version
from pg_extension x join pg_namespace n on n.oid = x.extnamespace
left join pg_available_extensions a on a.name = x.extname
where n.nspname = any(:schemas)
"""

BY_KIND: dict[str, str] = {
    "schema": SCHEMAS,
    "extension": EXTENSIONS,
    "type": TYPES,
    "relation": RELATIONS,
    "sequence": SEQUENCES,
    "column": COLUMNS,
    "constraint": CONSTRAINTS,
    "index": INDEXES,
    "row security": ROW_SECURITY,
    "partitions": PARTITIONS,
    "policy": POLICIES,
    "function": FUNCTIONS,
    "trigger": TRIGGERS,
    "rule": RULES,
    "statistics": STATISTICS,
    "default privileges": DEFAULT_PRIVILEGES,
}
