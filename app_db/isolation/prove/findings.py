"""What a proof has found, and how much of what it has tried."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What a finding is: something was reached that must not be; own rows are hidden; what was granted fails."""

    LEAK = "leak"
    MISSING = "rows missing"
    FAILED = "failed"


NOT_GRANTED = "not granted"
_MEND = (
    "mend the first one of each table in a new revision, where policies, keys and grants are declared; "
    "what is right as it is gets an exemption with its reason in the file of examples"
)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong with an outcome, in words."""

    what: str
    kind: Kind = Kind.LEAK


@dataclass(frozen=True, slots=True)
class Finding:
    """A case that came out otherwise than it has to."""

    table: str
    verb: str
    target: str
    actor: str
    context: str
    what: str
    kind: Kind = Kind.LEAK

    @property
    def is_leak(self) -> bool:
        """Whether something was reached that must not be."""
        return self.kind is Kind.LEAK

    @property
    def rows(self) -> str:
        """Whose rows it is about."""
        return f"{self.target} row{'s' if self.target == 'all' else ''}"

    @property
    def told(self) -> str:
        """What came out, with the kind of anything that is no leak."""
        return self.what if self.is_leak else f"{self.kind}: {self.what}"

    def __str__(self) -> str:
        """Say it in one line."""
        return f"{self.table}: {self.verb} ({self.rows}) as {self.actor}, context {self.context}: {self.told}"


def grouped(findings: Iterable[Finding], most: int = 10) -> list[str]:
    """Return the findings by table, a line for what came of one verb, with who had it; at most so many of a table."""
    tables: dict[str, dict[tuple[str, str, str], list[Finding]]] = {}
    for finding in findings:
        kind = (finding.verb, finding.target, finding.what)
        tables.setdefault(finding.table, {}).setdefault(kind, []).append(finding)
    lines = []
    for table, kinds in tables.items():
        number = sum(map(len, kinds.values()))
        lines.append(f"{table}: {number:,} finding{'' if number == 1 else 's'}")
        leaks_first = sorted(kinds.values(), key=lambda same: not same[0].is_leak)
        lines += [f"  {_together(same)}" for same in leaks_first[:most]]
        if len(kinds) > most:
            lines.append(f"  and {len(kinds) - most:,} more like these")
    return lines


def _together(same: list[Finding]) -> str:
    actors, contexts = (", ".join(dict.fromkeys(names)) for names in
                        ((one.actor for one in same), (one.context for one in same)))  # fmt: skip
    return f"{same[0].verb} ({same[0].rows}): {same[0].told}; as {actors}; context {contexts}"


def remedies(findings: Iterable[Finding]) -> list[str]:
    """Return what to do about findings."""
    found = list(findings)
    told = [_MEND]
    undeclared = next((one for one in found if one.what.startswith(NOT_GRANTED)), None)
    if undeclared is not None:
        told.append(
            "a grant that is right, as one for a function of app_definer, is declared in the models: "
            f'attach(Base.metadata, Grant(on="{undeclared.table}", role="app_definer", privileges=("select",)))'
        )
    return told if found else []


@dataclass(slots=True)
class Tally:
    """How many cases were tried, by table and verb; which came out wrong; and what could not be tried, and why."""

    cases: Counter[tuple[str, str]] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)
    untried: dict[str, str] = field(default_factory=dict)

    def count(self, table: str, verb: str) -> None:
        """Note a case."""
        self.cases[table, _plain(verb)] += 1

    def add(self, other: Tally) -> None:
        """Take over what another one has."""
        self.cases.update(other.cases)
        self.findings += other.findings
        self.untried |= other.untried

    @property
    def total(self) -> int:
        """How many cases there were."""
        return self.cases.total()

    def by_verb(self) -> dict[str, int]:
        """Return the number of cases of each verb."""
        found: Counter[str] = Counter()
        for (_, verb), number in self.cases.items():
            found[verb] += number
        return dict(found.most_common())

    def by_table(self) -> dict[str, int]:
        """Return the number of cases of each table."""
        found: Counter[str] = Counter()
        for (table, _), number in self.cases.items():
            found[table] += number
        return dict(sorted(found.items()))

    def by_kind(self) -> dict[Kind, int]:
        """Return the number of findings of each kind that there is."""
        return {kind: number for kind in Kind if (number := sum(one.kind is kind for one in self.findings))}

    def as_dict(self) -> dict[str, Any]:
        """Return it for machines."""
        return {
            "cases": self.total,
            "by_table": self.by_table(),
            "by_verb": self.by_verb(),
            "by_kind": {str(kind): number for kind, number in self.by_kind().items()},
            "findings": [asdict(finding) for finding in self.findings],
            "untried": self.untried,
        }


def _plain(verb: str) -> str:
    """Return the verb without the name of the constraint or column that it was tried on."""
    for head in ("insert key", "update to key", "refer", "update to refer"):
        if verb.startswith((f"{head} of ", f"{head} by ")):
            return head
    words = verb.split()
    known = {"all", "returning", "nothing", "update", "to", "query", "from", "for", "share", "table"}
    return verb if all(word in known for word in words[1:]) else f"{words[0]} column"
