"""24 to 28: the setting that says whose turn it is, and how it is lost, left behind or never there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from footguns.places import (
    MATERIALS,
    OWN_ROWS,
    SETTING,
    Executor,
    House,
    Shop,
    Two,
    bind,
    refusal,
    rows_of,
    stock_engine,
)
from sqlalchemy import Connection, Engine, QueuePool, text

from app_db.engine import binding
from app_db.engine.connection import AppDbConnection
from app_db.engine.dialect import AppDbDialect
from app_db.errors import UnsafeTransaction
from app_db.session import Database

Door = Callable[[], AbstractContextManager[Executor]]
BARE = f"tenant_id = current_setting('{SETTING}', true)::uuid"


@pytest.fixture
def pool(shop: Shop) -> Iterator[Engine]:
    """The shop's application, with a pool of one connection."""
    engine = stock_engine(shop.url_of(shop.app_role), poolclass=QueuePool, pool_size=1, max_overflow=0)
    yield engine
    engine.dispose()


@pytest.fixture
def db(house: House) -> Iterator[Database]:
    """Our database, with a pool of one connection that was not used yet."""
    with house.fresh(pool_size=1, max_overflow=0) as database:
        yield database


def left_for_the_next(first: Door, second: Door, two: Two, table: str) -> int:
    """Return how many of the first one's rows are seen by the next one, who is bound to nobody."""
    with first() as executor:
        assert rows_of(executor, two.mine, table) == 1
    with second() as executor:
        return rows_of(executor, two.mine, table)


def test_24_naive_set_stays_on_the_connection_for_the_next_one(shop: Shop, pool: Engine, customers: Two) -> None:
    @contextmanager
    def bound_by_set() -> Iterator[Connection]:
        with pool.begin() as connection:
            connection.execute(text(f"set {SETTING} = '{customers.mine}'"))
            yield connection

    shop.run(OWN_ROWS)
    assert left_for_the_next(bound_by_set, pool.connect, customers, shop.table) == 1


def test_24_what_binds_a_transaction_ends_with_it(db: Database, two: Two) -> None:
    assert left_for_the_next(lambda: db.tenant(two.mine), db.shared, two, MATERIALS) == 0


def test_24_unguarded_with_set_in_place_of_set_local_the_next_one_sees_my_rows(
    db: Database, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binding, "set_local", lambda context: f"set {SETTING} = '{context.tenant_id}'")
    assert left_for_the_next(lambda: db.tenant(two.mine), db.shared, two, MATERIALS) == 1


