from __future__ import annotations

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import URL, text

from app_db.cli.main import app_db
from app_db.engine import admin_engine
from app_db.server import list_servers


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app_db, ["demo", *arguments])
    assert result.exit_code == code, result.output
    return result.output


def demo_servers() -> set[str]:
    """The names of the demonstration's servers: those of other tests come and go meanwhile."""
    return {server.name for server in list_servers() if server.name.startswith("demo-")}


def test_it_shows_a_newcomer_what_each_tenant_sees_and_that_the_border_holds() -> None:
    before = demo_servers()
    output = run()
    assert re.search(r"stroymaster +1,419 materials", output)
    assert re.search(r"nordbau +1,063 materials", output)
    assert output.count("stopped:") == 6
    assert "NOT STOPPED" not in output
    assert "Кирпич керамический лицевой" in output
    assert "passed the start-up gate" in output
    assert "next:" in output
    assert demo_servers() == before


def test_it_tells_the_same_as_json() -> None:
    report = json.loads(run("--json"))
    assert report["succeeded"] is True
    assert report["loaded"] == {"stroymaster": 1419, "nordbau": 1063}
    assert all(crossing["stopped"] for crossing in report["crossings"])
    assert report["hits"]


def _bad_lines() -> list[tuple[str, str]]:
    """Ten kinds of bad line, each in a tenant of its own."""
    return [
        ("few", "few,B,Brick"),
        ("many", "many,B,Brick,pcs,1,50,RUB,"),
        ("nocode", "nocode,,Brick,pcs,1,RUB,"),
        ("noname", "noname,B,,pcs,1,RUB,"),
        ("longname", f"longname,B,{'x' * 501},pcs,1,RUB,"),
        ("words", "words,B,Brick,pcs,free,RUB,"),
        ("negative", "negative,B,Brick,pcs,-5,RUB,"),
        ("decimals", "decimals,B,Brick,pcs,1.005,RUB,"),
        ("currency", "currency,B,Brick,pcs,1,roubles,"),
        ("twice", "twice,A-1,Brick,pcs,1,RUB,"),
    ]


@pytest.fixture(scope="module")
def large_csv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """100,000 lines: two good tenants, and ten with a bad line somewhere among their good ones."""
    chance = random.Random(4711)
    lines = [f"good{n % 2},G-{n},Кирпич № {n},шт.,{n % 900 + 1}.50,RUB,описание" for n in range(80_000)]
    for tenant, bad in _bad_lines():
        block = [f"{tenant},A-{n},Brick {n},pcs,1,RUB," for n in range(1, 1999)]
        block.insert(chance.randrange(10, len(block)), bad)
        lines += block
    path = tmp_path_factory.mktemp("csv") / "large.csv"
    path.write_text("tenant,code,name,unit,price,currency,description\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_of_a_large_file_with_bad_lines_each_is_named_and_no_tenant_is_half_loaded(large_csv: Path) -> None:
    report = json.loads(run("--csv", str(large_csv), "--json", code=1))
    lines = large_csv.read_text(encoding="utf-8").splitlines()
    assert len(lines) > 99_900
    expected = {lines.index(bad) + 1: tenant for tenant, bad in _bad_lines() if tenant != "twice"}
    found = {problem["line"]: problem["tenant"] for problem in report["problems"]}
    twice = [number for number, line in enumerate(lines, 1) if line.startswith("twice,A-1,")]
    assert found == {**expected, twice[1]: "twice"}
    assert report["loaded"] == {"good0": 40_000, "good1": 40_000}
    assert set(report["skipped"]) == {tenant for tenant, _ in _bad_lines()}
    assert [view["materials"] for view in report["views"]] == [40_000, 40_000]
    assert all(crossing["stopped"] for crossing in report["crossings"])


def test_bad_lines_are_printed_with_their_number(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("tenant,code,name,unit,price\nacme,A,Brick,pcs,1\nnord,N,,pcs,1\n")
    output = run("--csv", str(path), code=1)
    assert "line 3: name is empty" in output
    assert re.search(r"nord +not loaded", output)


def test_a_file_of_which_nothing_can_be_loaded_is_refused_with_its_lines_and_starts_no_server(tmp_path: Path) -> None:
    path = tmp_path / "c.csv"
    path.write_text("tenant,code,name,unit,price\nacme,A,,pcs,1\n")
    done = subprocess.run(
        [str(Path(sys.executable).parent / "app-db"), "demo", "--csv", str(path)],
        capture_output=True, text=True, check=False, env={**os.environ},
    )  # fmt: skip
    assert done.returncode == 1
    assert "line 2: name is empty" in done.stderr
    assert "Traceback" not in done.stderr


def test_on_a_server_of_yours_it_leaves_nothing_behind(creator: URL) -> None:
    def everything() -> list[str]:
        with admin_engine(creator).connect() as connection:
            roles = connection.scalars(text("select rolname from pg_roles")).all()
            return sorted([*roles, *connection.scalars(text("select datname from pg_database")).all()])

    before = everything()
    output = run("--database-url", creator.render_as_string(hide_password=False))
    assert output.count("stopped:") == 6
    assert "dropped" in output
    assert everything() == before


def test_on_a_server_where_it_may_make_nothing_it_is_refused_before_it_begins(
    creator: URL, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app_db.errors import BootstrapError

    with admin_engine(creator, autocommit=True).connect() as connection:
        connection.execute(text("drop role if exists powerless"))
        connection.execute(text("create role powerless login password 'secret'"))
    url = creator.set(username="powerless", password="secret").render_as_string(hide_password=False)
    result = CliRunner().invoke(app_db, ["demo", "--database-url", url])
    assert isinstance(result.exception, BootstrapError)
    assert "createrole" in str(result.exception).lower()
    with admin_engine(creator, autocommit=True).connect() as connection:
        connection.execute(text("drop role powerless"))
