"""`app-db isolation drill`: tables, JSON, exit codes; killed, it is cleaned up after by the next one."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, text
from support import environment_of

from app_db.cli.main import app_db as command
from app_db.errors import DrillRefused
from app_db.settings import Settings

Run = Callable[..., Result]
SHORT = ["--units", "20", "--threads", "2", "--tenants", "4", "--without", "kill"]
APP_DB = Path(sys.executable).with_name("app-db")


@pytest.fixture
def run(settings: Settings) -> Run:
    def call(*options: str, code: int = 0, **changes: str) -> Result:
        environment = {**environment_of(settings), **changes}
        result = CliRunner().invoke(command, ["isolation", "drill", *options], env=environment)
        assert result.exit_code == code, result.output + str(result.exception)
        return result

    return call


def test_a_table_says_how_units_ended_and_that_nothing_leaked(run: Run) -> None:
    said = run(*SHORT, "--pool-size", "2", "--max-overflow", "0").stdout
    assert said.startswith("our own sessions on app_")
    assert "2 threads, 4 tenants, a pool of 2 + 0, seed 0" in said
    assert "\ncommitted " in said
    assert "\nkill: as asked for" in said
    assert said.endswith("\nno leak\n")


def test_a_leak_is_told_with_examples_and_exits_with_1(run: Run) -> None:
    said = run(*SHORT, "--unit", "drill.ways:SessionScoped", code=1).stdout
    assert said.startswith("drill.ways:SessionScoped on app_")
    assert "\nLEAKS " in said
    assert "\nforeign row read " in said
    assert "\nfor example\n  " in said
    assert "\n  foreign row read: " in said


def test_json_has_it_all_and_no_password(run: Run, settings: Settings) -> None:
    said = run(*SHORT, "--seed", "7", "--json")
    found = json.loads(said.stdout)
    assert found["succeeded"] is True
    assert found["plan"] == {
        "threads": 2, "tenants": 4, "units": 20, "seconds": None, "seed": 7, "without": ["kill"],
    }  # fmt: skip
    assert found["endings"]["committed"] > 0
    assert found["pool"]["pool_size"] == 20
    assert settings.url is not None
    assert str(settings.url.password) not in said.stdout


def test_minutes_take_the_place_of_units(run: Run) -> None:
    said = run("--minutes", "0.02", "--threads", "2", "--without", "kill", "--json").stdout
    assert json.loads(said)["plan"]["units"] is None


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (["--units", "0"], "--units"),
        (["--minutes", "0"], "--minutes"),
        (["--tenants", "1"], "--tenants"),
        (["--threads", "many"], "--threads"),
    ],
)
def test_wrong_usage_exits_with_2(run: Run, options: list[str], why: str) -> None:
    assert why in run(*options, code=2).stderr


UNIT = """
from app_db.session import Database

db = Database.from_settings()


def unit(tenant_id):
    return db.tenant(tenant_id)
"""


def test_a_unit_of_work_is_found_where_one_stands_by_the_clients_that_are_killed_too(
    settings: Settings, tmp_path: Path
) -> None:
    (tmp_path / "mine.py").write_text(UNIT)
    arguments = [APP_DB, "isolation", "drill", *SHORT[:-2], "--unit", "mine:unit", "--json"]
    said = subprocess.run(
        arguments, env=environment_of(settings), cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (said.returncode, said.stderr) == (0, "")
    found = json.loads(said.stdout)
    assert found["steps"]["kill"] > 0
    assert (found["left_out"], found["pool"]) == ({}, None)


def test_figures_of_our_pool_are_none_for_a_unit_that_brings_its_own(run: Run) -> None:
    refused = run("--unit", "isolation.drill.units:by_session", "--pool-size", "2", code=1).exception
    assert isinstance(refused, DrillRefused)
    assert "pool_size is a figure of our pool" in str(refused)


def test_production_is_refused_without_yes(run: Run, settings: Settings) -> None:
    urls = {name: f"{url}?sslmode=require" for name, url in environment_of(settings).items() if name.endswith("_URL")}
    refused = run(*SHORT, code=1, APP_DB_ENVIRONMENT="production", **urls).exception
    assert isinstance(refused, DrillRefused)
    assert "add --yes" in str(refused)


def test_a_terminated_drill_leaves_nothing_and_what_a_killed_one_leaves_the_next_one_takes_away(
    settings: Settings, superuser: Engine, run: Run
) -> None:
    left = text("""
    select to_regnamespace('isolation_drill') is not null,
      (select count(*) from tenancy.tenants where slug like 'isolation-drill-%'),
      (select count(*) from pg_stat_activity where usename = :login and datname = current_database())
    """)
    login = {"login": f"{settings.role_prefix}app_login"}

    def wait_for(wanted: Callable[[tuple[bool, int, int]], bool]) -> None:
        deadline = time.monotonic() + 30
        with superuser.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            while not wanted(found := connection.execute(left, login).one()) and time.monotonic() < deadline:
                time.sleep(0.05)
        assert wanted(found), found

    gc.collect()  # pools that were disposed of while a connection was out keep it until they are collected
    with superuser.connect() as connection:
        before = connection.execute(left, login).one()[2]
    arguments = [APP_DB, "isolation", "drill", "--minutes", "5", "--threads", "2", "--tenants", "4"]
    with subprocess.Popen(arguments, env=environment_of(settings), stderr=subprocess.DEVNULL) as terminated:
        wait_for(lambda found: found[2] > before)
        terminated.terminate()
    assert terminated.returncode == 130
    wait_for(lambda found: found == (False, 0, before))
    with subprocess.Popen(arguments, env=environment_of(settings)) as killed:
        wait_for(lambda found: found[0] and found[1] == 4 and found[2] > before + 2)  # its client is there too
        killed.kill()
    wait_for(lambda found: found[2] <= before)  # who has lost its drill, ends
    with superuser.connect() as connection:
        assert connection.execute(left, login).one()[:2] == (True, 4)
    run(*SHORT)
    with superuser.connect() as connection:
        assert connection.execute(left, login).one()[:2] == (False, 0)
