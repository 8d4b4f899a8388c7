"""Generated rows: the same ones for the same sizes, only what is missing, and never where real ones are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from support import installation, make_creator

from app_db.engine import admin_engine
from app_db.errors import SeedRefused, SettingsError
from app_db.migrations import upgrade
from app_db.seeds import LoadReport, Volume, load, materials
from app_db.server import EmbeddedServer
from app_db.session import Database
from app_db.settings import Environment, Settings, load_settings

TABLES = (
    "catalog.usage_statistics", "catalog.materials", "catalog.categories where parent_id is not null",
    "catalog.categories", "tenancy.memberships", "auth.users", "tenancy.tenants",
)  # fmt: skip
ACME = text(f"insert into tenancy.tenants (id, slug, name) values ('{UUID(int=7)}', 'acme', 'Acme')")
HAS_LEARNING = text("select to_regclass('learning.user_profiles') is not null")
# nobody listens there, so that whoever connects before refusing fails in another way
NOWHERE = "postgresql://somebody:secret@127.0.0.1:1/shop?sslmode=require"
LARGEST = "01900000-0000-7000-8001-000000000001"


@pytest.fixture(scope="module")
def head(server_18: EmbeddedServer) -> Iterator[Settings]:
    with installation(make_creator(server_18.superuser_url())) as made:
        upgrade(made)
        yield made.model_copy(update={"environment": Environment.TEST})


@pytest.fixture
def here(head: Settings) -> Iterator[Settings]:
    """A database at head with the tenant acme; nothing is left of the test before."""
    with owner(head) as connection:
        connection.execute(ACME)
    yield head
    clear(head)


def clear(settings: Settings) -> None:
    with owner(settings) as connection:
        learning = ["learning.user_profiles"] if connection.scalar(HAS_LEARNING) else []
        for table in (*learning, *TABLES):
            connection.execute(text(f"delete from {table}"))


@contextmanager
def owner(settings: Settings) -> Iterator[Connection]:
    assert settings.migration_url is not None
    with admin_engine(settings.migration_url).begin() as connection:
        yield connection


def one(settings: Settings, query: str) -> Any:
    with owner(settings) as connection:
        return connection.scalar(text(query))


def digest(settings: Settings, table: str) -> str:
    """Return a digest of all rows of a table, in any order."""
    return str(one(settings, f"select md5(string_agg(t::text, ';' order by t::text)) from {table} as t"))


def few(settings: Settings, *sizes: int, **options: Any) -> LoadReport:
    """Load for one tenant, which takes less time than for a hundred."""
    return load(settings, Volume(*sizes), tenants=["acme"], **options)


def added(report: LoadReport) -> dict[str, int]:
    return {table: rows for table, rows in report.added.items() if rows}


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_no_generated_rows_where_real_ones_are_and_nothing_is_connected(environment: str) -> None:
    settings = load_settings(environment=environment, migration_url=NOWHERE)
    with pytest.raises(SeedRefused, match=rf"'{environment}'.* development and test only.* APP_DB_ENVIRONMENT=develop"):
        load(settings, Volume(materials=1))


@pytest.mark.parametrize("volume", [Volume(-1), Volume(0, -1), Volume(0, 0, -1), Volume(100_000_001)])
def test_a_size_out_of_range_is_refused(volume: Volume) -> None:
    with pytest.raises(ValueError, match="give 0 to 100000000"):
        load(load_settings(environment="test", migration_url=NOWHERE), volume)


def test_statistics_of_more_materials_than_are_asked_for_are_refused() -> None:
    with pytest.raises(SeedRefused, match="give --materials 11, or fewer statistics"):
        load(load_settings(environment="test", migration_url=NOWHERE), Volume(10, 11))


def test_without_a_migrations_login_it_says_which_variable_is_missing() -> None:
    with pytest.raises(SettingsError, match="APP_DB_MIGRATION_URL is not set"):
        load(load_settings(environment="test", url=NOWHERE), Volume(1))


def test_a_tenant_that_is_not_there_is_refused_with_what_to_type_and_none_is_made(here: Settings) -> None:
    with pytest.raises(SeedRefused, match="no tenant 'globex': make it with `app-db tenant create globex NAME`"):
        load(here, Volume(10), tenants=["acme", "globex"])
    assert one(here, "select count(*) from tenancy.tenants") == 1


def test_a_service_that_is_not_placed_is_refused(here: Settings) -> None:
    with pytest.raises(SeedRefused, match=r"catalog is not placed.* add it to APP_DB_SERVICES"):
        load(here.model_copy(update={"services": ("profile",)}), Volume(10))
    assert one(here, "select count(*) from tenancy.tenants") == 1


def test_a_schema_that_is_not_at_head_is_refused(empty_settings: Settings) -> None:
    with pytest.raises(SeedRefused, match="run `app-db upgrade` first"):
        load(empty_settings.model_copy(update={"environment": Environment.TEST}), Volume(10))


def test_the_same_sizes_give_the_same_rows_on_every_server(head: Settings, server_15: EmbeddedServer) -> None:
    with installation(make_creator(server_15.superuser_url())) as made:
        upgrade(made)
        digests = []
        for settings in (head, made.model_copy(update={"environment": Environment.TEST})):
            with owner(settings) as connection:
                connection.execute(ACME)
            few(settings, 400, 400)
            digests.append([digest(settings, f"catalog.{name}") for name in ("materials", "usage_statistics")])
    assert digests[0] == digests[1]
    name = "select name || ', ' || price_minor || ' ' || currency from catalog.materials where code = 'BRI-3'"
    assert one(head, name) == "Ceramic brick M200 1200x600x20 Уралметалл, 1755 USD"
    clear(head)


def test_run_again_it_adds_nothing_and_more_adds_the_rest(here: Settings) -> None:
    assert few(here, 300).added["catalog.materials"] == 300
    assert added(few(here, 300)) == {}
    assert added(few(here, 500)) == {"catalog.materials": 200}


def test_what_somebody_deleted_comes_back_and_what_somebody_changed_stays(here: Settings) -> None:
    few(here, 300)
    with owner(here) as connection:
        connection.execute(text("delete from catalog.materials where code like 'BRI-%'"))
        connection.execute(text("update catalog.materials set price_minor = 7"))
    restored = few(here, 300).added["catalog.materials"]
    assert 20 < restored < 100
    assert one(here, "select count(*) from catalog.materials where price_minor = 7") == 300 - restored


def test_ended_in_the_middle_and_run_again_it_leaves_what_one_run_leaves(
    here: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(materials, "BATCH", 100)
    few(here, 350)
    whole = digest(here, "catalog.materials")
    with owner(here) as connection:
        connection.execute(text("delete from catalog.materials"))

    @contextmanager
    def ended(label: str, _length: int) -> Iterator[Callable[[int], None]]:
        def done(_rows: int) -> None:
            if label == "catalog.materials" and one(here, "select count(*) from catalog.materials") == 200:
                raise KeyboardInterrupt

        yield done

    with pytest.raises(KeyboardInterrupt):
        few(here, 350, progress=ended)
    assert one(here, "select count(*) from catalog.materials") == 200
    assert added(few(here, 350)) == {"catalog.materials": 150}
    assert digest(here, "catalog.materials") == whole


def test_two_that_load_at_once_plant_each_row_once(here: Settings) -> None:
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: few(here, 400), range(2)))
    assert sum(report.added["catalog.materials"] for report in reports) == 400
    assert one(here, "select count(*) from catalog.materials") == 400


def lists(settings: Settings) -> list[str]:
    with owner(settings) as connection:
        return list(connection.scalars(text(
            "select distinct unnest(c.reloptions) from pg_class as c join pg_am as a on a.oid = c.relam "
            "where a.amname = 'gin' and c.relnamespace = 'catalog'::regnamespace"
        )))  # fmt: skip


def test_no_index_is_left_with_a_pending_list(here: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    few(here, 200)
    assert lists(here) == ["fastupdate=off"]
    monkeypatch.setattr(
        materials, "_MATERIALS", materials._MATERIALS.replace("::bigint,\n  case", "::bigint * -1,\n  case")
    )
    with pytest.raises(Exception, match="ck_materials_price_minor"):
        few(here, 300)
    assert lists(here) == ["fastupdate=off"]
    assert one(here, "select count(*) from catalog.materials") == 200


def test_tenants_are_of_very_different_sizes(here: Settings) -> None:
    report = load(here, Volume(3000))
    assert (report.tenants, report.added["tenancy.tenants"]) == (100, 100)
    with owner(here) as connection:
        sizes = connection.execute(text(
            "select tenant_id::text, count(*) from catalog.materials group by 1 order by 2 desc"
        )).all()  # fmt: skip
    assert sizes[0][0] == LARGEST
    assert 0.27 < sizes[0][1] / 3000 < 0.33
    assert all(80 < size < 200 for _, size in sizes[1:10])
    assert all(0 < size < 30 for _, size in sizes[10:])


def test_tenants_that_are_named_get_equal_shares_and_no_other_is_made(here: Settings) -> None:
    with owner(here) as connection:
        connection.execute(text("insert into tenancy.tenants (slug, name) values ('globex', 'Globex')"))
    report = load(here, Volume(200), tenants=["globex", "acme"])
    assert report.added["tenancy.tenants"] == 0
    counts = "select array_agg(n) from (select count(*) as n from catalog.materials group by tenant_id) as c"
    assert one(here, counts) == [100, 100]
    assert one(here, "select count(*) from tenancy.tenants") == 2


def test_each_tenant_sees_its_own_generated_rows(here: Settings) -> None:
    load(here, Volume(1000))
    db = Database.from_settings(here)
    expected = one(here, f"select count(*) from catalog.materials where tenant_id = '{LARGEST}'")
    with db.tenant(LARGEST) as session:
        assert session.scalar(text("select count(*) from catalog.materials")) == expected
    db.dispose()


def test_a_category_that_people_made_is_used(here: Settings) -> None:
    with owner(here) as connection:
        connection.execute(text(
            "insert into catalog.categories (tenant_id, name) select id, 'Стены' from tenancy.tenants"
        ))  # fmt: skip
    few(here, 100)
    assert one(here, "select count(*) from catalog.categories where name = 'Стены'") == 1
    assert one(here, "select count(*) from catalog.materials where category_id is null") == 0


def test_statistics_bring_their_materials_and_cover_a_year_of_partitions(here: Settings) -> None:
    report = few(here, 0, 3000)
    assert report.added["catalog.materials"] == report.added["catalog.usage_statistics"] == 3000
    days = "select count(distinct day) || ' ' || (max(day) - min(day)) from catalog.usage_statistics"
    assert one(here, days) == "365 364"
    assert one(here, "select max(day) < date_trunc('month', now()) from catalog.usage_statistics")
    partitions = "select count(distinct tableoid) from catalog.usage_statistics"
    assert one(here, partitions) in {12, 13}
    assert one(here, f"{partitions} where tableoid::regclass::text like '%default'") == 0
    assert added(few(here, 0, 3000)) == {}


def test_a_few_materials_are_used_most(here: Settings) -> None:
    few(here, 0, 3000)
    most = "select count(*) from catalog.usage_statistics group by material_id order by 1 desc limit 1"
    assert one(here, most) == 365
    assert one(here, f"select count(*) from ({most.replace('limit 1', '')}) as c where count < 3") > 500


def test_a_load_is_recorded(here: Settings) -> None:
    few(here, 10)
    details = "select details ->> 'materials' from ops.system_event where event = 'seed.load' order by id desc limit 1"
    assert one(here, details) == "10"


@pytest.fixture(scope="module")
def vectors(server_18: EmbeddedServer) -> Iterator[tuple[Settings, LoadReport]]:
    with installation(make_creator(server_18.superuser_url())) as made:
        upgrade(made)
        settings = made.model_copy(update={"environment": Environment.TEST})
        yield settings, load(settings, Volume(vectors=250))


def test_vectors_come_with_courses_and_a_small_tenant_has_a_hundred(vectors: tuple[Settings, LoadReport]) -> None:
    settings, report = vectors
    assert report.added["learning.processed_documents"] == 250
    assert report.added["learning.courses"] == 2
    sizes = "select array_agg(n order by n) from (select count(*) as n from learning.processed_documents group by {}) c"
    assert one(settings, sizes.format("tenant_id")) == [100, 150]
    assert one(settings, "select count(*) from learning.course_documents where status <> 'processed'") == 0
    assert one(settings, "select count(*) from learning.user_progress") > 0
    assert added(load(settings, Volume(vectors=250))) == {}


def test_vectors_of_a_topic_are_near_each_other_and_others_are_not(vectors: tuple[Settings, LoadReport]) -> None:
    settings, _ = vectors
    norms = "select min(extensions.vector_norm(embedding)) > 0.999 and max(extensions.vector_norm(embedding)) < 1.001"
    assert one(settings, f"{norms} from learning.processed_documents")
    distance = "avg(a.embedding operator(extensions.<=>) b.embedding)"
    pairs = "learning.processed_documents as a join learning.processed_documents as b on a.id < b.id and a.document_id"
    assert 0.1 < one(settings, f"select {distance} from {pairs} = b.document_id") < 0.55
    assert 0.8 < one(settings, f"select {distance} from {pairs} <> b.document_id") < 1.2


def test_vectors_without_learning_are_refused(here: Settings) -> None:
    with pytest.raises(SeedRefused, match=r"learning is not placed.* leave out its rows"):
        load(here.model_copy(update={"services": ("catalog",)}), Volume(vectors=10))
    assert one(here, "select count(*) from tenancy.tenants") == 1
