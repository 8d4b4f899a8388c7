"""10 to 13, 15, 18 and 19: what policies do not hold, and what holds it instead."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest
from footguns.places import MATERIALS, OWN_ROWS, Executor, House, Shop, Two, bound, refusal, rows_of
from sqlalchemy import text

from app_db.errors import PermissionDenied, StartupRefused
from app_db.isolation import require_isolation

IF_EMPTY = "where not exists (select from demo.copies)"
COPIES = ["(like {table} including all)", "as select * from {table}"]

ITEM = "insert into shop.items (tenant_id, name) values (:mine, :key)"
MATERIAL = f"insert into {MATERIALS} (code, name, unit, price_minor) values (:key, 'Brick', 'pcs', 1)"
LINE = "insert into shop.lines (tenant_id, item_id) values (:mine, :row)"
ORDER = "insert into demo.order_lines (material_id, quantity) values (:row, 1)"


@pytest.fixture
def own_rows(shop: Shop) -> Shop:
    shop.run(OWN_ROWS)
    return shop


def refers_to_theirs(executor: Executor, insert: str, two: Two) -> bool:
    return refusal(executor, insert, mine=two.mine, row=two.their_row) is None


def tells_what_exists(executor: Executor, insert: str, two: Two) -> bool:
    """Tell whether a reference to their row is answered in another way than one to a row that is nowhere."""
    answers = [refusal(executor, insert, mine=two.mine, row=row) for row in (two.their_row, uuid4())]
    return answers[0] != answers[1]


KEY = "fk_order_lines_tenant_id_material_id"
SIMPLE_KEY = [
    f"create unique index simple on {MATERIALS} (id)",
    f"alter table demo.order_lines drop constraint {KEY}",
    f"alter table demo.order_lines add constraint simple foreign key (material_id) references {MATERIALS} (id)",
]
COMPOSITE = f"foreign key (tenant_id, material_id) references {MATERIALS} (tenant_id, id)"
COMPOSITE_KEY = [
    "alter table demo.order_lines drop constraint simple",
    "drop index catalog.simple",
    f"alter table demo.order_lines add constraint {KEY} {COMPOSITE}",
]


def test_10_naive_reference_reaches_a_row_that_policies_hide(own_rows: Shop, customers: Two) -> None:
    own_rows.run(
        "create table shop.lines (tenant_id uuid, item_id uuid references shop.items)",
        "grant select, insert on shop.lines to {app}",
    )
    with bound(own_rows.app, customers.mine) as connection:
        assert refers_to_theirs(connection, LINE, customers)
        assert tells_what_exists(connection, LINE, customers)


def test_10_a_reference_begins_with_the_tenant_so_it_reaches_and_tells_nothing(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert not refers_to_theirs(session, ORDER, two)
        assert not tells_what_exists(session, ORDER, two)
        assert refusal(session, ORDER, row=two.my_row) is None
        session.rollback()


def test_10_unguarded_a_key_without_the_tenant_reaches_their_row(house: House, two: Two) -> None:
    with house.without(SIMPLE_KEY, COMPOSITE_KEY), house.db.tenant(two.mine) as session:
        assert refers_to_theirs(session, ORDER, two)
        assert tells_what_exists(session, ORDER, two)
        session.rollback()


def tells_that_a_key_is_taken(executor: Executor, insert: str, two: Two, key: str) -> bool:
    return refusal(executor, insert, mine=two.mine, key=key) == "23505"


def their_code(house: House, two: Two) -> str:
    with house.db.tenant(two.theirs) as session:
        return str(session.scalar(text(f"select code from {MATERIALS}")))


UNIQUE_FOR_ALL = ([f"create unique index simple on {MATERIALS} (code)"], ["drop index catalog.simple"])


def test_11_naive_unique_key_tells_of_a_hidden_row(own_rows: Shop, customers: Two) -> None:
    own_rows.run("create unique index on shop.items (name)")
    with bound(own_rows.app, customers.mine) as connection:
        assert tells_that_a_key_is_taken(connection, ITEM, customers, "theirs")


def test_11_a_unique_key_begins_with_the_tenant_so_it_tells_of_own_rows_only(house: House, two: Two) -> None:
    code = their_code(house, two)
    with house.db.tenant(two.mine) as session:
        assert not tells_that_a_key_is_taken(session, MATERIAL, two, code)
        assert tells_that_a_key_is_taken(session, MATERIAL, two, code)
        session.rollback()


def test_11_unguarded_a_key_without_the_tenant_tells_of_their_row(house: House, two: Two) -> None:
    code = their_code(house, two)
    with house.without(*UNIQUE_FOR_ALL), house.db.tenant(two.mine) as session:
        assert tells_that_a_key_is_taken(session, MATERIAL, two, code)


def upsert_meets_theirs(executor: Executor, insert: str, arbiter: str, two: Two, key: str) -> bool:
    """Tell whether an upsert of mine is held up by their row: nothing is written, or the update is refused."""
    name = arbiter.rpartition(",")[2].strip(" ()")
    with executor.begin_nested() as savepoint:
        statement = text(f"{insert} on conflict {arbiter} do nothing returning id")
        written = executor.execute(statement, {"mine": two.mine, "key": key}).all()
        savepoint.rollback()
    update = f"{insert} on conflict {arbiter} do update set {name} = excluded.{name}"
    return not written and refusal(executor, update, mine=two.mine, key=key) == "42501"


def test_12_naive_upsert_meets_a_hidden_row(own_rows: Shop, customers: Two) -> None:
    own_rows.run("create unique index on shop.items (name)")
    with bound(own_rows.app, customers.mine) as connection:
        assert upsert_meets_theirs(connection, ITEM, "(name)", customers, "theirs")


def test_12_an_upsert_by_a_key_with_the_tenant_meets_own_rows_only(house: House, two: Two) -> None:
    code = their_code(house, two)
    with house.db.tenant(two.mine) as session:
        assert not upsert_meets_theirs(session, MATERIAL, "(tenant_id, code)", two, code)
        assert refusal(session, f"{MATERIAL} on conflict (code) do nothing", key=code) == "42P10"
        session.rollback()


def test_12_unguarded_an_upsert_by_a_key_of_all_meets_theirs(house: House, two: Two) -> None:
    code = their_code(house, two)
    with house.without(*UNIQUE_FOR_ALL), house.db.tenant(two.mine) as session:
        assert upsert_meets_theirs(session, MATERIAL, "(code)", two, code)


def emptied_for_all(executor: Executor, observer: Executor, two: Two, table: str) -> bool:
    """Tell whether a tenant's TRUNCATE took their row as well; commits, as the observer would wait for it."""
    assert rows_of(observer, two.theirs, table) == 1
    observer.commit()
    executor.execute(text(f"truncate {table}"))
    executor.commit()
    return rows_of(observer, two.theirs, table) == 0


