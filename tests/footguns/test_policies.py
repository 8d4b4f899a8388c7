"""39 to 46: what policies mean when they are written another way than ours."""

from __future__ import annotations

from uuid import uuid4

import pytest
from footguns.places import MATERIALS, OWN, OWN_ROWS, SETTING, Executor, House, Shop, Two, bind, bound, refusal, rows_of
from footguns.races import read_while_it_changes
from sqlalchemy import Connection, exc, text

from app_db.engine import factory
from app_db.errors import NotNullViolation, PermissionDenied, RowSecurityViolation

OWN_SELECT = "for select using ({own})"


def policy(name: str, rest: str) -> str:
    return f"create policy {name} on shop.items {rest}"


def seen(executor: Executor, two: Two, table: str) -> tuple[int, int]:
    return rows_of(executor, two.mine, table), rows_of(executor, two.theirs, table)


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ([OWN_ROWS, policy("helper", "to {app} using (name = 'theirs')")], (1, 1)),
        ([policy("narrow", "as restrictive to {app} using ({own})")], (0, 0)),
    ],
    ids=["a second one that permits", "only one that restricts"],
)
def test_39_naive_policies_of_one_kind_widen_and_of_the_other_close(
    shop: Shop, customers: Two, policies: list[str], expected: tuple[int, int]
) -> None:
    shop.run(*policies)
    with bound(shop.app, customers.mine) as connection:
        assert seen(connection, customers, shop.table) == expected


def test_39_one_policy_for_a_tenant_shows_the_own_rows_and_no_others(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert seen(session, two, MATERIALS) == (1, 0)


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        (["using ({own})", "using (name = 'Brick')"], (1, 1)),
        (["as restrictive using ({own})"], (0, 0)),
    ],
    ids=["a second one that permits", "only one that restricts"],
)
def test_39_unguarded_with_other_policies_it_is_more_or_nothing(
    house: House, two: Two, policies: list[str], expected: tuple[int, int]
) -> None:
    with house.replaced(*policies), house.db.tenant(two.mine) as session:
        assert seen(session, two, MATERIALS) == expected


ITEM_OF_THEIRS = "insert into shop.items (tenant_id, name) values (:theirs, 'x')"
MATERIAL_OF_THEIRS = (
    f"insert into {MATERIALS} (tenant_id, code, name, unit, price_minor) values (:theirs, :id, 'x', 'x', 1)"
)


def is_smuggled_in(executor: Executor, insert: str, two: Two) -> bool:
    return refusal(executor, insert, theirs=two.theirs, id=str(uuid4())) is None


def test_40_naive_insert_without_a_check_writes_their_row(shop: Shop, customers: Two) -> None:
    shop.run(policy("own", "for select to {app} using ({own})"), policy("new", "for insert with check (true)"))
    with bound(shop.app, customers.mine) as connection:
        assert is_smuggled_in(connection, ITEM_OF_THEIRS, customers)


