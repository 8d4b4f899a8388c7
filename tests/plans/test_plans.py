"""Queries keep their indexes at volume, under row-level security, as the logins that ask them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from learning import test_plans as of_learning
from plans.naive import NAIVE, OURS, advice_on, naive_tables
from plans.place import IS_FULL, Place, make_place
from plans.queries import ALL, week
from sqlalchemy import func, select, text

from app_db.catalog import search_materials, usage_by_day
from app_db.models import Material
from app_db.server import EmbeddedServer

# unique ones, which serve no query of their own yet refuse a second row, and one that counts: tests/catalog and
# tests/learning have them
KEPT_BY_OTHERS = (
    "uq_categories_tenant_id_parent_id_name", "uq_categories_tenant_id_name_top",
    "ix_keywords_tenant_id_course_id_embedded",
)  # fmt: skip
# fewer rows than that are read from one end to the other, and rightly
FEW = 5_000


@pytest.fixture(scope="module")
def place(server_18: EmbeddedServer) -> Iterator[Place]:
    with make_place(server_18) as made:
        yield made


@pytest.fixture(scope="module")
def many(place: Place) -> set[str]:
    """The tables that have many rows."""
    query = f"select relname from pg_class where relkind = 'r' and reltuples > {FEW}"
    return {name for (name,) in place.rows(query)}


@pytest.mark.parametrize("name", ALL)
def test_a_query_is_read_by_its_indexes_and_no_large_table_as_a_whole(place: Place, many: set[str], name: str) -> None:
    query = ALL[name]
    plans = query.ask(place)
    for index, words in query.indexes.items():
        conditions = plans.conditions(index)
        assert any(all(word in condition for word in words) for condition in conditions), (
            f"{index} by {words} is not in {plans.in_short()}"
        )
    assert plans.scanned() & many == set()


def test_statistics_of_a_week_are_read_from_one_partition(place: Place) -> None:
    with place.tenant() as (session, plans):
        usage_by_day(session, *week())
    assert plans.relations("usage_statistics") == {f"usage_statistics_y{week()[0]:%Y}m{week()[0]:%m}"}


def test_a_year_of_statistics_is_read_from_its_partitions_and_no_other(place: Place) -> None:
    start = week()[0].replace(day=1)
    with place.tenant() as (session, plans):
        usage_by_day(session, start, start.replace(year=start.year + 1))
    read = plans.relations("usage_statistics_y")
    assert f"usage_statistics_y{start:%Y}m{start:%m}" in read
    assert not any(name < f"usage_statistics_y{start:%Y}m{start:%m}" for name in read)


def test_ranking_the_most_common_word_reads_a_part_of_a_large_tenant(place: Place) -> None:
    """The newest 5,000 matches at most: with a million materials one word matches 36,000 of the tenant's 300,000."""
    with place.tenant() as (session, plans):
        own = session.scalar(select(func.count()).select_from(Material)) or 0
        plans.nodes.clear()
        assert len(search_materials(session, "кирпич")) == 20
    assert plans.most_rows("materials") < (own / 2 if IS_FULL else own + 1)


def test_under_a_policy_words_and_spelling_are_filters_so_there_are_functions(place: Place) -> None:
    """What the functions are for: the same conditions, asked as the application's login, read all of the tenant's."""
    naive = {
        "ix_materials_tenant_id_search": "search @@ to_tsquery('pg_catalog.russian', 'гидрант')",
        "ix_materials_tenant_id_name": "name operator(extensions.%>) 'гидарнт'",
    }
    for index, condition in naive.items():
        with place.tenant() as (session, plans):
            session.execute(text(f"select id from catalog.materials where {condition}")).all()
            own = session.scalar(select(func.count()).select_from(Material)) or 0
        assert not any("@@" in found or "%>" in found for found in plans.conditions(index))
        assert plans.most_rows("materials") >= own


def test_every_index_of_catalog_and_learning_has_its_query(place: Place) -> None:
    """By name, so that a new index without one is found, and one that is gone."""
    names = {name for (name,) in place.rows(
        "select c.relname from pg_class as c join pg_index as i on i.indexrelid = c.oid "
        "where c.relnamespace in ('catalog'::regnamespace, 'learning'::regnamespace) and not c.relispartition"
    )}  # fmt: skip
    told = {index for query in ALL.values() for index in query.indexes}
    told |= {*of_learning.OWN, *of_learning.ADMINISTRATORS, *of_learning.INSIDE}
    # a row by its key is read alike in every table
    keys = {name for name in names if name.startswith("pk_")}
    assert names - keys - told == {"uq_materials_tenant_id_code", *KEPT_BY_OTHERS}
    assert told - names == {"uq_users_email_key", "uq_memberships_tenant_id_user_id"}


def test_a_query_that_lost_its_index_would_be_seen(place: Place, many: set[str]) -> None:
    """What these tests look for is there when the planner may use no index."""
    with place.tenant() as (session, plans):
        for way in ("indexscan", "indexonlyscan", "bitmapscan"):
            session.execute(text(f"set local enable_{way} = off"))
        search_materials(session, "гидрант")
    assert plans.conditions("ix_materials_tenant_id_search") == []
    assert plans.scanned() & many == {"materials"}


@pytest.fixture(scope="module")
def naive(place: Place) -> Iterator[Place]:
    with naive_tables(place):
        yield place


@pytest.mark.parametrize("name", NAIVE)
def test_the_naive_form_of_a_search_is_told_its_remedy(naive: Place, name: str) -> None:
    statement, remedy = NAIVE[name]
    (advice,) = advice_on(naive, statement)
    assert advice.remedy.name == remedy
    assert advice.loss.ratio >= 2


def test_on_our_forms_there_is_no_advice(naive: Place) -> None:
    assert advice_on(naive, *OURS) == []
