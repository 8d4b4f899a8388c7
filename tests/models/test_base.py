from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import MetaData, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app_db.errors import ScopeError
from app_db.models import Base, Material, Shared, Tenant, TenantScoped, UserScoped, tenant_fk
from app_db.schema import ScopeKind, scope_of


class Own(Base):
    __abstract__ = True
    metadata = MetaData(naming_convention=Base.metadata.naming_convention)


Tenant.__table__.to_metadata(Own.metadata)  # type: ignore[attr-defined]


class Customer(TenantScoped, Own):
    __tablename__ = "customers"
    name: Mapped[str] = mapped_column()


class Note(UserScoped, Own):
    __tablename__ = "notes"
    __table_args__ = (tenant_fk("customer_id", "customers", ondelete="CASCADE"),)
    customer_id: Mapped[UUID] = mapped_column()


class Currency(Shared, Own):
    __tablename__ = "currencies"


def test_a_table_that_does_not_say_whose_rows_it_holds_is_refused_with_the_three_ways() -> None:
    with pytest.raises(ScopeError, match=r"Orphan .*TenantScoped.*UserScoped.*Shared"):

        class Orphan(Own):
            __tablename__ = "orphans"
            id: Mapped[int] = mapped_column(primary_key=True)


@pytest.mark.parametrize("action", ["SET NULL", "set default"])
def test_a_reference_that_would_clear_the_tenant_is_refused(action: str) -> None:
    with pytest.raises(ScopeError, match="tenant_id"):
        tenant_fk("customer_id", "customers", ondelete=action)


@pytest.mark.parametrize("model", [Customer, Note, Material])
def test_a_tenants_table_has_the_key_tenant_and_id(model: type[Base]) -> None:
    assert [column.name for column in model.__table__.primary_key] == ["tenant_id", "id"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("model", [Customer, Note, Material])
def test_a_tenants_table_refers_to_its_tenant_without_being_told(model: type[Base]) -> None:
    keys = [(key.column_keys, key.ondelete) for key in model.__table__.foreign_key_constraints]  # type: ignore[attr-defined]
    assert (["tenant_id"], "RESTRICT") in keys


def test_a_reference_between_tenants_tables_holds_the_tenant() -> None:
    keys = {tuple(key.column_keys): key for key in Note.__table__.foreign_key_constraints}  # type: ignore[attr-defined]
    key = keys["tenant_id", "customer_id"]
    assert [element.target_fullname for element in key.elements] == ["customers.tenant_id", "customers.id"]


def test_each_table_knows_whose_rows_it_holds() -> None:
    kinds = [scope_of(model.__table__).kind for model in (Customer, Note, Currency)]  # type: ignore[union-attr]
    assert kinds == [ScopeKind.TENANT, ScopeKind.USER, ScopeKind.SHARED]
    assert scope_of(Tenant.__table__).tenant_column == "id"  # type: ignore[union-attr]


def test_every_unique_and_index_of_our_tenants_tables_leads_with_the_tenant() -> None:
    for table in Base.metadata.tables.values():
        scope = scope_of(table)
        assert scope is not None, table.name
        if scope.tenant_column == "tenant_id":
            uniques = [key for key in table.constraints if isinstance(key, UniqueConstraint)]
            # an index of vectors has one column, which is none of these: docs/decisions/0021
            indexes = [index for index in table.indexes if index.dialect_options["postgresql"]["using"] != "hnsw"]
            assert {next(iter(keyed.columns)).name for keyed in (*uniques, *indexes)} <= {"tenant_id"}, table.name


def test_every_table_and_column_of_ours_has_a_comment() -> None:
    items = [item for table in Base.metadata.tables.values() for item in (table, *table.columns)]
    assert [str(item) for item in items if not item.comment] == []
