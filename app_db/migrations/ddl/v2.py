"""Version 2 of the helpers for revisions: tables in partitions. FROZEN: see the package's docstring.

A revision imports both versions; nothing of version 1 is repeated here.
"""

from __future__ import annotations

from .v1 import comment_on, execute


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
