"""What is tried beside the rows of a table: partitions by name, the owner himself, privileges beyond rows."""

from __future__ import annotations

from collections.abc import Iterator

from .actors import OWNER, Actor, Context, stranger
from .declared import BEYOND_ROWS
from .findings import NOT_GRANTED, Finding, Tally
from .oracle import REFUSED
from .sending import Sender
from .tables import Table, quoted
from .trying import Ground

_PRIVILEGES = ("select", "insert", "update", "delete", *BEYOND_ROWS)
_UNBOUND = Context("empty", "", "")


class Beyond:
    """Tries what is beside the cases of rows, and yields what comes out wrong."""

    def __init__(self, ground: Ground, sender: Sender, tally: Tally | None = None) -> None:
        self._ground = ground
        self._sender = sender
        self._tally = tally if tally is not None else Tally()

    def of_table(self, table: Table) -> Iterator[Finding]:
        """Try everything that concerns one table."""
        yield from self.as_its_owner(table)
        yield from self.without_visibility(table)
        yield from self.privileges(table)
        for partition in table.partitions:
            yield from self.partition(table, partition)

    def as_its_owner(self, table: Table) -> Iterator[Finding]:
        """Policies have to hold for an owner too, where he is no member of app_all: that is what FORCE does."""
        for relation in (table.sql, *table.partitions):
            self._tally.count(table.name, "owner")
            with self._sender.undone():
                self._give_away(table, relation)
                with self._sender.acting(stranger(self._ground.names), _UNBOUND):
                    ((is_held,),) = self._sender.rows("select row_security_active(%s)", (relation,))
            if not is_held:
                yield Finding(table.name, "owner", "any", "an owner of the table", _UNBOUND.name,
                              f"policies do not hold for who owns {relation}")  # fmt: skip

    def without_visibility(self, table: Table) -> Iterator[Finding]:
        """Who is in no role that says which rows sees none, whatever he was granted: policies name those roles only."""
        self._tally.count(table.name, "without visibility")
        nobody = stranger(self._ground.names)
        with self._sender.undone():
            self._sender.become(self._ground.names(OWNER))
            self._sender.execute(f"grant usage on schema {quoted(table.schema)} to {nobody}")
            self._sender.execute(f"grant select on {table.sql} to {nobody}")
            self._sender.become("none")
            with self._sender.acting(nobody, self._ground.contexts[0]):
                outcome = self._sender.outcome(f"select 1 from {table.sql}", ())
        if outcome.rows != 0:
            yield Finding(table.name, "select", "all", "a role that no policy is for", "own", f"it has {outcome}")

    def _give_away(self, table: Table, relation: str) -> None:
        owner = stranger(self._ground.names)
        self._sender.become(self._ground.names(OWNER))
        self._sender.execute(f"grant usage, create on schema {quoted(table.schema)} to {owner}")
        self._sender.execute(f"alter table {relation} owner to {owner}")
        self._sender.become("none")

    def privileges(self, table: Table) -> Iterator[Finding]:
        """Privileges that nothing could be done with now: for want of CREATE, or of USAGE on the schema."""
        asked = ", ".join(f"has_table_privilege(%s, %s, '{privilege}')" for privilege in _PRIVILEGES)
        for actor in self._actors(table):
            (held,) = self._sender.rows(f"select {asked}", (actor.login, table.sql) * len(_PRIVILEGES))
            for privilege, has in zip(_PRIVILEGES, held, strict=True):
                self._tally.count(table.name, "privilege")
                if has and not self._ground.declared.may(actor.roles, privilege, table.name):
                    yield self._finding(table.name, privilege, "all", actor, f"{NOT_GRANTED}, and it is there")

    def partition(self, table: Table, partition: str) -> Iterator[Finding]:
        """A partition is nobody's to address, and where it was granted by mistake it shows no row."""
        column = next(name for name, column in table.columns.items() if column.is_written)
        name = quoted(column)
        statements = {
            "select": f"select 1 from {partition}",
            "update": f"update {partition} set {name} = {name}",
            "delete": f"delete from {partition}",
            "insert": f"insert into {partition} default values",
            "truncate": f"truncate {partition}",
        }
        for actor in self._actors(table):
            with self._sender.acting(actor.login, self._ground.contexts[0]):
                for verb, sql in statements.items():
                    self._tally.count(table.name, "partition")
                    outcome = self._sender.outcome(sql, ())
                    if outcome.state != REFUSED:
                        yield self._finding(
                            table.name, f"{verb} of {partition}", "all", actor, f"not refused: {outcome}"
                        )
        yield from self._granted_partition(table, partition)

    def _granted_partition(self, table: Table, partition: str) -> Iterator[Finding]:
        actor = next(actor for actor in self._ground.actors if not actor.sees_all)
        self._tally.count(table.name, "partition")
        with self._sender.undone():
            self._sender.become(self._ground.names(OWNER))
            self._sender.execute(f"grant select on {partition} to {actor.login}")
            self._sender.become("none")
            with self._sender.acting(actor.login, self._ground.contexts[0]):
                ((is_held,),) = self._sender.rows("select row_security_active(%s)", (partition,))
        if not is_held:
            yield self._finding(
                table.name, f"select of {partition}", "all", actor, "with a grant it would show all rows"
            )

    def _actors(self, table: Table) -> Iterator[Actor]:
        owner = self._ground.declared.owner(table.name)
        return (actor for actor in self._ground.actors if owner not in actor.roles)

    def _finding(self, table: str, verb: str, target: str, actor: Actor, what: str) -> Finding:
        return Finding(table, verb, target, actor.name, self._ground.contexts[0].name, what)
