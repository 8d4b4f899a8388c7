"""1 to 6: who is exempt from policies, and what keeps an application from being one of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from footguns.places import FORCE, MATERIALS, OWN_ROWS, Executor, House, Shop, Two, bind, bound, rows_of, stock_engine
from sqlalchemy import Connection, Engine, text

from app_db.engine import admin_engine
from app_db.errors import PermissionDenied, StartupRefused
from app_db.session.gate import Gate

SEARCH = "catalog.search_materials(text, integer)"


@pytest.fixture
def no_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Gate, "__call__", lambda _self, _connection: None)


@contextmanager
def role_that_bypasses(run: Callable[[str], Any], member: str) -> Iterator[str]:
    """Make a role with BYPASSRLS whose member may SET ROLE to it, and yield its name."""
    name = f"bypass_{secrets.token_hex(4)}"
    run(f"create role {name} bypassrls")
    run(f"grant {name} to {member}")
    try:
        yield name
    finally:
        run(f"drop owned by {name}")
        run(f"drop role {name}")


def served_theirs(house: House, two: Two, before: str = "select 1") -> int:
    """Serve a request of mine by a fresh process, and return how many of their rows it saw."""
    with house.fresh() as db, db.tenant(two.mine) as session:
        session.execute(text(before))
        return rows_of(session, two.theirs, MATERIALS)


EXEMPT = [
    ("alter role {p}app_login superuser", "alter role {p}app_login nosuperuser"),
    ("alter role {p}app_login bypassrls", "alter role {p}app_login nobypassrls"),
]


@pytest.mark.parametrize("attribute", ["superuser", "bypassrls"])
def test_01_naive_login_ignores_even_forced_policies(shop: Shop, customers: Two, attribute: str) -> None:
    shop.run(OWN_ROWS, FORCE)
    with bound(shop.app, customers.mine) as connection:
        assert rows_of(connection, customers.theirs, shop.table) == 0
    shop.on_server(f"alter role {shop.app_role} {attribute}")
    with bound(shop.app, customers.mine) as connection:
        seen = rows_of(connection, customers.theirs, shop.table)
    shop.on_server(f"alter role {shop.app_role} no{attribute}")
    assert seen == 1


@pytest.mark.parametrize(("change", "back"), EXEMPT, ids=["superuser", "bypassrls"])
def test_01_an_exempt_login_is_refused_before_it_serves_a_request(
    house: House, two: Two, change: str, back: str
) -> None:
    with house.login_that_is(change, back), pytest.raises(StartupRefused):
        served_theirs(house, two)


@pytest.mark.usefixtures("no_gate")
@pytest.mark.parametrize(("change", "back"), EXEMPT, ids=["superuser", "bypassrls"])
def test_01_unguarded_an_exempt_login_serves_everybodys_rows(house: House, two: Two, change: str, back: str) -> None:
    with house.login_that_is(change, back):
        assert served_theirs(house, two) == 1


def is_blind(engine: Engine, two: Two, table: str, weakened: AbstractContextManager[None]) -> bool:
    """Tell whether a test that looks through this engine sees no difference where policies let everything through."""
    before = look(engine, two, table)
    with weakened:
        return look(engine, two, table) == before


def look(engine: Engine, two: Two, table: str) -> tuple[int, int]:
    with bound(engine, two.mine) as connection:
        return rows_of(connection, two.mine, table), rows_of(connection, two.theirs, table)


def test_02_naive_tests_of_a_superuser_are_the_same_without_policies(shop: Shop, customers: Two) -> None:
    @contextmanager
    def weakened() -> Iterator[None]:
        shop.run("alter policy own on shop.items using (true)")
        yield

    shop.run(OWN_ROWS, FORCE)
    assert is_blind(shop.superuser, customers, shop.table, weakened())


def test_02_our_tests_work_as_a_login_that_notices_a_weak_policy(house: House, two: Two) -> None:
    assert not is_blind(stock_engine(house.url()), two, MATERIALS, house.policy("using (true)"))


def test_02_unguarded_a_superuser_in_our_fixtures_would_notice_nothing(house: House, two: Two) -> None:
    assert is_blind(stock_engine(house.superuser_url), two, MATERIALS, house.policy("using (true)"))


def seen_by_the_owner(owner: Connection, two: Two, table: str) -> int:
    bind(owner, two.mine)
    return rows_of(owner, two.theirs, table)


def test_03_naive_owner_is_not_held_by_his_own_policies(shop: Shop, customers: Two) -> None:
    shop.run("create policy own on shop.items using ({own}) with check ({own})")
    with shop.owner.connect() as owner:
        assert seen_by_the_owner(owner, customers, shop.table) == 1


@pytest.fixture
def owner_without_all_rows(house: House, two: Two) -> Iterator[Connection]:
    """The owner in a transaction in which he is no longer let through as a member of app_all."""
    with house.owner.connect() as owner:
        owner.exec_driver_sql(f"drop policy all_rows on {MATERIALS}")
        yield owner


def test_03_the_owner_sees_rows_by_a_policy_alone(owner_without_all_rows: Connection, two: Two) -> None:
    assert seen_by_the_owner(owner_without_all_rows, two, MATERIALS) == 0


def test_03_unguarded_without_force_the_owner_sees_everybodys_rows(
    owner_without_all_rows: Connection, two: Two
) -> None:
    owner_without_all_rows.exec_driver_sql(f"alter table {MATERIALS} no force row level security")
    assert seen_by_the_owner(owner_without_all_rows, two, MATERIALS) == 1


def found_of_theirs(executor: Executor, two: Two, call: str) -> bool:
    """Tell whether a function that was called for me returned their row."""
    return two.their_row in executor.scalars(text(f"select id from {call}")).all()


@pytest.mark.parametrize(("owner", "is_found"), [("postgres", True), ("{owner}", False)])
def test_04_naive_definer_function_sees_what_its_owner_sees(
    shop: Shop, customers: Two, owner: str, is_found: bool
) -> None:
    body = "create function shop.found() returns setof shop.items language sql security definer"
    shop.run(
        "create policy own on shop.items using ({own}) with check ({own})",
        FORCE,
        f"{body} as 'select * from shop.items'",
    )
    shop.run(f"alter function shop.found() owner to {owner}", engine=shop.superuser)
    with bound(shop.app, customers.mine) as connection:
        assert found_of_theirs(connection, customers, "shop.found()") is is_found


def test_04_our_search_sees_all_rows_and_returns_the_own_ones(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert not found_of_theirs(session, two, "catalog.search_materials('brick', 1000)")
        assert session.scalars(text("select id from catalog.search_materials('brick')")).all() == [two.my_row]


@pytest.fixture
def source(house: House) -> str:
    """The statement that makes our search as it is."""
    with house.owner.connect() as owner:
        return str(owner.scalar(text(f"select pg_get_functiondef('{SEARCH}'::regprocedure)")))


def test_04_unguarded_without_the_filter_inside_it_returns_everybodys(house: House, two: Two, source: str) -> None:
    unfiltered = source.replace("m.tenant_id = tenant and", "")
    with house.without([unfiltered], [source]), house.db.tenant(two.mine) as session:
        assert found_of_theirs(session, two, "catalog.search_materials('brick', 1000)")


SPY = """
create function pg_temp.spy(anything pg_catalog.tsquery) returns boolean language plpgsql as $body$
begin
  perform set_config('spy.seen', (select string_agg(id::text, ' ') from catalog.materials), false);
  return true;
