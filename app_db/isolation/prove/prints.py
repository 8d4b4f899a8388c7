"""Prints of the foreign rows of a schema: equal ones before and after a statement show that it changed none of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .actors import OWNER
from .oracle import Outcome
from .sending import Sender
from .tables import Table, quoted
from .trying import Ground
from .whose import FOREIGN

Print = list[tuple[Any, ...]]


class ForeignPrints:
    """Sends statements and says whether foreign rows are other ones after them, as the owner sees it."""

    def __init__(self, ground: Ground, sender: Sender, tables: Iterable[Table]) -> None:
        self._owner = ground.names(OWNER)
        self._foreign = ground.world.owners[FOREIGN]
        self._sender = sender
        self._tables = list(tables)
        self._before: dict[str, Print] = {}

    def sent(self, schema: str, sql: str, parameters: tuple[Any, ...]) -> tuple[Outcome, bool]:
        """Return what comes of a statement, and whether foreign rows of the schema were changed by it; and undo it."""
        query, values = self.query(schema)
        if schema not in self._before:
            self._before[schema] = self._sender.followed("select 1", (), self._owner, query, values)[1]
        outcome, after = self._sender.followed(sql, parameters, self._owner, query, values)
        return outcome, not outcome.state and after != self._before[schema]

    def query(self, schema: str) -> tuple[str, tuple[str, ...]]:
        """Return a query for the number and the hash of the foreign rows of each table of a schema.

        With where they stand, as a row that is written anew with the same values has been reached as well.
        """
        parts, values = ["select '', 0::bigint, ''"], []
        for table in self._tables:
            column = table.scope.tenant_column or table.scope.user_column
            if table.schema == schema and table.is_proved and column is not None:
                parts.append(
                    f"select '{table.oid}', count(*), md5(string_agg(concat(t.ctid, t), ',' order by t::text)) "
                    f"from {table.sql} as t where t.{quoted(column)}::text = %s"
                )
                values.append(self._foreign.tenant if table.scope.tenant_column else self._foreign.person)
        return " union all ".join(parts) + " order by 1", tuple(values)
