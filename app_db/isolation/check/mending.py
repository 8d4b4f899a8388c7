"""What a policy's condition should be: the usual comparison, and of what it said all that may narrow rows down.

A part is left out where the usual comparison says it already, and a branch of OR where it believes a setting that is
not of the context. All else is kept with AND, so no row is shown that was not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .body import uncommented
from .facts import Policy, Table
from .predicate import (
    asks_for_null,
    compares_own,
    has_word,
    operands_of,
    reads_a_table,
    settings_read,
    split_text,
    without_branches,
    words_of,
)
from .rule import literal, name
from .subject import Subject

_READ = re.compile(r"current_setting\('([^']+)'(?:::text)?(?:, (?:true|false))?\)", re.IGNORECASE)
_AROUND = "() \n"
_RESULT = re.compile(r"\b(?:THEN|ELSE)\b(.*?)(?=\bWHEN\b|\bELSE\b|\bEND\b)", re.DOTALL)


def kept_to_the_tenant(subject: Subject, table: Table, *, and_the_person: bool = False) -> str:
    """Return the condition in the form that was measured to be the fastest and safe on a used connection."""
    settings = subject.bounds.context_settings
    column, person = subject.tenant_column(table), subject.user_column(table)
    conditions = [_bound(table, column, settings[0])] if column is not None else []
    if person is not None and len(settings) > 1 and (and_the_person or column is None):
        conditions.append(_bound(table, person, settings[1]))
    return " and ".join(conditions)


def mended(subject: Subject, table: Table, policy: Policy, expression: str) -> str:
    """Return the condition as it should be."""
    parts = operands_of(_without_ways_in(subject, table, policy, expression))
    kept = [part for part in parts if not _is_said(subject, table, policy, part)]
    told = []
    if policy.permissive or any(_compares(subject, table, part) for part in parts):
        told.append(kept_to_the_tenant(subject, table, and_the_person=_is_a_persons(subject, table, policy)))
    return " and ".join([*filter(None, told), *map(_reread, kept)]) or "true"


def _bound(table: Table, column: str, setting: str) -> str:
    found = table.column(column)
    kind = found.type if found is not None else "uuid"
    cast = "" if kind == "text" else f"::{kind}"
    return f"{name(column)} = nullif(current_setting({literal(setting)}, true), ''){cast}"


def _is_a_persons(subject: Subject, table: Table, policy: Policy) -> bool:
    person = subject.user_column(table)
    if person is None:
        return False
    is_compared = any(compares_own(text, table.name, person) for text in policy.expressions)
    return is_compared or not set(policy.roles) <= set(subject.bounds.tenant_administrators)


def _compares(subject: Subject, table: Table, part: str) -> bool:
    """Tell whether the part is about whose row it is."""
    columns = (subject.tenant_column(table), subject.user_column(table))
    return any(column is not None and compares_own(part, table.name, column) for column in columns)


def _without_ways_in(subject: Subject, table: Table, policy: Policy, expression: str) -> str:
    """Return it without the branches of OR that believe another setting; where all do, with those of the own rows."""
    trusted = without_branches(expression, lambda part: _believes_another(subject, policy, part))
    return without_branches(
        trusted, lambda part: _believes_another(subject, policy, part) and not _compares(subject, table, part)
    )


def _is_said(subject: Subject, table: Table, policy: Policy, text: str) -> bool:
    """Tell whether the usual comparison says as much, so that nothing is shown by leaving this out."""
    parts = operands_of(text)
    if len(parts) > 1:
        return all(_is_said(subject, table, policy, part) for part in parts)
    part = parts[0].strip()
    if part.strip(_AROUND).lower() == "true":
        return True
    if has_word(part, "case") and (results := _RESULT.findall(part)):
        return all(_is_said(subject, table, policy, result) for result in results)
    if len(branches := split_text(part, "OR")) > 1:
        return any(_is_said(subject, table, policy, branch) for branch in branches)
    if reads_a_table(part):  # a look-up of the tenant is one of tenants; any other may hide rows from a person
        return words_of(part.strip(_AROUND))[:1] == [subject.tenant_column(table)]
    return _compares(subject, table, part)


def _believes_another(subject: Subject, policy: Policy, part: str) -> bool:
    """Tell whether the part asks for a setting that is not of the context, by itself or in a function."""
    known, words = set(subject.bounds.context_settings), set(words_of(part))
    if settings_read(part).keys() - known:
        return True
    bodies = (uncommented(function.body) for function in subject.called(policy) if function.name in words)
    return any(settings_read(body).keys() - known for body in bodies)


def _reread(part: str) -> str:
    """Return the part with each setting read so that it fails neither on a new connection nor on a used one."""
    form = "current_setting('{}', true)" if has_word(part, "nullif") else "nullif(current_setting('{}', true), '')"
    told = _READ.sub(lambda found: form.format(found[1]), part)
    return told if told.startswith("(") and len(split_text(told, "AND")) == 1 else f"({told})"


def nobodys(subject: Subject, table: Table, policy: Policy) -> str | None:
    """Return what a policy for SELECT says of the rows that belong to no tenant; None where it does not show them."""
    column = subject.tenant_column(table)
    found = next((one for one in subject.policies(table) if one.name == policy.name), policy)
    if column is None or found.using is None or found.command != "select" or not subject.shows_nobodys(table, found):
        return None
    return _reread(without_branches(found.using, lambda part: not asks_for_null(part, column)))


def left_as_it_is(subject: Subject, table: Table, policy: Policy, *keywords: str) -> Iterator[str]:
    """Yield of the mended conditions those that still have one of the keywords, or read a table for `from`."""
    for text in policy.expressions:
        condition = mended(subject, table, policy, text)
        if has_word(condition, *keywords) if "from" not in keywords else reads_a_table(condition):
            yield condition


def believes_still(subject: Subject, table: Table, policy: Policy) -> bool:
    """Tell whether a mended condition asks for another setting, as it hides rows by it."""
    return any(
        _believes_another(subject, policy, mended(subject, table, policy, text)) for text in policy.expressions
    )  # fmt: skip
