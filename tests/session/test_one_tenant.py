"""One session, one tenant, for life: every way of giving it a second one raises."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm.exc import ObjectDeletedError

from app_db.context import TenantContext, tenant_context
from app_db.errors import TenantMismatch
from app_db.models import Material, Tenant
from app_db.session import Database


@pytest.fixture
def theirs(app_db: Database, other_tenant: UUID) -> Material:
    with app_db.tenant(other_tenant) as session:
        material = Material(code="T-1", name="Theirs", unit="pcs", price_minor=1)
        session.add(material)
    return material


def test_the_context_of_a_session_can_not_be_set(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(tenant) as session, pytest.raises(AttributeError):
        session.context = TenantContext(other_tenant)  # type: ignore[misc]


def test_its_connection_can_not_be_given_another_context(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        with pytest.raises(TenantMismatch, match="for life"):
            session.connection(execution_options={"app_db_context": TenantContext(other_tenant)})
        with pytest.raises(TenantMismatch, match="for life"):
            session.connection().execution_options(app_db_context=TenantContext(other_tenant))
        assert session.scalar(text("select app.current_tenant_id()")) == tenant


def test_a_statements_option_changes_nothing(app_db: Database, tenant: UUID, theirs: Material) -> None:
    option = {"app_db_context": TenantContext(theirs.tenant_id)}
    with app_db.tenant(tenant) as session:
        assert session.scalars(select(Material), execution_options=option).all() == []
        assert session.scalar(text("select app.current_tenant_id()"), execution_options=option) == tenant


def test_another_engine_is_refused(app_db: Database, tenant: UUID, other_tenant: UUID) -> None:
    with app_db.tenant(tenant) as session, pytest.raises(TenantMismatch, match="another engine"):
        session.execute(select(Material), bind_arguments={"bind": app_db.engine(other_tenant)})


def test_a_context_that_becomes_current_meanwhile_changes_nothing(
    app_db: Database, tenant: UUID, other_tenant: UUID
) -> None:
    with app_db.tenant(tenant) as session, tenant_context(other_tenant):
        assert session.scalar(text("select app.current_tenant_id()")) == tenant
        session.commit()
        assert session.scalar(text("select app.current_tenant_id()")) == tenant


@pytest.mark.parametrize("put", ["add", "merge", "delete"])
def test_an_object_of_another_tenants_session_is_refused(
    app_db: Database, tenant: UUID, theirs: Material, put: str
) -> None:
    with pytest.raises(TenantMismatch, match=str(theirs.tenant_id)), app_db.tenant(tenant) as session:
        getattr(session, put)(theirs)


def test_the_identity_map_has_nothing_of_another_tenants(app_db: Database, tenant: UUID, theirs: Material) -> None:
    with app_db.tenant(tenant) as session:
        assert session.get(Material, theirs.id) is None
        assert session.get(Material, (theirs.tenant_id, theirs.id)) is None
        assert session.get(Tenant, theirs.tenant_id) is None
        assert list(session.identity_map) == []


def test_an_object_that_its_tenant_lost_is_not_found_elsewhere(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        material = Material(code="M-1", name="Mine", unit="pcs", price_minor=1)
        session.add(material)
        session.commit()
        with app_db.tenant(tenant) as other:
            other.delete(other.get_one(Material, material.__dict__.get("id") or material.id))
        session.rollback()
        session.expire_all()
        with pytest.raises(ObjectDeletedError):
            _ = material.name
