"""INSERT, UPDATE and DELETE, by Core and by the ORM; the worlds also compare the rows afterwards."""

from __future__ import annotations

from typing import Any

import pytest
from predicate.core_cases import a, a2, b, b2, c, colours, on_a
from predicate.tables import A, B, Colour, Dog, Pet
from predicate.worlds import statements
from sqlalchemy import bindparam, delete, exists, func, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.exc import SAWarning
from sqlalchemy.orm import Session, aliased
from uuid_utils.compat import uuid7

CASES: dict[str, Any] = {}


def case(function: Any) -> Any:
    CASES[function.__name__] = function
    return function


@case
def update_all(session: Session) -> Any:
    return session.execute(update(a).values(label="x")).rowcount


@case
def update_where_or(session: Session) -> Any:
    return session.execute(update(a).values(label="x").where(or_(a.c.code == 1, text("code = 2 or code = 4")))).rowcount


@case
def update_returning(session: Session) -> Any:
    return session.execute(update(a).values(label="x").returning(a.c.code, a.c.label))


@case
def update_an_alias(session: Session) -> Any:
    return session.execute(update(a2).values(label="x").where(a2.c.code == 1)).rowcount


@case
def update_from_where(session: Session) -> Any:
    return session.execute(update(a).values(label="x").where(on_a(b), b.c.code >= 2)).rowcount


@case
def update_from_where_of_a_global_table(session: Session) -> Any:
    """Only the table in FROM belongs to tenants."""
    return session.execute(
        update(colours).values(code=7).where(colours.c.code == a.c.code - 3).returning(colours.c.code)
    )


@case
def update_from_values_alone(session: Session) -> Any:
    """The stock linter calls this a cartesian product, which it is; the condition must not hide it."""
    statement = update(a).values(label=func.right(b.c.label, 4)).where(a.c.code < 3)
    with pytest.warns(SAWarning, match="cartesian"):
        return session.execute(statement, execution_options={"compiled_cache": None}).rowcount


@case
def update_from_an_alias(session: Session) -> Any:
    return session.execute(update(a).values(label=b2.c.label).where(on_a(b2), b2.c.code != 1)).rowcount


@case
def update_from_a_join(session: Session) -> Any:
    joined = b.outerjoin(c, c.c.b_code == b.c.code)
    source = select(b.c.a_code, c.c.label).select_from(joined).subquery()
    return session.execute(update(a).values(label=func.coalesce(source.c.label, "-")).where(on_a(source))).rowcount


@case
def update_by_a_scalar_subquery(session: Session) -> Any:
    newest = select(func.max(b.c.label)).where(on_a(b)).scalar_subquery()
    return session.execute(update(a).values(label=func.coalesce(newest, "none"))).rowcount


@case
def update_where_exists(session: Session) -> Any:
    return session.execute(update(a).values(label="x").where(exists().where(on_a(b)))).rowcount


@case
def update_many(session: Session) -> Any:
    statement = update(a).where(a.c.code == bindparam("which")).values(label=bindparam("new"))
    session.connection().execute(statement, [{"which": 1, "new": "one"}, {"which": 4, "new": "four"}])


@case
def update_in_a_cte(session: Session) -> Any:
    changed = update(a).values(label="x").where(a.c.code < 3).returning(a.c.code).cte("changed")
    return session.execute(select(b.c.label).join_from(b, changed, b.c.a_code == changed.c.code))


@case
def update_from_a_cte(session: Session) -> Any:
    found = select(b.c.a_code, func.count().label("n")).group_by(b.c.a_code).cte("found")
    return session.execute(update(a).values(code=found.c.n + 10).where(on_a(found))).rowcount


@case
def delete_all(session: Session) -> Any:
    return session.execute(delete(c)).rowcount


@case
def delete_returning(session: Session) -> Any:
    return session.execute(delete(b).where(b.c.code < 3).returning(b.c.label))


@case
def delete_using(session: Session) -> Any:
    return session.execute(delete(a).where(on_a(b), b.c.code >= 2)).rowcount


@case
def delete_using_of_a_global_table(session: Session) -> Any:
    return session.execute(delete(colours).where(colours.c.code == a.c.code - 3).returning(colours.c.code))


@case
def delete_using_an_alias(session: Session) -> Any:
    return session.execute(delete(a).where(on_a(b2), b2.c.code >= 2)).rowcount


@case
def delete_an_alias(session: Session) -> Any:
    return session.execute(delete(a2).where(a2.c.code == 1)).rowcount


@case
def delete_in_a_subquery(session: Session) -> Any:
    return session.execute(delete(a).where(a.c.code.in_(select(b.c.a_code)))).rowcount


@case
def delete_in_a_cte(session: Session) -> Any:
    gone = delete(b).where(b.c.code < 3).returning(b.c.label).cte("gone")
    return session.execute(select(gone.c.label))


@case
def delete_many(session: Session) -> Any:
    session.connection().execute(delete(a).where(a.c.code == bindparam("which")), [{"which": 1}, {"which": 2}])


@case
def insert_from_select(session: Session) -> Any:
    statement = insert(colours).from_select(["code"], select(a.c.code + 100), include_defaults=False)
    return session.execute(statement.returning(colours.c.code))


@case
def insert_a_scalar_subquery(session: Session) -> Any:
    count = select(func.count()).select_from(a).scalar_subquery()
    return session.execute(insert(colours).values(code=count).returning(colours.c.code))


