"""Row-level security costs nothing that one can see, since its condition is a condition of the index.

The plans are those of a tenant's session, for a large, a medium and a small tenant: of statements as the session writes
them, and of text, which has the policy alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

import pytest
from benchmarks import tables
from benchmarks.plans import explain, nodes
from sqlalchemy import URL, Executable, Select, TextClause, text
from sqlalchemy.dialects import postgresql
from support import installation

from app_db.engine import admin_engine
from app_db.migrations import upgrade
from app_db.schema import RoleNames
from app_db.session import Database
from app_db.settings import Settings

ROWS, TENANTS = 20_000, 200
QUERIES = ("point", "newest 50", "count", "join", "aggregate")
SIZES = ("large", "medium", "small")
# a third of the table is read faster from end to end, by whomever it is asked for
WHOLE = {("count", "large"), ("aggregate", "large")}
CASES = [(name, size) for name in QUERIES for size in SIZES if (name, size) not in WHOLE]
Sizes = dict[str, tuple[UUID, int, UUID]]


@pytest.fixture(scope="module")
def loaded(creator: URL) -> Iterator[tuple[Settings, Sizes]]:
    """An installation with the benchmarks' tables, analysed; and its tenants by size."""
    with installation(creator) as settings:
        upgrade(settings)
        engine = admin_engine(settings.migration_url)
        names = RoleNames(settings.role_prefix)
        with engine.begin() as connection:
            tables.create(connection, names)
            list(tables.fill(connection, ROWS, TENANTS))
            for statement in _naive(names):
                connection.execute(text(statement))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            tables.analyse(connection)
            yield settings, tables.sizes(connection)


@pytest.fixture(scope="module")
def plans_db(loaded: tuple[Settings, Sizes]) -> Iterator[Database]:
    database = Database.from_settings(loaded[0])
    yield database
    database.dispose()


@pytest.mark.parametrize(("name", "size"), CASES)
def test_a_statement_of_the_session_uses_the_index(
    plans_db: Database, loaded: tuple[Settings, Sizes], name: str, size: str
) -> None:
    tenant, _, item = loaded[1][size]
    assert faults(plan(plans_db, tenant, asked(name, item))) == []


@pytest.mark.parametrize(("name", "size"), CASES)
def test_text_which_has_the_policy_alone_uses_it_too(
    plans_db: Database, loaded: tuple[Settings, Sizes], name: str, size: str
) -> None:
    tenant, _, item = loaded[1][size]
    assert faults(plan(plans_db, tenant, as_text(asked(name, item)))) == []


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", QUERIES)
def test_a_tables_rows_are_reached_as_with_a_filter_by_hand_and_no_policy(
    plans_db: Database, loaded: tuple[Settings, Sizes], name: str, size: str
) -> None:
    tenant, _, item = loaded[1][size]
    by_hand = tables.queries(tables.tables(tables.PLAIN), item, tenant)[name]
    wanted = scans(plan(plans_db, tenant, by_hand))
    assert scans(plan(plans_db, tenant, asked(name, item))) == wanted
    assert scans(plan(plans_db, tenant, as_text(asked(name, item)))) == wanted


def test_a_policy_that_no_index_can_serve_is_noticed(plans_db: Database, loaded: tuple[Settings, Sizes]) -> None:
    tenant, _, _ = loaded[1]["small"]
    found = plan(plans_db, tenant, text("select count(*) from bench.naive"))
    assert faults(found) == ["Seq Scan on naive is not narrowed to the tenant by an index"]


def asked(name: str, item: UUID) -> Select[Any]:
    return tables.queries(tables.tables(tables.SECURED), item)[name]


def as_text(query: Select[Any]) -> TextClause:
    return text(str(query.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True})))


def plan(db: Database, tenant: UUID, statement: Executable) -> dict[str, Any]:
    with db.tenant(tenant) as session:
        return explain(session, statement)


def faults(top: Mapping[str, Any]) -> list[str]:
    """Say which scans of a tenant's table are not narrowed by a condition of an index, here or in a bitmap below."""
    return [
        f"{node['Node Type']} on {node['Relation Name']} is not narrowed to the tenant by an index"
        for node in nodes(top)
        if "Relation Name" in node
        and not any("tenant_id" in below.get("Index Cond", "") for below in nodes(node))
    ]  # fmt: skip


def scans(top: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return how each table is read: the kind of node and the table or index."""
    return [
        (node["Node Type"], node.get("Index Name") or node["Relation Name"])
        for node in nodes(top)
        if "Relation Name" in node or "Index Name" in node
    ]


def _naive(names: RoleNames) -> list[str]:
    """Return statements that make a table with a policy on the tenant's text, which is in no index."""
    own = "tenant_id::text = current_setting('app.current_tenant_id', true)"
    return [
        "create table bench.naive as select * from bench.items",
        "alter table bench.naive add primary key (tenant_id, id)",
        "alter table bench.naive enable row level security",
        f"create policy tenant_rows on bench.naive to {names('app_tenant')} using ({own})",
        f"grant select on bench.naive to {names('app_rw')}",
    ]
