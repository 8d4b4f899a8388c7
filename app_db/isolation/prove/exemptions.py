"""Findings that are known and right as they are, each with its reason; and which of them were needed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ...errors import ProofError
from .whose import COLLEAGUE, OWN

VERBS = ("select", "insert", "update", "delete")
PERSONS = (OWN, COLLEAGUE)
# What each statement needs the row for. A lock asks the policies of UPDATE.
_VERB_OF = {
    **{verb: verb for verb in VERBS},
    "copy": "select", "lock": "update", "move": "update", "take": "update", "upsert update": "update",
    "upsert": "insert",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Exemption:
    """A finding that is known and right, with the reason.

    By the name of a constraint that tells of foreign rows; by roles that see a schema; or by a table (or view) of which
    `persons` of one tenant share rows ("another person's") or are not shown all of their own ("own"), with `verbs`.
    Without verbs or persons it is all of them. Of another tenant's rows nothing is ever exempt by a table. Raises
    ProofError for one that says nothing, or without a reason.
    """

    reason: str
    constraint: str = ""
    schema: str = ""
    roles: tuple[str, ...] = ()
    table: str = ""
    verbs: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what can't be meant."""
        if not self.reason.strip():
            raise ProofError(f"the exemption of {self} has no reason: say why it is right as it is")
        named = [bool(self.constraint), bool(self.schema or self.roles), bool(self.table)]
        if named.count(True) != 1 or bool(self.schema) != bool(self.roles):
            raise ProofError(
                f"an exemption ({self.reason}) names a constraint, or a schema and its roles, or a table: one of them"
            )
        for given, known in ((self.verbs, VERBS), (self.persons, PERSONS)):
            if wrong := [word for word in given if word not in known or not self.table]:
                raise ProofError(f"the exemption of {self} names {wrong[0]!r}: a table's has {', '.join(known)}")

    def __str__(self) -> str:
        """Say what is exempt."""
        if self.table:
            return f"table {self.table}"
        return f"constraint {self.constraint}" if self.constraint else f"{', '.join(self.roles)} in {self.schema}"

    def parts(self) -> Iterator[tuple[str, str]]:
        """Yield what it names one by one, as it is told and as it is noted when it is needed."""
        yield str(self), ""
        for word in (*self.verbs, *self.persons):
            yield f"{self}: {word}", word


class Exemptions:
    """What is exempt. Notes each that was needed."""

    def __init__(self, entries: Iterable[Exemption]) -> None:
        self._entries = tuple(entries)
        self._used: set[tuple[Exemption, str]] = set()

    def of_key(self, constraint: str) -> bool:
        """Whether a constraint may tell of foreign rows."""
        found = [entry for entry in self._entries if entry.constraint and entry.constraint == constraint]
        return self._needed(found)

    def of_schema(self, roles: frozenset[str], schema: str) -> bool:
        """Whether who has these roles may see every row of a schema."""
        found = [entry for entry in self._entries
                 if entry.schema and entry.schema == schema and roles.intersection(entry.roles)]  # fmt: skip
        return self._needed(found)

    def of_table(self, table: str, verb: str, person: str) -> bool:
        """Whether rows of that person of the same tenant may be shared (or own ones missing), for a case of that verb.

        `verb` is the case's. A row of another tenant is not asked about here.
        """
        plain = _VERB_OF.get(verb) or _VERB_OF.get(verb.split(maxsplit=1)[0], "")
        found = [
            entry
            for entry in self._entries
            if entry.table == table and plain in (entry.verbs or VERBS) and person in (entry.persons or PERSONS)
        ]
        return self._needed(found, plain, person)

    def stale(self, given: Iterable[Exemption]) -> tuple[str, ...]:
        """Return what of these was never needed; of one that was needed, the words that were not."""
        found: list[str] = []
        for entry in given:
            unused = [told for told, word in entry.parts() if (entry, word) not in self._used]
            found += unused[:1] if (entry, "") not in self._used else unused
        return tuple(found)

    def _needed(self, entries: list[Exemption], *words: str) -> bool:
        self._used.update((entry, word) for entry in entries for word in ("", *words))
        return bool(entries)
