"""Searches by a vector among 100,100 of many tenants: what they find of what there is, and how long they take.

Vectors are clustered as those of texts are: a topic of 200, an offset from it in the same 32 dimensions, and noise in
all 768. Turning the space would change no angle, so the 32 dimensions are simply the first ones. Uniformly random
vectors would say nothing: in 768 dimensions they are all about equally far from each other, and no index finds the
nearest ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.orm import Session
from support import make_tenant
from uuid_utils.compat import uuid7

from app_db.engine import admin_engine
from app_db.learning import SimilarDocument, find_similar_documents

from .measure import Line, Unit, compare
from .place import Place

Vector = list[float]
TARGET = 1.30
RECALL = 0.95
SIZES = {"100": 100, "5,000": 5_000, "50,000": 50_000}
OTHERS, EACH = 90, 500
COURSES = 100  # of the largest tenant, so that one of them is 1 % of its vectors
QUERIES = 50
LIMIT = 10
EVERYTHING = 2**31 - 1
INDEX = "learning.ix_processed_documents_embedding"

_RANDOM = "select array_agg(random_normal(0, {spread})) from generate_series(1, {dimensions}) where n > 0"
_PADDED = "(({numbers}) || array_fill(0::double precision, array[736]))::extensions.vector"
_POOLS = {
    "topic": (200, _PADDED.format(numbers=_RANDOM.format(spread=1, dimensions=32))),
    "offset": (3_000, _PADDED.format(numbers=_RANDOM.format(spread=0.6, dimensions=32))),
    "noise": (3_000, f"({_RANDOM.format(spread=0.08, dimensions=768)})::extensions.vector"),
}
_CLUSTERED = """
(select v from public.bench_topic where k = 1 + n % 200 * 7919 % 200)
operator(extensions.+) (select v from public.bench_offset where k = 1 + (hashint8(n) & 1048575) % 3000)
operator(extensions.+) (select v from public.bench_noise where k = 1 + (hashint8(n + 7) & 1048575) % 3000)
"""


@dataclass(frozen=True)
class Sample:
    """What is searched: by whom, in which course (or in all), and how many vectors there are."""

    name: str
    tenant: UUID
    course: UUID | None
    count: int


def run(place: Place, seconds: float) -> Iterable[Line]:
    """Ours, then the same steps by hand as a login that no policy narrows, then what one might write instead."""
    samples = load(place)
    with admin_engine(place.owner).connect() as connection:
        found = connection.scalars(text("select cast(v as text) from public.bench_queries order by k"))
        queries = [[float(number) for number in query[1:-1].split(",")] for query in found]
    print(*recalls(place, samples, queries), sep="\n", flush=True)
    for sample in samples:
        yield from compare(f"vectors, {sample.name}", ways(place, sample, queries), TARGET, seconds)


def recalls(place: Place, samples: Sequence[Sample], queries: Sequence[Vector]) -> Iterator[str]:
    """Say of each sample how many of the ten nearest are found, and whether all are returned that there are."""
    yield "| vectors | recall@10 | least | rows of those above the threshold | |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for sample in samples:
        found, lacking, wanted = [], 0, 0
        with place.db.tenant(sample.tenant) as session:
            for query in queries:
                exact, near = (_nearest(session, sample, query, bound) for bound in (EVERYTHING, None))
                found.append(len({hit.id for hit in near} & {hit.id for hit in exact}) / len(exact))
                # as many as there are, whatever the threshold leaves of ten
                threshold = exact[6].similarity
                lacking += max(0, 7 - len(_nearest(session, sample, query, None, threshold)))
                wanted += 7
        recall = sum(found) / len(found)
        verdict = "kept" if recall >= RECALL and lacking <= wanted * (1 - RECALL) else "MISSED"
        yield f"| {sample.name} | {recall:.3f} | {min(found):.1f} | {wanted - lacking} of {wanted} | {verdict} |"


def _nearest(
    session: Any, sample: Sample, query: Vector, bound: int | None, threshold: float = -1.0
) -> list[SimilarDocument]:
    given = {} if bound is None else {"exact_up_to": bound}
    return find_similar_documents(session, query, limit=LIMIT, threshold=threshold, course=sample.course, **given)


_CANDIDATES = "from learning.processed_documents as r where r.tenant_id = :tenant {course}"
_COURSE = (
    "and r.document_id = any (array(select d.id from learning.course_documents as d "
    "where d.tenant_id = :tenant and d.course_id = :course))"
)
_DISTANCE = "r.embedding operator(extensions.<=>) cast(:query as extensions.vector)"
_HALVES = "extensions.halfvec(768)) operator(extensions.<=>) cast(cast(:query as extensions.vector) as "
_ROWS = f"select r.id, r.document_id, r.part, r.content, {_DISTANCE} as distance"
_BY_INDEX = (
    f"select * from ({_ROWS} {{candidates}} order by cast(r.embedding as {_HALVES}extensions.halfvec(768)) "
    f"limit {LIMIT + 10}) as near order by distance, id limit {LIMIT}"
)
_ONE_BY_ONE = f"{_ROWS} {{candidates}} order by distance, id limit {LIMIT}"
_SETTINGS = text(
    "select set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', '200', true)"
)


def ways(place: Place, sample: Sample, queries: Sequence[Vector]) -> Mapping[str, Unit]:
    """Each way asks for one vector after the other; by hand is as the administrators' login, whom no policy narrows."""
    candidates = _CANDIDATES.format(course="" if sample.course is None else _COURSE)
    count = text(f"select count(*) from (select {candidates} limit 2001) as c")
    by_index, one_by_one = (text(way.format(candidates=candidates)) for way in (_BY_INDEX, _ONE_BY_ONE))
    own = {"tenant": sample.tenant} | ({} if sample.course is None else {"course": sample.course})
    policy = text(one_by_one.text.replace("r.tenant_id = :tenant", "true").replace("d.tenant_id = :tenant and", ""))

    def steps(session: Session, query: Vector) -> Any:
        if session.scalars(count, own).one() <= 2000:
            return session.execute(one_by_one, {**own, "query": str(query)}).all()
        return index_alone(session, query)

    def index_alone(session: Session, query: Vector) -> Any:
        session.execute(_SETTINGS)
        return session.execute(by_index, {**own, "query": str(query)}).all()

    def naive(session: Session, query: Vector) -> Any:
        given = {"query": str(query)} | ({} if sample.course is None else {"course": sample.course})
        return session.execute(policy, given).all()

    def typed(session: Session, query: Vector) -> Any:
        return _nearest(session, sample, query, None)

    def in_turn(work: Callable[[Session, Vector], Any], first: int) -> Callable[[Session], Any]:
        # each begins elsewhere: whoever asked for the same first would read the pages that the next one finds in memory
        turn = cycle([*queries[first:], *queries[:first]])
        return lambda session: work(session, next(turn))

    return {
        "ours": place.ours(sample.tenant, in_turn(typed, 0)),
        "the same steps by hand, no RLS": place.plain(place.administrator, in_turn(steps, 12)),
        "the index alone, no RLS": place.plain(place.administrator, in_turn(index_alone, 25)),
        "order by distance, RLS": place.ours(sample.tenant, in_turn(naive, 37)),
    }


