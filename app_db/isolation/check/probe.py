"""Whether a pooler stands between client and server, and how it hands out connections.

A server tells each client the number of its process when the connection is opened, and a pooler tells a number of its
own, since it has no process yet. So a number that is not the one that the server gives when asked is a pooler's: a
firewall or an address translator leaves it alone.

In session mode a client keeps its process. In transaction mode a second client is served by the first one's process
between its transactions, or, if the second holds on to that, the first one by another. Either is a proof; that neither
is seen in a few rounds is taken for session mode.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from .facts import Pooler

_PROCESS = text("select pg_backend_pid()")
# others may be served in between, so that what is looked for is missed once and again
_ROUNDS = 5

Connect = Callable[[], AbstractContextManager[Connection]]


def probe_pooler(connect: Connect, host: str | None = None) -> Pooler:
    """Return what stands between here and the server; `connect` opens connections of the client's own, not of a pool.

    One query where nothing does, else at most a dozen short transactions on two connections. `host` is kept with the
    answer.
    """
    with connect() as one:
        told, process = _told(one), _served_by(one)
        if told is None or told == process:
            return Pooler(None, host)
        with connect() as other:
            return Pooler("transaction" if _is_shared(one, other, process) else "session", host)


def _is_shared(one: Connection, other: Connection, process: int) -> bool:
    """Tell whether the two clients are served by the same processes in turn."""
    try:
        for _ in range(_ROUNDS):
            with other.begin():
                if other.scalar(_PROCESS) == process or _served_by(one) != process:
                    return True
    except DBAPIError:  # the second client waited for a process in vain, while the first one asked for nothing
        return False
    return False


def _served_by(connection: Connection) -> int:
    with connection.begin():
        return int(connection.scalar(_PROCESS) or 0)


def _told(connection: Connection) -> int | None:
    """Return the number that the client was told when it connected; None where the driver does not say."""
    driver: Any = connection.connection.dbapi_connection
    info = getattr(driver, "info", None)
    return None if info is None else int(info.backend_pid)
