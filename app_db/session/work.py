"""How a unit of work ends: the one place that commits or rolls back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

from sqlalchemy.orm import Session

S = TypeVar("S", bound=Session)


@contextmanager
def unit_of_work(session: S) -> Iterator[S]:
    """Commit at the end of the block, roll back on an exception, close in any case.

    A commit inside the block is allowed; what follows it begins a new transaction, bound anew.
    """
    with session:
        try:
            yield session
        except BaseException:
            session.rollback()
            raise
        # nothing can be loaded any more after this commit, so what was loaded stays readable
        session.expire_on_commit = False
        session.commit()
