"""Version 2 of the helpers for revisions: partitions, rows of people, secrets. FROZEN: see the package's docstring.

A revision imports both versions; nothing of version 1 is repeated here.
"""

from __future__ import annotations

from .v1 import comment_on, execute, role, system_policies


def partition_by_time(
    table: str,
    column: str,
    *,
    period: str = "month",
    ahead: int = 3,
    retention: str | None = None,
    append_only: bool = False,
) -> None:
    """Have `ops.ensure_partitions` keep the partitions of a table that is partitioned by range of `column`.

    Makes the default partition, registers the table, and makes the partitions of now: call it when constraints,
    policies and triggers of the table are there. `retention` is an interval such as `90 days`. With `append_only` the
    table refuses UPDATE, DELETE and TRUNCATE, its owner included.
    """
    rest = f"{table}_default"
    if append_only:
        _refuse_changes(table)
    execute(f"create table {rest} partition of {table} default")
    comment_on(f"table {rest}", f"Rows of {table} that no other partition is there for; should be empty.")
    execute(f"alter table {rest} enable row level security")
    execute(f"alter table {rest} force row level security")
    if append_only:
        _refuse_truncate(rest)
    kept = "null" if retention is None else f"'{retention}'"
    execute(
        "insert into ops.partition_sets (parent, partition_column, period, ahead, retention, append_only) "
        f"values ('{table}', '{column}', '{period}', {ahead}, {kept}, {str(append_only).lower()})"
    )
    execute("select ops.ensure_partitions()")


def forget_partitions(table: str) -> None:
    """Take a table out of those whose partitions are kept; what `drop table` does not do."""
    execute(f"delete from ops.partition_sets where parent = '{table}'")


def _refuse_changes(table: str) -> None:
    execute(
        f"create trigger refuse_change before update or delete on {table} "
        "for each row execute function ops.refuse_change()"
    )
    comment_on(f"trigger refuse_change on {table}", "Rows are added and never changed, by nobody.")
    _refuse_truncate(table)


def _refuse_truncate(table: str) -> None:
    execute(
        f"create trigger refuse_truncate before truncate on {table} "
        "for each statement execute function ops.refuse_change()"
    )
    comment_on(f"trigger refuse_truncate on {table}", "Rows are not taken away all at once, by nobody.")


def person_policies(table: str, column: str = "user_id") -> None:
    """Show and accept rows of the current person, whatever the tenant; and all rows to who logs people in.

    For what a person has of his own, beside any tenant. The owner is held too.
    """
    own = f"{column} = nullif(current_setting('app.current_user_id', true), '')::uuid"
    system_policies(table)
    tenants = f"{role('app_tenant')}, {role('app_tenant_admin')}"
    execute(f"create policy own_rows on {table} to {tenants} using ({own}) with check ({own})")
    auth_rows(table)


def auth_rows(table: str) -> None:
    """Show all rows to app_auth and auth_service too, who know people and keys before any tenant is bound."""
    roles = f"{role('app_auth')}, {role('auth_service')}"
    execute(f"create policy auth_rows on {table} to {roles} using (true) with check (true)")


def act_as(name: str) -> None:
    """Go on as another role until the transaction ends, or until the next call: what it makes is its own.

    For app_secrets, whose schema is closed to the owner's own name; go back with `act_as("app_owner")`.
    """
    execute(f"set local role {role(name)}")


def give_to_secrets(function: str, schema: str) -> None:
    """Make app_secrets the owner of a SECURITY DEFINER function; grants and comments come before.

    As `v1.give_to_definer`, for functions that read what app_secrets alone may read.
    """
    secrets = role("app_secrets")
    execute(f"grant create on schema {schema} to {secrets}")
    execute(f"alter function {function} owner to {secrets}")
    execute(f"revoke create on schema {schema} from {secrets}")
