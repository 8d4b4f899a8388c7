"""Searches by a vector: near ones of the own tenant, all of them, whoever else's are nearer."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DataError
from support import PLUGIN_ON_18
from uuid_utils.compat import uuid7

from app_db.engine import admin_engine
from app_db.errors import CheckViolation, PermissionDenied, UnboundTransaction
from app_db.learning import SimilarDocument, find_similar_documents, find_similar_keywords
from app_db.models import Course, CourseDocument, Keyword
from app_db.session import Database, TenantSession
from app_db.settings import Settings

# the system's PostgreSQL 15 has no pgvector, so no service learning
pytestmark = PLUGIN_ON_18

# vectors that lean away from the first axis towards the second, a little more with each row
_ADD = text("""
insert into learning.processed_documents (document_id, part, content, tokens, model, embedding)
select :document, n, 'part ' || n, 1, 'm', (
  select array_agg(case i when 1 then 1 when 2 then :lean + n * :step else 0 end order by i)
  from generate_series(1, 768) as i
)::extensions.vector
from generate_series(1, :count) as n
""")
_SCANS = text("select pg_stat_get_xact_numscans(to_regclass('learning.ix_processed_documents_embedding'))")
_FIND = text(
    "select * from learning.find_similar_documents(cast(:embedding as extensions.vector), :limit, :threshold, "
    "after_distance => :distance, after_id => :after, exact_up_to => :exact)"
)
ALL = 1000


def axis(number: int = 0, value: float = 1.0) -> list[float]:
    return [value if place == number else 0.0 for place in range(768)]


def add_course(session: TenantSession) -> UUID:
    course = Course(title="Botany")
    session.add(course)
    session.flush()
    return course.id


def add_parts(
    session: TenantSession, count: int, *, lean: float = 0.0, step: float = 0.001, course: UUID | None = None
) -> UUID:
    """Add vectors near the first axis, further away one after the other; returns the course."""
    course = course or add_course(session)
    document = CourseDocument(course_id=course, title="Leaves", kind="pdf", source_uri="s3://a")
    session.add(document)
    session.flush()
    session.execute(_ADD, {"document": document.id, "count": count, "lean": lean, "step": step})
    return course


def of(db: Database, tenant: UUID) -> Any:
    return db.tenant(tenant, user_id=uuid7())


def parts(hits: Sequence[SimilarDocument]) -> list[int]:
    return [hit.part for hit in hits]


def index_scans(session: TenantSession) -> int:
    found: int = session.scalars(_SCANS).one()
    return found


@pytest.fixture
def crowded(app_db: Database, tenant: UUID, other_tenant: UUID) -> UUID:
    """The tenant, with 20 vectors behind 400 of somebody else's; 200 is what a first look at the index returns."""
    with of(app_db, other_tenant) as session:
        add_parts(session, 400, step=0.005)
    with of(app_db, tenant) as session:
        add_parts(session, 20, lean=3.0, step=0.05)
    return tenant


def test_few_candidates_are_compared_one_by_one(app_db: Database, tenant: UUID) -> None:
    with of(app_db, tenant) as session:
        add_parts(session, 30)
        before = index_scans(session)
        assert parts(find_similar_documents(session, axis(), limit=5)) == [1, 2, 3, 4, 5]
        assert index_scans(session) == before


def test_many_candidates_are_found_by_the_index_and_compared_again(app_db: Database, tenant: UUID) -> None:
    with of(app_db, tenant) as session:
        add_parts(session, 60, lean=0.5, step=0.01)
        before = index_scans(session)
        near = find_similar_documents(session, axis(), limit=10, exact_up_to=20)
        assert index_scans(session) == before + 1
        exact = find_similar_documents(session, axis(), limit=10, exact_up_to=ALL)
        assert index_scans(session) == before + 1
    assert len(set(near) & set(exact)) >= 9
    assert near == sorted(near, key=lambda hit: (hit.distance, hit.id))


@pytest.mark.app_db("fresh")
def test_how_many_are_compared_one_by_one_grows_with_the_table_and_the_limit(
    app_db: Database, tenant: UUID, app_db_settings: Settings
) -> None:
    """2 * sqrt(limit * rows), and a small number is no bound for the large one that a caller gives."""
    bound = text("select learning.exact_bound('learning.probe', :limit, :given)")
    assert app_db_settings.migration_url is not None
    with admin_engine(app_db_settings.migration_url).connect() as connection:
        connection.exec_driver_sql("create table learning.probe as select from generate_series(1, 10000)")
        assert connection.scalar(bound, {"limit": 1000, "given": 7}) == 7
        connection.exec_driver_sql("analyze learning.probe")
        assert connection.scalar(bound, {"limit": 1, "given": 7}) == 200
        assert connection.scalar(bound, {"limit": 100, "given": 7}) == 2000
        assert connection.scalar(bound, {"limit": 1, "given": 9000}) == 9000
        connection.rollback()


