"""Partitions whose rows are past their time go, one at a time, and no other partition does."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from app_db.engine import admin_engine
from app_db.errors import PermissionDenied
from app_db.migrations import change_schema
from app_db.migrations.connection import owner_engine
from app_db.migrations.ddl import v1, v2
from app_db.schema import RoleNames
from app_db.session import Database
from app_db.settings import Settings

pytestmark = pytest.mark.app_db("fresh")

VISITS = """
create table demo.visits (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  day date not null,
  constraint pk_visits primary key (tenant_id, id, day)
) partition by range (day)
"""
DROP = text("select ops.drop_expired_partition(cast(:at as timestamptz))")
JUNE = dt.datetime(2031, 6, 15, tzinfo=dt.UTC)


def create_visits() -> None:
    v1.execute(VISITS)
    v1.belongs_to_tenant("demo.visits", "fk_visits_tenant_id")
    v1.tenant_policies("demo.visits")
    v1.grant("select, insert", "demo.visits", ["app_rw", "app_admin"])
    v2.partition_by_time("demo.visits", "day", ahead=1, retention="60 days")
    v1.execute("select ops.ensure_partitions('2031-03-10')")
    v1.execute("select ops.ensure_partitions('2031-05-10')")


@pytest.fixture
def owner(app_db_settings: Settings) -> Iterator[Connection]:
    change_schema(app_db_settings, create_visits)
    assert app_db_settings.migration_url is not None
    engine = owner_engine(app_db_settings.migration_url, RoleNames(app_db_settings.role_prefix))
    with engine.connect() as connection:
        yield connection


def months(connection: Connection) -> list[str]:
    found = connection.scalars(
        text("select inhrelid::regclass::text from pg_inherits where inhparent = 'demo.visits'::regclass order by 1")
    )
    return [name.removeprefix("demo.visits_") for name in found if "_y2031" in name]


def drop_all(connection: Connection, at: dt.datetime) -> list[str]:
    dropped = []
    while (name := connection.scalar(DROP, {"at": at})) is not None:
        dropped.append(name)
    return dropped


def test_what_is_past_its_retention_goes_oldest_first_and_nothing_else(owner: Connection) -> None:
    owner.execute(text("select ops.drop_expired_partition(now())"))  # nothing of today is past
    assert months(owner) == ["y2031m03", "y2031m04", "y2031m05", "y2031m06"]
    gone = [name for name in drop_all(owner, JUNE) if "_y2031" in name]
    assert gone == ["demo.visits_y2031m03"]  # april has ended 45 days ago
    assert months(owner) == ["y2031m04", "y2031m05", "y2031m06"]


def test_a_partition_goes_at_the_very_end_of_its_retention_and_not_before(owner: Connection) -> None:
    end = dt.datetime(2031, 4, 1, tzinfo=dt.UTC) + dt.timedelta(days=60)
    drop_all(owner, end - dt.timedelta(seconds=1))
    assert "y2031m03" in months(owner)
    drop_all(owner, end)
    assert "y2031m03" not in months(owner)


def test_a_table_that_keeps_its_rows_for_ever_loses_none(owner: Connection) -> None:
    owner.execute(text("update ops.partition_sets set retention = null where parent = 'demo.visits'"))
    gone = drop_all(owner, JUNE + dt.timedelta(days=36500))
    assert gone  # those of other tables
    assert not [name for name in gone if name.startswith("demo.visits")]


def test_it_gives_up_at_once_behind_a_reader_and_drops_nothing(
    owner: Connection, app_db: Database, tenant: UUID
) -> None:
    drop_all(owner, dt.datetime(2031, 1, 1, tzinfo=dt.UTC))
    owner.commit()
    with app_db.tenant(tenant) as session:
        session.execute(text("select count(*) from demo.visits"))
        with pytest.raises(OperationalError, match="lock timeout"):
            owner.execute(DROP, {"at": JUNE})
        owner.rollback()
    assert "y2031m03" in months(owner)
    assert owner.scalar(DROP, {"at": JUNE}) == "demo.visits_y2031m03"


@pytest.mark.parametrize("login", ["url", "tenant_admin_url", "auth_url", "readonly_url", "admin_url"])
def test_no_login_of_an_application_may_drop_any(owner: Connection, app_db_settings: Settings, login: str) -> None:
    owner.commit()
    with admin_engine(getattr(app_db_settings, login)).connect() as connection, pytest.raises(PermissionDenied):
        connection.execute(DROP, {"at": JUNE})
