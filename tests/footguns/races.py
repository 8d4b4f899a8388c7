"""Two transactions at once: one that changes a row, and one that waits for it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any

from footguns.places import Executor
from sqlalchemy import Connection, Engine, text

Reader = AbstractContextManager[Executor]


def read_while_it_changes(writer_engine: Engine, changes: list[str], reader: Reader, query: str, **values: Any) -> Any:
    """Change rows, have the reader wait for them, commit, and return what he got."""

    def read() -> list[Any]:
        with reader as executor:
            return list(executor.scalars(text(query), values))

    with ThreadPoolExecutor(1) as pool, writer_engine.connect() as writer:
        for change in changes:
            writer.execute(text(change), values)
        answer = pool.submit(read)
        _await_waiter(writer)
        writer.commit()
        return answer.result(10)


def _await_waiter(writer: Connection) -> None:
    """Return once somebody waits for the writer's lock: from then on his snapshot is older than the change."""
    blocked = "select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))"
    deadline = time.monotonic() + 10
    while not writer.scalar(text(f"select exists ({blocked})")):
        assert time.monotonic() < deadline, "nobody waited"
        time.sleep(0.01)
