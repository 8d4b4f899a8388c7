"""A search finds the word that is being typed and the misspelled one, on a shelf, at a price, page by page."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from catalog.shelves import MATERIALS, Shelves, fill
from sqlalchemy import text

from app_db.catalog import Cursor, PriceCursor, list_materials, search_materials
from app_db.engine import NO_TENANT, PoolFigures, bound_to, pooled_engine
from app_db.errors import PermissionDenied
from app_db.migrations import change_schema
from app_db.models import Material
from app_db.session import Database
from app_db.settings import Settings

HITS = {
    "the beginning of a word": ("кирп", {"K-1", "K-2", "K-3", "K-4"}, "words"),
    "two letters": ("це", {"C-1"}, "words"),
    "the last word only": ("кирпич огн", {"K-3"}, "words"),
    "an English one": ("oak pl", {"W-1"}, "words"),
    "the beginning of a code": ("k-", {"K-1", "K-2", "K-3", "K-4"}, "words"),
    "a code in small letters": ("k-3", {"K-3"}, "words"),
    "letters that changed places": ("кирпчи", {"K-1", "K-2", "K-3", "K-4"}, "similar"),
    "a wrong letter": ("цимент", {"C-1"}, "similar"),
    "a letter that is missing": ("огнупорный", {"K-3"}, "similar"),
    "an English one, misspelled": ("oak plnak", {"W-1"}, "similar"),
}
NOTHING = ["к", '"кирп"', "огнеупорный цемент -", "-oak plank", "кирпич -кирпичи", '"цимент"',
           "цимент -огнеупорный", "жжжжжж", "%", "_", "к%", "\\", "'", "к:*", "()", "x" * 5000]  # fmt: skip


@pytest.fixture
def shelves(app_db: Database, tenant: UUID) -> Shelves:
    return fill(app_db, tenant)


def codes(db: Database, tenant: UUID, query: str, **options: Any) -> set[str]:
    with db.tenant(tenant) as session:
        return {hit.code for hit in search_materials(session, query, **options)}


@pytest.mark.parametrize(("query", "expected", "matched"), HITS.values(), ids=HITS)
def test_it_is_found(
    app_db: Database, tenant: UUID, shelves: Shelves, query: str, expected: set[str], matched: str
) -> None:
    with app_db.tenant(tenant) as session:
        hits = search_materials(session, query)
    assert expected <= {hit.code for hit in hits}
    assert {hit.matched for hit in hits} == {matched}
    if matched == "words":
        assert expected == {hit.code for hit in hits}
    else:
        assert hits[0].code in expected


@pytest.mark.parametrize("query", NOTHING)
def test_nothing_is_found_by_what_is_no_word_that_is_there(
    app_db: Database, tenant: UUID, shelves: Shelves, query: str
) -> None:
    assert codes(app_db, tenant, query) == set()


def test_similar_names_are_offered_only_where_words_find_nothing(
    app_db: Database, tenant: UUID, shelves: Shelves
) -> None:
    with app_db.tenant(tenant) as session:
        session.add(Material(code="X-1", name="Кирпчи", unit="pcs", price_minor=1))
    assert codes(app_db, tenant, "кирпчи") == {"X-1"}


def test_an_exact_code_comes_before_one_that_begins_so(app_db: Database, tenant: UUID, shelves: Shelves) -> None:
    with app_db.tenant(tenant) as session:
        session.add(Material(code="K-10", name="Кирпич", description="K-1 K-1", unit="pcs", price_minor=1))
    with app_db.tenant(tenant) as session:
        assert [hit.code for hit in search_materials(session, "k-1")] == ["K-1", "K-10"]


@pytest.mark.parametrize(("shelf", "expected"), [
    ("walls", {"K-1", "K-2", "K-3", "K-4"}), ("bricks", {"K-1", "K-2", "K-3", "K-4"}), ("fire", {"K-3"}),
    ("dry", set()),
])  # fmt: skip
@pytest.mark.parametrize("query", ["кирпич", "кирпчи"])
def test_a_category_stands_for_all_below_it(
    app_db: Database, tenant: UUID, shelves: Shelves, query: str, shelf: str, expected: set[str]
) -> None:
    assert codes(app_db, tenant, query, category=getattr(shelves, shelf)) == expected


def test_a_category_that_is_not_there_or_another_tenants_holds_nothing(
    app_db: Database, tenant: UUID, other_tenant: UUID, shelves: Shelves
) -> None:
    theirs = fill(app_db, other_tenant)
    for category in (uuid4(), theirs.walls):
        assert codes(app_db, tenant, "кирпич", category=category) == set()
        with app_db.tenant(tenant) as session:
            assert list_materials(session, "RUB", category=category) == []


@pytest.mark.parametrize(("options", "expected"), [
    ({"currency": "EUR"}, {"K-4"}),
    ({"currency": "RUB", "min_price": 3500}, {"K-1", "K-3"}),
    ({"currency": "RUB", "max_price": 3500}, {"K-1", "K-2"}),
    ({"currency": "RUB", "min_price": 2101, "max_price": 8999}, {"K-1"}),
    ({"currency": "USD"}, set()),
])  # fmt: skip
def test_prices_are_of_one_currency_and_both_ends_are_included(
    app_db: Database, tenant: UUID, shelves: Shelves, options: dict[str, Any], expected: set[str]
) -> None:
    assert codes(app_db, tenant, "кирпич", **options) == expected
    assert codes(app_db, tenant, "кирпчи", **options) == expected


@pytest.mark.parametrize(("options", "words"), [
    ({"min_price": 1}, "currency"), ({"max_price": 1}, "currency"),
    ({"currency": "RUB", "min_price": 2, "max_price": 1}, "lower one"),
])  # fmt: skip
def test_prices_that_say_nothing_are_refused(
    app_db: Database, tenant: UUID, options: dict[str, Any], words: str
) -> None:
    with app_db.tenant(tenant) as session, pytest.raises(ValueError, match=words):
        search_materials(session, "кирпич", **options)


@pytest.mark.parametrize("query", ["кирпич", "кирпчи"])
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_are_the_whole_in_order_and_nothing_twice(
    app_db: Database, tenant: UUID, shelves: Shelves, query: str, limit: int
) -> None:
    with app_db.tenant(tenant) as session:
        session.add_all(Material(code=f"S-{n}", name="Кирпич", unit="pcs", price_minor=n) for n in range(5))
    with app_db.tenant(tenant) as session:
        whole = [hit.code for hit in search_materials(session, query)]
        pages: list[str] = []
        after = None
        while page := search_materials(session, query, limit=limit, after=after):
            pages += [hit.code for hit in page]
            after = Cursor.parse(str(page[-1].cursor))
            # who comes later than the first page is not looked at
            session.add(Material(code=f"L-{len(pages)}", name="Кирпич", unit="pcs", price_minor=1))
            session.flush()
    assert pages == whole
    assert len(whole) == 9


def test_a_page_after_the_last_by_words_does_not_begin_with_similar_ones(
    app_db: Database, tenant: UUID, shelves: Shelves
) -> None:
    with app_db.tenant(tenant) as session:
        last = search_materials(session, "цемент")[-1]
        assert search_materials(session, "цемент", after=last.cursor) == []


def test_the_threshold_of_the_callers_transaction_is_as_it_was(
    app_db: Database, tenant: UUID, shelves: Shelves
) -> None:
    shown = text("select current_setting('pg_trgm.word_similarity_threshold', true)")
    with app_db.tenant(tenant) as session:
        assert search_materials(session, "кирпчи")
        assert session.scalar(shown) == "0.6"
        session.execute(text("set local pg_trgm.word_similarity_threshold = 0.9"))
        assert search_materials(session, "кирпчи")
        assert session.scalar(shown) == "0.9"


def test_the_list_by_price_goes_on_page_by_page(app_db: Database, tenant: UUID, shelves: Shelves) -> None:
    with app_db.tenant(tenant) as session:
        session.add_all(Material(code=f"S-{n}", name="Sand", unit="kg", price_minor=2100) for n in range(3))
    with app_db.tenant(tenant) as session:
        whole = [one.code for one in list_materials(session, "RUB")]
        pages: list[str] = []
        after = None
        while page := list_materials(session, "RUB", limit=2, after=after):
            pages += [one.code for one in page]
            after = PriceCursor.parse(str(PriceCursor.of(page[-1])))
    assert pages == whole
    assert sorted(whole) == sorted(["S-0", "S-1", "S-2", *(row[0] for row in MATERIALS if row[4] == "RUB")])


def test_the_list_by_price_is_narrowed_down(app_db: Database, tenant: UUID, shelves: Shelves) -> None:
    with app_db.tenant(tenant) as session:
        narrow = list_materials(session, "RUB", category=shelves.walls, min_price=2100, max_price=3500)
        assert [one.code for one in narrow] == ["K-2", "K-1"]
        with pytest.raises(ValueError, match="1 to 1000"):
            list_materials(session, "RUB", limit=0)


def test_another_tenants_materials_are_in_no_list_and_no_search(
    app_db: Database, tenant: UUID, other_tenant: UUID, shelves: Shelves
) -> None:
    for query in ("кирп", "кирпчи", "k-1"):
        assert codes(app_db, other_tenant, query) == set()
    with app_db.tenant(other_tenant) as session:
        assert list_materials(session, "RUB") == []


WORDS = "catalog.materials_by_words(uuid, text, integer, uuid[], text, bigint, bigint, real, uuid, uuid)"
FIND = "catalog.find_materials(text, integer, uuid, text, bigint, bigint, text, real, uuid, uuid)"


@pytest.mark.app_db("fresh")
def test_without_its_filters_the_search_would_return_other_tenants_materials(
    app_db: Database, app_db_settings: Settings, tenant: UUID, other_tenant: UUID
) -> None:
    fill(app_db, other_tenant)
    fill(app_db, tenant)
    assert len(codes(app_db, tenant, "цемент", limit=100)) == 1

    def unfilter() -> None:
        from alembic import op

        for function, filters in ((WORDS, "m.tenant_id = tenant and "), (FIND, "m.tenant_id = tenant and ")):
            source = op.get_bind().exec_driver_sql(f"select pg_get_functiondef('{function}'::regprocedure)").scalar()
            assert filters in source
            op.get_bind().exec_driver_sql(source.replace(filters, "").replace("%", "%%"))

    change_schema(app_db_settings, unfilter)
    with app_db.tenant(tenant) as session:
        assert len(search_materials(session, "цемент", limit=100)) == 2


@pytest.mark.app_db("commit")
@pytest.mark.parametrize("call", [
    "select * from catalog.find_materials('x', 1)",
    "select * from catalog.materials_by_words(null, 'x', 1, null, null, null, null, null, null, null)",
    "select * from catalog.materials_by_similarity(null, 'x', 1, null, null, null, null, null, null, null)",
    "select catalog.typed_query('x')",
    "select catalog.category_and_below(null)",
])  # fmt: skip
def test_the_auth_login_may_call_none_of_it(app_db: Database, app_db_settings: Settings, call: str) -> None:
    assert app_db_settings.auth_url is not None
    engine = pooled_engine(app_db_settings.auth_url, PoolFigures(pool_size=1), application_name="t", needs_tenant=True)
    with bound_to(engine, NO_TENANT).connect() as connection, pytest.raises(PermissionDenied):
        connection.execute(text(call))
    engine.dispose()


@pytest.mark.parametrize("function", ["materials_by_words", "materials_by_similarity"])
def test_nobody_reaches_past_the_search_for_a_tenant_of_his_choice(
    app_db: Database, tenant: UUID, other_tenant: UUID, function: str
) -> None:
    fill(app_db, other_tenant)
    call = f"select * from catalog.{function}(:theirs, 'кирпич', 9, null, null, null, null, null, null, :theirs)"
    with pytest.raises(PermissionDenied), app_db.tenant(tenant) as session:
        session.execute(text(call), {"theirs": other_tenant})
