"""`app-db seed`, in this process: seeds without sizes, generated rows with them."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select
from support import environment_of

from app_db.cli.main import app_db as command
from app_db.errors import SeedRefused
from app_db.models import Material, Tenant
from app_db.session import Database
from app_db.settings import Settings

pytestmark = pytest.mark.app_db("commit")
Run = Callable[..., Result]


@pytest.fixture
def run(app_db: Database, app_db_settings: Settings) -> Run:
    def call(*options: str, code: int = 0, **changes: str) -> Result:
        environment = {**environment_of(app_db_settings), **changes}
        result = CliRunner().invoke(command, ["seed", *options], env=environment)
        assert result.exit_code == code, result.output + str(result.exception)
        return result

    return call


@pytest.fixture
def acme(app_db: Database) -> str:
    with app_db.admin(reason="a test", actor="tests") as session:
        session.add(Tenant(slug="acme", name="Acme"))
    return "acme"


def test_without_sizes_it_plants_the_seeds_of_the_environment_once(run: Run) -> None:
    assert "planted 1 tenancy.tenants, 1 tenancy.memberships" in run().stdout
    assert run().stdout == "planted nothing (seeds of test)\n"
    assert json.loads(run("--json").stdout)["environment"] == "test"


def test_a_tenant_without_sizes_is_no_use(run: Run) -> None:
    assert "add --materials, --statistics or --vectors" in run("--tenant", "acme", code=2).stderr


@pytest.mark.parametrize("size", ["-1", "many", "100000001"])
def test_a_size_that_is_none_is_refused(run: Run, size: str) -> None:
    assert "--materials" in run("--materials", size, code=2).stderr


def test_generated_rows_are_told_by_table(run: Run, acme: str, admin_session) -> None:
    done = run("--materials", "120", "--tenant", acme)
    assert ", 120 catalog.materials in " in done.stdout
    assert done.stdout.endswith(", of 1 tenants\n")
    assert done.stderr == ""
    told = json.loads(run("--materials", "150", "--tenant", acme, "--json").stdout)
    assert told["added"]["catalog.materials"] == 30
    assert told["tenants"] == 1
    assert len(admin_session.scalars(select(Material.id)).all()) == 150


def test_generated_rows_are_refused_in_production(run: Run, acme: str, admin_session) -> None:
    done = run("--materials", "1", "--tenant", acme, code=1, APP_DB_ENVIRONMENT="staging")
    assert isinstance(done.exception, SeedRefused)
    assert "development and test only" in str(done.exception)
    assert admin_session.scalars(select(Material.id)).all() == []
