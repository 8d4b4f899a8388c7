"""Functions that see past policies: what they answer about a foreign row has to be what they answer about none."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from uuid_utils.compat import uuid7

from .actors import Actor, Context
from .findings import Finding, Tally
from .sending import Sender
from .tables import Table
from .trying import Ground
from .world import FOREIGN, OWN, World

_DEFINERS = """
select n.nspname || '.' || p.proname as name, quote_ident(n.nspname) || '.' || quote_ident(p.proname) as sql,
  p.oid::regprocedure::text as signature, n.nspname as schema,
  array(select format_type(t, null) from unnest(p.proargtypes) with ordinality u (t, place)
    where u.place <= p.pronargs - p.pronargdefaults order by u.place) as types,
  array(select b.typname::text from unnest(p.proargtypes) with ordinality u (t, place) join pg_type b on b.oid = u.t
    where u.place <= p.pronargs - p.pronargdefaults order by u.place) as kinds
from pg_proc p join pg_namespace n on n.oid = p.pronamespace
where n.nspname = any(%s) and p.prosecdef and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype
order by 3
"""
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MOST = 40  # values of foreign rows that are tried for one argument
_USUAL = {
    "int2": "10", "int4": "10", "int8": "10", "float4": "0.5", "float8": "0.5", "numeric": "1", "bool": "true",
    "timestamptz": "2000-01-01", "date": "2000-01-01", "interval": "1 day", "jsonb": "{}", "json": "{}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Definer:
    """A SECURITY DEFINER function: the arguments that have to be given, by the name of each one's type."""

    name: str
    sql: str
    signature: str
    schema: str
    types: tuple[str, ...]
    kinds: tuple[str, ...]

    @property
    def call(self) -> str:
        """The statement that shows all that it returns."""
        arguments = ", ".join(f"cast(%s as {kind})" for kind in self.types)
        return f"select t::text from {self.sql}({arguments}) as t"


class Functions:
    """Calls definers with what foreign rows hold, bound to a tenant that has no row at all."""

    def __init__(self, ground: Ground, sender: Sender, tables: Iterable[Table], tally: Tally) -> None:
        self._ground = ground
        self._sender = sender
        self._tally = tally
        self._tables = {table.name: table for table in tables}
        self._foreign = _keys(ground.world)
        self._nobody = Context("a tenant without rows", str(uuid7()), str(uuid7()))
        foreign = ground.world.owners[FOREIGN]
        self._at_home = Context("own", foreign.tenant, foreign.person)

    def read(self, schemas: Iterable[str]) -> list[Definer]:
        """Return the SECURITY DEFINER functions of the schemas, but for those of triggers."""
        found = self._sender.rows(_DEFINERS, (sorted(schemas),))
        return [
            Definer(name, sql, signature, schema, tuple(types), tuple(kinds))
            for name, sql, signature, schema, types, kinds in found
        ]

    def findings(self, definer: Definer) -> Iterator[Finding]:
        """Yield where a function tells of a foreign row. Notes where it could not be tried, and why."""
        able = [actor for actor in self._ground.actors if self._may_call(actor, definer)]
        if not able:
            return
        pairs = list(self._arguments(definer))
        if not any(self._tells(able[0], self._at_home, definer, *pair) for pair in pairs):
            self._tally.untried.append(f"{definer.signature}: it answers nothing about the rows that were made")
            return
        for actor in able:
            for given, other in pairs:
                self._tally.count(definer.name, "call")
                if self._tells(actor, self._nobody, definer, given, other):
                    yield Finding(definer.name, "call", FOREIGN, actor.name, self._nobody.name,
                                  "its answer tells of a foreign row")  # fmt: skip
                    break

    def _may_call(self, actor: Actor, definer: Definer) -> bool:
        if self._ground.oracle.sees_schema(actor, definer.schema):
            return False
        ((may,),) = self._sender.rows(
            "select has_function_privilege(%s, %s, 'execute')", (actor.login, definer.signature)
        )
        return bool(may)

    def _arguments(self, definer: Definer) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
        """Yield arguments with one value of a foreign row, each with those of a row that is as little to be seen."""
        usual = [_USUAL.get(kind, str(uuid7()) if kind == "uuid" else "x") for kind in definer.kinds]
        yield tuple(usual), tuple(usual)
        for place, kind in enumerate(definer.kinds):
            for foreign, own in itertools.islice(self._values(definer.schema, kind), _MOST):
                given, other = [*usual], [*usual]
                given[place], other[place] = foreign, own
                yield tuple(given), tuple(other)

    def _values(self, schema: str, kind: str) -> Iterator[tuple[str, str]]:
        """Yield what the foreign and the own rows of a schema hold in columns of a type, where they differ."""
        for name, rows in self._ground.world.rows.items():
            table = self._tables.get(name)
            if table is not None and table.schema == schema and OWN in rows:
                for column in table.columns.values():
                    foreign, own = rows[FOREIGN][column.name], rows[OWN][column.name]
                    if column.kind == kind and foreign and own and foreign != own:
                        yield foreign, own

    def _tells(
        self, actor: Actor, context: Context, definer: Definer, given: tuple[Any, ...], other: tuple[Any, ...]
    ) -> bool:
        """Whether the answer depends on which row it is about, or names a foreign row that it was not asked about."""
        with self._sender.acting(actor.login, context):
            about_it = self._sender.outcome(definer.call, given, fetches=True)
            about_other = self._sender.outcome(definer.call, other, fetches=True)
        if (about_it.state, about_it.found) != (about_other.state, about_other.found):
            return True
        told = " ".join(str(value) for row in about_it.found or () for value in row)
        return any(key in told for key in self._foreign if key not in given)


def _keys(world: World) -> set[str]:
    """Return all ids of rows of the foreign tenant, and its own."""
    rows = (rows[FOREIGN] for rows in world.rows.values())
    found = {value for row in rows for value in row.values() if value is not None and _UUID.fullmatch(value)}
    return found | {world.owners[FOREIGN].tenant}
