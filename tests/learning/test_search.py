"""Courses by words, keywords by letters, chapters by factors; keys of a cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from learning.conftest import Lesson
from sqlalchemy import text
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.errors import UnboundTransaction
from app_db.learning import cache_key, find_chapters, search_courses, search_keywords
from app_db.models import ChapterComplexity, Course, Keyword
from app_db.session import Database

pytestmark = PLUGIN_ON_18

TITLES = {
    "Основы ботаники": "листья и корни",
    "Ботаника для врачей": "",
    "Introduction to botany": "leaves and roots",
    "Algebra": "the roots of an equation",
}


@pytest.fixture
def anna(app_db: Database, tenant: UUID) -> UUID:
    """A person with courses, in a tenant where another person has one on the same."""
    person = uuid7()
    with app_db.tenant(tenant, user_id=person) as session:
        session.add_all(Course(title=title, description=description) for title, description in TITLES.items())
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(Course(title="Botany of somebody else, ботаника"))
    return person


@pytest.mark.parametrize(
    ("words", "titles"),
    [
        ("ботанику", ["Основы ботаники", "Ботаника для врачей"]),
        ("листьями", ["Основы ботаники"]),
        ("root", ["Introduction to botany", "Algebra"]),
        ("root -equations", ["Introduction to botany"]),
        ('"roots of an equation"', ["Algebra"]),
        ("", []),
        ("\0", []),
        ("'; drop table learning.courses; --", []),
        ("nothing", []),
    ],
)
def test_a_person_finds_the_own_courses_by_words_in_any_form(
    app_db: Database, tenant: UUID, anna: UUID, words: str, titles: list[str]
) -> None:
    with app_db.tenant(tenant, user_id=anna) as session:
        assert sorted(hit.title for hit in search_courses(session, words)) == sorted(titles)


def test_pages_of_courses_follow_each_other(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add_all(Course(title="Botany " * (number % 3 + 1)) for number in range(10))
        session.flush()
        hits = search_courses(session, "botany")
        assert len(hits) == 10
        assert [(-hit.rank, hit.id) for hit in hits] == sorted((-hit.rank, hit.id) for hit in hits)
        pages = search_courses(session, "botany", limit=3)
        while more := search_courses(session, "botany", limit=3, after=pages[-1]):
            pages += more
        assert pages == hits


def test_of_another_person_only_the_tenants_administrator_finds_courses(
    app_db: Database, tenant: UUID, other_tenant: UUID, anna: UUID
) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        assert search_courses(session, "botany", person=anna) == []
    with app_db.tenant(tenant) as session:
        assert search_courses(session, "botany", person=anna) == []
    with app_db.tenant_admin(tenant) as session:
        assert [hit.title for hit in search_courses(session, "botany", person=anna)] == ["Introduction to botany"]
    with app_db.tenant_admin(other_tenant) as session:
        assert search_courses(session, "botany", person=anna) == []


@pytest.fixture
def words(app_db: Database, tenant: UUID, other_tenant: UUID, make_lesson: Callable[..., Lesson]) -> None:
    terms = ["Photosynthesis", "Photon", "photograph", "Фотосинтез", "Differential equation", "100% pure", "a_b"]
    for of in (tenant, other_tenant):
        lesson = make_lesson(of=of)
        with app_db.tenant(of) as session:
            session.add_all(Keyword(course_id=lesson.course, term=term) for term in terms)


@pytest.mark.usefixtures("words")
@pytest.mark.parametrize(
    ("typed", "match", "terms"),
    [
        ("phot", "prefix", ["photograph", "Photon", "Photosynthesis"]),
        ("PHOTOS", "prefix", ["Photosynthesis"]),
        ("  photon ", "prefix", ["Photon"]),
        ("фотоС", "prefix", ["Фотосинтез"]),
        ("photosintesis", "similar", ["Photosynthesis"]),
        ("equation", "similar", ["Differential equation"]),
        ("фатосинтез", "similar", ["Фотосинтез"]),
        ("100%", "prefix", ["100% pure"]),
        ("a_", "prefix", ["a_b"]),
        ("%", None, []),
        ("", None, []),
        (" \0 ", None, []),
        ("zzzzz", None, []),
    ],
)
def test_keywords_are_found_by_their_letters_or_by_how_they_are_spelled(
    app_db: Database, tenant: UUID, typed: str, match: str | None, terms: list[str]
) -> None:
    with app_db.tenant(tenant) as session:
        hits = search_keywords(session, typed)
    assert [hit.term for hit in hits][: len(terms)] == terms
    assert {hit.match for hit in hits} <= {match}
    assert match == "similar" or len(hits) == len(terms)


@pytest.mark.parametrize("typed", ["leaf", "the leaf of"], ids=["prefix", "similar"])
def test_pages_of_keywords_follow_each_other(
    app_db: Database, tenant: UUID, lesson: Lesson, make_lesson: Callable[..., Lesson], typed: str
) -> None:
    """Also where two have the same letters, in different courses."""
    others = [make_lesson(), make_lesson()]
    with app_db.tenant(tenant) as session:
        for one in others:
            session.add_all(Keyword(course_id=one.course, term=f"Leaf of {number}") for number in range(5))
        session.flush()
        hits = search_keywords(session, typed)
        assert len(hits) >= 10
        assert {hit.match for hit in hits} == {"prefix" if typed == "leaf" else "similar"}
        pages = search_keywords(session, typed, limit=2)
        while more := search_keywords(session, typed, limit=2, after=pages[-1]):
            pages += more
        assert pages == hits


def test_chapters_are_found_by_what_makes_them_hard(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_lesson: Callable[..., Lesson]
) -> None:
    for of in (tenant, other_tenant):
        lesson = make_lesson(of=of)
        with app_db.tenant(of) as session:
            for number, chapter in enumerate(lesson.chapters):
                factors = {"formulas": number > 0, "terms": number}
                values = {"score": number + 1, "reading_level": "high", "model": "m", "factors": factors}
                session.add(ChapterComplexity(chapter_id=chapter, **values))
    with app_db.tenant(other_tenant) as session:
        hits = find_chapters(session, {"formulas": True})
        assert [(hit.chapter_id, hit.score) for hit in hits] == [(lesson.chapters[1], 2), (lesson.chapters[2], 3)]
        assert find_chapters(session, {"formulas": True}, limit=1, after=hits[0]) == hits[1:]
        assert find_chapters(session, {"formulas": "yes"}) == []


@pytest.mark.parametrize("limit", [0, -1, 1001])
@pytest.mark.parametrize("search", [search_courses, search_keywords])
def test_a_limit_out_of_range_is_refused(app_db: Database, tenant: UUID, search: Any, limit: int) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(ValueError, match="1 to 1000"):
        search(session, "x", limit=limit)


@pytest.mark.parametrize(
    "call",
    [
        "find_person('x')",
        "get_course_stats(app.uuid7())",
        "get_progress_summary(app.uuid7())",
        "get_learning_statistics(now(), now())",
        "analyze_feedback(app.uuid7())",
        "search_courses(app.uuid7(), 'x')",
        "search_keywords('x')",
        "find_chapters('{}')",
        "find_duplicate_documents(app.uuid7())",
        "cache_key('x')",
        "require_tenant()",
    ],
)
@pytest.mark.parametrize("who", ["shared", "admin"])
def test_without_a_tenant_each_function_fails(app_db: Database, call: str, who: str) -> None:
    opened = app_db.shared() if who == "shared" else app_db.admin(reason="look", actor="tests")
    with pytest.raises(UnboundTransaction), opened as session:
        session.execute(text(f"select * from learning.{call}"))


def test_every_function_that_an_application_may_call_is_tried_without_a_tenant(app_db: Database) -> None:
    callable_ = text("""
    select p.proname from pg_proc as p where p.pronamespace = 'learning'::regnamespace
    and p.prorettype <> 'trigger'::regtype and has_function_privilege(:role, p.oid, 'execute')
    """)
    mark = next(
        mark
        for mark in test_without_a_tenant_each_function_fails.pytestmark
        if mark.args[0] == "call"  # type: ignore[attr-defined]
    )
    tried = {call.split("(")[0] for call in mark.args[1]}
    with app_db.admin(reason="look", actor="tests") as session:
        names = set(session.scalars(callable_, {"role": app_db._settings.role_prefix + "app_rw"}))
    # what compares two vectors that it is given needs no tenant
    assert names - {"cosine_similarity"} - tried == {name for name in names if name.startswith("find_similar_")}


def test_a_key_holds_the_tenant_and_the_person(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    anna, boris = uuid7(), uuid7()
    keys = set()
    for of, person in ((tenant, anna), (tenant, boris), (other_tenant, anna)):
        with app_db.tenant(of, user_id=person) as session:
            keys.add(cache_key(session, "course_stats", {"course": 1}))
    assert len(keys) == 3
    assert all(str(tenant) in key or str(other_tenant) in key for key in keys)


def test_a_key_of_no_person_is_the_tenants(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    keys = []
    for of, person in ((tenant, uuid7()), (tenant, uuid7()), (tenant, None), (other_tenant, None)):
        with app_db.tenant(of, user_id=person) as session:
            keys.append(cache_key(session, "course_stats", {"course": 1}, of_person=False))
    assert len(set(keys[:3])) == 1
    assert keys[3] != keys[0]


def test_the_same_parts_in_another_order_are_the_same_key_and_others_another_one(
    app_db: Database, tenant: UUID
) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        key = cache_key(session, "k", {"a": 1, "b": [1, 2], "c": "х"})
        assert cache_key(session, "k", {"c": "х", "b": [1, 2], "a": 1}) == key
        others = [
            ("k", {"a": 1, "b": [2, 1], "c": "х"}),
            ("k", {"a": "1", "b": [1, 2], "c": "х"}),
            ("k", None),
            ("k2", {}),
        ]
        assert len({key, *(cache_key(session, kind, parts) for kind, parts in others)}) == 5


@pytest.mark.parametrize("kind", ["", "A", "a:b", "a b", "x" * 64])
def test_a_kind_that_could_be_taken_for_something_else_is_refused(app_db: Database, tenant: UUID, kind: str) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(ValueError, match="small letters"):
        cache_key(session, kind)
    with app_db.tenant(tenant, user_id=uuid7()) as session, pytest.raises(Exception, match="small letters"):
        session.execute(text("select learning.cache_key(:kind)"), {"kind": kind})


def test_a_key_of_a_person_without_one_is_refused(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session, pytest.raises(UnboundTransaction, match="no person"):
        cache_key(session, "course_stats")
