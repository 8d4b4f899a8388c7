"""The ways to have a database in a test, on one server, and a clock around each test."""

from __future__ import annotations

import io
import json
import os
import secrets
import time
from collections.abc import Generator, Iterator
from pathlib import Path

import psycopg
import psycopg2
import pytest
from alembic import command
from pytest_postgresql import factories
from sqlalchemy import Connection, make_url

from app_db.engine import admin_engine
from app_db.migrations import alembic_config
from app_db.settings import load_settings
from app_db.testing import SuiteServer
from app_db.testing.worker import Worker

SERVER = make_url(os.environ["BENCH_SERVER"])
BLOCK = int(os.environ["BENCH_BLOCK"])
WARM_UP = 2
_times: list[tuple[str, float]] = []


@pytest.fixture(scope="session")
def app_db_server() -> SuiteServer:
    return SuiteServer(SERVER, secret="bench", is_ours=True)


def load_schema(host: str, port: int, user: str, dbname: str, password: str, autocommit: bool = False) -> None:
    """Build the same schema with what pytest-postgresql gives: a connection of the superuser."""
    config = alembic_config(load_settings(environment="test"))
    config.output_buffer = script = io.StringIO()
    command.upgrade(config, "head", sql=True)
    options = {"host": host, "port": port, "user": user, "dbname": dbname, "password": password}
    with psycopg.connect(**options, autocommit=True) as connection:
        connection.execute(f'alter database "{dbname}" owner to app_owner')
        connection.execute(script.getvalue())


others = factories.postgresql_noproc(
    host=SERVER.host, port=SERVER.port, user=SERVER.username, password=SERVER.password, load=[load_schema]
)
their_connection = factories.postgresql("others")


@pytest.fixture(scope="session")
def administrator(_app_db_worker: Worker) -> Iterator[Connection]:
    with admin_engine(SERVER, autocommit=True).connect() as connection:
        yield connection


@pytest.fixture
def clone(administrator: Connection, _app_db_worker: Worker) -> Iterator[psycopg2.extensions.connection]:
    name = f"clone_{secrets.token_hex(4)}"
    administrator.exec_driver_sql(f'create database "{name}" template "{_app_db_worker._template}" strategy file_copy')
    url = SERVER.set(database=name, drivername="postgresql")
    connection = psycopg2.connect(url.render_as_string(hide_password=False))
    yield connection
    connection.close()
    administrator.exec_driver_sql(f'drop database "{name}"')


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Interleave: a block of each way, and again."""
    order = {id(item): position for position, item in enumerate(items)}
    items.sort(key=lambda item: (_number(item) // BLOCK, _way(item), order[id(item)]))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    begin = time.perf_counter()
    result = yield
    took = time.perf_counter() - begin
    if _number(item) % BLOCK >= WARM_UP:
        _times.append((_way(item), took * 1000))
    return result


def pytest_unconfigure() -> None:
    Path(os.environ["BENCH_TIMES"]).write_text(json.dumps(_times), "utf-8")


def _number(item: pytest.Item) -> int:
    return int(item.callspec.params["number"])


def _way(item: pytest.Item) -> str:
    return item.originalname.removeprefix("test_")
