"""49 to 53: changing a schema whose policies hold its owner too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic.script import ScriptDirectory
from footguns.places import FORCE, MATERIALS, OWN_ROWS, Executor, House, Shop, Two, bound, refusal, rows_of
from sqlalchemy import URL, Connection, Engine, MetaData, text
from support import carried, installation, make_tenant

from app_db import migrations
from app_db.drift.building import ours
from app_db.engine import admin_engine
from app_db.errors import RowSecurityViolation
from app_db.migrations import alembic_config, change_schema, upgrade
from app_db.migrations.ddl import v1 as ddl
from app_db.migrations.targets import chain_of
from app_db.models import Base, Material
from app_db.session import Database, create_tables
from app_db.session.gate import Gate
from app_db.settings import Environment, LoginUrl, Settings

ALL_ROWS = (
    [f"drop policy all_rows on {MATERIALS}"],
    [f"create policy all_rows on {MATERIALS} to {{p}}app_all using (true) with check (true)"],
)


def backfilled(owner: Connection, two: Two, table: str) -> list[str]:
    """Run a data migration as the owner; return which of the two rows it reached. It never fails."""
    statement = text(f"update {table} set name = 'filled' where id in (:my_row, :their_row) returning name")
    return list(owner.scalars(statement, {"my_row": two.my_row, "their_row": two.their_row}))


def migrate(house: House, two: Two) -> list[str]:
    found: list[str] = []
    change_schema(house.settings, lambda: found.extend(backfilled(ddl.op.get_bind(), two, MATERIALS)))
    return found


def test_49_naive_data_migration_of_a_forced_owner_succeeds_and_does_nothing(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS, FORCE)
    with shop.owner.connect() as owner:
        assert backfilled(owner, customers, shop.table) == []


def test_49_a_data_migration_reaches_every_tenants_rows(house: House, two: Two) -> None:
    assert migrate(house, two) == ["filled", "filled"]


def test_49_unguarded_without_the_policy_for_those_who_see_all_it_does_nothing(house: House, two: Two) -> None:
    with house.without(*ALL_ROWS):
        assert migrate(house, two) == []


def passes_although_broken(owner: Connection, table: str, key: str) -> bool:
    """Tell whether a foreign key is accepted over rows that point nowhere."""
    return refusal(owner, f"alter table {table} add foreign key {key}") is None


def test_50_naive_foreign_key_of_a_forced_owner_is_not_checked(shop: Shop, customers: Two) -> None:
    shop.run(
        "create table shop.lines (tenant_id uuid, item_id uuid)",
        f"insert into shop.lines values ('{customers.mine}', gen_random_uuid())",
        OWN_ROWS,
        FORCE,
        "create policy own on shop.lines to {app} using ({own})",
        "alter table shop.lines enable row level security",
        "alter table shop.lines force row level security",
    )
    with shop.owner.connect() as owner:
        assert passes_although_broken(owner, "shop.lines", "(item_id) references shop.items")


@pytest.fixture
def broken_lines(house: House, two: Two) -> Iterator[Connection]:
    """The owner, who is about to add the foreign key to a table with a row that points nowhere."""

    def make() -> None:
        ddl.execute("create table demo.lines (tenant_id uuid, material_id uuid)")
        ddl.execute(f"insert into demo.lines values ('{two.mine}', gen_random_uuid())")
        ddl.tenant_policies("demo.lines")

    change_schema(house.settings, make)
    with house.owner.connect() as owner:
        yield owner
    house.run("drop table demo.lines")


MATERIAL_KEY = f"(tenant_id, material_id) references {MATERIALS} (tenant_id, id)"


def test_50_a_foreign_key_is_checked_against_every_tenants_rows(broken_lines: Connection) -> None:
    assert not passes_although_broken(broken_lines, "demo.lines", MATERIAL_KEY)


def test_50_unguarded_without_the_policy_for_those_who_see_all_it_passes(broken_lines: Connection) -> None:
    broken_lines.exec_driver_sql("drop policy all_rows on demo.lines")
    assert passes_although_broken(broken_lines, "demo.lines", MATERIAL_KEY)


_OPEN_TABLES = text("""
select relnamespace::regnamespace || '.' || relname from pg_class c
where c.relkind in ('r', 'p') and relnamespace::regnamespace::text = any(:schemas) and not relrowsecurity
  and has_schema_privilege(:login, relnamespace, 'usage') and has_any_column_privilege(:login, c.oid, 'select')