end
$body$
"""


def spied(executor: Executor, two: Two) -> bool:
    """Slip a type of mine under a function that works for all, and tell whether its check saw their row."""
    executor.execute(text(SPY))
    executor.execute(text("create domain pg_temp.tsquery as pg_catalog.tsquery check (pg_temp.spy(value))"))
    executor.execute(text("select count(*) from catalog.search_materials('brick')"))
    return str(two.their_row) in (executor.scalar(text("select current_setting('spy.seen', true)")) or "")


def test_04_our_search_finds_nothing_that_a_caller_put_in_its_way(house: House, two: Two) -> None:
    with house.fresh() as db, db.tenant(two.mine) as session:
        assert not spied(session, two)
        session.rollback()


def test_04_unguarded_without_a_pinned_search_path_a_caller_acts_as_the_definer(
    house: House, two: Two, source: str
) -> None:
    reset = [f"alter function {SEARCH} reset search_path"]
    with house.without(reset, [source]), house.fresh() as db, db.tenant(two.mine) as session:
        assert spied(session, two)
        session.rollback()


MEMBER = ("grant {p}app_all to {p}app_login", "revoke {p}app_all from {p}app_login")


def test_05_naive_member_of_a_policys_role_is_let_through_as_well(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS, "create policy owner_all on shop.items to {owner} using (true)")
    shop.on_server(f"grant {shop.owner_role} to {shop.app_role}")
    with bound(shop.app, customers.mine) as connection:
        seen = rows_of(connection, customers.theirs, shop.table)
    shop.on_server(f"revoke {shop.owner_role} from {shop.app_role}")
    assert seen == 1


def test_05_a_login_that_was_made_a_member_of_those_who_see_all_is_refused(house: House, two: Two) -> None:
    with house.login_that_is(*MEMBER), pytest.raises(StartupRefused, match="is a member of"):
        served_theirs(house, two)


@pytest.mark.usefixtures("no_gate")
def test_05_unguarded_such_a_member_serves_everybodys_rows(house: House, two: Two) -> None:
    with house.login_that_is(*MEMBER):
        assert served_theirs(house, two) == 1


def test_06_naive_member_of_a_role_that_bypasses_is_one_set_role_away(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS)
    with role_that_bypasses(shop.on_server, shop.app_role) as name:
        shop.run(f"grant usage on schema shop to {name}", f"grant select on shop.items to {name}")
        with bound(shop.app, customers.mine) as connection:
            before = rows_of(connection, customers.theirs, shop.table)
            connection.exec_driver_sql(f"set role {name}")
            after = rows_of(connection, customers.theirs, shop.table)
        shop.run(f"drop owned by {name}", engine=shop.superuser)
    assert (before, after) == (0, 1)


@contextmanager
def house_with_a_bypass(house: House) -> Iterator[str]:
    def run(statement: str) -> None:
        house.run(statement, engine=house.superuser)

    with role_that_bypasses(run, f"{house.prefix}app_login") as name:
        run(f"grant usage on schema catalog to {name}")
        run(f"grant select on {MATERIALS} to {name}")
        yield name


def test_06_a_login_that_may_become_a_role_that_bypasses_is_refused(house: House, two: Two) -> None:
    with house_with_a_bypass(house) as name, pytest.raises(StartupRefused, match="may SET ROLE"):
        served_theirs(house, two, before=f"set local role {name}")


@pytest.mark.usefixtures("no_gate")
def test_06_unguarded_it_serves_everybodys_rows_after_set_role(house: House, two: Two) -> None:
    with house_with_a_bypass(house) as name:
        assert served_theirs(house, two, before=f"set local role {name}") == 1


def after_stepping_up(executor: Executor, two: Two, table: str) -> int:
    """Return what somebody sees who gets a RESET ROLE into the session's SQL."""
    bind(executor, two.mine)
    executor.execute(text("reset role"))
    return rows_of(executor, two.theirs, table)


def test_06_naive_login_that_stepped_down_steps_up_again(shop: Shop, customers: Two) -> None:
    shop.run(OWN_ROWS)
    with shop.superuser.connect() as connection:
        connection.exec_driver_sql(f"set local role {shop.app_role}")
        bind(connection, customers.mine)
        assert rows_of(connection, customers.theirs, shop.table) == 0
        assert after_stepping_up(connection, customers, shop.table) == 1


def test_06_a_tenants_session_has_nothing_above_it_to_step_up_to(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert after_stepping_up(session, two, MATERIALS) == 0
        for role in ("app_all", "app_owner"):
            with pytest.raises(PermissionDenied), session.begin_nested():
                session.execute(text(f"set local role {house.prefix}{role}"))


def test_06_unguarded_an_engine_that_steps_down_from_another_login_steps_up_again(house: House, two: Two) -> None:
    with admin_engine(house.superuser_url).connect() as connection:
        connection.exec_driver_sql(f"set local role {house.prefix}app_login")
        bind(connection, two.mine)
        assert rows_of(connection, two.theirs, MATERIALS) == 0
        assert after_stepping_up(connection, two, MATERIALS) == 1
