"""The seeds: planted once, of placed services only, and where they belong."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from app_db.models import Material, Membership, Profile, Tenant
from app_db.seeds import SeedReport, seed, seeds_of
from app_db.session import Database
from app_db.settings import Environment, Settings

pytestmark = pytest.mark.app_db("commit")


def planted(settings: Settings, environment: Environment, **changes: object) -> SeedReport:
    return seed(settings.model_copy(update={"environment": environment, **changes}))


@pytest.mark.parametrize("environment", [Environment.STAGING, Environment.PRODUCTION])
def test_nothing_is_planted_where_real_data_are(
    app_db: Database, app_db_settings: Settings, admin_session, environment: Environment
) -> None:
    before = admin_session.scalar(select(func.count()).select_from(Tenant))
    assert planted(app_db_settings, environment).added == {}
    assert admin_session.scalar(select(func.count()).select_from(Tenant)) == before


def test_planted_again_nothing_is_added_and_nothing_is_changed(app_db: Database, app_db_settings: Settings) -> None:
    first = planted(app_db_settings, Environment.DEVELOPMENT)
    assert first.added == {
        "tenancy.tenants": 2, "tenancy.memberships": 4, "profile.profiles": 4, "catalog.materials": 4,
    }  # fmt: skip
    acme = seeds_of(Environment.DEVELOPMENT)[0].tenant_id
    with app_db.tenant(acme) as session:
        session.execute(text("update catalog.materials set price_minor = 1 where code = 'A-1'"))
    assert set(planted(app_db_settings, Environment.DEVELOPMENT).added.values()) == {0}
    with app_db.tenant(acme) as session:
        assert session.scalar(select(Material.price_minor).where(Material.code == "A-1")) == 1


def test_a_tenant_of_that_name_that_somebody_made_gets_the_rows(app_db: Database, app_db_settings: Settings) -> None:
    with app_db.admin(reason="a test", actor="tests") as session:
        session.add(made := Tenant(slug="acme", name="Our own"))
    planted(app_db_settings, Environment.DEVELOPMENT)
    with app_db.tenant(made.id) as session:
        assert session.scalar(select(func.count()).select_from(Membership)) == 2
        assert session.scalars(select(Tenant.name)).all() == ["Our own"]


def test_services_that_are_not_placed_get_nothing(app_db: Database, app_db_settings: Settings) -> None:
    report = planted(app_db_settings, Environment.DEVELOPMENT, services=("profile",))
    assert set(report.added) == {"tenancy.tenants", "tenancy.memberships", "profile.profiles"}


def test_each_tenant_sees_its_own_seeds(app_db: Database, app_db_settings: Settings) -> None:
    planted(app_db_settings, Environment.DEVELOPMENT)
    for tenant in seeds_of(Environment.DEVELOPMENT):
        with app_db.tenant(tenant.tenant_id) as session:
            assert session.scalars(select(Tenant.status)).all() == ["approved"]
            codes = set(session.scalars(select(Material.code)))
            assert codes == {material.code for material in tenant.materials}
        with app_db.tenant(tenant.tenant_id, user_id=tenant.people[0].user_id) as session:
            assert session.scalars(select(Profile.display_name)).all() == [tenant.people[0].name]


def test_planting_is_recorded(app_db: Database, app_db_settings: Settings, admin_session) -> None:
    planted(app_db_settings, Environment.TEST)
    query = text("select event from ops.system_event where reason = 'seeds of test' order by id")
    assert admin_session.scalars(query).all() == ["admin.begin", "admin.commit"]
