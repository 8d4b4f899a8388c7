"""What the ORM makes of a request: joins, loads and reloads of its own."""

from __future__ import annotations

from typing import Any

from predicate.tables import A, B, C, Dog, Pet, links
from sqlalchemy import func, literal_column, select, text, union_all
from sqlalchemy.orm import (
    Bundle,
    Session,
    aliased,
    contains_eager,
    joinedload,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    undefer,
    with_expression,
    with_loader_criteria,
    with_polymorphic,
)

CASES: dict[str, Any] = {}


def case(function: Any) -> Any:
    CASES[function.__name__] = function
    return function


def tree(found: Any) -> Any:
    """Return each A with its Bs and their Cs."""
    return sorted((one.label, [(b.label, [c.label for c in b.cs]) for b in one.bs]) for one in found)


@case
def entities(session: Session) -> Any:
    return sorted(one.label for one in session.scalars(select(A)))


@case
def get(session: Session) -> Any:
    """By the key of another tenant's row, read by text."""
    keys = session.execute(text("select tenant_id, id from probe.a order by tenant_id, id")).all()
    return sorted(one.label for key in keys if (one := session.get(A, tuple(key))) is not None)


@case
def attributes(session: Session) -> Any:
    return session.execute(select(A.code, A.label).where(A.code > 0))


@case
def a_bundle(session: Session) -> Any:
    return sorted((row.one.code, row.one.label) for row in session.execute(select(Bundle("one", A.code, A.label))))


@case
def a_join(session: Session) -> Any:
    return session.execute(select(A.label, B.label).join(A.bs))


@case
def an_outer_join(session: Session) -> Any:
    return session.execute(select(A.label, B.label).join(A.bs, isouter=True))


@case
def a_joinedload(session: Session) -> Any:
    return tree(session.scalars(select(A).options(joinedload(A.bs).joinedload(B.cs))).unique())


@case
def a_joinedload_with_inner_join_inside(session: Session) -> Any:
    return tree(session.scalars(select(A).options(joinedload(A.bs).joinedload(B.cs, innerjoin=True))).unique())


@case
def a_joinedload_under_a_limit(session: Session) -> Any:
    query = select(A).options(joinedload(A.bs)).order_by(A.code.desc()).limit(2)
    return tree(session.scalars(query).unique())


@case
def a_joinedload_to_one(session: Session) -> Any:
    found = session.scalars(select(B).options(joinedload(B.a)).where(B.code.in_([1, 4, 5])))
    return sorted((one.label, one.a.label if one.a else None) for one in found)


@case
def a_selectinload(session: Session) -> Any:
    return tree(session.scalars(select(A).options(selectinload(A.bs).selectinload(B.cs))))


@case
def a_subqueryload(session: Session) -> Any:
    return tree(session.scalars(select(A).options(subqueryload(A.bs).subqueryload(B.cs))))


@case
def a_contains_eager(session: Session) -> Any:
    query = select(A).join(A.bs, isouter=True).options(contains_eager(A.bs))
    return tree(session.scalars(query).unique())


@case
def lazy_loads(session: Session) -> Any:
    return tree(session.scalars(select(A)))


@case
def a_secondary_lazily(session: Session) -> Any:
    return sorted((one.label, [b.label for b in one.linked]) for one in session.scalars(select(A)))


@case
def a_secondary_joined(session: Session) -> Any:
    found = session.scalars(select(A).options(joinedload(A.linked))).unique()
    return sorted((one.label, [b.label for b in one.linked]) for one in found)


@case
def a_secondary_selectin(session: Session) -> Any:
    found = session.scalars(select(A).options(selectinload(A.linked)))
    return sorted((one.label, [b.label for b in one.linked]) for one in found)


@case
def a_secondary_in_a_join(session: Session) -> Any:
    return session.execute(select(A.label, B.label).join(A.linked))


@case
def a_relationship_that_exists(session: Session) -> Any:
    return sorted(one.label for one in session.scalars(select(A).where(A.bs.any())))


@case
def a_relationship_with_criteria(session: Session) -> Any:
    query = select(B).where(B.a.has(A.code > 2) | B.cs.any(C.code > 1))
    return sorted(one.label for one in session.scalars(query))


@case
def a_refresh(session: Session) -> Any:
    one = session.scalars(select(A).where(A.code == 1)).one()
    session.refresh(one)
    session.expire(one)
    return one.label, [b.label for b in one.bs]


