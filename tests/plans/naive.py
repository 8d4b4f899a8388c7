"""The form of each search that one would write first, on tables and indexes made for it, and what is advised on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks import searches
from plans.place import IS_FULL, LARGE, Place
from sqlalchemy import text

from app_db.engine import admin_engine
from app_db.isolation import Advice, advise_statements, compare_logins
from app_db.models.learning.vectors import DIMENSIONS
from app_db.schema import RoleNames

_WORDS = (
    "select *, ts_rank(search, words) from catalog.materials, "
    "websearch_to_tsquery('pg_catalog.russian', 'гидрант') as words where search @@ words order by 1 limit 20"
)
_SPELLING = (
    "select *, extensions.word_similarity('гидарнт', name) from catalog.materials "
    "where name operator(extensions.%>) 'гидарнт' order by 1 limit 20"
)
# each with the name of its remedy
NAIVE = {
    "a rare word": (_WORDS, "existing-function"),
    "a typing error": (_SPELLING, "existing-function"),
    "a range of prices": (str(searches._NAIVE_PRICE), "minor-units"),
}
if IS_FULL:  # few vectors are compared one by one, and few keywords read as a whole, and rightly
    _CASE = f"select * from {searches.SCHEMA}.keywords where lower(term) = lower('Term')"
    NAIVE["capital or small letters"] = (_CASE, "small-letters")
    _NEAREST = f"select id from learning.processed_documents order by embedding <=> '{[0.1] * DIMENSIONS}' limit 10"
    NAIVE["vectors"] = (_NEAREST, "existing-function")
_PRICES = (
    "select * from catalog.materials where currency = 'RUB' and price_minor between 100000 and 120000 "
    "order by price_minor, id limit 20"
)
OURS = [
    "select * from catalog.find_materials('гидрант')", _PRICES,
    "select * from learning.keywords where term_key = 'term'",
]  # fmt: skip


@contextmanager
def naive_tables(place: Place) -> Iterator[None]:
    """Have the tables and indexes of those forms."""
    owner = place.settings.migration_url
    assert owner is not None
    with admin_engine(owner).begin() as connection:
        searches._make_naive(connection, RoleNames(place.settings.role_prefix))
    with admin_engine(owner, autocommit=True).connect() as connection:
        for table in ("materials", "keywords"):
            connection.execute(text(f"vacuum analyze {searches.SCHEMA}.{table}"))
    yield
    with admin_engine(owner).begin() as connection:
        connection.execute(text(f"drop schema {searches.SCHEMA} cascade"))


def advice_on(place: Place, *statements: str) -> list[Advice]:
    """Return what is advised on the statements, for the largest tenant, by executing them."""
    owner = place.settings.migration_url
    assert owner is not None
    with place.db.tenant(LARGE, read_only=True) as session, admin_engine(owner).connect() as connection:
        everything = connection.execution_options(postgresql_readonly=True)
        names = RoleNames(place.settings.role_prefix)
        comparison = compare_logins(session.connection(), everything, names=names, analyze=True)
        return advise_statements(comparison, statements).advice
