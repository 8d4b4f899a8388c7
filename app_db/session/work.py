"""How a unit of work ends: the one place that commits or rolls back."""

from __future__ import annotations

from types import TracebackType
from typing import Generic, TypeVar

from sqlalchemy.orm import Session

S = TypeVar("S", bound=Session)


class UnitOfWork(Generic[S]):
    """Commits its session at the end of the block, rolls back on an exception, closes in any case.

    A commit inside the block is allowed; what follows it begins a new transaction, bound anew. Nothing is sent before
    the first statement. (A class, as it costs half of what a generator does, on the path of every request.)
    """

    __slots__ = ("session",)

    def __init__(self, session: S) -> None:
        self.session = session

    def __enter__(self) -> S:
        return self.session

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        session = self.session
        try:
            if kind is None:
                # nothing can be loaded any more after this commit, so what was loaded stays readable
                session.expire_on_commit = False
                session.commit()
            else:
                session.rollback()
        finally:
            session.close()
