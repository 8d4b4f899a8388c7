"""The page about the schema says what the database says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from docs.pages import DOCS, ROOT, DocsPlace, section, tables
from sqlalchemy import Connection, text

from app_db.engine import admin_engine
from app_db.models import Base
from app_db.schema import LOGINS, ROLES, SERVICES

PAGE = DOCS / "reference" / "schema.md"
OURS = sorted({schema for service in SERVICES.values() for schema in service.schemas} - {"extensions"})

_TABLES = """
    select c.oid::regclass::text, obj_description(c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = any(:schemas) and c.relkind in ('r', 'p', 'v', 'm') and not c.relispartition
"""
_COLUMNS = """
    select attname, coalesce(col_description(attrelid, attnum), '') from pg_attribute
     where attrelid = cast(:name as regclass) and attnum > 0 and not attisdropped order by attnum
"""
_GRANTS = """
    select grantee::regrole::text, lower(privilege_type), array_agg(attname order by attnum)
      from (select relacl as acl, relowner, null as attname, 0 as attnum from pg_class
             where oid = cast(:name as regclass)
             union all
            select attacl, c.relowner, attname, attnum from pg_attribute join pg_class c on c.oid = attrelid
             where attrelid = cast(:name as regclass) and attacl is not null) as granted, aclexplode(acl)
     where grantee <> relowner group by 1, 2
"""
_FUNCTIONS = """
    select p.oid::regprocedure::text, obj_description(p.oid),
           (select array_agg(grantee::regrole::text) from aclexplode(p.proacl) where grantee <> p.proowner)
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace where n.nspname = any(:schemas)
"""
_ORDER = ["select", "insert", "update", "delete"]
_EVERYONE = {"app_tenant", "app_tenant_admin", "app_all"}


@pytest.fixture(scope="module")
def docs_connection(docs_place: DocsPlace) -> Iterator[Connection]:
    with admin_engine(docs_place.superuser_url).connect() as connection:
        yield connection


def test_every_table_of_the_models_and_revisions_is_documented() -> None:
    in_revisions = {
        found[1]
        for file in (ROOT / "alembic" / "versions").rglob("*.py")
        for found in re.finditer(r"create table ([\w.]+)", file.read_text("utf-8"))
    }
    ours = {name for name, table in Base.metadata.tables.items() if table.schema in OURS}
    assert ours == in_revisions
    assert {name for name in ours if not section(PAGE, name)} == set()


def test_every_function_of_the_revisions_is_documented() -> None:
    documented = {row[0].strip("`").split("(")[0] for row in tables(section(PAGE, "Functions"))[0][1:]}
    for file in (ROOT / "alembic" / "versions").rglob("*.py"):
        for found in re.finditer(r"create function ([\w.{}]+)\(", file.read_text("utf-8")):
            names = {found[1].format(thing=thing) for thing in ("tenant", "user")}
            assert names <= documented, f"{sorted(names - documented)} of {file.name}"


def test_tables_columns_and_grants_are_those_of_the_database(docs_connection: Connection) -> None:
    found = list(docs_connection.execute(text(_TABLES), {"schemas": OURS}))
    assert found
    for name, comment in found:
        under = section(PAGE, name)
        assert comment in under, f"{name} is {comment!r}"
        columns, _indexes, grants = tables(under)
        said = [(row[0].strip("`"), row[2]) for row in columns[1:]]
        assert said == [tuple(row) for row in docs_connection.execute(text(_COLUMNS), {"name": name})], name
        assert {row[0].strip("`"): row[1] for row in grants[1:]} == _granted(docs_connection, name), name


def test_functions_are_those_of_the_database(docs_connection: Connection) -> None:
    documented = {row[0].strip("`"): row[1:] for row in tables(section(PAGE, "Functions"))[0][1:]}
    found = docs_connection.execute(text(_FUNCTIONS), {"schemas": OURS}).all()
    assert {name.replace(",", ", ") for name, _, _ in found} == set(documented)
    for name, comment, roles in found:
        said, who = documented[name.replace(",", ", ")]
        assert said == comment, name
        assert (_EVERYONE if who == "everyone" else set(re.findall(r"`(\w+)`", who))) == set(roles), name


def test_indexes_are_documented() -> None:
    for table in Base.metadata.tables.values():
        if table.schema in OURS:
            assert {index.name for index in table.indexes} <= set(re.findall(r"`(\w+)`", section(PAGE, table.fullname)))


def test_roles_and_logins_are_documented() -> None:
    roles, logins = tables(section(PAGE, "Roles"))
    assert [row[0].strip("`") for row in roles[1:]] == [role.name for role in ROLES]
    assert [row[0].strip("`") for row in logins[1:]] == [login.name for login in LOGINS]
    for row, entry in zip([*roles[1:], *logins[1:]], [*ROLES, *LOGINS], strict=True):
        assert re.findall(r"`(\w+)`", row[2]) == list(entry.member_of), entry.name


def test_schemas_are_documented(docs_connection: Connection) -> None:
    documented = tables(section(PAGE, "Schemas"))[0][1:]
    chains = [(schema, name) for name, service in SERVICES.items() for schema in service.schemas]
    assert [(row[0].strip("`"), row[1].strip("`")) for row in documented] == chains
    for schema, _, comment in documented:
        query = text("select obj_description(oid) from pg_namespace where nspname = :name")
        assert docs_connection.scalar(query, {"name": schema.strip("`")}) == comment


def test_chains_and_revisions_are_documented() -> None:
    page = DOCS / "reference" / "revisions.md"
    chains, revisions = tables(section(page, "Chains"))
    assert {row[0].strip("`"): row[3].strip("`") for row in chains[1:]} == {
        service.name: service.revision for service in SERVICES.values()
    }
    stems = {file.stem for file in (ROOT / "alembic" / "versions").rglob("*.py")}
    files = {"_".join(stem.split("_")[:2]) for stem in stems}
    assert {row[0].strip("`") for row in revisions[1:]} == files


def _granted(connection: Connection, table: str) -> dict[str, str]:
    by_role: dict[str, dict[str, list[str | None]]] = {}
    for role, privilege, columns in connection.execute(text(_GRANTS), {"name": table}):
        by_role.setdefault(role, {})[privilege] = columns
    return {
        role: ", ".join(
            verb if held[verb] == [None] else f"{verb} ({', '.join(map(str, held[verb]))})"
            for verb in sorted(held, key=_ORDER.index)
        )
        for role, held in by_role.items()
    }
