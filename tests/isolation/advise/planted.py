"""Tables of tenants with an index each, and the statement that one would write first, which can't use it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from app_db.engine import admin_engine
from app_db.isolation.advise import AdviceReport, Comparison, advise_indexes, advise_statements, compare_logins
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1 as ddl
from app_db.schema import RoleNames
from app_db.session import Database
from app_db.settings import Settings

LARGE, SMALL = (UUID(f"01900000-0000-7000-8001-{number:012x}") for number in (1, 2))
ROWS = {LARGE: 3_000, SMALL: 1_000}


@dataclass(frozen=True)
class Case:
    """A column with its values by `n`, its index, a statement and the remedy's name; what the remedy is asked with."""

    name: str
    type: str
    values: str
    index: str
    condition: str
    remedy: str
    given: Mapping[str, Any] = field(default_factory=dict)
    is_in_catalogue: bool = True
    schema: str = "planted"

    @property
    def table(self) -> str:
        return f"{self.schema}.{self.name}"

    @property
    def statement(self) -> str:
        return f"select id from {self.table} where {self.condition}"


HASH = "8f14e45fceea167a5a36dedd4bea2543"  # md5 of 7
WORDS = "to_tsvector('simple', 'word' || n % 300)"
SEARCH, LETTERS = "search-function", "small-letters"
CASES = [
    Case("prices", "numeric(12,2)", "n / 10.0", "(tenant_id, x)", "x = 7.10", "minor-units", {"value": 7.1}),
    Case("states", "planted.state", "('s' || n % 200)::planted.state", "(tenant_id, x)", "x = 's7'", "text-with-check",
         {"value": "s7"}),
    Case("documents", "jsonb", "jsonb_build_object('kind', n % 300)", "using gin (x jsonb_path_ops)",
         "x @> '{\"kind\": 7}'", SEARCH, {"query": '{"kind": 7}'}),
    Case("kinds", "jsonb", "jsonb_build_object('kind', n % 300)", "(tenant_id, (x ->> 'kind'))", "x ->> 'kind' = '7'",
         "generated-column", {"value": "7"}),
    Case("tags", "text[]", "array['t' || n % 300, 'all']", "using gin (x)", "x @> '{t7}'", SEARCH, {"query": "{t7}"}),
    Case("periods", "int8range", "int8range(n, n + 3)", "using gist (x)", "x @> int8range(7, 8)", SEARCH,
         {"query": "[7,8)"}),
    Case("emails", "text", "'Person' || n || '@Example.com'", "(tenant_id, lower(x))",
         "lower(x) = 'person7@example.com'", LETTERS, {"value": "PERSON7@example.com"}),
    Case("nicks", "extensions.citext", "'Nick' || n", "(tenant_id, x)", "x = 'nick7'::extensions.citext", LETTERS,
         {"value": "NICK7"}),
    Case("codes", "text", "'C-' || n", "(tenant_id, x text_pattern_ops)", "x like 'C-77%'", "prefix",
         {"beginning": "C-77"}, is_in_catalogue=False),
    Case("words", "tsvector", WORDS, "using gin (x)", "x @@ 'word7'::tsquery", SEARCH, {"query": "word7"}),
    Case("names", "text", "md5(n::text)", "using gist (x extensions.gist_trgm_ops)",
         f"x operator(extensions.%) '{HASH}'", SEARCH, {"query": HASH}),
    Case("labels", "text", "md5(n::text)", "using gin (x extensions.gin_trgm_ops)", "x ilike '%8F14E4%'", SEARCH,
         {"query": "%8F14E4%"}),
    Case("moments", "timestamptz", "date_trunc('day', now()) - (n - 1) * interval '1h'", "(tenant_id, x)",
         "x = current_date", "same-type", {"value": "today"}, is_in_catalogue=False),
    Case("addresses", "inet", "('10.' || n % 200 || '.' || n % 250 || '.1')::inet", "using gist (x inet_ops)",
         "x <<= '10.7.7.0/24'", SEARCH, {"query": "10.7.7.0/24"}),
]  # fmt: skip
# for tests that need a table that nobody mends
OTHERS = [
    Case("refusing", "text[]", "array['a']", "using gin (x)", "true", SEARCH, schema="plain"),
    Case(
        "partial", "numeric(12,2)", "n / 10.0", "(tenant_id, n) where x > 290", "x > 290 and n = 7", "", schema="plain"
    ),
    Case("left", "numeric(12,2)", "n / 10.0", "(tenant_id, x)", "x = 7.10", "minor-units", schema="plain"),
]
VECTORS = [
    Case("vectors", "extensions.vector(8)", "{vector}", "using hnsw (x extensions.vector_cosine_ops)",
         "true order by x operator(extensions.<=>) '[1,2,3,4,5,6,7,8]' limit 10", "vector-function",
         {"query": "[1,2,3,4,5,6,7,8]"}),
    # the index is of half the precision, as that of learning.processed_documents, so that each row is compared
    Case("halves", "extensions.vector(8)", "{vector}",
         "using hnsw ((x::extensions.halfvec(8)) extensions.halfvec_cosine_ops)",
         "true order by x operator(extensions.<=>) '[1,2,3,4,5,6,7,8]' limit 10", "vector-function",
         {"query": "[1,2,3,4,5,6,7,8]"}),
]  # fmt: skip
_VECTOR = "array[n % 7, n % 11, n % 13, n % 17, n % 19, n % 23, n % 29, n % 31 + 1]::extensions.vector(8)"


