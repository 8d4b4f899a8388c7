"""Which rows UPDATE and DELETE reach where they read no column: PostgreSQL asks no policy for SELECT then.

A trigger that fires before all others notes each row and leaves it as it is, so neither foreign keys nor what other
triggers refuse can hide how far a statement comes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .actors import OWNER, Context
from .cases import Need
from .findings import Finding, Tally
from .oracle import Outcome
from .sending import Sender
from .tables import Table, quoted
from .trying import GRANTED, Ground, TableTrial, granted_to
from .whose import FOREIGN, OWN

_NAME = '" app_db_reach"'  # triggers fire in the order of their names
_NOTE = """
create function {schema}.{name}() returns trigger language plpgsql as $note$
begin
  perform pg_catalog.set_config('app_db.reached', pg_catalog.concat(
    pg_catalog.current_setting('app_db.reached', true), pg_catalog.jsonb_build_array({key})::text, E'\\n'), true);
  return null;
end
$note$
"""


@dataclass(frozen=True, slots=True)
class Sweep:
    """A statement on all rows, which reads none of their columns."""

    verb: str
    sql: str
    parameters: tuple[Any, ...]
    needs: tuple[Need, ...]


def sweeps_of(table: Table, ground: Ground) -> Iterator[Sweep]:
    """Yield the statements on all rows: deleted, changed, and taken for one's own."""
    yield Sweep("delete all", f"delete from {table.sql}", (), (("delete", None),))
    row, owner = ground.world.targets(table)[FOREIGN], ground.world.owners[OWN]
    mine = dict(zip((table.scope.tenant_column, table.scope.user_column), (owner.tenant, owner.person), strict=True))
    written = [name for name, column in table.columns.items() if column.is_written]
    plain = [name for name in written if name not in table.owners]
    granted = {name for _, verb, name in ground.declared.on_columns(table.name) if verb == "update"}
    for name in written:
        if name in {*table.owners, *plain[-1:], *granted}:  # one stands for all but where grants are on columns
            verb, value = ("take all", mine[name]) if name in table.owners else ("update all", row[name])
            sql = f"update {table.sql} set {quoted(name)} = cast(%s as {table.columns[name].type})"
            yield Sweep(verb, sql, (value,), (("update", name),))


class Reach:
    """Sends the sweeps of a table as everybody, and yields where they reach other rows than they have to."""

    def __init__(self, ground: Ground, sender: Sender, table: Table, tally: Tally | None = None) -> None:
        self._ground = ground
        self._sender = sender
        self._table = table
        self._tally = tally if tally is not None else Tally()
        self._sweeps = list(sweeps_of(table, ground))

    def findings(self) -> Iterator[Finding]:
        """Yield what comes out wrong: with the grants that there are, and with every verb granted to tenants."""
        with self._sender.undone():
            self._watch()
            owners = self._of_owner()
            yield from self._of(self._ground, owners)
            with granted_to(self._ground, self._sender, self._table) as ground:
                for finding in self._of(ground, owners, frozenset(GRANTED)):
                    if finding.is_leak:
                        yield finding

    def _watch(self) -> None:
        schema = quoted(self._table.schema)
        key = ", ".join(f"old.{quoted(name)}::text" for name in self._table.key)
        self._sender.become(self._ground.names(OWNER))
        self._sender.execute(_NOTE.format(schema=schema, name=_NAME, key=key))
        self._sender.execute(
            f"create trigger {_NAME} before update or delete on {self._table.sql} "
            f"for each row execute function {schema}.{_NAME}()"
        )
        self._sender.become("none")

    def _of_owner(self) -> list[Outcome]:
        with self._sender.acting(self._ground.names(OWNER), Context("", "", "")):
            return [self._sender.reached(sweep.sql, sweep.parameters) for sweep in self._sweeps]

    def _of(self, ground: Ground, owners: list[Outcome], names: frozenset[str] = frozenset()) -> Iterator[Finding]:
        trial = TableTrial(ground, self._sender, self._table)
        for actor in trial.actors():
            for context in trial.contexts_of(actor, bound=True) if not names or actor.name in names else ():
                sight = trial.sight(actor, context)
                with self._sender.acting(actor.login, context):
                    for sweep, owner in zip(self._sweeps, owners, strict=True):
                        self._tally.count(self._table.name, sweep.verb)
                        outcome = self._sender.reached(sweep.sql, sweep.parameters)
                        wrong = ground.oracle.complaint_of_sweep(
                            actor, self._table, sweep.verb, sweep.needs, outcome, owner, sight
                        )
                        if wrong is not None:
                            yield Finding(self._table.name, sweep.verb, "all", actor.name, context.name, wrong.what,
                                          wrong.kind)  # fmt: skip
