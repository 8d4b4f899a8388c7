"""Each planted mistake is found with its loss and its remedy; the remedy, executed as it is printed, mends it."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy
import sqlalchemy.orm
from isolation.advise.planted import CASES, LARGE, SMALL, VECTORS, Case, Planted
from sqlalchemy import CheckConstraint, MetaData, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateColumn, CreateIndex
from support import ON_18

from app_db.errors import UnboundTransaction
from app_db.isolation.advise import Advice, Code
from app_db.isolation.advise.keys import Key, Operator, Table
from app_db.isolation.advise.remedies import remedy_for
from app_db.isolation.advise.remedies.functions import search_function
from app_db.models import Base, TenantScoped
from app_db.schema import Function, RoleNames, attach
from app_db.schema.derived import attached_to

# the system's PostgreSQL 15 has no pgvector


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_found_and_its_remedy_mends_it(planted: Planted, case: Case) -> None:
    listed = in_catalogue(planted, case)
    assert (listed.remedy.name if listed else None) == (case.remedy if case.is_in_catalogue else None)
    advice = in_statement(planted, case)
    assert (advice.index, advice.remedy.name) == (f"planted.ix_{case.name}", case.remedy)
    assert advice.loss.ratio is not None
    assert advice.loss.ratio >= 2

    wanted = rows(planted, case.statement)
    planted.change(*advice.remedy.code.sql, f"analyze {case.table}")
    query = advice.remedy.code.query
    assert wanted
    assert rows(planted, query, case.given) >= wanted
    read = re.findall(r"Index Cond: (.*)", planted.plans_inside(query, case.given))
    assert any(re.search(r"\bx(_\w+)?\b", condition) for condition in read), "an index is read by the column"
    assert in_catalogue(planted, case) is None
    nothing = {"advice": [], "undecided": [], "skipped": {}, "accepted": {}, "stale": [], "indexes": 0, "statements": 1}
    assert planted.statement(with_values(query, case), schemas=("planted",)).as_dict() == nothing


@ON_18
@pytest.mark.parametrize(("case", "lost"), [(VECTORS[0], "rows are missing"), (VECTORS[1], "cost ")])
def test_an_index_of_vectors_is_found_and_its_remedy_finds_the_nearest(planted: Planted, case: Case, lost: str) -> None:
    advice = in_statement(planted, case)
    assert (advice.index, advice.remedy.name) == (f"planted.ix_{case.name}", "vector-function")
    assert advice.lost.startswith(lost)
    assert in_catalogue(planted, case) is not None

    planted.change(*advice.remedy.code.sql)
    query = advice.remedy.code.query
    for tenant in (LARGE, SMALL):
        exact = f"select id from {case.table} where tenant_id = '{tenant}' and {case.condition}"
        with planted.owner() as owner:
            owner.execute(text("set local enable_indexscan = off"))
            nearest = set(owner.scalars(text(exact)))
        assert len(rows(planted, query, case.given, tenant) & nearest) >= 9, "an index misses one now and then"
    assert f"Index Scan using ix_{case.name}" in planted.plans_inside(query, case.given)
    assert in_catalogue(planted, case) is None


@ON_18
def test_an_index_of_vectors_alone_finds_too_few(planted: Planted) -> None:
    """What that remedy is for: the index gives its 40 nearest, of whichever tenant, and the policy leaves some."""
    near = "select id from planted.vectors order by x operator(extensions.<=>) '[1,2,3,4,5,6,7,8]' limit 100"
    with planted.tenant(SMALL) as tenant:
        tenant.execute(text("select set_config(n, 'off', true) from unnest(array['enable_sort', 'enable_seqscan']) n"))
        assert len(tenant.scalars(text(near)).all()) < 40


def test_a_function_of_a_remedy_refuses_who_is_bound_to_nobody(planted: Planted) -> None:
    with planted.comparison() as comparison:
        key = next(key for key in comparison.catalogue.keys if key.index == "ix_refusing" and key.column == "x")
        table = comparison.catalogue.tables["plain", "refusing"]
        code = remedy_for(table, key, "(x @> '{a}'::text[])", comparison.names).code
    planted.change(*code.sql)
    with planted.db.shared() as session, pytest.raises(UnboundTransaction):
        session.execute(text(code.query), {"query": "{a}"})


def test_a_function_for_persons_rows_filters_by_the_person_too() -> None:
    table = Table("shop", "notes", "", "tenant_id", "user_id", {"tenant_id": "uuid", "id": "uuid"}, 0)
    operator = Operator("@>", "pg_catalog", "text[]", "s", 7, is_leakproof=False)
    key = Key("shop", "notes", "ix", 1, "gin", "tags", "tags", ("tags",), "text[]", "_text", "b", None, (), None,
              "pg_catalog.array_ops", leaky_functions=False, leading=(), operators=(operator,))  # fmt: skip
    (body,) = [line for line in search_function(table, key, operator, RoleNames("")).code.sql if "$body$" in line]
    assert "t.tenant_id = app.current_tenant_id() and t.user_id = app.current_user_id() and t.tags @> query" in body
    assert "app.current_tenant_id() is null or app.current_user_id() is null" in body


def in_catalogue(planted: Planted, case: Case) -> Advice | None:
    return next((one for one in planted.indexes(case).advice if one.index == f"planted.ix_{case.name}"), None)


def in_statement(planted: Planted, case: Case) -> Advice:
    (advice,) = planted.statement(case.statement, schemas=("planted",)).advice
    build_from_models(advice.remedy.code, case)
    return advice


def rows(planted: Planted, query: str, given: Mapping[str, Any] | None = None, of: UUID = LARGE) -> set[Any]:
    with planted.tenant(of) as tenant:
        return set(tenant.scalars(text(f"select id from ({query}) as found"), given or {}))


def with_values(query: str, case: Case) -> str:
    for name, value in case.given.items():
        query = query.replace(f":{name}", repr(value), 1)
    return query


def build_from_models(code: Code, case: Case) -> None:
    """The Python of a remedy, put where it says, makes what its SQL makes."""
    body, _, rest = code.models.rpartition("# in __table_args__:\n")
    arguments, attached, function = rest.partition("attach(")
    source = "\n".join([
        f"class Model(TenantScoped, Own):\n    __tablename__ = {case.name!r}",
        f"    __table_args__ = ({arguments} {{'schema': 'planted'}})" if arguments else "",
        "    x: Mapped[Any] = mapped_column(Text())", textwrap.indent(body, "    "), attached + function,
    ])  # fmt: skip
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)
    own = type("Own", (Base,), {"__abstract__": True, "metadata": metadata})
    names: dict[str, Any] = {**vars(sqlalchemy), **vars(sqlalchemy.orm), "Any": Any, "attach": attach,
                             "Function": Function, "TenantScoped": TenantScoped, "Own": own, "Base": own}  # fmt: skip
    exec(compile(source, case.name, "exec", dont_inherit=True), names)
    made = [str(CreateIndex(index).compile(dialect=postgresql.dialect())) for index in names["Model"].__table__.indexes]
    made += [str(CreateColumn(column).compile(dialect=postgresql.dialect()))
             for column in names["Model"].__table__.columns if column.computed is not None]  # fmt: skip
    made += [str(one.sqltext) for one in names["Model"].__table__.constraints if isinstance(one, CheckConstraint)]
    made += [one.body for one in attached_to(metadata) if isinstance(one, Function)]
    written = " ".join(code.sql).lower()
    assert (made != []) is (code.sql != ())
    for part in made:
        assert part.lower() in written
