"""Random trees of joins, subqueries and common table expressions return what the policies alone return."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from predicate.core_cases import a, b, c, colours
from predicate.worlds import Worlds
from sqlalchemy import ColumnElement, exists, func, select, true
from sqlalchemy.orm import Session
from support import ON_18

from app_db.engine import predicate

LEAVES = {"a": a, "b": b, "c": c, "colours": colours}
OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda one, other: one == other,
    "<=": lambda one, other: one <= other,
    "or null": lambda one, other: (one == other) | other.is_(None),
}
KINDS = ("inner", "left", "left", "full", "subquery", "cte", "lateral")
small = st.integers(0, 7)
trees: Any = st.recursive(
    st.sampled_from(sorted(LEAVES)),
    lambda tree: st.tuples(st.sampled_from(KINDS), tree, tree, st.sampled_from(sorted(OPERATORS)), small, small),
    max_leaves=5,
)
wheres = st.sampled_from(["", "null", "exists", "not exists", "scalar"])


def build(tree: Any, names: Any) -> tuple[Any, list[ColumnElement[Any]]]:
    """Return an element of FROM and its columns of codes."""
    if isinstance(tree, str):
        leaf = LEAVES[tree].alias(f"t{next(names)}")
        return leaf, [column for column in leaf.c if column.name.endswith("code")]
    kind, left_tree, right_tree, operator, i, j = tree
    (left, lefts), (right, rights) = build(left_tree, names), build(right_tree, names)
    if kind == "full":
        # a full join itself has row-level security alone; of subqueries, which are filtered, it can be compared
        (left, lefts), (right, rights) = (wrap(*side, "subquery", names) for side in ((left, lefts), (right, rights)))
        on = lefts[i % len(lefts)] == rights[j % len(rights)]
    else:
        on = OPERATORS[operator](lefts[i % len(lefts)], rights[j % len(rights)])
    if kind == "lateral":
        right = select(*labelled(rights)).select_from(right).where(on).lateral(f"t{next(names)}")
        return left.outerjoin(right, true()), [*lefts, *right.c]
    joined = left.join(right, on, isouter=kind == "left", full=kind == "full")
    return wrap(joined, lefts + rights, kind, names) if kind in {"subquery", "cte"} else (joined, lefts + rights)


def labelled(columns: list[Any]) -> list[Any]:
    return [column.label(f"code{n}") for n, column in enumerate(columns)]


def wrap(element: Any, columns: list[Any], kind: str, names: Any) -> tuple[Any, list[Any]]:
    query, name = select(*labelled(columns)).select_from(element), f"t{next(names)}"
    wrapped = query.cte(name) if kind == "cte" else query.subquery(name)
    return wrapped, list(wrapped.c)


def query_of(tree: Any, where: str, nth: int) -> Any:
    element, columns = build(tree, count())
    column = columns[nth % len(columns)]
    inner = b.alias("inner_b")
    query = select(*labelled(columns)).select_from(element)
    match where:
        case "null":
            return query.where(column.is_(None))
        case "exists":
            return query.where(exists().where(inner.c.a_code == column))
        case "not exists":
            return query.where(~exists().where(inner.c.a_code == column))
        case "scalar":
            return query.add_columns(select(func.count(inner.c.id)).where(inner.c.a_code == column).scalar_subquery())
    return query


@ON_18
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(tree=trees, where=wheres, nth=small)
@example(("left", "a", ("inner", "b", "c", "=", 0, 1), "=", 0, 1), "null", 4)
@example(("left", "a", ("left", ("left", "b", "c", "=", 0, 1), "a", "=", 1, 0), "=", 0, 1), "", 0)
@example(("inner", ("full", "a", "b", "=", 0, 1), "c", "=", 0, 1), "not exists", 0)
def test_any_tree_returns_what_the_policies_alone_return(worlds: Worlds, tree: Any, where: str, nth: int) -> None:
    def case(session: Session) -> Any:
        return session.execute(query_of(tree, where, nth), execution_options={"compiled_cache": None})

    for tenant in worlds.tenants:
        expected = worlds.under_rls(case, tenant)
        assert worlds.by_predicate(case, tenant) == expected
        assert worlds.by_both(case, tenant) == expected


def test_a_condition_in_where_instead_of_on_would_show(worlds: Worlds, monkeypatch: pytest.MonkeyPatch) -> None:
    """The trees above can tell the two places apart."""
    tree = ("left", "a", ("inner", "b", "c", "=", 0, 1), "=", 0, 1)
    stock = predicate._tenant_relations

    def in_where(element: Any) -> Any:
        if isinstance(element, predicate.Join):
            return [*in_where(element.left), *in_where(element.right)]
        return in_where(element.element) if isinstance(element, predicate.FromGrouping) else stock(element)

    def case(session: Session) -> Any:
        return session.execute(query_of(tree, "", 0), execution_options={"compiled_cache": None})

    expected = worlds.under_rls(case)
    assert worlds.by_predicate(case) == expected
    monkeypatch.setattr(predicate, "_tenant_relations", in_where)
    assert worlds.by_predicate(case) != expected
