"""Makes texts that match a regular expression of PostgreSQL's, of the forms that checks have.

Literals, classes, groups, alternatives and counts. The text is tried against the check on the server, so what is read
wrongly here is dropped there.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable

_MOST = 9  # more of what may be repeated without end would only make long texts
_PRINTED = "".join(character for character in string.printable if character.isprintable() and character != " ")
_CLASSES = {
    "alpha": string.ascii_letters,
    "digit": string.digits,
    "alnum": string.ascii_letters + string.digits,
    "lower": string.ascii_lowercase,
    "upper": string.ascii_uppercase,
    "space": " ",
    "punct": string.punctuation,
    "print": _PRINTED,
    "graph": _PRINTED,
    "xdigit": string.hexdigits,
}
_ESCAPES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " "}
_Part = Callable[[random.Random], str]


def matching_text(pattern: str, seed: int) -> str:
    """Return a text for the pattern, the same for the same seed; raises ValueError for a form that is not known."""
    part, rest = _alternatives(pattern)
    if rest:
        raise ValueError(f"{rest!r} is left over of {pattern!r}")
    return part(random.Random(seed))  # noqa: S311  # no secret


def _alternatives(pattern: str) -> tuple[_Part, str]:
    choices = []
    while True:
        part, pattern = _sequence(pattern)
        choices.append(part)
        if not pattern.startswith("|"):
            return lambda rng: rng.choice(choices)(rng), pattern
        pattern = pattern[1:]


def _sequence(pattern: str) -> tuple[_Part, str]:
    parts: list[_Part] = []
    while pattern and pattern[0] not in "|)":
        if pattern[0] in "^$":
            pattern = pattern[1:]
            continue
        part, pattern = _atom(pattern)
        (least, most), pattern = _count(pattern)
        parts.append(_repeated(part, least, most))
    return lambda rng: "".join(part(rng) for part in parts), pattern


def _repeated(part: _Part, least: int, most: int) -> _Part:
    return lambda rng: "".join(part(rng) for _ in range(rng.randint(least, most)))


def _atom(pattern: str) -> tuple[_Part, str]:
    first = pattern[0]
    if first == "(":
        part, rest = _alternatives(pattern.removeprefix("(").removeprefix("?:"))
        if not rest.startswith(")"):
            raise ValueError(f"a group does not end: {pattern!r}")
        return part, rest[1:]
    if first == "[":
        characters, rest = _bracket(pattern[1:])
        return lambda rng: rng.choice(characters), rest
    if first == "\\":
        escaped = _ESCAPES.get(pattern[1:2], pattern[1:2])
        return lambda rng: rng.choice(escaped), pattern[2:]
    if first in "*+?{":
        raise ValueError(f"nothing to repeat: {pattern!r}")
    characters = string.ascii_lowercase if first == "." else first
    return lambda rng: rng.choice(characters), pattern[1:]


def _bracket(pattern: str) -> tuple[str, str]:
    is_negated = pattern.startswith("^")
    rest = pattern.removeprefix("^")
    found = ""
    while not (rest.startswith("]") and found):
        if not rest:
            raise ValueError(f"a class does not end: {pattern!r}")
        if rest.startswith("[:"):
            name, rest = rest[2:].split(":]", maxsplit=1)
            found += _CLASSES.get(name, "")
        elif rest[1:2] == "-" and rest[2:3] not in ("", "]"):
            found += "".join(map(chr, range(ord(rest[0]), ord(rest[2]) + 1)))
            rest = rest[3:]
        else:
            found, rest = found + rest[0], rest[1:]
    allowed = "".join(one for one in string.ascii_lowercase + string.digits if one not in found)
    return (allowed if is_negated else found), rest[1:]


def _count(pattern: str) -> tuple[tuple[int, int], str]:
    simple = {"*": (0, _MOST), "+": (1, _MOST), "?": (0, 1)}
    if pattern[:1] in simple:
        return simple[pattern[0]], pattern[1:].removeprefix("?")
    if not pattern.startswith("{"):
        return (1, 1), pattern
    bounds, rest = pattern[1:].split("}", maxsplit=1)
    least, comma, most = bounds.partition(",")
    low = int(least)
    high = low if not comma else min(int(most), low + _MOST) if most else low + _MOST
    return (low, high), rest.removeprefix("?")