def load(place: Place) -> list[Sample]:
    """Load the vectors in one table, as the administrators' login, and then make the index as its owner would.

    Row by row the index would take some milliseconds of each of the 100,100; built at once it takes a minute or two.
    """
    samples = [Sample(name, make_tenant(place.db), None, count) for name, count in SIZES.items()]
    others = [make_tenant(place.db) for _ in range(OTHERS)]
    with admin_engine(place.owner).begin() as owner:
        definition = owner.scalar(text(f"select pg_get_indexdef('{INDEX}'::regclass)"))
        comment = owner.scalar(text(f"select obj_description('{INDEX}'::regclass)"))
        owner.exec_driver_sql(f"drop index {INDEX}")
        _make_pools(owner)
    for number, (tenant, count) in enumerate(
        [*((sample.tenant, sample.count) for sample in samples), *((tenant, EACH) for tenant in others)]
    ):
        _fill(place, tenant, count, number * 100_003)
    print("  loaded", sum(SIZES.values()) + OTHERS * EACH, "vectors", flush=True)
    with admin_engine(place.owner).begin() as owner:
        owner.exec_driver_sql("set local maintenance_work_mem = '512MB'")
        owner.exec_driver_sql(definition)
        owner.execute(text(f"comment on index {INDEX} is '{comment}'"))
        size = owner.scalar(text(f"select pg_size_pretty(pg_relation_size('{INDEX}'))"))
    print("  made the index,", size, flush=True)
    with admin_engine(place.owner, autocommit=True).connect() as owner:
        owner.exec_driver_sql("vacuum (analyze) learning.processed_documents")
        owner.exec_driver_sql("analyze learning.course_documents")
    with place.db.tenant(samples[-1].tenant, user_id=_AUTHOR) as session:
        course = session.scalars(text("select id from learning.courses order by id limit 1")).one()
    largest = samples[-1]
    return [*samples, Sample("1 % of 50,000", largest.tenant, course, largest.count // COURSES)]


_AUTHOR = uuid7()


def _make_pools(owner: Connection) -> None:
    owner.execute(text("select setseed(0.5)"))
    for name, (count, vector) in _POOLS.items():
        owner.execute(
            text(f"create table public.bench_{name} as select n as k, {vector} as v from generate_series(1, {count}) n")
        )
        owner.execute(text(f"create unique index on public.bench_{name} (k)"))
        owner.execute(text(f"grant select on public.bench_{name} to public"))
        owner.execute(text(f"analyze public.bench_{name}"))
    owner.execute(
        text(
            "create table public.bench_queries as select n as k, "
            f"(select {_CLUSTERED}) as v from generate_series(900000001, {900000000 + QUERIES}) as n"
        )
    )


def _fill(place: Place, tenant: UUID, count: int, first: int) -> None:
    """Add a tenant's vectors, a course and a document for each hundredth of them."""
    with place.db.tenant(tenant, user_id=_AUTHOR) as session:
        session.execute(
            text("insert into learning.courses (title) select 'Course ' || n from generate_series(1, :n) as n"),
            {"n": min(COURSES, count)},
        )
        session.execute(
            text(
                "insert into learning.course_documents (course_id, title, kind, source_uri) "
                "select id, title, 'text', 's3://' || id from learning.courses"
            )
        )
        session.execute(
            text(f"""
                with documents as materialized (
                  select id, row_number() over (order by id) as place from learning.course_documents
                )
                insert into learning.processed_documents (document_id, part, content, tokens, model, embedding)
                select d.id, n, repeat('what is said in part ' || n || ' ', 20), 100, 'bench', (select {_CLUSTERED})
                from generate_series(cast(:first as integer), cast(:last as integer)) as n
                join documents as d on d.place = 1 + n % cast(:courses as integer)
            """),
            {"first": first + 1, "last": first + count, "courses": min(COURSES, count)},
        )
