"""Our own schema and what our services send are silent; what one would write in place of a search is found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from isolation.advise.planted import LARGE, Planted
from sqlalchemy import event, select

from app_db.catalog import list_materials, record_usage, search_materials, top_materials, usage_by_day
from app_db.isolation.advise import advise_indexes, advise_statements
from app_db.isolation.advise.catalogue import Catalogue
from app_db.learning import (
    course_statistics,
    find_chapters,
    find_duplicate_documents,
    find_person,
    find_similar_documents,
    find_similar_keywords,
    progress_summary,
    search_courses,
    search_keywords,
)
from app_db.models import Category, Course, Keyword, Material, Membership, UserProfile
from app_db.session import TenantSession

Call = Callable[[TenantSession], Any]
MARCH = (dt.date(2026, 3, 1), dt.date(2026, 3, 8))
CATALOG: list[Call] = [
    lambda s: search_materials(s, "гидр"),
    lambda s: search_materials(s, "цимент"),
    lambda s: list_materials(s, "RUB", min_price=100, max_price=5_000),
    lambda s: s.scalars(select(Material).order_by(Material.created_at.desc(), Material.id.desc()).limit(50)).all(),
    lambda s: s.scalars(select(Material).where(Material.code == "M-7")).all(),
    lambda s: s.scalars(select(Category).where(Category.parent_id.is_(None)).order_by(Category.name)).all(),
    lambda s: s.scalars(select(Membership).where(Membership.user_id == UUID(int=7))).all(),
    lambda s: usage_by_day(s, *MARCH),
    lambda s: top_materials(s, *MARCH),
    lambda s: record_usage(s, s.scalars(select(Material.id).limit(1)).one()),
]
LEARNING: list[Call] = [
    lambda s: search_courses(s, "ботаника"),
    lambda s: search_keywords(s, "лист"),
    lambda s: find_chapters(s, {"n": 7}),
    lambda s: find_person(s, "subject-7"),
    lambda s: find_duplicate_documents(s, UUID(int=7)),
    lambda s: find_similar_documents(s, [0.1] * 768),
    lambda s: find_similar_keywords(s, [0.1] * 768),
    lambda s: course_statistics(s, UUID(int=7)),
    progress_summary,
    lambda s: s.scalars(select(Course).order_by(Course.created_at.desc(), Course.id.desc()).limit(20)).all(),
    lambda s: s.scalars(select(Keyword).where(Keyword.term_key == "лист")).all(),
    lambda s: s.scalars(select(UserProfile)).all(),
]
NAIVE = {
    "a rare word": "search @@ websearch_to_tsquery('pg_catalog.russian', 'гидрант')",
    "the most common word": "search @@ websearch_to_tsquery('pg_catalog.russian', 'цемент')",
    "a typing error": "name operator(extensions.%>) 'гидарнт'",
}


def sent_by(planted: Planted, calls: list[Call]) -> list[str]:
    """Return what the calls send, as it is sent."""
    sent: list[str] = []

    def note(_conn: Any, cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        sent.append(cursor.mogrify(statement, parameters).decode())

    for call in calls:
        with planted.db.tenant(LARGE, user_id=UUID(int=7)) as session:
            connection = session.connection()
            event.listen(connection, "before_cursor_execute", note)
            with suppress(LookupError):  # there is no such course
                call(session)
            session.rollback()
    return sent


def test_our_own_schema_is_silent(planted: Planted) -> None:
    with planted.comparison(schemas=()) as comparison:
        keys = comparison.catalogue.keys
        comparison.catalogue.keys = [key for key in keys if key.schema not in {"planted", "plain"}]
        report = advise_indexes(comparison)
    assert len(comparison.catalogue.keys) > 100
    assert (report.advice, report.undecided) == ([], [])


def test_it_is_not_silent_for_want_of_indexes(planted: Planted, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Catalogue, "_is_read_by_function", lambda *_: False)
    with planted.comparison(schemas=("catalog",)) as comparison:
        report = advise_indexes(comparison)
    assert {one.index for one in report.advice + report.undecided} == {
        "catalog.ix_materials_tenant_id_search", "catalog.ix_materials_tenant_id_name",
        "catalog.ix_materials_tenant_id_lower_code",
    }  # fmt: skip


def test_what_the_catalogue_sends_is_silent(planted: Planted) -> None:
    sent = sent_by(planted, CATALOG)
    assert len(sent) > len(CATALOG)
    with planted.comparison(schemas=("catalog", "tenancy"), analyze=True) as comparison:
        report = advise_statements(comparison, sent)
    assert (report.advice, report.undecided, report.skipped) == ([], [], {})


@pytest.mark.parametrize("server", ["18"], indirect=True)
def test_what_learning_sends_is_silent(planted: Planted) -> None:
    sent = sent_by(planted, LEARNING)
    assert len(sent) >= len(LEARNING)
    with planted.comparison(schemas=("learning",), analyze=True) as comparison:
        report = advise_statements(comparison, sent)
    assert (report.advice, report.undecided, report.skipped) == ([], [], {})


@pytest.mark.parametrize("condition", NAIVE.values(), ids=NAIVE)
def test_the_naive_form_of_a_search_is_told_the_function_that_there_is(planted: Planted, condition: str) -> None:
    statement = f"select id from catalog.materials where {condition} order by id limit 20"
    (advice,) = planted.statement(statement, schemas=("catalog",), analyze=True).advice
    assert advice.remedy.name == "existing-function"
    assert "catalog.find_materials" in advice.remedy.title
    assert advice.loss.rows is not None
    with_policy, without = advice.loss.rows
    assert with_policy >= 2 * without