def test_13_naive_truncate_empties_the_table_for_all(own_rows: Shop, customers: Two) -> None:
    own_rows.run("grant all on shop.items to {app}")
    with own_rows.superuser.connect() as observer, bound(own_rows.app, customers.mine) as connection:
        assert emptied_for_all(connection, observer, customers, own_rows.table)


@pytest.fixture
def their_order(house: House, two: Two) -> Iterator[Executor]:
    """An observer who sees an order of theirs."""
    with house.db.tenant(two.theirs) as session:
        session.execute(text(ORDER), {"row": two.their_row})
    with house.superuser.connect() as observer:
        yield observer
    house.run("delete from demo.order_lines")


def test_13_truncate_is_not_granted_so_no_tenant_can_empty_a_table(
    house: House, two: Two, their_order: Executor
) -> None:
    with house.db.tenant(two.mine) as session:
        assert refusal(session, "truncate demo.order_lines") == "42501"
    assert rows_of(their_order, two.theirs, "demo.order_lines") == 1


def test_13_unguarded_once_granted_it_empties_the_table_for_all(house: House, two: Two, their_order: Executor) -> None:
    grant = ["grant truncate on demo.order_lines to {p}app_rw"]
    revoke = ["revoke truncate on demo.order_lines from {p}app_rw"]
    with house.without(grant, revoke), house.db.tenant(two.mine) as session:
        assert emptied_for_all(session, their_order, two, "demo.order_lines")


