"""Whatever is done in whatever order, through SQLAlchemy or past it, ends as it does with stock psycopg2."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg2.extensions import cursor as plain_cursor
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy import exc as sa_exc

from app_db.settings import Settings

STATEMENTS = [
    "insert into pg_temp.seen values (1)",
    "select count(*) from pg_temp.seen",
    "select current_setting('app.probe', true)",
    "set local app.probe = 'set'",
    "savepoint a",
    "rollback to savepoint a",
    "release savepoint a",
    "select 1 / 0",
    "selekt 1",
    "select 'open",
    "insert into pg_temp.seen values (2); select 3",
    "set transaction isolation level serializable",
]
WAYS = ["execute", "raw", "plain", "many", "stream"]
ENDS = ["commit", "rollback", "raw commit", "raw rollback", "check out anew", "copy", "bad value", "autocommit"]
step = st.tuples(st.sampled_from(WAYS), st.sampled_from(STATEMENTS)) | st.tuples(st.sampled_from(ENDS), st.just(""))


@pytest.fixture(scope="module")
def engines(settings: Settings) -> Iterator[list[Engine]]:
    assert settings.url is not None
    made = []
    for dialect in ("psycopg2", "app_db"):
        made.append(create_engine(settings.url.set(drivername=f"postgresql+{dialect}"), pool_size=1, max_overflow=0,
                                  pool_pre_ping=True))  # fmt: skip
        event.listen(made[-1], "connect", make_table)
    yield made
    for engine in made:
        engine.dispose()


def make_table(driver: Any, _record: Any) -> None:
    driver.cursor().execute("create temporary table seen (n int)")
    driver.commit()


class Player:
    """Takes the steps on one engine, and says what came of each."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._connection = engine.connect()

    def take(self, way: str, statement: str) -> Any:
        try:
            return getattr(self, f"_{way.replace(' ', '_')}")(statement)
        except (sa_exc.DBAPIError, psycopg2.Error) as error:
            driver_error = getattr(error, "orig", error)
            if way == "stream":  # without a transaction psycopg2 refuses by itself, and the server for us
                return "refused"
            return type(driver_error).__name__, driver_error.pgcode
        except sa_exc.SQLAlchemyError as error:
            return type(error).__name__

    def end(self) -> Any:
        """Return what is left: rows in the table, as the next checkout sees them; and empty it."""
        self._connection.close()
        with self._engine.begin() as connection:
            left = connection.scalar(text("select count(*) from pg_temp.seen"))
            connection.execute(text("delete from pg_temp.seen"))
        return left

    def _execute(self, statement: str) -> Any:
        result = self._connection.execute(text(statement))
        return result.all() if result.returns_rows else None

    def _stream(self, statement: str) -> Any:
        if not statement.startswith("select"):
            return self._execute(statement)
        return self._connection.execute(text(statement).execution_options(stream_results=True)).all()

    def _by(self, cursor: Any, run: Callable[[Any], None]) -> Any:
        try:
            run(cursor)
            return cursor.fetchall() if cursor.description else None
        finally:
            cursor.close()

    def _raw(self, statement: str) -> Any:
        return self._by(self._connection.connection.cursor(), lambda cursor: cursor.execute(statement))

    def _plain(self, statement: str) -> Any:
        cursor = self._connection.connection.cursor(cursor_factory=plain_cursor)
        return self._by(cursor, lambda cursor: cursor.execute(statement))

    def _many(self, statement: str) -> Any:
        cursor = self._connection.connection.cursor()
        return self._by(cursor, lambda cursor: cursor.executemany(statement, [(), ()]))

    def _copy(self, _: str) -> Any:
        lines = io.StringIO("7\n8\n")
        cursor = self._connection.connection.cursor()
        return self._by(cursor, lambda cursor: cursor.copy_expert("copy pg_temp.seen from stdin", lines))

    def _bad_value(self, _: str) -> Any:
        return self._connection.execute(text("insert into pg_temp.seen values (:n)"), {"n": object()}).rowcount

    def _commit(self, _: str) -> None:
        self._connection.commit()

    def _rollback(self, _: str) -> None:
        self._connection.rollback()

    def _raw_commit(self, _: str) -> None:
        self._connection.connection.commit()

    def _raw_rollback(self, _: str) -> None:
        self._connection.connection.rollback()

    def _check_out_anew(self, _: str) -> None:
        self._connection.close()
        self._connection = self._engine.connect()

    def _autocommit(self, _: str) -> None:
        self._check_out_anew("")
        self._connection = self._connection.execution_options(isolation_level="AUTOCOMMIT")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(step, min_size=1, max_size=12))
def test_every_step_comes_to_the_same(engines: list[Engine], steps: list[tuple[str, str]]) -> None:
    stock, ours = (Player(engine) for engine in engines)
    try:
        for one in steps:
            assert ours.take(*one) == stock.take(*one), one
    finally:
        left = ours.end(), stock.end()
    assert left[0] == left[1]
