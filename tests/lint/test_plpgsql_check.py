"""plpgsql_check, which reads the bodies of functions as PostgreSQL does not until they run, has nothing new to say.

Debian has it for PostgreSQL 15, and the bodies are the same on every version.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from lint.allowed import Finding, allowances, of_schemas, unexplained, unused
from sqlalchemy import Connection, text
from support import ROOT

from app_db.engine import admin_engine
from app_db.settings import Settings
from app_db.testing import SuiteServer

ALLOWED = allowances(ROOT / "tests" / "lint" / "plpgsql_check_allowed.toml")

pytestmark = [
    pytest.mark.app_db("commit"),
    pytest.mark.parametrize("app_db_server", ["15"], indirect=True, scope="session"),
]

# A trigger function is checked with each of its tables, whose row it is given.
_FUNCTIONS = """
select p.oid, coalesce(t.tgrelid, 0) as table_oid,
  p.oid::regprocedure || coalesce(' on ' || t.tgrelid::regclass, '') as name
from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang
left join (select distinct tgfoid, tgrelid from pg_trigger where not tgisinternal) t on t.tgfoid = p.oid
where l.lanname = 'plpgsql' and n.nspname = any(:schemas)
  and (p.prorettype <> 'trigger'::regtype or t.tgrelid is not null)
"""

_CHECK = f"""
select f.name, c.level, concat_ws(' ', c.message, c.detail, c.query) as told
from ({_FUNCTIONS}) as f
cross join lateral plpgsql_check.plpgsql_check_function_tb(
  f.oid, f.table_oid, fatal_errors => false, other_warnings => true, performance_warnings => true,
  extra_warnings => true, security_warnings => true, compatibility_warnings => true
) as c
"""


@pytest.fixture
def superuser(app_db_server: SuiteServer, app_db_settings: Settings) -> Iterator[Connection]:
    """A connection that has the extension, in a schema of its own, until it is rolled back."""
    database = app_db_settings.database(None).migration_url
    assert database is not None
    with admin_engine(app_db_server.admin_url.set(database=database.database)).connect() as connection:
        if not connection.scalar(text("select count(*) from pg_available_extensions where name = 'plpgsql_check'")):
            message = "plpgsql_check is not installed here: apt-get install postgresql-15-plpgsql-check"
            pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
        connection.execute(text("create schema plpgsql_check"))
        connection.execute(text("create extension plpgsql_check schema plpgsql_check"))
        yield connection
        connection.rollback()


def _check(connection: Connection, schemas: list[str]) -> list[Finding]:
    rows = connection.execute(text(_CHECK), {"schemas": schemas})
    return [Finding(row.level, f"{row.name}: {' '.join(row.told.split())}") for row in rows]


def test_functions_are_as_they_are_explained(superuser: Connection, schemas: list[str]) -> None:
    findings = _check(superuser, schemas)
    assert unexplained(findings, ALLOWED) == []
    assert unused(findings, of_schemas(ALLOWED, schemas)) == []


def test_each_function_is_checked_and_each_trigger_with_its_tables(superuser: Connection, schemas: list[str]) -> None:
    rows = superuser.execute(text(f"select name, table_oid from ({_FUNCTIONS}) as f"), {"schemas": schemas}).all()
    names = {row.name for row in rows}
    assert {"catalog.search_materials(text,integer)", "billing.refuse_change() on billing.refunds"} <= names
    assert "billing.refuse_change() on billing.payments" in names
    triggers = superuser.scalars(
        text("select p.oid::regprocedure::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace "
             "where p.prorettype = 'trigger'::regtype and n.nspname = any(:schemas)"),
        {"schemas": schemas},
    ).all()  # fmt: skip
    without = {name for name in triggers if not any(found.startswith(f"{name} on ") for found in names)}
    # tables of learning use these, for which this server would need pgvector
    assert without <= {"app.touch_updated_at()", "ops.audit_row()"}, "a trigger function without a trigger"


@pytest.mark.parametrize(
    ("body", "level", "told"),
    [
        ("perform m.colour from catalog.materials as m;", "error", "column m.colour does not exist"),
        ("execute 'select ' || word;", "security", "text type variable is not sanitized"),
        (
            "counted := (select count(*) from catalog.materials);",
            "performance",
            'cast "bigint" value to "integer" type',
        ),
        ("return;", "warning", 'unused variable "counted"'),
    ],
    ids=["no such column", "injection", "hidden cast", "unused variable"],
)
def test_a_faulty_body_is_seen(superuser: Connection, schemas: list[str], body: str, level: str, told: str) -> None:
    superuser.execute(
        text(
            "create function catalog.faulty(word text) returns void language plpgsql as $body$\n"
            f"declare\n  counted integer;\nbegin\n  {body}\nend\n$body$"
        )
    )
    new = [finding for finding in _check(superuser, schemas) if "catalog.faulty(text)" in finding.thing]
    assert new
    assert len(unexplained(new, ALLOWED)) == len(new)
    assert any(finding.rule == level and told in finding.thing for finding in new)
