"""The five queries: each returns one JSON value, so their number does not grow with the tables.

`:schemas` are the schemas to look at, or null for all but the system's own and those that an extension has made.
Expressions are printed with `pg_catalog` as the search path, which the first query sets for the transaction, so that
every other schema is named.
"""

from __future__ import annotations

_OF_EXTENSION = "exists (select from pg_depend d where d.classid = '{}'::regclass and d.objid = {} and d.deptype = 'e')"


def _acl(acl: str, owner: str, kind: str) -> str:
    """Return SQL for the privileges as pairs of grantee (null for PUBLIC) and privilege, the owner's left out."""
    return f"""coalesce((
      select json_agg(json_build_array(case grantee when 0 then null else pg_get_userbyid(grantee) end,
        lower(privilege_type)) order by grantee, privilege_type)
      from aclexplode(coalesce({acl}, acldefault('{kind}', {owner}))) where grantee <> {owner}), '[]')"""


_WANTED = f"""wanted as materialized (
  select n.oid, n.nspname, n.nspowner, n.nspacl from pg_namespace n
  where case when cast(:schemas as text[]) is not null then n.nspname = any(:schemas) else
    n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
    and not {_OF_EXTENSION.format("pg_namespace", "n.oid")} end
)"""

SURROUNDINGS = f"""
with {_WANTED}
select json_build_object(
  'version', current_setting('server_version_num')::integer,
  'database', current_database(),
  'login', session_user,
  'is_ours', exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'app' and c.relname = 'alembic_version'),
  'backend_pid', pg_backend_pid(),
  'bound', (select json_object_agg(name, current_setting(name, true)) from unnest(cast(:settings as text[])) name),
  'search_path', (select reset_val from pg_settings where name = 'search_path'),
  'roles', (select json_agg(json_build_object('name', rolname, 'superuser', rolsuper, 'bypassrls', rolbypassrls,
      'createrole', rolcreaterole, 'replication', rolreplication)) from pg_roles),
  'memberships', coalesce((select json_agg(json_build_object('member', pg_get_userbyid(m.member),
      'role', pg_get_userbyid(m.roleid), 'admin', m.admin_option,
      'inherit', coalesce((to_jsonb(m) ->> 'inherit_option')::boolean, r.rolinherit),
      'set_role', coalesce((to_jsonb(m) ->> 'set_option')::boolean, true)))
    from pg_auth_members m join pg_roles r on r.oid = m.member), '[]'),
  'settings', coalesce((select json_agg(json_build_object(
      'role', case s.setrole when 0 then null else pg_get_userbyid(s.setrole) end, 'in_database', s.setdatabase <> 0,
      'name', split_part(entry, '=', 1), 'value', substr(entry, strpos(entry, '=') + 1)))
    from pg_db_role_setting s cross join unnest(s.setconfig) entry
    where s.setdatabase in (0, (select oid from pg_database where datname = current_database()))), '[]'),
  'parameters', coalesce((select json_agg(json_build_object('name', parname, 'grants', (
      select json_agg(json_build_array(case grantee when 0 then null else pg_get_userbyid(grantee) end,
        lower(privilege_type))) from aclexplode(paracl)))) from pg_parameter_acl), '[]'),
  'schemas', coalesce((select json_agg(json_build_object('name', w.nspname, 'owner', pg_get_userbyid(w.nspowner),
      'grants', {_acl("w.nspacl", "w.nspowner", "n")}) order by w.nspname) from wanted w), '[]'),
  'default_privileges', coalesce((select json_agg(json_build_object('owner', pg_get_userbyid(a.defaclrole),
      'schema', w.nspname, 'grants', {_acl("a.defaclacl", "a.defaclrole", "r")}))
    from pg_default_acl a left join wanted w on w.oid = a.defaclnamespace
    where a.defaclobjtype = 'r' and (a.defaclnamespace = 0 or w.oid is not null)), '[]'),
  'publications', coalesce((select json_agg(json_build_object('name', p.pubname, 'all_tables', p.puballtables,
      'tables', (select coalesce(json_agg(r.prrelid::bigint), '[]') from pg_publication_rel r
        where r.prpubid = p.oid and r.prqual is null),
      'schemas', (select coalesce(json_agg(n.nspname), '[]') from pg_publication_namespace s
        join pg_namespace n on n.oid = s.pnnspid where s.pnpubid = p.oid))) from pg_publication p), '[]'),
  'printed_with', set_config('search_path', 'pg_catalog', true)
)
"""

