"""Reads a catalogue from a CSV file: which rows can be loaded for which tenant, and what is wrong with the others.

UTF-8, comma, a header with the columns tenant, code, name, unit, price and, if wanted, description and currency (RUB
where it is empty). A tenant with one bad row is not loaded at all; a bad row that can't be given to a tenant keeps the
whole file out, since it may have swallowed anybody's rows.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ImportRefused
from .money import minor_units

_REQUIRED = ("tenant", "code", "name", "unit", "price")
_OPTIONAL = ("description", "currency")
_LIMITS = {"code": 64, "name": 500, "unit": 32, "description": 10_000}
_SLUG = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class MaterialRow:
    """A material as the file has it, checked; the price in the currency's minor unit."""

    code: str
    name: str
    description: str
    unit: str
    price_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class Problem:
    """A row that can't be loaded: its first line in the file, its tenant where that is known, and what is wrong."""

    line: int
    tenant: str | None
    message: str


@dataclass(slots=True)
class CatalogFile:
    """What a file holds: rows by the tenant's slug, and the problems."""

    rows: dict[str, list[MaterialRow]] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    @property
    def tenants(self) -> list[str]:
        """Every tenant that the file names."""
        named = [problem.tenant for problem in self.problems if problem.tenant is not None]
        return list(dict.fromkeys([*self.rows, *named]))

    @property
    def loadable(self) -> dict[str, list[MaterialRow]]:
        """The rows of those tenants that have no bad one; nothing where a bad row can't be given to a tenant."""
        spoiled = {problem.tenant for problem in self.problems}
        if None in spoiled:
            return {}
        return {tenant: rows for tenant, rows in self.rows.items() if tenant not in spoiled}


def read_catalog(path: Path) -> CatalogFile:
    """Read and check the whole file; raises ImportRefused when it can't be read as a catalogue at all."""
    result = CatalogFile()
    codes: dict[tuple[str, str], int] = {}
    try:
        # undecodable bytes come through as lone surrogates and are reported with their line
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            for line, record in _records(file, result):
                _take(line, record, result, codes)
    except OSError as error:
        raise ImportRefused(f"{path} can't be read ({error.strerror}): name a CSV file", []) from None
    if not result.rows and not result.problems:
        raise ImportRefused(f"{path} has a header and no rows: add materials to it", [])
    return result


def _records(file: Iterator[str], result: CatalogFile) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield each record with the number of its first line; a record that is no record becomes a problem."""
    reader = csv.reader(file, strict=True)
    header = _header(reader)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            # what follows may be in the middle of a quoted field, so nobody's rows can be told from here on
            result.problems.append(Problem(line, None, f"not CSV ({error}): look for a quote that is not closed"))
            return
        if len(values) == len(header):
            yield line, dict(zip(header, values, strict=True))
        elif values:
            one_line = reader.line_num == line
            tenant = values[header.index("tenant")] if one_line and header[0] == "tenant" else None
            message = f"has {len(values)} fields instead of {len(header)}: quote a field that holds a comma"
            result.problems.append(Problem(line, tenant, message))


def _header(reader: Iterator[list[str]]) -> list[str]:
    try:
        header = [name.strip().lower() for name in next(reader, [])]
    except csv.Error as error:
        raise ImportRefused(f"the first line is no header ({error})", [(1, str(error))]) from None
    missing = [name for name in _REQUIRED if name not in header]
    unknown = [name for name in header if name not in _REQUIRED + _OPTIONAL]
    if missing or unknown or len(set(header)) != len(header):
        problem = f"lacks {', '.join(missing)}" if missing else f"has {', '.join(unknown) or 'a column twice'}"
        raise ImportRefused(
            f"the header {problem}: write {','.join(_REQUIRED)}, and {' and '.join(_OPTIONAL)} if wanted",
            [(1, problem)],
        )
    return header


def _take(line: int, record: dict[str, str], result: CatalogFile, codes: dict[tuple[str, str], int]) -> None:
    tenant = record["tenant"].strip()
    try:
        _check_tenant(tenant)
        row = _row(record)
        _check_first(codes.setdefault((tenant, row.code), line), line, row.code)
    except ValueError as error:
        result.problems.append(Problem(line, tenant or None, str(error)))
    else:
        result.rows.setdefault(tenant, []).append(row)


def _check_tenant(slug: str) -> None:
    if not _SLUG.fullmatch(slug):
        raise ValueError(f"tenant is {slug!r}: write lower-case letters, digits and hyphens")


def _check_first(first: int, line: int, code: str) -> None:
    if first != line:
        raise ValueError(f"code {code!r} stands in line {first} already: give each material its own")


def _row(record: dict[str, str]) -> MaterialRow:
    values = {name: text.strip() for name, text in record.items()}
    for name, text in values.items():
        _check_text(name, text)
    currency = values.get("currency") or "RUB"
    return MaterialRow(
        code=values["code"],
        name=values["name"],
        description=values.get("description", ""),
        unit=values["unit"],
        price_minor=minor_units(values["price"], currency),
        currency=currency,
    )


def _check_text(name: str, text: str) -> None:
    if name in _REQUIRED and not text:
        raise ValueError(f"{name} is empty: fill it in")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError(f"{name} is not UTF-8: save the file as UTF-8") from None
    if _CONTROL.search(text if name != "description" else text.replace("\n", " ").replace("\r", " ")):
        raise ValueError(f"{name} holds a line break or control character: remove it")
    if len(text) > _LIMITS.get(name, len(text)):
        raise ValueError(f"{name} has {len(text)} characters, and {_LIMITS[name]} is the most: shorten it")
