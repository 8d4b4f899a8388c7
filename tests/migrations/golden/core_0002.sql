set role app_owner;


set search_path to pg_catalog;


BEGIN;

-- Running upgrade core_0001 -> core_0002

create function app.current_tenant_id() returns uuid
language sql stable parallel safe
return nullif(current_setting('app.current_tenant_id', true), '')::uuid;

revoke execute on function app.current_tenant_id() from public;

grant execute on function app.current_tenant_id() to app_tenant, app_tenant_admin, app_all;

comment on function app.current_tenant_id() is 'The tenant that the transaction is bound to, or null.';

create function app.current_user_id() returns uuid
language sql stable parallel safe
return nullif(current_setting('app.current_user_id', true), '')::uuid;

revoke execute on function app.current_user_id() from public;

grant execute on function app.current_user_id() to app_tenant, app_tenant_admin, app_all;

comment on function app.current_user_id() is 'The person that the transaction is bound to, or null.';

create function app.set_current_tenant_id(tenant_id uuid) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  execute format('set local app.current_tenant_id = %L', coalesce(tenant_id::text, ''));
end
$body$;

revoke execute on function app.set_current_tenant_id(uuid) from public;

grant execute on function app.set_current_tenant_id(uuid) to app_tenant, app_tenant_admin, app_all;

comment on function app.set_current_tenant_id(uuid) is 'Binds the transaction to a tenant, or to none with null.';

create function app.set_current_user_id(user_id uuid) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  execute format('set local app.current_user_id = %L', coalesce(user_id::text, ''));
end
$body$;

revoke execute on function app.set_current_user_id(uuid) from public;

grant execute on function app.set_current_user_id(uuid) to app_tenant, app_tenant_admin, app_all;

comment on function app.set_current_user_id(uuid) is 'Binds the transaction to a person, or to none with null.';

do $do$
begin
  if current_setting('server_version_num')::integer >= 180000 then
    execute $create$
      create function app.uuid7() returns uuid
      language sql volatile parallel safe
      return uuidv7()
    $create$;
  else
    execute $create$
      create function app.uuid7() returns uuid
      language sql volatile parallel safe
      return encode(
        set_bit(
          set_bit(
            overlay(
              uuid_send(gen_random_uuid())
              placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
              from 1 for 6
            ),
            52, 1
          ),
          53, 1
        ),
        'hex'
      )::uuid
    $create$;
  end if;
end
$do$;

revoke execute on function app.uuid7() from public;

grant execute on function app.uuid7() to app_tenant, app_tenant_admin, app_all;

comment on function app.uuid7() is 'A new UUIDv7 (RFC 9562): unique, in the order of creation.';

UPDATE app.alembic_version SET version_num='core_0002' WHERE app.alembic_version.version_num = 'core_0001';

COMMIT;

