"""What was found and is right: a file of the user's with reasons and days of expiry, and the list of our own schema.

An entry has the keys `rule`, `object` (in which `*` stands for anything), `reason` and `expires`.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from importlib.resources import files
from pathlib import Path
from typing import Any

from ...errors import CheckRefused
from ...schema import RoleNames
from .rule import Finding
from .rules import BY_ID

DEFAULT_FILE = Path("isolation.toml")
# Long enough not to be a chore, short enough for somebody to remember why.
LONGEST = timedelta(days=366)
_LEAST_WORDS = 4
_KEYS = ("rule", "object", "reason", "expires")


@dataclass(frozen=True, slots=True)
class Suppression:
    """An object, or a pattern of objects in which `*` stands for anything, that may break a rule until a day."""

    rule: str
    pattern: str
    reason: str
    expires: date

    def covers(self, finding: Finding) -> bool:
        """Tell whether it is about this finding, expired or not."""
        return self.rule == finding.rule and fnmatchcase(finding.thing, _only_stars(self.pattern))

    def is_expired(self, today: date) -> bool:
        """Tell whether its last day is over."""
        return today > self.expires

    def __str__(self) -> str:
        return f"{self.rule} {self.pattern} (until {self.expires}: {self.reason})"


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What is right in our own schema; of a policy, as long as it names none but `roles` (under the house's names)."""

    rules: tuple[str, ...]
    patterns: tuple[str, ...]
    roles: frozenset[str]
    why: str

    def covers(self, finding: Finding, names: RoleNames) -> bool:
        """Tell whether it is about this finding."""
        is_named = any(fnmatchcase(finding.thing, _only_stars(pattern)) for pattern in self.patterns)
        roles = {names.of_house(role) for role in finding.roles}
        return finding.rule in self.rules and is_named and roles <= self.roles


def read_suppressions(path: Path, today: date) -> list[Suppression]:
    """Read a file of suppressions. Raises CheckRefused, which says which entry is at fault and what to write."""
    try:
        told = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise CheckRefused(f"{path} can't be read ({error.strerror}): name an existing file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise CheckRefused(f"{path} is not TOML ({error}): write entries that begin with [[suppress]]") from None
    strange = sorted(set(told) - {"suppress"})
    entries = told.get("suppress", [])
    if strange or not isinstance(entries, list):
        shown = ", ".join(strange) or "suppress"
        raise CheckRefused(f"{path} has {shown}, which means nothing here: write entries that begin with [[suppress]]")
    return [_suppression(path, number, entry, today) for number, entry in enumerate(entries, 1)]


def today_here() -> date:
    """Return the day of the calendar, wherever this runs: what expires does so at its end."""
    return date.today()  # noqa: DTZ011


def accepted_list() -> list[Acceptance]:
    """Return what is right in our own schema, and why."""
    told = tomllib.loads(files(__package__).joinpath("accepted.toml").read_text("utf-8"))
    return [
        Acceptance(tuple(entry["rules"]), tuple(entry["objects"]), frozenset(entry.get("roles", ())), entry["why"])
        for entry in told["accepted"]
    ]


def covering(entries: Iterable[Suppression], finding: Finding, today: date) -> Suppression | None:
    """Return the suppression that holds for the finding today."""
    return next((entry for entry in entries if entry.covers(finding) and not entry.is_expired(today)), None)


def _suppression(path: Path, number: int, entry: Any, today: date) -> Suppression:
    where = f"{path}, entry {number}"
    entry = entry if isinstance(entry, Mapping) else {}
    if set(entry) != set(_KEYS):
        missing = [key for key in _KEYS if key not in entry]
        told = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(sorted(set(entry) - set(_KEYS)))}"
        raise CheckRefused(f"{where} {told}: each entry has {', '.join(_KEYS)}, and nothing else")
    rule, pattern, reason, expires = (entry[key] for key in _KEYS)
    if not isinstance(rule, str) or rule not in BY_ID:
        raise CheckRefused(f"{where}: {rule!r} is no rule: `app-db isolation check --list` shows them")
    if not isinstance(pattern, str) or not pattern.strip("*. "):
        raise CheckRefused(f"{where}: the object {pattern!r} would suppress everything: name a table, a policy, a role")
    if not isinstance(reason, str) or len(reason.split()) < _LEAST_WORDS:
        raise CheckRefused(f"{where}: the reason {reason!r} says too little: write at least {_LEAST_WORDS} words")
    if type(expires) is not date:
        raise CheckRefused(f"{where}: expires is {expires!r}, which is no day: write it as {today.year + 1}-01-31")
    if expires > today + LONGEST:
        raise CheckRefused(f"{where}: expires is {expires}, more than a year ahead: write {today + LONGEST} or earlier")
    return Suppression(rule, pattern, reason, expires)


def _only_stars(pattern: str) -> str:
    """Return the pattern for fnmatch, in which only `*` is special."""
    return "".join({"[": "[[]", "?": "[?]"}.get(character, character) for character in pattern)
