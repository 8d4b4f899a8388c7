"""What is compiled, cached and bound."""

from __future__ import annotations

import threading
from typing import Any
from uuid import uuid4

import pytest
from predicate.core_cases import a, b, c, colours, on_a
from predicate.tables import A, B
from predicate.worlds import PredicateDialect, Worlds, statements
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    bindparam,
    create_engine,
    delete,
    func,
    insert,
    select,
    table,
    text,
    true,
    update,
)
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.exc import CompileError, SAWarning
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session, joinedload
from sqlalchemy.sql.expression import ColumnElement

from app_db.engine.binding import CONTEXT_OPTION, NO_TENANT
from app_db.engine.predicate import TENANT

BIND = "%(app_db_tenant_id_1)s::UUID"


def compiled(statement: Any, **options: Any) -> str:
    return str(statement.compile(dialect=PredicateDialect(), column_keys=[], **options))


@pytest.mark.parametrize(
    "statement",
    [
        select(1),
        select(colours),
        select(func.now()).select_from(func.generate_series(1, 3)),
        select(text("a or b")).where(text("a or b")),
        select(text("*")).select_from(text("probe.a")),
        select(a.join(b, on_a(b), full=True)),
        select(table("a")).where(true()),
        update(colours).values(code=1).where(colours.c.code == 2),
        delete(colours),
        insert(a).values(code=1),
    ],
)
def test_a_statement_without_a_tenants_table_to_filter_is_as_stock(statement: Any) -> None:
    assert compiled(statement) == str(statement.compile(dialect=PGDialect_psycopg2(), column_keys=[]))


def test_a_dialect_that_does_not_ask_for_it_is_as_stock() -> None:
    dialect = PredicateDialect()
    dialect.tenant_predicate = False
    for statement in (select(a), update(a).values(code=1), delete(a), select(a.outerjoin(b, on_a(b)))):
        assert str(statement.compile(dialect=dialect, column_keys=[])) == str(
            statement.compile(dialect=PGDialect_psycopg2(), column_keys=[])
        )


def test_a_text_with_or_stays_in_its_parentheses() -> None:
    assert compiled(select(a.c.id).where(text("x or y"))).endswith(f"WHERE (x or y) AND probe.a.tenant_id = {BIND}")


def test_an_own_element_with_or_stays_in_its_parentheses() -> None:
    class Either(ColumnElement[bool]):
        inherit_cache = True

    compiles(Either)(lambda *_args, **_kw: "x OR y")
    assert "(x OR y) AND probe.a.tenant_id" in compiled(select(a.c.id).where(Either()))


def test_the_sides_of_a_full_join_have_nothing_in_where() -> None:
    joined = c.join(a.join(b, on_a(b), full=True), true())
    sql = compiled(select(c.c.id).select_from(joined))
    assert sql.endswith(f"WHERE probe.c.tenant_id = {BIND}")
    assert sql.count("tenant_id") == 1 + sql.count("app_db_tenant_id")


def test_each_table_is_filtered_once() -> None:
    sub = select(a).where(a.c.code > 1).subquery()
    sql = compiled(select(sub.alias().c.code, select(func.count(b.c.id)).where(b.c.a_code == 1).scalar_subquery()))
    assert sql.count(BIND) == 2


def test_a_column_under_another_key_and_a_copied_table_are_found() -> None:
    copied = a.to_metadata(MetaData())
    renamed = Table("renamed", MetaData(), Column("tenant_id", Integer, key="owner"), info=dict(a.info))
    assert f"probe.a.tenant_id = {BIND}" in compiled(select(copied.c.id))
    assert "renamed.tenant_id = " in compiled(select(renamed))


def test_a_scope_noted_after_the_table_was_annotated_is_found() -> None:
    late = Table("late", MetaData(), Column("tenant_id", Integer))
    annotated = late._annotate({"some": "thing"})
    late.info.update(a.info)
    assert "late.tenant_id = " in compiled(select(annotated))


def test_where_nobody_executes_the_database_says_who_asks() -> None:
    dialect = PredicateDialect()
    for options in ({}, {"compile_kwargs": {"literal_binds": True}}):
        made = select(a.c.id).where(a.c.code == 1).compile(dialect=dialect, **options)
        assert str(made).endswith("AND probe.a.tenant_id = app.current_tenant_id()")
        assert list(made.params.values()) == [1] or options
    assert "tenant_id" not in str(select(a.c.id))


def test_the_name_keeps_clear_of_an_applications_parameters(worlds: Worlds) -> None:
    mine = bindparam("app_db_tenant_id", 1)
    with Session(worlds.view(worlds.tenant)) as session:
        assert session.scalar(select(a.c.code).where(a.c.code == mine)) == 1
        with pytest.raises(CompileError, match="app_db_tenant_id_1"):
            session.scalar(select(a.c.code).where(a.c.code == bindparam("app_db_tenant_id_1", 1)))


