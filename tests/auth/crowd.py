"""Many who do the same at the same moment, each on a connection and in a transaction of its own."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

CROWD = 40


def at_once(engine: Engine, statement: str, *, crowd: int = CROWD, **values: Any) -> list[Any]:
    """Have them all begin, wait for each other, execute and commit; return each one's value, row, or error."""
    barrier = threading.Barrier(crowd, timeout=30)

    def one(_number: int) -> Any:
        with engine.connect() as connection:
            connection.scalar(text("select count(*) from auth.users"))  # takes the snapshot, where there is one for all
            barrier.wait()
            try:
                row = connection.execute(text(statement), values).first()
                connection.commit()
            except DBAPIError as error:
                return error
        return row if row is None or len(row) > 1 else row[0]

    with ThreadPoolExecutor(crowd) as pool:
        return list(pool.map(one, range(crowd)))
