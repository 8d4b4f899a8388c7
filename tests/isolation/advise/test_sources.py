"""Statements come from a file, from a recorded test run, and from what the server has counted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest
from click.testing import CliRunner
from isolation.advise.planted import LARGE, Planted
from sqlalchemy import text
from support import environment_of

from app_db.cli.main import app_db
from app_db.engine import admin_engine
from app_db.errors import AdviceRefused
from app_db.isolation.advise.sources import counted_statements, read_recorded, read_statements, split_statements


@pytest.mark.parametrize(("code", "statements"), [
    ("select 1; select 2;", ["select 1", "select 2"]),
    ("select ';'; select $a$;$a$, $$;$$", ["select ';'", "select $a$;$a$, $$;$$"]),
    ("-- a; b\nselect 1 /* ; */ ;", ["select 1"]),
    ("select '--' as \"a;b\"", ["select '--' as \"a;b\""]),
    (r"select E'\';'; select 'it''s;'", [r"select E'\';'", "select 'it''s;'"]),
    ("select $1; select a$1$ from t", ["select $1", "select a$1$ from t"]),
    (" ; -- nothing\n ;", []),
])  # fmt: skip
def test_statements_end_where_sql_says_so(code: str, statements: list[str]) -> None:
    assert split_statements(code) == statements


@pytest.mark.parametrize("content", [None, b"", b"-- nothing", b"\xff"])
def test_a_file_without_a_statement_is_refused(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "statements.sql"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(AdviceRefused, match=r"can't be read|has no statement"):
        read_statements(path)


def test_what_was_recorded_is_asked_for_the_tenant_at_hand(tmp_path: Path) -> None:
    path = tmp_path / "recorded.jsonl"
    row = {"statement": "select %(x)s", "example": f"select '{UUID(int=1)}', '{UUID(int=2)}'",
           "tenant": str(UUID(int=1)), "person": str(UUID(int=2))}  # fmt: skip
    path.write_text(f"{json.dumps(row)}\n{json.dumps(row)}\n", "utf-8")
    assert read_recorded(path, UUID(int=7), UUID(int=8)) == [f"select '{UUID(int=7)}', '{UUID(int=8)}'"]
    assert read_recorded(path, UUID(int=7)) == [f"select '{UUID(int=7)}', '{UUID(int=2)}'"]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"statement": "select 1"}'])
def test_a_file_that_was_not_recorded_is_refused_with_the_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "recorded.jsonl"
    path.write_text(line, "utf-8")
    with pytest.raises(AdviceRefused, match=r"line 1, is no recorded statement: .* `pytest --app-db-record="):
        read_recorded(path, LARGE)


def test_without_the_extension_it_is_said_what_to_do(planted: Planted) -> None:
    with planted.tenant() as tenant, pytest.raises(AdviceRefused, match="create extension pg_stat_statements"):
        counted_statements(tenant)


@pytest.fixture
def counted(planted: Planted) -> Iterator[None]:
    """The extension, in a schema that nobody's path has; the server has it loaded."""
    with admin_engine(planted.superuser).begin() as superuser:
        superuser.execute(text("create schema elsewhere"))
        superuser.execute(text(f"grant usage on schema elsewhere to {planted.settings.role_prefix}app_tenant"))
        superuser.execute(text("create extension pg_stat_statements schema elsewhere"))
        superuser.execute(text("select count(*) as of_the_superuser from plain.left"))
    yield
    with admin_engine(planted.superuser).begin() as superuser:
        superuser.execute(text("drop extension pg_stat_statements"))
        superuser.execute(text("drop schema elsewhere"))


@pytest.mark.usefixtures("counted")
def test_what_keeps_the_login_from_reading_it_is_said(planted: Planted) -> None:
    with admin_engine(planted.superuser).begin() as superuser:
        superuser.execute(text(f"revoke usage on schema elsewhere from {planted.settings.role_prefix}app_tenant"))
    with planted.tenant() as tenant:
        with pytest.raises(AdviceRefused, match=r"permission denied for schema elsewhere.*shared_preload_libraries"):
            counted_statements(tenant)
        assert tenant.scalar(text("select 1")) == 1, "the transaction goes on"


@pytest.mark.usefixtures("counted")
def test_what_the_login_has_sent_is_counted_and_nobody_elses(planted: Planted) -> None:
    naive = "select count(*) as what_i_ask from plain.left where x = 7.1"
    with planted.tenant() as tenant:
        tenant.execute(text(naive))
    with planted.tenant() as tenant:
        found = counted_statements(tenant)
    assert "select count(*) as what_i_ask from plain.left where x = $1" in found
    assert not [statement for statement in found if "of_the_superuser" in statement]
    done = CliRunner().invoke(
        app_db, ["isolation", "advise", "--schema", "plain", "--pg-stat-statements", "--json"],
        env=environment_of(planted.settings),
    )  # fmt: skip
    told = {one["statement"]: one["index"] for one in json.loads(done.stdout)["advice"]}
    assert told[naive.replace("7.1", "$1")] == "plain.ix_left"
