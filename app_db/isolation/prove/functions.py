"""Functions that see past policies: about a foreign row they answer what they answer about none, and leave it alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from uuid_utils.compat import uuid7

from .actors import OWNER, Actor, Context
from .arguments import SHORTEST, Arguments, ForeignArguments, is_distinctive
from .definers import Definer, read_definers
from .findings import Finding, Tally
from .oracle import Outcome
from .prints import ForeignPrints
from .rows import insert_statement
from .sending import Sender
from .tables import Table
from .trying import Ground
from .whose import FOREIGN, OWN
from .world import World

_TELLS = "its answer tells of a foreign row"
_CHANGES = "it changes foreign rows"


class Functions:
    """Calls definers with what foreign rows hold, bound to a tenant that has no row at all."""

    def __init__(self, ground: Ground, sender: Sender, tables: Iterable[Table], tally: Tally) -> None:
        self._ground = ground
        self._sender = sender
        self._tally = tally
        self._tables = list(tables)
        self._arguments = ForeignArguments(ground.world, self._tables)
        self._foreign = _pattern(ground.world, self._tables)
        self._prints = ForeignPrints(ground, sender, self._tables)
        foreign = ground.world.owners[FOREIGN]
        self._nobody = Context("a tenant without rows", str(uuid7()), str(uuid7()))
        self._at_home = Context("own", foreign.tenant, foreign.person)

    def read(self, schemas: Iterable[str]) -> list[Definer]:
        """Return the SECURITY DEFINER functions and procedures of the schemas, but for those of triggers."""
        return read_definers(self._sender, schemas)

    def findings(self, definer: Definer) -> Iterator[Finding]:
        """Yield where a function tells of a foreign row or changes one. Notes where nothing could be seen, and why."""
        able = [actor for actor in self._ground.actors if self._may_call(actor, definer)]
        pairs = list(self._arguments.of(definer)) if able else []
        found = [
            Finding(definer.name, self._verb(definer), FOREIGN, actor.name, self._nobody.name, what)
            for actor in able
            if (what := self._complaint(actor, self._nobody, definer, pairs, self._tally)) is not None
        ]
        yield from found
        if able and not found and self._complaint(able[0], self._at_home, definer, pairs) is None:
            self._tally.untried[definer.signature] = self._reason(able[0], definer, pairs)

    def _may_call(self, actor: Actor, definer: Definer) -> bool:
        if self._ground.oracle.sees_schema(actor, definer.schema):
            return False
        asked = ("has_table_privilege(%s, %s, 'select')", definer.sql) if definer.is_view else (
            "has_function_privilege(%s, %s, 'execute')", definer.signature)  # fmt: skip
        ((may,),) = self._sender.rows(f"select {asked[0]}", (actor.login, asked[1]))
        return bool(may)

    @staticmethod
    def _verb(definer: Definer) -> str:
        return "select" if definer.is_view else "call"

    def _complaint(
        self, actor: Actor, context: Context, definer: Definer, pairs: list[tuple[Arguments, Arguments]],
        tally: Tally | None = None,
    ) -> str | None:  # fmt: skip
        """Return what a function does with foreign rows for an actor."""
        for given, absent in pairs:
            if tally is not None:
                tally.count(definer.name, self._verb(definer))
            with self._sender.acting(actor.login, context):
                what = self._tried(definer, given, absent)
            if what is not None:
                return what
        return _TELLS if pairs and self._depends(actor, context, definer, pairs[0][0]) else None

    def _tried(self, definer: Definer, given: Arguments, absent: Arguments) -> str | None:
        about_it, changes = self._called(definer, given)
        if changes:
            return _CHANGES
        if any(match[0] not in " ".join(given) for match in self._foreign.finditer(_told(about_it))):
            return _TELLS
        about_none = _answer(self._called(definer, absent)[0], absent)
        if given == absent or _answer(about_it, given) == about_none:
            return None
        # one that answers otherwise each time tells nothing by it
        return _TELLS if _answer(self._called(definer, absent)[0], absent) == about_none else None

    def _called(self, definer: Definer, arguments: Arguments) -> tuple[Outcome, bool]:
        """Return what comes of a call, and whether foreign rows were changed by it."""
        if not definer.may_write:
            return self._sender.outcome(definer.call, arguments, fetches=True), False
        return self._prints.sent(definer.schema, definer.call, arguments)

    def _depends(self, actor: Actor, context: Context, definer: Definer, usual: Arguments) -> bool:
        """Whether the answer becomes another one by further foreign rows."""
        before = self._asked(actor, context, definer, usual)
        if definer.is_procedure or before.state or before != self._asked(actor, context, definer, usual):
            return False
        with self._sender.undone():
            self._sender.bind(self._at_home)
            self._sender.become(self._ground.names(OWNER))
            for table in self._tables:
                draft = self._ground.world.drafts.get(table.name, {}).get(FOREIGN)
                if table.schema == definer.schema and draft is not None:
                    self._sender.attempt(*insert_statement(table, draft))
            return before != self._asked(actor, context, definer, usual)

    def _asked(self, actor: Actor, context: Context, definer: Definer, usual: Arguments) -> Outcome:
        with self._sender.acting(actor.login, context):
            return self._sender.outcome(definer.call, usual, fetches=True)

    def _reason(self, actor: Actor, definer: Definer, pairs: list[tuple[Arguments, Arguments]]) -> str:
        outcomes = [self._asked(actor, self._at_home, definer, given) for given, _ in pairs]
        if all(outcome.state for outcome in outcomes):
            return f"every call was refused ({', '.join(sorted({outcome.state for outcome in outcomes}))})"
        return "nothing that it answers depends on the rows that were made, not even for their own tenant"


def _told(outcome: Outcome) -> str:
    return " ".join(str(value) for row in outcome.found or () for value in row)


def _answer(outcome: Outcome, given: Arguments) -> tuple[str, list[str]]:
    """Return an answer without what was given to it."""
    rows = [" ".join(map(str, row)) for row in outcome.found or ()]
    for value in {one for one in given if len(one) >= SHORTEST}:
        rows = [row.replace(value, "…") for row in rows]
    return outcome.state, sorted(rows)


def _pattern(world: World, tables: Iterable[Table]) -> re.Pattern[str]:
    """Return what matches the values by which a foreign row is known, in any answer."""
    found = {world.owners[FOREIGN].tenant, world.owners[FOREIGN].person}
    by_name = {table.name: table for table in tables}
    for name, rows in world.rows.items():
        own, table = set(rows.get(OWN, {}).values()), by_name.get(name)
        for column in table.columns.values() if table else ():
            value = rows[FOREIGN][column.name]
            is_shared = value in own or _refers_to_shared(table, column.name, by_name)
            if value is not None and is_distinctive(column, value) and not is_shared:
                found.add(value)
    return re.compile(rf"(?<![\w.:-])(?:{'|'.join(map(re.escape, sorted(found, key=len, reverse=True)))})(?![\w:-])")


def _refers_to_shared(table: Table | None, column: str, tables: dict[str, Table]) -> bool:
    keys = table.foreign_keys if table else ()
    return any(column in key.columns and (key.target not in tables or not tables[key.target].is_proved) for key in keys)