def test_a_statement_cannot_choose_its_tenant(worlds: Worlds) -> None:
    other = worlds.view(worlds.tenants[1]).get_execution_options()[CONTEXT_OPTION]
    with worlds.view(worlds.tenant).connect() as connection:
        found = connection.execute(
            select(a.c.tenant_id).params(app_db_tenant_id_1=other.tenant_id),
            {TENANT.key: other.tenant_id, "app_db_tenant_id_1": other.tenant_id},
            execution_options={CONTEXT_OPTION: other},
        )
        assert set(found.scalars()) == {worlds.tenant}


@pytest.mark.parametrize("context", [NO_TENANT, None, "a tenant"])
def test_a_session_without_a_tenant_sees_no_tenants_row(worlds: Worlds, context: Any) -> None:
    with worlds.view(context).connect() as connection:
        assert connection.execute(select(a)).all() == []
        assert connection.execute(select(colours.c.code, a.c.id).outerjoin_from(colours, a, true())).all() != []
        assert connection.execute(update(a).values(code=1)).rowcount == 0
        assert connection.execute(delete(a)).rowcount == 0
        connection.rollback()
    with worlds.all_seeing.connect() as connection:
        assert connection.execute(select(a)).all() == []


@pytest.mark.parametrize("paramstyle", ["pyformat", "format"])
def test_positional_parameters_and_expanding_ones_keep_their_places(worlds: Worlds, paramstyle: str) -> None:
    engine = create_engine(worlds.all_seeing.url, paramstyle=paramstyle)
    context = worlds.view(worlds.tenant).get_execution_options()
    query = (
        select(a.c.code, b.c.code)
        .outerjoin_from(a, b, on_a(b) & b.c.code.in_([1, 2]))
        .where(a.c.code.in_([1, 3, 4]), a.c.code < bindparam("top", 4, literal_execute=True))
        .limit(9)
    )
    with engine.execution_options(**context).connect() as connection:
        for _ in range(2):
            assert sorted(connection.execute(query).all(), key=repr) == [(1, 1), (1, 2), (3, None)]
    engine.dispose()


def test_a_default_that_is_selected_first_is_the_tenants_own(worlds: Worlds) -> None:
    """Such a default is executed by the context itself, past everything that binds."""
    first = select(func.max(A.code)).scalar_subquery()
    made = Table("colours", MetaData(schema="probe"), Column("code", Integer, default=first, primary_key=True),
                 implicit_returning=False)  # fmt: skip
    with worlds.view(worlds.tenant).connect() as connection, connection.begin() as transaction:
        connection.execute(func.set_config("app.current_tenant_id", str(worlds.tenant), True).select())
        with statements(worlds.all_seeing) as sent:
            assert connection.execute(insert(made)).inserted_primary_key == (3,)
        assert "app.current_tenant_id()" in sent[0]
        transaction.rollback()


def test_cartesian_products_are_seen_as_before(worlds: Worlds) -> None:
    with Session(worlds.view(worlds.tenant)) as session:
        with pytest.warns(SAWarning, match="cartesian product"):
            session.execute(select(a.c.id, b.c.id))
        session.execute(select(a.c.id, b.c.id).where(on_a(b)))
        with pytest.warns(SAWarning, match="cartesian product"):
            session.execute(delete(a).where(b.c.code == 1).execution_options(synchronize_session=False))
        session.rollback()


def test_two_tenants_share_what_was_compiled(worlds: Worlds) -> None:
    query = select(A).options(joinedload(A.bs)).where(A.code == 1)
    with worlds.fresh_cache():
        cache = worlds.all_seeing._compiled_cache
        for n, tenant in enumerate((*worlds.tenants, *worlds.tenants)):
            with Session(worlds.view(tenant)) as session:
                one = session.scalars(query).unique().one()
                assert {one.tenant_id, *(b.tenant_id for b in one.bs)} == {tenant}
            assert len(cache) == 1, n
        (made,) = cache.values()
        assert made.params["app_db_tenant_id_1"] is None


def test_tenants_that_alternate_in_threads_never_meet(worlds: Worlds) -> None:
    query = select(A.tenant_id, B.tenant_id).join(A.bs, isouter=True).where(A.code.in_([1, 2, 3]))
    tenants = (*worlds.tenants, uuid4())
    barrier, seen, wrong = threading.Barrier(8), [], []

    def work(start: int) -> None:
        barrier.wait()
        for n in range(start, start + 300):
            tenant = tenants[n % 3]
            with worlds.view(tenant).connect() as connection:
                found = {value for row in connection.execute(query) for value in row} - {None}
                changed = (
                    connection.execute(update(a).values(code=a.c.code).returning(a.c.tenant_id)) if n % 20 == 0 else []
                )
                found |= {row.tenant_id for row in changed}
                connection.rollback()
            seen.append(len(found))
            wrong.extend(found - {tenant})

    threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, len(seen), set(seen)) == ([], 2400, {0, 1})