@case
def insert_many_with_a_scalar_subquery(session: Session) -> Any:
    count = select(func.count() + bindparam("plus", type_=colours.c.code.type)).select_from(a).scalar_subquery()
    statement = insert(colours).values(code=count).returning(colours.c.code)
    return session.connection().execute(statement, [{"id": uuid7(), "plus": n} for n in range(5)])


@case
def insert_in_values_groups(session: Session) -> Any:
    count = select(func.count()).select_from(a).scalar_subquery()
    statement = insert(colours).values([{"id": uuid7(), "code": count}, {"id": uuid7(), "code": 3}])
    return session.execute(statement.returning(colours.c.code))


@case
def an_upsert(session: Session) -> Any:
    first = session.execute(select(a).where(a.c.code == 1)).one()
    statement = upsert(a).values(**first._mapping)
    changed = statement.on_conflict_do_update(
        index_elements=[a.c.tenant_id, a.c.id], set_={"label": statement.excluded.label + "!"}
    )
    return session.execute(changed.returning(a.c.label))


@case
def an_upsert_from_select(session: Session) -> Any:
    """Stock SQLAlchemy drops the schemas of tables in the SET and WHERE of ON CONFLICT."""
    session.execute(text("set local search_path = probe"))
    source = select(a.c.tenant_id, a.c.id, a.c.code, a.c.label)
    statement = upsert(a).from_select(["tenant_id", "id", "code", "label"], source)
    changed = statement.on_conflict_do_update(
        index_elements=[a.c.tenant_id, a.c.id],
        set_={"code": select(func.count()).select_from(b2).scalar_subquery()},
        where=a.c.code < select(func.max(b2.c.code)).scalar_subquery() - 2,
    )
    return session.execute(changed.returning(a.c.code))


@case
def delete_using_a_join(session: Session) -> Any:
    joined = b.outerjoin(c, c.c.b_code == b.c.code)
    return session.execute(delete(a).using(joined).where(on_a(b), c.c.id.is_(None)).returning(a.c.label))


@case
def many_upserts(session: Session) -> Any:
    session.execute(text("set local search_path = probe"))
    statement = upsert(colours).on_conflict_do_update(
        index_elements=[colours.c.id], set_={"code": select(func.count()).select_from(b2).scalar_subquery()}
    )
    found = session.execute(select(colours.c.id, colours.c.code)).all()
    with statements(session.get_bind().engine) as sent:
        session.connection().execute(statement, [row._asdict() for row in found])
    assert len(sent) == 1
    return session.execute(select(colours.c.code))


@case
def orm_update(session: Session) -> Any:
    return session.execute(update(A).values(label="x").where(A.code < 3)).rowcount


@case
def orm_update_evaluate(session: Session) -> Any:
    loaded = session.scalars(select(A)).all()
    session.execute(
        update(A).values(label="x").where(A.code < 3), execution_options={"synchronize_session": "evaluate"}
    )
    return sorted(one.label for one in loaded)


@case
def orm_update_fetch(session: Session) -> Any:
    loaded = session.scalars(select(A)).all()
    session.execute(update(A).values(label="x").where(A.code < 3), execution_options={"synchronize_session": "fetch"})
    return sorted(one.label for one in loaded)


@case
def orm_update_from(session: Session) -> Any:
    return session.execute(update(A).values(label=B.label).where(B.a_code == A.code, B.code >= 2)).rowcount


@case
def orm_update_aliased(session: Session) -> Any:
    other = aliased(B)
    return session.execute(update(A).values(label="x").where(A.code == other.a_code, other.code >= 2)).rowcount


@case
def orm_update_of_a_joined_class(session: Session) -> Any:
    session.execute(
        update(Dog).values(tricks=9).where(Dog.tricks >= 0), execution_options={"synchronize_session": False}
    )


@case
def orm_update_by_key(session: Session) -> Any:
    one = session.scalars(select(A).where(A.code == 1)).one()
    session.execute(update(A), [{"tenant_id": one.tenant_id, "id": one.id, "label": "by key"}])
    session.expire_all()
    return one.label


@case
def orm_delete_evaluate(session: Session) -> Any:
    session.scalars(select(A)).all()
    return session.execute(delete(A).where(A.code < 3), execution_options={"synchronize_session": "evaluate"}).rowcount


@case
def orm_delete_fetch(session: Session) -> Any:
    session.scalars(select(A)).all()
    return session.execute(delete(A).where(A.code < 3), execution_options={"synchronize_session": "fetch"}).rowcount


@case
def orm_delete_using(session: Session) -> Any:
    return session.execute(delete(A).where(B.a_code == A.code, B.code >= 2)).rowcount


@case
def orm_query_update_and_delete(session: Session) -> Any:
    updated = session.query(A).filter(A.code == 1).update({"label": "q"})
    return updated, session.query(A).filter(A.code == 2).delete()


@case
def a_flush(session: Session) -> Any:
    one, two = session.scalars(select(A).where(A.code < 3).order_by(A.code)).all()
    one.label = "changed"
    session.delete(two)
    session.add_all([Colour(code=1), Colour(code=2)])
    session.add(A(tenant_id=one.tenant_id, code=77, label="new"))
    session.flush()
    return session.execute(select(A.code, A.label))


@case
def a_bulk_insert_returning(session: Session) -> Any:
    tenant = session.scalars(select(A.tenant_id).limit(1)).one()
    made = session.scalars(
        insert(A).returning(A), [{"tenant_id": tenant, "code": n, "label": "m"} for n in range(50, 55)]
    )
    assert sorted(one.code for one in made) == [50, 51, 52, 53, 54]
    return session.scalar(select(func.count()).select_from(Pet).where(select(A.id).exists()))