@pytest.mark.parametrize("exact_up_to", [0, ALL])
def test_a_small_tenant_finds_all_of_its_own_behind_a_crowd_of_others(
    app_db: Database, crowded: UUID, exact_up_to: int
) -> None:
    with of(app_db, crowded) as session:
        hits = find_similar_documents(session, axis(), limit=20, exact_up_to=exact_up_to)
    assert parts(hits) == list(range(1, 21))
    assert min(hit.distance for hit in hits) > 0.6, "the others' would be nearer"


def test_where_the_index_gives_up_all_are_compared(app_db: Database, crowded: UUID) -> None:
    """Its memory is bound by work_mem: a scan that may not go on has seen the crowd, and nothing else."""
    with of(app_db, crowded) as session:
        session.execute(text("set local work_mem = '64kB'"))
        before = index_scans(session)
        hits = find_similar_documents(session, axis(), limit=20, exact_up_to=0)
        assert index_scans(session) == before + 1
    assert parts(hits) == list(range(1, 21))


@pytest.mark.app_db("fresh")
@pytest.mark.parametrize(
    ("guard", "instead", "is_harmed"),
    [
        ("cardinality(near) < result_limit", "false", lambda found: len(found) < 20),
        ("r.tenant_id = tenant and ", "", lambda found: min(hit.distance for hit in found) < 0.6),
    ],
)
def test_without_its_guard_the_search_returns_too_few_or_others(
    app_db: Database, crowded: UUID, app_db_settings: Settings, guard: str, instead: str, is_harmed: Any
) -> None:
    replace(app_db_settings, guard, instead)
    with of(app_db, crowded) as session:
        session.execute(text("set local work_mem = '64kB'"))
        assert is_harmed(find_similar_documents(session, axis(), limit=20, exact_up_to=0))


def replace(settings: Settings, part: str, instead: str) -> None:
    """Put something else into the body of the function."""
    assert settings.migration_url is not None
    with admin_engine(settings.migration_url).begin() as connection:
        name = "learning.find_similar_documents"
        source: str = connection.scalar(text(f"select pg_get_functiondef('{name}'::regproc)"))
        assert part in source
        definer = f"{settings.role_prefix}app_definer"
        connection.exec_driver_sql(f"grant create on schema learning to {definer}")
        connection.exec_driver_sql(f"set local role {definer}")
        connection.exec_driver_sql(source.replace(part, instead).replace("%", "%%"))


@pytest.mark.app_db("fresh")
def test_a_large_tenant_may_have_an_index_of_its_own(
    app_db: Database, crowded: UUID, app_db_settings: Settings
) -> None:
    assert app_db_settings.migration_url is not None
    with admin_engine(app_db_settings.migration_url).begin() as connection:
        definition: str = connection.scalar(
            text("select pg_get_indexdef('learning.ix_processed_documents_embedding'::regclass)")
        )
        own = definition.replace("ix_processed_documents_embedding", "own") + f" where tenant_id = '{crowded}'"
        connection.exec_driver_sql(own)
        connection.exec_driver_sql("analyze learning.processed_documents")
    # more candidates than 2 * sqrt(420 rows)
    with of(app_db, crowded) as session:
        add_parts(session, 60, lean=5.0, step=0.1)
        assert parts(find_similar_documents(session, axis(), limit=1, exact_up_to=0)) == [1]
        assert session.scalar(text("select pg_stat_get_xact_numscans('learning.own'::regclass)")) == 1
        assert index_scans(session) == 0


def test_the_threshold_is_the_least_similarity(app_db: Database, tenant: UUID) -> None:
    with of(app_db, tenant) as session:
        add_parts(session, 12, step=0.1)
        hits = find_similar_documents(session, axis(), limit=12, threshold=-1)
        for exact_up_to in (0, ALL):
            some = find_similar_documents(
                session, axis(), limit=12, threshold=hits[4].similarity, exact_up_to=exact_up_to
            )
            assert parts(some) == [1, 2, 3, 4, 5]
        assert find_similar_documents(session, axis(0, -1), threshold=0.5) == []


def test_similarity_is_that_of_the_function_and_of_the_numbers(app_db: Database, tenant: UUID) -> None:
    similarity = text(
        "select learning.cosine_similarity(embedding, cast(:embedding as extensions.vector)) "
        "from learning.processed_documents"
    )
    with of(app_db, tenant) as session:
        add_parts(session, 1, step=0.75)
        (hit,) = find_similar_documents(session, axis())
        assert session.scalars(similarity, {"embedding": str(axis())}).one() == hit.similarity == 1 - hit.distance
    assert hit.similarity == pytest.approx(0.8)