TABLES = f"""
with {_WANTED}
select coalesce(json_agg(json_build_object(
  'oid', c.oid::bigint, 'schema', w.nspname, 'name', c.relname,
  'kind', case c.relkind when 'p' then 'table' when 'r' then 'table' when 'v' then 'view' when 'f' then 'foreign table'
    else 'materialized view' end,
  'owner', pg_get_userbyid(c.relowner), 'enabled', c.relrowsecurity, 'forced', c.relforcerowsecurity,
  'is_partition', c.relispartition, 'options', coalesce(c.reloptions, '{{}}'),
  'parents', (select coalesce(json_agg(i.inhparent::bigint), '[]') from pg_inherits i where i.inhrelid = c.oid),
  'reads', case when c.relkind in ('v', 'm') then (
      select coalesce(json_agg(distinct d.refobjid::bigint), '[]') from pg_rewrite r
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        and d.refclassid = 'pg_class'::regclass and d.refobjid <> c.oid
      where r.ev_class = c.oid) else '[]' end,
  'grants', {_acl("c.relacl", "c.relowner", "r")},
  'columns', (select coalesce(json_agg(json_build_object('name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod), 'not_null', a.attnotnull,
      'grants', (select coalesce(json_agg(json_build_array(
          case grantee when 0 then null else pg_get_userbyid(grantee) end, lower(privilege_type))), '[]')
        from aclexplode(a.attacl) where grantee <> c.relowner)) order by a.attnum), '[]')
    from pg_attribute a where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)
) order by w.nspname, c.relname), '[]')
from pg_class c join wanted w on w.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and not {_OF_EXTENSION.format("pg_class", "c.oid")}
"""

_NAMES = """(select coalesce(json_agg(a.attname order by part.place), '[]')
      from unnest({keys}) with ordinality part (attnum, place)
      left join pg_attribute a on a.attrelid = {table} and a.attnum = part.attnum)"""

KEYS = f"""
with {_WANTED}
select json_build_object(
  'constraints', (select coalesce(json_agg(json_build_object(
      'table', k.conrelid::bigint, 'name', k.conname, 'definition', pg_get_constraintdef(k.oid),
      'kind', case k.contype when 'p' then 'primary key' when 'u' then 'unique' when 'f' then 'foreign key'
        else 'exclusion' end,
      'columns', {_NAMES.format(keys="k.conkey", table="k.conrelid")},
      'refers_to', nullif(k.confrelid, 0)::bigint,
      'referred', {_NAMES.format(keys="k.confkey", table="k.confrelid")},
      'on_delete', case k.confdeltype when 'n' then 'set null' when 'd' then 'set default' when 'c' then 'cascade'
        when 'r' then 'restrict' else 'no action' end,
      'on_update', case k.confupdtype when 'n' then 'set null' when 'd' then 'set default' when 'c' then 'cascade'
        when 'r' then 'restrict' else 'no action' end,
      'set_on_delete', {_NAMES.format(keys="k.confdelsetcols", table="k.conrelid")},
      'equals', (select coalesce(json_agg(o.oprname = '=' order by e.place), '[]')
        from unnest(k.conexclop) with ordinality e (op, place) join pg_operator o on o.oid = e.op)
    ) order by k.conrelid, k.conname), '[]')
    from pg_constraint k join pg_class c on c.oid = k.conrelid join wanted w on w.oid = c.relnamespace
    where k.contype in ('p', 'u', 'f', 'x') and k.conparentid = 0),
  'indexes', (select coalesce(json_agg(json_build_object(
      'table', i.indrelid::bigint, 'schema', w.nspname, 'name', x.relname, 'is_unique', i.indisunique,
      'method', (select amname from pg_am where oid = x.relam), 'definition', pg_get_indexdef(i.indexrelid),
      'of_constraint', exists (select from pg_constraint k
        where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')),
      'columns', {_NAMES.format(keys="(i.indkey::smallint[])[0:i.indnkeyatts - 1]", table="i.indrelid")}
    ) order by x.relname), '[]')
    from pg_index i join pg_class x on x.oid = i.indexrelid join pg_class c on c.oid = i.indrelid
    join wanted w on w.oid = c.relnamespace where not x.relispartition and c.relkind in ('r', 'p'))
)
"""

