"""Tries the cases of one table as each actor in each context, and has the oracle judge what comes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from ...schema import RoleNames, ScopeKind
from .actors import NO_CONTEXT, OWNER, Actor, Context, actors, contexts
from .cases import Case, Promise, cases_of, key_list
from .declared import Declared
from .findings import Finding, Kind, Tally
from .oracle import Oracle, Outcome, Sight
from .rows import Owner
from .sending import Sender
from .tables import Table, quoted
from .whose import COLLEAGUE, OWN, TRAVELLER
from .world import World

Wanted = Callable[[Actor, Context, Case], bool]

GRANTED = ("app_login", "app_tenant_admin_login")


@dataclass(slots=True)
class Ground:
    """What is fixed while cases are tried: who, in which world, by whose word, under which names."""

    world: World
    declared: Declared
    oracle: Oracle
    names: RoleNames
    actors: Sequence[Actor] = field(init=False)
    contexts: Sequence[Context] = field(init=False)

    def __post_init__(self) -> None:
        owners = self.world.owners
        self.actors = actors(self.names)
        self.contexts = contexts(owners[OWN], owners[COLLEAGUE], owners[TRAVELLER])

    def with_grants(self, declared: Declared) -> Ground:
        """Return the same ground by the word of other grants."""
        return Ground(self.world, declared, self.oracle.with_grants(declared), self.names)


@contextmanager
def granted_to(ground: Ground, sender: Sender, table: Table) -> Iterator[Ground]:
    """Grant a tenant's logins every verb on the table, until the end of the block; yields the ground that says so."""
    declared = Declared()
    declared.add_to(table.name, *GRANTED)
    with sender.undone():
        sender.become(ground.names(OWNER))
        for actor in ground.actors:
            if actor.name in GRANTED:
                sender.execute(f"grant usage on schema {quoted(table.schema)} to {actor.login}")
                sender.execute(f"grant select, insert, update, delete on {table.sql} to {actor.login}")
        sender.become("none")
        yield ground.with_grants(declared)


