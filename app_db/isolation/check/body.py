"""What stands in the body of a function in SQL or PL/pgSQL, apart from comments and strings."""

from __future__ import annotations

import re

_COMMENT = r"--[^\n]*|/\*.*?\*/"
_STRING = r"\b[eE]'(?:[^'\\]|''|\\.)*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(?P<tag>(?:[A-Za-z_]\w*)?)\$.*?\$(?P=tag)\$"
# in one go, as each may hold what looks like the beginning of the other
_TOKEN = re.compile(rf"(?P<comment>{_COMMENT})|(?P<string>{_STRING})", re.DOTALL)


def uncommented(body: str) -> str:
    """Return the body without comments."""
    return _TOKEN.sub(lambda found: found[0] if found["comment"] is None else " ", body)


def keywords_of(body: str) -> str:
    """Return the body without comments, strings and quoted names: what a word in it means, it says as a statement."""
    return _TOKEN.sub(" ", body)