POLICIES = f"""
with {_WANTED}
select json_build_object(
  'policies', (select coalesce(json_agg(json_build_object(
      'table', p.polrelid::bigint, 'name', p.polname, 'permissive', p.polpermissive,
      'command', case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
        when 'd' then 'delete' else 'all' end,
      'roles', (select json_agg(case r when 0 then null else pg_get_userbyid(r) end) from unnest(p.polroles) r),
      'using', pg_get_expr(p.polqual, p.polrelid), 'with_check', pg_get_expr(p.polwithcheck, p.polrelid),
      'functions', (select coalesce(json_agg(distinct d.refobjid::bigint), '[]') from pg_depend d
        where d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass)
    ) order by p.polrelid, p.polname), '[]')
    from pg_policy p join pg_class c on c.oid = p.polrelid join wanted w on w.oid = c.relnamespace),
  'triggers', (select coalesce(json_agg(json_build_object(
      'table', t.tgrelid::bigint, 'name', t.tgname, 'function', t.tgfoid::bigint) order by t.tgrelid, t.tgname), '[]')
    from pg_trigger t join pg_class c on c.oid = t.tgrelid join wanted w on w.oid = c.relnamespace
    where not t.tgisinternal and t.tgparentid = 0),
  'rules', (select coalesce(json_agg(json_build_object('table', r.ev_class::bigint, 'name', r.rulename)
      order by r.ev_class, r.rulename), '[]')
    from pg_rewrite r join pg_class c on c.oid = r.ev_class join wanted w on w.oid = c.relnamespace
    where r.rulename <> '_RETURN')
)
"""

FUNCTIONS = f"""
with {_WANTED}
select coalesce(json_agg(json_build_object(
  'oid', p.oid::bigint, 'schema', n.nspname, 'name', p.proname,
  'arguments', pg_get_function_identity_arguments(p.oid), 'owner', pg_get_userbyid(p.proowner),
  'kind', case p.prokind when 'p' then 'procedure' else 'function' end,
  'language', l.lanname, 'volatility', case p.provolatile when 'i' then 'immutable' when 's' then 'stable'
    else 'volatile' end,
  'strict', p.proisstrict, 'definer', p.prosecdef, 'leakproof', p.proleakproof,
  'returns', coalesce(format_type(p.prorettype, null), ''),
  'settings', coalesce(p.proconfig, '{{}}'),
  'body', coalesce(pg_get_function_sqlbody(p.oid), p.prosrc),
  'grants', {_acl("p.proacl", "p.proowner", "f")}
) order by n.nspname, p.proname, p.oid), '[]')
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
where p.prokind in ('f', 'p') and not {_OF_EXTENSION.format("pg_proc", "p.oid")} and n.nspname <> 'pg_catalog'
and n.nspname <> 'information_schema' and (exists (select from wanted w where w.oid = p.pronamespace)
  or exists (select from pg_depend d where d.refclassid = 'pg_proc'::regclass and d.refobjid = p.oid
    and d.classid in ('pg_policy'::regclass, 'pg_trigger'::regclass)))
"""
