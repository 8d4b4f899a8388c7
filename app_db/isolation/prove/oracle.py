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
from .exemptions import Exemption, Exemptions
from .findings import NOT_GRANTED, Complaint, Kind
from .rows import Owner
from .tables import Table
from .whose import COLLEAGUE, OWN

Keys = frozenset[tuple[str | None, ...]]

REFUSED = "42501"
_COLLIDED = {"23505", "23P01"}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a statement: rows, or the SQLSTATE with the constraint, and whether trigger or policy said so."""

    rows: int | None = None
    state: str = ""
    constraint: str = ""
    by_trigger: bool = False
    by_policy: bool = False
    found: Keys | None = None

    @property
    def is_denied(self) -> bool:
        """Whether a privilege was missing, whatever the row."""
        return self.state == REFUSED and not (self.by_trigger or self.by_policy)

    def __str__(self) -> str:
        """Say it in a few words."""
        if self.state:
            return f"error {self.state}" + (f" of {self.constraint}" if self.constraint else "")
        return _counted(self.rows or 0)


@dataclass(frozen=True, slots=True)
class Sight:
    """The keys of the rows that are to be seen, and of those that are other people's of the same tenant."""

    visible: Keys
    colleagues: Keys = frozenset()


def _counted(number: int, noun: str = "row") -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


class Oracle:
    """Judges outcomes by scopes, declared roles and declared grants."""

    def __init__(self, declared: Declared, exemptions: Iterable[Exemption], owners: Mapping[str, Owner]) -> None:
        self._declared = declared
        self._owners = owners
        self.exemptions = Exemptions(exemptions)

    def with_grants(self, declared: Declared) -> Oracle:
        """Return the same oracle by the word of other grants."""
        found = Oracle(declared, (), self._owners)
        found.exemptions = self.exemptions
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
        return actor.sees_all or self.exemptions.of_schema(actor.roles, schema)

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
        owners: Outcome, twin: Outcome | None = None, sight: Sight,
    ) -> Complaint | None:  # fmt: skip
        """Return what is wrong with an outcome, or None.

        `owners` is what comes of it for the owner, `twin` of the statement about a row that is not there.
        """
        if not self.may(actor, table, case.needs):
            return None if outcome.state == REFUSED else Complaint(f"{NOT_GRANTED}, and {outcome}")
        if case.promise is Promise.REFUSED:
            return None if outcome.state else Complaint(f"succeeded: {outcome}")
        if case.promise is Promise.EXACTLY:
            copies_none = case.verb == "copy to" and bool(table.partitions)  # COPY reads no partitions of a table
            return self._complaint_of_all(table, case.verb, outcome, Sight(frozenset()) if copies_none else sight)
        sees = self.sees(actor, context, table, self._owners.get(case.target, self._owners["own"]))
        if case.promise is Promise.UNLEARNED:
            return self._complaint_of_key(table, outcome, sees=sees)
        if case.promise is Promise.UNREFERRED:
            return self._complaint_of_reference(case, outcome, twin, sees=sees)
        return self._complaint_of_row(actor, context, table, case, outcome, owners)

    def complaint_of_sweep(
        self, actor: Actor, table: Table, verb: str, needs: Iterable[Need], outcome: Outcome, owners: Outcome,
        sight: Sight,
    ) -> Complaint | None:  # fmt: skip
        """Return what is wrong with the rows that a statement on all of them reaches, or None."""
        if not self.may(actor, table, needs):
            return None if outcome.state == REFUSED else Complaint(f"{NOT_GRANTED}, and {outcome}")
        if outcome.state and outcome.state == owners.state:
            return None  # a trigger of the statement refuses it to everybody
        return self._complaint_of_all(table, verb, outcome, sight)

    def _complaint_of_all(self, table: Table, verb: str, outcome: Outcome, sight: Sight) -> Complaint | None:
        if outcome.state:
            return Complaint(f"granted, and {outcome}", Kind.FAILED)
        found = outcome.found or frozenset()
        others, missing = found - sight.visible, len(sight.visible - found)
        if others and not (others <= sight.colleagues and self.exemptions.of_table(table.name, verb, COLLEAGUE)):
            return Complaint(_counted(len(others), "foreign row"))
        if missing and not self.exemptions.of_table(table.name, verb, OWN):
            return Complaint(f"{_counted(missing)} of its own", Kind.MISSING)
        return None

    def _complaint_of_key(self, table: Table, outcome: Outcome, *, sees: bool) -> Complaint | None:
        if sees or outcome.state not in _COLLIDED:
            return None
        if any(unique.name == outcome.constraint and table.owners[0] in unique.columns for unique in table.uniques):
            return None  # whoever is in the key is oneself, so it collides with a row of one's own
        if self.exemptions.of_key(outcome.constraint):
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
            is_right = outcome.rows == 0 or self._is_shared(context, table, case.verb, self._owners[case.target])
            if outcome.is_denied:
                return Complaint(f"granted, and {outcome}", Kind.FAILED)
            return None if is_right else Complaint(f"reached a row that is not seen: {outcome}")
        if case.promise is Promise.WRITES and not self.sees(actor, context, table, self._owners[case.leaves]):
            stopped = outcome.state == REFUSED or outcome.by_trigger or (case.verb == "move" and outcome.rows == 0)
            is_right = stopped or self._is_shared(context, table, case.verb, self._owners[case.leaves])
            return None if is_right else Complaint(f"left a row that is not its own: {outcome}")
        if (outcome.state, outcome.rows) == (owners.state, owners.rows):
            return None
        is_hidden = outcome.rows == 0 or outcome.by_policy
        is_right = is_hidden and self.exemptions.of_table(table.name, case.verb, OWN)
        return None if is_right else Complaint(f"granted, and {outcome} where the owner has {owners}", Kind.FAILED)

    def _is_shared(self, context: Context, table: Table, verb: str, row: Owner) -> bool:
        return self.is_colleagues(context, table, row) and self.exemptions.of_table(table.name, verb, COLLEAGUE)

    @staticmethod
    def is_colleagues(context: Context, table: Table, row: Owner) -> bool:
        """Whether the row is of a person of the tenant that the transaction is bound to."""
        return table.scope.kind is ScopeKind.USER and bool(context.tenant) and context.tenant == row.tenant
