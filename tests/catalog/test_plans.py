"""Each index serves the query that its comment names, for a tenant among others, under row security.

What runs in a function of app_definer is looked at as app_definer, in the very words of the function; all else as the
application's login.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import URL, event, text
from sqlalchemy.orm import Session
from support import installation, make_tenant

from app_db.catalog import (
    PriceCursor,
    list_materials,
    search_materials,
    top_materials,
    usage_by_day,
    usage_of_material,
)
from app_db.engine import admin_engine
from app_db.migrations import upgrade
from app_db.models import Category, Material
from app_db.session import Database, TenantSession
from app_db.settings import Settings
from app_db.testing.rows import administrator

LARGE, SMALL = 20_000, 1_000
SINCE = dt.date(2026, 1, 1)

FILL = text("""
insert into catalog.materials (tenant_id, code, name, description, unit, price_minor, currency, category_id)
select :tenant, 'M-' || n,
  (array['Кирпич', 'Цемент', 'Доска', 'Песок', 'Щебень', 'Арматура', 'Гвоздь', 'Саморез'])[1 + n % 8] || ' '
    || (array['белый', 'сухой', 'узкий', 'толстый', 'гладкий'])[1 + n % 5] || ' ' || md5(n::text),
  case when n % 3 > 0 then 'популярный товар' else '' end, 'pcs', n * 7919 % 100000,
  case when n % 4 = 0 then 'EUR' else 'RUB' end,
  (select id from catalog.categories where tenant_id = :tenant and name = 'C-' || n % 400)
from generate_series(1, :count) as n
""")
ENSURE = text("select ops.ensure_partitions(:at)")
CATEGORIES = text("""
insert into catalog.categories (tenant_id, parent_id, name)
select :tenant,
  case when n > 20 then (select id from catalog.categories where tenant_id = :tenant and name = 'Top') end, 'C-' || n