""")


def open_tables(engine: Engine, login: str, *schemas: str) -> list[str]:
    """Return the tables that the application may read at this moment and that no policy holds."""
    with engine.connect() as connection:
        return list(connection.scalars(_OPEN_TABLES, {"login": login, "schemas": list(schemas)}))


def test_51_naive_table_is_open_until_the_application_has_made_its_policies(shop: Shop, customers: Two) -> None:
    shop.run(
        "create table shop.notes (tenant_id uuid)",
        f"insert into shop.notes values ('{customers.theirs}')",
        "grant select on shop.notes to {app}",
    )
    assert open_tables(shop.owner, shop.app_role, "shop") == ["shop.notes"]
    with bound(shop.app, customers.mine) as connection:
        assert rows_of(connection, customers.theirs, "shop.notes") == 1
    shop.run("alter table shop.notes enable row level security", "create policy own on shop.notes using ({own})")
    assert open_tables(shop.owner, shop.app_role, "shop") == []


@pytest.fixture
def empty(creator: URL) -> Iterator[Settings]:
    with installation(creator) as settings:
        yield settings


def open_after_each_revision(settings: Settings, *schemas: str) -> list[str]:
    url = settings.login_url(LoginUrl.MIGRATION)
    assert url is not None
    script = ScriptDirectory.from_config(alembic_config(settings))
    found: list[str] = []
    chains = {service.name for service in carried(settings)}
    for revision in reversed(list(script.walk_revisions())):
        if chain_of(revision.revision) in chains:
            upgrade(settings, revision.revision)
            found += open_tables(admin_engine(url), f"{settings.role_prefix}app_login", *schemas)
    return found


def test_51_no_revision_leaves_a_table_that_an_application_may_read_without_policies(empty: Settings) -> None:
    assert open_after_each_revision(empty, *(schema for schema in ours() if schema != "app")) == []


def test_51_unguarded_with_policies_left_for_later_every_table_is_open(
    empty: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ddl, "tenant_policies", lambda _table, **_columns: None)
    tables = {"tenancy.tenants", "tenancy.memberships", "ops.audit_log", MATERIALS}
    tables |= {f"tenancy.{name}" for name in ("roles", "role_permissions", "membership_roles", "invitations")}
    tables |= {"catalog.categories", "catalog.usage_statistics"}
    assert set(open_after_each_revision(empty, "tenancy", "ops", "auth", "catalog")) == tables


def crossed(settings: Settings) -> int:
    """Make two tenants, and return how many rows of the other one the first one sees."""
    db = Database.from_settings(settings)
    try:
        mine, theirs = make_tenant(db), make_tenant(db)
        with db.tenant(theirs) as session:
            session.add(Material(code="T-1", name="Theirs", unit="pcs", price_minor=1))
        with db.tenant(mine) as session:
            return rows_of(session, theirs, MATERIALS)
    finally:
        db.dispose()


def test_52_naive_create_all_makes_tables_without_policies(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS)
    with bound(shop.app, customers.mine) as connection:
        assert rows_of(connection, customers.theirs, shop.table) == 0
    models = MetaData()
    models.reflect(shop.owner, schema="shop")
    shop.run("drop table shop.items")
    models.create_all(shop.owner)
    shop.run(f"insert into shop.items (tenant_id) values ('{customers.theirs}')", "grant select on shop.items to {app}")
    with bound(shop.app, customers.mine) as connection:
        assert rows_of(connection, customers.theirs, shop.table) == 1


@pytest.fixture
def local(empty: Settings) -> Settings:
    return empty.model_copy(update={"environment": Environment.TEST})


def test_52_tables_of_a_throw_away_database_come_with_their_policies(local: Settings) -> None:
    create_tables(local)
    assert crossed(local) == 0


def create_all(settings: Settings) -> None:
    """Make the tables from the models, and what they need besides."""
    upgrade(settings, "core_0002")
    url = settings.login_url(LoginUrl.MIGRATION)
    assert url is not None
    with admin_engine(url).begin() as owner:
        schemas = ("tenancy", "ops", "catalog")
        owner.exec_driver_sql("create schema catalog")
        owner.exec_driver_sql("create extension pg_trgm with schema extensions")
        Base.metadata.create_all(owner, [table for table in Base.metadata.sorted_tables if table.schema in schemas])
        for schema in schemas:
            for role in ("app_rw", "app_admin"):
                owner.exec_driver_sql(f"grant usage on schema {schema} to {settings.role_prefix}{role}")
                owner.exec_driver_sql(f"grant all on all tables in schema {schema} to {settings.role_prefix}{role}")


def test_52_unguarded_made_from_the_models_they_are_open_to_all(
    local: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "upgrade", create_all)
    monkeypatch.setattr(Gate, "__call__", lambda _self, _connection: None)
    create_tables(local)
    assert crossed(local) == 1


def seen_with_row_security_off(executor: Executor, two: Two, table: str) -> int:
    """Do as somebody does who takes the setting for a way around policies."""
    executor.execute(text("set local row_security = off"))
    return rows_of(executor, two.theirs, table)


def test_53_naive_maintenance_that_turns_row_security_off_fails_and_sees_nothing(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS, FORCE)
    for engine in (shop.owner, shop.app):
        with engine.connect() as connection:
            connection.exec_driver_sql("set local row_security = off")
            assert refusal(connection, "select from shop.items") == "42501"


def test_53_with_row_security_off_a_tenants_query_is_refused_so_it_proves_the_policies(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session, pytest.raises(RowSecurityViolation):
        seen_with_row_security_off(session, two, MATERIALS)


def test_53_work_across_tenants_is_another_login_and_no_setting(house: House, two: Two) -> None:
    with house.db.admin(reason="look", actor="tests") as session:
        assert rows_of(session, two.theirs, MATERIALS) == 1


def test_53_unguarded_without_row_security_on_the_table_the_same_query_passes(house: House, two: Two) -> None:
    off, on = ([f"alter table {MATERIALS} {verb} row level security"] for verb in ("disable", "enable"))
    with house.without(off, on), house.db.tenant(two.mine) as session:
        assert seen_with_row_security_off(session, two, MATERIALS) == 1


def test_53_unguarded_without_the_policy_for_those_who_see_all_an_administrator_sees_nothing(
    house: House, two: Two
) -> None:
    with house.without(*ALL_ROWS), house.db.admin(reason="look", actor="tests") as session:
        assert rows_of(session, two.theirs, MATERIALS) == 0
