"""A load is a row of steps, and a step a statement over numbers, run in batches that are each a transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Engine, text

# Called with a label and a number of rows; what it yields is told how many more are done.
Progress = Callable[[str, int], AbstractContextManager[Callable[[int], None]]]

# What a crash loses, the next run adds; and compiling so many expressions takes longer than to compute them.
_SETTINGS = text("""
select set_config('synchronous_commit', 'off', true), set_config('jit', 'off', true),
  set_config('gin_pending_list_limit', '1GB', true), set_config('maintenance_work_mem', '256MB', true)
""")
_CLEAN = text("select gin_clean_pending_list(cast(:index as regclass))")


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of `table` for the numbers 1 to `last`, `batch` of them in a transaction.

    `statement` takes :first, :last and `values`, and leaves out what is there. `before` is executed once, first.
    `gin_indexes` get a batch as a whole and not row by row.
    """

    table: str
    statement: str
    last: int
    batch: int
    values: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    gin_indexes: tuple[str, ...] = ()


def run_steps(engine: Engine, steps: list[Step], progress: Progress) -> dict[str, int]:
    """Run them in order on one connection, and return how many rows each table got."""
    added: dict[str, int] = {}
    with engine.connect() as connection:
        for step in steps:
            with connection.begin():
                for statement in step.before:
                    connection.execute(text(statement), step.values)
            with progress(step.table, step.last) as done:
                for first in range(1, step.last + 1, step.batch):
                    last = min(first + step.batch - 1, step.last)
                    with connection.begin():
                        added[step.table] = added.get(step.table, 0) + _run_batch(connection, step, first, last)
                    done(last - first + 1)
    return added


def _run_batch(connection: Connection, step: Step, first: int, last: int) -> int:
    """Plant the rows of these numbers, and return how many there were to plant.

    A row at a time a GIN index took 1 ms for each row, which has some seventy keys. So its rows are collected in its
    pending list and sorted in at once, and the list is switched off again in the same transaction: nobody ever sees an
    index with a list, but who searches by it waits until the batch is written.
    """
    connection.execute(_SETTINGS)
    for index in step.gin_indexes:
        connection.execute(text(f"alter index {index} set (fastupdate = on)"))
    rows = connection.execute(text(step.statement), {**step.values, "first": first, "last": last}).rowcount
    for index in step.gin_indexes:
        connection.execute(_CLEAN, {"index": index})
        connection.execute(text(f"alter index {index} set (fastupdate = off)"))
    return int(rows)