from generate_series(1, 800) as n
""")
USES = text("""
insert into catalog.usage_statistics (tenant_id, day, material_id, uses, quantity)
select :tenant, cast(:since as date) + cast(n % 365 as integer), m.id, 1, 1
from (select id, row_number() over (order by id) as n from catalog.materials where tenant_id = :tenant limit 8000) as m
""")


@dataclass(frozen=True)
class Volume:
    """A database with a large tenant and small ones."""

    settings: Settings
    db: Database
    large: UUID
    small: UUID


@pytest.fixture(scope="module")
def volume(creator: URL) -> Iterator[Volume]:
    with installation(creator) as settings:
        upgrade(settings)
        db = Database.from_settings(settings)
        tenants = [make_tenant(db) for _ in range(3)]
        with admin_engine(owners_url(settings)).begin() as owner:
            for month in range(1, 13):
                owner.execute(
                    text("select ops.ensure_partitions(:at)"), {"at": dt.datetime(2026, month, 1, tzinfo=dt.UTC)}
                )
        for tenant, count in zip(tenants, (LARGE, SMALL, SMALL), strict=True):
            fill(db, tenant, count)
        with admin_engine(owners_url(settings)).connect() as owner:
            for table in ("materials", "categories", "usage_statistics"):
                owner.exec_driver_sql(f"analyze catalog.{table}")
            owner.commit()
        yield Volume(settings, db, tenants[0], tenants[1])
        db.dispose()


def owners_url(settings: Settings) -> URL:
    assert settings.migration_url is not None
    return settings.migration_url


def fill(db: Database, tenant: UUID, count: int) -> None:
    with administrator(db) as session:
        session.add(Category(tenant_id=tenant, name="Top"))
        session.flush()
        session.execute(CATEGORIES, {"tenant": tenant})
        session.execute(FILL, {"tenant": tenant, "count": count})
        session.execute(USES, {"tenant": tenant, "since": SINCE})


def plan_of(volume: Volume, call: Callable[[TenantSession], Any]) -> str:
    """Return the plan of the last statement that the call sends, as the application's login."""
    sent: list[tuple[str, Any]] = []
    with volume.db.tenant(volume.large) as session:
        connection = session.connection()

        def note(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
            sent.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        call(session)
        event.remove(connection, "before_cursor_execute", note)
        statement, parameters = sent[-1]
        explained = connection.exec_driver_sql(f"explain (costs off) {statement}", parameters)
        return "\n".join(explained.scalars())


def plan_inside(volume: Volume, function: str, tenant: UUID, **values: str) -> str:
    """Return the plan of the query in a function's body, with these values for its variables, as app_definer."""
    given = {
        "tenant": f"'{tenant}'::uuid", "categories": "null::uuid[]", "in_currency": "null::text",
        "min_price": "null::bigint", "max_price": "null::bigint", "after_rank": "null::real", "after_id": "null::uuid",
        "horizon": "'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid", "result_limit": "20", **values,
    }  # fmt: skip
    with admin_engine(owners_url(volume.settings)).connect() as connection:
        body = connection.scalar(text("select prosrc from pg_proc where proname = :name"), {"name": function})
        found = re.search(r"return query(.*?);", str(body), re.DOTALL)
        assert found is not None
        query = re.sub(r"(?<![.\w])\w+(?!\w)", lambda word: given.get(word[0], word[0]), found[1])
        connection.exec_driver_sql("set local search_path = pg_catalog, pg_temp")
        options = connection.scalar(text("select proconfig from pg_proc where proname = :name"), {"name": function})
        for option in options or []:
            if option.startswith("enable_"):
                connection.exec_driver_sql(f"set local {option.replace('=', ' = ')}")
        connection.exec_driver_sql(f"set local role {volume.settings.role_prefix}app_definer")
        return "\n".join(connection.exec_driver_sql(f"explain (costs off) {query}".replace("%", "%%")).scalars())


def words(query: str) -> dict[str, str]:
    return {"words": f"catalog.typed_query('{query}')", "beginning": f"'{query}'"}


@pytest.mark.parametrize("query", ["гладкий доска", "m-1234"])
def test_a_search_reads_the_indexes_of_words_and_of_codes(volume: Volume, query: str) -> None:
    plan = plan_inside(volume, "materials_by_words", volume.large, **words(query))
    for index, condition in (("ix_materials_tenant_id_search", "search @@"),
                             ("ix_materials_tenant_id_lower_code", "lower(code)")):  # fmt: skip
        rest = plan[plan.index(f"on {index}") :].split("->")[0]
        assert "tenant_id = " in rest
        assert condition in rest


def test_a_very_common_word_is_looked_for_from_the_newest_on(volume: Volume) -> None:
    plan = plan_inside(volume, "materials_by_words", volume.large, **words("популярный"))
    assert "Index Scan Backward using pk_materials" in plan


def test_of_a_very_common_word_the_newest_5000_are_all_that_is_ranked_on_every_page(volume: Volume) -> None:
    found: list[str] = []
    with volume.db.tenant(volume.large) as session:
        after = None
        while page := search_materials(session, "популярный", limit=1000, after=after):
            found += [hit.code for hit in page]
            after = page[-1].cursor
            # comes later than the first page, and moves nothing out of the 5,000
            session.add(Material(code=f"N-{len(found)}", name="популярный", unit="pcs", price_minor=1))
            session.flush()
        expected = session.scalars(text(
            "select code from catalog.materials where description <> '' order by id desc limit 5000"
        )).all()  # fmt: skip
        session.rollback()
    assert len(found) == 5000
    assert set(found) == set(expected)


def test_similar_names_are_found_by_the_index_of_trigrams(volume: Volume) -> None:
    plan = plan_inside(volume, "materials_by_similarity", volume.large, query="'цимент'::text")
    rest = plan[plan.index("on ix_materials_tenant_id_name") :].split("->")[0]
    assert "tenant_id = " in rest
    assert "%>" in rest


def test_of_similar_names_1000_are_looked_at(volume: Volume) -> None:
    found: list[UUID] = []
    with volume.db.tenant(volume.large) as session:
        after = None
        while page := search_materials(session, "армотура", limit=400, after=after):
            assert {hit.matched for hit in page} == {"similar"}
            found += [hit.id for hit in page]
            after = page[-1].cursor
    assert len(found) == len(set(found)) == 1000


def test_the_naive_search_under_row_security_uses_neither(volume: Volume) -> None:
    for condition in ("search @@ to_tsquery('russian', 'доска')", "name operator(extensions.%>) 'цимент'"):
        plan = plan_of(volume, lambda s, c=condition: s.execute(text(f"select id from catalog.materials where {c}")))  # type: ignore[misc]
        assert "on ix_materials_tenant_id_search" not in plan or "Filter: (search @@" in plan
        assert "Filter: " in plan


def test_a_price_list_is_read_in_its_order_from_where_the_last_page_ended(volume: Volume) -> None:
    after = PriceCursor(500, UUID(int=0))
    plan = plan_of(volume, lambda s: list_materials(s, "EUR", min_price=100, max_price=50_000, after=after))
    assert "Index Scan using ix_materials_tenant_id_currency_price_minor_id" in plan
    condition = next(line for line in plan.splitlines() if "Index Cond" in line)
    for part in ("tenant_id = ", "currency = ", "price_minor <= ", "ROW(price_minor, id) > "):
        assert part in condition
    assert "Sort" not in plan


def test_materials_of_a_category_are_found_by_it(volume: Volume) -> None:
    def call(session: Session) -> None:
        category = session.scalars(text("select id from catalog.categories where name = 'C-7'")).one()
        session.execute(text("select * from catalog.materials where category_id = :id"), {"id": category})

    plan = plan_of(volume, call)
    assert "ix_materials_tenant_id_category_id" in plan
    assert "Seq Scan" not in plan


@pytest.mark.parametrize(("condition", "index"), [
    ("parent_id is null", "uq_categories_tenant_id_name_top"),
    ("parent_id = app.uuid7()", "uq_categories_tenant_id_parent_id_name"),
])  # fmt: skip
def test_the_categories_of_a_parent_come_by_name(volume: Volume, condition: str, index: str) -> None:
    condition = condition.replace("app.uuid7()", "'01989898-0000-7000-8000-000000000000'")
    query = text(f"select id from catalog.categories where {condition} order by name")
    plan = plan_of(volume, lambda s: s.execute(query))
    assert f"using {index}" in plan
    assert "Sort" not in plan


MARCH = (dt.date(2026, 3, 30), dt.date(2026, 4, 3))
STATISTICS: dict[str, tuple[Callable[[TenantSession], Any], str]] = {
    "by day": (lambda s: usage_by_day(s, *MARCH), "y2026m03_pkey"),
    "the top": (lambda s: top_materials(s, *MARCH), "y2026m03_pkey"),
    "of a material": (lambda s: usage_of_material(s, UUID(int=1), *MARCH), "y2026m03_tenant_id_material_id_day"),
}


@pytest.mark.parametrize(("call", "index"), STATISTICS.values(), ids=STATISTICS)
def test_statistics_read_the_months_of_the_period_and_no_others(
    volume: Volume, call: Callable[[TenantSession], Any], index: str
) -> None:
    plan = plan_of(volume, call)
    assert set(re.findall(r"usage_statistics_(y\d+m\d+)(?= )", plan)) == {"y2026m03", "y2026m04"}
    assert f"usage_statistics_{index}" in plan
    assert "usage_statistics_default" not in plan
    assert "Seq Scan on usage_statistics_y" not in plan
