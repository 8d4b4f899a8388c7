"""What a policy's condition says, by its words.

`pg_get_expr` prints every condition in one form: calls and operands in brackets, strings and odd names quoted, casts
as `::`. So words are enough to tell an OR from a column of that name, and no parser of SQL is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from itertools import pairwise

_WORD = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[A-Za-z_][\w$]*|\d[\d.]*|::|[()\[\],.]|[=<>!~@#%^&|*/+?-]+")
_READ = re.compile(r"current_setting\(\s*'([^']+)'(?:::text)?\s*(,?)", re.IGNORECASE)
_WHO = {"CURRENT_USER", "SESSION_USER", "CURRENT_ROLE", "USER"}
_OPEN, _CLOSE = {"(", "["}, {")", "]"}

Words = Sequence[str]


def words_of(expression: str) -> list[str]:
    """Return the words of a printed expression; strings stay whole, in their quotes."""
    return _WORD.findall(expression)


def has_word(expression: str, *keywords: str) -> bool:
    """Tell whether one of the keywords stands in it, outside of strings and quoted names."""
    wanted = {keyword.upper() for keyword in keywords}
    return any(word.upper() in wanted for word in words_of(expression))


def reads_a_table(expression: str) -> bool:
    """Tell whether a sub-select in it has a FROM."""
    words = [word.upper() for word in words_of(expression)]
    return any("FROM" in _same_depth(words[at + 1 :]) for at, word in enumerate(words) if word == "SELECT")


def is_wrapped(expression: str) -> bool:
    """Tell whether it has a sub-select that reads no table."""
    return has_word(expression, "select") and not reads_a_table(expression)


def settings_read(text: str) -> dict[str, bool]:
    """Return the settings that `current_setting` is asked for, and whether each call says what to do without one."""
    found: dict[str, bool] = {}
    for name, comma in _READ.findall(text):
        found[name] = found.get(name, True) and bool(comma)
    return found


def names_a_role(expression: str) -> bool:
    """Tell whether it asks who has logged in, or as whom it is executed."""
    return has_word(expression, *_WHO)


def mentions(expression: str, column: str) -> bool:
    """Tell whether the column stands in it."""
    return column in _columns(words_of(expression))


def compares_own(expression: str, table: str, column: str) -> bool:
    """Tell whether the row's own column stands in it: in a sub-select PostgreSQL prints it with the table's name."""
    words = _unquoted(words_of(expression))
    before = [["", ""], *([words[at - 2] if at > 1 else "", words[at - 1]] for at in range(1, len(words)))]
    return any(
        word == column and (last != "." or named == table) and last.upper() not in {"::", "AS"}
        for word, (named, last) in zip(words, before, strict=False)
    )


def casts(expression: str, column: str) -> bool:
    """Tell whether the column is converted before it is compared."""
    words = words_of(expression)
    plain = _unquoted(words)
    return any(
        plain[at] == column and words[at - 1] == "(" and words[at + 1 : at + 3] == [")", "::"]
        for at in range(1, len(words) - 2)
    )


def holds(expression: str, column: str, columns: Collection[str]) -> bool:
    """Tell whether each row has to have, in `column`, what is called or asked for on the other side of an equation.

    The equation is a whole operand of AND: inside an OR or a CASE it binds nothing. On the other side no column of
    the table may stand, and something that depends on who asks has to: a call, or the name of the role.
    """
    return any(_is_equation(operand, column, columns) for operand in _operands(words_of(expression)))


def operands_of(expression: str) -> list[str]:
    """Return the texts of the operands of AND, those of inner brackets as well."""
    parts = split_text(expression, "AND")
    return parts if len(parts) == 1 else [operand for part in parts for operand in operands_of(part)]


def split_text(expression: str, separator: str) -> list[str]:
    """Return what a word separates in an expression, brackets around all of it taken away; itself where there is none.

    Within CASE it separates nothing, as PostgreSQL puts brackets around every AND and OR.
    """
    found = list(_WORD.finditer(expression))
    words = [word[0] for word in found]
    bare = _bare(words)
    outer = (len(words) - len(bare)) // 2
    start, end = (found[outer - 1].end(), found[len(found) - outer].start()) if outer else (0, len(expression))
    depth, parts = 0, []
    for word in found[outer : outer + len(bare)]:
        depth += (word[0] in _OPEN) - (word[0] in _CLOSE)
        if depth == 0 and word[0].upper() == separator:
            parts.append(expression[start : word.start()].strip())
            start = word.end()
    return [*parts, expression[start:end].strip()] if parts else [expression.strip()]


def without_branches(expression: str, is_gone: Callable[[str], bool]) -> str:
    """Return it without the branches of its ORs, inner ones as well, that are gone; where all would be, all stay."""
    for separator in ("OR", "AND"):
        parts = split_text(expression, separator)
        if len(parts) > 1:
            kept = [without_branches(part, is_gone) for part in parts]
            if separator == "OR":
                kept = [part for part in kept if not is_gone(part)] or kept
            return expression if kept == parts else f"({f' {separator} '.join(kept)})"
    return expression


def asks_for_null(expression: str, column: str) -> bool:
    """Tell whether one of its operands, or it itself, is that the column is null."""
    for separator in ("OR", "AND"):
        parts = split_text(expression, separator)
        if len(parts) > 1:
            return any(asks_for_null(part, column) for part in parts)
    return is_null_alone(expression, column)


def is_null_alone(expression: str, column: str) -> bool:
    """Tell whether it holds for no row but those whose column is null."""
    ways, parts = split_text(expression, "OR"), split_text(expression, "AND")
    if len(ways) > 1:
        return all(is_null_alone(way, column) for way in ways)
    if len(parts) > 1:
        return any(is_null_alone(part, column) for part in parts)
    return _unquoted(_bare(words_of(expression))) == [column, "IS", "NULL"]


def _is_equation(operand: Words, column: str, columns: Collection[str]) -> bool:
    match _split(_bare(operand), "="):
        case [one, other]:
            return any(_names(here) == column and _asks(there, columns) for here, there in ((one, other), (other, one)))
        case _:
            return False


def _names(side: Words) -> str | None:
    words = _bare(side)
    if "::" in words:
        words = _bare(words[: words.index("::")])
    return _unquoted(words)[0] if len(words) == 1 else None


def _asks(side: Words, columns: Collection[str]) -> bool:
    if _columns(side) & set(columns):
        return False
    if side[:1] and side[0].upper() == "ANY":
        return all(_asks(entry, ()) for entry in _entries(side))
    called = (word for word, following in pairwise(side) if following == "(" and word[0].isalpha())
    return any(word.upper() not in {"ANY", "ALL", "ARRAY", "SELECT", "AND", "NOT"} for word in called) or bool(
        {word.upper() for word in side} & _WHO
    )


def _entries(side: Words) -> list[Words]:
    """Return the entries of ANY (ARRAY[…]), each of which lets rows in; of any other list the list itself.

    A list to which something is added is told by the empty entry, which asks nothing.
    """
    inner = _bare(side[1:])
    words = {word.upper() for word in inner}
    if words & {"||", "ARRAY_APPEND", "ARRAY_CAT", "ARRAY_PREPEND"}:
        return [[]]
    if [word.upper() for word in inner[:2]] != ["ARRAY", "["]:
        return [inner]
    return _split(inner[2 : 1 + _closing(inner[1:])], ",")


def _operands(words: Words) -> Iterator[Words]:
    bare = _bare(words)
    parts = _split(bare, "AND")
    if len(parts) == 1:
        yield bare
        return
    for part in parts:
        yield from _operands(part)


def _split(words: Words, separator: str) -> list[Words]:
    depth = 0
    parts: list[Words] = []
    part: list[str] = []
    for word in words:
        depth += (word in _OPEN) - (word in _CLOSE)
        if depth == 0 and word.upper() == separator:
            parts.append(part)
            part = []
        else:
            part.append(word)
    return [*parts, part]


def _bare(words: Words) -> Words:
    """Take away brackets around all of it."""
    while len(words) > 1 and words[0] == "(" and _closing(words) == len(words) - 1:
        words = words[1:-1]
    return words


def _closing(words: Words) -> int:
    depth = 0
    for at, word in enumerate(words):
        depth += (word in _OPEN) - (word in _CLOSE)
        if depth == 0:
            return at
    return len(words)


def _same_depth(words: Words) -> list[str]:
    """Return the words up to the end of the bracket that they stand in, those of inner brackets left out."""
    depth, found = 0, []
    for word in words:
        depth += (word in _OPEN) - (word in _CLOSE)
        if depth < 0:
            break
        if depth == 0:
            found.append(word)
    return found


def _columns(words: Words) -> set[str]:
    """Return the words that may be columns: no types, no calls, no names that a sub-select gives."""
    around = zip(["", *words], words, [*words[1:], ""], strict=False)
    return set(
        _unquoted([word for before, word, after in around if before.upper() not in {"::", "AS"} and after != "("])
    )


def _unquoted(words: Words) -> list[str]:
    return [word[1:-1].replace('""', '"') if word.startswith('"') else word for word in words]
