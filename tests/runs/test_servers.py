"""The tests' server: a named one, one of pytest-postgresql, one of the run's own; what is said where it can't be."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from runs.project import Project
from sqlalchemy import URL, Connection, text

from app_db.engine import admin_engine
from app_db.server import EmbeddedServer

PROCESS = """
import pytest
from pytest_postgresql import factories

{name} = factories.postgresql_noproc(host="{host}", port={port}, user="{user}", password="{password}")
"""

Ask = Callable[[str], list[str]]


@pytest.fixture
def administrator(server_18: EmbeddedServer) -> Iterator[Connection]:
    with admin_engine(server_18.superuser_url(), autocommit=True).connect() as connection:
        yield connection


@pytest.fixture
def templates(administrator: Connection) -> Ask:
    """The template databases on the server; those of other tests are removed."""

    def names(_: str = "") -> list[str]:
        return list(administrator.scalars(text("select datname from pg_database where datname like 'app_db_tpl%'")))

    for name in names():
        administrator.exec_driver_sql(f'alter database "{name}" with is_template false')
        administrator.exec_driver_sql(f'drop database "{name}"')
    return names


def _process(server: EmbeddedServer, name: str) -> str:
    url = server.superuser_url()
    return PROCESS.format(name=name, host=url.host, port=url.port, user=url.username, password=url.password)


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_named_server_is_used_as_its_superuser(
    shop: Project, server_18: EmbeddedServer, templates: Ask, way: str
) -> None:
    url = server_18.superuser_url().render_as_string(hide_password=False)
    if way == "variable":
        shop.variables["APP_DB_TEST_URL"] = url
    shop.run(*([f"--app-db-url={url}"] if way == "option" else [])).require_passed(8)
    assert len(templates("")) == 1
    assert shop.living() == []


def test_a_named_server_needs_no_superuser(shop: Project, creator: URL) -> None:
    shop.run(f"--app-db-url={creator.render_as_string(hide_password=False)}").require_passed(8)
    with admin_engine(creator).connect() as connection:
        left = connection.scalars(text("select datname from pg_database where datname like 'app\\_db\\_run\\_%'")).all()
    assert left == []


def test_a_no_process_fixture_that_the_suite_overrides_is_used(
    shop: Project, server_18: EmbeddedServer, templates: Ask
) -> None:
    shop.append("tests/conftest.py", _process(server_18, "postgresql_noproc"))
    shop.run().require_passed(8)
    assert len(templates("")) == 1


def test_a_fixture_of_pytest_postgresql_is_used_by_name(
    shop: Project, server_18: EmbeddedServer, templates: Ask
) -> None:
    shop.append("tests/conftest.py", _process(server_18, "our_server"))
    shop.run("-o", "app_db_postgresql=our_server").require_passed(8)
    assert len(templates("")) == 1


def test_a_configured_host_of_pytest_postgresql_is_used(
    shop: Project, server_18: EmbeddedServer, templates: Ask
) -> None:
    url = server_18.superuser_url()
    options = {"host": url.host, "port": url.port, "user": url.username, "password": url.password}
    shop.run(*(f"--postgresql-{name}={value}" for name, value in options.items())).require_passed(8)
    assert len(templates("")) == 1


def test_without_any_of_it_the_run_has_a_server_of_its_own(shop: Project, templates: Ask) -> None:
    shop.run().require_passed(8)
    assert templates("") == []
    assert shop.living() == []


def test_the_template_of_a_named_server_outlives_the_run_and_what_is_old_goes(
    shop: Project, server_18: EmbeddedServer, templates: Ask, administrator: Connection
) -> None:
    url = server_18.superuser_url().render_as_string(hide_password=False)
    shop.run(f"--app-db-url={url}").require_passed(8)
    (old,) = templates("")
    day = "comment on database \"{}\" is 'template of the tests of app_db, last used 2026-01-01'"
    administrator.exec_driver_sql(day.format(old))
    shop.append("migrations/versions/shop_0001_tables.py", "\n# another\n")
    shop.run(f"--app-db-url={url}").require_passed(8)
    (new,) = templates("")
    assert new != old


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--app-db-url=mysql://x@127.0.0.1/y"], "--app-db-url"),
        (["--app-db-url=postgresql://nobody:secret-word@127.0.0.1:1/y"], "see that the server runs"),
        (["-o", "app_db_alembic=nowhere.ini"], "app_db_alembic names"),
        (["-o", "app_db_postgresql=no_such_fixture"], "app_db_postgresql names"),
    ],
)
def test_what_can_not_be_is_said_with_what_to_type(shop: Project, arguments: list[str], words: str) -> None:
    outcome = shop.run("-k", "owes_nothing", *arguments)
    assert outcome.code == 1
    assert words in outcome.said
    assert "secret-word" not in outcome.said


def test_an_unknown_mode_is_refused_with_the_known_ones(shop: Project) -> None:
    shop.append("tests/test_billing.py", '\n\n@pytest.mark.app_db("rollback")\ndef test_this() -> None: ...\n')
    outcome = shop.run("-k", "test_this")
    assert outcome.code == 1
    assert "'sandbox', 'commit', 'fresh'" in outcome.said
