"""What a linter found, and what an allow-list beside the test explains: neither may be without the other.

An allow-list is a TOML file of entries `[[allowed]]`, each with `rules`, `objects` and `why`; an entry allows each of
its objects under each of its rules. Both are patterns, in which `*` stands for anything and `{}` for one word.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from app_db.schema import SERVICES

_WILD = {"*": ".*", "{}": r"\S+"}


class Finding(NamedTuple):
    """A rule that is broken, by what, and what the linter says about it."""

    rule: str
    thing: str
    message: str = ""

    def __str__(self) -> str:
        return f"{self.rule} {self.thing} {self.message}".rstrip()


@dataclass(frozen=True, slots=True)
class Allowance:
    """An object, or a pattern of objects, that may break a rule, and why that is right here."""

    rule: str
    thing: str
    why: str

    def __post_init__(self) -> None:
        assert len(self.why.split()) >= 4, f"{self.rule} {self.thing}: say why this is right here"
        assert self.rule.strip("*"), "an entry names its rule"

    def allows(self, finding: Finding) -> bool:
        return _matches(finding.rule, self.rule) and _matches(finding.thing, self.thing)


def allowances(path: Path) -> list[Allowance]:
    """Read an allow-list: an allowance for each rule and object of an entry."""
    entries = tomllib.loads(path.read_text("utf-8"))["allowed"]
    return [
        Allowance(rule, thing, entry["why"])
        for entry in entries
        for rule in entry["rules"]
        for thing in entry["objects"]
    ]


def unexplained(findings: Collection[Finding], allowed: Collection[Allowance]) -> list[str]:
    """Return the findings that nothing allows."""
    return sorted(str(finding) for finding in findings if not any(entry.allows(finding) for entry in allowed))


def unused(findings: Collection[Finding], allowed: Collection[Allowance]) -> list[str]:
    """Return the allowances of what is not found, or not any more."""
    return [
        f"{entry.rule} {entry.thing}: {entry.why}"
        for entry in allowed
        if not any(entry.allows(finding) for finding in findings)
    ]


def of_schemas(allowed: Collection[Allowance], schemas: Collection[str]) -> list[Allowance]:
    """Leave out what is said of a schema that this server does not have, as its service needs an extension."""
    absent = {schema for service in SERVICES.values() for schema in service.schemas} - set(schemas)
    return [entry for entry in allowed if entry.thing.split(".")[0] not in absent]


def _matches(text: str, pattern: str) -> bool:
    parts = (_WILD.get(part, re.escape(part)) for part in re.split(r"(\*|\{\})", pattern))
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None
