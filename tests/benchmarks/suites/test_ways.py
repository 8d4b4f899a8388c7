"""One test, each way: insert a row, commit, read it back."""

from __future__ import annotations

import os
from uuid import UUID

import psycopg
import psycopg2
import pytest
from sqlalchemy import text

from app_db.session import Database

BLOCK = int(os.environ["BENCH_BLOCK"])
ROUNDS = int(os.environ["BENCH_ROUNDS"])

numbered = pytest.mark.parametrize("number", range(BLOCK * ROUNDS))
ADD_TENANT = "insert into tenancy.tenants (slug, name) values ('bench', 'Bench') returning id"
ADD = "insert into catalog.materials (tenant_id, code, name, unit, price_minor) values (%s, 'a', 'b', 'pc', 1)"
ADD_OWN = text("insert into catalog.materials (code, name, unit, price_minor) values ('a', 'b', 'pc', 1)")
READ_OWN = text("select code from catalog.materials")
READ = "select code from catalog.materials where tenant_id = %s"


def work(app_db: Database, tenant: UUID) -> None:
    with app_db.tenant(tenant) as session:
        session.execute(ADD_OWN)
        session.commit()
        assert session.scalars(READ_OWN).all() == ["a"]


def work_by_hand(connection: psycopg.Connection | psycopg2.extensions.connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute(ADD_TENANT)
        tenant = cursor.fetchone()
        cursor.execute(ADD, tenant)
        connection.commit()
        cursor.execute(READ, tenant)
        assert cursor.fetchall() == [("a",)]


@numbered
def test_empty(number: int) -> None:
    assert number >= 0


@numbered
def test_sandbox(app_db: Database, tenant: UUID, number: int) -> None:
    work(app_db, tenant)


@numbered
@pytest.mark.app_db("commit")
def test_commit(app_db: Database, tenant: UUID, number: int) -> None:
    work(app_db, tenant)


@numbered
@pytest.mark.app_db("fresh")
def test_fresh(app_db: Database, tenant: UUID, number: int) -> None:
    work(app_db, tenant)


@numbered
def test_clone(clone: psycopg2.extensions.connection, number: int) -> None:
    work_by_hand(clone)


@numbered
def test_pytest_postgresql(their_connection: psycopg.Connection, number: int) -> None:
    work_by_hand(their_connection)
