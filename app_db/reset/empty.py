"""Empties a database of what revisions have made, in one transaction; roles, logins and the database stay.

Schemas are dropped, and no downgrade is run: that is quicker, and works from any state, also where revisions of another
branch are applied that this checkout does not know.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, Engine, text

from ..errors import ResetRefused
from ..schema import EXTENSIONS, SERVICES, RoleNames

# The schema of extensions may hold those of a superuser, so it goes only where nothing is left in it.
_OURS = {schema for service in SERVICES.values() for schema in service.schemas} - {EXTENSIONS}

_SCHEMAS = text("select nspname from pg_namespace where pg_get_userbyid(nspowner) = any(:owners) order by 1")
_OWN_EXTENSIONS = text("select extname from pg_extension where pg_get_userbyid(extowner) = any(:owners) order by 1")
_IS_IN_USE = text("""
    select exists (
        select from pg_depend where refclassid = 'pg_namespace'::regclass and refobjid = to_regnamespace(:schema))
""")


def empty_database(engine: Engine, names: RoleNames, *, lock_timeout: float, also: Collection[str] = ()) -> list[str]:
    """Drop our schemas and those of `also`, with all that is in them, and return their names.

    Raises ResetRefused where other schemas of the owner are there, which stand on ours, and LockNotAvailable where
    somebody works with a table for longer than `lock_timeout` seconds. All or nothing is dropped.
    """
    owners = [names(role) for role in ("app_owner", "app_definer", "app_secrets")]
    with engine.begin() as connection:
        connection.execute(text(f"set local lock_timeout = {int(lock_timeout * 1000)}"))
        found = list(connection.scalars(_SCHEMAS, {"owners": owners}))
        _check_others(found, also)
        dropped = [schema for schema in found if schema in _OURS or schema in also]
        quoted = ", ".join(_quoted(connection, schema) for schema in dropped)
        if dropped:
            connection.execute(text(f"drop schema {quoted} cascade"))
        _drop_extensions(connection, owners, empty_schema=EXTENSIONS in found)
    return dropped


def _check_others(found: list[str], also: Collection[str]) -> None:
    unknown = sorted(set(also) - set(found))
    if unknown:
        raise ResetRefused(
            f"there is no schema {unknown[0]!r} of the owner's in this database: leave out --schema {unknown[0]}"
        )
    others = [schema for schema in found if schema not in _OURS and schema not in also and schema != EXTENSIONS]
    if others:
        options = " ".join(f"--schema {schema}" for schema in others)
        raise ResetRefused(
            f"the schemas {', '.join(others)} are not of app_db, and what is in them stands on tables that would go: "
            f"if they may go too, add {options}, and --tree FILE to have your own revisions applied again"
        )


def _drop_extensions(connection: Connection, owners: list[str], *, empty_schema: bool) -> None:
    for extension in list(connection.scalars(_OWN_EXTENSIONS, {"owners": owners})):
        connection.execute(text(f"drop extension {_quoted(connection, extension)}"))
    if empty_schema and not connection.scalar(_IS_IN_USE, {"schema": EXTENSIONS}):
        connection.execute(text(f"drop schema {EXTENSIONS}"))


def _quoted(connection: Connection, name: str) -> str:
    return connection.dialect.identifier_preparer.quote_identifier(name)
