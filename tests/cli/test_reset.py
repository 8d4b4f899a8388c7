"""`app-db reset`: what it refuses, and what it leaves."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import URL, text
from support import ON_18, ROOT, catalogue, environment_of, heads, installation

from app_db.cli.reset import reset
from app_db.engine import admin_engine
from app_db.errors import ConnectionLost, LockNotAvailable, ResetRefused, SettingsError
from app_db.migrations import change_schema
from app_db.migrations.alone import alone
from app_db.migrations.connection import owner_engine
from app_db.migrations.ddl import v1 as ddl
from app_db.reset.refusals import check_place
from app_db.schema import SERVICES, RoleNames
from app_db.session import Database
from app_db.settings import LoginUrl, Settings, parse_url

Run = Callable[..., Result]
# what is refused before the server is asked for much, or done by the same statements on every version
SCHEMAS = tuple(schema for service in SERVICES.values() for schema in service.schemas)
# nobody listens there, so that whoever connects before refusing fails in another way
NOWHERE = "postgresql://somebody:secret@127.0.0.1:1/shop"
FAR = "postgresql://somebody:secret@db.example.com/shop"


def call(*options: str, **environment: str) -> Result:
    return CliRunner().invoke(reset, options, env=environment)


@pytest.fixture
def run(own_settings: Settings) -> Run:
    """Runs the command on a database at head."""
    return lambda *options, **changes: call(*options, **{**environment_of(own_settings), **changes})


def make_tenant(settings: Settings) -> None:
    database = Database(settings)
    with database.admin(reason="a test", actor="tests") as session:
        session.execute(text("insert into tenancy.tenants (slug, name) values ('old', 'Old')"))
    database.dispose()


def slugs(settings: Settings) -> list[str]:
    assert settings.admin_url is not None
    with admin_engine(settings.admin_url).connect() as connection:
        return list(connection.scalars(text("select slug from tenancy.tenants order by 1")))


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_other_environments_are_refused_before_anything_is_connected(environment: str) -> None:
    urls = {"APP_DB_MIGRATION_URL": f"{NOWHERE}?sslmode=require", "APP_DB_ADMIN_URL": f"{NOWHERE}?sslmode=require"}
    result = call(APP_DB_ENVIRONMENT=environment, **urls)
    assert isinstance(result.exception, ResetRefused)
    assert f"APP_DB_ENVIRONMENT is '{environment}'" in str(result.exception)
    assert "development and test only" in str(result.exception)


def test_no_option_overrides_the_environment() -> None:
    result = call("--yes-really", "shop", APP_DB_ENVIRONMENT="staging", APP_DB_MIGRATION_URL=FAR, APP_DB_ADMIN_URL=FAR)
    assert isinstance(result.exception, ResetRefused)
    assert "development and test only" in str(result.exception)


def test_a_server_elsewhere_is_refused_before_anything_is_connected_with_what_to_type() -> None:
    result = call(APP_DB_MIGRATION_URL=FAR, APP_DB_ADMIN_URL=FAR)
    assert isinstance(result.exception, ResetRefused)
    assert "is on db.example.com" in str(result.exception)
    assert str(result.exception).endswith("add --yes-really shop")
    assert "secret" not in str(result.exception)


def test_a_confirmation_that_names_another_database_is_refused() -> None:
    for url in (FAR, NOWHERE):
        result = call("--yes-really", "shop2", APP_DB_MIGRATION_URL=url, APP_DB_ADMIN_URL=url)
        assert isinstance(result.exception, ResetRefused)
        assert "names 'shop2', and the database is 'shop'" in str(result.exception)


def test_with_the_right_name_it_goes_there() -> None:
    url = "postgresql://somebody:secret@127.0.0.1.nip.invalid:1/shop"
    result = call("--yes-really", "shop", APP_DB_MIGRATION_URL=url, APP_DB_ADMIN_URL=url)
    assert isinstance(result.exception, ConnectionLost)


@pytest.mark.parametrize(
    ("query", "host", "environment"),
    [
        ("?host=db.example.com", "", {}),
        ("?host=localhost&host=db.example.com", "", {}),
        ("?host=db.example.com:5432", "", {}),
        ("?hostaddr=10.0.0.5", "localhost", {}),
        ("?service=shop", "localhost", {}),
        ("", "localhost", {"PGHOSTADDR": "10.0.0.5"}),
        ("", "", {"PGHOST": "db.example.com"}),
        ("", "", {"PGHOST": "/run/postgresql,db.example.com"}),
        ("", "localhost", {"PGSERVICE": "shop"}),
        ("", "127.0.0.1.example.com", {}),
        ("", "localhost.example.com", {}),
        ("", "0.0.0.0", {}),
        ("", "192.168.1.7", {}),
        ("", "[2001:db8::1]", {}),
    ],
)
def test_a_server_elsewhere_is_found_wherever_it_is_named(
    monkeypatch: pytest.MonkeyPatch, query: str, host: str, environment: dict[str, str]
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(ResetRefused, match="--yes-really shop"):
        check_place(parse_url(f"postgresql://somebody@{host}/shop{query}", "a URL"), None)


@pytest.mark.parametrize(
    "url",
    ["postgresql://somebody@localhost/shop", "postgresql://somebody@127.0.0.1:6432/shop", "postgresql:///shop",
     "postgresql://somebody@127.8.9.1/shop", "postgresql://somebody@[::1]:5432/shop",
     "postgresql://somebody@/shop?host=/run/postgresql", "postgresql://somebody@/shop?host=localhost:5433"],
)  # fmt: skip
def test_this_machine_needs_no_confirmation(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)
    check_place(parse_url(url, "a URL"), None)


@ON_18
@pytest.mark.parametrize("missing", [LoginUrl.MIGRATION, LoginUrl.ADMIN])
def test_a_missing_url_is_named_before_anything_is_dropped(run: Run, own_settings: Settings, missing: LoginUrl) -> None:
    make_tenant(own_settings)
    result = run(**{missing.value: ""})
    assert isinstance(result.exception, SettingsError)
    assert f"{missing.value} is not set" in str(result.exception)
    assert slugs(own_settings) == ["old"]


@ON_18
def test_urls_of_two_databases_are_refused(run: Run, own_settings: Settings, creator: URL) -> None:
    make_tenant(own_settings)
    with installation(creator) as other:
        assert other.admin_url is not None
        result = run(APP_DB_ADMIN_URL=other.admin_url.render_as_string(hide_password=False))
    assert isinstance(result.exception, ResetRefused)
    assert "lead to different databases" in str(result.exception)
    assert slugs(own_settings) == ["old"]


def make_shop(settings: Settings) -> None:
    def change() -> None:
        ddl.create_schema("shop", "An application's own.", ddl.EVERYONE)
        ddl.execute("create table shop.orders (tenant_id uuid references tenancy.tenants (id))")

    change_schema(settings, change)


@ON_18
def test_schemas_of_an_application_are_refused_with_what_to_type(run: Run, own_settings: Settings) -> None:
    make_tenant(own_settings)
    make_shop(own_settings)
    result = run()
    assert isinstance(result.exception, ResetRefused)
    assert "add --schema shop" in str(result.exception)
    assert slugs(own_settings) == ["old"]
    result = run("--schema", "shopp", "--schema", "shop")
    assert "there is no schema 'shopp'" in str(result.exception)
    assert slugs(own_settings) == ["old"]


@ON_18
def test_a_tree_that_is_not_there_is_refused_before_anything_is_dropped(run: Run, own_settings: Settings) -> None:
    make_tenant(own_settings)
    result = run("--tree", "nowhere/alembic.ini")
    assert isinstance(result.exception, ResetRefused)
    assert "there is no file nowhere/alembic.ini" in str(result.exception)
    assert slugs(own_settings) == ["old"]


def test_with_its_schema_named_an_application_is_reset_and_built_again(
    run: Run, own_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "examples" / "shop"))
    make_shop(own_settings)
    tree = str(ROOT / "docs" / "examples" / "shop" / "alembic.ini")
    result = run("--schema", "shop", "--tree", tree, "--json")
    assert result.exit_code == 0, result.exception
    assert "shop" in json.loads(result.stdout)["dropped"]
    with admin_engine(own_settings.migration_url).connect() as connection:
        found = connection.scalars(text("select relname from pg_class where relnamespace = 'shop'::regnamespace"))
        assert {"customers", "invoices"} <= set(found)


@ON_18
def test_a_table_that_somebody_works_with_is_waited_for_and_nothing_is_lost(run: Run, own_settings: Settings) -> None:
    make_tenant(own_settings)
    with admin_engine(own_settings.admin_url).connect() as connection:
        connection.execute(text("select * from tenancy.tenants"))
        result = run(APP_DB_LOCK_TIMEOUT="0.2")
        assert isinstance(result.exception, LockNotAvailable)
        connection.rollback()
    assert slugs(own_settings) == ["old"]


@ON_18
def test_a_second_reset_is_refused_while_the_first_is_under_way(run: Run, own_settings: Settings) -> None:
    make_tenant(own_settings)
    engine = owner_engine(own_settings.migration_url, RoleNames(own_settings.role_prefix))
    with alone(engine, ResetRefused("")):
        result = run()
    assert isinstance(result.exception, ResetRefused)
    assert "another reset or init of this database is under way" in str(result.exception)
    assert slugs(own_settings) == ["old"]
    assert run().exit_code == 0


def test_what_was_there_is_gone_and_the_seeds_are_there_and_logins_go_on_working(
    run: Run, own_settings: Settings
) -> None:
    before = catalogue(own_settings.migration_url, SCHEMAS)
    make_tenant(own_settings)
    result = run()
    assert result.exit_code == 0, result.exception
    assert f"applied  {', '.join(heads(own_settings))}\n" in result.stdout
    assert "1 tenancy.tenants" in result.stdout
    assert slugs(own_settings) == ["test"]
    assert catalogue(own_settings.migration_url, SCHEMAS) == before
    database = Database(own_settings)
    with database.shared() as session:
        assert session.scalar(text("select count(*) from tenancy.tenants")) == 0
    database.dispose()


@ON_18
def test_run_again_it_leaves_the_same(run: Run, own_settings: Settings) -> None:
    first = json.loads(run("--json").stdout)
    second = json.loads(run("--json").stdout)
    assert first == second
    assert first["revisions"] == heads(own_settings)
    assert first["seeds"]["added"]["tenancy.tenants"] == 1
    assert set(first["dropped"]) == set(SCHEMAS) - {"extensions"}


def test_an_empty_database_is_built(empty_settings: Settings) -> None:
    """As after a run that was killed when it had dropped everything."""
    result = call(**environment_of(empty_settings))
    assert result.exit_code == 0, result.exception
    assert "dropped  nothing" in result.stdout
    assert slugs(empty_settings) == ["test"]


@ON_18
@pytest.mark.parametrize(
    "damage",
    [
        "insert into app.alembic_version values ('core_9999')",
        "delete from app.alembic_version",
        "drop schema catalog cascade",
        "drop extension btree_gin cascade",
    ],
)
def test_a_state_that_no_downgrade_could_leave_is_left(run: Run, own_settings: Settings, damage: str) -> None:
    change_schema(own_settings, lambda: ddl.execute(damage))
    result = run()
    assert result.exit_code == 0, result.exception
    assert slugs(own_settings) == ["test"]


def test_where_a_service_is_not_placed_it_is_not_built_again(run: Run, own_settings: Settings) -> None:
    result = run("--json", APP_DB_SERVICES="core", APP_DB_ENVIRONMENT="development")
    assert result.exit_code == 0, result.exception
    report = json.loads(result.stdout)
    assert [revision.split("_")[0] for revision in report["revisions"]] == ["core"]
    assert set(report["seeds"]["added"]) == {"tenancy.tenants", "tenancy.memberships"}


def test_one_of_several_databases_is_reset_by_its_name(own_settings: Settings) -> None:
    make_tenant(own_settings)
    environment = environment_of(own_settings)
    moved = {
        f"APP_DB_DATABASES__PAYMENTS__{login.field.upper()}": environment[login.value]
        for login in (LoginUrl.MIGRATION, LoginUrl.ADMIN)
    }
    cleared = {login.value: "" for login in LoginUrl}
    result = call("--database", "payments", **{**environment, **cleared, **moved})
    assert result.exit_code == 0, result.exception
    assert slugs(own_settings) == ["test"]
