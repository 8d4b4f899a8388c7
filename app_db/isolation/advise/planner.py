"""Asks a server for plans, as whoever the connection is, and changes nothing.

A statement is prepared and its generic plan is explained, so that `$1` needs no value: EXPLAIN (GENERIC_PLAN) does that
from PostgreSQL 16 on, and PREPARE on 15 too; it also tells the types of parameters. A statement without parameters gets
the plan that it always gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from .plans import Node

_NAME = "app_db_advise"
_BEGIN_OF_ERROR = 200

# By a function's EXECUTE, which refuses a COMMIT that hides in the text; the value comes by a setting, since DO has no
# parameters.
_PREPARE = f"""
do $do$ begin execute format('prepare {_NAME}%s as ', nullif(current_setting('app_db.types'), ''))
  || current_setting('app_db.statement'); end $do$
"""
# It is there after a rollback too, and after a text that went on behind it.
_DEALLOCATE = f"""
do $do$ begin
  if exists (select from pg_catalog.pg_prepared_statements where name = '{_NAME}') then deallocate {_NAME}; end if;
end $do$
"""
_TYPES = text(f"select parameter_types::text[] from pg_catalog.pg_prepared_statements where name = '{_NAME}'")
_GIVE = text("select set_config('app_db.statement', :statement, true), set_config('app_db.types', :types, true)")
_SETTINGS = text(
    "select set_config('plan_cache_mode', 'force_generic_plan', true), set_config('jit', 'off', true), "
    "set_config('max_parallel_workers_per_gather', '0', true), set_config('statement_timeout', :timeout, true)"
)


class Unplannable(Exception):
    """A statement that the server has no plan for, as this login; the message is the server's."""


class Planner:
    """A connection that is asked for plans. It needs a transaction that is rolled back, and better a read-only one.

    `timeout` bounds each statement, in milliseconds. Parallel plans are left out: their costs depend on the machine.
    """

    def __init__(self, connection: Connection, *, timeout: int = 60_000) -> None:
        self.connection = connection
        connection.execute(_SETTINGS, {"timeout": str(timeout)})

    def explain(
        self, statement: str, types: Sequence[str] = (), *, analyze: bool = False, seqscan: bool = True
    ) -> tuple[Node, list[str]]:
        """Return the top of the plan, and the types of the parameters; raises Unplannable.

        With `analyze` the statement is executed, which is for one without parameters. Without `seqscan` the plan shows
        whether an index can be used at all, however few rows there are.
        """
        with self._prepared(statement, types) as found:
            self._set("enable_seqscan", "on" if seqscan else "off")
            options = "analyze, timing off, verbose, format json" if analyze else "verbose, format json"
            values = f"({', '.join(['null'] * len(found))})" if found else ""
            answer = self._driver(f"explain ({options}) execute {_NAME}{values}").scalar_one()
        plan: Node = {**answer[0]["Plan"], "Execution Time": answer[0].get("Execution Time")}
        return plan, found

    @contextmanager
    def _prepared(self, statement: str, types: Sequence[str]) -> Iterator[list[str]]:
        savepoint = self.connection.begin_nested()
        try:
            declared = f"({', '.join(types)})" if types else ""
            self.connection.execute(_GIVE, {"statement": statement, "types": declared})
            self._driver(_PREPARE)
            yield self.connection.execute(_TYPES).scalar_one()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            raise Unplannable(str(error.orig).strip().splitlines()[0][:_BEGIN_OF_ERROR]) from error
        finally:
            if savepoint.is_active and not self.connection.invalidated:
                savepoint.rollback()
                self._driver(_DEALLOCATE)

    def _set(self, name: str, value: str) -> None:
        self.connection.execute(text("select set_config(:name, :value, true)"), {"name": name, "value": value})

    def _driver(self, statement: str) -> Any:
        # no_parameters: a % in the statement is a % and no placeholder of the driver's
        return self.connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
