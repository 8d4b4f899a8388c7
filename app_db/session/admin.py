"""Work across tenants: another login, and a record of who did it and why.

The first event is committed before the work begins and the second one after it ended, each on its own: in the work's
transaction they would vanish with a rollback.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Engine, insert
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from ..errors import AppDbError
from ..models import SystemEvent
from .work import UnitOfWork


@contextmanager
def audited(engine: Engine, *, reason: str, actor: str) -> Iterator[Session]:
    """Open a session of the administrators' login, its begin and its outcome recorded in `ops.system_event`."""
    if not reason.strip() or not actor.strip():
        raise AppDbError(
            "work across tenants needs a reason and an actor, which are recorded: "
            "db.admin(reason='ticket 4711: merge doubles', actor='anna@example.com')"
        )
    work_id = uuid7()
    _record(engine, "admin.begin", work_id, reason, actor)
    try:
        with UnitOfWork(Session(engine)) as session:
            yield session
    except BaseException as error:
        _record(engine, "admin.rollback", work_id, reason, actor, error=type(error).__name__)
        raise
    _record(engine, "admin.commit", work_id, reason, actor)


def _record(engine: Engine, event: str, work_id: UUID, reason: str, actor: str, **details: str) -> None:
    row = {"event": event, "work_id": work_id, "reason": reason, "actor": actor, "details": details}
    with engine.begin() as connection:
        connection.execute(insert(SystemEvent), row)
