"""Tables of two tenants that meet in every column but the tenant's, so that a forgotten condition shows."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, MetaData, Table, Uuid, select
from sqlalchemy.orm import Mapped, column_property, mapped_column, query_expression, relationship
from uuid_utils.compat import uuid7

from app_db.migrations.ddl import v1 as ddl
from app_db.models import Base, Shared, Tenant, TenantScoped
from app_db.schema import Scope, ScopeKind


class Own(Base):
    __abstract__ = True
    metadata = MetaData(naming_convention=Base.metadata.naming_convention, schema="probe")


Tenant.__table__.to_metadata(Own.metadata)  # type: ignore[attr-defined]


class C(TenantScoped, Own):
    __tablename__ = "c"
    code: Mapped[int]
    b_code: Mapped[int | None]
    label: Mapped[str]


class B(TenantScoped, Own):
    __tablename__ = "b"
    code: Mapped[int]
    a_code: Mapped[int | None]
    label: Mapped[str]
    cs: Mapped[list[C]] = relationship(
        primaryjoin=lambda: C.b_code == B.code, foreign_keys=lambda: C.b_code, viewonly=True, order_by=C.label
    )
    a: Mapped[A | None] = relationship(
        primaryjoin=lambda: B.a_code == A.code, foreign_keys=lambda: B.a_code, viewonly=True, uselist=False
    )


links = Table(
    "links",
    Own.metadata,
    Column("tenant_id", Uuid(), primary_key=True),
    Column("a_code", BigInteger(), primary_key=True),
    Column("b_code", BigInteger(), primary_key=True),
)
Scope(ScopeKind.TENANT, tenant_column="tenant_id").attach_to(links)


class A(TenantScoped, Own):
    __tablename__ = "a"
    code: Mapped[int]
    label: Mapped[str]
    bs: Mapped[list[B]] = relationship(
        primaryjoin=lambda: B.a_code == A.code, foreign_keys=lambda: B.a_code, viewonly=True, order_by=B.label
    )
    linked: Mapped[list[B]] = relationship(
        secondary=links,
        primaryjoin=lambda: links.c.a_code == A.code,
        secondaryjoin=lambda: links.c.b_code == B.code,
        viewonly=True,
        order_by=B.label,
    )
    extra: Mapped[str | None] = query_expression()


A.b_labels = column_property(  # type: ignore[attr-defined]
    select(B.label).where(B.a_code == A.code).order_by(B.label).limit(1).correlate_except(B).scalar_subquery(),
    deferred=True,
)


class Pet(TenantScoped, Own):
    __tablename__ = "pets"
    kind: Mapped[str]
    name: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "pet"}  # noqa: RUF012


class Dog(Pet):
    """Shares its ids with another tenant's dog, so that the two halves of a row can come from two tenants."""

    __tablename__ = "dogs"
    dog_tenant_id: Mapped[UUID] = mapped_column("tenant_id", primary_key=True)
    dog_id: Mapped[UUID] = mapped_column("id", primary_key=True)
    tricks: Mapped[int]
    __table_args__ = (ForeignKeyConstraint(["tenant_id", "id"], [Pet.tenant_id, Pet.id]),)
    __mapper_args__ = {"polymorphic_identity": "dog", "inherit_condition": dog_id == Pet.id}  # noqa: RUF012


class Colour(Shared, Own):
    __tablename__ = "colours"
    code: Mapped[int]


_TABLES = {
    "a": "code bigint not null, label text not null, primary key (tenant_id, id)",
    "b": "code bigint not null, a_code bigint, label text not null, primary key (tenant_id, id)",
    "c": "code bigint not null, b_code bigint, label text not null, primary key (tenant_id, id)",
    "pets": "kind text not null, name text not null, primary key (tenant_id, id)",
    "dogs": "tricks bigint not null, primary key (tenant_id, id)",
}
_TENANT = "tenant_id uuid default app.current_tenant_id() not null"
_ID = "id uuid default app.uuid7() not null"
VERBS = "select, insert, update, delete"


def create_probe() -> None:
    """Create the tables with their policies; to be called with Alembic's `op` in place."""
    ddl.create_schema("probe", "Tables of tests.", ddl.EVERYONE)
    for name, columns in _TABLES.items():
        _create(name, f"{_TENANT}, {_ID}, {columns}")
    _create("links", f"{_TENANT}, a_code bigint, b_code bigint, primary key (tenant_id, a_code, b_code)")
    ddl.execute("create table probe.colours (id uuid primary key default app.uuid7(), code bigint not null)")
    ddl.grant(VERBS, "probe.colours", ["app_rw", "app_admin"])


def _create(name: str, columns: str) -> None:
    ddl.execute(f"create table probe.{name} ({columns})")
    ddl.tenant_policies(f"probe.{name}")
    ddl.grant(VERBS, f"probe.{name}", ["app_rw", "app_admin"])


Row = dict[str, object]


def rows_of(first: UUID, second: UUID) -> list[tuple[Table, list[Row]]]:
    """Return the rows of two tenants; the second one's would match the first one's wherever those have no match."""
    dog = uuid7()
    a, b, c, pets, dogs = (model.__table__ for model in (A, B, C, Pet, Dog))
    colours: list[Row] = [{"code": code} for code in (1, 2, 9)]
    return [
        (a, _labelled("a", first, [{"code": 1}, {"code": 2}, {"code": 3}])),
        (a, _labelled("a", second, [{"code": 1}, {"code": 2}, {"code": 4}, {"code": 5}])),
        (b, _labelled("b", first, [_b(1, 1), _b(2, 1), _b(3, None), _b(4, 9)])),
        (b, _labelled("b", second, [_b(1, 1), _b(2, 2), _b(5, 3), _b(6, None), _b(4, 4)])),
        (c, _labelled("c", first, [_c(1, 1), _c(2, 9), _c(3, None)])),
        (c, _labelled("c", second, [_c(1, 1), _c(2, 2), _c(4, 3), _c(3, 4), _c(5, 5)])),
        (links, [{"tenant_id": first, "a_code": 1, "b_code": 2}, {"tenant_id": first, "a_code": 2, "b_code": 4}]),
        (links, [{"tenant_id": second, "a_code": 3, "b_code": 1}, {"tenant_id": second, "a_code": 1, "b_code": 5}]),
        (pets, [{"tenant_id": t, "id": dog, "kind": "dog", "name": f"rex-{n}"} for n, t in enumerate((first, second))]),
        (pets, [{"tenant_id": t, "id": uuid7(), "kind": "pet", "name": f"cat-{t}"} for t in (first, second)]),
        (dogs, [{"tenant_id": t, "id": dog, "tricks": n} for n, t in enumerate((first, second))]),
        (Colour.__table__, [{"id": uuid7(), **row} for row in colours]),
    ]  # type: ignore[return-value,list-item]


def _b(code: int, a_code: int | None) -> Row:
    return {"code": code, "a_code": a_code}


def _c(code: int, b_code: int | None) -> Row:
    return {"code": code, "b_code": b_code}


def _labelled(name: str, tenant: UUID, rows: list[Row]) -> list[Row]:
    mark = tenant.hex[-4:]
    return [{"tenant_id": tenant, "id": uuid7(), "label": f"{name}{row['code']}-{mark}", **row} for row in rows]
