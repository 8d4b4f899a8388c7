"""Triggers that see past policies: an own row that names another tenant changes nothing of that tenant's."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from .actors import Actor
from .cases import match
from .findings import Finding, Tally
from .prints import ForeignPrints
from .rows import insert_statement
from .sending import Sender
from .tables import Column, Table, quoted
from .trying import Ground, TableTrial
from .whose import FOREIGN, OWN

_BODIES = """
select p.prosrc from pg_trigger t join pg_proc p on p.oid = t.tgfoid
where t.tgrelid = %s and not t.tgisinternal and t.tgenabled <> 'D' and p.prosecdef order by t.tgname
"""
_TEXTS = {"text", "varchar", "bpchar", "citext"}
_OBJECTS = {"json", "jsonb"}
_NAMED = re.compile(r"'(\w+)'")
_MOST = 20  # keys of an object that are tried alone

Statement = tuple[str, str, tuple[str | None, ...]]


class Triggers:
    """Writes own rows whose columns hold another tenant's id, where a trigger may act upon it past all policies."""

    def __init__(self, ground: Ground, sender: Sender, prints: ForeignPrints, tally: Tally) -> None:
        self._ground = ground
        self._sender = sender
        self._prints = prints
        self._tally = tally

    def findings(self, table: Table) -> Iterator[Finding]:
        """Yield where rows of another tenant are changed; nothing is tried on a table without such a trigger."""
        bodies = [body for (body,) in self._sender.rows(_BODIES, (table.oid,))]
        statements = list(self._statements(table, bodies)) if bodies else []
        context = self._ground.contexts[0]
        for actor in self._writers(table) if statements else ():
            with self._sender.acting(actor.login, context):
                for what, sql, parameters in statements:
                    self._tally.count(table.name, "trigger")
                    if self._prints.sent(table.schema, sql, parameters)[1]:
                        yield Finding(table.name, "trigger", FOREIGN, actor.name, context.name,
                                      f"{what} that names another tenant changes rows of that tenant")  # fmt: skip

    def _writers(self, table: Table) -> Iterator[Actor]:
        """Yield one of those who have the same rights, of all who write and don't see everything."""
        known = set()
        for actor in TableTrial(self._ground, self._sender, table).actors():
            rights = self._ground.declared.rights(actor.roles, table.name)
            writes = any(privilege in {"insert", "update"} for privilege, _ in rights)
            if writes and rights not in known and not self._ground.oracle.sees_schema(actor, table.schema):
                known.add(rights)
                yield actor

    def _statements(self, table: Table, bodies: list[str]) -> Iterator[Statement]:
        rows, drafts = self._ground.world.rows[table.name], self._ground.world.drafts[table.name]
        if OWN not in rows or OWN not in drafts:
            return
        condition, key = match(table, rows[OWN])
        for column in _free(table):
            for value in _naming(column, self._ground.world.owners[FOREIGN].tenant, bodies):
                yield f"an INSERT with a {column.name}", *insert_statement(table, {**drafts[OWN], column.name: value})
                sql = f"update {table.sql} set {quoted(column.name)} = cast(%s as {column.type}) where {condition}"
                yield f"an UPDATE to a {column.name}", sql, (value, *key)


def _free(table: Table) -> Iterator[Column]:
    """Yield the columns that may hold anybody's id: no foreign key looks at them."""
    referring = {name for key in table.foreign_keys for name in key.columns}
    for name, column in table.columns.items():
        if column.is_written and name not in referring and name not in table.owners:
            yield column


def _naming(column: Column, tenant: str, bodies: list[str]) -> Iterator[str]:
    """Yield values that name the tenant: in an object under the names that the triggers have in quotes."""
    if column.kind == "uuid" or column.kind in _TEXTS:
        yield tenant
    elif column.kind in _OBJECTS:
        names = list(dict.fromkeys(name for body in bodies for name in _NAMED.findall(body))) or ["tenant_id"]
        yield json.dumps(dict.fromkeys(names, tenant))
        if len(names) > 1:  # one of them may have to be something else
            yield from (json.dumps({name: tenant}) for name in names[:_MOST])
