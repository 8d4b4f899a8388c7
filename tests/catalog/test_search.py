from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text
from support import make_tenant

from app_db.catalog import MaterialRow, add_materials, search_materials
from app_db.engine import NO_TENANT, PoolFigures, admin_engine, bound_to, pooled_engine
from app_db.errors import PermissionDenied, UnboundTransaction, UniqueViolation
from app_db.session import Database
from app_db.settings import Settings


def row(code: str, name: str, description: str = "") -> MaterialRow:
    return MaterialRow(code, name, description, "pcs", 100, "RUB")


CATALOG = [
    row("K-1", "Кирпич керамический лицевой"),
    row("K-2", "Кирпичи пустотелые", "для лицевой кладки"),
    row("C-1", "Цемент М500", "вяжущее для кирпичной кладки"),
    row("B-1", "Facing bricks", "for walls"),
    row("B-2", "Brick cutter", "a tool"),
]


@pytest.fixture
def catalog(app_db: Database, tenant: UUID) -> UUID:
    with app_db.tenant(tenant) as session:
        add_materials(session, CATALOG)
    return tenant


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        ("кирпича", ["K-1", "K-2"]),
        ("КИРПИЧАМИ лицевыми", ["K-1", "K-2"]),
        ("кирпич -пустотелый", ["K-1"]),
        ('"керамический лицевой"', ["K-1"]),
        ("цемент or керамический", ["C-1", "K-1"]),
        ("brick", ["B-1", "B-2"]),
        ("walls bricks", ["B-1"]),
        ("K-1", ["K-1"]),
        ("дворец", []),
        ("и", []),
        ("", []),
        ("'; drop table catalog.materials; --", []),
        ("\0кирпича\0", ["K-1", "K-2"]),
        ("& | ! ( ) :* <->", []),
    ],
)
def test_words_are_found_in_any_form_in_both_languages(
    app_db: Database, catalog: UUID, words: str, codes: list[str]
) -> None:
    with app_db.tenant(catalog) as session:
        assert sorted(hit.code for hit in search_materials(session, words)) == sorted(codes)


def test_a_word_in_the_name_ranks_above_one_in_the_description(app_db: Database, catalog: UUID) -> None:
    with app_db.tenant(catalog) as session:
        hits = search_materials(session, "кладка or кладки or лицевой")
    assert hits[0].code == "K-1"
    assert [hit.rank for hit in hits] == sorted((hit.rank for hit in hits), reverse=True)


def test_a_search_finds_nothing_of_another_tenants(app_db: Database, catalog: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(other_tenant) as session:
        assert search_materials(session, "кирпич") == []


def test_a_search_without_a_tenant_is_refused(app_db: Database, catalog: UUID) -> None:
    with app_db.shared() as session, pytest.raises(UnboundTransaction, match=r"db.tenant\(tenant_id\)"):
        search_materials(session, "кирпич")  # type: ignore[arg-type]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(app_db: Database, catalog: UUID, limit: int) -> None:
    with app_db.tenant(catalog) as session, pytest.raises(ValueError, match="1 to 1000"):
        search_materials(session, "кирпич", limit=limit)


def test_a_limit_holds(app_db: Database, catalog: UUID) -> None:
    with app_db.tenant(catalog) as session:
        assert len(search_materials(session, "кирпич", limit=1)) == 1


def test_the_search_uses_the_index_that_leads_with_the_tenant(own_db: Database, own_settings: Settings) -> None:
    """As app_definer, who runs it: under a policy the same condition is a filter, as the comparison shows."""
    tenants = [make_tenant(own_db) for _ in range(3)]
    for tenant in tenants:
        with own_db.tenant(tenant) as session:
            add_materials(session, [row(f"N-{number}", f"Доска {number}") for number in range(3000)])
            add_materials(session, CATALOG)
    found = "search @@ websearch_to_tsquery('pg_catalog.russian', 'кирпич')"
    query = f"explain (costs off) select id from catalog.materials where tenant_id = '{tenants[0]}' and {found}"
    assert own_settings.migration_url is not None
    with admin_engine(own_settings.migration_url).connect() as connection:
        connection.exec_driver_sql("analyze catalog.materials")
        connection.exec_driver_sql(f"set local role {own_settings.role_prefix}app_definer")
        plan = "\n".join(connection.exec_driver_sql(query).scalars())
    condition = plan[plan.index("on ix_materials_tenant_id_search") :]
    assert "tenant_id = " in condition
    assert "search @@" in condition
    with own_db.tenant(tenants[0]) as session:
        naive = "\n".join(session.scalars(text(query)))
    assert "ix_materials_tenant_id_search" not in naive or "Filter: (search @@" in naive


@pytest.mark.app_db("commit")
def test_the_auth_login_may_not_search(app_db: Database, app_db_settings: Settings) -> None:
    assert app_db_settings.auth_url is not None
    engine = pooled_engine(app_db_settings.auth_url, PoolFigures(pool_size=1), application_name="t", needs_tenant=True)
    with bound_to(engine, NO_TENANT).connect() as connection, pytest.raises(PermissionDenied):
        connection.execute(text("select * from catalog.search_materials('x')"))
    engine.dispose()


def test_a_catalogue_is_added_as_a_whole_or_not_at_all(app_db: Database, catalog: UUID) -> None:
    told: list[int] = []
    rows = [row(f"N-{number}", "New") for number in range(1500)]
    with pytest.raises(UniqueViolation), app_db.tenant(catalog) as session:
        add_materials(session, [*rows, CATALOG[0]], progress=told.append)
    with app_db.tenant(catalog) as session:
        assert session.scalar(text("select count(*) from catalog.materials")) == len(CATALOG)
    assert told == [1000]
    with app_db.tenant(catalog) as session:
        assert add_materials(session, rows) == 1500
