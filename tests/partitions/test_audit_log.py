"""The audit log keeps what was written, from everybody; it goes with its tenant or with its month."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import text

from app_db.engine import admin_engine
from app_db.errors import AppendOnlyViolation, CheckViolation, PermissionDenied
from app_db.migrations import change_schema
from app_db.migrations.ddl import v1
from app_db.models import AuditLog
from app_db.session import Database
from app_db.settings import Settings

ENTRY = "insert into ops.audit_log (action) values ('test.done')"


@pytest.fixture
def entry(app_db: Database, tenant: UUID) -> UUID:
    with app_db.tenant(tenant) as session:
        row = AuditLog(action="test.done", ip="2001:db8::1", request_id="r-1")
        session.add(row)
        session.flush()
        return row.id


def test_an_entry_lies_in_the_partition_of_its_month(app_db: Database, entry: UUID, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        where = session.scalar(text("select tableoid::regclass::text from ops.audit_log"))
        month = session.scalar(text("select to_char(now() at time zone 'UTC', '\"audit_log_y\"YYYY\"m\"MM')"))
        assert str(where).removeprefix("ops.") == month
        found = session.query(AuditLog).one()
        assert (found.actor_type, found.outcome, found.ip) == ("user", "success", "2001:db8::1")


@pytest.mark.parametrize("verb", ["update {} set action = 'x.y'", "delete from {}", "truncate {}"])
@pytest.mark.app_db("commit")
def test_its_owner_can_not_change_it(app_db_settings: Settings, app_db: Database, entry: UUID, verb: str) -> None:
    assert app_db_settings.migration_url is not None
    with admin_engine(app_db_settings.migration_url).connect() as owner:
        partition = owner.scalar(text("select tableoid::regclass::text from ops.audit_log limit 1"))
        owner.rollback()
        for table in ("ops.audit_log", str(partition)) if verb.startswith("truncate") else ("ops.audit_log",):
            with pytest.raises(AppendOnlyViolation, match="never changed"):
                owner.execute(text(verb.format(table)))
            owner.rollback()
        assert owner.scalar(text("select count(*) from ops.audit_log")) == 1


@pytest.mark.app_db("fresh")
def test_without_the_triggers_its_owner_can(app_db_settings: Settings, app_db: Database, entry: UUID) -> None:
    def remove() -> None:
        for trigger in ("refuse_update", "refuse_delete", "refuse_truncate"):
            v1.execute(f"drop trigger {trigger} on ops.audit_log")

    change_schema(app_db_settings, remove)
    assert app_db_settings.migration_url is not None
    with admin_engine(app_db_settings.migration_url).begin() as owner:
        assert owner.execute(text("update ops.audit_log set action = 'x.y'")).rowcount == 1
        assert owner.execute(text("delete from ops.audit_log")).rowcount == 1


@pytest.mark.parametrize("statement", ["update ops.audit_log set action = 'x.y'", "delete from ops.audit_log"])
def test_no_session_of_an_application_may_try(app_db: Database, entry: UUID, tenant: UUID, statement: str) -> None:
    with pytest.raises(PermissionDenied), app_db.tenant(tenant) as session:
        session.execute(text(statement))
    with pytest.raises(PermissionDenied), app_db.tenant(tenant) as session:
        session.execute(text("select ops.purge_audit_log(:tenant, 10)"), {"tenant": tenant})


def test_an_administrator_can_not_purge_a_tenant_that_lives(app_db: Database, entry: UUID, tenant: UUID) -> None:
    with pytest.raises(AppendOnlyViolation), app_db.admin(reason="cover up", actor="anna") as session:
        session.execute(text("select ops.purge_audit_log(:tenant, 10)"), {"tenant": tenant})


@pytest.mark.parametrize(
    "values",
    [{"actor_type": "'god'"}, {"outcome": "'maybe'"}, {"request_id": "''"}, {"details": "'[]'"}, {"action": "''"},
     {"actor_type": "'system'", "actor_id": "'01989898-0000-7000-8000-000000000000'"}],
    ids=str,
)  # fmt: skip
def test_an_entry_that_says_nothing_sensible_is_refused(app_db: Database, tenant: UUID, values: dict[str, str]) -> None:
    given = {"action": "'test.done'", **values}
    with pytest.raises(CheckViolation), app_db.tenant(tenant) as session:
        session.execute(text(f"insert into ops.audit_log ({', '.join(given)}) values ({', '.join(given.values())})"))
