"""Mutation: each guard is taken away in turn, the cases are tried, and one of them has to notice."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...engine.predicate import Place
from ...reflection import reflect
from .actors import OWNER
from .beyond import Beyond
from .findings import Finding, Tally
from .mutants import KINDS, PREDICATE, Mutant, mutants_of, mutants_of_view
from .predicate import HOOKS, predicate_findings, without_hook
from .proof import Proof
from .reach import Reach
from .sending import Sender
from .tables import Table
from .trying import TableTrial
from .views import View, Views, read_views

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Death:
    """A mutant and the case that noticed it; None for a survivor. `refused` says why it could not be made."""

    mutant: Mutant
    finding: Finding | None
    refused: str = ""


@dataclass(slots=True)
class Mutation:
    """What became of all mutants; `stale` are those called harmless that there are not, or that were noticed."""

    deaths: list[Death] = field(default_factory=list)
    harmless: Mapping[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    stale: tuple[str, ...] = ()

    @property
    def unnoticed(self) -> list[Mutant]:
        """Those that no case noticed, harmless ones included."""
        return [death.mutant for death in self.deaths if death.finding is None and not death.refused]

    @property
    def survivors(self) -> list[Mutant]:
        """Those that no case noticed, and that nobody has shown to be harmless."""
        return [mutant for mutant in self.unnoticed if mutant.name not in self.harmless]

    @property
    def is_open(self) -> bool:
        """Whether one survived, or could not be made."""
        return bool(self.survivors) or any(death.refused for death in self.deaths)

    def by_kind(self) -> dict[str, tuple[int, int, int]]:
        """Return by kind how many there were, how many were killed, and how many could not be made."""
        found: dict[str, tuple[int, int, int]] = {}
        made = Counter(death.mutant.kind for death in self.deaths)
        killed = Counter(death.mutant.kind for death in self.deaths if death.finding is not None)
        refused = Counter(death.mutant.kind for death in self.deaths if death.refused)
        for kind in KINDS:
            if kind in made:
                found[kind] = (made[kind], killed[kind], refused[kind])
        return found

    def as_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "mutants": len(self.deaths),
            "by_kind": {kind: dict(zip(("made", "killed", "refused"), numbers, strict=True))
                        for kind, numbers in self.by_kind().items()},
            "harmless": {mutant.name: self.harmless[mutant.name] for mutant in self.unnoticed
                         if mutant.name in self.harmless},
            "survivors": [mutant.name for mutant in self.survivors],
            "refused": {death.mutant.name: death.refused for death in self.deaths if death.refused},
            "stale": list(self.stale),
            "seconds": round(self.seconds, 1),
        }  # fmt: skip


class Mutator:
    """Makes the mutants of a proof and sees which of its cases notice them; all is rolled back."""

    def __init__(self, proof: Proof, kinds: Iterable[str] = KINDS) -> None:
        self._proof = proof
        self._kinds = frozenset(kinds)
        with proof.place.connection() as connection:
            self._catalogue = reflect(connection, proof.place.schemas, proof.place.names)
            views = read_views(connection, proof.place.schemas)
        self._views = [view for view in views if not proof.only]
        self._mutants = {
            table.name: [mutant for mutant in self._of(table) if mutant.kind in self._kinds] for table in proof.chosen()
        }

    @property
    def total(self) -> int:
        """How many mutants of tables and views there are."""
        views = sum(1 for view in self._views for mutant in mutants_of_view(view) if mutant.kind in self._kinds)
        return sum(map(len, self._mutants.values())) + views + len(self._hooks)

    def run(self, progress: Progress = lambda _done: None) -> Mutation:
        """Try all of them."""
        began, found = time.monotonic(), Mutation(harmless=self._proof.all_examples.harmless)
        for table in self._proof.chosen():
            for death in self.of_table(table):
                found.deaths.append(death)
                progress(1)
        for death in self._of_views():
            found.deaths.append(death)
            progress(1)
        for death in self._of_predicate():
            found.deaths.append(death)
            progress(1)
        found.seconds, found.stale = time.monotonic() - began, self._stale(found)
        return found

    def _stale(self, found: Mutation) -> tuple[str, ...]:
        if self._proof.only or self._kinds != frozenset(KINDS):
            return ()  # a part can't tell
        needed = {mutant.name for mutant in found.unnoticed}
        return tuple(name for name in self._proof.examples.harmless if name not in needed)

    def run_of(self, name: str | None) -> Mutation:
        """Try those of one table; without a name those of views and of the predicate."""
        found = Mutation(harmless=self._proof.all_examples.harmless)
        if name is not None:
            found.deaths += self.of_table(self._proof.tables[name])
        else:
            found.deaths += [*self._of_views(), *self._of_predicate()]
        return found

    def of_table(self, table: Table, mutants: Iterable[Mutant] | None = None) -> Iterator[Death]:
        """Yield what becomes of the mutants of one table."""
        with self._proof.acting() as sender:
            trial = TableTrial(self._proof.ground, sender, table)
            trial.learn()
            for mutant in self._mutants[table.name] if mutants is None else mutants:
                with sender.undone():
                    yield self._tried(mutant, sender, lambda mutant=mutant: self._noticed(mutant, trial, sender, table))  # type: ignore[misc]

    def _of(self, table: Table) -> Iterator[Mutant]:
        return mutants_of(table, self._catalogue, self._proof.ground.declared, self._proof.place.names)

    def _of_views(self) -> Iterator[Death]:
        with self._proof.acting() as sender:
            for view in self._views:
                for mutant in mutants_of_view(view):
                    if mutant.kind in self._kinds:
                        with sender.undone():
                            yield self._tried(mutant, sender, lambda view=view: self._through(view, sender))  # type: ignore[misc]

    @property
    def _hooks(self) -> tuple[Place, ...]:
        return HOOKS if PREDICATE in self._kinds and not self._proof.only else ()

    def _of_predicate(self) -> Iterator[Death]:
        proof = self._proof
        for hook in self._hooks:
            mutant = Mutant(PREDICATE, "every table", f"no tenant in: {hook}", ())
            with without_hook(hook):
                found = predicate_findings(proof.place, proof.ground.world, proof.chosen(), Tally())
                yield Death(mutant, next(found, None))
                found.close()

    def _through(self, view: View, sender: Sender) -> Iterator[Finding]:
        return Views(self._proof.ground, sender, self._proof.tables.values(), Tally()).findings(view)

    def _tried(self, mutant: Mutant, sender: Sender, noticed: Callable[[], Iterator[Finding]]) -> Death:
        refusal = sender.change(self._proof.place.names(OWNER), mutant.statements)
        if refusal:
            return Death(mutant, None, refusal)
        return Death(mutant, next(noticed(), None))

    def _noticed(self, mutant: Mutant, trial: TableTrial, sender: Sender, table: Table) -> Iterator[Finding]:
        """Yield what notices it, the likeliest cases first."""
        beyond = Beyond(self._proof.ground, sender)
        reach = Reach(self._proof.ground, sender, table)
        if mutant.sweeps:
            yield from reach.findings()
        if mutant.beside:
            yield from beyond.of_table(table)
        yield from trial.findings(mutant.may_notice)
        if not mutant.beside:
            yield from beyond.of_table(table)
        yield from trial.granted_findings()
        if not mutant.sweeps:
            yield from reach.findings()
        yield from trial.findings(lambda actor, context, case: not mutant.may_notice(actor, context, case))
