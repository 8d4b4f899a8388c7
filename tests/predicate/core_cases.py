"""SELECT in each of its shapes, by Core."""

from __future__ import annotations

from typing import Any

from predicate.tables import A, B, C, Colour, links
from sqlalchemy import (
    Integer,
    column,
    exists,
    false,
    func,
    insert,
    lambda_stmt,
    lateral,
    literal,
    literal_column,
    or_,
    select,
    table,
    tablesample,
    text,
    true,
    union,
    union_all,
    values,
)
from sqlalchemy.orm import Session

from app_db.engine.binding import CONTEXT_OPTION

a, b, c, colours = (model.__table__ for model in (A, B, C, Colour))
a2, b2 = a.alias("a2"), b.alias("b2")
CASES: dict[str, Any] = {}


def case(function: Any) -> Any:
    """Put a function into the table: session -> result."""
    CASES[function.__name__] = function
    return function


def on_a(other: Any) -> Any:
    return other.c.a_code == a.c.code


@case
def a_table(session: Session) -> Any:
    return session.execute(select(a))


@case
def an_alias(session: Session) -> Any:
    return session.execute(select(a2).where(a2.c.code < 3))


@case
def an_alias_of_an_alias(session: Session) -> Any:
    return session.execute(select(a2.alias("a3")))


@case
def two_tables_in_from(session: Session) -> Any:
    return session.execute(select(a.c.label, b.c.label).where(on_a(b)))


@case
def a_table_with_itself(session: Session) -> Any:
    return session.execute(select(a.c.label, a2.c.label).where(a.c.code == a2.c.code))


@case
def an_inner_join(session: Session) -> Any:
    return session.execute(select(a.c.label, b.c.label).join_from(a, b, on_a(b)))


@case
def an_outer_join(session: Session) -> Any:
    return session.execute(select(a.c.label, b.c.label).outerjoin_from(a, b, on_a(b)))


@case
def an_outer_join_that_looks_for_nothing(session: Session) -> Any:
    return session.execute(select(a.c.label).outerjoin_from(a, b, on_a(b)).where(b.c.id.is_(None)))


@case
def an_outer_join_of_an_alias(session: Session) -> Any:
    return session.execute(select(a.c.label, b2.c.label).outerjoin_from(a, b2, on_a(b2)))


@case
def an_outer_join_in_an_outer_join(session: Session) -> Any:
    nested = b.outerjoin(c, c.c.b_code == b.c.code)
    return session.execute(select(a.c.label, b.c.label, c.c.label).select_from(a.outerjoin(nested, on_a(b))))


@case
def an_inner_join_in_an_outer_join(session: Session) -> Any:
    nested = b.join(c, c.c.b_code == b.c.code)
    return session.execute(select(a.c.label, b.c.label, c.c.label).select_from(a.outerjoin(nested, on_a(b))))


@case
def an_outer_join_and_then_an_inner_one(session: Session) -> Any:
    joined = a.outerjoin(b, on_a(b)).join(c, or_(c.c.b_code == b.c.code, c.c.code == a.c.code))
    return session.execute(select(a.c.label, b.c.label, c.c.label).select_from(joined))


@case
def an_outer_join_from_a_global_table(session: Session) -> Any:
    return session.execute(select(colours.c.code, a.c.label).outerjoin_from(colours, a, a.c.code == colours.c.code))


@case
def an_outer_join_to_a_global_table(session: Session) -> Any:
    return session.execute(select(a.c.label, colours.c.code).outerjoin_from(a, colours, a.c.code == colours.c.code))


@case
def an_outer_join_on_true(session: Session) -> Any:
    return session.execute(select(a.c.label, b.c.label).select_from(a.outerjoin(b, true())))


@case
def an_outer_join_on_text_with_or(session: Session) -> Any:
    on = text("b.a_code = a.code or b.code = 5")
    return session.execute(select(a.c.label, b.c.label).select_from(a.outerjoin(b, on)))