SWALLOW = """
create function pg_temp.swallow() returns trigger language plpgsql as $body$
begin
  return null;
end
$body$
"""


def writes_are_swallowed(executor: Executor, table: str, write: Callable[[], int]) -> bool:
    """Put a trigger of mine on the table, and tell whether what they write from then on is lost."""
    executor.execute(text(SWALLOW))
    trigger = f"create trigger swallow before insert on {table} for each row execute function pg_temp.swallow()"
    executor.execute(text(trigger))
    executor.commit()
    written = write()
    executor.execute(text("drop function pg_temp.swallow() cascade"))
    executor.commit()
    return written == 0


def test_13_naive_trigger_of_one_tenant_swallows_what_another_writes(own_rows: Shop, customers: Two) -> None:
    def write() -> int:
        with bound(own_rows.app, customers.theirs) as theirs:
            return theirs.execute(text(ITEM), {"mine": customers.theirs, "key": "new"}).rowcount

    own_rows.run("grant all on shop.items to {app}")
    with bound(own_rows.app, customers.mine) as connection:
        assert writes_are_swallowed(connection, own_rows.table, write)


def ordered(house: House, two: Two) -> int:
    """Order something as they do, and return how many rows were written."""
    with house.db.tenant(two.theirs) as session:
        return session.execute(text(ORDER), {"row": two.their_row}).rowcount  # type: ignore[attr-defined]


