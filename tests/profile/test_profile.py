"""People's own rows: nobody else's of the tenant, nobody's of another one, and what the tables refuse."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import func, select, text, update
from uuid_utils.compat import uuid7

from app_db.errors import CheckViolation, NotNullViolation, PermissionDenied, RowSecurityViolation, UniqueViolation
from app_db.models import Address, Preference, Profile
from app_db.session import Database
from app_db.testing import RowMaker


def home(**values: object) -> Address:
    return Address(
        **{"kind": "home", "recipient": "Anna", "line1": "Hauptstr. 1", "city": "Bonn", "country": "DE", **values}
    )


@pytest.mark.parametrize("model", [Profile, Preference, Address])
def test_tenants_and_people_are_apart(model: type, assert_tenant_isolated) -> None:
    assert_tenant_isolated(model)


@pytest.mark.parametrize("model", [Profile, Preference, Address])
def test_a_colleagues_row_is_not_seen_not_changed_and_not_made(
    app_db: Database, tenant: UUID, make_row: RowMaker, model: type
) -> None:
    anna, boris = uuid7(), uuid7()
    row = make_row(model, user=boris)
    with app_db.tenant(tenant, user_id=anna) as session:
        assert session.get(model, row.id) is None
        assert session.execute(update(model).values(updated_at=func.now())).rowcount == 0
        with pytest.raises(RowSecurityViolation):
            session.execute(
                text("insert into profile.preferences (user_id, key, value) values (:boris, 'a', '1')"),
                {"boris": boris},
            )


def test_without_a_person_nothing_is_seen_and_nothing_is_made(
    app_db: Database, tenant: UUID, make_row: RowMaker
) -> None:
    make_row(Profile)
    with app_db.tenant(tenant) as session:
        assert session.scalars(select(Profile)).all() == []
        session.add(Profile(display_name="Nobody"))
        with pytest.raises((RowSecurityViolation, NotNullViolation)):
            session.flush()
        session.rollback()


def test_a_tenants_administrator_sees_all_its_people_and_no_others(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_row: RowMaker
) -> None:
    names = {make_row(Profile).display_name for _ in range(2)}
    make_row(Profile, tenant=other_tenant)
    with app_db.tenant_admin(tenant) as session:
        assert set(session.scalars(select(Profile.display_name))) == names


def test_a_person_has_one_profile_in_a_tenant_and_another_one_in_the_next(
    app_db: Database, tenant: UUID, other_tenant: UUID, make_row: RowMaker
) -> None:
    anna = uuid7()
    make_row(Profile, user=anna)
    make_row(Profile, user=anna, tenant=other_tenant)
    with app_db.tenant(tenant, user_id=anna) as session:
        session.add(Profile(display_name="Anna again"))
        with pytest.raises(UniqueViolation):
            session.flush()
        session.rollback()


def test_a_preference_has_one_value_for_each_key(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(Preference(key="editor.theme", value={"dark": True}))
        session.flush()
        assert session.scalars(select(Preference.value)).all() == [{"dark": True}]
        session.add(Preference(key="editor.theme", value="light"))
        with pytest.raises(UniqueViolation):
            session.flush()
        session.rollback()


def test_a_kind_of_address_has_one_default_for_each_person(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add_all([home(is_default=True), home(), home(kind="work", is_default=True)])
        session.flush()
        session.add(home(is_default=True))
        with pytest.raises(UniqueViolation) as refused:
            session.flush()
        assert refused.value.constraint_name == "uq_addresses_tenant_id_user_id_kind_default"
        session.rollback()
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(home(is_default=True))


@pytest.mark.parametrize(
    ("row", "constraint"),
    [
        (Profile(display_name=""), "display_name"),
        (Profile(display_name="a" * 201), "display_name"),
        (Profile(display_name="A", locale="english"), "locale"),
        (Profile(display_name="A", locale="en_US"), "locale"),
        (Profile(display_name="A", time_zone=""), "time_zone"),
        (Profile(display_name="A", time_zone="'; drop"), "time_zone"),
        (Profile(display_name="A", avatar_url="http://example.com/a.png"), "avatar_url"),
        (Profile(display_name="A", avatar_url="javascript:alert(1)"), "avatar_url"),
        (Profile(display_name="A", avatar_url="https://example.com/a b"), "avatar_url"),
        (Profile(display_name="A", about="a" * 2001), "about"),
        (Preference(key="Theme", value=1), "key"),
        (Preference(key="", value=1), "key"),
        (Preference(key="a", value="x" * 16384), "value"),
        (home(kind="summer"), "kind"),
        (home(country="de"), "country"),
        (home(country="DEU"), "country"),
        (home(recipient=""), "recipient"),
        (home(line1=""), "line1"),
        (home(city=""), "city"),
        (home(region=""), "region"),
        (home(postal_code="1" * 17), "postal_code"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_can_not_be_is_refused_by_name(app_db: Database, tenant: UUID, row: object, constraint: str) -> None:
    values = {key: value for key, value in vars(row).items() if not key.startswith("_")}
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(fresh := type(row)(**values))
        with pytest.raises(CheckViolation) as refused:
            session.flush()
        assert refused.value.constraint_name == f"ck_{fresh.__tablename__}_{constraint}"
        session.rollback()


@pytest.mark.parametrize("time_zone", ["UTC", "Europe/Moscow", "America/Argentina/Buenos_Aires", "Etc/GMT+3"])
@pytest.mark.parametrize("locale", ["en", "ru-RU", "zh-Hant-TW", "es-419"])
def test_real_locales_and_time_zones_are_accepted(app_db: Database, tenant: UUID, locale: str, time_zone: str) -> None:
    with app_db.tenant(tenant, user_id=uuid7()) as session:
        session.add(Profile(display_name="Анна", locale=locale, time_zone=time_zone))


VERBS = {"select", "insert", "update", "delete"}


@pytest.mark.parametrize("table", ["profiles", "preferences", "addresses"])
@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("app_rw", VERBS),
        ("profile_service", VERBS),
        ("app_admin", VERBS),
        ("app_ro", {"select"}),
        ("app_maint", {"select"}),
        ("app_backup", {"select"}),
        ("payments_service", set()),
        ("admin_service", set()),
        ("auth_service", set()),
        ("catalog_service", set()),
        ("app_auth", set()),
        ("app_definer", set()),
    ],
)
def test_each_role_has_its_verbs_and_no_others(
    admin_session, app_db: Database, table: str, role: str, may: set[str]
) -> None:
    name = app_db._settings.role_prefix + role
    has = text("select has_table_privilege(:role, :table, :verb)")
    held = {
        verb
        for verb in (*VERBS, "truncate", "references", "trigger")
        if admin_session.scalar(has, {"role": name, "table": f"profile.{table}", "verb": verb})
    }
    assert held == may


def test_the_login_before_a_tenant_is_known_reads_no_profile(app_db: Database, tenant: UUID) -> None:
    from app_db.settings import LoginUrl

    with app_db._engine(LoginUrl.AUTH).rebound(_context(tenant)).connect() as connection:
        with pytest.raises(PermissionDenied):
            connection.execute(text("select * from profile.profiles"))
        connection.rollback()


def _context(tenant: UUID):
    from app_db.context import TenantContext

    return TenantContext(tenant)
