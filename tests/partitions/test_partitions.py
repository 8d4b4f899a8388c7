"""Partitions are there before their time, closed to whoever reads past the parent, and made by nobody else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import ProgrammingError

from app_db.engine import admin_engine
from app_db.errors import CheckViolation, PermissionDenied
from app_db.migrations import change_schema
from app_db.migrations.connection import owner_engine
from app_db.migrations.ddl import v1, v2
from app_db.schema import RoleNames
from app_db.session import Database
from app_db.settings import LoginUrl, Settings

pytestmark = pytest.mark.app_db("fresh")

READINGS = """
create table demo.readings (
  tenant_id uuid default app.current_tenant_id() not null,
  id uuid default app.uuid7() not null,
  taken_at timestamp with time zone not null,
  value integer not null,
  doubled integer not null generated always as (value * 2) stored,
  constraint pk_readings primary key (tenant_id, id, taken_at)
) partition by range (taken_at)
"""
PARTITIONS = text("""
select c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relacl is null as is_closed,
  obj_description(c.oid) as comment, pg_get_expr(c.relpartbound, c.oid) as bound
from pg_inherits join pg_class c on c.oid = inhrelid
where inhparent = cast(:parent as regclass) order by c.relname
""")
ENSURE = text("select ops.ensure_partitions(cast(:at as timestamptz))")
NOVEMBER = dt.datetime(2031, 11, 30, 23, 59, tzinfo=dt.UTC)


def create_readings() -> None:
    v1.execute(READINGS)
    v1.belongs_to_tenant("demo.readings", "fk_readings_tenant_id")
    v1.tenant_policies("demo.readings")
    v1.grant("select, insert, update, delete", "demo.readings", ["app_rw", "app_admin"])
    v2.partition_by_time("demo.readings", "taken_at", ahead=2, retention="90 days")


@pytest.fixture
def readings(app_db_settings: Settings) -> None:
    change_schema(app_db_settings, create_readings)


@pytest.fixture
def owner(app_db_settings: Settings, readings: None) -> Iterator[Connection]:
    assert app_db_settings.migration_url is not None
    engine = owner_engine(app_db_settings.migration_url, RoleNames(app_db_settings.role_prefix))
    with engine.connect() as connection:
        yield connection


def names(connection: Connection, parent: str = "demo.readings") -> list[str]:
    return [row.relname for row in connection.execute(PARTITIONS, {"parent": parent})]


def test_a_registered_table_has_its_months_at_once(owner: Connection) -> None:
    now = dt.datetime.now(dt.UTC)
    assert f"readings_{now:y%Ym%m}" in names(owner)
    assert len(names(owner)) == 4
    assert "readings_default" in names(owner)


def test_months_are_made_ahead_closed_and_with_indexes_and_a_comment(owner: Connection) -> None:
    made = owner.scalar(ENSURE, {"at": NOVEMBER})
    months = ("readings_y2031m11", "readings_y2031m12", "readings_y2032m01")
    rows = {row.relname: row for row in owner.execute(PARTITIONS, {"parent": "demo.readings"})}
    assert set(months) <= set(rows)
    assert made >= len(months)
    for month in months:
        assert (rows[month].relrowsecurity, rows[month].relforcerowsecurity, rows[month].is_closed) == (True,) * 3
        indexes = owner.scalar(
            text("select count(*) from pg_index where indrelid = cast(:name as regclass)"), {"name": f"demo.{month}"}
        )
        assert indexes == 1
    assert rows[months[0]].comment == "Rows of demo.readings from 2031-11-01 until before 2031-12-01."
    owner.execute(text("set local timezone = 'UTC'"))
    bounds = {row.relname: row.bound for row in owner.execute(PARTITIONS, {"parent": "demo.readings"})}
    assert bounds[months[0]] == "FOR VALUES FROM ('2031-11-01 00:00:00+00') TO ('2031-12-01 00:00:00+00')"


def test_the_second_run_makes_nothing(owner: Connection) -> None:
    owner.scalar(ENSURE, {"at": NOVEMBER})
    before = names(owner)
    assert owner.scalar(ENSURE, {"at": NOVEMBER}) == 0
    assert names(owner) == before


def test_months_do_not_depend_on_the_time_zone_of_who_asks(owner: Connection) -> None:
    owner.execute(text("set local timezone = 'Asia/Vladivostok'"))
    owner.scalar(ENSURE, {"at": NOVEMBER})
    assert "readings_y2031m11" in names(owner)
    owner.execute(text("set local timezone = 'UTC'"))
    bounds = {row.relname: row.bound for row in owner.execute(PARTITIONS, {"parent": "demo.readings"})}
    assert "2031-11-01 00:00:00+00" in bounds["readings_y2031m11"]


def test_eight_at_once_make_each_month_once(app_db_settings: Settings, owner: Connection) -> None:
    owner.commit()
    assert app_db_settings.migration_url is not None
    engine = owner_engine(app_db_settings.migration_url, RoleNames(app_db_settings.role_prefix))

    def ensure(_number: int) -> int:
        with engine.begin() as connection:
            return int(connection.execute(ENSURE, {"at": NOVEMBER}).scalar_one())

    with ThreadPoolExecutor(8) as pool:
        made = list(pool.map(ensure, range(8)))
    assert sorted(made)[:-1] == [0] * 7
    assert max(made) >= 3


def test_rows_that_came_before_their_month_are_moved_into_it(
    app_db: Database, owner: Connection, tenant: UUID, other_tenant: UUID
) -> None:
    early = "insert into demo.readings (taken_at, value) values ('2031-11-05', 1), ('2031-12-05', 2), ('2040-01-01', 3)"
    for one in (tenant, other_tenant):
        with app_db.tenant(one) as session:
            session.execute(text(early))
    owner.scalar(ENSURE, {"at": NOVEMBER})
    owner.commit()
    for one in (tenant, other_tenant):
        with app_db.tenant(one) as session:
            assert session.scalars(text("select doubled from demo.readings order by value")).all() == [2, 4, 6]
    rows = {row.relname: row for row in owner.execute(PARTITIONS, {"parent": "demo.readings"})}
    assert rows["readings_default"].bound == "DEFAULT"
    assert rows["readings_default"].relforcerowsecurity
    counts = text("select tableoid::regclass::text as name, count(*) from demo.readings group by 1 order by 1")
    assert [tuple(row) for row in owner.execute(counts)] == [
        ("demo.readings_default", 2), ("demo.readings_y2031m11", 2), ("demo.readings_y2031m12", 2),
    ]  # fmt: skip


def test_a_table_that_has_the_name_of_a_month_and_is_none_is_reported(owner: Connection) -> None:
    owner.execute(text("create table demo.readings_y2031m12 (id int)"))
    with pytest.raises(ProgrammingError, match=r"(?s)exists and is no partition of .*rename it, or attach it"):
        owner.execute(ENSURE, {"at": NOVEMBER})


@pytest.mark.parametrize("partition", ["readings_default", "readings_y2031m11"])
def test_nobody_reads_past_the_parent(app_db: Database, owner: Connection, tenant: UUID, partition: str) -> None:
    owner.execute(ENSURE, {"at": NOVEMBER})
    owner.commit()
    with app_db.tenant(tenant) as session:
        session.execute(text("insert into demo.readings (taken_at, value) values ('2031-11-05', 1), ('2040-01-01', 2)"))
    with pytest.raises(PermissionDenied), app_db.tenant(tenant) as session:
        session.execute(text(f"select * from demo.{partition}"))
    with pytest.raises(PermissionDenied), app_db.admin(reason="look", actor="tests") as session:
        session.execute(text(f"select * from demo.{partition}"))
    assert owner.scalar(text(f"select count(*) from demo.{partition}")) == 0


def test_another_tenants_rows_in_a_month_are_not_seen(
    app_db: Database, owner: Connection, tenant: UUID, other_tenant: UUID
) -> None:
    owner.commit()
    with app_db.tenant(tenant) as session:
        session.execute(text("insert into demo.readings (taken_at, value) values (now(), 1)"))
    with app_db.tenant(other_tenant) as session:
        assert session.scalar(text("select count(*) from demo.readings")) == 0


@pytest.mark.parametrize("login", [LoginUrl.APPLICATION, LoginUrl.TENANT_ADMIN, LoginUrl.READONLY, LoginUrl.AUTH,
                                   LoginUrl.ADMIN, LoginUrl.BACKUP])  # fmt: skip
def test_no_login_makes_partitions(app_db_settings: Settings, login: LoginUrl) -> None:
    url = app_db_settings.login_url(login)
    assert url is not None
    with admin_engine(url).connect() as connection, pytest.raises(PermissionDenied):
        connection.execute(ENSURE, {"at": NOVEMBER})


def test_maintenance_makes_partitions_without_owning_anything(owner: Connection, app_db_settings: Settings) -> None:
    names = RoleNames(app_db_settings.role_prefix)
    may = text("select has_function_privilege(:role, 'ops.ensure_partitions(timestamptz)', 'execute')")
    assert owner.scalar(may, {"role": names("app_maint")})
    make = "ops.make_partition(regclass, text, text, boolean, timestamptz, timestamptz)"
    may = text(f"select has_function_privilege(:role, '{make}', 'execute')")
    assert not owner.scalar(may, {"role": names("app_maint")})


@pytest.mark.parametrize(
    ("column", "value"),
    [("parent", "'readings'"), ("parent", "'Demo.Readings'"), ("partition_column", "'a b'"), ("period", "'year'"),
     ("ahead", "0"), ("ahead", "61"), ("retention", "interval '1 hour'")],
)  # fmt: skip
def test_a_set_that_can_not_be_kept_is_refused(owner: Connection, column: str, value: str) -> None:
    given = {"parent": "'demo.others'", "partition_column": "'at'", column: value}
    with pytest.raises(CheckViolation):
        owner.execute(text(f"insert into ops.partition_sets ({', '.join(given)}) values ({', '.join(given.values())})"))


@pytest.mark.parametrize(("period", "expected"), [
    ("day", ["readings_y2031m11d30", "readings_y2031m12d01", "readings_y2031m12d02"]),
    ("week", ["readings_y2031w48", "readings_y2031w49", "readings_y2031w50"]),
])  # fmt: skip
def test_days_and_weeks_have_their_names(owner: Connection, period: str, expected: list[str]) -> None:
    owner.execute(
        text("update ops.partition_sets set period = :period where parent = 'demo.readings'"), {"period": period}
    )
    owner.execute(ENSURE, {"at": NOVEMBER})
    assert set(expected) <= set(names(owner))