@dataclass
class Planted:
    """A database with those tables, for the version's cases."""

    settings: Settings
    db: Database
    cases: list[Case]
    superuser: Any

    @contextmanager
    def comparison(self, *, analyze: bool = False, schemas: tuple[str, ...] = ("plain",)) -> Iterator[Comparison]:
        """Compare the application's login with the owner's, in read-only transactions."""
        with self.tenant() as tenant, self.owner(read_only=True) as owner:
            names = RoleNames(self.settings.role_prefix)
            yield compare_logins(tenant, owner, names=names, schemas=schemas or None, analyze=analyze)

    @contextmanager
    def tenant(self, of: UUID = LARGE) -> Iterator[Connection]:
        with self.db.engine(of, read_only=True).connect() as connection:
            yield connection

    @contextmanager
    def owner(self, *, read_only: bool = False) -> Iterator[Connection]:
        assert self.settings.migration_url is not None
        with admin_engine(self.settings.migration_url).connect() as connection:
            yield connection.execution_options(postgresql_readonly=read_only)

    def statement(self, statement: str, **options: Any) -> AdviceReport:
        with self.comparison(**options) as comparison:
            return advise_statements(comparison, [statement])

    def indexes(self, of: Case, **options: Any) -> AdviceReport:
        """Advise on the indexes of one table."""
        with self.comparison(schemas=(of.schema,)) as comparison:
            comparison.catalogue.keys = [key for key in comparison.catalogue.keys if key.table == of.name]
            return advise_indexes(comparison, **options)

    def change(self, *statements: str) -> None:
        with self.owner() as owner:
            for statement in statements:
                owner.exec_driver_sql(statement, execution_options={"no_parameters": True})
            owner.commit()

    def plans_inside(self, query: str, given: Mapping[str, Any]) -> str:
        """Return the plans of what a query of the application's login does, inside of functions too."""
        with admin_engine(self.superuser).connect() as connection:
            raw: Any = connection.connection.dbapi_connection
            for setting in ("load 'auto_explain'", "set auto_explain.log_min_duration = 0",
                            "set auto_explain.log_nested_statements = on", "set client_min_messages = log",
                            f"set role {self.settings.role_prefix}app_login",
                            f"set app.current_tenant_id = '{LARGE}'"):  # fmt: skip
                connection.exec_driver_sql(setting)
            raw.notices.clear()
            compiled = text(query).bindparams(**given).compile(connection)
            with raw.cursor() as cursor:  # by the driver, as SQLAlchemy logs notices and clears them
                cursor.execute(str(compiled), compiled.params)
            return "\n".join(raw.notices)


def plant(settings: Settings, cases: list[Case]) -> None:
    """Make and fill the tables."""

    def make() -> None:
        for schema in ("planted", "plain"):
            ddl.create_schema(schema, "Mistakes.", ["app_tenant", "app_tenant_admin", "app_all"])
        ddl.execute("create extension citext schema extensions")
        ddl.execute(f"create type planted.state as enum ({', '.join(repr(f's{n}') for n in range(200))})")
        for case in cases:
            _make(case)

    change_schema(settings, make)


MATERIALS = """
insert into catalog.materials (tenant_id, code, name, unit, price_minor, currency)
select :tenant, 'M-' || n, (array['Кирпич', 'Цемент', 'Доска', 'Гидрант'])[1 + (n % 4 + n % 300 / 299) % 4] || ' '
  || md5(n::text), 'pcs', n * 7919 % 100000, 'RUB' from generate_series(1, :rows) as n
"""


def _make(case: Case) -> None:
    ddl.execute(f"""create table {case.table} (tenant_id uuid default app.current_tenant_id() not null,
      id uuid default app.uuid7() not null, n bigint not null, x {case.type}, filler text default repeat('x', 200),
      primary key (tenant_id, id))""")
    ddl.tenant_policies(case.table)
    ddl.grant("select, insert, update, delete", case.table, ["app_rw", "app_admin"])
    for tenant, rows in ROWS.items():
        values = case.values.format(vector=_VECTOR) if "{vector}" in case.values else case.values
        ddl.execute(f"insert into {case.table} (tenant_id, n, x) select '{tenant}', n, {values} "
                    f"from generate_series(1, {rows}) as n")  # fmt: skip
    ddl.execute(f"create index ix_{case.name} on {case.table} {case.index}")
    ddl.execute(f"analyze {case.table}")
