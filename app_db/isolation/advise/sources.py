"""Where statements come from: a file, a recorded test run, what the server has counted."""

from __future__ import annotations

import json
import re
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from ...errors import AdviceRefused

_MOST = 1000

_TOKEN = re.compile(
    r"(?P<kept>\b[eE]'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|(?P<tag>\$(?:[A-Za-z_]\w*)?\$).*?(?P=tag))"
    r"|(?P<comment>--[^\n]*|/\*.*?\*/)|(?P<end>;)",
    re.DOTALL,
)
_EXTENSION = text("""
select quote_ident(n.nspname) from pg_extension x join pg_namespace n on n.oid = x.extnamespace
where x.extname = 'pg_stat_statements'
""")
_COUNTED = """
select s.query from {schema}.pg_stat_statements as s
where s.dbid = (select oid from pg_database where datname = current_database())
and s.userid = cast(cast(current_user as regrole) as oid) and s.toplevel
order by s.total_exec_time desc limit {most}
"""


def split_statements(code: str) -> list[str]:
    """Return the statements of SQL that ends each with a semicolon, without comments."""
    found, current, at = [], "", 0
    for token in _TOKEN.finditer(code):
        current += code[at : token.start()] + (token["kept"] or "")
        at = token.end()
        if token["end"]:
            found.append(current)
            current = ""
    found.append(current + code[at:])
    return [statement.strip() for statement in found if statement.strip()]


def read_statements(path: Path) -> list[str]:
    """Return the statements of a file; raises AdviceRefused where it can't be read or has none."""
    found = split_statements(_content(path))
    if not found:
        raise AdviceRefused(f"{path} has no statement: write one for each semicolon")
    return found


def read_recorded(path: Path, tenant: UUID, person: UUID | None = None) -> list[str]:
    """Return the statements that `pytest --app-db-record` has written, as if `tenant` and `person` had sent them.

    Raises AdviceRefused for a file that was not written so.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(_content(path).splitlines(), 1):
        try:
            row = json.loads(line)
            statement, example = str(row["statement"]), str(row["example"])
            recorded = ((row["tenant"], tenant), (row["person"], person))
        except (ValueError, KeyError, TypeError) as error:
            raise AdviceRefused(
                f"{path}, line {number}, is no recorded statement: write the file with `pytest --app-db-record={path}`"
            ) from error
        for written, own in recorded:
            if written is not None and own is not None:
                example = example.replace(str(written), str(own))
        found.setdefault(statement, example)
    return [part for example in found.values() for part in split_statements(example)]


def counted_statements(tenant: Connection) -> list[str]:
    """Return what that login has sent, by pg_stat_statements, the costliest first, 1000 at most.

    Raises AdviceRefused where the extension is missing or not loaded.
    """
    schema = tenant.scalar(_EXTENSION)
    if schema is None:
        raise AdviceRefused(
            "the database does not have the extension pg_stat_statements: have `create extension pg_stat_statements` "
            "executed by who may, or give --statements or --recorded"
        )
    try:
        with tenant.begin_nested():
            return list(tenant.scalars(text(_COUNTED.format(schema=schema, most=_MOST))))
    except DBAPIError as error:
        problem = str(error.orig).splitlines()[0]
        raise AdviceRefused(
            f"pg_stat_statements can't be read ({problem}): have it in shared_preload_libraries, let the application's "
            "login use its schema, or give --statements or --recorded"
        ) from error


def _content(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise AdviceRefused(f"{path} can't be read ({error}): name a text file that is there") from error