class TableTrial:
    """The cases of one table. What comes of them for the owner is kept from one call to the next."""

    def __init__(self, ground: Ground, sender: Sender, table: Table) -> None:
        self._ground = ground
        self._sender = sender
        self._table = table
        self._rows: list[tuple[tuple[str | None, ...], Owner]] | None = None
        self._owners: dict[tuple[str, str, tuple[object, ...]], Outcome] = {}
        self._cases: dict[frozenset[tuple[str, str | None]], list[Case]] = {}

    def run(self, *, bound: bool = True) -> Tally:
        """Try all cases; without `bound` on a connection that was never bound to anybody."""
        tally = Tally()
        for actor in self.actors():
            for context in self.contexts_of(actor, bound=bound):
                tally.findings += self._tried(actor, context, self._cases_of(actor), tally)
        return tally

    def run_as_itself(self, name: str, sender: Sender, verbs: frozenset[str]) -> Tally:
        """Try the cases of some verbs as a login, on a connection of its own."""
        tally = Tally()
        for actor in self.actors():
            if actor.name == name:
                # unbound first: what a login is given by default is seen before anything was set
                for context in (NO_CONTEXT, self._ground.contexts[0], self._ground.contexts[-1]):
                    cases = [case for case in self._cases_of(actor) if case.verb in verbs]
                    tally.findings += self._tried(actor, context, cases, tally, sender)
        return tally

    def run_granted(self) -> Tally:
        """Try what must not succeed as if every verb were granted: policies hold by themselves."""
        tally = Tally()
        tally.findings += self.granted_findings(tally)
        return tally

    def granted_findings(self, tally: Tally | None = None) -> Iterator[Finding]:
        """Yield what a login of a tenant reaches once it is granted every verb, and which of its own rows it misses."""
        with granted_to(self._ground, self._sender, self._table) as ground:
            trial = TableTrial(ground, self._sender, self._table)
            trial._rows, trial._owners = self._all_rows(), self._owners  # another trial of the table
            for actor in (actor for actor in ground.actors if actor.name in GRANTED):
                for context in ground.contexts:
                    cases = [case for case in trial._cases_of(actor) if self._holds_by_policy(case)]
                    for finding in trial._tried(actor, context, cases, tally):
                        if finding.is_leak:
                            yield finding
                        elif finding.kind is Kind.MISSING:
                            yield replace(finding, what=f"{finding.what}, once every verb is granted")

    def _holds_by_policy(self, case: Case) -> bool:
        """Keys of people's tables and of tenants lead with nobody: that nobody bound may write them is by grants."""
        is_of_key = case.promise in {Promise.UNLEARNED, Promise.UNREFERRED}
        return not is_of_key or self._table.is_keyed_by_tenant

    def findings(self, wanted: Wanted) -> Iterator[Finding]:
        """Yield what comes out wrong of the cases that are wanted, as it comes."""
        for actor in self.actors():
            for context in self.contexts_of(actor, bound=True):
                cases = [case for case in self._cases_of(actor) if wanted(actor, context, case)]
                if cases:
                    yield from self._tried(actor, context, cases)

    def learn(self) -> None:
        """Note what comes of every case for the owner, before anything is changed."""
        self._all_rows()
        for actor in self.actors():
            for context in self.contexts_of(actor, bound=True):
                self._of_owner(context, self._cases_of(actor))

    def actors(self) -> Iterator[Actor]:
        """Yield everybody but who is declared to own the table, and so needs no grant."""
        owner = self._ground.declared.owner(self._table.name)
        return (actor for actor in self._ground.actors if owner not in actor.roles)

    def contexts_of(self, actor: Actor, *, bound: bool) -> Iterable[Context]:
        """Return in which contexts an actor tries; without `bound` where it was never bound to anybody."""
        everything = self._ground.contexts
        has_rights = bool(self._ground.declared.rights(actor.roles, self._table.name))
        if not bound:
            return (NO_CONTEXT,) if has_rights else ()
        if not has_rights:
            return everything[:1]  # refused whatever it is bound to
        if actor.sees_all or self._table.scope.kind is ScopeKind.SYSTEM:
            return (everything[0], everything[-1])
        if self._table.scope.kind is ScopeKind.TENANT:
            return (everything[0], everything[1], everything[-1])
        return everything

    def _cases_of(self, actor: Actor) -> list[Case]:
        """Return the cases for an actor: the same for all who have the same rights."""
        rights = self._ground.declared.rights(actor.roles, self._table.name)
        if rights not in self._cases:

            def may(privilege: str, column: str | None) -> bool:
                return (privilege, None) in rights or (privilege, column) in rights

            self._cases[rights] = list(cases_of(self._table, self._ground.world, may))
        return self._cases[rights]

    def _tried(
        self, actor: Actor, context: Context, cases: list[Case], tally: Tally | None = None,
        sender: Sender | None = None,
    ) -> Iterator[Finding]:  # fmt: skip
        sender = sender or self._sender
        owners = self._of_owner(context, cases)
        sight = self.sight(actor, context)
        with sender.acting(actor.login, context):
            for case in cases:
                outcome = self._sent(case, sender)
                twin = sender.outcome(*case.twin) if case.twin else None
                wrong = self._ground.oracle.complaint(
                    actor, context, self._table, case, outcome,
                    owners=owners.get(self._key(context, case), outcome), twin=twin, sight=sight,
                )  # fmt: skip
                if tally is not None:
                    tally.count(self._table.name, case.verb)
                if wrong is not None:
                    yield Finding(self._table.name, case.verb, case.target, actor.name, context.name, wrong.what,
                                  wrong.kind)  # fmt: skip

    @staticmethod
    def _sent(case: Case, sender: Sender) -> Outcome:
        fetches = case.promise is Promise.EXACTLY or bool(case.pointing)
        return sender.outcome(case.sql, case.parameters, copies=case.copies, fetches=fetches)

    @staticmethod
    def _key(context: Context, case: Case) -> tuple[str, str, tuple[object, ...]]:
        return (context.name, case.sql, case.parameters)

    def _of_owner(self, context: Context, cases: Iterable[Case]) -> dict[tuple[str, str, tuple[object, ...]], Outcome]:
        """Return what comes of the cases for the owner, who sees all and may do all, bound as the actor is."""
        compared = (case for case in cases if case.promise in {Promise.ROWS, Promise.WRITES})
        new = [case for case in compared if self._key(context, case) not in self._owners]
        if new:
            with self._sender.acting(self._ground.names(OWNER), context):
                for case in new:
                    self._owners[self._key(context, case)] = self._sent(case, self._sender)
        return self._owners

    def sight(self, actor: Actor, context: Context) -> Sight:
        """Return the keys of all rows that are to be seen, and of other people's of the tenant."""
        oracle, table, rows = self._ground.oracle, self._table, self._all_rows()
        visible = frozenset(key for key, owner in rows if oracle.sees(actor, context, table, owner))
        same = frozenset(key for key, owner in rows if oracle.is_colleagues(context, table, owner))
        return Sight(visible, same - visible)

    def _all_rows(self) -> list[tuple[tuple[str | None, ...], Owner]]:
        if self._rows is None:
            scope = self._table.scope
            owners = [f"{quoted(name)}::text" if name else "''" for name in (scope.tenant_column, scope.user_column)]
            query = f"select {key_list(self._table)}, {', '.join(owners)} from {self._table.sql}"
            with self._sender.acting(self._ground.names(OWNER), Context("", "", "")):
                found = self._sender.rows(query)
            self._rows = [(tuple(row[:-2]), Owner(row[-2], row[-1])) for row in found]
        return self._rows
