"""Finds values that fulfil the checks of a table, with the server as the judge of each check.

A check is evaluated by one query over all combinations of its columns' candidates, so whatever its expression is, it
means here what it means to an INSERT. What is left is a search over small tables of what may stand together.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from ...errors import ProofError
from .candidates import OMITTED, Candidate, candidates
from .tables import Check, Column, Table, quoted

_MOST_COMBINATIONS = 20_000
_SAMPLES = (7, 9_999, 20_011, 29_999)  # numbers by which candidates are tried

Domains = dict[str, list[Candidate]]


def solve(connection: Connection, table: Table, given: Mapping[str, Candidate], wish: str = "") -> dict[str, Candidate]:
    """Return a candidate for each column of the table that is written, `given` ones as they are.

    The predicate of the partial index `wish` holds for them if it can, and those of the others do not matter. Raises
    ProofError where none fulfil the checks.
    """
    domains = {name: _domain(connection, table, column, given) for name, column in table.columns.items()
               if column.is_written}  # fmt: skip
    relations = [
        (check, columns, _allowed(connection, table, check, columns, domains))
        for check in table.checks
        if (columns := tuple(sorted(set(check.columns)))) and set(columns) <= domains.keys()
    ]
    hard = [relation for relation in relations if not relation[0].is_wish]
    wished = [relation for relation in relations if relation[0].name == wish]
    for wanted in ([*hard, *wished], hard):
        found = next(_assignments(domains, [(columns, allowed) for _, columns, allowed in wanted]), None)
        if found is not None:
            return {name: domains[name][place] for name, place in found.items()}
    failing = [check.name for check, _, allowed in hard if not allowed]
    raise ProofError(_unsolved(table, failing or [check.name for check, *_ in hard]))


def _unsolved(table: Table, checks: Sequence[str]) -> str:
    columns = sorted({name for check in table.checks if check.name in checks for name in check.columns})
    return (
        f"no row of {table.name} could be made: nothing that was tried fulfils {', '.join(checks)}: give an example "
        f"in a file for --examples, under [{table.name}], of {' and '.join(columns)}"
    )


def _domain(connection: Connection, table: Table, column: Column, given: Mapping[str, Candidate]) -> list[Candidate]:
    if column.name in given:
        return [given[column.name]]
    checks = [check for check in table.checks if column.name in check.columns]
    # an index by which a foreign row might be met has to have the row in it
    refers = any(column.name in key.columns for key in table.foreign_keys)
    is_wanted = any(column.name in unique.columns for unique in table.uniques) and not refers
    found = [one for one in candidates(column, checks, is_wanted=is_wanted) if _is_input(connection, column, one)]
    if not found:
        raise ProofError(
            f"no value is known for {table.name}.{column.name} of type {column.type}: give an example in a file for "
            f"--examples: [{table.name}] {column.name} = …"
        )
    return found


def _is_input(connection: Connection, column: Column, candidate: Candidate) -> bool:
    if candidate is OMITTED:
        return True
    try:
        with connection.begin_nested():
            for sample in _SAMPLES:
                connection.exec_driver_sql(f"select cast(%s as {column.type})", (candidate.value(sample),))
    except DBAPIError:
        return False
    return True


def _allowed(
    connection: Connection, table: Table, check: Check, columns: tuple[str, ...], domains: Domains
) -> set[tuple[int, ...]]:
    """Return which candidates of the columns fulfil the check together, by their places in the domains."""
    per_sample = [_fulfilling(connection, table, check, columns, domains, sample) for sample in _SAMPLES]
    return set.intersection(*per_sample)


def _fulfilling(
    connection: Connection, table: Table, check: Check, columns: tuple[str, ...], domains: Domains, sample: int
) -> set[tuple[int, ...]]:
    sizes = [len(domains[name]) for name in columns]
    while math.prod(sizes) > _MOST_COMBINATIONS:
        sizes[sizes.index(max(sizes))] -= 1
    return _asked(connection, table, check, columns, domains, sample, [range(size) for size in sizes])


def _asked(
    connection: Connection, table: Table, check: Check, columns: tuple[str, ...], domains: Domains, sample: int,
    parts: list[range],
) -> set[tuple[int, ...]]:  # fmt: skip
    """Return which combinations of those places fulfil the check; one for which it raises does not."""
    sources: list[str] = []
    values: list[str | None] = []
    for place, (name, part) in enumerate(zip(columns, parts, strict=True)):
        texts = [(number, _sql(table.columns[name], domains[name][number], sample, values)) for number in part]
        rows = ", ".join(f"({number}, {text})" for number, text in texts)
        sources.append(f"(values {rows}) as v{place} (i{place}, {quoted(name)})")
    places = ", ".join(f"i{place}" for place in range(len(columns)))
    query = f"select {places} from {' cross join '.join(sources)} where ({_escaped(check.expression)}) is not false"
    try:
        with connection.begin_nested():
            return {tuple(row) for row in connection.exec_driver_sql(query, tuple(values))}
    except DBAPIError as error:
        if _is_not_understood(error):  # it can't stand outside of its table: the INSERT is asked instead
            return set(itertools.product(*parts))
        if math.prod(map(len, parts)) == 1:
            return set()
    halves = _halves(parts)
    return set().union(*(_asked(connection, table, check, columns, domains, sample, half) for half in halves))


def _halves(parts: list[range]) -> list[list[range]]:
    longest = max(range(len(parts)), key=lambda place: len(parts[place]))
    part = parts[longest]
    middle = len(part) // 2
    return [[*parts[:longest], half, *parts[longest + 1 :]] for half in (part[:middle], part[middle:])]


def _is_not_understood(error: DBAPIError) -> bool:
    return str(getattr(error.orig, "pgcode", None)).startswith("42")


def _escaped(expression: str) -> str:
    return expression.replace("%", "%%")


def _sql(column: Column, candidate: Candidate, sample: int, values: list[str | None]) -> str:
    if candidate is OMITTED:
        return (
            f"cast({_escaped(column.default)} as {column.type})" if column.default else f"cast(null as {column.type})"
        )
    values.append(candidate.value(sample))
    return f"cast(%s as {column.type})"


def _assignments(
    domains: Domains, relations: Sequence[tuple[tuple[str, ...], set[tuple[int, ...]]]]
) -> Iterator[dict[str, int]]:
    """Yield assignments of places to columns that all relations allow, the most ordinary values first."""
    busy = [name for name in domains if any(name in columns for columns, _ in relations)]
    free = {name: 0 for name in domains if name not in busy}

    def extend(chosen: dict[str, int], rest: Sequence[str]) -> Iterator[dict[str, int]]:
        if not rest:
            yield {**free, **chosen}
            return
        name = rest[0]
        about = [(columns, allowed) for columns, allowed in relations if name in columns]
        for place in range(len(domains[name])):
            tried = {**chosen, name: place}
            if all(_fits(columns, allowed, tried) for columns, allowed in about):
                yield from extend(tried, rest[1:])

    yield from extend({}, busy)


def _fits(columns: tuple[str, ...], allowed: set[tuple[int, ...]], chosen: Mapping[str, int]) -> bool:
    known = [(position, chosen[name]) for position, name in enumerate(columns) if name in chosen]
    return any(all(row[position] == place for position, place in known) for row in allowed)