@case
def an_outer_join_over_a_full_join(session: Session) -> Any:
    """The full join itself is not filtered, so it must be of global tables to be compared."""
    c2 = colours.alias()
    full = colours.join(c2, colours.c.code == c2.c.code, full=True)
    return session.execute(select(c2.c.code, a.c.label).select_from(full.outerjoin(a, a.c.code == c2.c.code)))


@case
def an_inner_join_over_a_full_join(session: Session) -> Any:
    c2 = colours.alias()
    full = colours.join(c2, colours.c.code == c2.c.code, full=True)
    return session.execute(select(c2.c.code, a.c.label).select_from(full.join(a, a.c.code == c2.c.code)))


@case
def text_with_or(session: Session) -> Any:
    return session.execute(select(a).where(text("a.code = 1 or a.code = 2")))


@case
def text_with_a_comment(session: Session) -> Any:
    return session.execute(select(a).where(text("a.code = 1 -- the first")))


@case
def a_literal_column_with_or(session: Session) -> Any:
    return session.execute(select(a).where(a.c.code == 1, literal_column("a.code = 1 or a.code = 2")))


@case
def a_literal_column_with_or_first(session: Session) -> Any:
    return session.execute(select(a).where(literal_column("true or a.code = 1"), a.c.code > 0))


@case
def an_operator_with_or(session: Session) -> Any:
    return session.execute(select(a).where((a.c.code == 1).op("or")(a.c.code == 2)))


@case
def a_criterion_with_or(session: Session) -> Any:
    return session.execute(select(a).where(or_(a.c.code == 1, a.c.code == 2)))


@case
def a_criterion_that_is_true(session: Session) -> Any:
    return session.execute(select(a).where(true()))


@case
def a_subquery(session: Session) -> Any:
    sub = select(b).subquery("s")
    return session.execute(select(sub.c.label))


@case
def a_subquery_joined(session: Session) -> Any:
    sub = select(b).subquery("s")
    return session.execute(select(a.c.label, sub.c.label).outerjoin_from(a, sub, on_a(sub)))


@case
def an_alias_of_a_subquery(session: Session) -> Any:
    return session.execute(select(select(b).subquery("s").alias("s2")))


@case
def a_cte(session: Session) -> Any:
    found = select(b).cte("found")
    return session.execute(select(a.c.label, found.c.label).join_from(a, found, on_a(found)))


@case
def an_alias_of_a_cte(session: Session) -> Any:
    found = select(b).cte("found")
    one, two = found.alias("f1"), found.alias("f2")
    return session.execute(select(one.c.label, two.c.code).join_from(one, two, one.c.code == two.c.a_code))


@case
def a_recursive_cte(session: Session) -> Any:
    start = select(a.c.code, a.c.label).where(a.c.code == 1).cte("walk", recursive=True)
    walk = start.union_all(select(b.c.code, b.c.label).where(b.c.a_code == start.c.code - 0, start.c.label < "b"))
    return session.execute(select(walk))


@case
def a_recursive_cte_that_climbs(session: Session) -> Any:
    start = select(a.c.code, literal(0, Integer).label("depth")).where(a.c.code == 1).cte("walk", recursive=True)
    walk = start.union_all(select(a2.c.code, start.c.depth + 1).where(a2.c.code == start.c.code + 1))
    return session.execute(select(walk))


@case
def a_nesting_cte(session: Session) -> Any:
    inner = select(b).cte("inner_b", nesting=True)
    return session.execute(select(select(inner.c.label).cte("outer_b")))


@case
def exists_correlated(session: Session) -> Any:
    return session.execute(select(a.c.label).where(exists().where(on_a(b))))


@case
def not_exists_correlated(session: Session) -> Any:
    return session.execute(select(a.c.label).where(~exists().where(on_a(b))))


@case
def exists_of_an_alias_of_the_outer_table(session: Session) -> Any:
    return session.execute(select(a.c.label).where(exists(select(a2.c.id).where(a2.c.code == a.c.code + 1))))