def test_40_what_a_tenant_may_see_is_what_he_may_write(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert not is_smuggled_in(session, MATERIAL_OF_THEIRS, two)


def test_40_unguarded_without_the_check_he_writes_their_row(house: House, two: Two) -> None:
    with house.policy("with check (true)"), house.db.tenant(two.mine) as session:
        assert is_smuggled_in(session, MATERIAL_OF_THEIRS, two)
        session.rollback()


ITEM = f"insert into shop.items (tenant_id, name) values (current_setting('{SETTING}')::uuid, :id)"
MATERIAL = f"insert into {MATERIALS} (code, name, unit, price_minor) values (:id, 'x', 'x', 1)"


def fails_by_returning(executor: Executor, insert: str) -> bool:
    """Tell whether a row can be inserted, and can't where the statement asks what was inserted."""
    assert refusal(executor, insert, id=str(uuid4())) is None
    return refusal(executor, f"{insert} returning id", id=str(uuid4())) == "42501"


def reaches_further_without_where(executor: Executor, update: str, two: Two) -> bool:
    """Tell whether an UPDATE without WHERE changes rows that it does not with one."""
    found = []
    for where in ("", f" where tenant_id in ('{two.mine}', '{two.theirs}')"):
        with executor.begin_nested() as savepoint:
            found.append(executor.execute(text(update + where)).rowcount)
            savepoint.rollback()
    return found[0] > found[1]


def test_41_naive_insert_that_returns_needs_a_policy_for_select(shop: Shop, customers: Two) -> None:
    shop.run(policy("new", "for insert to {app} with check ({own})"))
    with bound(shop.app, customers.mine) as connection:
        assert fails_by_returning(connection, ITEM)


def test_41_naive_update_without_where_is_not_held_by_the_policy_for_select(shop: Shop, customers: Two) -> None:
    shop.run(policy("own", "for select to {app} using ({own})"), policy("change", "for update to {app} using (true)"))
    with bound(shop.app, customers.mine) as connection:
        assert reaches_further_without_where(connection, "update shop.items set name = 'changed'", customers)


UPDATE = f"update {MATERIALS} set description = 'changed'"
AUDIT = "insert into ops.audit_log (action, subject) values ('test.insert', :id)"


def test_41_one_policy_for_all_verbs_returns_and_updates_the_same_rows(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert not fails_by_returning(session, MATERIAL)
        assert not fails_by_returning(session, AUDIT)
        assert not reaches_further_without_where(session, UPDATE, two)
        session.rollback()


def test_41_unguarded_with_a_policy_for_each_verb_they_differ(house: House, two: Two) -> None:
    with house.replaced("for insert with check ({own})"), house.db.tenant(two.mine) as session:
        assert fails_by_returning(session, MATERIAL)
        session.rollback()
    with house.replaced(OWN_SELECT, "for update using (true)"), house.db.tenant(two.mine) as session:
        assert reaches_further_without_where(session, UPDATE, two)


def vanishes_for_update(executor: Executor, table: str) -> bool:
    """Tell whether rows that are seen are not there once they are to be locked."""
    found = [len(executor.execute(text(f"select id from {table}{lock}")).all()) for lock in ("", " for update")]
    return found == [1, 0]


def test_42_naive_row_vanishes_when_it_is_locked(shop: Shop, customers: Two) -> None:
    shop.run(policy("own", "for select to {app} using ({own})"))
    with bound(shop.app, customers.mine) as connection:
        assert vanishes_for_update(connection, shop.table)


def test_42_the_row_that_is_seen_is_the_row_that_is_locked(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert not vanishes_for_update(session, MATERIALS)


def test_42_unguarded_without_a_policy_for_update_it_vanishes(house: House, two: Two) -> None:
    with house.replaced(OWN_SELECT), house.db.tenant(two.mine) as session:
        assert vanishes_for_update(session, MATERIALS)


def refusals(executor: Executor, by_policy: str, by_grant: str, two: Two) -> list[type[Exception]]:
    """Return the classes of error for a row of theirs and for a verb that is not granted."""
    found: list[type[Exception]] = []
    for statement in (by_policy, by_grant):
        with pytest.raises(exc.DBAPIError) as caught, executor.begin_nested():
            executor.execute(text(statement), {"theirs": two.theirs, "id": str(uuid4())})
        found.append(type(caught.value))
    return found


def test_43_naive_update_of_their_row_is_silent_and_an_insert_fails_like_a_missing_grant(
    shop: Shop, customers: Two
) -> None:
    shop.run(OWN_ROWS)
    with bound(shop.app, customers.mine) as connection:
        update = text("update shop.items set name = 'x' where tenant_id = :theirs")
        assert connection.execute(update, {"theirs": customers.theirs}).rowcount == 0
        kinds = refusals(connection, ITEM_OF_THEIRS, "truncate shop.items", customers)
    assert kinds == [exc.ProgrammingError, exc.ProgrammingError]


def test_43_a_row_of_theirs_and_a_missing_grant_are_told_apart(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        kinds = refusals(session, MATERIAL_OF_THEIRS, f"truncate {MATERIALS}", two)
    assert kinds == [RowSecurityViolation, PermissionDenied]


def test_43_unguarded_without_typed_errors_they_are_the_same(
    house: House, two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(factory, "raise_typed", lambda _context: None)
    with house.fresh() as db, db.tenant(two.mine) as session:
        kinds = refusals(session, MATERIAL_OF_THEIRS, f"truncate {MATERIALS}", two)
    assert kinds == [exc.ProgrammingError, exc.ProgrammingError]


RECURSION = "42P17"


def test_44_naive_policy_that_reads_its_own_table_never_ends(shop: Shop, customers: Two) -> None:
    shop.run(policy("own", "to {app} using (tenant_id in (select tenant_id from shop.items))"))
    with bound(shop.app, customers.mine) as connection:
        assert refusal(connection, "select from shop.items") == RECURSION


def test_44_a_policy_reads_nothing_but_the_row(house: House, two: Two) -> None:
    with house.db.tenant(two.mine) as session:
        assert refusal(session, "select from tenancy.memberships") is None


def test_44_unguarded_a_policy_that_asks_memberships_who_may_see_them_never_ends(house: House, two: Two) -> None:
    asking = "using (tenant_id in (select tenant_id from tenancy.memberships))"
    with house.policy(asking, "tenancy.memberships"), house.db.tenant(two.mine) as session:
        assert refusal(session, "select from tenancy.memberships") == RECURSION


def seen_by(connection: Connection, insert: str, role: str, two: Two, table: str) -> int:
    """Insert a row of no tenant's, and return how many of the two tenants see it; one would be right."""
    connection.execute(text(insert), {"row": two.my_row})
    connection.exec_driver_sql(f"set local role {role}")
    found = 0
    for tenant in (two.mine, two.theirs):
        bind(connection, tenant)
        found += int(connection.scalar(text(f"select count(*) from {table} where tenant_id is null")))
    return found


@pytest.mark.parametrize(("condition", "tenants"), [("{own}", 0), ("{own} or tenant_id is null", 2)])
def test_45_naive_row_of_no_tenant_is_seen_by_nobody_or_by_everybody(
    shop: Shop, customers: Two, condition: str, tenants: int
) -> None:
    shop.run(policy("own", f"to {{app}} using ({condition})"))
    with shop.superuser.connect() as connection:
        insert = "insert into shop.items (tenant_id, id) values (null, gen_random_uuid())"
        assert seen_by(connection, insert, shop.app_role, customers, shop.table) == tenants


ORDER = "insert into demo.order_lines (tenant_id, material_id, quantity) values (null, :row, 1)"


def test_45_a_row_has_a_tenant_or_is_not_written(house: House, two: Two) -> None:
    with house.superuser.connect() as connection, pytest.raises(NotNullViolation):
        seen_by(connection, ORDER, f"{house.prefix}app_login", two, "demo.order_lines")


@pytest.mark.parametrize(("condition", "tenants"), [("{own}", 0), ("{own} or tenant_id is null", 2)])
def test_45_unguarded_without_not_null_nobody_or_everybody_sees_it(
    house: House, two: Two, condition: str, tenants: int
) -> None:
    with house.superuser.connect() as connection:
        connection.exec_driver_sql("alter table demo.order_lines drop constraint pk_order_lines")
        connection.exec_driver_sql("alter table demo.order_lines alter column tenant_id drop not null")
        connection.exec_driver_sql(f"alter policy tenant_rows on demo.order_lines using ({condition.format(own=OWN)})")
        assert seen_by(connection, ORDER, f"{house.prefix}app_login", two, "demo.order_lines") == tenants


def test_46_naive_policy_with_a_sub_select_shows_a_secret_to_whoever_was_shut_out_before_it(
    shop: Shop, customers: Two
) -> None:
    shop.run(
        "create table shop.members (tenant_id uuid)",
        f"insert into shop.members values ('{customers.mine}')",
        "grant select on shop.members to {app}",
        policy("members", "to {app} using (exists (select from shop.members m where m.{own}))"),
    )
    got = read_while_it_changes(
        shop.owner,
        ["delete from shop.members", "update shop.items set name = 'secret' where id = :row"],
        bound(shop.app, customers.mine),
        "select name from shop.items where id = :row for update",
        row=customers.my_row,
    )
    assert got == ["secret"]


LOCKED = f"select name from {MATERIALS} where id = :row for update"


def test_46_a_row_that_leaves_the_tenant_is_not_shown_as_it_is_afterwards(house: House, two: Two) -> None:
    moved = f"update {MATERIALS} set tenant_id = :theirs, name = 'secret' where id = :row"
    reader = house.db.tenant(two.mine)
    assert read_while_it_changes(house.owner, [moved], reader, LOCKED, row=two.my_row, theirs=two.theirs) == []


def test_46_unguarded_with_a_sub_select_in_the_policy_it_is(house: House, two: Two) -> None:
    user = uuid4()
    house.run(f"insert into tenancy.memberships (tenant_id, user_id) values ('{two.mine}', '{user}')")
    changes = [
        "delete from tenancy.memberships where user_id = :user",
        f"update {MATERIALS} set name = 'secret' where id = :row",
    ]
    asking = "using (exists (select from tenancy.memberships where user_id = app.current_user_id()))"
    with house.policy(asking):
        reader = house.db.tenant(two.mine, user_id=user)
        assert read_while_it_changes(house.owner, changes, reader, LOCKED, row=two.my_row, user=user) == ["secret"]
