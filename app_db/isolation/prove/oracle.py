"""What has to come of a case, known without a look at any policy.

Two halves. Safety: who is not declared to see a row neither reads, changes, locks, makes nor refers to it, nor learns
that it is there. Liveness: what was declared works on one's own rows as it does for the owner, and what was not
declared is refused with 42501.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...schema import ScopeKind
from .actors import Actor, Context
from .cases import Case, Need, Promise
from .declared import Declared
from .examples import Exemption
from .findings import Complaint, Kind
from .rows import Owner
from .tables import Table

REFUSED = "42501"
_COLLIDED = {"23505", "23P01"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a statement: rows, or the SQLSTATE with the constraint, and whether a trigger's code raised it."""

    rows: int | None = None
    state: str = ""
    constraint: str = ""
    by_trigger: bool = False
    found: frozenset[tuple[str | None, ...]] | None = None

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.state:
            return f"error {self.state}" + (f" of {self.constraint}" if self.constraint else "")
        return _counted(self.rows or 0)


def _counted(number: int, noun: str = "row") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Oracle:
    """Judges outcomes by scopes, declared roles and declared grants."""

    def __init__(self, declared: Declared, exemptions: Iterable[Exemption], owners: Mapping[str, Owner]) -> None:
        self._declared = declared
        self._owners = owners
        self._constraints = {entry.constraint: entry for entry in exemptions if entry.constraint}
        self._seers = [entry for entry in exemptions if entry.schema]
        self.used: set[Exemption] = set()

    def with_grants(self, declared: Declared) -> Oracle:
        """Return the same oracle by the word of other grants."""
        found = Oracle(declared, (), self._owners)
        found._constraints, found._seers, found.used = self._constraints, self._seers, self.used
        return found

    def may(self, actor: Actor, table: Table, needs: Iterable[Need]) -> bool:
        """Whether the actor was granted all of it."""
        return all(self._has(actor, table, *need) for need in needs)

    def _has(self, actor: Actor, table: Table, privilege: str, column: str | None) -> bool:
        def may(verb: str, name: str | None = None) -> bool:
            return self._declared.may(actor.roles, verb, table.name, name)

        if privilege == "update or delete":
            return may("update") or may("delete") or may("truncate")
        if column == "*":
            return any(may(privilege, name) for name in table.columns)
        return may(privilege, column)

    def sees_schema(self, actor: Actor, schema: str) -> bool:
        """Whether the actor may see every row of the schema."""
        if actor.sees_all:
            return True
        exempt = [entry for entry in self._seers if schema == entry.schema and actor.roles.intersection(entry.roles)]
        self.used.update(exempt)
        return bool(exempt)

    def sees(self, actor: Actor, context: Context, table: Table, row: Owner) -> bool:
        """Whether the actor may see a row of that owner."""
        if self.sees_schema(actor, table.schema):
            return True
        scope = table.scope
        if scope.kind is ScopeKind.SYSTEM:
            return False
        is_own_tenant = context.tenant == row.tenant
        is_own_person = context.person == row.person
        if scope.kind is ScopeKind.PERSON:
            return is_own_person
        return is_own_tenant and (scope.kind is ScopeKind.TENANT or actor.is_administrator or is_own_person)

    def complaint(
        self, actor: Actor, context: Context, table: Table, case: Case, outcome: Outcome, *,
        owners: Outcome, twin: Outcome | None = None, visible: frozenset[tuple[str | None, ...]] | None = None,
    ) -> Complaint | None:  # fmt: skip
        """Return what is wrong with an outcome, or None.

        `owners` is what comes of it for the owner, `twin` of the statement about a row that is not there, `visible`
        the keys of all rows that are to be seen.
        """
        if not self.may(actor, table, case.needs):
            return None if outcome.state == REFUSED else Complaint(f"not granted, and {outcome}")
        if case.promise is Promise.REFUSED:
            return None if outcome.state else Complaint(f"succeeded: {outcome}")
        if case.promise is Promise.EXACTLY:
            copies_none = case.verb == "copy to" and bool(table.partitions)  # COPY reads no partitions of a table
            return self._complaint_of_all(outcome, frozenset() if copies_none else visible or frozenset())
        sees = self.sees(actor, context, table, self._owners.get(case.target, self._owners["own"]))
        if case.promise is Promise.UNLEARNED:
            return self._complaint_of_key(table, outcome, sees=sees)
        if case.promise is Promise.UNREFERRED:
            return self._complaint_of_reference(case, outcome, twin, sees=sees)
        return self._complaint_of_row(actor, context, table, case, outcome, owners)

    def complaint_of_sweep(
        self, actor: Actor, table: Table, needs: Iterable[Need], outcome: Outcome, owners: Outcome,
        visible: frozenset[tuple[str | None, ...]],
    ) -> Complaint | None:  # fmt: skip
        """Return what is wrong with the rows that a statement on all of them reaches, or None."""
        if not self.may(actor, table, needs):
            return None if outcome.state == REFUSED else Complaint(f"not granted, and {outcome}")
        if outcome.state and outcome.state == owners.state:
            return None  # a trigger of the statement refuses it to everybody
        return self._complaint_of_all(outcome, visible)

    @staticmethod
    def _complaint_of_all(outcome: Outcome, visible: frozenset[tuple[str | None, ...]]) -> Complaint | None:
        if outcome.state:
            return Complaint(f"granted, and {outcome}", Kind.FAILED)
        if outcome.found is None:  # COPY: as many
            foreign = (outcome.rows or 0) - len(visible)
            missing = -foreign
        else:
            foreign, missing = len(outcome.found - visible), len(visible - outcome.found)
        if foreign > 0:
            return Complaint(_counted(foreign, "foreign row"))
        return Complaint(f"{_counted(missing, 'row')} of its own missing", Kind.MISSING) if missing > 0 else None

    def _complaint_of_key(self, table: Table, outcome: Outcome, *, sees: bool) -> Complaint | None:
        if sees or outcome.state not in _COLLIDED:
            return None
        if any(unique.name == outcome.constraint and table.owners[0] in unique.columns for unique in table.uniques):
            return None  # whoever is in the key is oneself, so it collides with a row of one's own
        if outcome.constraint in self._constraints:
            self.used.add(self._constraints[outcome.constraint])
            return None
        return Complaint(f"tells of a row that is not seen: {outcome}")

    @staticmethod
    def _complaint_of_reference(case: Case, outcome: Outcome, twin: Outcome | None, *, sees: bool) -> Complaint | None:
        if sees:
            return None
        if not outcome.state:
            points = case.pointing in (outcome.found or ())
            return Complaint("refers to a row that is not seen") if points else None
        if twin is not None and (twin.state, twin.constraint) != (outcome.state, outcome.constraint):
            return Complaint(f"tells of a row that is not seen: {outcome}, and {twin} for one that is not there")
        return None

    def _complaint_of_row(
        self, actor: Actor, context: Context, table: Table, case: Case, outcome: Outcome, owners: Outcome
    ) -> Complaint | None:
        is_found = case.target != "all" and not case.verb.startswith(("insert", "upsert"))
        if is_found and not self.sees(actor, context, table, self._owners[case.target]):
            return None if outcome.rows == 0 else Complaint(f"reached a row that is not seen: {outcome}")
        if case.promise is Promise.WRITES and not self.sees(actor, context, table, self._owners[case.leaves]):
            stopped = outcome.state == REFUSED or outcome.by_trigger or (case.verb == "move" and outcome.rows == 0)
            return None if stopped else Complaint(f"left a row that is not its own: {outcome}")
        if (outcome.state, outcome.rows) != (owners.state, owners.rows):
            return Complaint(f"granted, and {outcome} where the owner has {owners}", Kind.FAILED)
        return None
