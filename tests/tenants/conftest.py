"""Work on tenants, and a way to break it off at any statement."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from app_db.session import Database
from app_db.settings import LoginUrl
from app_db.tenants import Tenants


@pytest.fixture
def tenants(app_db: Database) -> Tenants:
    return Tenants(app_db, actor="anna", reason="ticket 4711")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tenant.zip"


class Killer:
    """Counts the statements of the administrators' login and ends its connection before the one that it is told."""

    def __init__(self, db: Database) -> None:
        self.seen = 0
        self.at: int | None = None
        self._engine = db._engine(LoginUrl.ADMIN)

    def __call__(self, connection: Any, *_rest: Any) -> None:
        self.seen += 1
        if self.at == self.seen:
            self.at = None
            pid = connection.connection.dbapi_connection.info.backend_pid
            with self._engine.connect() as other:
                other.exec_driver_sql(f"select pg_terminate_backend({pid}, 5000)")


@pytest.fixture
def killer(app_db: Database) -> Callable[..., Any]:
    made = Killer(app_db)
    engine = app_db._engine(LoginUrl.ADMIN)

    @contextmanager
    def watching(at: int | None = None) -> Iterator[Killer]:
        made.seen, made.at = 0, at
        event.listen(engine, "before_cursor_execute", made)
        try:
            yield made
        finally:
            event.remove(engine, "before_cursor_execute", made)

    return watching