@pytest.mark.parametrize("exact_up_to", [0, ALL])
def test_pages_return_everything_once_and_in_order(app_db: Database, crowded: UUID, exact_up_to: int) -> None:
    """Rows of the same distance among them, whose ids decide."""
    with of(app_db, crowded) as session:
        add_parts(session, 6, lean=5.0, step=0.0)
        pages: list[list[SimilarDocument]] = [[]]
        while not pages[1:] or pages[-1]:
            last = pages[-1][-1] if pages[-1] else None
            pages.append(find_similar_documents(session, axis(), limit=4, after=last, exact_up_to=exact_up_to))
        hits = [hit for page in pages for hit in page]
        assert hits == find_similar_documents(session, axis(), limit=100, exact_up_to=ALL)
    assert len({hit.id for hit in hits}) == 26
    assert len({hit.distance for hit in hits}) < 26


@pytest.mark.parametrize("exact_up_to", [0, ALL])
def test_a_course_keeps_others_out(app_db: Database, tenant: UUID, other_tenant: UUID, exact_up_to: int) -> None:
    with of(app_db, other_tenant) as session:
        foreign = add_parts(session, 5)
    with of(app_db, tenant) as session:
        add_parts(session, 30)
        course = add_parts(session, 5, lean=1.0, step=0.1)
        hits = find_similar_documents(session, axis(), limit=5, course=course, exact_up_to=exact_up_to)
        assert [hit.distance > 0.2 for hit in hits] == [True] * 5
        for other in (foreign, uuid7(), add_course(session)):
            assert find_similar_documents(session, axis(), course=other, exact_up_to=exact_up_to) == []


def test_rows_that_are_deleted_or_changed_are_not_found_as_they_were(app_db: Database, tenant: UUID) -> None:
    with of(app_db, tenant) as session:
        add_parts(session, 40, step=0.05)
        session.execute(text("delete from learning.processed_documents where part <= 10"))
        away = text(
            "update learning.processed_documents set embedding = cast(:away as extensions.vector) where part = 11"
        )
        session.execute(away, {"away": str(axis(5))})
        for exact_up_to in (0, ALL):
            hits = find_similar_documents(session, axis(), limit=5, exact_up_to=exact_up_to)
            assert parts(hits) == [12, 13, 14, 15, 16]


def test_a_tenant_without_vectors_finds_nothing(app_db: Database, crowded: UUID, make_row: Callable[..., Any]) -> None:
    with of(app_db, make_row.tenant()) as session:  # type: ignore[attr-defined]
        assert find_similar_documents(session, axis(), threshold=-1, exact_up_to=0) == []
        assert find_similar_keywords(session, axis(), threshold=-1) == []


@pytest.mark.parametrize("exact_up_to", [0, ALL])
def test_keywords_are_found_by_what_they_mean_once_they_have_a_vector(
    app_db: Database, tenant: UUID, other_tenant: UUID, exact_up_to: int
) -> None:
    with of(app_db, other_tenant) as session:
        add_keywords(session, {"Mine": axis(0)})
    with of(app_db, tenant) as session:
        first = add_keywords(session, {"Leaf": axis(0), "Root": axis(1), "Stem": None})
        second = add_keywords(session, {"Flower": [1.0, 0.1, *[0.0] * 766]})
        hits = find_similar_keywords(session, axis(0, 7.0), threshold=0.1, exact_up_to=exact_up_to)
        assert [(hit.term, hit.course_id) for hit in hits] == [("Leaf", first), ("Flower", second)]
        assert find_similar_keywords(session, axis(0, 7.0), after=hits[0], exact_up_to=exact_up_to)[0] == hits[1]
        (hit,) = find_similar_keywords(session, axis(), course=second, exact_up_to=exact_up_to)
        assert hit.term == "Flower"


def add_keywords(session: TenantSession, words: dict[str, list[float] | None]) -> UUID:
    course = add_course(session)
    session.add_all([Keyword(course_id=course, term=term, embedding=vector) for term, vector in words.items()])
    session.flush()
    return course


BAD_VECTORS: list[tuple[list[float], str]] = [
    ([], "0 numbers: give the 768"),
    (axis()[:-1], "767 numbers: give the 768"),
    ([*axis(), 1.0], "769 numbers: give the 768"),
    (axis(0, math.nan), "NaN or infinity"),
    (axis(0, -math.inf), "NaN or infinity"),
    (axis(0, 0.0), "norm 0, .* direction"),
    (axis(0, 1e9), "norm 1e\\+09"),
]