@pytest.mark.usefixtures("their_order")
def test_13_trigger_is_not_granted_so_no_tenant_gets_between_anothers_writes(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session, pytest.raises(PermissionDenied):
        writes_are_swallowed(session, "demo.order_lines", lambda: ordered(house, two))
    assert ordered(house, two) == 1


@pytest.mark.usefixtures("their_order")
def test_13_unguarded_once_granted_his_trigger_swallows_what_another_writes(house: House, two: Two) -> None:
    grant = ["grant trigger on demo.order_lines to {p}app_rw"]
    revoke = ["revoke trigger on demo.order_lines from {p}app_rw"]
    with house.without(grant, revoke), house.fresh(pool_size=1) as db, db.engine(two.mine).connect() as mine:
        assert writes_are_swallowed(mine, "demo.order_lines", lambda: ordered(house, two))


@pytest.mark.parametrize("kind", ["view", "materialized view"])
def test_15_naive_view_shows_what_its_owner_sees(own_rows: Shop, customers: Two, kind: str) -> None:
    own_rows.run(
        f"create {kind} shop.shown as select * from shop.items",
        "grant select on shop.shown to {app}",
        engine=own_rows.superuser,
    )
    with bound(own_rows.app, customers.mine) as connection:
        assert rows_of(connection, customers.theirs, own_rows.table) == 0
        assert rows_of(connection, customers.theirs, "shop.shown") == 1


@pytest.mark.parametrize(("kind", "rule"), [("view", "ISO213"), ("materialized view", "ISO214")])
def test_15_an_application_does_not_start_where_a_view_shows_what_its_owner_sees(
    house: House, kind: str, rule: str
) -> None:
    view = [f"create {kind} demo.shown as select * from {MATERIALS}", "grant select on demo.shown to {p}app_rw"]
    with house.without(view, [f"drop {kind} demo.shown"]), pytest.raises(StartupRefused, match=f"{rule} demo.shown"):
        require_isolation(house.db)


def test_15_unguarded_view_of_our_owner_shows_all_until_it_looks_as_its_caller(house: House, two: Two) -> None:
    view = [f"create view demo.shown as select * from {MATERIALS}", "grant select on demo.shown to {p}app_rw"]
    with house.without(view, ["drop view demo.shown"]):
        with house.db.tenant(two.mine) as session:
            assert rows_of(session, two.theirs, "demo.shown") == 1
        house.run("alter view demo.shown set (security_invoker = true)")
        with house.db.tenant(two.mine) as session:
            assert (rows_of(session, two.mine, "demo.shown"), rows_of(session, two.theirs, "demo.shown")) == (1, 0)


@pytest.mark.parametrize("copy", COPIES, ids=["like", "as"])
def test_18_naive_copy_of_a_table_has_none_of_its_policies(own_rows: Shop, customers: Two, copy: str) -> None:
    own_rows.run(f"create table shop.copies {copy.format(table='shop.items')}", "grant all on shop.copies to {app}")
    own_rows.run("insert into shop.copies select * from shop.items " + IF_EMPTY.replace("demo", "shop"))
    with bound(own_rows.app, customers.mine) as connection:
        assert rows_of(connection, customers.theirs, own_rows.table) == 0
        assert rows_of(connection, customers.theirs, "shop.copies") == 1


@pytest.mark.parametrize("copy", COPIES, ids=["like", "as"])
def test_18_an_application_does_not_start_where_a_copy_has_no_policies(house: House, copy: str) -> None:
    make = [f"create table demo.copies {copy.format(table=MATERIALS)}", "grant select on demo.copies to {p}app_rw"]
    with house.without(make, ["drop table demo.copies"]), pytest.raises(StartupRefused, match=r"ISO201 demo\.copies"):
        require_isolation(house.db)


@pytest.mark.parametrize("copy", COPIES, ids=["like", "as"])
def test_18_unguarded_copy_of_a_table_of_ours_is_open_once_it_is_granted(house: House, two: Two, copy: str) -> None:
    columns = "tenant_id, id, code, name, description, unit, price_minor, currency, created_at, updated_at"
    make = [
        f"create table demo.copies {copy.format(table=MATERIALS)}",
        f"insert into demo.copies ({columns}) select {columns} from {MATERIALS} {IF_EMPTY}",
        "grant select on demo.copies to {p}app_rw",
    ]
    with house.without(make, ["drop table demo.copies"]), house.db.tenant(two.mine) as session:
        assert rows_of(session, two.theirs, "demo.copies") == 1


NEW_TABLE = ["create table {schema}.forgotten (tenant_id uuid)", "insert into {schema}.forgotten values ('{theirs}')"]


def forgotten(schema: str, two: Two) -> list[str]:
    return [statement.format(schema=schema, theirs=two.theirs) for statement in NEW_TABLE]


def test_19_naive_default_privileges_open_a_table_that_nobody_protected(own_rows: Shop, customers: Two) -> None:
    own_rows.run("alter default privileges in schema shop grant select on tables to {app}")
    own_rows.run(*forgotten("shop", customers))
    with bound(own_rows.app, customers.mine) as connection:
        assert rows_of(connection, customers.theirs, "shop.forgotten") == 1


def test_19_a_table_that_was_forgotten_is_closed_since_nothing_is_granted_by_default(house: House, two: Two) -> None:
    for schema in ("demo", "catalog", "tenancy"):
        gone = [f"drop table {schema}.forgotten"]
        with house.without(forgotten(schema, two), gone), house.db.tenant(two.mine) as session:
            assert refusal(session, f"select from {schema}.forgotten") == "42501"


def test_19_unguarded_by_default_privileges_it_is_open_to_all(house: House, two: Two) -> None:
    defaults = "alter default privileges in schema demo {} select on tables {} {{p}}app_rw"
    make = [defaults.format("grant", "to"), *forgotten("demo", two)]
    undo = ["drop table demo.forgotten", defaults.format("revoke", "from")]
    with house.without(make, undo), house.db.tenant(two.mine) as session:
        assert rows_of(session, two.theirs, "demo.forgotten") == 1