@case
def exists_with_the_outer_alias_correlated(session: Session) -> Any:
    inner = select(a.c.id).where(a.c.code == a2.c.code + 1).correlate(a2)
    return session.execute(select(a2.c.label).where(exists(inner)))


@case
def exists_alone(session: Session) -> Any:
    return session.execute(select(exists().where(a.c.code == 5)))


@case
def a_scalar_subquery(session: Session) -> Any:
    count = select(func.count()).select_from(b).scalar_subquery()
    return session.execute(select(a.c.label, count))


@case
def a_correlated_scalar_subquery(session: Session) -> Any:
    count = select(func.count(b.c.id)).where(on_a(b)).scalar_subquery()
    return session.execute(select(a.c.label, count))


@case
def a_scalar_subquery_without_from(session: Session) -> Any:
    return session.execute(select(select(func.count()).select_from(a).scalar_subquery()))


@case
def a_scalar_subquery_in_order_by(session: Session) -> Any:
    count = select(func.count(b.c.id)).where(on_a(b)).scalar_subquery()
    return [row.label for row in session.execute(select(a.c.label).order_by(count.desc(), a.c.code))]


@case
def a_subquery_in_having(session: Session) -> Any:
    most = select(func.max(b.c.code)).scalar_subquery()
    query = select(a.c.code, func.count()).group_by(a.c.code).having(func.max(a.c.code) < most - 1)
    return session.execute(query)


@case
def in_a_subquery(session: Session) -> Any:
    return session.execute(select(a.c.label).where(a.c.code.in_(select(b.c.a_code))))


@case
def in_a_list(session: Session) -> Any:
    return session.execute(select(a.c.label).where(a.c.code.in_([1, 2, 4])))


@case
def in_an_empty_list_or(session: Session) -> Any:
    return session.execute(select(a.c.label).where(or_(a.c.code.in_([]), a.c.code == 1)))


@case
def a_union(session: Session) -> Any:
    return session.execute(union(select(a.c.label), select(b.c.label).where(b.c.code < 3)))


@case
def a_union_as_a_subquery(session: Session) -> Any:
    both = union_all(select(a.c.code), select(b.c.code)).subquery()
    return session.execute(select(both.c.code, func.count()).group_by(both.c.code))


@case
def an_except(session: Session) -> Any:
    return session.execute(select(a.c.code).except_(select(b.c.a_code)))


@case
def a_lateral_join(session: Session) -> Any:
    newest = select(b.c.label).where(on_a(b)).order_by(b.c.code.desc()).limit(1).lateral("newest")
    return session.execute(select(a.c.label, newest.c.label).outerjoin_from(a, newest, true()))


@case
def a_lateral_in_from(session: Session) -> Any:
    newest = lateral(select(b.c.label).where(on_a(b)).limit(3), "newest")
    return session.execute(select(a.c.label, newest.c.label).where(true()))


@case
def a_table_sample(session: Session) -> Any:
    return session.execute(select(tablesample(a, func.bernoulli(100), name="some")))


@case
def a_table_sample_of_an_alias(session: Session) -> Any:
    return session.execute(select(tablesample(a2, func.bernoulli(100), name="some")))


@case
def values_joined(session: Session) -> Any:
    given = values(column("code", Integer), name="given").data([(1,), (4,)])
    return session.execute(select(given.c.code, a.c.label).outerjoin_from(given, a, a.c.code == given.c.code))


@case
def values_of_a_subquery_as_literals(session: Session) -> Any:
    count = select(func.count()).select_from(a).scalar_subquery()
    tenant = session.connection().get_execution_options()[CONTEXT_OPTION].tenant_id
    session.execute(select(func.set_config("app.current_tenant_id", str(tenant), True)))
    given = values(column("n", Integer), name="given", literal_binds=True).data([(1,), (count,)])
    return session.execute(select(given.c.n))


@case
def a_function_over_the_rows(session: Session) -> Any:
    return session.execute(select(func.row_to_json(a.table_valued())))


@case
def a_window(session: Session) -> Any:
    return session.execute(select(a.c.label, func.row_number().over(order_by=a.c.code), func.count().over()))


