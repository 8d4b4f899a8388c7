"""Each role has the verbs, and the columns, that its service needs."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app_db.session import Database

TABLES = ("payment_methods", "payments", "transactions", "refunds", "subscriptions")
VERBS = ("select", "insert", "update", "delete", "truncate", "references", "trigger")
SERVICE = {
    "payment_methods": {"brand", "last4", "expiry_month", "expiry_year", "is_default", "removed_at", "updated_at"},
    "payments": {"payment_method_id", "description", "status", "captured_minor", "failure_reason", "updated_at"},
    "transactions": set(),
    "refunds": {"status", "updated_at"},
    "subscriptions": {"period", "payment_id", "updated_at"},
}
NOT_INSERTED = {
    "payment_methods": set(),
    "payments": {"status", "captured_minor", "created_at", "updated_at"},
    "transactions": {"created_at"},
    "refunds": {"status", "created_at", "updated_at"},
    "subscriptions": {"created_at", "updated_at"},
}


@pytest.fixture
def columns(admin_session, app_db: Database):
    """Tells the columns of a table that a role may use with a verb."""
    query = text("""
    select attname, has_column_privilege(:role, attrelid, attnum, :verb) from pg_attribute
    where attrelid = cast(:table as regclass) and attnum > 0 and not attisdropped
    """)

    def find(role: str, table: str, verb: str) -> tuple[set[str], set[str]]:
        values = {"role": app_db._settings.role_prefix + role, "table": f"billing.{table}", "verb": verb}
        rows = admin_session.execute(query, values).all()
        return {name for name, may in rows if may}, {name for name, _ in rows}

    return find


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["app_rw", "payments_service"])
def test_the_service_changes_what_moves_on_and_no_amount(columns, role: str, table: str) -> None:
    may, _ = columns(role, table, "update")
    assert may == SERVICE[table]
    may, every = columns(role, table, "insert")
    assert may == every - NOT_INSERTED[table]
    may, every = columns(role, table, "select")
    assert may == every


@pytest.fixture
def verbs(admin_session, app_db: Database):
    has = text("select has_table_privilege(:role, :table, :verb)")

    def find(role: str, table: str) -> set[str]:
        name = app_db._settings.role_prefix + role
        return {
            verb
            for verb in VERBS
            if admin_session.scalar(has, {"role": name, "table": f"billing.{table}", "verb": verb})
        }

    return find


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("role", ["app_rw", "payments_service"])
def test_the_service_deletes_nothing_and_truncates_nothing(verbs, role: str, table: str) -> None:
    assert verbs(role, table) <= {"select", "insert"}


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("app_ro", {"select"}),
        ("app_maint", {"select"}),
        ("app_backup", {"select"}),
        *((role, set()) for role in ("profile_service", "admin_service", "auth_service", "catalog_service",
                                     "learning_service", "app_auth", "app_definer")),
    ],
)  # fmt: skip
def test_others_read_or_have_nothing(verbs, columns, role: str, may: set[str], table: str) -> None:
    assert verbs(role, table) == may
    for verb in ("insert", "update"):
        assert columns(role, table, verb)[0] == set()


@pytest.mark.parametrize("table", TABLES)
def test_an_administrator_takes_a_tenant_away_but_rewrites_no_ledger(verbs, table: str) -> None:
    whole = {"select", "insert", "update", "delete"}
    assert verbs("app_admin", table) == (whole - {"update"} if table == "transactions" else whole)


def test_nobody_calls_the_triggers_functions(admin_session) -> None:
    granted = admin_session.scalars(
        text("""
        select p.oid::regprocedure::text from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
        where p.pronamespace = 'billing'::regnamespace and acl.grantee <> p.proowner
        """)
    ).all()
    assert granted == []
