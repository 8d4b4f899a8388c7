"""`app-db isolation advise`, as an operator types it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from isolation.advise.planted import LARGE, SMALL, Planted
from support import environment_of

from app_db.cli.main import app_db
from app_db.errors import AdviceRefused

pytestmark = pytest.mark.parametrize("server", ["18"], indirect=True)  # the others are about versions
NAIVE = "select * from plain.left where x = 7.1;"


@pytest.fixture
def statements(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "statements.sql"
    path.write_text(f"{NAIVE}\nselect * from plain.left where n = 7;\nselect * from nothing;", "utf-8")
    return path


def run(planted: Planted, *arguments: str) -> Result:
    return CliRunner().invoke(app_db, ["isolation", "advise", *arguments], env=environment_of(planted.settings))


def test_our_schema_is_told_in_a_line(planted: Planted) -> None:
    done = run(planted, "--schema", "catalog", "--schema", "tenancy")
    assert (done.exit_code, done.stdout.count("\n")) == (0, 1), done.output
    looked_at = re.fullmatch(
        r"nothing to advise: (\d+) indexes looked at, none loses 2 times or more below a policy\n", done.stdout
    )
    assert looked_at is not None, done.stdout
    assert int(looked_at[1]) > 10


def test_what_is_lost_is_a_table_with_the_remedies_behind_it(planted: Planted, statements: Path) -> None:
    done = run(planted, "--schema", "plain", "--statements", str(statements))
    assert done.exit_code == 1, done.output
    head, *rest = done.stdout.splitlines()
    assert head.split() == ["what", "times", "lost", "remedy"]
    row = next(line for line in rest if line.startswith("select * from plain.left where x = 7.1"))
    assert "cost" in row
    number = row[row.index("[") : row.index("]") + 1]
    assert f"{number} the amount in its smallest unit, as bigint" in rest
    assert "    see docs/howto/keep-your-indexes.md#minor-units" in rest
    assert '    create index ix_left_tenant_id_x_minor on plain."left" (tenant_id, x_minor);' in rest
    assert '1 statements have no plan as the application\'s login: relation "nothing" does not exist' in rest


def test_json_has_figures_and_code(planted: Planted, statements: Path) -> None:
    done = run(
        planted, "--schema", "plain", "--statements", str(statements), "--analyze", "--json", "--tenant", str(LARGE)
    )
    told = json.loads(done.stdout)
    (of_statement,) = [one for one in told["advice"] if one["statement"] is not None]
    assert of_statement["statement"] == NAIVE.rstrip(";")
    assert of_statement["ratio"] > 2
    assert of_statement["rows"][0] > of_statement["rows"][1]
    assert len(of_statement["ms"]) == 2
    assert of_statement["remedy"]["code"]["sql"][0].startswith('alter table plain."left" add column x_minor bigint')
    assert list(told["skipped"]) == ["select * from nothing"]


def test_a_higher_minimum_says_less(planted: Planted) -> None:
    done = run(planted, "--schema", "plain", "--minimum-loss", "100000", "--json")
    assert all(one["ratio"] is None for one in json.loads(done.stdout)["advice"])


def test_an_accepted_index_is_told_with_its_reason(planted: Planted, tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    path.write_text('{"plain.ix_left": "read by a report"}', "utf-8")
    done = run(planted, "--schema", "plain", "--accepted", str(path))
    assert "accepted: plain.ix_left (read by a report)" in done.stdout
    assert "plain.ix_left  " not in done.stdout


@pytest.mark.parametrize("content", ["nonsense", "[]", '"a"'])
def test_a_list_of_accepted_indexes_that_is_none_is_wrong_usage(planted: Planted, content: str, tmp_path: Path) -> None:
    path = tmp_path / "accepted.json"
    path.write_text(content, "utf-8")
    done = run(planted, "--accepted", str(path))
    assert done.exit_code == 2
    assert "is no list of accepted indexes" in done.stderr


@pytest.mark.parametrize("arguments", [["--tenant", "acme"], ["--minimum-loss", "1"], ["--minimum-loss", "much"]])
def test_wrong_usage_is_said_so(planted: Planted, arguments: list[str]) -> None:
    assert run(planted, *arguments).exit_code == 2


def test_a_tenant_that_is_not_there_is_refused(planted: Planted) -> None:
    done = run(planted, "--tenant", str(uuid4()))
    assert isinstance(done.exception, AdviceRefused)
    assert "`app-db tenant list`" in str(done.exception)


def test_a_schema_that_is_not_there_is_refused_with_those_that_are(planted: Planted) -> None:
    done = run(planted, "--schema", "plain", "--schema", "nosuch")
    assert isinstance(done.exception, AdviceRefused), done.output
    assert "no schema 'nosuch'" in str(done.exception)
    assert {"catalog,", "plain,"} <= set(str(done.exception).replace("(", "").split())


def test_plans_are_made_for_the_tenant_that_is_named(planted: Planted) -> None:
    costs = []
    for tenant in (LARGE, SMALL):
        done = run(planted, "--schema", "plain", "--tenant", str(tenant), "--json", "--minimum-loss", "1.1")
        found = {one["index"]: one["cost"] for one in json.loads(done.stdout)["advice"]}
        costs.append(found["plain.ix_left"][0])
    assert costs[0] > costs[1]