@case
def distinct_on(session: Session) -> Any:
    return session.execute(select(a.c.code).distinct())


@case
def group_by(session: Session) -> Any:
    return session.execute(select(b.c.a_code, func.count()).group_by(b.c.a_code).having(func.count() > 0))


@case
def an_aggregate(session: Session) -> Any:
    return session.scalar(select(func.count()).select_from(a))


@case
def limit_and_offset(session: Session) -> Any:
    return session.execute(select(a.c.label).order_by(a.c.code.desc()).limit(2).offset(1))


@case
def for_update(session: Session) -> Any:
    return session.execute(select(a).with_for_update())


@case
def for_update_of(session: Session) -> Any:
    return session.execute(select(a.c.label, b.c.label).join_from(a, b, on_a(b)).with_for_update(of=b, nowait=True))


@case
def a_table_without_a_model(session: Session) -> Any:
    return session.execute(select(links.c.a_code, links.c.b_code))


@case
def text_beside_a_table(session: Session) -> Any:
    return session.execute(select(a.c.label).select_from(a, text("probe.colours")).where(text("colours.code = a.code")))


@case
def nothing_by_false(session: Session) -> Any:
    return session.execute(
        select(func.count(a.c.id), a2.c.code).select_from(a2.outerjoin(a, false())).group_by(a2.c.code)
    )


@case
def executed_with_parameters(session: Session) -> Any:
    return session.execute(select(a).where(text("a.code = :code")), {"code": 1})


@case
def the_parameters_of_a_statement(session: Session) -> Any:
    return session.execute(select(a).where(text("a.code = :code")).params(code=1))


@case
def a_lambda(session: Session) -> Any:
    code = 3
    return session.execute(lambda_stmt(lambda: select(a)) + (lambda s: s.where(a.c.code < code)))


@case
def an_independent_cte(session: Session) -> Any:
    made = insert(colours).from_select(["code"], select(b.c.code), include_defaults=False).cte("made")
    session.execute(select(a.c.label).add_cte(made))
    return session.execute(select(colours.c.code))


@case
def without_the_compiled_cache(session: Session) -> Any:
    return session.execute(select(a).where(a.c.code == 1), execution_options={"compiled_cache": None})


@case
def a_server_side_cursor(session: Session) -> Any:
    return session.execute(select(a.c.label), execution_options={"yield_per": 2})


@case
def a_translated_schema(session: Session) -> Any:
    options = {"schema_translate_map": {"probe": "probe"}}
    return session.connection().execute(select(a.c.label), execution_options=options)


@case
def an_insert_in_a_cte(session: Session) -> Any:
    made = (
        insert(colours)
        .from_select(["code"], select(a.c.code), include_defaults=False)
        .returning(colours.c.code)
        .cte("made")
    )
    return session.execute(select(made.c.code))


def _full_join(session: Session) -> Any:
    return session.execute(select(a.c.label, b.c.label).join_from(a, b, on_a(b), full=True))


def _full_join_of_joins(session: Session) -> Any:
    joined = a.outerjoin(c, c.c.code == a.c.code).join(b.join(b2, b.c.code == b2.c.code), on_a(b), full=True)
    return session.execute(select(a.c.label, b.c.label, b2.c.label, c.c.label).select_from(joined))


def _text_alone(session: Session) -> Any:
    return session.execute(text("select label from probe.a"))


def _text_as_from(session: Session) -> Any:
    return session.execute(select(text("label")).select_from(text("probe.a")))


def _table_without_a_scope(session: Session) -> Any:
    return session.execute(select(table("a", column("label"), schema="probe")))


def _entities_from_text(session: Session) -> Any:
    found = session.scalars(select(A).from_statement(text("select * from probe.a")))
    return sorted(one.label for one in found)


# these have row-level security alone, and are not disturbed
RLS_ALONE = [
    _full_join,
    _full_join_of_joins,
    _text_alone,
    _text_as_from,
    _table_without_a_scope,
    _entities_from_text,
]