@case
def populate_existing(session: Session) -> Any:
    session.scalars(select(A)).all()
    return tree(session.scalars(select(A), execution_options={"populate_existing": True}))


@case
def a_column_property(session: Session) -> Any:
    query = select(A).options(undefer(A.b_labels))  # type: ignore[attr-defined]
    return sorted((one.label, one.b_labels) for one in session.scalars(query))


@case
def a_deferred_column_property(session: Session) -> Any:
    return sorted((one.label, one.b_labels) for one in session.scalars(select(A)))  # type: ignore[attr-defined]


@case
def a_with_expression(session: Session) -> Any:
    latest = select(func.max(B.label)).where(B.a_code == A.code).scalar_subquery()
    query = select(A).options(with_expression(A.extra, latest))
    return sorted((one.label, one.extra) for one in session.scalars(query))


@case
def an_aliased_class(session: Session) -> Any:
    other = aliased(A)
    return session.execute(select(A.label, other.label).join(other, other.code == A.code + 1, isouter=True))


@case
def an_aliased_subquery(session: Session) -> Any:
    other = aliased(A, select(A).where(A.code < 5).subquery())
    return sorted(one.label for one in session.scalars(select(other)))


@case
def an_aliased_union(session: Session) -> Any:
    both = union_all(select(A).where(A.code < 3), select(A).where(A.code >= 3)).subquery()
    return sorted(one.label for one in session.scalars(select(aliased(A, both))))


@case
def an_aliased_cte(session: Session) -> Any:
    other = aliased(B, select(B).cte("bs"))
    return session.execute(select(A.label, other.label).join(other, other.a_code == A.code, isouter=True))


@case
def joined_inheritance(session: Session) -> Any:
    return sorted((one.name, one.tricks) for one in session.scalars(select(Dog)))


@case
def inheritance_from_the_base(session: Session) -> Any:
    return sorted((one.name, getattr(one, "tricks", None)) for one in session.scalars(select(Pet)))


@case
def inheritance_with_polymorphic(session: Session) -> Any:
    every = with_polymorphic(Pet, [Dog])
    return session.execute(select(every.name, every.Dog.tricks))


@case
def inheritance_with_polymorphic_flat(session: Session) -> Any:
    every = with_polymorphic(Pet, [Dog], flat=True, aliased=True)
    return sorted((row[0].name, row[1]) for row in session.execute(select(every, every.Dog.tricks)))


@case
def inheritance_aliased(session: Session) -> Any:
    other = aliased(Dog, flat=True)
    return session.execute(select(Pet.name, other.tricks).join(other, other.id == Pet.id, isouter=True))


@case
def inheritance_selectin(session: Session) -> Any:
    query = select(Pet).options(selectin_polymorphic(Pet, [Dog]))
    return sorted((one.name, getattr(one, "tricks", None)) for one in session.scalars(query))


@case
def from_a_select_statement(session: Session) -> Any:
    return sorted(one.label for one in session.scalars(select(A).from_statement(select(A.__table__))))


@case
def loader_criteria(session: Session) -> Any:
    query = select(A).options(selectinload(A.bs), with_loader_criteria(B, B.code < 3))
    return tree(session.scalars(query))


@case
def the_query_api(session: Session) -> Any:
    found = session.query(A, B).outerjoin(B, B.a_code == A.code).filter(A.code < 4)
    return sorted((one.label, b.label if b else None) for one, b in found)


@case
def the_query_api_counts(session: Session) -> Any:
    return session.query(A).count(), session.query(session.query(B).filter(B.code == 5).exists()).scalar()


@case
def the_query_api_nests(session: Session) -> Any:
    inner = session.query(B.a_code, func.count().label("n")).group_by(B.a_code).subquery()
    found = session.query(A.label, inner.c.n).outerjoin(inner, inner.c.a_code == A.code)
    return sorted(map(tuple, found), key=repr)


@case
def an_existing_row_merged(session: Session) -> Any:
    one = session.scalars(select(A).where(A.code == 1)).one()
    key = one.tenant_id, one.id
    session.expunge_all()
    merged = session.merge(A(tenant_id=key[0], id=key[1], label="merged"))
    return merged.code, merged.label


@case
def an_association_table(session: Session) -> Any:
    return session.execute(select(A.label, links.c.b_code).join(links, links.c.a_code == A.code))


@case
def three_levels_of_joins(session: Session) -> Any:
    query = select(A.label, B.label, C.label).join(A.bs, isouter=True).join(B.cs, isouter=True)
    return session.execute(query.where(literal_column("1 = 1")))
