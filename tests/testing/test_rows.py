"""Rows of any model, the least that its table accepts; and a clear word where that can't be guessed."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import CheckConstraint, MetaData, Text, inspect
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, mapped_column
from uuid_utils.compat import uuid7

from app_db.errors import SuiteError
from app_db.models import (
    AuditLog,
    Base,
    DigestKey,
    Material,
    Membership,
    PartitionSet,
    PasswordHash,
    RateLimit,
    Tenant,
)
from app_db.schema import Scope, ScopeKind
from app_db.session import Database
from app_db.testing import RowMaker, set_example
from app_db.testing.rows import _examples

# what revisions and functions of the database write, and no login
WRITTEN_BY_NO_LOGIN = {DigestKey, PartitionSet, PasswordHash, RateLimit}
OUR_MODELS = sorted(
    {mapper.class_ for mapper in Base.registry.mappers if mapper.class_.__module__.startswith("app_db.models")}
    - WRITTEN_BY_NO_LOGIN,
    key=lambda model: model.__name__,
)
# for these a server needs pgvector, which the system's PostgreSQL 15 has not
LEARNING = [model for model in OUR_MODELS if model.__module__.startswith("app_db.models.learning")]


class OwnBase(DeclarativeBase):
    metadata = MetaData(schema="demo")


class Note(OwnBase):
    __tablename__ = "notes"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    user_id: Mapped[UUID]
    body: Mapped[str]


class OrderLine(OwnBase):
    __tablename__ = "order_lines"
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    material_id: Mapped[UUID]
    quantity: Mapped[int]


class Odd(OwnBase):
    __tablename__ = "odd"
    __table_args__ = (CheckConstraint("false"),)
    tenant_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid7)
    tags: Mapped[object] = mapped_column(ARRAY(Text))


Scope(ScopeKind.USER, tenant_column="tenant_id", user_column="user_id").attach_to(Note.__table__)  # type: ignore[arg-type]
Scope(ScopeKind.TENANT, tenant_column="tenant_id").attach_to(OrderLine.__table__)  # type: ignore[arg-type]


@pytest.mark.parametrize("model", [model for model in OUR_MODELS if model not in LEARNING])
def test_every_model_of_ours_gets_as_many_rows_as_are_wanted(make_row: RowMaker, model: type) -> None:
    first, second = make_row(model), make_row(model)
    assert inspect(first).identity != inspect(second).identity


@pytest.mark.parametrize("app_db_server", ["18"], indirect=True)
@pytest.mark.parametrize("model", LEARNING)
def test_every_model_of_learning_gets_as_many_rows_as_are_wanted(make_row: RowMaker, model: type) -> None:
    test_every_model_of_ours_gets_as_many_rows_as_are_wanted(make_row, model)


def test_a_row_belongs_to_the_fixtures_tenant_or_to_the_one_named(
    make_row: RowMaker, tenant: UUID, other_tenant: UUID
) -> None:
    assert make_row(Material).tenant_id == tenant
    assert make_row(Material, tenant=other_tenant).tenant_id == other_tenant


def test_what_matters_to_a_test_is_given(make_row: RowMaker, tenant: UUID) -> None:
    assert make_row(Material, name="Кирпич", price_minor=7).price_minor == 7
    assert make_row(Membership, role="viewer").role == "viewer"
    assert make_row(AuditLog, subject="x:1").subject == "x:1"


def test_a_persons_row_is_a_persons(make_row: RowMaker, app_db: Database, tenant: UUID) -> None:
    person = uuid7()
    note = make_row(Note, user=person, body="x")
    assert (note.tenant_id, note.user_id) == (tenant, person)
    assert make_row(Note).user_id != person


def test_a_committed_row_is_there_for_the_code_under_test(make_row: RowMaker, app_db: Database, tenant: UUID) -> None:
    material = make_row(Material)
    with app_db.tenant(tenant) as session:
        assert session.get_one(Material, material.id).code == material.code


def test_a_reference_that_the_model_does_not_declare_has_to_be_given(make_row: RowMaker) -> None:
    with pytest.raises(SuiteError, match=r"OrderLine with these values was refused .*fk_order_lines"):
        make_row(OrderLine)
    assert make_row(OrderLine, material_id=make_row(Material).id).quantity > 0


def test_a_check_that_the_type_can_not_tell_is_named_with_the_way_to_mend_it(make_row: RowMaker) -> None:
    with pytest.raises(SuiteError, match=r"ck_materials_currency.*set_example\(Material, column="):
        make_row(Material, currency="rubles")


def test_an_example_is_used_from_then_on(make_row: RowMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(_examples, Material, {})
    set_example(Material, unit="m2", code=lambda n: f"X-{n}")
    row = make_row(Material)
    assert (row.unit, row.code[:2]) == ("m2", "X-")
    assert make_row(Material, unit="kg").unit == "kg"


def test_an_example_for_no_column_is_refused() -> None:
    with pytest.raises(SuiteError, match="Material has no column 'colour': it has category_id, code, "):
        set_example(Material, colour="red")


def test_a_model_without_a_scope_is_refused(make_row: RowMaker) -> None:
    with pytest.raises(SuiteError, match="Odd says not whose rows it holds"):
        make_row(Odd)


def test_tenants_are_made_with_what_is_given(make_row: RowMaker, app_db: Database) -> None:
    tenant_id = make_row.tenant(slug="acme")
    with app_db.tenant(tenant_id) as session:
        assert session.get_one(Tenant, tenant_id).slug == "acme"


def test_the_list_of_our_models_is_not_empty() -> None:
    assert len(OUR_MODELS) >= 5
    assert all(isinstance(model.__mapper__, Mapper) for model in OUR_MODELS)