@pytest.mark.parametrize(("embedding", "message"), BAD_VECTORS)
@pytest.mark.parametrize("find", [find_similar_documents, find_similar_keywords])
def test_what_is_no_vector_of_the_model_is_refused_before_anything_is_sent(
    tenant_session: TenantSession, find: Any, embedding: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        find(tenant_session, embedding)


@pytest.mark.parametrize(
    ("figures", "message"),
    [
        ({"limit": 0}, "1 to 1000"),
        ({"limit": 1001}, "1 to 1000"),
        ({"threshold": 1.5}, "between -1 and 1"),
        ({"threshold": math.nan}, "between -1 and 1"),
        ({"exact_up_to": -1}, "0 or more"),
        ({"exact_up_to": 2**31}, "0 or more"),
    ],
)
def test_figures_out_of_range_are_refused_before_anything_is_sent(
    tenant_session: TenantSession, figures: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        find_similar_documents(tenant_session, axis(), **figures)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"embedding": None}, "no vector to search for"),
        ({"embedding": "[1,2,3]"}, "the vector has 3 numbers"),
        ({"embedding": str(axis(0, 0.0))}, "the norm of the vector is 0"),
        ({"limit": None}, "the limit is null"),
        ({"limit": 1001}, "the limit is 1001"),
        ({"threshold": None}, "the threshold is null"),
        ({"threshold": math.nan}, "the threshold is NaN"),
        ({"exact": None}, "exact_up_to is null"),
        ({"after": "01890000-0000-7000-8000-000000000000"}, "after a distance and an id"),
        ({"distance": 0.5}, "after a distance and an id"),
    ],
)
def test_the_function_refuses_the_same_from_whoever_calls_it(
    tenant_session: TenantSession, given: dict[str, Any], message: str
) -> None:
    values = {"embedding": str(axis()), "limit": 10, "threshold": 0, "distance": None, "after": None, "exact": 0}
    with pytest.raises(DataError, match=message) as caught:
        tenant_session.execute(_FIND, {**values, **given})
    assert caught.value.orig.pgcode == "22023"  # type: ignore[union-attr]


@pytest.mark.parametrize("find", [find_similar_documents, find_similar_keywords])
def test_a_search_without_a_tenant_is_refused(app_db: Database, crowded: UUID, find: Any) -> None:
    with app_db.shared() as session, pytest.raises(UnboundTransaction, match=r"db.tenant\(tenant_id\)"):
        find(session, axis())


@pytest.mark.parametrize("norm", [0.0, 1e-9, 20_000.0])
def test_a_vector_that_the_index_would_not_hold_is_not_stored(app_db: Database, tenant: UUID, norm: float) -> None:
    with pytest.raises(CheckViolation), of(app_db, tenant) as session:
        add_keywords(session, {"Leaf": axis(0, norm)})


@pytest.mark.parametrize(
    "call",
    [
        "change_hnsw('off', '1', '1')",
        "exact_bound('learning.keywords', 1, 1)",
        "check_vector_search(null, 1, 1, 1, null, null)",
    ],
)
def test_what_the_searches_are_made_of_is_called_by_nobody_else(tenant_session: TenantSession, call: str) -> None:
    with pytest.raises(PermissionDenied):
        tenant_session.execute(text(f"select learning.{call}"))


def test_a_search_leaves_the_settings_of_the_transaction_as_they_were(app_db: Database, crowded: UUID) -> None:
    names = ("hnsw.ef_search", "hnsw.iterative_scan", "hnsw.max_scan_tuples", "enable_sort")
    show = text(f"select {', '.join(f'current_setting({name!r})' for name in names)}")
    with of(app_db, crowded) as session:
        session.execute(text("select cast('[1]' as extensions.vector)"))
        session.execute(text("set local hnsw.ef_search = 77"))
        assert find_similar_documents(session, axis(), exact_up_to=0)
        assert tuple(session.execute(show).one()) == ("77", "off", "20000", "on")
    with of(app_db, crowded) as session:
        assert tuple(session.execute(show).one()) == ("40", "off", "20000", "on")


def test_a_query_of_ones_own_is_kept_from_the_index_that_would_lose_rows(app_db: Database, crowded: UUID) -> None:
    """The index is of an expression: who orders by the column compares all that the policy shows."""
    own = "from learning.processed_documents order by embedding operator(extensions.<=>) :query limit 20"
    with of(app_db, crowded) as session:
        session.execute(text("set local enable_sort = off"))
        plan = "\n".join(session.scalars(text(f"explain select id {own}").bindparams(query=str(axis()))))
        assert len(session.scalars(text(f"select id {own}"), {"query": str(axis())}).all()) == 20
    assert "ix_processed_documents_embedding" not in plan
