"""What row-level security costs a search that keeps its index, and what the naive forms of it would cost.

Beside ours, as the application's login through our calls: the same steps by hand, as the owner whom no policy narrows,
with the tenant's filter written out; and the form that one would write first, under a policy, on a table and index made
for it where ours have none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from plans.place import LARGE
from sqlalchemy import Connection, select, text
from sqlalchemy.orm import Session

from app_db.catalog import list_materials, search_materials
from app_db.engine import admin_engine
from app_db.models import Keyword, Material
from app_db.schema import RoleNames

from .measure import Line, compare
from .place import Place
from .vectors import Sample, ways

TARGET = 1.30
SCHEMA = "bench"

Work = Callable[[Any], object]


@dataclass(frozen=True)
class Search:
    """One search in three forms; `ours` and `naive` work in the tenant's session, `by_hand` in the owner's."""

    ours: Work
    by_hand: Work
    naive: Work


_NEWEST = "(select id from catalog.materials where tenant_id = :tenant order by id desc limit 1)"
_COLUMNS = "m.id, m.code, m.name, m.description, m.unit, m.price_minor, m.currency, m.category_id"
_WORDS = f"""
with newest as (
  select m.id, m.search, lower(m.code) collate "C" as code from catalog.materials as m
  where m.tenant_id = :tenant and m.id <= {_NEWEST}
    and (m.search @@ cast(:words as tsquery) or lower(m.code) collate "C" ^@ :query)
  order by m.id desc limit 5000
), ranked as (
  select n.id, (ts_rank(n.search, cast(:words as tsquery))
    + case when n.code = :query then 2 when n.code ^@ :query then 1 else 0 end)::real as rank
  from newest as n order by rank desc, n.id limit 20
)
select {_COLUMNS}, r.rank from ranked as r join catalog.materials as m on m.tenant_id = :tenant and m.id = r.id
order by r.rank desc, m.id
"""
_SPELLING = f"""
with found as (
  select m.id, m.name from catalog.materials as m
  where m.tenant_id = :tenant and m.id <= {_NEWEST} and m.name operator(extensions.%>) :query limit 1000
), ranked as (
  select f.id, extensions.word_similarity(:query, f.name) as rank from found as f order by rank desc, f.id limit 20
)
select {_COLUMNS}, r.rank from ranked as r join catalog.materials as m on m.tenant_id = :tenant and m.id = r.id
order by r.rank desc, m.id
"""
_THRESHOLD = text("select set_config('pg_trgm.word_similarity_threshold', '0.4', true)")
_BITMAPS = text("select set_config('enable_indexscan', 'off', true), set_config('enable_seqscan', 'off', true)")
_SCANS = text("select set_config('enable_indexscan', 'on', true), set_config('enable_seqscan', 'on', true)")
_TYPED = text("select cast(catalog.typed_query(:query) as text)")

_NAIVE_COLUMNS = "tenant_id, id, code, name, description, unit, currency, price_minor::numeric / 100 as price"
_TERM = text("select term from learning.keywords where tenant_id = :tenant order by id limit 1")
_NAIVE_WORDS = text(
    "select *, ts_rank(search, words) as rank "
    "from catalog.materials, websearch_to_tsquery('pg_catalog.russian', :query) as words "
    "where search @@ words order by rank desc, id limit 20"
)
_NAIVE_SPELLING = text(
    "select *, extensions.word_similarity(:query, name) as rank from catalog.materials "
    "where name operator(extensions.%>) :query order by rank desc, id limit 20"
)
_NAIVE_PRICE = text(
    f"select * from {SCHEMA}.materials where currency = 'RUB' and price between 1000 and 1200 "
    "order by price, id limit 20"
)
_NAIVE_CASE = text(f"select * from {SCHEMA}.keywords where lower(term) = lower(:term)")


def run(place: Place, seconds: float) -> Iterator[Line]:
    """Measure each search in its three forms; our target is for the second one."""
    with admin_engine(place.owner).begin() as connection:
        _make_naive(connection, RoleNames(place.settings.role_prefix))
    with admin_engine(place.owner, autocommit=True).connect() as connection:
        for table in ("materials", "keywords"):
            connection.execute(text(f"vacuum analyze {SCHEMA}.{table}"))
    for name, search in _searches(place).items():
        yield from compare(
            name,
            {
                "ours": place.ours(LARGE, search.ours),
                "the same by hand, no RLS": place.plain(place.owner, search.by_hand),
                "naive, RLS": place.ours(LARGE, search.naive),
            },
            TARGET,
            seconds,
        )
    yield from _vectors(place, seconds)


def _searches(place: Place) -> Mapping[str, Search]:
    with admin_engine(place.owner).connect() as connection:
        typed = {query: connection.scalar(_TYPED, {"query": query}) for query in ("гидрант", "гидарнт", "кирпич")}
        term = connection.scalar(_TERM, {"tenant": LARGE})

    def words(query: str) -> Search:
        given = {"tenant": LARGE, "query": query, "words": typed[query]}
        return Search(
            lambda s: search_materials(s, query),
            lambda s: s.execute(text(_WORDS), given).all(),
            lambda s: s.execute(_NAIVE_WORDS, {"query": query}).all(),
        )

    return {
        "full text, a rare word": words("гидрант"),
        "full text, the most common word": words("кирпич"),
        "trigrams, a typing error": Search(
            lambda s: search_materials(s, "гидарнт"),
            lambda s: _spell(s, "гидарнт", typed["гидарнт"]),
            lambda s: (s.execute(_THRESHOLD), s.execute(_NAIVE_SPELLING, {"query": "гидарнт"}).all()),
        ),
        "range of prices": Search(
            lambda s: list_materials(s, "RUB", min_price=100_000, max_price=120_000),
            lambda s: s.scalars(
                select(Material)
                .where(Material.tenant_id == LARGE, Material.currency == "RUB")
                .where(Material.price_minor.between(100_000, 120_000))
                .order_by(Material.price_minor, Material.id).limit(20)
            ).all(),
            lambda s: s.execute(_NAIVE_PRICE).all(),
        ),
        "capital or small letters": Search(
            lambda s: s.scalars(select(Keyword).where(Keyword.term_key == term.lower())).all(),
            lambda s: s.scalars(
                select(Keyword).where(Keyword.tenant_id == LARGE, Keyword.term_key == term.lower())
            ).all(),
            lambda s: s.execute(_NAIVE_CASE, {"term": term.upper()}).all(),
        ),
    }  # fmt: skip


def _spell(session: Session, query: str, words: Any) -> object:
    """Look for words first and for spelling then, as the function does."""
    given = {"tenant": LARGE, "query": query}
    session.execute(text(_WORDS), {**given, "words": words}).all()
    session.execute(_THRESHOLD)
    session.execute(_BITMAPS)
    found = session.execute(text(_SPELLING), given).all()
    session.execute(_SCANS)
    return found


def _vectors(place: Place, seconds: float) -> Iterator[Line]:
    """Measure the vectors of the largest tenant, by those of some of its parts."""
    query = text(
        "select embedding::real[] from learning.processed_documents where tenant_id = :tenant order by id limit 20"
    )
    with admin_engine(place.owner).connect() as connection:
        queries = [list(row) for row in connection.scalars(query, {"tenant": LARGE})]
    if queries:
        sample = Sample("50,000", LARGE, None, 50_000)
        yield from compare("vectors, of 50,000", ways(place, sample, queries), TARGET, seconds)


def _make_naive(connection: Connection, names: RoleNames) -> None:
    """Make what ours have not: prices as numeric, and an index of terms in small letters, under the same policies."""
    own = "tenant_id = nullif(current_setting('app.current_tenant_id', true), '')::uuid"  # as revisions write it
    made = [
        f"create schema {SCHEMA}",
        f"grant usage on schema {SCHEMA} to {names('app_tenant')}",
        f"create table {SCHEMA}.materials as select {_NAIVE_COLUMNS} from catalog.materials",
        f"create index on {SCHEMA}.materials (tenant_id, currency, price, id)",
        f"create table {SCHEMA}.keywords as select tenant_id, id, course_id, term, definition from learning.keywords",
        f"create index on {SCHEMA}.keywords (tenant_id, lower(term))",
    ]
    for table in (f"{SCHEMA}.materials", f"{SCHEMA}.keywords"):
        made += [
            f"grant select on {table} to {names('app_rw')}",
            f"alter table {table} enable row level security",
            f"create policy tenant_rows on {table} to {names('app_tenant')} using ({own})",
        ]
    for statement in made:
        connection.execute(text(statement))
