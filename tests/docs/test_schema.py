"""The page about the schema says what the database says."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from docs.pages import DOCS, ROOT, DocsPlace, section, tables
from sqlalchemy import Connection, text

from app_db.engine import admin_engine
from app_db.schema import LOGINS, ROLES, SERVICES

PAGE = DOCS / "reference" / "schema.md"
OURS = sorted({schema for service in SERVICES.values() for schema in service.schemas} - {"extensions"})


@pytest.fixture(scope="module")
def docs_connection(docs_place: DocsPlace) -> Iterator[Connection]:
    with admin_engine(docs_place.superuser_url).connect() as connection:
        yield connection


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
