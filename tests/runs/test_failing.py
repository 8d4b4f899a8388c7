"""A test that fails: its database is kept and named, as is the place where a connection was left open."""

from __future__ import annotations

import re

import pytest
from runs.project import Project
from sqlalchemy import make_url, text

from app_db.engine import admin_engine
from app_db.server import stop_servers

FAILING = """
import pytest
from shop.models import Customer

def add(app_db, tenant):
    with app_db.tenant(tenant) as session:
        session.add(Customer(email="anna@example.com"))

@pytest.mark.app_db("{mode}")
def test_that_fails(app_db, tenant):
    add(app_db, tenant)
    assert "this" == "that"

@pytest.mark.app_db("{mode}")
def test_that_passes(app_db, tenant):
    add(app_db, tenant)

@pytest.mark.app_db("{mode}")
def test_that_fails_before_its_end(app_db, tenant):
    add(app_db, tenant)
    raise RuntimeError
"""

LEAKING = """
from sqlalchemy import text

opened = []

def test_that_leaks(app_db, tenant):
    connection = app_db.engine(tenant).connect()
    connection.execute(text("select 1"))
    opened.append(connection)

def test_the_next_one(app_db, tenant):
    with app_db.tenant(tenant) as session:
        assert session.scalar(text("select 1")) == 1
"""


def _kept(said: str) -> list[str]:
    return re.findall(r"postgresql://\S+/app_db_kept_\S+", said)


@pytest.mark.parametrize(("mode", "workers"), [("commit", "2"), ("fresh", "0")])
def test_the_database_of_a_failed_test_is_kept_with_its_rows(shop: Project, mode: str, workers: str) -> None:
    shop.write("tests/test_billing.py", FAILING.format(mode=mode))
    outcome = shop.run("-n", workers)
    assert (outcome.count("failed"), outcome.count("passed")) == (2, 1), outcome.said
    try:
        urls = _kept(outcome.said)
        assert len(urls) == 2
        for url in urls:
            with admin_engine(make_url(url).set(drivername="postgresql+psycopg2")).connect() as connection:
                assert connection.scalar(text("select count(*) from shop.customers")) == 1
    finally:
        stop_servers(everything=True, root=shop.servers)


def test_nothing_of_a_sandbox_is_kept(shop: Project) -> None:
    shop.write("tests/test_billing.py", FAILING.format(mode="sandbox"))
    outcome = shop.run()
    assert (outcome.count("failed"), outcome.count("passed")) == (2, 1)
    assert _kept(outcome.said) == []
    assert shop.living() == []


def test_no_more_are_kept_than_a_disk_can_bear(shop: Project) -> None:
    many = FAILING.format(mode="commit").replace(
        '@pytest.mark.app_db("commit")\ndef test_that_fails(app_db, tenant):',
        '@pytest.mark.parametrize("number", range(7))\n@pytest.mark.app_db("commit")\n'
        "def test_that_fails(app_db, tenant, number):",
    )
    shop.write("tests/test_billing.py", many)
    try:
        outcome = shop.run()
        assert (outcome.count("failed"), outcome.count("passed")) == (8, 1), outcome.said
        assert len(_kept(outcome.said)) == 5
    finally:
        stop_servers(everything=True, root=shop.servers)


def test_a_connection_left_open_is_named_with_its_place_and_harms_nobody(shop: Project) -> None:
    shop.write("tests/test_billing.py", LEAKING)
    outcome = shop.run()
    assert (outcome.count("passed"), outcome.count("error")) == (2, 1), outcome.said
    assert "tests/test_billing.py:7 in test_that_leaks" in outcome.said
