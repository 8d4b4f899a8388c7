"""Version 1 of the helpers for revisions: policies, grants, comments, functions. FROZEN: see the package's docstring.

Tables and functions are named with their schema. Roles are given by the house's names (`app_tenant`) and written with
the installation's prefix. Each helper executes one statement at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from alembic import op

# The option of Alembic's context that turns the house's role names into the installation's.
ROLE_NAMES = "app_db_role_names"

# Every login is a member of one of these, so what all of them may do is granted to these.
EVERYONE = ("app_tenant", "app_tenant_admin", "app_all")

# What app.current_tenant_id() inlines to, written out: unfolding the function cost 4 microseconds of each plan, half of
# what row-level security costs a query by key.
_OWN_TENANT = "{column} = nullif(current_setting('app.current_tenant_id', true), '')::uuid"
_OWN_ROWS = f"{_OWN_TENANT} and {{user_column}} = nullif(current_setting('app.current_user_id', true), '')::uuid"


def role(name: str) -> str:
    """Return the installation's name of a role, as it stands in SQL."""
    names = op.get_context().opts[ROLE_NAMES]
    return str(names(name))


def execute(sql: str) -> None:
    """Execute one statement as it is written: no parameters, so that a colon is a colon."""
    op.execute(sql.strip().replace(":", r"\:"))


def create_schema(name: str, comment: str, usage: Iterable[str]) -> None:
    """Create a schema and let roles look into it."""
    execute(f"create schema {name}")
    comment_on(f"schema {name}", comment)
    execute(f"grant usage on schema {name} to {_roles(usage)}")


def comment_on(thing: str, comment: str) -> None:
    """Comment on a thing, named as in COMMENT ON, e.g. `index catalog.ix_materials_tenant_id_search`."""
    quoted = comment.replace("'", "''")
    execute(f"comment on {thing} is '{quoted}'")


def comment_on_table(table: str, comment: str, columns: Mapping[str, str]) -> None:
    """Comment on a table and on each of its columns."""
    comment_on(f"table {table}", comment)
    for column, text in columns.items():
        comment_on(f"column {table}.{column}", text)


def belongs_to_tenant(table: str, constraint: str) -> None:
    """Add the foreign key to the tenant, by a statement of its own: a distributed cluster takes it no other way."""
    execute(
        f"alter table {table} add constraint {constraint} "
        "foreign key (tenant_id) references tenancy.tenants (id) on delete restrict"
    )


def tenant_policies(table: str, column: str = "tenant_id") -> None:
    """Show and accept rows of the current tenant only, to everyone but members of app_all; the owner included."""
    _force(table)
    _policy(table, "tenant_rows", ("app_tenant", "app_tenant_admin"), _OWN_TENANT.format(column=column))
    _policy(table, "all_rows", ("app_all",), "true")


def user_policies(table: str, column: str = "tenant_id", user_column: str = "user_id") -> None:
    """As `tenant_policies`, and app_tenant sees the current person's rows only."""
    _force(table)
    own = _OWN_ROWS.format(column=column, user_column=user_column)
    _policy(table, "user_rows", ("app_tenant",), own)
    _policy(table, "tenant_rows", ("app_tenant_admin",), _OWN_TENANT.format(column=column))
    _policy(table, "all_rows", ("app_all",), "true")


def system_policies(table: str) -> None:
    """Show rows to members of app_all alone."""
    _force(table)
    _policy(table, "all_rows", ("app_all",), "true")


def grant(privileges: str, table: str, roles: Iterable[str]) -> None:
    """Grant on a table; `privileges` as in GRANT, e.g. `select, update (name)`."""
    execute(f"grant {privileges} on {table} to {_roles(roles)}")


def close_function(function: str, roles: Iterable[str], comment: str) -> None:
    """Take EXECUTE on a function (with its argument types) from PUBLIC and give it to these roles; comment on it."""
    execute(f"revoke execute on function {function} from public")
    execute(f"grant execute on function {function} to {_roles(roles)}")
    comment_on(f"function {function}", comment)


def give_to_definer(function: str, schema: str) -> None:
    """Make app_definer the owner of a SECURITY DEFINER function; grants and comments come before.

    The new owner needs CREATE on the schema for a moment (PostgreSQL manual, ALTER FUNCTION).
    """
    definer = role("app_definer")
    execute(f"grant create on schema {schema} to {definer}")
    execute(f"alter function {function} owner to {definer}")
    execute(f"revoke create on schema {schema} from {definer}")


def _force(table: str) -> None:
    execute(f"alter table {table} enable row level security")
    execute(f"alter table {table} force row level security")


def _policy(table: str, name: str, roles: Iterable[str], predicate: str) -> None:
    execute(f"create policy {name} on {table} to {_roles(roles)} using ({predicate}) with check ({predicate})")


def _roles(names: Iterable[str]) -> str:
    return ", ".join(role(name) for name in names)
