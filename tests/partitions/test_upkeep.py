"""Partitions are looked after while others read and write: nobody is held up for long, and nothing is lost."""

from __future__ import annotations

import datetime as dt
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from support import environment_of

from app_db.catalog import Usage, record_usages, usage_by_day
from app_db.cli.main import app_db as command
from app_db.models import Material
from app_db.partitions import drop_partitions, ensure_partitions, list_partitions
from app_db.session import Database
from app_db.settings import Settings

pytestmark = pytest.mark.app_db("fresh")

MONTHS = [dt.datetime(2020, month, 1, tzinfo=dt.UTC) for month in range(1, 13)]
USAGE = "catalog.usage_statistics"


@pytest.fixture
def material(app_db: Database, tenant: UUID) -> UUID:
    with app_db.tenant(tenant) as session:
        made = Material(code="M-1", name="Brick", unit="pcs", price_minor=1)
        session.add(made)
        session.flush()
        return made.id


def months(settings: Settings) -> list[str]:
    names = [one.name for one in list_partitions(settings) if one.table_name == USAGE]
    return [name.removeprefix(f"{USAGE}_") for name in names if "_y2020" in name]


@contextmanager
def writers(db: Database, tenant: UUID, material: UUID, number: int) -> Iterator[tuple[list[int], list[str]]]:
    """Have so many write, one use after the other, each waiting for a lock for 250 ms; yield what came of it."""
    done, failed, stop = [0] * number, list[str](), threading.Event()

    def write(place: int) -> None:
        while not stop.is_set():
            try:
                with db.tenant(tenant) as session:
                    session.execute(text("set local lock_timeout = '250ms'"))
                    record_usages(session, [Usage(material, 1, dt.date.today())])  # noqa: DTZ011
                done[place] += 1
            except Exception as error:  # noqa: BLE001
                failed.append(f"{type(error).__name__}: {error}")

    threads = [threading.Thread(target=write, args=(place,)) for place in range(number)]
    for thread in threads:
        thread.start()
    try:
        yield done, failed
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_year_comes_and_goes_while_four_write_and_one_reads_for_long(
    app_db: Database, app_db_settings: Settings, tenant: UUID, material: UUID
) -> None:
    with writers(app_db, tenant, material, 4) as (done, failed):
        for month in MONTHS:
            ensure_partitions(app_db_settings, month, pause=0.05)
        with app_db.tenant(tenant) as session:
            record_usages(session, [Usage(material, 1, month.date()) for month in MONTHS])
        dropped: list[str] = []
        dropping = threading.Thread(
            target=lambda: dropped.extend(drop_partitions(app_db_settings, tries=500, pause=0.05))
        )
        with app_db.tenant(tenant) as reader:
            assert len(usage_by_day(reader, dt.date(2020, 1, 1), dt.date(2021, 1, 1))) == 12
            dropping.start()
            before = sum(done)
            time.sleep(1)
            assert not dropped
            assert sum(done) > before
        dropping.join()
    assert failed == []
    of_the_year = [name for name in dropped if name.startswith(f"{USAGE}_y2020")]
    assert of_the_year == [f"{USAGE}_y2020m{month:02d}" for month in range(1, 13)]
    assert months(app_db_settings) == []
    with app_db.tenant(tenant) as session:
        counted = session.scalar(text("select sum(uses) from catalog.usage_statistics"))
    assert counted == sum(done)


def test_it_gives_up_when_a_reader_does_not_end_and_says_so(
    app_db: Database, app_db_settings: Settings, tenant: UUID, material: UUID
) -> None:
    ensure_partitions(app_db_settings, MONTHS[0])
    with app_db.tenant(tenant) as reader:
        reader.execute(text("select count(*) from catalog.usage_statistics"))
        with pytest.raises(OperationalError, match="lock timeout"):
            drop_partitions(app_db_settings, tries=2, pause=0.01)
        assert "y2020m01" in months(app_db_settings)
    assert f"{USAGE}_y2020m01" in drop_partitions(app_db_settings)


def test_what_lies_in_the_default_partition_moves_into_its_month(
    app_db: Database, app_db_settings: Settings, tenant: UUID, material: UUID
) -> None:
    where = text("select (select relname from pg_class where oid = s.tableoid) from catalog.usage_statistics as s")
    with app_db.tenant(tenant) as session:
        record_usages(session, [Usage(material, 1, dt.date(2020, 1, 31))])
        assert session.scalars(where).all() == ["usage_statistics_default"]
    ensure_partitions(app_db_settings, MONTHS[0])
    with app_db.tenant(tenant) as session:
        assert session.scalars(where).all() == ["usage_statistics_y2020m01"]


@pytest.mark.parametrize("call", [ensure_partitions, drop_partitions])
def test_no_try_at_all_is_refused(app_db_settings: Settings, call: Callable[..., object]) -> None:
    with pytest.raises(ValueError, match="at least once"):
        call(app_db_settings, tries=0)


def test_the_command_line_does_the_same(app_db: Database, app_db_settings: Settings) -> None:
    def run(*arguments: str) -> Result:
        result = CliRunner().invoke(command, ["partition", *arguments], env=environment_of(app_db_settings))
        assert result.exit_code == 0, result.output + str(result.exception)
        return result

    assert json.loads(run("ensure", "--json").stdout) == {"made": 0}
    assert json.loads(run("ensure", "--at", "2020-01-15", "--json").stdout)["made"] >= 4
    assert f"{USAGE}_y2020m01" in {one["name"] for one in json.loads(run("list", "--json").stdout)}
    listed = run("list").stdout.splitlines()
    assert listed[0].split() == ["partition", "from", "until", "before", "size"]
    january = next(line for line in listed if "usage_statistics_y2020m01" in line)
    assert january.split()[1:3] == ["2020-01-01", "2020-02-01"]
    assert len({len(line) for line in listed}) == 1
    dropped = run("drop")
    assert f"dropped {USAGE}_y2020m01" in dropped.stderr
    assert "partitions dropped: " in dropped.stdout
    assert json.loads(run("drop", "--json").stdout) == {"dropped": []}