def works_for_nobody(engine: Engine, two: Two, table: str, before: str = "select 1") -> bool:
    """Tell whether work of mine in autocommit goes on without a word and without a tenant."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(before))
        return rows_of(connection, two.mine, table) == 0


def test_25_naive_set_local_without_a_transaction_does_nothing(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS)
    assert works_for_nobody(shop.app, customers, shop.table, f"set local {SETTING} = '{customers.mine}'")


def test_25_a_tenant_in_autocommit_is_refused(db: Database, two: Two) -> None:
    with pytest.raises(UnsafeTransaction, match="SET LOCAL has no effect"):
        works_for_nobody(db.engine(two.mine), two, MATERIALS)


def test_25_unguarded_autocommit_works_for_nobody(db: Database, two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AppDbDialect, "do_begin", lambda _self, connection: connection.dbapi_connection.begin())
    assert works_for_nobody(db.engine(two.mine), two, MATERIALS)


def after_a_tenant(engine: Engine, two: Two, table: str) -> str | None:
    """Return how the server refuses an unbound query on a connection that was bound in a transaction before."""
    with engine.connect() as connection:
        bind(connection, two.mine)
        connection.commit()
        assert connection.scalar(text(f"select current_setting('{SETTING}', true)")) == ""
        return refusal(connection, f"select from {table}")


def test_26_naive_policy_fails_on_the_empty_text_that_set_local_leaves(shop: Shop, customers: Two) -> None:
    shop.run(f"create policy own on shop.items to {{app}} using ({BARE})")
    assert after_a_tenant(shop.app, customers, shop.table) == "22P02"


def test_26_an_unbound_query_on_a_used_connection_sees_no_row_and_does_not_fail(house: House, two: Two) -> None:
    assert after_a_tenant(stock_engine(house.url()), two, MATERIALS) is None


def test_26_unguarded_without_nullif_in_the_policy_it_fails(house: House, two: Two) -> None:
    with house.policy(f"using ({BARE})"):
        assert after_a_tenant(stock_engine(house.url()), two, MATERIALS) == "22P02"


OPEN = [f"current_setting('{SETTING}', true) is null", f"coalesce(current_setting('{SETTING}', true), '') = ''"]


def seen_by_nobody_in_particular(door: Door, two: Two, table: str) -> int:
    with door() as executor:
        return sum(rows_of(executor, tenant, table) for tenant in (two.mine, two.theirs))


@pytest.mark.parametrize("condition", OPEN, ids=["null", "empty"])
def test_27_naive_exception_for_migrations_opens_the_table_to_whoever_is_unbound(
    shop: Shop, customers: Two, condition: str
) -> None:
    shop.run(f"create policy own on shop.items to {{app}} using ({{own}} or {condition})")
    assert seen_by_nobody_in_particular(shop.app.connect, customers, shop.table) == 2


def test_27_naive_exception_is_gone_after_the_connections_first_tenant(
    shop: Shop, pool: Engine, customers: Two
) -> None:
    shop.run(f"create policy own on shop.items to {{app}} using ({{own}} or {OPEN[0]})")
    assert seen_by_nobody_in_particular(pool.connect, customers, shop.table) == 2
    with pool.begin() as connection:
        bind(connection, customers.mine)
    assert seen_by_nobody_in_particular(pool.connect, customers, shop.table) == 0


def test_27_whoever_is_unbound_sees_no_row(house: House, db: Database, two: Two) -> None:
    assert seen_by_nobody_in_particular(stock_engine(house.url()).connect, two, MATERIALS) == 0
    assert seen_by_nobody_in_particular(db.shared, two, MATERIALS) == 0


@pytest.mark.parametrize("condition", OPEN, ids=["null", "empty"])
def test_27_unguarded_with_an_exception_in_the_policy_he_sees_all(
    house: House, db: Database, two: Two, condition: str
) -> None:
    with house.policy(f"using ({{own}} or {condition})"):
        assert seen_by_nobody_in_particular(stock_engine(house.url()).connect, two, MATERIALS) == 2
        assert seen_by_nobody_in_particular(db.shared, two, MATERIALS) == 2


def lost_after_commit(executor: Executor, two: Two, table: str) -> bool:
    """Tell whether my row, seen before a commit in the middle of the work, is gone after it."""
    assert rows_of(executor, two.mine, table) == 1
    executor.commit()
    return rows_of(executor, two.mine, table) == 0


def test_28_naive_commit_in_the_middle_drops_the_tenant(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS)
    with shop.app.connect() as connection:
        bind(connection, customers.mine)
        assert lost_after_commit(connection, customers, shop.table)


def test_28_after_a_commit_the_next_transaction_is_bound_as_well(db: Database, two: Two) -> None:
    with db.tenant(two.mine) as session:
        assert not lost_after_commit(session, two, MATERIALS)
    with db.engine(two.mine).connect() as connection:
        assert not lost_after_commit(connection, two, MATERIALS)


def test_28_unguarded_bound_once_and_not_at_each_begin_it_is_lost(
    db: Database, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    began: set[Any] = set()

    def once(connection: AppDbConnection) -> str:
        assert connection.binding is not None
        message = "begin" if connection in began else connection.binding.message
        began.add(connection)
        return message

    monkeypatch.setattr(AppDbConnection, "begin_message", property(once))
    with db.tenant(two.mine) as session:
        assert lost_after_commit(session, two, MATERIALS)
