"""A rule, what it finds, and the example that breaks it: the one place from which pages, tables and tests are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import URL

from ...bootstrap.names import Quoting
from .subject import Subject

PAGES = "docs/reference/isolation"
_QUOTING = Quoting(URL.create("postgresql+psycopg2").get_dialect()())


class Severity(StrEnum):
    """How bad it is: rows cross the border (error), may cross it or are lost (warning), or work gets slow (note)."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


@dataclass(frozen=True, slots=True)
class Found:
    """What breaks a rule: the object, a sentence about it, and SQL that mends it (or words, where no SQL does).

    `roles` are those that a policy names, `public` for everybody. `severity` is the rule's where it is None.
    """

    thing: str
    message: str
    remedy: str
    roles: tuple[str, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """Statements that break the rule on the table of the examples, and the object that is then told.

    Roles stand under the house's names, and `{database}` is the name of the database.
    """

    statements: tuple[str, ...]
    thing: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule: what is looked for, how it bites, what to type.

    `id` never changes its meaning. `example` is None where no SQL breaks it, and `without_example` says what does.
    """

    id: str
    slug: str
    severity: Severity
    title: str
    means: str
    bites: str
    remedy: str
    false_alarm: str
    look: Callable[[Subject], Iterable[Found]]
    example: Example | None = None
    without_example: str = ""

    @property
    def page(self) -> str:
        """Where it is explained, from the root of the repository."""
        return f"{PAGES}/{self.id}.md"


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that is broken, by what, and what to do about it."""

    rule: str
    severity: Severity
    thing: str
    message: str
    remedy: str
    page: str
    roles: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return it for machines; `object` is what breaks the rule."""
        found = asdict(self)
        return {"object" if name == "thing" else name: value for name, value in found.items()}

    def __str__(self) -> str:
        return f"{self.rule} {self.thing}: {self.message}: {self.remedy}"


def rule(
    number: str,
    slug: str,
    severity: Severity,
    title: str,
    *,
    means: str,
    bites: str,
    remedy: str,
    false_alarm: str,
    example: Example | None = None,
    without_example: str = "",
) -> Callable[[Callable[[Subject], Iterable[Found]]], Rule]:
    """Make a rule of the function that looks for what breaks it."""

    def made(look: Callable[[Subject], Iterable[Found]]) -> Rule:
        return Rule(
            number, slug, severity, title, means, bites, remedy, false_alarm, look, example, without_example
        )  # fmt: skip

    return made


def broken(*statements: str, thing: str) -> Example:
    """Return an example: statements that break the rule, and the object that is told."""
    return Example(statements, thing)


def name(*parts: str) -> str:
    """Return a name for SQL, each part quoted where it must be."""
    return ".".join(map(_QUOTING.shown, parts))


def literal(value: str) -> str:
    """Return a string literal for SQL."""
    return _QUOTING.text(value)


def findings_of(rules: Iterable[Rule], subject: Subject) -> list[Finding]:
    """Look with each rule; in the order of severity, rule and object."""
    found = [
        Finding(entry.id, one.severity or entry.severity, one.thing, one.message, one.remedy, entry.page, one.roles)
        for entry in rules
        for one in entry.look(subject)
    ]
    return sorted(dict.fromkeys(found), key=lambda finding: (finding.severity.rank, finding.rule, finding.thing))
