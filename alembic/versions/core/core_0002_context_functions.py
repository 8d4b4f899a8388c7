"""Who is asking, and ids in the order of creation.

Why: defaults and functions ask for the tenant through `app.current_tenant_id()`, which inlines (SQL, stable, no SET
clause, a RETURN body), so that it can be an index condition; policies have its body written out. After SET LOCAL ends
the setting is the empty string and not NULL, hence nullif. The setters are plpgsql because SET takes no parameters
and is refused in SQL-standard bodies; SET LOCAL, and not set_config, is what a distributed cluster hands on to its
workers.

Locks: none; everything is new.

Safe with the previous release? Yes.

Undo: drops the functions.
"""

from app_db.migrations.ddl import v1 as ddl

revision = "core_0002"
down_revision = "core_0001"
branch_labels = None
depends_on = None

GETTER = """
create function app.current_{thing}_id() returns uuid
language sql stable parallel safe
return nullif(current_setting('app.current_{thing}_id', true), '')::uuid
"""

SETTER = """
create function app.set_current_{thing}_id({thing}_id uuid) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $body$
begin
  execute format('set local app.current_{thing}_id = %L', coalesce({thing}_id::text, ''));
end
$body$
"""

# Which form it gets is decided on the server, so that `upgrade --sql` prints one script for all versions. The older
# form writes 48 bits of milliseconds over a random UUID and sets the version: RFC 9562, section 5.7.
UUID7 = """
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
$do$
"""


def upgrade() -> None:
    ddl.execute(GETTER.format(thing="tenant"))
    ddl.close_function("app.current_tenant_id()", ddl.EVERYONE, "The tenant that the transaction is bound to, or null.")
    ddl.execute(GETTER.format(thing="user"))
    ddl.close_function("app.current_user_id()", ddl.EVERYONE, "The person that the transaction is bound to, or null.")
    ddl.execute(SETTER.format(thing="tenant"))
    ddl.close_function(
        "app.set_current_tenant_id(uuid)", ddl.EVERYONE, "Binds the transaction to a tenant, or to none with null."
    )
    ddl.execute(SETTER.format(thing="user"))
    ddl.close_function(
        "app.set_current_user_id(uuid)", ddl.EVERYONE, "Binds the transaction to a person, or to none with null."
    )
    ddl.execute(UUID7)
    ddl.close_function("app.uuid7()", ddl.EVERYONE, "A new UUIDv7 (RFC 9562): unique, in the order of creation.")


def downgrade() -> None:
    ddl.execute("drop function app.uuid7()")
    ddl.execute("drop function app.set_current_user_id(uuid)")
    ddl.execute("drop function app.set_current_tenant_id(uuid)")
    ddl.execute("drop function app.current_user_id()")
    ddl.execute("drop function app.current_tenant_id()")
